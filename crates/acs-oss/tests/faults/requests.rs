//! Requests for one object, and what any request has to do with time and credentials.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{BoxFuture, Credentials, Error, ErrorKind, ProvideCredentials};
use acs_oss::{Crc64, ObjectHeaders, Payload};

use crate::support::{Reply, Request, Server};
use crate::{NO_HEADERS, upload};

#[tokio::test]
async fn a_put_is_signed_and_its_checksum_compared() {
    let server = Server::start(|_, request| Reply::stored(request, 0)).await;
    let bucket = server.bucket().build().unwrap();
    let headers = ObjectHeaders::new().content_type("video/mp4");
    let stored = bucket
        .put_object("课程 [1]+%2e.mp4", "content", &headers)
        .await
        .unwrap();
    assert_eq!((stored.size, stored.crc64), (7, Crc64::of(b"content")));
    assert_eq!(
        (stored.etag.as_str(), stored.request_id.as_str()),
        ("E1", "R-2")
    );
    let [sent] = &server.requests()[..] else {
        panic!("one request")
    };
    assert_eq!(
        sent.target,
        "/media-in/%E8%AF%BE%E7%A8%8B%20%5B1%5D%2B%252e.mp4"
    );
    assert_eq!(sent.header("x-oss-security-token"), Some("canary-token"));
    assert_eq!(sent.header("content-length"), Some("7"));
    let authorization = sent.header("authorization").unwrap();
    assert!(
        authorization.starts_with("OSS4-HMAC-SHA256 Credential=STS.id/"),
        "{authorization}"
    );
    assert!(!format!("{bucket:?} {stored:?} {headers:?}").contains("canary"));
}

#[tokio::test]
async fn a_wrong_key_sends_nothing() {
    let server = Server::start(|_, request| Reply::stored(request, 0)).await;
    let bucket = server.bucket().build().unwrap();
    for key in ["", "/a", "a/../b"] {
        let error = bucket
            .put_object(key, "x", &NO_HEADERS())
            .await
            .unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts()),
            (ErrorKind::InvalidInput, 0)
        );
    }
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn passing_failures_are_sent_again_with_a_fresh_signature() {
    type Fault = fn() -> Reply;
    let faults: [Fault; 6] = [
        || Reply::ResetUnread,
        || Reply::ResetAfterReading,
        || Reply::HangAfterReading,
        || Reply::error(503, "ServerBusy"),
        || Reply::error(500, "InternalError"),
        || Reply::Truncated { body: vec![] },
    ];
    for fault in faults {
        let script = move |number, request: &Request| match number {
            0 | 1 => fault(),
            _ => Reply::stored(request, 0),
        };
        let server = Server::start(script).await;
        let bucket = server.bucket().build().unwrap();
        let part = bucket
            .upload_part(&upload(), 7, vec![1; 300_000])
            .await
            .unwrap();
        assert_eq!((part.number, part.size), (7, 300_000));
        assert_eq!(server.requests().len(), 3);
        assert!(
            server
                .requests()
                .iter()
                .all(|request| request.header("authorization").is_some())
        );
    }
}

#[tokio::test]
async fn the_last_attempt_tells_how_often_it_was_tried() {
    let server = Server::start(|_, _| Reply::error(500, "InternalError")).await;
    let error = server
        .bucket()
        .build()
        .unwrap()
        .head_object("k")
        .await
        .unwrap_err();
    assert_eq!((error.attempts(), server.requests().len()), (3, 3));
    assert!(error.to_string().contains("after 3 attempts"), "{error}");
}

#[tokio::test]
async fn a_refusal_is_sent_once_and_keeps_code_and_request_id() {
    let server = Server::start(|_, _| Reply::error(403, "AccessDenied")).await;
    let bucket = server.bucket().build().unwrap();
    let error = bucket
        .put_object("k", "x", &NO_HEADERS())
        .await
        .unwrap_err();
    assert_eq!(
        (
            error.kind(),
            error.code(),
            error.request_id(),
            error.status()
        ),
        (
            ErrorKind::Service,
            Some("AccessDenied"),
            Some("R-1"),
            Some(403)
        )
    );
    assert_eq!(
        (error.action(), server.requests().len()),
        (Some("PutObject"), 1)
    );
}

#[tokio::test]
async fn f7_an_upload_that_stands_still_ends_in_a_timeout_that_names_the_phase() {
    let server = Server::start(|_, _| Reply::HangUnread).await;
    let bucket = server
        .bucket()
        .retry(acs_core::RetryPolicy::none())
        .build()
        .unwrap();
    let large = vec![0; 64 << 20];
    let error = bucket
        .put_object("k", large, &NO_HEADERS())
        .await
        .unwrap_err();
    println!("F7 up: {error}");
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("sending stood still"), "{error}");
}

#[tokio::test]
async fn f7_a_download_that_stands_still_or_drips_ends_in_a_timeout() {
    type Fault = fn() -> Reply;
    let faults: [Fault; 2] = [
        || Reply::StalledHalfway {
            body: vec![0; 100_000],
        },
        || Reply::Drip {
            body: vec![0; 100_000],
            pause: Duration::from_millis(20),
        },
    ];
    for fault in faults {
        let server = Server::start(move |_, _| fault()).await;
        let bucket = server.bucket().build().unwrap();
        let error = bucket
            .get_object("k")
            .await
            .unwrap()
            .collect(1 << 20)
            .await
            .unwrap_err();
        println!("F7 down: {error}");
        assert_eq!(error.kind(), ErrorKind::Timeout);
        assert!(
            error.to_string().contains("receiving stood still"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn f7_a_steady_slow_download_is_not_cut() {
    // 40 bytes every 20 ms are 2000 a second, for three times the idle limit.
    let server = Server::start(|_, _| Reply::Drip {
        body: vec![7; 60],
        pause: Duration::from_millis(20),
    })
    .await;
    let mut timeouts = acs_oss::Timeouts::default();
    timeouts.idle = Duration::from_millis(400);
    timeouts.min_bytes_per_second = 10;
    let bucket = server.bucket().timeouts(timeouts).build().unwrap();
    let content = bucket
        .get_object("k")
        .await
        .unwrap()
        .collect(1_000)
        .await
        .unwrap();
    println!("F7 slow: {} bytes", content.len());
    assert_eq!(content.len(), 60);
}

#[tokio::test]
async fn damage_on_the_way_up_is_sent_again_and_then_reported() {
    let server =
        Server::start(|number, request| Reply::stored(request, u64::from(number < 2))).await;
    let bucket = server.bucket().build().unwrap();
    bucket
        .put_object("k", "content", &NO_HEADERS())
        .await
        .unwrap();
    assert_eq!(server.requests().len(), 3);

    let server = Server::start(|_, request| Reply::stored(request, 1)).await;
    let bucket = server.bucket().build().unwrap();
    let error = bucket
        .upload_part(&upload(), 1, "content")
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.request_id()),
        (ErrorKind::Integrity, Some("R-2"))
    );
}

#[tokio::test]
async fn damage_on_the_way_down_is_reported_at_the_last_byte() {
    let whole = |crc: u64| Reply::Answer {
        status: 200,
        headers: vec![("x-oss-hash-crc64ecma", crc.to_string())],
        body: b"content".to_vec(),
    };
    let server = Server::start(move |number, _| whole(Crc64::of(b"content") + number as u64)).await;
    let bucket = server.bucket().build().unwrap();
    let content = bucket
        .get_object("k")
        .await
        .unwrap()
        .collect(100)
        .await
        .unwrap();
    assert_eq!(&content[..], b"content");
    let error = bucket
        .get_object("k")
        .await
        .unwrap()
        .collect(100)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Integrity);
}

#[tokio::test]
async fn a_truncated_download_is_an_error() {
    let server = Server::start(|_, _| Reply::Truncated {
        body: vec![1; 5_000],
    })
    .await;
    let bucket = server.bucket().build().unwrap();
    let error = bucket
        .get_object("k")
        .await
        .unwrap()
        .collect(1 << 20)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Interrupted);
}

#[tokio::test]
async fn a_range_that_is_ignored_is_an_error() {
    let server = Server::start(|number, _| Reply::Answer {
        status: if number == 0 { 206 } else { 200 },
        headers: vec![("content-range", "bytes 2-4/7".to_owned())],
        body: b"nte".to_vec(),
    })
    .await;
    let bucket = server.bucket().build().unwrap();
    let stream = bucket.get_object_range("k", 2..5).await.unwrap();
    assert_eq!((stream.length(), stream.meta().size), (3, 7));
    assert_eq!(&stream.collect(3).await.unwrap()[..], b"nte");
    assert_eq!(server.requests()[0].header("range"), Some("bytes=2-4"));
    let error = bucket.get_object_range("k", 2..5).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MalformedResponse);
}

#[tokio::test]
async fn f14_an_endless_error_body_is_cut_off() {
    let server = Server::start(|_, _| Reply::Flood { status: 400 }).await;
    let bucket = server.bucket().build().unwrap();
    let error = bucket.head_object("k").await.unwrap_err();
    assert_eq!(error.status(), Some(400));
    let error = bucket.list_parts(&upload()).await.unwrap_err();
    println!("F14: {error}");
    assert_eq!(error.status(), Some(400));
    assert!(
        error.to_string().contains("more than 1048576 bytes"),
        "{error}"
    );
}

#[tokio::test]
async fn a_failed_callback_is_told_and_never_sent_again() {
    let body = include_str!("../fixtures/oss.CallbackFailed.203.xml");
    let server = Server::start(move |_, _| Reply::xml(203, body)).await;
    let error = server
        .bucket()
        .build()
        .unwrap()
        .put_object("k", "x", &NO_HEADERS())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.status()),
        (Some("CallbackFailed"), Some(203))
    );
    assert!(
        error.to_string().contains("the object is stored"),
        "{error}"
    );
    assert!(!error.is_retryable());
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_skewed_clock_is_corrected_once_and_for_all() {
    let skewed = |request: &Request| {
        // The server is ten years ahead, so every date of ours is wrong until it is corrected.
        let is_corrected = request.header("x-oss-date").unwrap().starts_with("2036");
        if is_corrected {
            Reply::stored(request, 0)
        } else {
            Reply::xml(
                403,
                "<Error><Code>RequestTimeTooSkewed</Code><ServerTime>2036-07-01T00:00:00.000Z</ServerTime></Error>",
            )
        }
    };
    let server = Server::start(move |_, request| skewed(request)).await;
    let bucket = server
        .bucket()
        .retry(acs_core::RetryPolicy::none())
        .build()
        .unwrap();
    for _ in 0..3 {
        bucket.put_object("k", "x", &NO_HEADERS()).await.unwrap();
    }
    assert_eq!(server.requests().len(), 4);
}

#[tokio::test]
async fn a_server_that_never_agrees_on_the_time_is_asked_twice() {
    let body = include_str!("../fixtures/oss.RequestTimeTooSkewed.403.xml");
    let body = body.replace("2026-11-20T08:15:30.000Z", "1999-01-01T00:00:00.000Z");
    let server = Server::start(move |_, _| Reply::xml(403, body.clone())).await;
    let error = server
        .bucket()
        .build()
        .unwrap()
        .delete_object("k")
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("RequestTimeTooSkewed"));
    assert_eq!(server.requests().len(), 2);
}

/// Hands out `STS.1`, and one more each time it is told that the last was refused.
#[derive(Debug, Default)]
struct Counting(Mutex<Option<Credentials>>, AtomicUsize);

impl ProvideCredentials for Counting {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        let mut current = self.0.lock().unwrap();
        let made = current.get_or_insert_with(|| {
            let number = self.1.fetch_add(1, Ordering::Relaxed) + 1;
            Credentials::sts(format!("STS.{number}"), "s", "t").unwrap()
        });
        Box::pin(std::future::ready(Ok(made.clone())))
    }

    fn invalidate(&self, rejected: &Credentials) {
        let mut current = self.0.lock().unwrap();
        if current
            .as_ref()
            .is_some_and(|current| current.is_same(rejected))
        {
            *current = None;
        }
    }
}

#[tokio::test]
async fn refused_credentials_are_replaced_once() {
    for code in ["SecurityTokenExpired", "InvalidAccessKeyId"] {
        let script = move |number, request: &Request| match number {
            0 => Reply::error(403, code),
            _ => Reply::stored(request, 0),
        };
        let server = Server::start(script).await;
        let bucket = server
            .bucket()
            .credentials(Counting::default())
            .build()
            .unwrap();
        bucket.put_object("k", "x", &NO_HEADERS()).await.unwrap();
        let used = |n: usize| {
            server.requests()[n]
                .header("authorization")
                .unwrap()
                .contains(&format!("STS.{}/", n + 1))
        };
        assert!(used(0) && used(1) && server.requests().len() == 2);

        let server = Server::start(move |_, _| Reply::error(403, code)).await;
        let bucket = server
            .bucket()
            .credentials(Arc::new(Counting::default()))
            .build()
            .unwrap();
        let error = bucket
            .put_object("k", "x", &NO_HEADERS())
            .await
            .unwrap_err();
        assert_eq!((error.code(), server.requests().len()), (Some(code), 2));

        // A provider that has nothing else is not tried with the same again.
        let server = Server::start(move |_, _| Reply::error(403, code)).await;
        let error = server
            .bucket()
            .build()
            .unwrap()
            .put_object("k", "x", &NO_HEADERS())
            .await
            .unwrap_err();
        assert_eq!((error.code(), server.requests().len()), (Some(code), 1));
    }
}

#[tokio::test]
async fn a_file_that_shrinks_is_an_error_of_the_file_and_not_sent_again() {
    let server = Server::start(|_, request| Reply::stored(request, 0)).await;
    let file = tempfile::tempfile().unwrap();
    file.set_len(400_000).unwrap();
    let payload = Payload::file(Arc::new(file), 0, 900_000);
    let error = server
        .bucket()
        .build()
        .unwrap()
        .upload_part(&upload(), 1, payload)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(error.to_string().contains("became shorter"), "{error}");
    assert_eq!(server.requests().len(), 1);
}

#[tokio::test]
async fn a_server_that_is_not_there_is_named_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let server = Server::start(|_, _| Reply::status(200)).await;
    let bucket = server.bucket().endpoint(endpoint).build().unwrap();
    let error = bucket.head_object("k").await.unwrap_err();
    assert_eq!((error.kind(), error.attempts()), (ErrorKind::Connect, 3));
}
