//! The `acs` command.
fn main() {}
