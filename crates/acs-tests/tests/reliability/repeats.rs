//! What is sent again, how often and after which wait, and what is not.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use acs_core::{
    BoxFuture, Credentials, Error, ErrorKind, ProvideCredentials, ReplayTransport, RetryPolicy,
    SystemRuntime, TransportErrorKind,
};
use acs_tests::fault::{Act, FaultServer};
use tokio::time::Instant;

use crate::support::{
    CREATED, Over, PLAY_INFO, builder, error, ok, read, replaying, with_headers, write,
};

#[tokio::test]
async fn f2_a_close_on_a_reused_connection_leads_to_a_newly_signed_request() {
    for over in Over::ALL {
        let server = closes_after_a_request(PLAY_INFO).await;
        let client = over.client_of(&server);
        client.send(read()).await.unwrap();
        client.send(read()).await.unwrap();
        let seen = server.seen();
        let nonces: Vec<_> = seen
            .iter()
            .map(|seen| seen.header("x-acs-signature-nonce").unwrap())
            .collect();
        println!(
            "F2 {over:?}: {} requests reached the server, all nonces differ: {}",
            seen.len(),
            nonces[1] != nonces[2]
        );
        assert_eq!(seen.len(), 3);
        assert_eq!(seen[0].connection, seen[1].connection);
        // What reached the server was signed again: the transport resent nothing of it.
        assert_ne!(nonces[1], nonces[2]);
    }
}

#[tokio::test]
async fn f2_a_write_that_reached_a_reused_connection_is_not_sent_again() {
    for over in Over::ALL {
        let server = closes_after_a_request(CREATED).await;
        let client = over.client_of(&server);
        client.send(write()).await.unwrap();
        let failed = client.send(write()).await.unwrap_err();
        let seen = server.seen();
        println!("F2 write {over:?}: {} requests, {failed}", seen.len());
        assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown, "{failed}");
        assert_eq!(seen.len(), 2, "{over:?}");
        assert_eq!(seen[0].connection, seen[1].connection);
    }
}

#[tokio::test]
async fn f2_an_idle_connection_that_the_server_closed_fails_no_call() {
    for over in Over::ALL {
        let server = Impatient::start();
        let client = builder()
            .endpoint(&server.endpoint)
            .transport(over.transport());
        let client = client.build().unwrap();
        client.send(write()).await.unwrap();
        server.closed();
        // The close is here, and the connection's task is the next to see it, after the second call took the connection.
        tokio::task::yield_now().await;
        let got = client.send(write()).await.unwrap();
        println!(
            "F2 idle {over:?}: {} requests reached the server in 2 calls",
            server.requests()
        );
        assert_eq!(got.attempts(), 1, "{over:?}");
        assert_eq!(server.requests(), 2, "{over:?}");
    }
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

/// A server that reads the second request, on whatever connection, and closes instead of an answer.
async fn closes_after_a_request(body: &'static str) -> FaultServer {
    let server = FaultServer::start(move |n, _| {
        if n == 1 {
            Act::SendAndClose(Vec::new())
        } else {
            ok(body)
        }
    });
    server.await.unwrap()
}

/// A server in a thread of its own, which closes each connection once it has answered and says when it has.
struct Impatient {
    endpoint: String,
    closed: mpsc::Receiver<()>,
    requests: Arc<AtomicU32>,
}

impl Impatient {
    fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (closes, closed) = mpsc::channel();
        let requests = Arc::new(AtomicU32::new(0));
        let counted = Arc::clone(&requests);
        let Act::Send(answer) = ok(CREATED) else {
            unreachable!()
        };
        thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut request = Vec::new();
                while !request.ends_with(b"\r\n\r\n") {
                    let mut byte = [0];
                    stream.read_exact(&mut byte).unwrap();
                    request.push(byte[0]);
                }
                counted.fetch_add(1, Ordering::SeqCst);
                stream.write_all(&answer).unwrap();
                // The client has the answer, and the connection is idle.
                thread::sleep(Duration::from_millis(100));
                drop(stream);
                if closes.send(()).is_err() {
                    return;
                }
            }
        });
        Self {
            endpoint,
            closed,
            requests,
        }
    }

    /// Blocks the thread, with all that runs on it, until a connection was closed.
    fn closed(&self) {
        self.closed.recv().unwrap();
    }

    fn requests(&self) -> u32 {
        self.requests.load(Ordering::SeqCst)
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
