use std::fmt;
use std::time::Duration;

use crate::error::ErrorKind;

/// Is told of each attempt and each call, for metrics. It is called on the caller's task: be quick.
pub trait Observer: fmt::Debug + Send + Sync {
    /// An attempt ended.
    fn attempt(&self, attempt: &AttemptReport<'_>) {
        let _ = attempt;
    }

    /// A call ended.
    fn call(&self, call: &CallReport<'_>) {
        let _ = call;
    }
}

/// One attempt, as an [`Observer`] sees it. It holds no secret.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct AttemptReport<'a> {
    /// The operation.
    pub action: &'a str,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// The service's code, if it reported an error.
    pub code: Option<&'a str>,
    /// The request id, if there was an answer with one.
    pub request_id: Option<&'a str>,
    /// Bytes of the answer's body, unpacked; 0 where it was not read whole, or is larger than allowed.
    pub response_bytes: usize,
    /// How long it took.
    pub elapsed: Duration,
}

/// One call, as an [`Observer`] sees it.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct CallReport<'a> {
    /// The operation.
    pub action: &'a str,
    /// How often it was sent.
    pub attempts: u32,
    /// How it failed, if it did.
    pub error: Option<ErrorKind>,
    /// How long it took, waits included.
    pub elapsed: Duration,
}
