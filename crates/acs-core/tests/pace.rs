//! F7: what stands still or drips, either way, is given up in time, and what is only slow is not. In virtual time.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use acs_core::model::Schema;
use acs_core::operation::{Operation, OperationInfo};
use acs_core::{
    Body, BoxError, BoxFuture, CallOptions, Client, Credentials, Error, ErrorKind, MinThroughput,
    Product, ProductInfo, RetryPolicy, Transport, TransportError,
};
use bytes::Bytes;
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep, sleep};

#[derive(Debug)]
struct Shelf;

impl Product for Shelf {
    const INFO: &'static ProductInfo = &ProductInfo {
        product: "shelf",
        version: "2026-01-01",
        endpoints: &[],
        global: None,
    };
}

/// A write with a form, which can be long.
#[derive(Clone, Default)]
struct PutBook {
    text: String,
}

acs_core::model! {
    PutBook {
        0 text: string("Text").in_form(),
    }
}

impl Operation for PutBook {
    type Product = Shelf;
    type Output = Book;

    const INFO: &'static OperationInfo =
        &OperationInfo::rpc(Shelf::INFO, "PutBook", SCHEMA).idempotent();
}

const SCHEMA: &Schema = &Schema {
    name: "PutBook",
    fields: &[],
    checks: &[],
};

#[derive(Clone, Default)]
struct Book {
    text: String,
}

acs_core::model! {
    Book {
        0 text: string("Text").always(),
    }
}

/// A link that carries so many bytes a second either way, and none any more after a number of them.
#[derive(Clone, Copy, Debug)]
struct Link {
    bytes_per_second: usize,
    stops_after: usize,
    answer: usize,
    /// How long it takes to connect.
    connects_in: Duration,
    /// How long the service thinks between the head of its answer and the body.
    thinks_for: Duration,
}

impl Transport for Link {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let mut body = request.into_body();
            let mut carried = 0;
            sleep(self.connects_in).await;
            while let Some(frame) = body.frame().await {
                let length = frame.unwrap().into_data().unwrap().len();
                carried += length;
                if carried > self.stops_after {
                    std::future::pending::<()>().await;
                }
                sleep(self.time_for(length)).await;
            }
            let answer = format!(r#"{{"Text":"{}"}}"#, "x".repeat(self.answer));
            let response = http::Response::builder().header("x-acs-request-id", "R-1");
            Ok(response
                .body(Body::stream(Incoming {
                    rest: answer.into(),
                    arrived: 0,
                    link: *self,
                    next: Some(Box::pin(sleep(self.thinks_for + self.time_for(1)))),
                }))
                .unwrap())
        })
    }
}

impl Link {
    fn time_for(self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64)
    }

    async fn put(self, length: usize, options: &CallOptions) -> Result<String, Error> {
        let client = Client::<Shelf>::builder("cn-shanghai")
            .endpoint("http://127.0.0.1:1")
            .credentials(Credentials::access_key("LTAItest", "secret").unwrap())
            .transport(Arc::new(self))
            .retry(RetryPolicy::none())
            .attempt_timeout(Duration::from_secs(3_600))
            .call_timeout(Duration::from_secs(3_600))
            .build()
            .unwrap();
        let book = PutBook {
            text: "x".repeat(length),
        };
        client
            .send_with(book, options)
            .await
            .map(|answer| answer.text.clone())
    }
}

/// A body that arrives a tenth of a second's worth at a time.
struct Incoming {
    rest: Bytes,
    arrived: usize,
    link: Link,
    next: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.arrived >= self.link.stops_after {
            return Poll::Pending;
        }
        let length = (self.link.bytes_per_second / 10).clamp(1, self.rest.len());
        let pause = self.link.time_for(length);
        let next = self.next.get_or_insert_with(|| Box::pin(sleep(pause)));
        ready!(next.as_mut().poll(context));
        self.next = None;
        self.arrived += length;
        Poll::Ready(Some(Ok(Frame::data(self.rest.split_to(length)))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

const NEVER: usize = usize::MAX;

const LINK: Link = Link {
    bytes_per_second: 100_000,
    stops_after: NEVER,
    answer: 1,
    connects_in: Duration::ZERO,
    thinks_for: Duration::ZERO,
};

#[tokio::test(start_paused = true)]
async fn f7_a_download_that_stands_still_ends_with_its_phase_and_its_request_id() {
    let link = Link {
        bytes_per_second: 10_000,
        stops_after: 50_000,
        answer: 100_000,
        ..LINK
    };
    let start = Instant::now();
    let failed = link.put(1, &CallOptions::new()).await.unwrap_err();
    println!("F7 down: after {:?}: {failed}", start.elapsed());
    // Half of it takes five seconds, then the window of five.
    assert!((10..=11).contains(&start.elapsed().as_secs()));
    assert_eq!(failed.kind(), ErrorKind::Timeout);
    assert_eq!(failed.request_id(), Some("R-1"));
    assert!(
        failed
            .to_string()
            .contains("receiving was too slow: 0 bytes in 5s, at byte 50000"),
        "{failed}"
    );
}

#[tokio::test(start_paused = true)]
async fn f7_an_upload_that_stands_still_ends_with_its_phase() {
    let link = Link {
        bytes_per_second: 100_000,
        stops_after: 500_000,
        answer: 1,
        ..LINK
    };
    let start = Instant::now();
    let failed = link.put(1_000_000, &CallOptions::new()).await.unwrap_err();
    println!("F7 up: after {:?}: {failed}", start.elapsed());
    assert!((10..=11).contains(&start.elapsed().as_secs()));
    assert_eq!(failed.kind(), ErrorKind::Timeout);
    assert!(
        failed.to_string().contains("sending was too slow"),
        "{failed}"
    );
}

#[tokio::test(start_paused = true)]
async fn f7_a_drip_is_cut_and_a_link_of_1_kb_a_second_is_not() {
    let link = |bytes_per_second| Link {
        bytes_per_second,
        stops_after: NEVER,
        answer: 100_000,
        ..LINK
    };
    let start = Instant::now();
    let failed = link(10).put(1, &CallOptions::new()).await.unwrap_err();
    println!("F7 drip: after {:?}: {failed}", start.elapsed());
    assert!((5..=6).contains(&start.elapsed().as_secs()));
    let slow = link(1_000).put(1, &CallOptions::new()).await.unwrap();
    println!("F7 1 KB/s: {} bytes in {:?}", slow.len(), start.elapsed());
    assert_eq!(slow.len(), 100_000);
}

#[tokio::test(start_paused = true)]
async fn f7_the_floor_is_set_for_a_call_or_turned_off() {
    let link = Link {
        bytes_per_second: 100,
        stops_after: NEVER,
        answer: 1_000,
        ..LINK
    };
    let options = |floor| CallOptions::new().min_throughput(floor);
    let start = Instant::now();
    let strict = MinThroughput::new(1_000, Duration::from_secs(1));
    link.put(1, &options(strict)).await.unwrap_err();
    println!("F7 own floor: cut after {:?}", start.elapsed());
    assert_eq!(start.elapsed().as_secs(), 1);
    link.put(1, &options(MinThroughput::off())).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn f7_an_upload_above_the_floor_is_not_cut_and_one_below_is() {
    let up = |bytes_per_second| Link {
        bytes_per_second,
        ..LINK
    };
    for rate in [260, 300, 1_000, 3_000] {
        let sent = up(rate).put(100_000, &CallOptions::new()).await;
        println!("F7 up at {rate} B/s: sent: {}", sent.is_ok());
        assert!(sent.is_ok(), "{rate} B/s: {sent:?}");
    }
    let failed = up(150).put(100_000, &CallOptions::new()).await.unwrap_err();
    println!("F7 up at 150 B/s: {failed}");
    assert!(
        failed.to_string().contains("sending was too slow"),
        "{failed}"
    );
    // A floor of less than a piece in a window, and a high one.
    for (floor, window, enough, too_little) in [(10, 1, 11, 5), (10_000, 1, 10_500, 8_000)] {
        let floor = MinThroughput::new(floor, Duration::from_secs(window));
        let options = CallOptions::new()
            .min_throughput(floor)
            .attempt_timeout(Duration::from_secs(100_000))
            .call_timeout(Duration::from_secs(100_000));
        up(enough).put(70_000, &options).await.unwrap();
        up(too_little).put(70_000, &options).await.unwrap_err();
    }
}

#[tokio::test(start_paused = true)]
async fn f7_neither_connecting_nor_thinking_counts_as_a_slow_body() {
    let link = Link {
        connects_in: Duration::from_secs(20),
        thinks_for: Duration::from_secs(10),
        ..LINK
    };
    link.put(100_000, &CallOptions::new()).await.unwrap();
    // The watch begins after them all the same.
    let stands_still = Link {
        stops_after: 50_000,
        ..link
    };
    let start = Instant::now();
    let failed = stands_still.put(100_000, &CallOptions::new()).await;
    assert!(
        failed
            .unwrap_err()
            .to_string()
            .contains("sending was too slow")
    );
    println!(
        "F7 after 20 s of connecting: cut after {:?}",
        start.elapsed()
    );
    assert!((25..=26).contains(&start.elapsed().as_secs()));
}
