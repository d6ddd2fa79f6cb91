#![cfg_attr(feature = "upload", doc = include_str!("../README.md"))]
#![cfg_attr(
    not(feature = "upload"),
    doc = "Alibaba Cloud ApsaraVideo VOD (2017-03-21): every operation, typed."
)]
#![forbid(unsafe_code)]

mod encoded_json;
mod generated;
mod play_auth;
#[cfg(feature = "upload")]
pub mod upload;

pub use generated::*;
pub use play_auth::PlayAuth;

/// A client of this product: see [`acs_core::Client`].
pub type Client = acs_core::Client<Vod>;
