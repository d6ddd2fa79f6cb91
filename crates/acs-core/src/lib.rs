#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

pub mod decode;
pub mod encode;
pub mod model;
pub mod operation;
pub mod wait;

mod access_denied;
mod body;
mod client;
mod credentials;
mod endpoint;
mod error;
mod response;
mod retry;
mod runtime;
mod service_error;
mod text;
mod transport;

pub use access_denied::{AccessDenied, DenialReason};
pub use body::{Body, CollectError};
#[cfg(feature = "blocking")]
pub use client::BlockingClient;
pub use client::{
    AttemptReport, CallByName, CallOptions, CallReport, Client, ClientBuilder, Items,
    MinThroughput, Observer, RateLimit,
};
pub use credentials::{Credentials, ProvideCredentials, SharedCredentialsProvider};
pub use endpoint::{Endpoint, Network, Product, ProductInfo, RegionEndpoint, check_region};
pub use error::{BoxError, Error, ErrorKind, ServiceError};
pub use response::Response;
pub use retry::RetryPolicy;
pub use runtime::{BoxFuture, Runtime, SharedRuntime, SystemRuntime};
pub use transport::{
    ConnectTimeout, ReplayTransport, SentRequest, SharedTransport, Transport, TransportError,
    TransportErrorKind, default_transport,
};
#[cfg(feature = "hyper")]
pub use transport::{HyperTransport, HyperTransportBuilder};
#[cfg(feature = "__reqwest")]
pub use transport::{ReqwestTransport, ReqwestTransportBuilder};

#[cfg(test)]
mod static_assertions {
    use super::*;

    /// Compiles only while these cross threads.
    #[allow(dead_code)]
    fn values_cross_threads() {
        fn check<T: Send + Sync>() {}
        check::<Credentials>();
        check::<Error>();
        check::<Response<()>>();
    }
}
