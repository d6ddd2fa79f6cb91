//! Runs known-answer files against the workspace; not published.
fn main() {}
