//! The floor of throughput: what drips or stands still, either way, is given up.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::{Poll, ready};
use std::time::Duration;

use crate::body::PIECE;
use crate::runtime::{BoxFuture, Runtime};

/// The least rate at which a body must move, up or down, while it does: whatever is slower is given up before the
/// attempt's time is.
///
/// Each way counts from the first byte of the body on. Name look-up, connection and handshake before the first byte goes
/// up, and the wait for the first byte of the answer's body (even where its head is here already), do not count; the
/// limits for connecting and of the attempt bound them.
///
/// What goes up counts when the transport takes it, in pieces of 1 KiB, and the piece under way counts as sent: a floor
/// of less than a piece in a window looks at as long a stretch as a piece may take. Bodies of up to 64 KiB are taken at
/// once, and not watched.
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

    /// The bytes that must be seen to move in a window: at least one. They are seen in pieces, one of which may be
    /// under way.
    fn min_bytes(self, way: Way) -> u64 {
        let bytes = u128::from(self.bytes_per_second) * self.window.as_millis() / 1_000;
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        bytes.saturating_sub(way.piece().into()).max(1)
    }

    /// The stretch of time that is looked at: no less than a piece may take.
    fn window(self, way: Way) -> Duration {
        let piece = Duration::from_secs(way.piece().into())
            .checked_div(self.bytes_per_second)
            .unwrap_or_default();
        self.window.max(piece)
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

impl Way {
    /// In what steps bytes are seen to move.
    fn piece(self) -> u16 {
        match self {
            Self::Up => PIECE,
            Self::Down => 0,
        }
    }
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
/// to be watched: not yet, or not any more.
pub(super) async fn keep_pace<T>(
    floor: MinThroughput,
    way: Way,
    moved: impl Fn() -> Option<u64>,
    runtime: &dyn Runtime,
    work: impl Future<Output = T>,
) -> Result<T, Stall> {
    /// In how many steps a window is looked at, so that a stall is seen soon after its time.
    const STEPS: u32 = 10;
    let (min_bytes, window) = (floor.min_bytes(way), floor.window(way));
    let step = (window / STEPS).max(Duration::from_millis(1));
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
            if watch.mark == 0 || bytes >= min_bytes {
                // Until something has moved, this is only looked for.
                (watch.mark, watch.since) = (total, now);
            } else if now.saturating_sub(watch.since) >= window {
                return Poll::Ready(Err(Stall {
                    way,
                    bytes,
                    window,
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
