//! Alibaba Cloud ApsaraVideo Media Processing, MPS (2014-06-18): every operation, typed.
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;
