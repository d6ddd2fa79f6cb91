//! Alibaba Cloud Identity Management Service, IMS (2019-08-15): every operation, typed.
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;

/// A client of this product.
pub type Client = acs_core::Client<Ims>;
