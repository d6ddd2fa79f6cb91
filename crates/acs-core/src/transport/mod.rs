//! The seam to the network: one request out, one answer in.

#[cfg(feature = "hyper")]
mod hyper;
mod replay;
#[cfg(feature = "__reqwest")]
mod reqwest;
#[cfg(feature = "__tls")]
mod tls;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

#[cfg(feature = "hyper")]
pub use self::hyper::{HyperTransport, HyperTransportBuilder};
pub use self::replay::{ReplayTransport, SentRequest};
#[cfg(feature = "__reqwest")]
pub use self::reqwest::{ReqwestTransport, ReqwestTransportBuilder};
use crate::body::Body;
use crate::error::{BoxError, Error};
use crate::runtime::BoxFuture;

/// Sends one HTTP request and returns the head of its answer.
///
/// It must not follow redirects: a signed request goes to nobody else. It must not send again what may have
/// reached the server: the same nonce would be refused, and a write could be done twice.
pub trait Transport: fmt::Debug + Send + Sync {
    /// Sends `request`. Its URI is absolute, and must reach the wire unchanged, since it is signed.
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>>;
}

/// How long name look-up, connection and TLS handshake may take together, where a client or a call has a limit of its own.
/// It is among the extensions of the request; a transport keeps to it if it can.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[allow(clippy::exhaustive_structs, reason = "one number, and no more")]
pub struct ConnectTimeout(pub Duration);

/// What requests say that they come from, where they don't say so themselves.
#[cfg(feature = "__tls")]
const AGENT: &str = concat!("acs-sdk-rust/", env!("CARGO_PKG_VERSION"));

/// A shared [`Transport`].
pub type SharedTransport = Arc<dyn Transport>;

/// Makes the transport of a client that is given none: reqwest, where a TLS feature is on.
///
/// # Errors
/// No TLS feature is on, or TLS could not be set up.
#[cfg(feature = "__reqwest")]
pub fn default_transport() -> Result<SharedTransport, Error> {
    Ok(Arc::new(ReqwestTransport::builder().build()?))
}

/// Makes the transport of a client that is given none: reqwest, where a TLS feature is on.
///
/// # Errors
/// No TLS feature is on, or TLS could not be set up.
#[cfg(not(feature = "__reqwest"))]
pub fn default_transport() -> Result<SharedTransport, Error> {
    Err(Error::invalid_parameter(
        "transport",
        "none is set: turn on the feature `rustls` or `rustls-no-provider`, or give the builder one",
    ))
}

/// Why a request got no answer.
pub struct TransportError {
    kind: TransportErrorKind,
    source: BoxError,
}

/// The sort of a [`TransportError`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum TransportErrorKind {
    /// The request is malformed; it was not sent.
    Request,
    /// No connection was had: name look-up, connection or TLS handshake broke off. Nothing reached the server.
    Connect,
    /// The certificate is not valid for the host, or the other side speaks no TLS. Nothing reached the server, and a
    /// repeat would end the same.
    Tls,
    /// No connection was had in time. Nothing reached the server.
    ConnectTimeout,
    /// The connection broke after some of the request may have reached the server.
    Interrupted,
}

impl TransportError {
    /// Makes an error; `source` must hold no URL, since queries can hold secrets.
    pub fn new(kind: TransportErrorKind, source: impl Into<BoxError>) -> Self {
        Self {
            kind,
            source: source.into(),
        }
    }

    /// Returns its sort.
    pub fn kind(&self) -> TransportErrorKind {
        self.kind
    }

    /// Says whether some of the request may have reached the server.
    pub fn may_have_reached_server(&self) -> bool {
        self.kind == TransportErrorKind::Interrupted
    }
}

impl fmt::Display for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.kind {
            TransportErrorKind::Request => "the request could not be built",
            TransportErrorKind::Connect => "no connection could be made",
            TransportErrorKind::ConnectTimeout => "no connection could be made in time",
            TransportErrorKind::Tls => "no secure connection could be made",
            TransportErrorKind::Interrupted => "the connection broke",
        })?;
        // The last cause is the one that a person can act on: `Connection refused`, say.
        let mut cause: &(dyn std::error::Error + 'static) = self.source.as_ref();
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        write!(f, ": {cause}")
    }
}

impl fmt::Debug for TransportError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TransportError")
            .field("kind", &self.kind)
            .field("source", &self.source)
            .finish()
    }
}

impl std::error::Error for TransportError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(self.source.as_ref())
    }
}
