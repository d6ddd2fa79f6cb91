#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod auth;
mod body;
mod cdn;
mod clock;
mod emulator;
mod error;
mod identity;
mod log;
mod mps;
mod nonces;
mod oss;
mod policy;
mod query;
mod random;
mod rpc;
mod server;
mod state;
mod sts;
mod trace;
mod vod;

pub use clock::{ManualClock, Now};
pub use emulator::{Builder, Emulator};
pub use log::{RequestRecord, Totals};
