use std::time::Duration;

use super::pace::MinThroughput;
use crate::retry::RetryPolicy;

/// What a client does about time, size and failure; each can be overridden for one call.
#[derive(Clone, Debug)]
pub(super) struct Settings {
    pub(super) retry: RetryPolicy,
    /// The transport's own, if none is set.
    pub(super) connect_timeout: Option<Duration>,
    pub(super) attempt_timeout: Duration,
    pub(super) call_timeout: Duration,
    pub(super) max_response_bytes: usize,
    pub(super) min_throughput: MinThroughput,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            retry: RetryPolicy::default(),
            connect_timeout: None,
            attempt_timeout: Duration::from_secs(15),
            call_timeout: Duration::from_secs(60),
            max_response_bytes: 16 << 20,
            min_throughput: MinThroughput::default(),
        }
    }
}

/// What one call does other than its client: for [`Client::send_with`](crate::Client::send_with).
///
/// ```
/// use std::time::Duration;
/// use acs_core::{CallOptions, RetryPolicy};
///
/// let patient = CallOptions::new().call_timeout(Duration::from_secs(300)).retry(RetryPolicy::attempts(8));
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct CallOptions {
    retry: Option<RetryPolicy>,
    connect_timeout: Option<Duration>,
    attempt_timeout: Option<Duration>,
    call_timeout: Option<Duration>,
    max_response_bytes: Option<usize>,
    min_throughput: Option<MinThroughput>,
    is_idempotent: Option<bool>,
}

impl CallOptions {
    /// Makes options that override nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets when the call is sent again.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = Some(policy);
        self
    }

    /// Sets how long name look-up, connection and TLS handshake may take together. With reqwest, calls with a limit of
    /// their own have connections of their own.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = Some(timeout);
        self
    }

    /// Sets how long one attempt may take, its whole answer included.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.attempt_timeout = Some(timeout);
        self
    }

    /// Sets how long all attempts and the waits between them may take together.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.call_timeout = Some(timeout);
        self
    }

    /// Sets how many bytes the answer may have, as sent and unpacked.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.max_response_bytes = Some(bytes);
        self
    }

    /// Sets the least rate at which bodies must move, either way.
    pub fn min_throughput(mut self, floor: MinThroughput) -> Self {
        self.min_throughput = Some(floor);
        self
    }

    /// Says whether the call can be repeated without harm. Say so of a write only if a second effect is
    /// acceptable, or impossible for a reason that the SDK can't know.
    pub fn idempotent(mut self, is_idempotent: bool) -> Self {
        self.is_idempotent = Some(is_idempotent);
        self
    }

    pub(super) fn is_idempotent(&self) -> Option<bool> {
        self.is_idempotent
    }

    pub(super) fn apply(&self, settings: &Settings) -> Settings {
        Settings {
            retry: self.retry.clone().unwrap_or_else(|| settings.retry.clone()),
            connect_timeout: self.connect_timeout.or(settings.connect_timeout),
            attempt_timeout: self.attempt_timeout.unwrap_or(settings.attempt_timeout),
            call_timeout: self.call_timeout.unwrap_or(settings.call_timeout),
            max_response_bytes: self
                .max_response_bytes
                .unwrap_or(settings.max_response_bytes),
            min_throughput: self.min_throughput.unwrap_or(settings.min_throughput),
        }
    }
}
