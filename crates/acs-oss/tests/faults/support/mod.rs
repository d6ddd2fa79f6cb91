//! A server on loopback that misbehaves on request: each request is answered by a script.
#![allow(
    clippy::unwrap_used,
    missing_debug_implementations,
    missing_docs,
    unreachable_pub,
    reason = "shared by tests, and part of nothing else"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{Credentials, ReqwestTransport, RetryPolicy};
use acs_oss::{Bucket, BucketBuilder, Crc64, Timeouts};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// A request as it came, with its body where the script had it read.
#[derive(Clone, Default)]
pub struct Request {
    pub method: String,
    pub target: String,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Request {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

/// What the server does with a request.
pub enum Reply {
    /// Reads the body, if any, and answers.
    Answer {
        status: u16,
        headers: Vec<(&'static str, String)>,
        body: Vec<u8>,
    },
    /// Resets the connection without reading the body.
    ResetUnread,
    /// Reads all, then resets the connection without an answer.
    ResetAfterReading,
    /// Reads nothing more, and keeps the connection open.
    HangUnread,
    /// Reads all, and never answers.
    HangAfterReading,
    /// Answers with a body that is one byte short of its length, then closes.
    Truncated { body: Vec<u8> },
    /// Answers with half a body, then stands still.
    StalledHalfway { body: Vec<u8> },
    /// Answers byte by byte, one each `pause`.
    Drip { body: Vec<u8>, pause: Duration },
    /// Answers with an error whose body is endless.
    Flood { status: u16 },
}

impl Reply {
    pub fn status(status: u16) -> Self {
        Self::Answer {
            status,
            headers: vec![],
            body: vec![],
        }
    }

    pub fn xml(status: u16, body: impl Into<Vec<u8>>) -> Self {
        Self::Answer {
            status,
            headers: vec![("content-type", "application/xml".to_owned())],
            body: body.into(),
        }
    }

    pub fn error(status: u16, code: &str) -> Self {
        Self::xml(
            status,
            format!(
                "<Error><Code>{code}</Code><Message>m</Message><RequestId>R-1</RequestId></Error>"
            ),
        )
    }

    /// The answer to a put or a part: the CRC is that of the bytes, plus what is added.
    pub fn stored(request: &Request, added_to_crc: u64) -> Self {
        let crc = Crc64::of(&request.body).wrapping_add(added_to_crc);
        Self::Answer {
            status: 200,
            headers: vec![
                ("etag", "\"E1\"".to_owned()),
                ("x-oss-hash-crc64ecma", crc.to_string()),
                ("x-oss-request-id", "R-2".to_owned()),
            ],
            body: vec![],
        }
    }
}

type Script = dyn Fn(usize, &Request) -> Reply + Send + Sync;

pub struct Server {
    pub endpoint: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    /// Starts a server; `script` gets the number of the request, from 0, and the request. It is called before the
    /// body is read to choose, and again after it.
    pub async fn start(script: impl Fn(usize, &Request) -> Reply + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let endpoint = format!("http://{}", listener.local_addr().unwrap());
        let requests = Arc::new(Mutex::new(Vec::new()));
        let script: Arc<Script> = Arc::new(script);
        let seen = Arc::clone(&requests);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (script, seen) = (Arc::clone(&script), Arc::clone(&seen));
                tokio::spawn(async move { serve(stream, &*script, &seen).await });
            }
        });
        Self { endpoint, requests }
    }

    pub fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// A handle that repeats at once, three attempts in all, and does not wait long.
    pub fn bucket(&self) -> BucketBuilder {
        let mut retry = RetryPolicy::attempts(3);
        retry.base_delay = Duration::from_millis(1);
        retry.throttled_delay = Duration::from_millis(1);
        let mut timeouts = Timeouts::default();
        timeouts.idle = Duration::from_millis(400);
        timeouts.answer = Duration::from_millis(400);
        Bucket::builder("media-in", "cn-shanghai")
            .endpoint(&self.endpoint)
            .credentials(Credentials::sts("STS.id", "canary-secret", "canary-token").unwrap())
            .transport(Arc::new(
                ReqwestTransport::builder().without_proxy().build().unwrap(),
            ))
            .retry(retry)
            .timeouts(timeouts)
    }
}

async fn serve(stream: TcpStream, script: &Script, seen: &Mutex<Vec<Request>>) -> Option<()> {
    let mut stream = BufReader::new(stream);
    loop {
        let mut request = read_head(&mut stream).await?;
        let number = {
            let mut seen = seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        match script(number, &request) {
            Reply::ResetUnread => {
                stream.get_ref().set_zero_linger().unwrap();
                return None;
            }
            Reply::HangUnread => return std::future::pending().await,
            _ => {}
        }
        let length = request
            .header("content-length")
            .and_then(|text| text.parse().ok())
            .unwrap_or(0);
        request.body = vec![0; length];
        stream.read_exact(&mut request.body).await.ok()?;
        seen.lock().unwrap()[number] = request.clone();
        reply(&mut stream, script(number, &request)).await?;
    }
}

async fn reply(stream: &mut BufReader<TcpStream>, reply: Reply) -> Option<()> {
    let head = |length: usize| format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
    match reply {
        Reply::Answer {
            status,
            headers,
            body,
        } => {
            let mut head = format!("HTTP/1.1 {status} X\r\n");
            if !headers.iter().any(|(name, _)| *name == "content-length") {
                head.push_str(&format!("content-length: {}\r\n", body.len()));
            }
            for (name, value) in headers {
                head.push_str(&format!("{name}: {value}\r\n"));
            }
            head.push_str("\r\n");
            stream.write_all(head.as_bytes()).await.ok()?;
            stream.write_all(&body).await.ok()
        }
        Reply::ResetUnread | Reply::ResetAfterReading => {
            stream.get_ref().set_zero_linger().unwrap();
            None
        }
        Reply::HangUnread | Reply::HangAfterReading => std::future::pending().await,
        Reply::Truncated { body } => {
            stream
                .write_all(head(body.len() + 1).as_bytes())
                .await
                .ok()?;
            stream.write_all(&body).await.ok()?;
            None
        }
        Reply::StalledHalfway { body } => {
            stream.write_all(head(body.len()).as_bytes()).await.ok()?;
            stream.write_all(&body[..body.len() / 2]).await.ok()?;
            std::future::pending().await
        }
        Reply::Drip { body, pause } => {
            stream.write_all(head(body.len()).as_bytes()).await.ok()?;
            for byte in body {
                stream.write_all(&[byte]).await.ok()?;
                tokio::time::sleep(pause).await;
            }
            Some(())
        }
        Reply::Flood { status } => {
            let head = format!("HTTP/1.1 {status} X\r\ntransfer-encoding: chunked\r\n\r\n");
            stream.write_all(head.as_bytes()).await.ok()?;
            let chunk = [b"10000\r\n".as_slice(), &[b'x'; 0x10000], b"\r\n"].concat();
            loop {
                stream.write_all(&chunk).await.ok()?;
            }
        }
    }
}

async fn read_head(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(stream.read_u8().await.ok()?);
    }
    let text = String::from_utf8(head).unwrap();
    let mut lines = text.split("\r\n");
    let mut first = lines.next()?.split(' ');
    Some(Request {
        method: first.next()?.to_owned(),
        target: first.next()?.to_owned(),
        headers: lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
            .collect(),
        body: Vec::new(),
    })
}
