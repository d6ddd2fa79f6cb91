//! A wrong clock, here or there.

use std::sync::Arc;
use std::time::Duration;

use acs_core::{BoxFuture, ReplayTransport, Runtime, SystemRuntime};
use chrono::{DateTime, TimeDelta, Utc};

use crate::support::{
    CREATED, PLAY_INFO, Service, builder, error, read, replaying, with_headers, write,
};

#[tokio::test(start_paused = true)]
async fn f10_a_wrong_clock_costs_one_extra_attempt_in_the_life_of_the_client() {
    for minutes in [-20, 20] {
        let transport = Arc::new(ReplayTransport::new());
        let runtime = Skewed {
            inner: SystemRuntime::new(),
            by: TimeDelta::minutes(minutes),
        };
        let client = builder()
            .transport(Arc::clone(&transport) as _)
            .runtime(Arc::new(runtime))
            .build()
            .unwrap();
        let now = http_date(SystemRuntime::new().now());
        transport.answer_with(with_headers(
            400,
            &[("date", &now)],
            error("InvalidTimeStamp.Expired"),
        ));
        for _ in 0..3 {
            transport.answer_with(with_headers(200, &[("date", &now)], CREATED));
        }
        let mut attempts = Vec::new();
        for _ in 0..3 {
            attempts.push(client.send(write()).await.unwrap().attempts());
        }
        println!("F10 {minutes} min: attempts {attempts:?}");
        assert_eq!(attempts, [2, 1, 1]);
        let errors = clock_errors(&transport);
        assert!(errors[0] > TimeDelta::minutes(19));
        assert!(
            errors[1..]
                .iter()
                .all(|error| *error < TimeDelta::minutes(1)),
            "{errors:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn f10_calls_in_flight_at_once_all_outlive_a_wrong_clock() {
    let runtime = Skewed {
        inner: SystemRuntime::new(),
        by: TimeDelta::minutes(20),
    };
    let client = builder()
        .transport(punctual())
        .runtime(Arc::new(runtime))
        .build()
        .unwrap();
    let calls: Vec<_> = (0..10)
        .map(|_| {
            tokio::spawn({
                let client = client.clone();
                async move { client.send(write()).await.map(|answer| answer.attempts()) }
            })
        })
        .collect();
    let mut attempts = Vec::new();
    for call in calls {
        attempts.push(call.await.unwrap().unwrap());
    }
    println!("F10: attempts of 10 calls at once {attempts:?}");
    assert!(attempts.iter().all(|attempts| *attempts <= 2));
    assert_eq!(client.send(write()).await.unwrap().attempts(), 1);
}

#[tokio::test(start_paused = true)]
async fn f10_a_wrong_date_on_an_ordinary_answer_changes_nothing() {
    let transport = Arc::new(ReplayTransport::new());
    let client = replaying(&transport);
    let past = [("date", "Mon, 01 Jan 2001 00:00:00 GMT")];
    transport.answer_with(with_headers(200, &past, PLAY_INFO));
    transport.answer_with(with_headers(400, &past, error("SignatureDoesNotMatch")));
    transport.answer_with(with_headers(200, &past, PLAY_INFO));
    client.send(read()).await.unwrap();
    client.send(read()).await.unwrap_err();
    client.send(read()).await.unwrap();
    let errors = clock_errors(&transport);
    println!("F10: {} requests, clock errors {errors:?}", errors.len());
    assert_eq!(errors.len(), 3);
    assert!(errors.iter().all(|error| *error < TimeDelta::minutes(1)));
}

fn http_date(time: DateTime<Utc>) -> String {
    time.format("%a, %d %b %Y %H:%M:%S GMT").to_string()
}

/// How far the dates of the requests are from the real time.
fn clock_errors(transport: &ReplayTransport) -> Vec<TimeDelta> {
    let now = SystemRuntime::new().now();
    let date = |sent: &acs_core::SentRequest| {
        sent.headers["x-acs-date"]
            .to_str()
            .unwrap()
            .parse::<DateTime<Utc>>()
            .unwrap()
    };
    transport
        .sent()
        .iter()
        .map(|sent| (date(sent) - now).abs())
        .collect()
}

/// A runtime whose wall clock is off.
#[derive(Debug)]
struct Skewed {
    inner: SystemRuntime,
    by: TimeDelta,
}

impl Runtime for Skewed {
    fn now(&self) -> DateTime<Utc> {
        self.inner.now() + self.by
    }

    fn elapsed(&self) -> Duration {
        self.inner.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        self.inner.sleep(duration)
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        self.inner.fill_random(bytes);
    }
}

/// A service that insists on the right time. All that are in flight are answered after all were sent.
fn punctual() -> Arc<Service> {
    Service::new(Duration::from_millis(100), |request| {
        let now = SystemRuntime::new().now();
        let date = http_date(now);
        let date = [("date", date.as_str())];
        let sent = request.headers()["x-acs-date"].to_str().unwrap();
        let is_late = (sent.parse::<DateTime<Utc>>().unwrap() - now).abs() > TimeDelta::minutes(15);
        if is_late {
            with_headers(400, &date, error("InvalidTimeStamp.Expired"))
        } else {
            with_headers(200, &date, CREATED)
        }
    })
}
