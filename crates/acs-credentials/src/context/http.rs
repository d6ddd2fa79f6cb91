//! Requests to whoever hands out credentials: bounded in time and size, redirects never followed.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use acs_core::{Body, SharedTransport, TransportErrorKind};
use bytes::Bytes;
use http::{HeaderMap, Request};
use tokio::runtime::Handle;

use super::Context;

/// The transports, made when they are first used: a program with static keys never sets TLS up.
#[derive(Clone, Debug)]
pub(crate) enum Transports {
    System(Arc<SystemTransports>),
    Given {
        general: SharedTransport,
        direct: SharedTransport,
    },
    None,
}

#[derive(Debug, Default)]
pub(crate) struct SystemTransports {
    general: OnceLock<Result<SharedTransport, String>>,
    direct: OnceLock<Result<SharedTransport, String>>,
    metadata: OnceLock<Result<SharedTransport, String>>,
}

/// Which way a request goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Route {
    /// https, through a proxy where the environment names one.
    General,
    /// Never through a proxy.
    Direct,
    /// Never through a proxy, and to the instance metadata service, which is near or not there at all.
    Metadata,
}

impl Transports {
    pub(super) fn system() -> Self {
        Self::System(Arc::default())
    }

    pub(super) fn none() -> Self {
        Self::None
    }

    pub(super) fn given(general: SharedTransport, direct: SharedTransport) -> Self {
        Self::Given { general, direct }
    }

    fn on(&self, route: Route) -> Result<&SharedTransport, HttpFault> {
        match self {
            Self::Given { general, direct } => Ok(match route {
                Route::General => general,
                Route::Direct | Route::Metadata => direct,
            }),
            Self::System(_) if Handle::try_current().is_err() => Err(HttpFault::Setup(
                "there is no tokio runtime here, and the network needs one: call this within one"
                    .to_owned(),
            )),
            Self::System(made) => {
                let cell = match route {
                    Route::General => &made.general,
                    Route::Direct => &made.direct,
                    Route::Metadata => &made.metadata,
                };
                cell.get_or_init(|| build(route))
                    .as_ref()
                    .map_err(|message| HttpFault::Setup(message.clone()))
            }
            Self::None => Err(HttpFault::Setup(
                "this context has no network transport".to_owned(),
            )),
        }
    }
}

#[cfg(any(feature = "rustls", feature = "rustls-no-provider"))]
fn build(route: Route) -> Result<SharedTransport, String> {
    let builder = acs_core::ReqwestTransport::builder().connect_timeout(match route {
        Route::General | Route::Direct => Duration::from_secs(5),
        // Shorter than a whole request may take, so that an address where nobody is shows as just that.
        Route::Metadata => Duration::from_millis(900),
    });
    let builder = match route {
        Route::General => builder,
        Route::Direct | Route::Metadata => builder.without_proxy(),
    };
    match builder.build() {
        Ok(transport) => Ok(Arc::new(transport)),
        Err(error) => Err(error.to_string()),
    }
}

#[cfg(not(any(feature = "rustls", feature = "rustls-no-provider")))]
fn build(_: Route) -> Result<SharedTransport, String> {
    Err("there is no network transport: turn on the feature `rustls` or `rustls-no-provider`, or give the context one"
        .to_owned())
}

/// The bounds of one exchange.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// For the whole exchange, the body of the answer included.
    pub(crate) time: Duration,
    /// Bytes of the answer's body.
    pub(crate) body: usize,
}

/// A whole answer. Its `Debug` text does not show the body.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl fmt::Debug for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer")
            .field("status", &self.status)
            .field("body_bytes", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// Why there is no answer. No text of it holds a URL.
#[derive(Clone, Debug)]
pub(crate) enum HttpFault {
    Setup(String),
    Connect(String),
    TimedOut,
    Broken(String),
    TooLarge(usize),
}

impl fmt::Display for HttpFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Setup(text) | Self::Connect(text) | Self::Broken(text) => f.write_str(text),
            Self::TimedOut => f.write_str("no answer in time"),
            Self::TooLarge(limit) => write!(f, "the answer has more than {limit} bytes"),
        }
    }
}

/// Sends one request and collects its answer.
pub(crate) async fn exchange(
    context: &Context,
    route: Route,
    request: Request<Body>,
    bounds: Bounds,
) -> Result<Answer, HttpFault> {
    let transport = context.transports().on(route)?;
    let work = async {
        let response = transport
            .send(request)
            .await
            .map_err(|error| match error.kind() {
                TransportErrorKind::Connect | TransportErrorKind::ConnectTimeout => {
                    HttpFault::Connect(error.to_string())
                }
                // A repeat would end the same.
                TransportErrorKind::Request | TransportErrorKind::Tls => {
                    HttpFault::Setup(error.to_string())
                }
                _ => HttpFault::Broken(error.to_string()),
            })?;
        let (head, body) = response.into_parts();
        let body = body
            .collect(bounds.body)
            .await
            .map_err(|error| match error {
                acs_core::CollectError::TooLarge { limit } => HttpFault::TooLarge(limit),
                other => HttpFault::Broken(other.to_string()),
            })?;
        Ok(Answer {
            status: head.status.as_u16(),
            headers: head.headers,
            body,
        })
    };
    within(context, bounds.time, work)
        .await
        .unwrap_or(Err(HttpFault::TimedOut))
}

/// Runs `work` for `limit` at most.
pub(crate) async fn within<T>(
    context: &Context,
    limit: Duration,
    work: impl Future<Output = T>,
) -> Option<T> {
    let mut work = pin!(work);
    // What is done at once needs no timer.
    let mut timer = None;
    poll_fn(|task| {
        if let Poll::Ready(value) = work.as_mut().poll(task) {
            return Poll::Ready(Some(value));
        }
        let timer = timer.get_or_insert_with(|| context.sleep(limit));
        timer.as_mut().poll(task).map(|()| None)
    })
    .await
}
