//! How far the service's clock is from ours, learnt from an error about time.

use std::sync::atomic::{AtomicI64, Ordering};

use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;

use crate::runtime::Runtime;

/// The service refuses requests that are 15 minutes off; less than this is no reason to correct a clock.
const SMALLEST_CORRECTION: TimeDelta = TimeDelta::minutes(4);

/// What is added to the local clock before a request is dated, in milliseconds.
#[derive(Debug, Default)]
pub(super) struct ClockOffset(AtomicI64);

impl ClockOffset {
    /// Returns what is added to the local clock now.
    pub(super) fn get(&self) -> TimeDelta {
        TimeDelta::milliseconds(self.0.load(Ordering::Relaxed))
    }

    /// Learns the offset from the `Date` of an answer that complains about the time of a request, which was dated
    /// with the offset `dated_with`; says whether the right one is so different that another attempt makes sense.
    pub(super) fn learn(
        &self,
        headers: &HeaderMap,
        dated_with: TimeDelta,
        runtime: &dyn Runtime,
    ) -> bool {
        let Some(server) = date(headers) else {
            return false;
        };
        let offset = server - runtime.now();
        if (offset - self.get()).abs() >= SMALLEST_CORRECTION {
            self.0.store(offset.num_milliseconds(), Ordering::Relaxed);
        }
        // Another call may have learnt it meanwhile; this one was dated wrongly all the same.
        (offset - dated_with).abs() >= SMALLEST_CORRECTION
    }
}

/// The time of an answer that comes from the service itself: one with an `Age` comes from a cache.
fn date(headers: &HeaderMap) -> Option<DateTime<Utc>> {
    if headers.contains_key(http::header::AGE) {
        return None;
    }
    let text = headers.get(http::header::DATE)?.to_str().ok()?;
    DateTime::parse_from_rfc2822(text)
        .ok()
        .map(|date| date.with_timezone(&Utc))
}
