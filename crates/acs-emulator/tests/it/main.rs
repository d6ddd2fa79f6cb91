//! What the emulator promises, over real sockets: requests signed with acs-signer, answers read as
//! they come.
#![allow(
    clippy::unwrap_used,
    reason = "helpers of tests fail a test by panicking"
)]

mod mps;
mod objects;
mod policies;
mod server;
mod signatures;
mod signatures_v1;
mod sts;
mod support;
mod vod;
