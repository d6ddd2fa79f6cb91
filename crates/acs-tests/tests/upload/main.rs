//! Uploads to the emulator: whole files, over real sockets, with credentials that end and answers that get lost.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod buckets;
mod cloud;
mod expiry;
mod faults;
mod network;
mod refusals;
mod whole_files;
