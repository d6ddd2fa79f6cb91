//! Those that are compared: our client over each of its transports, and plain reqwest with ready-made bytes.

use std::hint::black_box;
use std::sync::Arc;

use acs_core::{Credentials, HyperTransport, ReqwestTransport, SharedTransport};
use acs_tests::bare::BareServer;
use acs_vod::{Client, GetPlayInfo};
use tokio_rustls::rustls::crypto::ring;

/// What the server answers: the fixture without its indentation, as the service writes it.
pub(crate) fn answer() -> &'static str {
    let fixture = include_str!("../../fixtures/vod.GetPlayInfo.json");
    let line: String = fixture.lines().map(str::trim_start).collect();
    line.replace("\": ", "\":").leak()
}

/// What a client sends by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    /// The default.
    Reqwest,
    Hyper,
}

pub(crate) fn ours(server: &BareServer, over: Over) -> Client {
    let transport: SharedTransport = match over {
        Over::Reqwest => Arc::new(ReqwestTransport::builder().build().unwrap()),
        Over::Hyper => Arc::new(HyperTransport::builder().build().unwrap()),
    };
    let credentials =
        Credentials::access_key("LTAI5tExampleKeyId000000", "ExampleSecretExampleSecret0000");
    Client::builder("cn-shanghai")
        .endpoint(server.endpoint())
        .credentials(credentials.unwrap())
        .transport(transport)
        .build()
        .unwrap()
}

pub(crate) async fn call(client: Client) {
    let answer = client
        .send(GetPlayInfo::new().video_id("93ab850b4f6f44eab54b6e91d24d81d4"))
        .await
        .unwrap();
    black_box(answer.play_info_list.len());
}

/// The same request, made beforehand.
#[derive(Clone)]
pub(crate) struct Plain {
    client: reqwest::Client,
    url: reqwest::Url,
    headers: reqwest::header::HeaderMap,
}

impl Plain {
    pub(crate) fn new(server: &BareServer) -> Self {
        let url = format!(
            "{}/?VideoId=93ab850b4f6f44eab54b6e91d24d81d4",
            server.endpoint()
        );
        let authorization = format!(
            "ACS3-HMAC-SHA256 Credential=LTAI5tExampleKeyId000000,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature={}",
            "0".repeat(64)
        );
        let headers = [
            ("accept", "application/json"),
            ("accept-encoding", "gzip"),
            ("x-acs-action", "GetPlayInfo"),
            (
                "x-acs-content-sha256",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            ("x-acs-date", "2026-11-21T23:30:00Z"),
            ("x-acs-signature-nonce", "9e6f0a523f0d4c5b8f437a4b6e3c1d20"),
            ("x-acs-version", "2017-03-21"),
            ("authorization", &authorization),
        ];
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        // reqwest sets TLS up even where none is spoken, and panics where no provider is installed.
        _ = ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(64)
            .tcp_nodelay(true)
            .user_agent("acs-sdk-rust/0.1.0")
            .build()
            .unwrap();
        Self {
            client,
            url: url.parse().unwrap(),
            headers,
        }
    }

    pub(crate) fn call(&self) -> impl Future<Output = ()> + Send + use<> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone());
        async move {
            black_box(request.send().await.unwrap().bytes().await.unwrap().len());
        }
    }
}
