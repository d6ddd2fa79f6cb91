//! Clients and answers that the tests share.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use acs_core::{
    Body, BoxFuture, Credentials, HyperTransport, HyperTransportBuilder, ReplayTransport,
    ReqwestTransport, ReqwestTransportBuilder, SharedTransport, Transport, TransportError,
};
use acs_tests::fault::{Act, FaultServer, answer};
use acs_vod::{Client, CreateUploadVideo, GetPlayInfo};
use bytes::Bytes;

pub(crate) const PLAY_INFO: &str =
    r#"{"RequestId":"R-1","VideoBase":{"VideoId":"v1"},"PlayInfoList":{"PlayInfo":[]}}"#;

pub(crate) const CREATED: &str =
    r#"{"RequestId":"R-2","VideoId":"v1","UploadAddress":"YQ==","UploadAuth":"Yg=="}"#;

pub(crate) fn credentials() -> Credentials {
    Credentials::access_key("LTAItest", "canary-secret").unwrap()
}

pub(crate) fn builder() -> acs_core::ClientBuilder<acs_vod::Vod> {
    Client::builder("cn-shanghai")
        .endpoint("http://127.0.0.1:1")
        .credentials(credentials())
}

pub(crate) fn client_of(server: &FaultServer) -> Client {
    builder().endpoint(server.endpoint()).build().unwrap()
}

/// The transports over real sockets: what is promised of the default is promised of each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Over {
    Reqwest,
    Hyper,
}

impl Over {
    pub(crate) const ALL: [Self; 2] = [Self::Reqwest, Self::Hyper];
    pub(crate) const CONNECT_TIMEOUT: Duration = Duration::from_millis(500);

    pub(crate) fn transport(self) -> SharedTransport {
        self.make(None)
    }

    /// Trusts the certificates of a PEM file as well.
    pub(crate) fn trusting(self, pem: String) -> SharedTransport {
        self.make(Some(pem))
    }

    fn make(self, pem: Option<String>) -> SharedTransport {
        match self {
            Self::Reqwest => {
                let builder = ReqwestTransport::builder().connect_timeout(Self::CONNECT_TIMEOUT);
                let builder = pem
                    .into_iter()
                    .fold(builder, ReqwestTransportBuilder::root_certificates_pem);
                Arc::new(builder.build().unwrap())
            }
            Self::Hyper => {
                let builder = HyperTransport::builder().connect_timeout(Self::CONNECT_TIMEOUT);
                let builder = pem
                    .into_iter()
                    .fold(builder, HyperTransportBuilder::root_certificates_pem);
                Arc::new(builder.build().unwrap())
            }
        }
    }

    pub(crate) fn client_of(self, server: &FaultServer) -> Client {
        let builder = builder().endpoint(server.endpoint());
        builder.transport(self.transport()).build().unwrap()
    }
}

pub(crate) fn replaying(transport: &Arc<ReplayTransport>) -> Client {
    builder()
        .transport(Arc::clone(transport) as _)
        .build()
        .unwrap()
}

pub(crate) fn read() -> GetPlayInfo {
    GetPlayInfo::new().video_id("93ab850b4f6f44eab54b6e91d24d81d4")
}

pub(crate) fn write() -> CreateUploadVideo {
    CreateUploadVideo::new("Title", "clip.mp4")
}

pub(crate) fn ok(body: &str) -> Act {
    Act::Send(answer("200 OK", "", body))
}

pub(crate) fn error(code: &str) -> String {
    format!(r#"{{"RequestId":"R-9","HostId":"vod","Code":"{code}","Message":"no"}}"#)
}

pub(crate) fn with_headers(
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

type Reply = dyn Fn(&http::Request<Body>) -> http::Response<Bytes> + Send + Sync;

/// A service that answers each request by a function, after a while.
pub(crate) struct Service {
    latency: Duration,
    reply: Box<Reply>,
}

impl Service {
    pub(crate) fn new(
        latency: Duration,
        reply: impl Fn(&http::Request<Body>) -> http::Response<Bytes> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            latency,
            reply: Box::new(reply),
        })
    }
}

impl Transport for Service {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let reply = (self.reply)(&request);
        Box::pin(async move {
            tokio::time::sleep(self.latency).await;
            Ok(reply.map(Body::from))
        })
    }
}

impl fmt::Debug for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Service").finish_non_exhaustive()
    }
}
