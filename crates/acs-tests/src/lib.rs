//! Tests of the whole workspace against the emulator and against servers that misbehave; not published.
#![doc = include_str!("../../../README.md")]
#![forbid(unsafe_code)]

pub mod bare;
pub mod fault;
