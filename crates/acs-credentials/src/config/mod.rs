//! The two files that people keep credentials in, read without any I/O.

pub(crate) mod cli;
pub(crate) mod ini;
