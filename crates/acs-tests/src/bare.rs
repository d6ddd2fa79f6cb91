//! A server that answers at once and checks nothing: what a client costs, and little else.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::{Barrier, oneshot};

/// A running server on loopback, in a thread of its own. It stops when dropped.
#[derive(Debug)]
pub struct BareServer {
    address: SocketAddr,
    connections: Arc<AtomicUsize>,
    /// Dropping it ends the server.
    _stop: oneshot::Sender<()>,
}

impl BareServer {
    /// Starts a server that answers every request with `body`, after showing `look` its head.
    ///
    /// The first `together` requests are answered when all of them are there, so that each has a
    /// connection of its own. Without that (`1`), hyper may make one more than there are requests
    /// in flight: while connections are being made, one that comes free goes to a request whose
    /// own is already on its way.
    ///
    /// # Errors
    /// No port could be had.
    pub fn start(
        body: &'static str,
        together: usize,
        look: impl Fn(&Request<Incoming>) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        let (stop, stopped) = oneshot::channel();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        std::thread::spawn(move || {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::from_std(listener) else {
                    return;
                };
                tokio::select! {
                    () = accept(listener, body, First::new(together), Arc::new(look), counted) => {}
                    _ = stopped => {}
                }
            });
        });
        Ok(Self {
            address,
            connections,
            _stop: stop,
        })
    }

    /// Returns the address as an endpoint.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Returns how many connections were made so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::Relaxed)
    }
}

async fn accept<L>(
    listener: TcpListener,
    body: &'static str,
    first: First,
    look: Arc<L>,
    connections: Arc<AtomicUsize>,
) where
    L: Fn(&Request<Incoming>) + Send + Sync + 'static,
{
    let first = Arc::new(first);
    while let Ok((stream, _)) = listener.accept().await {
        connections.fetch_add(1, Ordering::Relaxed);
        // Without it, a delayed acknowledgement would be measured.
        _ = stream.set_nodelay(true);
        let (first, look) = (Arc::clone(&first), Arc::clone(&look));
        tokio::spawn(async move {
            let service = service_fn(move |request: Request<Incoming>| {
                look(&request);
                let response = Response::builder()
                    .header("content-type", "application/json")
                    .header("x-acs-request-id", "00000000-0000-0000-0000-000000000000")
                    .body(Full::new(Bytes::from_static(body.as_bytes())))
                    .unwrap_or_default();
                let first = Arc::clone(&first);
                async move {
                    first.wait().await;
                    Ok::<_, Infallible>(response)
                }
            });
            // A client that went away is how every connection ends.
            _ = hyper::server::conn::http1::Builder::new()
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

/// The first requests, which wait for each other.
struct First {
    left: AtomicUsize,
    together: Barrier,
}

impl First {
    fn new(together: usize) -> Self {
        Self {
            left: AtomicUsize::new(together),
            together: Barrier::new(together),
        }
    }

    async fn wait(&self) {
        let is_first = self
            .left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        if is_first {
            self.together.wait().await;
        }
    }
}
