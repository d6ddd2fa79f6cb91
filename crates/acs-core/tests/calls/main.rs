//! What a call promises, over transports that fail on demand and in virtual time.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

mod answers;
mod clock;
mod futures;
mod limits;
mod lost_writes;
mod observation;
mod repeats;
mod support;
