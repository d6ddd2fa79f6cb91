//! The transport of real programs. reqwest is named in this file and nowhere else.

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use rustls::ClientConfig;

use super::{AGENT, ConnectTimeout, Transport, TransportError, TransportErrorKind, tls};
use crate::body::Body;
use crate::endpoint::is_loopback;
use crate::error::{Error, ErrorKind};
use crate::runtime::BoxFuture;

/// Sends requests by reqwest, over rustls: HTTP/1.1, no redirects, no referer, no automatic decompression.
///
/// Loopback is reached directly, always. For all else proxies come from `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`. A clone shares the connection pool.
#[derive(Clone)]
pub struct ReqwestTransport {
    client: ::reqwest::Client,
    /// For loopback, where a proxy of the environment has no business.
    direct: Arc<OnceLock<Option<::reqwest::Client>>>,
    /// For calls with a connect limit of their own, which reqwest has for a whole client.
    others: Arc<Mutex<Vec<Other>>>,
    settings: Arc<ReqwestTransportBuilder>,
    tls: ClientConfig,
    hosts: Arc<Hosts>,
}

struct Other {
    connect_timeout: Duration,
    is_direct: bool,
    client: ::reqwest::Client,
}

/// Settings of a [`ReqwestTransport`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ReqwestTransportBuilder {
    connect_timeout: Duration,
    idle_timeout: Duration,
    max_idle_per_host: usize,
    proxy: Proxy,
    root_certificates: Vec<Vec<u8>>,
}

#[derive(Clone)]
enum Proxy {
    Environment,
    None,
    /// May hold a password, and so is never shown.
    Url(String),
}

impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Environment => "from the environment",
            Self::None => "none",
            Self::Url(_) => "set",
        })
    }
}

impl ReqwestTransport {
    /// Starts with the default settings: connect in 3 s, idle connections kept for 30 s, 64 a host at most.
    pub fn builder() -> ReqwestTransportBuilder {
        ReqwestTransportBuilder {
            connect_timeout: Duration::from_secs(3),
            idle_timeout: Duration::from_secs(30),
            max_idle_per_host: 64,
            proxy: Proxy::Environment,
            root_certificates: Vec::new(),
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
        self.proxy = Proxy::None;
        self
    }

    /// Sends everything through a proxy, `http://proxy.example.com:3128` say, whatever the environment says.
    pub fn proxy(mut self, url: impl Into<String>) -> Self {
        self.proxy = Proxy::Url(url.into());
        self
    }

    /// Trusts the certificates of a PEM file besides the platform's: those of a company's own proxy, say.
    pub fn root_certificates_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.root_certificates.push(pem.into());
        self
    }

    /// Makes the transport.
    ///
    /// # Errors
    /// The proxy's URL or a certificate is malformed; TLS could not be set up: with the feature `rustls-no-provider` alone, because no crypto provider is installed.
    pub fn build(self) -> Result<ReqwestTransport, Error> {
        let tls = tls::client_config(&self.root_certificates)?;
        Ok(ReqwestTransport {
            client: self.client(&tls)?,
            direct: Arc::default(),
            others: Arc::default(),
            settings: Arc::new(self),
            tls,
            hosts: Arc::default(),
        })
    }

    fn client(&self, tls: &ClientConfig) -> Result<::reqwest::Client, Error> {
        let builder = ::reqwest::Client::builder()
            .tls_backend_preconfigured(tls.clone())
            .redirect(::reqwest::redirect::Policy::none())
            .referer(false)
            .retry(::reqwest::retry::never())
            .connect_timeout(self.connect_timeout)
            .pool_idle_timeout(self.idle_timeout)
            .pool_max_idle_per_host(self.max_idle_per_host)
            .tcp_nodelay(true)
            .user_agent(AGENT);
        let builder = match &self.proxy {
            Proxy::Environment => builder,
            Proxy::None => builder.no_proxy(),
            Proxy::Url(url) => {
                let proxy = ::reqwest::Proxy::all(url).map_err(|_| {
                    Error::invalid_parameter("proxy", "this is not the URL of a proxy")
                })?;
                builder.no_proxy().proxy(proxy)
            }
        };
        builder.build().map_err(|error| {
            Error::new(ErrorKind::Connect, "the HTTP client could not be set up").with_source(error)
        })
    }
}

impl ReqwestTransport {
    fn client_for(
        &self,
        host: Option<&str>,
        connect_timeout: Option<Duration>,
    ) -> Result<::reqwest::Client, TransportError> {
        let is_direct =
            !matches!(self.settings.proxy, Proxy::None) && host.is_some_and(is_loopback);
        let limit = connect_timeout.filter(|limit| *limit != self.settings.connect_timeout);
        let client = match (limit, is_direct) {
            (Some(limit), _) => self.other(limit, is_direct),
            (None, true) => self
                .direct
                .get_or_init(|| self.variant(self.settings.connect_timeout, true))
                .clone(),
            (None, false) => Some(self.client.clone()),
        };
        client.ok_or_else(|| {
            TransportError::new(
                TransportErrorKind::Request,
                "the HTTP client could not be set up",
            )
        })
    }

    fn other(&self, connect_timeout: Duration, is_direct: bool) -> Option<::reqwest::Client> {
        /// A program has few limits; one that has more connects anew for each.
        const MOST: usize = 8;
        let mut others = self.others.lock().unwrap_or_else(PoisonError::into_inner);
        let known = others
            .iter()
            .find(|other| (other.connect_timeout, other.is_direct) == (connect_timeout, is_direct));
        if let Some(other) = known {
            return Some(other.client.clone());
        }
        let client = self.variant(connect_timeout, is_direct)?;
        if others.len() == MOST {
            others.remove(0);
        }
        others.push(Other {
            connect_timeout,
            is_direct,
            client: client.clone(),
        });
        Some(client)
    }

    fn variant(&self, connect_timeout: Duration, is_direct: bool) -> Option<::reqwest::Client> {
        let settings = ReqwestTransportBuilder::clone(&self.settings);
        let settings = settings.connect_timeout(connect_timeout);
        if is_direct {
            settings.without_proxy().client(&self.tls).ok()
        } else {
            settings.client(&self.tls).ok()
        }
    }
}

impl Transport for ReqwestTransport {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let connect_timeout = head.extensions.get().map(|ConnectTimeout(limit)| *limit);
            let client = self.client_for(head.uri.host(), connect_timeout)?;
            let url = self.hosts.url(&head.uri)?;
            let mut request = ::reqwest::Request::new(head.method, url);
            *request.headers_mut() = head.headers;
            *request.body_mut() = into_reqwest_body(body);
            let response = client.execute(request).await.map_err(from_reqwest_error)?;
            Ok(http::Response::from(response).map(Body::stream))
        })
    }
}

impl fmt::Debug for ReqwestTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ReqwestTransport")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}

/// The URLs of the hosts that were sent to lately: parsing a host costs more than all the rest of a URL.
#[derive(Default)]
struct Hosts(Mutex<Vec<(String, ::reqwest::Url)>>);

impl Hosts {
    /// A client talks to a few hosts; one that talks to more parses them again.
    const MOST: usize = 16;

    fn url(&self, uri: &http::Uri) -> Result<::reqwest::Url, TransportError> {
        let mut url = self.base(uri)?;
        if uri.path() != "/" {
            url.set_path(uri.path());
        }
        url.set_query(uri.query());
        Ok(url)
    }

    fn base(&self, uri: &http::Uri) -> Result<::reqwest::Url, TransportError> {
        let malformed = || {
            TransportError::new(
                TransportErrorKind::Request,
                "the URL is not absolute or is malformed",
            )
        };
        let (Some(scheme), Some(authority)) = (uri.scheme_str(), uri.authority()) else {
            return Err(malformed());
        };
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, url)) = known
            .iter()
            .find(|(host, url)| host == authority.as_str() && url.scheme() == scheme)
        {
            return Ok(url.clone());
        }
        let url =
            ::reqwest::Url::parse(&format!("{scheme}://{authority}/")).map_err(|_| malformed())?;
        if known.len() == Self::MOST {
            known.remove(0);
        }
        known.push((authority.as_str().to_owned(), url.clone()));
        Ok(url)
    }
}

fn into_reqwest_body(body: Body) -> Option<::reqwest::Body> {
    match body.into_bytes() {
        Ok(bytes) if bytes.is_empty() => None,
        Ok(bytes) => Some(::reqwest::Body::from(bytes)),
        Err(stream) => Some(::reqwest::Body::wrap(stream)),
    }
}

fn from_reqwest_error(error: ::reqwest::Error) -> TransportError {
    // The URL is taken out: a query can hold a token and a signature.
    let error = error.without_url();
    let kind = match (error.is_connect(), error.is_timeout(), error.is_builder()) {
        (_, _, true) => TransportErrorKind::Request,
        (true, is_timeout, _) => tls::failed_connection(&error, is_timeout),
        _ => TransportErrorKind::Interrupted,
    };
    TransportError::new(kind, error)
}
