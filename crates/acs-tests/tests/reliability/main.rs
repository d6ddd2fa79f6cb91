//! What the client runtime promises under faults. Each test asserts its figure and prints it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests")]

mod answers;
mod calls;
mod clock;
mod connections;
mod limits;
mod pool;
mod repeats;
mod support;
mod tls;
