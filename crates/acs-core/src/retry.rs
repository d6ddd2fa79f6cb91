use std::time::Duration;

use crate::runtime::Runtime;

/// When a call is sent again, and how long it waits before. Counted in attempts: 3 means the first try
/// and two more (`max_retry_time=3` of the official Python SDK would be 4 here).
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct RetryPolicy {
    /// Attempts in all, at least 1. Default 3.
    pub max_attempts: u32,
    /// The bound of the first wait; it doubles with each attempt. Default 50 ms.
    pub base_delay: Duration,
    /// The same after throttling. Default 1 s.
    pub throttled_delay: Duration,
    /// The longest wait. Default 20 s.
    pub max_delay: Duration,
}

impl RetryPolicy {
    /// Returns the policy that never sends again: neither with new credentials nor with a corrected clock, which are
    /// for the next call then.
    pub fn none() -> Self {
        Self {
            max_attempts: 1,
            ..Self::default()
        }
    }

    /// Returns the default policy with another number of attempts; 0 counts as 1.
    pub fn attempts(max_attempts: u32) -> Self {
        Self {
            max_attempts: max_attempts.max(1),
            ..Self::default()
        }
    }

    /// Picks the wait after attempt number `attempt` (from 1): a random time up to the bound, which spreads
    /// callers that failed together. The service's own hint is waited for at least, up to
    /// [`max_delay`](Self::max_delay).
    pub fn delay(
        &self,
        attempt: u32,
        is_throttled: bool,
        hint: Option<Duration>,
        runtime: &dyn Runtime,
    ) -> Duration {
        /// No wait is longer, whatever the policy says.
        const LONGEST: Duration = Duration::from_secs(24 * 3_600);
        let most = self.max_delay.min(LONGEST);
        let base = if is_throttled {
            self.throttled_delay
        } else {
            self.base_delay
        };
        let doubled = 1_u32
            .checked_shl(attempt.saturating_sub(1))
            .unwrap_or(u32::MAX);
        let bound = base.saturating_mul(doubled).min(most);
        let mut random = [0_u8; 4];
        runtime.fill_random(&mut random);
        let jittered = bound.mul_f64(f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX));
        hint.map_or(jittered, |hint| {
            hint.min(most).saturating_add(jittered.min(self.base_delay))
        })
    }
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 3,
            base_delay: Duration::from_millis(50),
            throttled_delay: Duration::from_secs(1),
            max_delay: Duration::from_secs(20),
        }
    }
}
