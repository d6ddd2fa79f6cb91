//! Connections between calls: how long and how many are kept, and which are not used again.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acs_core::{Body, HyperTransport, ReqwestTransport, SharedTransport};
use acs_tests::fault::{Act, FaultServer, answer};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Barrier, mpsc};
use tokio::time::timeout;

use crate::support::{Over, PLAY_INFO, builder, ok, read};

/// Far more than anything here takes.
const PATIENCE: Duration = Duration::from_secs(10);

#[tokio::test]
async fn an_idle_connection_is_closed_after_its_time_even_if_nothing_more_is_sent() {
    for over in Over::ALL {
        let mut server = Server::start(1).await;
        let transport = over.keeping(Duration::from_millis(100), 64);
        let client = builder().endpoint(&server.endpoint).transport(transport);
        let client = client.build().unwrap();
        client.send(read()).await.unwrap();
        server.sees_a_close().await;
    }
}

#[tokio::test]
async fn no_more_idle_connections_are_kept_than_was_said() {
    for over in Over::ALL {
        let mut server = Server::start(3).await;
        let client = builder().endpoint(&server.endpoint);
        let client = client.transport(over.keeping(PATIENCE, 1)).build().unwrap();
        let together = tokio::join!(
            client.send(read()),
            client.send(read()),
            client.send(read())
        );
        assert!(together.0.is_ok() && together.1.is_ok() && together.2.is_ok());
        server.sees_a_close().await;
        server.sees_a_close().await;
        client.send(read()).await.unwrap();
        assert_eq!(server.connections(), 3, "{over:?}");
    }
}

#[tokio::test]
async fn a_connection_whose_answer_was_not_read_to_its_end_is_not_used_again() {
    for over in Over::ALL {
        let half = answer("200 OK", "", "x".repeat(1_000))[..500].to_vec();
        let server = FaultServer::start(move |n, _| match n {
            0 => Act::Send(half.clone()),
            _ => ok(PLAY_INFO),
        });
        let server = server.await.unwrap();
        let transport = over.transport();
        drop(transport.send(post(&server.endpoint(), "")).await.unwrap());
        let second = transport.send(post(&server.endpoint(), "")).await.unwrap();
        assert_eq!(second.into_body().collect(1_000).await.unwrap(), PLAY_INFO);
        let seen = server.seen();
        assert_ne!(seen[0].connection, seen[1].connection, "{over:?}");
    }
}

#[tokio::test]
async fn a_connection_that_still_sends_what_was_answered_early_holds_up_no_other_request() {
    for over in Over::ALL {
        let server = Server::start(1).await;
        let transport = over.transport();
        // More than sockets hold, and the server reads nothing of it.
        for body in [vec![b'x'; 32 << 20], Vec::new()] {
            let sent = transport.send(post(&server.endpoint, body));
            let got = timeout(PATIENCE, sent).await.unwrap().unwrap();
            let got = timeout(PATIENCE, got.into_body().collect(1_000)).await;
            assert_eq!(got.unwrap().unwrap(), PLAY_INFO);
        }
        assert_eq!(server.connections(), 2, "{over:?}");
    }
}

impl Over {
    fn keeping(self, idle_timeout: Duration, max_idle: usize) -> SharedTransport {
        match self {
            Self::Reqwest => {
                let builder = ReqwestTransport::builder().idle_timeout(idle_timeout);
                Arc::new(builder.max_idle_per_host(max_idle).build().unwrap())
            }
            Self::Hyper => {
                let builder = HyperTransport::builder().idle_timeout(idle_timeout);
                Arc::new(builder.max_idle_per_host(max_idle).build().unwrap())
            }
        }
    }
}

fn post(endpoint: &str, body: impl Into<Vec<u8>>) -> http::Request<Body> {
    let request = http::Request::post(format!("{endpoint}/"));
    request.body(Body::from(body.into())).unwrap()
}

/// A server that closes nothing, reads no bodies, and says when it sees that the client closed.
struct Server {
    endpoint: String,
    connections: Arc<AtomicUsize>,
    closes: mpsc::UnboundedReceiver<()>,
}

impl Server {
    /// The first `together` requests are answered when all of them are there.
    async fn start(together: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let (closed, closes) = mpsc::unbounded_channel();
        let connections = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&connections);
        tokio::spawn(async move {
            let first = Arc::new(Barrier::new(together));
            while let Ok((stream, _)) = listener.accept().await {
                let is_first = counted.fetch_add(1, Ordering::SeqCst) < together;
                let first = is_first.then(|| Arc::clone(&first));
                let closed = closed.clone();
                tokio::spawn(async move {
                    serve(stream, first).await;
                    _ = closed.send(());
                });
            }
        });
        Self {
            endpoint,
            connections,
            closes,
        }
    }

    async fn sees_a_close(&mut self) {
        timeout(PATIENCE, self.closes.recv())
            .await
            .unwrap()
            .unwrap();
    }

    fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, mut first: Option<Arc<Barrier>>) {
    loop {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            let Ok(byte) = stream.read_u8().await else {
                return;
            };
            head.push(byte);
        }
        if let Some(first) = first.take() {
            first.wait().await;
        }
        let Act::Send(bytes) = ok(PLAY_INFO) else {
            return;
        };
        _ = stream.write_all(&bytes).await;
        let head = String::from_utf8_lossy(&head).to_lowercase();
        let has_body = head.contains("content-length") && !head.contains("content-length: 0\r\n");
        if has_body {
            return std::future::pending().await;
        }
    }
}
