//! How long silence may last: limits on stillness, never on the length of a transfer.

use std::collections::VecDeque;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use acs_core::{Error, ErrorKind, Runtime};

use crate::payload::Sent;

/// Limits on stillness. There is none on a whole transfer: a large part over a slow link takes its time.
///
/// What goes up counts when the transport takes it. reqwest takes up to 400 KB ahead of the network, so for uplinks
/// below some 20 KB/s raise [`idle`](Self::idle).
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Timeouts {
    /// The stretch of time over which a transfer, either way, must move
    /// [`min_bytes_per_second`](Self::min_bytes_per_second) on average. Default 20 s.
    pub idle: Duration,
    /// The least average rate; with 0 a single byte per stretch is enough. Default 256.
    pub min_bytes_per_second: u32,
    /// How long the answer may take to begin once all is sent. Default 60 s.
    pub answer: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self {
            idle: Duration::from_secs(20),
            min_bytes_per_second: 256,
            answer: Duration::from_secs(60),
        }
    }
}

impl Timeouts {
    /// Returns the bytes that must move in a stretch: at least one.
    pub(crate) fn min_bytes(&self) -> u64 {
        let bytes = u128::from(self.min_bytes_per_second) * self.idle.as_millis() / 1_000;
        u64::try_from(bytes).unwrap_or(u64::MAX).max(1)
    }

    /// Ends when a request stands still: while it is sent, or while its answer is waited for.
    pub(crate) async fn sending_stalled(&self, sent: &Sent, runtime: &dyn Runtime) -> Error {
        /// In how many steps a stretch is looked at, so that a stall is seen soon after its time.
        const STEPS: u32 = 20;
        let step = (self.idle / STEPS).max(Duration::from_millis(1));
        let mut marks = VecDeque::from([sent.bytes()]);
        while !sent.is_whole() {
            runtime.sleep(step).await;
            marks.push_back(sent.bytes());
            if marks.len() <= STEPS as usize {
                continue;
            }
            let before = marks.pop_front().unwrap_or_default();
            if sent.bytes() - before < self.min_bytes() && !sent.is_whole() {
                return Error::new(
                    ErrorKind::Timeout,
                    format!(
                        "sending stood still: {} bytes in {:?}, at byte {} of the body",
                        sent.bytes() - before,
                        self.idle,
                        sent.bytes()
                    ),
                );
            }
        }
        runtime.sleep(self.answer).await;
        Error::new(
            ErrorKind::Timeout,
            format!("all was sent, but no answer began within {:?}", self.answer),
        )
    }
}

/// Watches an answer's body as it arrives: only the time spent waiting for it counts.
#[derive(Debug, Default)]
pub(crate) struct ArrivalWatch {
    waited: Duration,
    arrived: u64,
}

impl ArrivalWatch {
    /// Waits for the next piece by `next`, which tells its length besides.
    pub(crate) async fn wait<T>(
        &mut self,
        timeouts: &Timeouts,
        runtime: &dyn Runtime,
        next: impl Future<Output = (T, usize)>,
    ) -> Result<T, Error> {
        let left = timeouts.idle.saturating_sub(self.waited);
        let began = runtime.elapsed();
        let Some((piece, length)) = race(next, runtime.sleep(left)).await else {
            return Err(self.stalled(timeouts));
        };
        self.waited += runtime.elapsed().saturating_sub(began);
        self.arrived += length as u64;
        if self.arrived >= timeouts.min_bytes() {
            *self = Self::default();
        }
        Ok(piece)
    }

    fn stalled(&self, timeouts: &Timeouts) -> Error {
        Error::new(
            ErrorKind::Timeout,
            format!(
                "receiving stood still: {} bytes in {:?}",
                self.arrived, timeouts.idle
            ),
        )
    }
}

/// Runs `work` until it ends, or until `limit` ends first: then `None`.
pub(crate) async fn race<T>(
    work: impl Future<Output = T>,
    limit: impl Future<Output = ()>,
) -> Option<T> {
    either(work, limit).await.ok()
}

/// Waits for whichever ends first; the other is dropped.
pub(crate) async fn either<A, B>(
    first: impl Future<Output = A>,
    second: impl Future<Output = B>,
) -> Result<A, B> {
    let mut first = pin!(first);
    let mut second = pin!(second);
    poll_fn(|context| {
        if let Poll::Ready(done) = first.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        second.as_mut().poll(context).map(Err)
    })
    .await
}
