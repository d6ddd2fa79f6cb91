//! Alibaba Cloud Identity Management Service, IMS (2019-08-15): every operation, typed.
//!
//! There are no constants for error codes: the product's metadata lists none. What the service answers is in
//! [`Error::code`](acs_core::Error::code).
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;

/// A client of this product.
pub type Client = acs_core::Client<Ims>;
