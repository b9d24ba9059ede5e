//! UserSig tokens.
