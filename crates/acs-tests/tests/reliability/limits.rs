//! Limits in time and rate.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use acs_core::{CallOptions, ErrorKind, RateLimit, ReplayTransport, RetryPolicy};
use acs_tests::fault::{Act, FaultServer, answer};
use tokio::time::Instant;

use crate::support::{
    PLAY_INFO, Service, builder, client_of, error, read, replaying, with_headers,
};

#[tokio::test]
async fn f6_a_slow_head_and_a_dripping_body_end_with_the_attempt() {
    let limit = Duration::from_millis(500);
    let hang = Act::SendAndHang(b"HTTP/1.1 200".to_vec());
    let drip = Act::Drip(answer("200 OK", "", PLAY_INFO), Duration::from_millis(100));
    for act in [hang, drip] {
        let server = FaultServer::start(move |_, _| act.clone()).await.unwrap();
        let options = CallOptions::new()
            .attempt_timeout(limit)
            .retry(RetryPolicy::none());
        let start = Instant::now();
        let failed = client_of(&server)
            .send_with(read(), &options)
            .await
            .unwrap_err();
        println!(
            "F6: {:?} after {:?} (limit {limit:?})",
            failed.kind(),
            start.elapsed()
        );
        assert_eq!(failed.kind(), ErrorKind::Timeout);
        assert!(start.elapsed() >= limit);
    }
}

#[tokio::test(start_paused = true)]
async fn f6_the_whole_call_ends_within_its_own_limit() {
    let transport = Arc::new(ReplayTransport::new());
    for _ in 0..100 {
        transport.answer(503, error("ServiceUnavailable"));
    }
    let options = CallOptions::new()
        .retry(RetryPolicy::attempts(100))
        .call_timeout(Duration::from_secs(10));
    let start = Instant::now();
    replaying(&transport)
        .send_with(read(), &options)
        .await
        .unwrap_err();
    println!("F6: gave up after {:?} of 10 s", start.elapsed());
    assert!(start.elapsed() <= Duration::from_secs(10));
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limit_keeps_a_fleet_under_the_published_rate() {
    // A service that allows 10 calls a second of one operation, shared by a client that may try 100.
    let transport = metered(10);
    let client = builder()
        .transport(transport)
        .rate_limit(RateLimit::per_second(100.0));
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    let options = CallOptions::new().call_timeout(Duration::from_secs(3_600));
    let mut refused = Vec::new();
    for _ in 0..1_000 {
        refused.push(client.send_with(read(), &options).await.is_err());
    }
    let late = refused[500..].iter().filter(|refused| **refused).count();
    println!(
        "limiter: {} of the first 100 and {late} of the last 500 calls throttled",
        refused[..100].iter().filter(|it| **it).count()
    );
    assert!(late < 100, "{late}");
}

/// A service that throttles beyond a rate.
fn metered(per_second: usize) -> Arc<Service> {
    let window = Mutex::new(VecDeque::new());
    Service::new(Duration::ZERO, move |_| {
        let now = Instant::now();
        let mut window: MutexGuard<'_, VecDeque<Instant>> = window.lock().unwrap();
        window.retain(|call| now - *call < Duration::from_secs(1));
        if window.len() >= per_second {
            return with_headers(400, &[], error("Throttling.User"));
        }
        window.push_back(now);
        with_headers(200, &[], PLAY_INFO)
    })
}
