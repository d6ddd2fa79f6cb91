//! The floor of throughput: what drips or stands still, either way, is given up.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use crate::runtime::{BoxFuture, Runtime};

/// The least rate at which a body must move, up or down, while it does: whatever is slower is given up before the
/// attempt's time is. The wait for the first byte of an answer does not count; the attempt's own limit bounds it.
///
/// What goes up counts when the transport takes it; bodies of up to 64 KiB are taken at once.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct MinThroughput {
    /// The least average rate. Default 256; 0 turns the floor off.
    pub bytes_per_second: u32,
    /// The stretch of time that the average is of. Default 5 s.
    pub window: Duration,
}

impl MinThroughput {
    /// Makes a floor.
    pub fn new(bytes_per_second: u32, window: Duration) -> Self {
        Self {
            bytes_per_second,
            window,
        }
    }

    /// Returns what lets a body be as slow as the attempt's limit allows.
    pub fn off() -> Self {
        Self::new(0, Duration::ZERO)
    }

    /// The bytes that must move in a window: at least one.
    fn min_bytes(self) -> u64 {
        let bytes = u128::from(self.bytes_per_second) * self.window.as_millis() / 1_000;
        u64::try_from(bytes).unwrap_or(u64::MAX).max(1)
    }
}

impl Default for MinThroughput {
    fn default() -> Self {
        Self::new(256, Duration::from_secs(5))
    }
}

/// Which way a body moves.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Way {
    Up,
    Down,
}

/// A body that did not keep to the floor.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Stall {
    way: Way,
    bytes: u64,
    window: Duration,
    total: u64,
}

impl fmt::Display for Stall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let phase = match self.way {
            Way::Up => "sending",
            Way::Down => "receiving",
        };
        write!(
            f,
            "{phase} was too slow: {} bytes in {:?}, at byte {} of the body",
            self.bytes, self.window, self.total
        )
    }
}

/// Waits for `work`, as long as the bytes that `moved` tells of keep to the floor. `None` from it means that nothing is
/// to move any more.
pub(super) async fn keep_pace<T>(
    floor: MinThroughput,
    way: Way,
    moved: impl Fn() -> Option<u64>,
    runtime: &dyn Runtime,
    work: impl Future<Output = T>,
) -> Result<T, Stall> {
    /// In how many steps a window is looked at, so that a stall is seen soon after its time.
    const STEPS: u32 = 10;
    let step = (floor.window / STEPS).max(Duration::from_millis(1));
    let mut work = pin!(work);
    let mut watch: Option<Watch> = None;
    poll_fn(|context| {
        if let Poll::Ready(done) = work.as_mut().poll(context) {
            return Poll::Ready(Ok(done));
        }
        // Most bodies are here at once, and cost no timer.
        while floor.bytes_per_second > 0
            && let Some(total) = moved()
        {
            let watch = watch.get_or_insert_with(|| Watch {
                mark: total,
                since: runtime.elapsed(),
                next: runtime.sleep(step),
            });
            ready!(watch.next.as_mut().poll(context));
            let now = runtime.elapsed();
            let bytes = total - watch.mark;
            if bytes >= floor.min_bytes() {
                (watch.mark, watch.since) = (total, now);
            } else if now.saturating_sub(watch.since) >= floor.window {
                return Poll::Ready(Err(Stall {
                    way,
                    bytes,
                    window: floor.window,
                    total,
                }));
            }
            watch.next = runtime.sleep(step);
        }
        Poll::Pending
    })
    .await
}

struct Watch {
    /// How much had moved when enough had.
    mark: u64,
    /// When that was.
    since: Duration,
    /// When to look again.
    next: BoxFuture<'static, ()>,
}
