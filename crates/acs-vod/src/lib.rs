//! Alibaba Cloud ApsaraVideo VOD (2017-03-21): every operation, typed, and media upload.
#![forbid(unsafe_code)]

mod generated;
#[cfg(feature = "upload")]
pub mod upload;

pub use generated::*;

/// A client of this product: see [`acs_core::Client`].
pub type Client = acs_core::Client<Vod>;
