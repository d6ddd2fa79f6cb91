//! A server that answers or fails as told, and a transport that reaches it over real sockets.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::Transport;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

/// What the server does with one request.
#[derive(Clone, Debug)]
pub(crate) enum Act {
    Answer(u16, &'static str, String),
    /// Accepts, reads, and says nothing.
    Hang,
    /// Closes without an answer.
    Close,
    /// Sends this many bytes of body, without an end in sight.
    Flood(usize),
}

/// A server on loopback. Requests are answered by the first act whose path fits; each act is used once, but the last.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) base: String,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server with acts for `METHOD /path` prefixes.
    pub(crate) async fn start(acts: Vec<(&'static str, Vec<Act>)>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let plan: Vec<_> = acts
            .into_iter()
            .map(|(path, acts)| (path, VecDeque::from(acts)))
            .collect();
        let plan = Arc::new(Mutex::new(plan));
        tokio::spawn({
            let seen = Arc::clone(&seen);
            async move {
                while let Ok((socket, _)) = listener.accept().await {
                    tokio::spawn(serve(socket, Arc::clone(&plan), Arc::clone(&seen)));
                }
            }
        });
        Self { base, seen }
    }

    /// The requests so far, as `METHOD /path`, with `+token` where a metadata token came along.
    pub(crate) fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

type Plan = Arc<Mutex<Vec<(&'static str, VecDeque<Act>)>>>;

async fn serve(mut socket: TcpStream, plan: Plan, seen: Arc<Mutex<Vec<String>>>) {
    let mut head = Vec::new();
    while !head.windows(4).any(|window| window == b"\r\n\r\n") {
        let mut piece = [0; 4096];
        match socket.read(&mut piece).await {
            Ok(0) | Err(_) => return,
            Ok(read) => head.extend_from_slice(&piece[..read]),
        }
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let line = head
        .lines()
        .next()
        .unwrap_or_default()
        .trim_end_matches(" HTTP/1.1")
        .to_owned();
    let token = head
        .to_ascii_lowercase()
        .contains("\r\nx-aliyun-ecs-metadata-token:");
    seen.lock()
        .unwrap()
        .push(format!("{line}{}", if token { " +token" } else { "" }));
    let act = {
        let mut plan = plan.lock().unwrap();
        let acts = plan
            .iter_mut()
            .find(|(path, acts)| line.starts_with(path) && !acts.is_empty());
        acts.map(|(_, acts)| {
            if acts.len() > 1 {
                acts.pop_front().unwrap()
            } else {
                acts[0].clone()
            }
        })
    };
    match act.unwrap_or_else(|| Act::Answer(404, "", "no act".to_owned())) {
        Act::Answer(status, headers, body) => {
            let answer = format!(
                "HTTP/1.1 {status} X\r\ncontent-length: {}\r\nconnection: close\r\n{headers}\r\n{body}",
                body.len()
            );
            let _ = socket.write_all(answer.as_bytes()).await;
        }
        Act::Hang => tokio::time::sleep(Duration::from_secs(3600)).await,
        Act::Close => {}
        Act::Flood(bytes) => {
            let _ = socket
                .write_all(b"HTTP/1.1 200 X\r\nconnection: close\r\n\r\n")
                .await;
            for _ in 0..bytes / 1024 {
                if socket.write_all(&[b'x'; 1024]).await.is_err() {
                    return;
                }
            }
        }
    }
}

/// Returns the transport that programs have, where it is built in; else the one below.
#[cfg(feature = "rustls")]
pub(crate) fn transport() -> Arc<dyn Transport> {
    let builder = acs_core::ReqwestTransport::builder();
    Arc::new(
        builder
            .connect_timeout(Duration::from_millis(900))
            .without_proxy()
            .build()
            .unwrap(),
    )
}

/// Returns the transport that programs have, where it is built in; else the one below.
#[cfg(not(feature = "rustls"))]
pub(crate) fn transport() -> Arc<dyn Transport> {
    Arc::new(plain::Plain)
}

#[cfg(not(feature = "rustls"))]
mod plain;
