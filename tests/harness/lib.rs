//! What every test of the whole needs: a running gateway and typed callers.
