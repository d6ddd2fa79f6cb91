//! A client's quota of repeats: when a service is down, repeats run dry and only first tries are left.

use std::sync::atomic::{AtomicU32, Ordering};

/// Tokens that repeats cost and successes bring back.
#[derive(Debug)]
pub(super) struct RetryBucket(AtomicU32);

const CAPACITY: u32 = 500;
/// A failure that may come from overload of the service costs more than being told to slow down, since the
/// latter is waited out anyway.
const COST: u32 = 14;
const COST_THROTTLED: u32 = 5;
const GAIN_OF_SUCCESS: u32 = 1;

impl RetryBucket {
    /// Takes the price of one repeat, and says whether there was enough.
    pub(super) fn take(&self, is_throttled: bool) -> bool {
        let cost = if is_throttled { COST_THROTTLED } else { COST };
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                tokens.checked_sub(cost)
            })
            .is_ok()
    }

    /// Notes a call that succeeded.
    pub(super) fn give_back(&self) {
        // A full bucket is the usual case, and is left untouched.
        if self.0.load(Ordering::Relaxed) >= CAPACITY {
            return;
        }
        _ = self
            .0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |tokens| {
                Some(tokens.saturating_add(GAIN_OF_SUCCESS).min(CAPACITY))
            });
    }
}

impl Default for RetryBucket {
    fn default() -> Self {
        Self(AtomicU32::new(CAPACITY))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repeats_run_dry_and_successes_bring_them_back() {
        let bucket = RetryBucket::default();
        let granted = (0..1_000).filter(|_| bucket.take(false)).count();
        assert_eq!(granted, (CAPACITY / COST) as usize);
        assert!(!bucket.take(false));
        for _ in 0..COST {
            bucket.give_back();
        }
        assert!(bucket.take(false));
        for _ in 0..10_000 {
            bucket.give_back();
        }
        assert_eq!(bucket.0.load(Ordering::Relaxed), CAPACITY);
    }
}
