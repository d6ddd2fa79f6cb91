//! What counts as standing still, to the second, in virtual time.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use acs_core::{
    Body, BoxError, BoxFuture, Credentials, Error, ErrorKind, RetryPolicy, Runtime, Transport,
    TransportError,
};
use acs_oss::{Bucket, Crc64, ObjectHeaders, StoredObject};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http_body::{Frame, SizeHint};
use http_body_util::BodyExt as _;
use tokio::time::{Instant, Sleep, sleep};

/// tokio's clock, which a paused runtime moves by itself.
#[derive(Debug)]
struct VirtualTime(Instant);

impl Runtime for VirtualTime {
    fn now(&self) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + self.elapsed()
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(sleep(duration))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A link that carries so many bytes a second either way, and none any more after a number of them.
#[derive(Debug)]
struct Link {
    bytes_per_second: u64,
    stops_after: u64,
    download: Bytes,
}

impl Transport for Link {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let mut body = request.into_body();
            let (mut crc, mut carried) = (Crc64::new(), 0);
            while let Some(frame) = body.frame().await {
                let data = frame.unwrap().into_data().unwrap();
                carried += data.len() as u64;
                if carried > self.stops_after {
                    std::future::pending::<()>().await;
                }
                sleep(self.time_for(data.len())).await;
                crc.update(&data);
            }
            // What came up is confirmed; what was only asked for comes down.
            let (rest, crc) = match carried {
                0 => (self.download.clone(), Crc64::of(&self.download)),
                _ => (Bytes::new(), crc.value()),
            };
            let mut response = http::Response::new(Body::empty());
            let headers = response.headers_mut();
            headers.insert("etag", "\"E\"".parse().unwrap());
            headers.insert("content-length", rest.len().into());
            headers.insert("x-oss-hash-crc64ecma", crc.into());
            *response.body_mut() = Body::stream(Incoming {
                rest,
                arrived: 0,
                link: (self.bytes_per_second, self.stops_after),
                next: None,
            });
            Ok(response)
        })
    }
}

impl Link {
    fn time_for(&self, bytes: usize) -> Duration {
        Duration::from_secs_f64(bytes as f64 / self.bytes_per_second as f64)
    }
}

/// A body that arrives a tenth of a second's worth at a time.
struct Incoming {
    rest: Bytes,
    arrived: u64,
    link: (u64, u64),
    next: Option<Pin<Box<Sleep>>>,
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let (bytes_per_second, stops_after) = self.link;
        if self.rest.is_empty() {
            return Poll::Ready(None);
        }
        if self.arrived >= stops_after {
            return Poll::Pending;
        }
        let next = self
            .next
            .get_or_insert_with(|| Box::pin(sleep(Duration::from_millis(100))));
        ready!(next.as_mut().poll(context));
        self.next = None;
        let length = usize::try_from(bytes_per_second / 10)
            .unwrap()
            .clamp(1, self.rest.len());
        self.arrived += length as u64;
        let data = self.rest.split_to(length);
        Poll::Ready(Some(Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.rest.len() as u64)
    }
}

const CONTENT: &[u8] = &[7; 100_000];

fn bucket(bytes_per_second: u64, stops_after: u64) -> Bucket {
    let download = Bytes::from_static(CONTENT);
    Bucket::builder("media-in", "cn-shanghai")
        .credentials(Credentials::access_key("id", "secret").unwrap())
        .transport(Arc::new(Link {
            bytes_per_second,
            stops_after,
            download,
        }))
        .runtime(Arc::new(VirtualTime(Instant::now())))
        .retry(RetryPolicy::none())
        .build()
        .unwrap()
}

async fn put(bucket: &Bucket) -> Result<StoredObject, Error> {
    bucket.put_object("k", CONTENT, &ObjectHeaders::new()).await
}

async fn get(bucket: &Bucket) -> Result<Bytes, Error> {
    bucket.get_object("k").await?.collect(CONTENT.len()).await
}

#[tokio::test(start_paused = true)]
async fn f7_a_healthy_link_of_1_kb_a_second_is_not_cut() {
    let bucket = bucket(1_000, u64::MAX);
    let start = Instant::now();
    put(&bucket).await.unwrap();
    let up = start.elapsed();
    assert_eq!(get(&bucket).await.unwrap(), CONTENT);
    let down = start.elapsed() - up;
    println!("F7: 100 kB at 1 kB/s took {up:?} up and {down:?} down");
    assert!(up >= Duration::from_secs(99) && down >= Duration::from_secs(99));
}

#[tokio::test(start_paused = true)]
async fn f7_a_transfer_that_stops_halfway_is_ended_within_the_limit_and_a_second() {
    // At 10 kB/s it stops after 5 s.
    let bucket = bucket(10_000, 50_000);
    let limit = Duration::from_secs(5 + 20 + 1);
    for is_upload in [true, false] {
        let start = Instant::now();
        let error = match is_upload {
            true => put(&bucket).await.unwrap_err(),
            false => get(&bucket).await.unwrap_err(),
        };
        println!("F7: {error} after {:?}", start.elapsed());
        assert_eq!(error.kind(), ErrorKind::Timeout);
        let phase = if is_upload {
            "sending stood still"
        } else {
            "receiving stood still"
        };
        assert!(error.to_string().contains(phase), "{error}");
        assert!(start.elapsed() <= limit, "{:?}", start.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn a_drip_of_10_bytes_a_second_is_ended() {
    let bucket = bucket(10, u64::MAX);
    for error in [
        put(&bucket).await.unwrap_err(),
        get(&bucket).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Timeout);
    }
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_does_not_begin_is_waited_for_a_minute() {
    /// Takes all, and says nothing.
    #[derive(Debug)]
    struct Silent;

    impl Transport for Silent {
        fn send(
            &self,
            request: http::Request<Body>,
        ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
            Box::pin(async move {
                let mut body = request.into_body();
                while body.frame().await.is_some() {}
                std::future::pending().await
            })
        }
    }

    let bucket = Bucket::builder("media-in", "cn-shanghai")
        .credentials(Credentials::access_key("id", "secret").unwrap())
        .transport(Arc::new(Silent))
        .runtime(Arc::new(VirtualTime(Instant::now())))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let start = Instant::now();
    let error = put(&bucket).await.unwrap_err();
    assert!(
        error.to_string().contains("no answer began within 60s"),
        "{error}"
    );
    assert!(
        start.elapsed() <= Duration::from_secs(62),
        "{:?}",
        start.elapsed()
    );
}
