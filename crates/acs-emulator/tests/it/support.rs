//! A tiny HTTP client that signs, and the emulators that tests start.

use std::time::Duration;

use acs_emulator::{Builder, Emulator, ManualClock};
use acs_signer::{Buffer, Payload, SigningKey, acs3, oss_v4};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chrono::{DateTime, TimeZone as _, Utc};
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

pub(crate) const STS: &str = "2015-04-01";
pub(crate) const VOD: &str = "2017-03-21";
pub(crate) const MPS: &str = "2014-06-18";

/// The folder `tests/fixtures`: response shapes whose values are invented.
pub(crate) fn fixture(name: &str) -> String {
    let path = format!("{}/tests/fixtures/{name}", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// An emulator whose time a test moves.
pub(crate) struct Cloud {
    pub(crate) emulator: Emulator,
    pub(crate) clock: ManualClock,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::start_with(|builder| builder).await
    }

    pub(crate) async fn start_with(settings: impl FnOnce(Builder) -> Builder) -> Self {
        let clock = ManualClock::new(Utc.with_ymd_and_hms(2026, 11, 20, 8, 15, 30).unwrap());
        let builder = Emulator::builder()
            .manual_clock(&clock)
            .step(Duration::from_secs(10));
        let emulator = settings(builder).start().await.unwrap();
        Self { emulator, clock }
    }

    pub(crate) fn user(&self) -> Keys {
        Keys {
            id: self.emulator.access_key_id().to_owned(),
            secret: self.emulator.access_key_secret().to_owned(),
            token: None,
        }
    }

    pub(crate) fn host(&self) -> &str {
        self.emulator.endpoint().strip_prefix("http://").unwrap()
    }

    /// Signs and sends an API call.
    pub(crate) async fn call(
        &self,
        keys: &Keys,
        version: &str,
        action: &str,
        parameters: &[(&str, &str)],
    ) -> Reply {
        let nonce = nonce();
        let call = self.signed_call(
            keys,
            self.clock.now(),
            &nonce,
            (version, action),
            parameters,
        );
        self.send(call).await
    }

    /// Signs an API call with a date and nonce of the test's choice.
    pub(crate) fn signed_call(
        &self,
        keys: &Keys,
        date: DateTime<Utc>,
        nonce: &str,
        (version, action): (&str, &str),
        parameters: &[(&str, &str)],
    ) -> Call {
        let request = acs3::Request {
            method: "POST",
            host: self.host(),
            action,
            version,
            query: parameters,
            payload: Payload::Empty,
            security_token: keys.token.as_deref(),
            ..acs3::Request::at(date, nonce)
        };
        let key = SigningKey::new(&keys.id, &keys.secret).unwrap();
        let mut buffer = Buffer::new();
        let signed = acs3::sign(&request, &key, &mut buffer).unwrap();
        let mut headers = owned(signed.headers());
        headers.push(("host".to_owned(), self.host().to_owned()));
        Call {
            method: "POST".to_owned(),
            target: format!("/?{}", signed.query()),
            headers,
            body: Vec::new(),
        }
    }

    /// Signs and sends a request on an object, path style.
    pub(crate) async fn oss(
        &self,
        keys: &Keys,
        method: &str,
        (bucket, key): (&str, &str),
        query: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        self.oss_with(keys, method, (bucket, key), query, &[], body)
            .await
    }

    pub(crate) async fn oss_with(
        &self,
        keys: &Keys,
        method: &str,
        object: (&str, &str),
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Reply {
        let call = self.signed_oss(keys, method, object, query, headers, body);
        self.send(call).await
    }

    pub(crate) fn signed_oss(
        &self,
        keys: &Keys,
        method: &str,
        (bucket, key): (&str, &str),
        query: &[(&str, &str)],
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Call {
        let date = self.clock.now();
        let request = oss_v4::Request {
            method,
            bucket: Some(bucket),
            key: Some(key),
            query,
            headers,
            security_token: keys.token.as_deref(),
            ..oss_v4::Request::at(date)
        };
        let signing_key = SigningKey::new(&keys.id, &keys.secret).unwrap();
        let region = self.emulator.region();
        let scoped = oss_v4::ScopedKey::new(&signing_key, date, region, "oss").unwrap();
        let mut buffer = Buffer::new();
        let signed = oss_v4::sign(&request, &scoped, &mut buffer).unwrap();
        let mut all = owned(signed.headers());
        all.extend(owned(headers.iter().copied()));
        all.push(("host".to_owned(), self.host().to_owned()));
        let target = match signed.query() {
            "" => signed.bucket_path().to_owned(),
            query => format!("{}?{query}", signed.bucket_path()),
        };
        Call {
            method: method.to_owned(),
            target,
            headers: all,
            body: body.to_vec(),
        }
    }

    pub(crate) async fn get(&self, target: &str) -> Reply {
        self.send(Call {
            method: "GET".to_owned(),
            target: target.to_owned(),
            headers: vec![("host".to_owned(), self.host().to_owned())],
            body: Vec::new(),
        })
        .await
    }

    pub(crate) async fn send(&self, call: Call) -> Reply {
        let mut stream = TcpStream::connect(self.host()).await.unwrap();
        stream.write_all(&call.head()).await.unwrap();
        stream.write_all(&call.body).await.unwrap();
        let mut raw = Vec::new();
        stream.read_to_end(&mut raw).await.unwrap();
        Reply::parse(&raw)
    }
}

#[derive(Clone)]
pub(crate) struct Keys {
    pub(crate) id: String,
    pub(crate) secret: String,
    pub(crate) token: Option<String>,
}

/// Where an upload goes and the keys to put it there.
pub(crate) struct Ticket {
    pub(crate) video_id: String,
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) endpoint: String,
    pub(crate) auth: Value,
    pub(crate) keys: Keys,
}

impl Ticket {
    /// Reads the answer of CreateUploadVideo or RefreshUploadVideo.
    pub(crate) fn of(reply: &Reply) -> Self {
        let answer = reply.json();
        let address = decoded(&answer["UploadAddress"]);
        let auth = decoded(&answer["UploadAuth"]);
        Self {
            video_id: text(&answer["VideoId"]),
            bucket: text(&address["Bucket"]),
            key: text(&address["FileName"]),
            endpoint: text(&address["Endpoint"]),
            keys: Keys {
                id: text(&auth["AccessKeyId"]),
                secret: text(&auth["AccessKeySecret"]),
                token: Some(text(&auth["SecurityToken"])),
            },
            auth,
        }
    }

    pub(crate) fn object(&self) -> (&str, &str) {
        (&self.bucket, &self.key)
    }
}

pub(crate) struct Call {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Call {
    pub(crate) fn head(&self) -> Vec<u8> {
        let mut head = format!("{} {} HTTP/1.1\r\n", self.method, self.target);
        for (name, value) in &self.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let length = self.body.len();
        head.push_str(&format!(
            "content-length: {length}\r\nconnection: close\r\n\r\n"
        ));
        head.into_bytes()
    }

    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(have, _)| have != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }
}

#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    pub(crate) fn parse(raw: &[u8]) -> Self {
        let end = raw.windows(4).position(|window| window == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("no answer: {:?}", String::from_utf8_lossy(raw)));
        let head = std::str::from_utf8(&raw[..end]).unwrap();
        let mut lines = head.split("\r\n");
        let status = lines.next().unwrap().split(' ').nth(1).unwrap();
        let headers = lines.map(|line| {
            let (name, value) = line.split_once(':').unwrap();
            (name.to_ascii_lowercase(), value.trim().to_owned())
        });
        Self {
            status: status.parse().unwrap(),
            headers: headers.collect(),
            body: raw[end + 4..].to_vec(),
        }
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(have, _)| have == name);
        found.map_or("", |(_, value)| value.as_str())
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The text of the first XML element `name`.
    pub(crate) fn xml(&self, name: &str) -> String {
        let text = self.text();
        let (_, rest) = text.split_once(&format!("<{name}>")).unwrap_or(("", ""));
        let (value, _) = rest.split_once(&format!("</{name}>")).unwrap_or(("", ""));
        value.replace("&quot;", "\"").replace("&amp;", "&")
    }

    pub(crate) fn ok(self) -> Self {
        assert_eq!(
            self.status / 100,
            2,
            "{}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }

    /// Asserts an OpenAPI refusal and returns its JSON.
    pub(crate) fn refused(&self, status: u16, code: &str) -> Value {
        let answer = self.json();
        assert_eq!(
            (self.status, text(&answer["Code"]).as_str()),
            (status, code),
            "{answer}"
        );
        assert_eq!(self.header("x-acs-request-id"), text(&answer["RequestId"]));
        assert!(!text(&answer["Message"]).is_empty());
        answer
    }

    /// Asserts an OSS refusal.
    pub(crate) fn oss_refused(&self, status: u16, code: &str) -> &Self {
        assert_eq!(
            (self.status, self.xml("Code").as_str()),
            (status, code),
            "{}",
            self.text()
        );
        assert_eq!(self.header("x-oss-request-id"), self.xml("RequestId"));
        self
    }
}

pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

pub(crate) fn decoded(value: &Value) -> Value {
    serde_json::from_slice(&STANDARD.decode(text(value)).unwrap()).unwrap()
}

/// A nonce that no other call of this process has.
pub(crate) fn nonce() -> String {
    use std::sync::atomic::{AtomicU64, Ordering};
    static NEXT: AtomicU64 = AtomicU64::new(0);
    format!("nonce-{}", NEXT.fetch_add(1, Ordering::Relaxed))
}

/// Bytes that no compression or repetition could hide a mistake in.
pub(crate) fn noise(length: usize, mut state: u32) -> Vec<u8> {
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 24) as u8
    };
    (0..length).map(|_| next()).collect()
}

fn owned<'n, 'v>(headers: impl Iterator<Item = (&'n str, &'v str)>) -> Vec<(String, String)> {
    headers
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}
