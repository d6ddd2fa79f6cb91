//! Alibaba Cloud Resource Access Management, RAM (2015-05-01): every operation, typed.
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;

/// A client of this product.
pub type Client = acs_core::Client<Ram>;
