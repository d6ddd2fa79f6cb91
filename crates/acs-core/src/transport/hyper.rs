//! The transport that costs least for each request. hyper-util's client is named in this file and nowhere else.

use std::io;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{HeaderValue, USER_AGENT};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::legacy::{Client, Error as ClientError};
use hyper_util::rt::{TokioExecutor, TokioTimer};
use rustls::ClientConfig;
use tower_service::Service;

use super::{AGENT, ConnectTimeout, Transport, TransportError, TransportErrorKind, tls};
use crate::body::Body;
use crate::error::{BoxError, Error};
use crate::runtime::BoxFuture;

/// Sends requests by hyper-util's client, over rustls: HTTP/1.1, no redirects, no automatic decompression, and no proxies.
///
/// It is for programs that make so many calls that what reqwest adds to each matters; give it to a client's builder. A
/// program that is behind a proxy uses `ReqwestTransport`: this one reads nothing of the environment. A clone shares the
/// connection pool.
///
/// What a server that had closed an idle connection never read is sent again on another; nothing else is.
///
/// ```no_run
/// # fn example() -> Result<acs_core::SharedTransport, acs_core::Error> {
/// let transport = acs_core::HyperTransport::builder().build()?;
/// // … and `.transport(transport)` at the builders of all clients.
/// # Ok(std::sync::Arc::new(transport))
/// # }
/// ```
#[derive(Clone, Debug)]
pub struct HyperTransport(Client<Connector, Body>);

/// Settings of a [`HyperTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct HyperTransportBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_idle_per_host: usize,
    root_certificates: Vec<Vec<u8>>,
}

impl HyperTransport {
    /// Starts with the default settings: connect in 3 s, idle connections kept for 30 s, 64 a host at most.
    pub fn builder() -> HyperTransportBuilder {
        HyperTransportBuilder {
            connect_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(30),
            max_idle_per_host: 64,
            root_certificates: Vec::new(),
        }
    }
}

impl HyperTransportBuilder {
    /// Sets how long name look-up, connection and TLS handshake may take together. A call with a limit of its own
    /// ([`ConnectTimeout`]) uses the connections of all others, and its limit when it makes one.
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

    /// Trusts the certificates of a PEM file besides the platform's.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Makes the transport.
    ///
    /// # Errors
    /// A certificate is malformed; TLS could not be set up: without the feature `ring`, because no crypto provider is installed.
    pub fn build(self) -> Result<HyperTransport, Error> {
        let mut http = HttpConnector::new();
        http.enforce_http(false);
        http.set_nodelay(true);
        let connector = Connector(Arc::new(Connecting {
            http,
            tls: Arc::new(tls::client_config(&self.root_certificates)?),
            timeout: self.connect_timeout,
        }));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .build(connector);
        Ok(HyperTransport(client))
    }
}

impl Transport for HyperTransport {
    fn send(
        &self,
        mut request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            if !matches!(request.uri().scheme_str(), Some("http" | "https")) {
                return Err(TransportError::new(
                    TransportErrorKind::Request,
                    "the URL is not absolute, or not of http or https",
                ));
            }
            *request.version_mut() = http::Version::HTTP_11;
            let headers = request.headers_mut();
            headers
                .entry(USER_AGENT)
                .or_insert(const { HeaderValue::from_static(AGENT) });
            let connect_timeout = request
                .extensions()
                .get()
                .map(|ConnectTimeout(limit)| *limit);
            let answer = self.0.request(request);
            let answer = match connect_timeout {
                Some(limit) => CONNECT_TIMEOUT.scope(limit, answer).await,
                None => answer.await,
            };
            Ok(answer.map_err(from_client_error)?.map(Body::stream))
        })
    }
}

tokio::task_local! {
    /// The limit of the call on whose behalf a connection is made: hyper-util tells a connector the address, and no more.
    static CONNECT_TIMEOUT: Duration;
}

/// Makes connections, each within its time.
#[derive(Clone)]
struct Connector(Arc<Connecting>);

struct Connecting {
    http: HttpConnector,
    tls: Arc<ClientConfig>,
    timeout: Duration,
}

impl Service<http::Uri> for Connector {
    type Response = <HttpsConnector<HttpConnector> as Service<http::Uri>>::Response;
    type Error = BoxError;
    type Future = BoxFuture<'static, Result<Self::Response, BoxError>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, address: http::Uri) -> Self::Future {
        let limit = CONNECT_TIMEOUT.try_with(|limit| *limit);
        let limit = limit.unwrap_or(self.0.timeout);
        let mut http = self.0.http.clone();
        // Shares the time among the addresses of a host, so that a dead one leaves some for the next.
        http.set_connect_timeout(Some(limit));
        let connection = HttpsConnector::from((http, Arc::clone(&self.0.tls))).call(address);
        Box::pin(async move {
            let in_time = tokio::time::timeout(limit, connection).await;
            in_time.map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?
        })
    }
}

fn from_client_error(error: ClientError) -> TransportError {
    let kind = if error.is_connect() {
        let is_timeout =
            tls::io_errors(&error).any(|error| error.kind() == io::ErrorKind::TimedOut);
        tls::failed_connection(&error, is_timeout)
    } else {
        TransportErrorKind::Interrupted
    };
    TransportError::new(kind, error)
}
