//! Limits in time and rate.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use acs_core::{CallOptions, ErrorKind, MinThroughput, RateLimit, ReplayTransport, RetryPolicy};
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
        // Far more than a busy machine adds, and far less than the call may take.
        assert!(start.elapsed() < limit * 40);
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

#[tokio::test]
async fn f6_a_drip_is_cut_by_the_floor_before_the_attempt_ends() {
    let headers = "x-acs-request-id: R-6\r\n";
    let drip = Act::Drip(
        answer("200 OK", headers, PLAY_INFO),
        Duration::from_millis(5),
    );
    let server = FaultServer::start(move |_, _| drip.clone()).await.unwrap();
    let floor = MinThroughput::new(10_000, Duration::from_millis(100));
    let options = CallOptions::new()
        .min_throughput(floor)
        .retry(RetryPolicy::none());
    let failed = client_of(&server)
        .send_with(read(), &options)
        .await
        .unwrap_err();
    println!("F6 floor: {failed}");
    assert_eq!(failed.kind(), ErrorKind::Timeout);
    assert!(
        failed.to_string().contains("receiving was too slow"),
        "{failed}"
    );
    assert_eq!(failed.request_id(), Some("R-6"));
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limit_keeps_a_fleet_under_the_published_rate() {
    // A service that allows 10 calls a second of one operation, shared by four programs that may each try 100.
    let service = metered(10);
    let fleet: Vec<_> = (0..4)
        .map(|_| {
            let client = builder()
                .transport(Arc::clone(&service) as _)
                .rate_limit(RateLimit::per_second(100.0))
                .retry(RetryPolicy::none())
                .build()
                .unwrap();
            tokio::spawn(async move {
                let options = CallOptions::new().call_timeout(Duration::from_secs(3_600));
                let mut refused = Vec::new();
                for _ in 0..500 {
                    refused.push(client.send_with(read(), &options).await.is_err());
                }
                refused
            })
        })
        .collect();
    let (mut early, mut late) = (0, 0);
    for program in fleet {
        let refused = program.await.unwrap();
        early += refused[..50].iter().filter(|it| **it).count();
        late += refused[250..].iter().filter(|it| **it).count();
    }
    println!(
        "limiter: {early} of the first 200 and {late} of the last 1000 calls of four programs throttled"
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
