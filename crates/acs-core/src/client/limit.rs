//! An adaptive limiter: a rate for each operation, which falls when the service throttles and recovers slowly.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use super::published;

/// The settings of the limiter, which is off unless a client's builder is given some.
///
/// The published rates are of the whole account, so programs that share one also share a rate: each finds its
/// part by what the service throttles.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct RateLimit {
    /// Calls a second that an operation starts with, and never exceeds.
    pub max_per_second: f64,
    /// Whether the rate that the service publishes for an operation, where one is known, stands in for
    /// [`max_per_second`](Self::max_per_second).
    pub uses_published_rates: bool,
    /// Calls a second that are always allowed.
    pub min_per_second: f64,
    /// What a throttled answer multiplies the rate by: more than 0, and at most 1.
    pub decrease: f64,
    /// What a second without throttling adds, as a part of the rate: not less than 0.
    pub increase: f64,
}

impl RateLimit {
    /// Makes a limit with a highest rate, and 0.5 calls a second as the lowest. Throttling takes the rate down to
    /// 0.7 of itself; it recovers by 2 % a second.
    pub fn per_second(max_per_second: f64) -> Self {
        Self {
            max_per_second: max_per_second.max(0.5),
            uses_published_rates: false,
            min_per_second: 0.5,
            decrease: 0.7,
            increase: 0.02,
        }
    }

    /// Makes a limit that knows the rates which VOD, MPS and STS publish for their operations (360 calls of
    /// `GetPlayInfo` a second, say); those without one get `otherwise_per_second`.
    pub fn published(otherwise_per_second: f64) -> Self {
        Self {
            uses_published_rates: true,
            ..Self::per_second(otherwise_per_second)
        }
    }
}

/// Keeps the calls of each operation below its rate.
#[derive(Debug)]
pub(super) struct Limiter {
    limit: RateLimit,
    product: &'static str,
    region: Box<str>,
    lanes: Mutex<HashMap<Box<str>, Lane>>,
}

#[derive(Clone, Copy, Debug)]
struct Lane {
    /// The highest rate.
    most: f64,
    rate: f64,
    /// When the next call may start.
    next: Duration,
    /// When the rate was last changed.
    changed: Duration,
}

impl Limiter {
    pub(super) fn new(limit: RateLimit, product: &'static str, region: &str) -> Self {
        // The fields are public: whatever they hold, a rate is a positive number.
        let least = if limit.min_per_second.is_finite() {
            limit.min_per_second.max(0.001)
        } else {
            0.5
        };
        let most = if limit.max_per_second.is_finite() {
            limit.max_per_second.max(least)
        } else {
            1e9
        };
        let limit = RateLimit {
            min_per_second: least,
            max_per_second: most,
            // Throttling never raises a rate, and quiet never lowers it.
            decrease: limit.decrease.clamp(f64::MIN_POSITIVE, 1.0),
            increase: limit.increase.max(0.0),
            ..limit
        };
        Self {
            limit,
            product,
            region: region.into(),
            lanes: Mutex::default(),
        }
    }

    /// Takes a turn for one call, and returns how long to wait for it; takes none where it would come after `latest`.
    pub(super) fn reserve(
        &self,
        action: &str,
        now: Duration,
        latest: Duration,
    ) -> Option<Duration> {
        self.lane(action, now, |lane| {
            let start = lane.next.max(now);
            if start >= latest {
                return None;
            }
            lane.next = start + Duration::from_secs_f64(1.0 / lane.rate);
            Some(start - now)
        })
    }

    /// Adapts the rate to an answer.
    pub(super) fn learn(&self, action: &str, is_throttled: bool, now: Duration) {
        let limit = self.limit;
        self.lane(action, now, |lane| {
            let quiet = now.saturating_sub(lane.changed).as_secs_f64();
            if !is_throttled {
                let recovered = lane.rate * (1.0 + quiet * limit.increase);
                lane.rate = recovered.min(lane.most);
                lane.changed = now;
            } else if quiet > 1.0 / lane.rate || lane.rate >= lane.most {
                // Answers to calls that were under way together count once.
                lane.rate = (lane.rate * limit.decrease).max(limit.min_per_second);
                lane.changed = now;
            }
        });
    }

    fn lane<T>(&self, action: &str, now: Duration, work: impl FnOnce(&mut Lane) -> T) -> T {
        let mut lanes = self.lanes.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(lane) = lanes.get_mut(action) {
            return work(lane);
        }
        let most = self.most(action);
        work(lanes.entry(action.into()).or_insert(Lane {
            most,
            rate: most,
            next: now,
            changed: now,
        }))
    }

    /// The highest rate of an operation.
    fn most(&self, action: &str) -> f64 {
        Some(self.limit.uses_published_rates)
            .filter(|uses| *uses)
            .and_then(|_| published::per_second(self.product, action, &self.region))
            .unwrap_or(self.limit.max_per_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many calls of an operation start within a second.
    fn in_a_second(limiter: &Limiter, action: &str) -> usize {
        let end = Duration::from_millis(999);
        (0..1_000)
            .take_while(|_| {
                limiter
                    .reserve(action, Duration::ZERO, end)
                    .is_some_and(|wait| wait < end)
            })
            .count()
    }

    #[test]
    fn an_operation_keeps_to_its_published_rate_and_others_to_the_callers_number() {
        let shanghai = Limiter::new(RateLimit::published(7.0), "vod", "cn-shanghai");
        let elsewhere = Limiter::new(RateLimit::published(7.0), "vod", "cn-zhangjiakou");
        assert_eq!(in_a_second(&shanghai, "GetPlayInfo"), 360);
        assert_eq!(in_a_second(&shanghai, "CreateUploadVideo"), 80);
        assert_eq!(in_a_second(&elsewhere, "CreateUploadVideo"), 40);
        assert_eq!(in_a_second(&shanghai, "ListTranscodeTask"), 7);
        let own = Limiter::new(RateLimit::per_second(9.0), "vod", "cn-shanghai");
        assert_eq!(in_a_second(&own, "GetPlayInfo"), 9);
    }

    #[test]
    fn whatever_the_settings_hold_a_rate_stays_between_the_least_and_the_most() {
        let odd = [
            -1.0,
            0.0,
            0.5,
            2.0,
            f64::MAX,
            f64::MIN,
            f64::INFINITY,
            f64::NEG_INFINITY,
            f64::NAN,
        ];
        for increase in odd {
            for decrease in odd {
                let limit = RateLimit {
                    increase,
                    decrease,
                    ..RateLimit::per_second(10.0)
                };
                let limiter = Limiter::new(limit, "vod", "cn-shanghai");
                for second in 0..20 {
                    let now = Duration::from_secs(second * 100);
                    let wait = limiter.reserve("GetPlayInfo", now, Duration::MAX);
                    assert!(wait.is_some_and(|wait| wait <= Duration::from_secs(2)));
                    limiter.learn("GetPlayInfo", second % 3 == 0, now);
                    let rate = limiter.lane("GetPlayInfo", now, |lane| lane.rate);
                    assert!((0.5..=10.0).contains(&rate), "{increase} {decrease} {rate}");
                }
            }
        }
    }
}
