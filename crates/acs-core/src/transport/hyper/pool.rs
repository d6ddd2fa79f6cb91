//! Connections that wait for their next request.

use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use ::hyper::body::{Body as _, Frame, Incoming, SizeHint};
use ::hyper::client::conn::http1::SendRequest;
use bytes::Bytes;
use http::uri::{Authority, Scheme};
use tokio::runtime::Handle;
use tokio::task::JoinHandle;
use tokio::time::Instant;

use crate::body::Body;

/// The idle connections of all hosts.
pub(super) struct Pool {
    idle_timeout: Duration,
    max_idle_per_host: usize,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    hosts: Vec<Host>,
    sweeper: Option<JoinHandle<()>>,
}

/// The longest idle come first.
struct Host {
    address: Address,
    idle: Vec<Idle>,
}

struct Idle {
    sender: SendRequest<Body>,
    since: Instant,
}

/// Where a connection leads.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Address {
    pub(super) scheme: Scheme,
    pub(super) authority: Authority,
}

impl Pool {
    pub(super) fn new(idle_timeout: Duration, max_idle_per_host: usize) -> Arc<Self> {
        Arc::new(Self {
            idle_timeout,
            max_idle_per_host,
            state: Mutex::default(),
        })
    }

    /// Takes the connection that was used last, which is the least likely to have been closed meanwhile.
    pub(super) fn take(&self, address: &Address) -> Option<SendRequest<Body>> {
        let mut state = self.state();
        let host = state.hosts.iter_mut().find(|it| it.address == *address)?;
        loop {
            let last = host.idle.pop()?;
            if !last.sender.is_closed() && last.since.elapsed() < self.idle_timeout {
                return Some(last.sender);
            }
        }
    }

    fn put(self: &Arc<Self>, address: Address, sender: SendRequest<Body>) {
        let idle = Idle {
            sender,
            since: Instant::now(),
        };
        let mut state = self.state();
        match state.hosts.iter_mut().find(|it| it.address == address) {
            Some(host) if host.idle.len() < self.max_idle_per_host => host.idle.push(idle),
            None if self.max_idle_per_host > 0 => state.hosts.push(Host {
                address,
                idle: vec![idle],
            }),
            _ => return,
        }
        // A runtime that ended took its sweeper along.
        if state.sweeper.as_ref().is_none_or(JoinHandle::is_finished)
            && let Ok(runtime) = Handle::try_current()
        {
            state.sweeper = Some(runtime.spawn(sweep(Arc::downgrade(self), self.idle_timeout)));
        }
    }

    /// Closes what was idle for too long; says whether anything is left.
    fn prune(&self) -> bool {
        let mut state = self.state();
        for host in &mut state.hosts {
            host.idle
                .retain(|it| !it.sender.is_closed() && it.since.elapsed() < self.idle_timeout);
        }
        state.hosts.retain(|host| !host.idle.is_empty());
        if state.hosts.is_empty() {
            state.sweeper = None;
        }
        !state.hosts.is_empty()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Closes idle connections even if no more requests come, while there are any.
async fn sweep(pool: Weak<Pool>, every: Duration) {
    loop {
        tokio::time::sleep(every).await;
        if !pool.upgrade().is_some_and(|pool| pool.prune()) {
            return;
        }
    }
}

/// The body of an answer, which gives the connection back when all of it was read. One that is dropped before closes it.
pub(super) struct Lent {
    body: Incoming,
    /// Nothing once the connection was given back, or is broken.
    connection: Option<(Address, SendRequest<Body>)>,
    pool: Arc<Pool>,
}

impl Lent {
    pub(super) fn new(
        body: Incoming,
        address: Address,
        sender: SendRequest<Body>,
        pool: &Arc<Pool>,
    ) -> Self {
        let mut lent = Self {
            body,
            connection: Some((address, sender)),
            pool: Arc::clone(pool),
        };
        if lent.body.is_end_stream() {
            lent.give_back();
        }
        lent
    }

    fn give_back(&mut self) {
        let Some((address, mut sender)) = self.connection.take() else {
            return;
        };
        if sender.is_ready() {
            return self.pool.put(address, sender);
        }
        // Its task, on another thread, is about to see the end; or it still sends a request that was answered early.
        if let Ok(runtime) = Handle::try_current() {
            let pool = Arc::clone(&self.pool);
            runtime.spawn(async move {
                if sender.ready().await.is_ok() {
                    pool.put(address, sender);
                }
            });
        }
    }
}

impl http_body::Body for Lent {
    type Data = Bytes;
    type Error = ::hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, ::hyper::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(context));
        match &frame {
            Some(Err(_)) => self.connection = None,
            None => self.give_back(),
            Some(Ok(_)) if self.body.is_end_stream() => self.give_back(),
            Some(Ok(_)) => {}
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
