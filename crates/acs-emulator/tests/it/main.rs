//! What the emulator promises, over real sockets: requests signed with acs-signer, answers read as
//! they come.

mod mps;
mod objects;
mod server;
mod signatures;
mod sts;
mod support;
mod vod;
