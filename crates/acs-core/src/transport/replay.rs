use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;

use super::{Transport, TransportError, TransportErrorKind};
use crate::body::Body;
use crate::runtime::BoxFuture;

/// Answers from a list and keeps what was sent: a transport for tests of code that uses a client.
///
/// ```
/// use std::sync::Arc;
/// use acs_core::ReplayTransport;
///
/// let transport = Arc::new(ReplayTransport::new());
/// transport.answer(200, r#"{"RequestId":"R-1"}"#);
/// // … give `transport.clone()` to a client's builder, call, and look at `transport.sent()`.
/// assert!(transport.sent().is_empty());
/// ```
#[derive(Default)]
pub struct ReplayTransport(Mutex<State>);

#[derive(Default)]
struct State {
    answers: VecDeque<Result<http::Response<Bytes>, TransportErrorKind>>,
    sent: Vec<SentRequest>,
}

/// A request that a [`ReplayTransport`] was given. Its `Debug` text shows no header values and no query.
#[derive(Clone)]
#[non_exhaustive]
pub struct SentRequest {
    /// HTTP method.
    pub method: http::Method,
    /// The absolute URI.
    pub uri: http::Uri,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl ReplayTransport {
    /// Makes a transport without answers: each request fails as if there were no connection.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds an answer with a status and a body to the end of the list.
    pub fn answer(&self, status: u16, body: impl Into<Bytes>) {
        let mut response = http::Response::new(body.into());
        *response.status_mut() =
            http::StatusCode::from_u16(status).unwrap_or(http::StatusCode::IM_A_TEAPOT);
        self.answer_with(response);
    }

    /// Adds a whole answer to the end of the list.
    pub fn answer_with(&self, response: http::Response<Bytes>) {
        self.state(|state| state.answers.push_back(Ok(response)));
    }

    /// Adds a failure to the end of the list.
    pub fn fail(&self, kind: TransportErrorKind) {
        self.state(|state| state.answers.push_back(Err(kind)));
    }

    /// Returns the requests so far, oldest first.
    pub fn sent(&self) -> Vec<SentRequest> {
        self.state(|state| state.sent.clone())
    }

    fn state<T>(&self, work: impl FnOnce(&mut State) -> T) -> T {
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Transport for ReplayTransport {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let (head, body) = request.into_parts();
            let body = body
                .collect(usize::MAX)
                .await
                .map_err(|error| TransportError::new(TransportErrorKind::Request, error))?;
            let answer = self.state(|state| {
                state.sent.push(SentRequest {
                    method: head.method,
                    uri: head.uri,
                    headers: head.headers,
                    body,
                });
                state.answers.pop_front()
            });
            match answer {
                Some(Ok(response)) => Ok(response.map(Body::from)),
                Some(Err(kind)) => Err(TransportError::new(kind, "a failure from the list")),
                None => Err(TransportError::new(
                    TransportErrorKind::Connect,
                    "the list of answers is used up",
                )),
            }
        })
    }
}

impl fmt::Debug for ReplayTransport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (answers, sent) = self.state(|state| (state.answers.len(), state.sent.len()));
        f.debug_struct("ReplayTransport")
            .field("answers_left", &answers)
            .field("sent", &sent)
            .finish()
    }
}

impl fmt::Debug for SentRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SentRequest")
            .field("method", &self.method)
            .field("path", &self.uri.path())
            .field("headers", &self.headers.keys().collect::<Vec<_>>())
            .field("body_bytes", &self.body.len())
            .finish()
    }
}
