#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod acs3;
mod buffer;
mod check;
pub mod date;
mod encode;
mod error;
mod headers;
mod incoming;
mod key;
pub mod oss_v4;
mod payload;
mod query;
mod text;

pub use buffer::Buffer;
pub use check::LineBreaks;
pub use encode::{percent_encode, percent_encode_path};
pub use error::{Error, ErrorKind};
pub use incoming::{Incoming, Mismatch, Query};
pub use key::SigningKey;
pub use payload::Payload;
