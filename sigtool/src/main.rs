//! Issues, checks and explains UserSig tokens.

fn main() {}
