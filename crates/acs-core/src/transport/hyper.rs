//! The transport that costs least for each request: hyper's connections, and what HTTP/1.1 needs around them. hyper is
//! named here and nowhere else.

mod pool;

use std::fmt;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use ::hyper::client::conn::http1::{SendRequest, handshake};
use http::header::{HOST, HeaderValue, USER_AGENT};
use http::uri::{PathAndQuery, Scheme};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::connect::HttpConnector;
use tower_service::Service as _;

use self::pool::{Address, Lent, Pool};
use super::{AGENT, ConnectTimeout, Transport, TransportError, TransportErrorKind, tls};
use crate::body::Body;
use crate::error::{BoxError, Error};
use crate::runtime::BoxFuture;

/// Sends requests by hyper, over rustls: HTTP/1.1, no redirects, no automatic decompression, and no proxies.
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
#[derive(Clone)]
pub struct HyperTransport(Arc<Inner>);

struct Inner {
    connector: HttpsConnector<HttpConnector>,
    connect_timeout: Duration,
    pool: Arc<Pool>,
}

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
        // Shares the time among the addresses of a host, so that a dead one leaves some for the next.
        http.set_connect_timeout(Some(self.connect_timeout));
        let tls = tls::client_config(&self.root_certificates)?;
        Ok(HyperTransport(Arc::new(Inner {
            connector: HttpsConnector::from((http, tls)),
            connect_timeout: self.connect_timeout,
            pool: Pool::new(self.idle_timeout, self.max_idle_per_host),
        })))
    }
}

impl Transport for HyperTransport {
    fn send(
        &self,
        mut request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let limit = request.extensions().get().map(|ConnectTimeout(it)| *it);
            let limit = limit.unwrap_or(self.0.connect_timeout);
            let address = prepare(&mut request)?;
            loop {
                let idle = self.0.pool.take(&address);
                let is_reused = idle.is_some();
                let mut sender = match idle {
                    Some(sender) => sender,
                    None => self.0.connect(&address, limit).await?,
                };
                match sender.try_send_request(request).await {
                    Ok(answer) => {
                        let lend = |body| Lent::new(body, address, sender, &self.0.pool);
                        return Ok(answer.map(|body| Body::stream(lend(body))));
                    }
                    Err(mut failed) => match failed.take_message() {
                        // The server closed the connection while it was idle: nothing of the request was written.
                        Some(unsent) if is_reused => request = unsent,
                        unsent => {
                            let kind = match unsent {
                                Some(_) => TransportErrorKind::Connect,
                                None => TransportErrorKind::Interrupted,
                            };
                            return Err(TransportError::new(kind, failed.into_error()));
                        }
                    },
                }
            }
        })
    }
}

impl Inner {
    async fn connect(
        &self,
        address: &Address,
        limit: Duration,
    ) -> Result<SendRequest<Body>, TransportError> {
        let connecting = async {
            let target = http::Uri::builder()
                .scheme(address.scheme.clone())
                .authority(address.authority.clone())
                .path_and_query(PathAndQuery::from_static("/"))
                .build()?;
            let stream = self.connector.clone().call(target).await?;
            Ok::<_, BoxError>(handshake(stream).await?)
        };
        let connected = tokio::time::timeout(limit, connecting).await;
        let connected =
            connected.unwrap_or_else(|_| Err(io::Error::from(io::ErrorKind::TimedOut).into()));
        let (sender, connection) = connected.map_err(|error| {
            let is_timeout =
                tls::io_errors(&*error).any(|error| error.kind() == io::ErrorKind::TimedOut);
            TransportError::new(tls::failed_connection(&*error, is_timeout), error)
        })?;
        // What goes wrong with a connection is told to the request on it.
        tokio::spawn(async { _ = connection.await });
        Ok(sender)
    }
}

impl fmt::Debug for HyperTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HyperTransport")
            .field("connect_timeout", &self.0.connect_timeout)
            .finish_non_exhaustive()
    }
}

/// Brings a request into the form that it has on the wire; returns where it goes.
fn prepare(request: &mut http::Request<Body>) -> Result<Address, TransportError> {
    let malformed = || {
        TransportError::new(
            TransportErrorKind::Request,
            "the URL is not absolute, or not of http or https",
        )
    };
    let uri = std::mem::take(request.uri_mut()).into_parts();
    let (Some(scheme), Some(authority)) = (uri.scheme, uri.authority) else {
        return Err(malformed());
    };
    let own_port = match &scheme {
        it if *it == Scheme::HTTPS => ":443",
        it if *it == Scheme::HTTP => ":80",
        _ => return Err(malformed()),
    };
    if let Some(path_and_query) = uri.path_and_query {
        *request.uri_mut() = path_and_query.into();
    }
    *request.version_mut() = http::Version::HTTP_11;
    let headers = request.headers_mut();
    if !headers.contains_key(HOST) {
        let host = authority.as_str();
        let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
        let host = host.strip_suffix(own_port).unwrap_or(host);
        headers.insert(HOST, HeaderValue::from_str(host).map_err(|_| malformed())?);
    }
    headers
        .entry(USER_AGENT)
        .or_insert(const { HeaderValue::from_static(AGENT) });
    Ok(Address { scheme, authority })
}
