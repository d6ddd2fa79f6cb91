//! The seam to time and randomness.

use std::cell::RefCell;
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
        STOCK.with_borrow_mut(|stock| stock.give(bytes));
    }
}

thread_local! {
    static STOCK: RefCell<Stock> = const { RefCell::new(Stock { bytes: [0; 512], left: 0, process: 0 }) };
}

/// Random bytes that were fetched together: a system call for each nonce would be felt. None is given twice,
/// also not by a process that was forked, which finds its parent's stock.
struct Stock {
    bytes: [u8; 512],
    left: usize,
    process: u32,
}

impl Stock {
    fn give(&mut self, out: &mut [u8]) {
        if out.len() > self.bytes.len() {
            return fill_from_system(out);
        }
        let process = std::process::id();
        if out.len() > self.left || self.process != process {
            self.process = process;
            fill_from_system(&mut self.bytes);
            self.left = self.bytes.len();
        }
        let from = self.left - out.len();
        out.copy_from_slice(&self.bytes[from..self.left]);
        self.bytes[from..self.left].fill(0);
        self.left = from;
    }
}

fn fill_from_system(bytes: &mut [u8]) {
    // Invariant: the operating system has randomness. A program without it cannot make a nonce or a TLS
    // key, and must not go on as if it could.
    #[allow(clippy::expect_used)]
    getrandom::fill(bytes).expect("the operating system gives random bytes");
}

/// Returns a nonce of 32 lower-case hexadecimal digits (128 random bits), in a buffer without allocation.
///
/// The time is mixed in, for a runtime whose random bytes a caller's seed makes.
pub(crate) fn nonce(runtime: &dyn Runtime, now: DateTime<Utc>) -> [u8; 32] {
    const DIGITS: &[u8; 16] = b"0123456789abcdef";
    let mut random = [0_u8; 16];
    runtime.fill_random(&mut random);
    let time = now.timestamp_nanos_opt().unwrap_or_default();
    for (byte, time) in random.iter_mut().zip(time.to_ne_bytes()) {
        *byte ^= time;
    }
    let mut text = [0_u8; 32];
    for (pair, byte) in text.chunks_exact_mut(2).zip(random) {
        pair[0] = DIGITS[usize::from(byte >> 4)];
        pair[1] = DIGITS[usize::from(byte & 15)];
    }
    text
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn no_nonce_comes_twice_although_random_bytes_are_fetched_in_stock() {
        let runtime = SystemRuntime::new();
        let made: HashSet<_> = (0..10_000)
            .map(|_| nonce(&runtime, DateTime::UNIX_EPOCH))
            .collect();
        assert_eq!(made.len(), 10_000);
    }

    #[derive(Debug)]
    struct SameBytes;

    impl Runtime for SameBytes {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH
        }

        fn elapsed(&self) -> Duration {
            Duration::ZERO
        }

        fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
            Box::pin(std::future::pending())
        }

        fn fill_random(&self, _: &mut [u8]) {}
    }

    #[test]
    fn nonces_of_the_same_random_bytes_differ_by_their_time() {
        let at = |nanos| nonce(&SameBytes, DateTime::from_timestamp_nanos(nanos));
        assert_ne!(at(1), at(2));
    }

    #[test]
    fn a_forked_process_gives_other_bytes_than_its_parent() {
        let mut stock = Stock {
            bytes: [7; 512],
            left: 512,
            // What a child finds: a stock that another process filled.
            process: std::process::id().wrapping_add(1),
        };
        let mut bytes = [0; 16];
        stock.give(&mut bytes);
        assert_ne!(bytes, [7; 16]);
        // The rest is the child's own, and is used up.
        let rest = stock.bytes;
        stock.give(&mut bytes);
        assert_eq!(bytes, rest[480..496]);
    }
}
