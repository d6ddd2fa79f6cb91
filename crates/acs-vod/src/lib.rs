//! Alibaba Cloud ApsaraVideo VOD (2017-03-21): every operation, typed, and media upload.
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;
