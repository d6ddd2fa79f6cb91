//! A clock that jumps, sources that are scripted, and a server that counts.
#![allow(dead_code, clippy::unwrap_used)]

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use acs_core::{Body, BoxFuture, Credentials, Runtime, Transport, TransportError};
use acs_credentials::{Context, Failure, Found, LoadError, Source};
use chrono::{DateTime, TimeDelta, Utc};

pub(crate) const ROLE: &str = "acs:ram::1234567890123456:role/app";

/// Virtual time: that of a paused tokio runtime. Randomness is a fixed sequence.
#[derive(Debug)]
pub(crate) struct Clock {
    start: tokio::time::Instant,
    random: AtomicU64,
}

impl Clock {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self {
            start: tokio::time::Instant::now(),
            random: AtomicU64::new(0x9e37_79b9_7f4a_7c15),
        })
    }

    /// A clock whose jitter is none.
    pub(crate) fn without_jitter() -> Arc<Self> {
        Arc::new(Self {
            start: tokio::time::Instant::now(),
            random: AtomicU64::new(0),
        })
    }
}

impl Runtime for Clock {
    fn now(&self) -> DateTime<Utc> {
        let base = DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_248_000);
        base + TimeDelta::from_std(self.elapsed()).unwrap()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        for byte in bytes {
            let next = |seed: u64| {
                seed.wrapping_mul(6_364_136_223_846_793_005)
                    .wrapping_add(u64::from(seed != 0))
            };
            let old = self
                .random
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |seed| {
                    Some(next(seed))
                });
            *byte = old.unwrap().to_le_bytes()[6];
        }
    }
}

pub(crate) fn context(clock: &Arc<Clock>) -> Context {
    Context::isolated().with_runtime(Arc::clone(clock) as _)
}

/// Keys that end after `lifetime`.
pub(crate) fn session(number: u32, now: DateTime<Utc>, lifetime: Duration) -> Credentials {
    Credentials::sts(format!("STS.{number}"), "secret", "token")
        .unwrap()
        .with_expiry(now + TimeDelta::from_std(lifetime).unwrap())
}

/// A source that counts its loads, takes `delay` for each, and answers by load number (from 1) and time.
pub(crate) struct Faucet {
    pub(crate) loads: Arc<AtomicU32>,
    pub(crate) delay: Duration,
    pub(crate) answer:
        Box<dyn Fn(u32, DateTime<Utc>) -> Result<Credentials, LoadError> + Send + Sync>,
}

impl Faucet {
    pub(crate) fn new(
        delay: Duration,
        answer: impl Fn(u32, DateTime<Utc>) -> Result<Credentials, LoadError> + Send + Sync + 'static,
    ) -> (Self, Arc<AtomicU32>) {
        let loads = Arc::new(AtomicU32::new(0));
        let made = Self {
            loads: Arc::clone(&loads),
            delay,
            answer: Box::new(answer),
        };
        (made, loads)
    }

    /// Sessions of a fixed length.
    pub(crate) fn of_sessions(delay: Duration, lifetime: Duration) -> (Self, Arc<AtomicU32>) {
        Self::new(delay, move |number, now| Ok(session(number, now, lifetime)))
    }
}

impl Source for Faucet {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("faucet")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(async move {
            let number = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
            context.runtime().sleep(self.delay).await;
            Ok(Found::new(
                (self.answer)(number, context.now())?,
                "the faucet",
            ))
        })
    }
}

impl fmt::Debug for Faucet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Faucet")
    }
}

pub(crate) fn failed(text: &str) -> LoadError {
    Failure::new(text).into()
}

/// An STS that counts its calls: each takes `delay` and answers with `status`.
#[derive(Debug)]
pub(crate) struct Sts {
    pub(crate) calls: AtomicU32,
    pub(crate) status: AtomicU32,
    pub(crate) delay: Duration,
    clock: Arc<Clock>,
}

impl Sts {
    pub(crate) fn new(clock: &Arc<Clock>, delay: Duration) -> Arc<Self> {
        Arc::new(Self {
            calls: AtomicU32::new(0),
            status: AtomicU32::new(200),
            delay,
            clock: Arc::clone(clock),
        })
    }

    pub(crate) fn calls(&self) -> u32 {
        self.calls.load(Ordering::SeqCst)
    }
}

impl Transport for Sts {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let number = self.calls.fetch_add(1, Ordering::SeqCst) + 1;
            tokio::time::sleep(self.delay).await;
            let status = u16::try_from(self.status.load(Ordering::SeqCst)).unwrap();
            let body = if status == 200 {
                let end = self.clock.now() + TimeDelta::seconds(3600);
                format!(
                    r#"{{"RequestId":"R-{number}","Credentials":{{"AccessKeyId":"STS.{number}","AccessKeySecret":"s","SecurityToken":"t","Expiration":"{}"}}}}"#,
                    end.format("%Y-%m-%dT%H:%M:%SZ")
                )
            } else {
                r#"{"Code":"InternalError","RequestId":"R-9"}"#.to_owned()
            };
            Ok(http::Response::builder()
                .status(status)
                .body(Body::from(body.into_bytes()))
                .unwrap())
        })
    }
}
