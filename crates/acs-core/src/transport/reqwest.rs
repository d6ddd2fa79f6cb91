//! The transport of real programs. reqwest is named in this file and nowhere else.

use std::time::Duration;

use super::{Transport, TransportError, TransportErrorKind};
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::runtime::BoxFuture;

/// Sends requests by reqwest, over rustls: HTTP/1.1, no redirects, no referer, no automatic decompression.
///
/// Proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. A clone shares the connection pool.
#[derive(Clone, Debug)]
pub struct ReqwestTransport(::reqwest::Client);

/// Settings of a [`ReqwestTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_idle_per_host: usize,
    use_proxy: bool,
}

impl ReqwestTransport {
    /// Starts with the default settings: connect in 3 s, idle connections kept for 30 s, 64 a host at most.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            connect_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(30),
            max_idle_per_host: 64,
            use_proxy: true,
        }
    }
}

impl ReqwestTransportBuilder {
    /// Sets how long name look-up, connection and TLS handshake may take together.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// Sets how long an unused connection is kept.
    pub fn idle_timeout(mut self, timeout: Duration) -> Self {
        self.idle_timeout = timeout;
        self
    }

    /// Sets how many unused connections are kept for one host.
    pub fn max_idle_per_host(mut self, connections: usize) -> Self {
        self.max_idle_per_host = connections;
        self
    }

    /// Ignores the proxy variables of the environment.
    pub fn without_proxy(mut self) -> Self {
        self.use_proxy = false;
        self
    }

    /// Makes the transport.
    ///
    /// # Errors
    /// TLS could not be set up: with the feature `rustls-no-provider`, because no crypto provider is installed.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        let builder = ::reqwest::Client::builder()
            .redirect(::reqwest::redirect::Policy::none())
            .referer(false)
            .retry(::reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .tcp_nodelay(true)
            .user_agent(concat!("acs-sdk-rust/", env!("CARGO_PKG_VERSION")));
        let builder = if self.use_proxy {
            builder
        } else {
            builder.no_proxy()
        };
        builder.build().map(ReqwestTransport).map_err(|error| {
            Error::new(ErrorKind::Connect, "the HTTP client could not be set up").with_source(error)
        })
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let request =
                ::reqwest::Request::try_from(request.map(into_reqwest_body)).map_err(|error| {
                    TransportError::new(TransportErrorKind::Request, error.without_url())
                })?;
            let response = self.0.execute(request).await.map_err(from_reqwest_error)?;
            Ok(http::Response::from(response).map(Body::stream))
        })
    }
}

fn into_reqwest_body(body: Body) -> ::reqwest::Body {
    match body.into_bytes() {
        Ok(bytes) => ::reqwest::Body::from(bytes),
        Err(stream) => ::reqwest::Body::wrap(stream),
    }
}

fn from_reqwest_error(error: ::reqwest::Error) -> TransportError {
    // The URL is taken out: a query can hold a token and a signature.
    let error = error.without_url();
    let kind = match (error.is_connect(), error.is_timeout(), error.is_builder()) {
        (_, _, true) => TransportErrorKind::Request,
        (true, true, _) => TransportErrorKind::ConnectTimeout,
        (true, false, _) => TransportErrorKind::Connect,
        _ => TransportErrorKind::Interrupted,
    };
    TransportError::new(kind, error)
}
