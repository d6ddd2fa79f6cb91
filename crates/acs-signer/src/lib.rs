#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod acs3;
mod buffer;
pub mod cdn;
mod check;
mod chunk;
pub mod date;
pub mod diagnosis;
mod encode;
mod error;
mod headers;
#[cfg(feature = "http")]
pub mod http;
mod incoming;
mod key;
pub mod oss_v1;
pub mod oss_v4;
mod payload;
mod private_key;
mod query;
pub mod roa_v1;
pub mod rpc_v1;
mod running;
mod scheme;
mod text;
pub mod vod_callback;

pub use buffer::Buffer;
pub use check::LineBreaks;
pub use encode::{percent_encode, percent_encode_path};
pub use error::{Error, ErrorKind};
pub use incoming::{Incoming, Mismatch, Query};
pub use key::SigningKey;
pub use payload::{Payload, content_md5};
pub use private_key::PrivateKey;
pub use scheme::Scheme;
