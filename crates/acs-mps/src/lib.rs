//! Alibaba Cloud ApsaraVideo Media Processing, MPS (2014-06-18): every operation, typed.
#![forbid(unsafe_code)]

mod generated;
pub mod job;

pub use generated::*;

/// A client of this product: see [`acs_core::Client`].
pub type Client = acs_core::Client<Mps>;
