//! Nonces that have been used: a second use within the window is a replay.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};

/// A date may lie this far before or behind the server's clock.
pub(crate) const WINDOW: TimeDelta = TimeDelta::minutes(15);

#[derive(Default)]
pub(crate) struct Nonces(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    /// Used nonces and the moment from which their requests are too old anyway.
    used: HashMap<(String, String), DateTime<Utc>>,
    sweep_at: usize,
}

impl Nonces {
    /// Notes the nonce of a request signed at `date`; `false` if the key has used it before.
    pub(crate) fn first_use(
        &self,
        access_key_id: &str,
        nonce: &str,
        date: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> bool {
        let mut inner = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if inner.used.len() >= inner.sweep_at {
            inner.used.retain(|_, until| *until >= now);
            inner.sweep_at = (inner.used.len() * 2).max(1024);
        }
        let id = (access_key_id.to_owned(), nonce.to_owned());
        inner.used.insert(id, date + WINDOW).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_remembered_for_as_long_as_its_request_would_be_accepted() {
        let nonces = Nonces::default();
        let start = DateTime::UNIX_EPOCH;
        let ahead = start + WINDOW;
        assert!(nonces.first_use("k", "n", ahead, start));
        for i in 0..5000 {
            assert!(nonces.first_use("k", &i.to_string(), start, start));
        }
        let last_moment = ahead + WINDOW;
        assert!(!nonces.first_use("k", "n", ahead, last_moment));
        assert!(nonces.first_use("another key", "n", ahead, last_moment));
    }
}
