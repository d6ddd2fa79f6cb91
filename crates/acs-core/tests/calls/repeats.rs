//! What is sent again, and when.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{
    Body, BoxFuture, Credentials, Error, ErrorKind, ProvideCredentials, ReplayTransport,
    RetryPolicy, Runtime, Transport, TransportError,
};
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::support::{GetBook, PutBook, builder, client, refusal};

#[tokio::test(start_paused = true)]
async fn the_hint_to_wait_is_kept_to_after_a_failure_of_the_service_too() {
    let transport = Arc::new(ReplayTransport::new());
    let hint = [("x-acs-retry-after", "1500")];
    transport.answer_with(refusal(503, &hint, "ServiceUnavailable"));
    transport.answer(200, "{}");
    let start = Instant::now();
    client(&transport).send(GetBook::default()).await.unwrap();
    let waited = start.elapsed();
    assert!(
        (1_500..=1_600).contains(&waited.as_millis()),
        "waited {waited:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn where_repeats_are_off_nothing_is_sent_twice_and_the_next_call_succeeds() {
    let past = [("date", "Mon, 01 Jan 2001 00:00:00 GMT")];
    for (headers, code) in [
        (&past[..], "InvalidTimeStamp.Expired"),
        (&[], "InvalidSecurityToken.Expired"),
    ] {
        let transport = Arc::new(ReplayTransport::new());
        let client = builder(Arc::clone(&transport))
            .credentials(Sessions::default())
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        transport.answer_with(refusal(400, headers, code));
        let failed = client.send(GetBook::default()).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Service, "{failed}");
        assert_eq!(transport.sent().len(), 1, "{code}");
        // What was learnt is of use all the same.
        transport.answer(200, "{}");
        client.send(GetBook::default()).await.unwrap();
        let sent = transport.sent().pop().unwrap().headers;
        if headers.is_empty() {
            assert_eq!(sent["x-acs-accesskey-id"], "STS.2");
        } else {
            let date = sent["x-acs-date"].to_str().unwrap();
            assert!(date.starts_with("2001-01-01T00:0"), "{date}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_refused_together_fetch_new_credentials_once() {
    let sessions = Arc::new(Sessions::default());
    let client = builder(Arc::new(KnowsSecondSession))
        .credentials(Arc::clone(&sessions))
        .build()
        .unwrap();
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let client = client.clone();
            tokio::spawn(async move { client.send(PutBook::default()).await })
        })
        .collect();
    for call in calls {
        assert_eq!(call.await.unwrap().unwrap().attempts(), 2);
    }
    assert_eq!(sessions.loads.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn credentials_that_are_refused_again_are_not_replaced_again() {
    let transport = Arc::new(ReplayTransport::new());
    for _ in 0..3 {
        transport.answer_with(refusal(400, &[], "InvalidSecurityToken.Expired"));
    }
    let client = builder(Arc::clone(&transport)).credentials(Sessions::default());
    let failed = client.build().unwrap().send(GetBook::default()).await;
    let failed = failed.unwrap_err();
    assert!(failed.is_expired_credentials());
    assert_eq!((failed.attempts(), transport.sent().len()), (2, 2));
}

/// A cache on the way tells the time at which it filled.
#[tokio::test(start_paused = true)]
async fn the_date_of_a_cached_answer_corrects_no_clock() {
    let transport = Arc::new(ReplayTransport::new());
    let stale = [("date", "Mon, 01 Jan 2001 00:00:00 GMT"), ("age", "3")];
    transport.answer_with(refusal(400, &stale, "InvalidTimeStamp.Expired"));
    transport.answer(200, "{}");
    let client = client(&transport);
    let failed = client.send(GetBook::default()).await.unwrap_err();
    assert_eq!(failed.code(), Some("InvalidTimeStamp.Expired"));
    client.send(GetBook::default()).await.unwrap();
    let sent = transport.sent();
    assert_eq!(sent.len(), 2);
    for sent in sent {
        let date = sent.headers["x-acs-date"].to_str().unwrap();
        assert!(!date.starts_with("2001"), "{date}");
    }
}

#[test]
fn a_policy_of_any_numbers_gives_a_wait_of_two_days_at_most() {
    for long in [Duration::ZERO, Duration::from_secs(1), Duration::MAX] {
        let mut policy = RetryPolicy::attempts(u32::MAX);
        (policy.base_delay, policy.throttled_delay) = (long, long);
        policy.max_delay = Duration::MAX;
        for attempt in [0, 1, 31, 32, 33, u32::MAX] {
            for hint in [None, Some(Duration::MAX)] {
                for is_throttled in [false, true] {
                    let wait = policy.delay(attempt, is_throttled, hint, &Highest);
                    assert!(wait <= Duration::from_secs(2 * 24 * 3_600), "{wait:?}");
                }
            }
        }
    }
}

/// Random bytes that make the longest wait.
#[derive(Debug)]
struct Highest;

impl Runtime for Highest {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH
    }

    fn elapsed(&self) -> Duration {
        Duration::ZERO
    }

    fn sleep(&self, _: Duration) -> BoxFuture<'static, ()> {
        Box::pin(std::future::pending())
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0xff);
    }
}

/// One session at a time; another only where it is the present one that was refused.
#[derive(Debug, Default)]
struct Sessions {
    present: Mutex<Option<Credentials>>,
    loads: AtomicU32,
}

impl ProvideCredentials for Sessions {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        let mut present = self.present.lock().unwrap();
        let credentials = present.get_or_insert_with(|| {
            let number = self.loads.fetch_add(1, Ordering::SeqCst) + 1;
            Credentials::sts(format!("STS.{number}"), "secret", "token").unwrap()
        });
        Box::pin(std::future::ready(Ok(credentials.clone())))
    }

    fn invalidate(&self, rejected: &Credentials) {
        let mut present = self.present.lock().unwrap();
        if present.as_ref().is_some_and(|it| it.is_same(rejected)) {
            *present = None;
        }
    }
}

/// Refuses the first session, each request a little later than the one before.
#[derive(Debug)]
struct KnowsSecondSession;

impl Transport for KnowsSecondSession {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        static SENT: AtomicU32 = AtomicU32::new(0);
        let is_first = request.headers()["x-acs-accesskey-id"] == "STS.1";
        let number = SENT.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(u64::from(number))).await;
            let answer = if is_first {
                refusal(400, &[], "InvalidSecurityToken.Expired")
            } else {
                http::Response::new("{}".into())
            };
            Ok(answer.map(Body::from))
        })
    }
}
