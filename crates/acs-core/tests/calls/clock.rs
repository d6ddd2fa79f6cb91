//! A clock that is set while a program runs.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use acs_core::{Body, BoxFuture, Runtime, SystemRuntime, Transport, TransportError};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{PutBook, builder, refusal};

#[tokio::test(start_paused = true)]
async fn f10_a_clock_that_jumps_costs_one_extra_attempt_each_time() {
    let clock = Arc::new(Clock {
        real: SystemRuntime::new(),
        minutes: AtomicI64::new(0),
    });
    let client = builder(Arc::new(Punctual)).runtime(Arc::clone(&clock) as _);
    let client = client.build().unwrap();
    let mut attempts = Vec::new();
    for minutes in [0, 20, -20, -21, 0] {
        clock.minutes.store(minutes, Ordering::SeqCst);
        for _ in 0..2 {
            let answer = client.send(PutBook::default()).await.unwrap();
            attempts.push(answer.attempts());
        }
    }
    println!("F10: attempts while the clock is 0, 20, -20, -21 and 0 minutes off {attempts:?}");
    assert_eq!(attempts, [1, 1, 2, 1, 2, 1, 1, 1, 2, 1]);
}

/// A clock that is off by as much as it is told.
#[derive(Debug)]
struct Clock {
    real: SystemRuntime,
    minutes: AtomicI64,
}

impl Runtime for Clock {
    fn now(&self) -> DateTime<Utc> {
        self.real.now() + TimeDelta::minutes(self.minutes.load(Ordering::SeqCst))
    }

    fn elapsed(&self) -> Duration {
        self.real.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.real.sleep(duration)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.real.fill_random(bytes);
    }
}

/// Refuses what is dated 15 minutes off, and tells its own time.
#[derive(Debug)]
struct Punctual;

impl Transport for Punctual {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let now = SystemRuntime::new().now();
        let dated = request.headers()["x-acs-date"].to_str().unwrap();
        let dated: DateTime<Utc> = dated.parse().unwrap();
        let date = now.format("%a, %d %b %Y %H:%M:%S GMT").to_string();
        let answer = if (dated - now).abs() > TimeDelta::minutes(15) {
            refusal(400, &[("date", &date)], "InvalidTimeStamp.Expired")
        } else {
            http::Response::new("{}".into())
        };
        Box::pin(async { Ok(answer.map(Body::from)) })
    }
}
