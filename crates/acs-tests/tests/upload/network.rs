//! A network that loses what a test wants lost.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use acs_core::{
    Body, BoxFuture, ReqwestTransport, SharedTransport, Transport, TransportError,
    TransportErrorKind,
};

/// What happens to a request on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fate {
    Arrives,
    NeverArrives,
    AnswerIsLost,
    /// Nothing is heard of it again.
    Hangs,
}

type Fates = dyn Fn(&str, usize, usize) -> Fate + Send + Sync;

/// A network with a will: it is asked for each request to OSS, by operation, by how many of that operation there were
/// before, and by how many of the very same request (of that part, say).
pub(crate) struct Network {
    inner: ReqwestTransport,
    counts: Mutex<BTreeMap<String, usize>>,
    fates: Box<Fates>,
}

impl Network {
    pub(crate) fn with(
        fates: impl Fn(&str, usize, usize) -> Fate + Send + Sync + 'static,
    ) -> SharedTransport {
        Arc::new(Self {
            inner: ReqwestTransport::builder().without_proxy().build().unwrap(),
            counts: Mutex::default(),
            fates: Box::new(fates),
        })
    }
}

impl Transport for Network {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let query = request.uri().query().unwrap_or_default();
        let action = match request.method().as_str() {
            "PUT" if query.contains("partNumber") => "UploadPart",
            "POST" if query == "uploads" => "Initiate",
            "POST" => "Complete",
            "PUT" => "Put",
            "DELETE" => "Abort",
            _ => "Other",
        };
        let before = |name: &str| {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(name.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let (number, repeat) = (before(action), before(&format!("{action} {query}")));
        let lost = || TransportError::new(TransportErrorKind::Interrupted, "a reset of the test");
        match (self.fates)(action, number, repeat) {
            Fate::Arrives => self.inner.send(request),
            Fate::NeverArrives => Box::pin(std::future::ready(Err(lost()))),
            Fate::Hangs => Box::pin(std::future::pending()),
            Fate::AnswerIsLost => Box::pin(async move {
                let _ = self.inner.send(request).await?;
                Err(lost())
            }),
        }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}
