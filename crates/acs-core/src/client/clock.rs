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
    /// Returns the time as the service has it.
    pub(super) fn now(&self, runtime: &dyn Runtime) -> DateTime<Utc> {
        let offset = TimeDelta::milliseconds(self.0.load(Ordering::Relaxed));
        let now = runtime.now();
        now.checked_add_signed(offset).unwrap_or(now)
    }

    /// Learns the offset from the `Date` of an answer that complains about time; says whether that changed
    /// enough for another attempt to make sense.
    pub(super) fn learn(&self, headers: &HeaderMap, runtime: &dyn Runtime) -> bool {
        let Some(server) = date(headers) else {
            return false;
        };
        let offset = server - runtime.now();
        let change = offset - TimeDelta::milliseconds(self.0.load(Ordering::Relaxed));
        if change.abs() < SMALLEST_CORRECTION {
            return false;
        }
        self.0.store(offset.num_milliseconds(), Ordering::Relaxed);
        true
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
