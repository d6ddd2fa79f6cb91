//! The seam to time and randomness.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// The one boxed future of the object-safe seams.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// Where a client gets wall-clock time, elapsed time, sleep and randomness from; a test puts its own here.
pub trait Runtime: fmt::Debug + Send + Sync {
    /// Returns the wall-clock time in UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Returns a time that never goes back, counted from a start of the runtime's own choice.
    fn elapsed(&self) -> Duration;

    /// Ends after `duration`.
    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()>;

    /// Fills `bytes` with unpredictable ones.
    fn fill_random(&self, bytes: &mut [u8]);
}

/// A shared [`Runtime`].
pub type SharedRuntime = Arc<dyn Runtime>;

/// The operating system's clock and randomness, and tokio's timer: in a test whose tokio time is paused, elapsed time
/// and sleep are virtual.
#[derive(Clone, Copy, Debug)]
pub struct SystemRuntime {
    start: Instant,
}

impl SystemRuntime {
    /// Makes the runtime of a real program.
    pub fn new() -> Self {
        Self {
            start: Instant::now(),
        }
    }
}

impl Default for SystemRuntime {
    fn default() -> Self {
        Self::new()
    }
}

impl Runtime for SystemRuntime {
    #[allow(clippy::disallowed_methods)] // the one place where the clock comes in
    fn now(&self) -> DateTime<Utc> {
        Utc::now()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        // Invariant: the operating system has randomness. A program without it cannot make a nonce or a TLS
        // key, and must not go on as if it could.
        #[allow(clippy::expect_used)]
        getrandom::fill(bytes).expect("the operating system gives random bytes");
    }
}

/// Returns a nonce of 32 lower-case hexadecimal digits (128 random bits), in a buffer without allocation.
pub(crate) fn nonce(runtime: &dyn Runtime) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut random = [0_u8; 16];
    runtime.fill_random(&mut random);
    let mut text = [0_u8; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(random) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}
