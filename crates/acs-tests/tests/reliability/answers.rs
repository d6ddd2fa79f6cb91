//! Answers that are none: cut, mislabelled, endless, or in another language.

use std::io::Write as _;
use std::sync::Arc;
use std::time::Duration;

use acs_core::{CallOptions, Credentials, ErrorKind, ReplayTransport, RetryPolicy};
use acs_tests::fault::{Act, FaultServer, answer};

use crate::support::{
    CREATED, Over, PLAY_INFO, Service, builder, ok, read, replaying, with_headers, write,
};

#[tokio::test]
async fn f1_a_reset_in_the_body_is_retried_for_a_read_and_unknown_for_a_write() {
    for over in Over::ALL {
        let cut = answer("200 OK", "", PLAY_INFO)[..60].to_vec();
        let server = FaultServer::start(move |n, _| {
            if n == 0 {
                Act::SendAndReset(cut.clone())
            } else {
                ok(PLAY_INFO)
            }
        });
        let server = server.await.unwrap();
        let got = over.client_of(&server).send(read()).await.unwrap();
        let seen = server.seen();
        println!(
            "F1 read {over:?}: {} attempts, {} requests",
            got.attempts(),
            seen.len()
        );
        assert_eq!((got.attempts(), seen.len()), (2, 2));
        assert_ne!(seen[0].connection, seen[1].connection);

        let headers = "x-acs-request-id: R-2\r\n";
        let cut = answer("200 OK", headers, CREATED)[..80].to_vec();
        let server = FaultServer::start(move |_, _| Act::SendAndReset(cut.clone()))
            .await
            .unwrap();
        let failed = over.client_of(&server).send(write()).await.unwrap_err();
        println!(
            "F1 write {over:?}: {} request, {:?}",
            server.seen().len(),
            failed.kind()
        );
        assert_eq!(server.seen().len(), 1);
        assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown);
        assert_eq!(failed.request_id(), Some("R-2"));
    }
}

#[tokio::test(start_paused = true)]
async fn what_an_error_sends_back_is_shown_without_token_and_signature() {
    let session = Credentials::sts("STS.test", "canary-secret", "canary-token").unwrap();
    let client = builder()
        .credentials(session)
        .transport(echo())
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
    let headers = b"X-Flood: yes\r\n".repeat(5_000);
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
        ("endless headers", "HTTP/1.1 200 OK\r\n", &headers, 1 << 20),
    ] {
        let (head, chunk) = (head.as_bytes().to_vec(), chunk.clone());
        let server = FaultServer::start(move |_, _| Act::Flood(head.clone(), chunk.clone()))
            .await
            .unwrap();
        let options = CallOptions::new().retry(RetryPolicy::none());
        for (n, over) in Over::ALL.into_iter().enumerate() {
            let client = over.client_of(&server);
            let failed = client.send_with(read(), &options).await.unwrap_err();
            let taken = server.seen()[n].flooded;
            println!(
                "F14 {name} {over:?}: {:?} after {taken} bytes",
                failed.kind()
            );
            // What the sockets of both sides hold comes on top.
            assert!(taken < cap + (8 << 20), "{name}: {taken}");
        }
    }
}

/// A service that writes the headers of the request into its error.
fn echo() -> Arc<Service> {
    Service::new(Duration::ZERO, |request| {
        let header = |name: &str| request.headers()[name].to_str().unwrap().to_owned();
        let message = format!(
            "x-acs-security-token: {} authorization: {}",
            header("x-acs-security-token"),
            header("authorization")
        );
        let body = serde_json::json!({"Code": "Bad", "Message": message});
        with_headers(400, &[], body.to_string())
    })
}
