use std::time::Duration;

use acs_core::Credentials;
use chrono::{DateTime, TimeDelta, Utc};

use crate::context::Context;
use crate::failure::Failure;
use crate::source::Found;

/// How long before their end credentials are renewed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Windows {
    pub(super) advisory: Duration,
    pub(super) mandatory: Duration,
    /// How long after their end they are still served, if nothing better is to be had.
    pub(super) grace: Duration,
}

/// What a load gave, and when it is to be renewed.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) credentials: Credentials,
    pub(super) origin: String,
    schedule: Option<Schedule>,
}

#[derive(Debug)]
struct Schedule {
    advisory: DateTime<Utc>,
    mandatory: DateTime<Utc>,
    end: DateTime<Utc>,
}

/// What the time of day makes of an entry.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum State {
    Fresh,
    /// Good, but to be renewed when that costs nobody time.
    Advisory,
    /// Good for a little while only.
    Mandatory,
    Expired,
}

impl Entry {
    pub(super) fn new(found: Found, windows: &Windows, context: &Context) -> Result<Self, Failure> {
        let now = context.now();
        let kept_until = || {
            let time = TimeDelta::from_std(found.keep_for?).ok()?;
            now.checked_add_signed(time)
        };
        let schedule = match found.credentials.expires_at() {
            Some(end) if end <= now => return Err(already_expired(&found, end, now)),
            Some(end) => Some(Schedule::new(now, end, windows, context.random_share())),
            // Nothing says that they end: what was kept long enough is looked at again, and served meanwhile.
            None => {
                kept_until().map(|end| Schedule::new(now, end, windows, context.random_share()))
            }
        };
        Ok(Self {
            credentials: found.credentials,
            origin: found.origin,
            schedule,
        })
    }

    #[inline]
    pub(super) fn never_ends(&self) -> bool {
        self.schedule.is_none()
    }

    /// Returns when the credentials ended, if they have.
    pub(super) fn ended(&self, state: State) -> Option<DateTime<Utc>> {
        (state == State::Expired).then(|| self.credentials.expires_at())?
    }

    #[inline]
    pub(super) fn state(&self, now: DateTime<Utc>) -> State {
        match &self.schedule {
            None => State::Fresh,
            Some(schedule) if now < schedule.advisory => State::Fresh,
            Some(schedule) if now < schedule.mandatory => State::Advisory,
            Some(schedule) if now < schedule.end => State::Mandatory,
            Some(_) => State::Expired,
        }
    }
}

impl Schedule {
    /// `jitter`, from 0 to 1, puts the start of the advisory window off by up to a tenth of it: processes that started
    /// together renew one after the other.
    fn new(now: DateTime<Utc>, end: DateTime<Utc>, windows: &Windows, jitter: f64) -> Self {
        let lifetime = (end - now).to_std().unwrap_or_default();
        let advisory = windows.advisory.min(lifetime / 4);
        let mandatory = windows.mandatory.min(lifetime / 10).min(advisory);
        let starts = (advisory - advisory.mul_f64(jitter / 10.0)).max(mandatory);
        Self {
            advisory: before(end, starts),
            mandatory: before(end, mandatory),
            end: TimeDelta::from_std(windows.grace)
                .ok()
                .and_then(|grace| end.checked_add_signed(grace))
                .unwrap_or(end),
        }
    }
}

fn before(end: DateTime<Utc>, time: Duration) -> DateTime<Utc> {
    TimeDelta::from_std(time)
        .ok()
        .and_then(|time| end.checked_sub_signed(time))
        .unwrap_or(end)
}

fn already_expired(found: &Found, end: DateTime<Utc>, now: DateTime<Utc>) -> Failure {
    Failure::new(format!(
        "{} gave credentials that have already expired: at {}, {} s before the time of this machine's clock; is the clock right?",
        found.origin,
        end.format("%Y-%m-%dT%H:%M:%SZ"),
        (now - end).num_seconds(),
    ))
}
