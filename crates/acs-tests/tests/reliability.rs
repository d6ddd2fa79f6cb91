//! What the client runtime promises under faults. Each test asserts its figure and prints it.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{
    AttemptReport, BlockingClient, Body, BoxFuture, CallOptions, CallReport, Credentials, Error,
    ErrorKind, Observer, ProvideCredentials, RateLimit, ReplayTransport, ReqwestTransport,
    RetryPolicy, Runtime, SystemRuntime, Transport, TransportError, TransportErrorKind,
};
use acs_tests::fault::{Act, FaultServer, answer};
use acs_vod::{Client, CreateUploadVideo, GetPlayInfo};
use bytes::Bytes;
use chrono::{DateTime, TimeDelta, Utc};
use tokio::time::Instant;

const PLAY_INFO: &str =
    r#"{"RequestId":"R-1","VideoBase":{"VideoId":"v1"},"PlayInfoList":{"PlayInfo":[]}}"#;
const CREATED: &str =
    r#"{"RequestId":"R-2","VideoId":"v1","UploadAddress":"YQ==","UploadAuth":"Yg=="}"#;

#[tokio::test]
async fn f1_a_reset_in_the_body_is_retried_for_a_read_and_unknown_for_a_write() {
    let cut = answer("200 OK", "", PLAY_INFO)[..60].to_vec();
    let server = FaultServer::start(move |n, _| {
        if n == 0 {
            Act::SendAndReset(cut.clone())
        } else {
            ok(PLAY_INFO)
        }
    });
    let server = server.await.unwrap();
    let got = client_of(&server).send(read()).await.unwrap();
    let seen = server.seen();
    println!(
        "F1 read: {} attempts, {} requests",
        got.attempts(),
        seen.len()
    );
    assert_eq!((got.attempts(), seen.len()), (2, 2));
    assert_ne!(seen[0].connection, seen[1].connection);

    let cut = answer("200 OK", "", CREATED)[..60].to_vec();
    let server = FaultServer::start(move |_, _| Act::SendAndReset(cut.clone()))
        .await
        .unwrap();
    let failed = client_of(&server).send(write()).await.unwrap_err();
    println!(
        "F1 write: {} request, {:?}",
        server.seen().len(),
        failed.kind()
    );
    assert_eq!(server.seen().len(), 1);
    assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn f2_a_close_on_a_reused_connection_leads_to_a_newly_signed_request() {
    let server = FaultServer::start(|n, _| {
        if n == 1 {
            Act::SendAndClose(Vec::new())
        } else {
            ok(PLAY_INFO)
        }
    });
    let server = server.await.unwrap();
    let client = client_of(&server);
    client.send(read()).await.unwrap();
    client.send(read()).await.unwrap();
    let seen = server.seen();
    let nonces: Vec<_> = seen
        .iter()
        .map(|seen| seen.header("x-acs-signature-nonce").unwrap())
        .collect();
    println!(
        "F2: {} requests reached the server, all nonces differ: {}",
        seen.len(),
        nonces[1] != nonces[2]
    );
    assert_eq!(seen.len(), 3);
    assert_eq!(seen[0].connection, seen[1].connection);
    // What reached the server was signed again: the transport resent nothing of it.
    assert_ne!(nonces[1], nonces[2]);
}

#[tokio::test(start_paused = true)]
async fn f3_a_burst_of_5xx_is_outlived_by_up_to_two_repeats() {
    for failures in 0..=4_usize {
        let transport = Arc::new(ReplayTransport::new());
        for _ in 0..failures {
            transport.answer(503, error("ServiceUnavailable"));
        }
        transport.answer(200, PLAY_INFO);
        let start = Instant::now();
        let result = replaying(&transport).send(read()).await;
        let attempts = transport.sent().len();
        println!(
            "F3 k={failures}: {attempts} attempts, ok={}, waited {:?}",
            result.is_ok(),
            start.elapsed()
        );
        assert_eq!(attempts, (failures + 1).min(3));
        assert_eq!(result.is_ok(), failures <= 2);
        // Full jitter: between nothing and 50 ms + 100 ms; the timer rounds up to whole milliseconds.
        assert!(start.elapsed() <= Duration::from_millis(152));
    }
}

#[test]
fn f3_delays_lie_between_nothing_and_the_doubled_base() {
    let policy = RetryPolicy::default();
    let runtime = SystemRuntime::new();
    for attempt in 1..=40_u32 {
        let doubled = Duration::from_millis(50).saturating_mul(1 << (attempt - 1).min(20));
        let bound = doubled.min(Duration::from_secs(20));
        let delays: Vec<Duration> = (0..200)
            .map(|_| policy.delay(attempt, false, None, &runtime))
            .collect();
        assert!(
            delays.iter().all(|delay| *delay <= bound),
            "attempt {attempt}"
        );
        assert!(
            delays.iter().any(|delay| *delay < bound / 2)
                && delays.iter().any(|delay| *delay > bound / 2)
        );
    }
    println!("F3: 40 attempts x 200 delays within [0, min(50 ms x 2^i, 20 s)]");
}

#[tokio::test(start_paused = true)]
async fn f4_when_everything_fails_repeats_run_dry() {
    let (mut sends, mut calls) = (0, 0);
    for _ in 0..100 {
        let transport = Arc::new(ReplayTransport::new());
        let client = replaying(&transport);
        for call in 0..60 {
            for _ in 0..3 {
                transport.answer(503, error("ServiceUnavailable"));
            }
            let before = transport.sent().len();
            client.send(read()).await.unwrap_err();
            if call >= 30 {
                calls += 1;
                sends += transport.sent().len() - before;
            }
        }
    }
    println!("F4: {sends} sends for {calls} calls once the quota is empty");
    assert!(sends * 10 <= calls * 11);
}

#[tokio::test(start_paused = true)]
async fn f5_throttling_is_waited_out_for_at_least_the_hint_and_not_much_longer() {
    for (hint, least, most) in [
        ("1500", 1_500, 6_500),
        ("rubbish", 0, 1_002),
        ("-5", 0, 1_002),
        ("0", 0, 1_002),
        ("1000000000000000000", 20_000, 25_000),
    ] {
        let transport = Arc::new(ReplayTransport::new());
        transport.answer_with(with_headers(
            400,
            &[("x-acs-retry-after", hint)],
            error("Throttling.User"),
        ));
        transport.answer(200, CREATED);
        let start = Instant::now();
        // A write too: what was throttled was not carried out.
        replaying(&transport).send(write()).await.unwrap();
        let waited = start.elapsed();
        println!("F5 hint {hint}: waited {waited:?}");
        assert!(
            waited >= Duration::from_millis(least) && waited <= Duration::from_millis(most),
            "{hint}: {waited:?}"
        );
    }
}

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

#[tokio::test]
async fn f8_a_server_that_is_not_there_is_a_kind_of_its_own() {
    for endpoint in ["http://127.0.0.1:9", "https://nowhere.invalid"] {
        let client = Client::builder("cn-shanghai")
            .endpoint(endpoint)
            .credentials(credentials())
            .build()
            .unwrap();
        let failed = client.send(write()).await.unwrap_err();
        println!("F8 {endpoint}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert!(failed.is_retryable());
    }
}

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
    let transport = Arc::new(PunctualServer {
        requests: AtomicU32::new(0),
    });
    let runtime = Skewed {
        inner: SystemRuntime::new(),
        by: TimeDelta::minutes(20),
    };
    let client = builder()
        .transport(Arc::clone(&transport) as _)
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
async fn what_an_error_sends_back_is_shown_without_token_and_signature() {
    let transport = Arc::new(EchoServer);
    let session = Credentials::sts("STS.test", "canary-secret", "canary-token").unwrap();
    let client = builder()
        .credentials(session)
        .transport(transport)
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let failed = client.send(read()).await.unwrap_err();
    let text = format!("{failed} {failed:?}");
    assert!(text.contains("x-acs-security-token: <redacted>"), "{text}");
    assert!(
        text.contains("Signature=<redacted>") && !text.contains("canary"),
        "{text}"
    );
}

#[tokio::test]
async fn loopback_is_never_reached_through_a_proxy() {
    let proxy = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
    let server = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
    let transport = ReqwestTransport::builder()
        .proxy(proxy.endpoint())
        .build()
        .unwrap();
    let client = builder()
        .endpoint(server.endpoint())
        .transport(Arc::new(transport))
        .build()
        .unwrap();
    client.send(read()).await.unwrap();
    assert_eq!((server.seen().len(), proxy.seen().len()), (1, 0));
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

#[tokio::test(start_paused = true)]
async fn f11_a_used_nonce_is_replaced_for_a_read_and_unknown_for_a_write() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(400, error("SignatureNonceUsed"));
    transport.answer(200, PLAY_INFO);
    let got = replaying(&transport).send(read()).await.unwrap();
    let sent = transport.sent();
    println!("F11 read: {} attempts", got.attempts());
    assert_eq!(got.attempts(), 2);
    assert_ne!(
        sent[0].headers["x-acs-signature-nonce"],
        sent[1].headers["x-acs-signature-nonce"]
    );

    let transport = Arc::new(ReplayTransport::new());
    transport.answer(400, error("SignatureNonceUsed"));
    let failed = replaying(&transport).send(write()).await.unwrap_err();
    println!(
        "F11 write: {:?} after {} attempt",
        failed.kind(),
        failed.attempts()
    );
    assert_eq!(
        (failed.kind(), transport.sent().len()),
        (ErrorKind::OutcomeUnknown, 1)
    );
}

#[tokio::test(start_paused = true)]
async fn f12_answers_that_are_no_answer_become_typed_errors() {
    let deep = format!("{}{}", r#"{"a":"#.repeat(10_000), "}".repeat(10_000));
    let page = "<html>\u{1b}[31mproxy\r\nlogin</html>";
    let cases: [(u16, &str, ErrorKind); 7] = [
        (
            200,
            r#"{"RequestId":"R-1","PlayInfo"#,
            ErrorKind::MalformedResponse,
        ),
        (200, "", ErrorKind::MalformedResponse),
        (200, page, ErrorKind::MalformedResponse),
        (200, r#"{"PlayInfoList":17}"#, ErrorKind::MalformedResponse),
        (200, &deep, ErrorKind::MalformedResponse),
        (403, page, ErrorKind::Service),
        (502, "<html>bad gateway</html>", ErrorKind::Service),
    ];
    for (status, body, kind) in cases {
        let transport = Arc::new(ReplayTransport::new());
        for _ in 0..3 {
            transport.answer_with(with_headers(
                status,
                &[("x-acs-request-id", "R-77")],
                body.to_owned(),
            ));
        }
        let failed = replaying(&transport).send(read()).await.unwrap_err();
        let text = failed.to_string();
        println!(
            "F12 {status}: {:?}, {} characters",
            failed.kind(),
            text.chars().count()
        );
        assert_eq!(failed.kind(), kind, "{text}");
        assert_eq!(
            (failed.status(), failed.request_id()),
            (Some(status), Some("R-77"))
        );
        assert!(!text.chars().any(char::is_control), "{text:?}");
        assert!(failed.service_error().unwrap().message.chars().count() <= 512);
    }
    // A byte order mark and a name that comes twice are no reason to fail.
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(
        200,
        format!(
            "\u{feff}{}",
            PLAY_INFO.replace("{\"RequestId\"", "{\"RequestId\":\"R-0\",\"RequestId\"")
        ),
    );
    replaying(&transport).send(read()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn f13_gzip_is_counted_packed_and_unpacked() {
    let pack = |plain: &[u8]| {
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(plain).unwrap();
        encoder.finish().unwrap()
    };
    let send = async |body: Vec<u8>| {
        let transport = Arc::new(ReplayTransport::new());
        transport.answer_with(with_headers(200, &[("content-encoding", "gzip")], body));
        replaying(&transport).send(read()).await
    };
    send(pack(PLAY_INFO.as_bytes())).await.unwrap();
    let bomb = pack(&vec![b' '; 64 << 20]);
    let size = bomb.len();
    let failed = send(bomb).await.unwrap_err();
    println!("F13: {size} bytes that unpack to 64 MiB: {failed}");
    assert!(
        failed.to_string().contains("more than 16777216 bytes"),
        "{failed}"
    );
    let mut cut = pack(PLAY_INFO.as_bytes());
    cut.truncate(cut.len() / 2);
    // The status of an error outlives a body that can't be unpacked: the read is repeated.
    let transport = Arc::new(ReplayTransport::new());
    transport.answer_with(with_headers(503, &[("content-encoding", "gzip")], "junk"));
    transport.answer(200, PLAY_INFO);
    assert_eq!(
        replaying(&transport).send(read()).await.unwrap().attempts(),
        2
    );
    for broken in [cut, PLAY_INFO.as_bytes().to_vec()] {
        assert_eq!(
            send(broken).await.unwrap_err().kind(),
            ErrorKind::MalformedResponse
        );
    }
}

#[tokio::test]
async fn f14_floods_are_cut_off() {
    let chunk = vec![b'x'; 64 << 10];
    let chunked = [
        format!("{:x}\r\n", chunk.len()).into_bytes(),
        chunk.clone(),
        b"\r\n".to_vec(),
    ]
    .concat();
    for (name, head, chunk, cap) in [
        (
            "100 MB error",
            "HTTP/1.1 500 Oops\r\nContent-Length: 100000000\r\n\r\n",
            &chunk,
            1 << 20,
        ),
        (
            "endless chunked",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
            &chunked,
            16 << 20,
        ),
        ("endless header", "HTTP/1.1 200 OK\r\nX: ", &chunk, 1 << 20),
    ] {
        let (head, chunk) = (head.as_bytes().to_vec(), chunk.clone());
        let server = FaultServer::start(move |_, _| Act::Flood(head.clone(), chunk.clone()))
            .await
            .unwrap();
        let options = CallOptions::new().retry(RetryPolicy::none());
        let failed = client_of(&server)
            .send_with(read(), &options)
            .await
            .unwrap_err();
        let taken = server.seen()[0].flooded;
        println!("F14 {name}: {:?} after {taken} bytes", failed.kind());
        // What the sockets of both sides hold comes on top.
        assert!(taken < cap + (8 << 20), "{name}: {taken}");
    }
}

#[tokio::test]
async fn f18_redirects_are_not_followed() {
    let sink = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        for target in [
            sink.endpoint(),
            "file:///etc/passwd".to_owned(),
            "http://169.254.169.254/".to_owned(),
        ] {
            let location = format!("Location: {target}\r\n");
            let server = FaultServer::start(move |_, _| Act::Send(answer(status, &location, "")))
                .await
                .unwrap();
            let failed = client_of(&server).send(read()).await.unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Service, "{failed}");
        }
    }
    println!("F18: {} requests at the sink", sink.seen().len());
    assert_eq!(sink.seen().len(), 0);
}

#[tokio::test(start_paused = true)]
async fn f25_a_lost_reply_to_a_guarded_write_is_repeated_and_its_duplicate_recognised() {
    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    transport.answer(400, error("ReferenceIdDuplicated"));
    let failed = replaying(&transport)
        .send(write().reference_id("order-0001"))
        .await
        .unwrap_err();
    println!("F25 guarded: {failed}");
    assert_eq!(
        (failed.kind(), failed.field()),
        (ErrorKind::AlreadyAccepted, Some("ReferenceId"))
    );

    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    let failed = replaying(&transport).send(write()).await.unwrap_err();
    println!("F25 unguarded: {failed}");
    assert_eq!(
        (failed.kind(), transport.sent().len()),
        (ErrorKind::OutcomeUnknown, 1)
    );
}

#[tokio::test]
async fn f26_a_proxy_that_refuses_or_dies_gets_no_secret() {
    for (act, word) in [
        (
            Act::Send(answer("407 Proxy Authentication Required", "", "")),
            "407",
        ),
        (Act::SendAndClose(Vec::new()), "proxy that dies"),
    ] {
        let proxy = FaultServer::start(move |_, _| act.clone()).await.unwrap();
        let transport = ReqwestTransport::builder()
            .proxy(proxy.endpoint())
            .build()
            .unwrap();
        let client = Client::builder("cn-shanghai")
            .credentials(credentials())
            .transport(Arc::new(transport));
        let failed = client
            .retry(RetryPolicy::none())
            .build()
            .unwrap()
            .send(write())
            .await
            .unwrap_err();
        let seen = proxy.seen();
        println!("F26 {word}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert_eq!(seen.len(), 1);
        assert!(
            seen[0]
                .head
                .starts_with("CONNECT vod.cn-shanghai.aliyuncs.com:443 "),
            "{}",
            seen[0].head
        );
        assert!(
            !seen[0].head.to_lowercase().contains("x-acs-")
                && seen[0].header("authorization").is_none()
        );
    }
}

#[tokio::test(start_paused = true)]
async fn an_adaptive_limit_keeps_a_fleet_under_the_published_rate() {
    // A service that allows 10 calls a second of one operation, shared by a client that may try 100.
    let transport = Arc::new(Metered {
        per_second: 10,
        window: Mutex::default(),
    });
    let client = builder()
        .transport(Arc::clone(&transport) as _)
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

#[tokio::test(start_paused = true)]
async fn an_observer_sees_each_attempt_and_each_call() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(503, error("ServiceUnavailable"));
    transport.answer(200, PLAY_INFO);
    let client = builder()
        .transport(Arc::clone(&transport) as _)
        .observer(Recorder(Arc::clone(&seen)))
        .build()
        .unwrap();
    client.send(read()).await.unwrap();
    let expected = [
        "GetPlayInfo 1 Some(503) Some(\"ServiceUnavailable\")",
        "GetPlayInfo 2 Some(200) None",
        "GetPlayInfo: 2 attempts, None",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn credentials_refused_as_expired_are_replaced_once() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(400, error("InvalidSecurityToken.Expired"));
    transport.answer(200, CREATED);
    let client = builder()
        .credentials(Sessions::default())
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    client.send(write()).await.unwrap();
    let ids: Vec<_> = transport
        .sent()
        .iter()
        .map(|sent| sent.headers["x-acs-accesskey-id"].clone())
        .collect();
    assert_eq!(ids, ["STS.0", "STS.1"]);
}

#[tokio::test(start_paused = true)]
async fn an_operation_by_name_is_sent_like_a_typed_one() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, PLAY_INFO);
    let parameters = serde_json::json!({"VideoId": "v1", "Tag": [{"Key": "a b"}], "Absent": null});
    let client = replaying(&transport);
    let got = client
        .call("GetPlayInfo")
        .parameters(parameters)
        .send()
        .await
        .unwrap();
    assert_eq!(got["VideoBase"]["VideoId"], "v1");
    assert_eq!(got.request_id(), "R-1");
    let sent = &transport.sent()[0];
    assert_eq!(sent.uri.query(), Some("Tag.1.Key=a%20b&VideoId=v1"));
    assert_eq!(
        (
            &sent.headers["x-acs-action"],
            &sent.headers["x-acs-version"]
        ),
        (
            &"GetPlayInfo".parse().unwrap(),
            &"2017-03-21".parse().unwrap()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn pages_are_fetched_as_their_items_are_asked_for() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, r#"{"Groups":{"Group":[{"GroupName":"a"},{"GroupName":"b"}]},"Marker":"m1","IsTruncated":true}"#);
    transport.answer(
        200,
        r#"{"Groups":{"Group":[{"GroupName":"c"}]},"IsTruncated":false}"#,
    );
    let client = acs_ims::Client::builder("cn-hangzhou")
        .endpoint("http://127.0.0.1:1")
        .credentials(credentials());
    let client = client
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    let mut items = client.items(acs_ims::ListGroups::new());
    assert_eq!(transport.sent().len(), 0);
    let mut names = Vec::new();
    while let Some(item) = items.next().await {
        names.push(item.unwrap().group_name.unwrap());
    }
    assert_eq!(names, ["a", "b", "c"]);
    let queries: Vec<_> = transport
        .sent()
        .iter()
        .map(|sent| sent.uri.query().unwrap_or("").to_owned())
        .collect();
    assert_eq!(queries, ["", "Marker=m1"]);
    // The list of answers is used up: an error, once, and then the end.
    let mut items = client.items(acs_ims::ListGroups::new());
    assert!(items.next().await.unwrap().is_err() && items.next().await.is_none());
}

#[test]
fn a_blocking_client_waits_and_refuses_to_do_so_in_async_code() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, PLAY_INFO);
    let client = BlockingClient::new(replaying(&transport)).unwrap();
    assert_eq!(client.send(read()).unwrap().request_id(), "R-1");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let failed = client.send(read()).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidInput);
        drop(client);
    });
    assert_eq!(transport.sent().len(), 1);
}

fn credentials() -> Credentials {
    Credentials::access_key("LTAItest", "canary-secret").unwrap()
}

fn builder() -> acs_core::ClientBuilder<acs_vod::Vod> {
    Client::builder("cn-shanghai")
        .endpoint("http://127.0.0.1:1")
        .credentials(credentials())
}

fn client_of(server: &FaultServer) -> Client {
    builder().endpoint(server.endpoint()).build().unwrap()
}

fn replaying(transport: &Arc<ReplayTransport>) -> Client {
    builder()
        .transport(Arc::clone(transport) as _)
        .build()
        .unwrap()
}

fn read() -> GetPlayInfo {
    GetPlayInfo::new().video_id("93ab850b4f6f44eab54b6e91d24d81d4")
}

fn write() -> CreateUploadVideo {
    CreateUploadVideo::new("Title", "clip.mp4")
}

fn ok(body: &str) -> Act {
    Act::Send(answer("200 OK", "", body))
}

fn error(code: &str) -> String {
    format!(r#"{{"RequestId":"R-9","HostId":"vod","Code":"{code}","Message":"no"}}"#)
}

fn with_headers(
    status: u16,
    headers: &[(&str, &str)],
    body: impl Into<Bytes>,
) -> http::Response<Bytes> {
    let builder = http::Response::builder().status(status);
    let builder = headers.iter().fold(builder, |builder, (name, value)| {
        builder.header(*name, *value)
    });
    builder.body(body.into()).unwrap()
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

/// A service that throttles beyond a rate.
#[derive(Debug)]
struct Metered {
    per_second: usize,
    window: Mutex<VecDeque<Instant>>,
}

impl Transport for Metered {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let now = Instant::now();
        let mut window = self.window.lock().unwrap();
        while window
            .front()
            .is_some_and(|first| now - *first >= Duration::from_secs(1))
        {
            window.pop_front();
        }
        let is_over = window.len() >= self.per_second;
        if !is_over {
            window.push_back(now);
        }
        let (status, body) = if is_over {
            (400, error("Throttling.User"))
        } else {
            (200, PLAY_INFO.to_owned())
        };
        Box::pin(std::future::ready(Ok(
            with_headers(status, &[], body).map(Body::from)
        )))
    }
}

/// A service that insists on the right time.
#[derive(Debug)]
struct PunctualServer {
    requests: AtomicU32,
}

impl Transport for PunctualServer {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        self.requests.fetch_add(1, Ordering::SeqCst);
        let now = SystemRuntime::new().now();
        let date: DateTime<Utc> = request.headers()["x-acs-date"]
            .to_str()
            .unwrap()
            .parse()
            .unwrap();
        let is_late = (date - now).abs() > TimeDelta::minutes(15);
        Box::pin(async move {
            // All that are in flight are answered after all were sent.
            tokio::time::sleep(Duration::from_millis(100)).await;
            let (status, body) = if is_late {
                (400, error("InvalidTimeStamp.Expired"))
            } else {
                (200, CREATED.to_owned())
            };
            Ok(with_headers(status, &[("date", &http_date(now))], body).map(Body::from))
        })
    }
}

/// A server that writes the headers of the request into its error.
#[derive(Debug)]
struct EchoServer;

impl Transport for EchoServer {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let message = format!(
            "x-acs-security-token: {} authorization: {}",
            header("x-acs-security-token"),
            header("authorization")
        );
        let body = serde_json::json!({"Code": "Bad", "Message": message}).to_string();
        Box::pin(std::future::ready(Ok(
            with_headers(400, &[], body).map(Body::from)
        )))
    }
}

/// Writes down what it is told.
#[derive(Debug)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Observer for Recorder {
    fn attempt(&self, attempt: &AttemptReport<'_>) {
        let text = format!(
            "{} {} {:?} {:?}",
            attempt.action, attempt.attempt, attempt.status, attempt.code
        );
        self.0.lock().unwrap().push(text);
    }

    fn call(&self, call: &CallReport<'_>) {
        let text = format!(
            "{}: {} attempts, {:?}",
            call.action, call.attempts, call.error
        );
        self.0.lock().unwrap().push(text);
    }
}

/// A provider of sessions: a new one after each invalidation.
#[derive(Debug, Default)]
struct Sessions(AtomicU32);

impl ProvideCredentials for Sessions {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        let number = self.0.load(Ordering::SeqCst);
        Box::pin(async move {
            Credentials::sts(format!("STS.{number}"), "canary-secret", "canary-token")
        })
    }

    fn invalidate(&self, _: &Credentials) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}
