//! Headers that are parameters of an operation.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;

use acs_core::model::{Bytes, Schema};
use acs_core::operation::{Method, Operation, OperationInfo};
use acs_core::{Client, Credentials, Product, ProductInfo, ReplayTransport};

static PRODUCT: ProductInfo = ProductInfo {
    product: "test",
    version: "2026-01-01",
    endpoints: &[],
    global: Some("test.aliyuncs.com"),
};

#[derive(Clone, Copy, Debug)]
struct Test;

impl Product for Test {
    const INFO: &'static ProductInfo = &PRODUCT;
}

mod put {
    use super::*;

    #[derive(Clone, Default)]
    pub(super) struct PutLogs {
        pub(super) accept_encoding: Option<String>,
        pub(super) content_type: Option<String>,
        pub(super) body: Bytes,
    }

    acs_core::model! {
        PutLogs {
            0 accept_encoding: string("Accept-Encoding").in_header(),
            1 content_type: string("Content-Type").in_header(),
            2 body: bytes("body").in_body(),
        }
    }

    impl PutLogs {
        pub(super) const TABLE: &'static Schema = Self::SCHEMA;
    }
}

impl Operation for put::PutLogs {
    type Product = Test;
    type Output = ();

    const INFO: &'static OperationInfo =
        &OperationInfo::roa(&PRODUCT, "PutLogs", &[Method::POST], "/logs", Self::TABLE);
}

/// Two of a name would not be what was signed.
#[tokio::test]
async fn a_parameter_replaces_the_usual_header_of_its_name() {
    let transport = Arc::new(ReplayTransport::new());
    let client = Client::<Test>::builder("cn-shanghai")
        .credentials(Credentials::access_key("id", "secret").unwrap())
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    let own = put::PutLogs {
        accept_encoding: Some("lz4".to_owned()),
        content_type: Some("application/x-protobuf".to_owned()),
        body: Bytes::from_static(b"x"),
    };
    let usual = put::PutLogs {
        body: Bytes::from_static(b"x"),
        ..put::PutLogs::default()
    };
    for (operation, accept_encoding, content_type) in [
        (own, "lz4", "application/x-protobuf"),
        (usual, "gzip", "application/octet-stream"),
    ] {
        transport.answer(200, "");
        client.send(operation).await.unwrap();
        let sent = transport.sent().pop().unwrap();
        for (name, expected) in [
            ("accept-encoding", accept_encoding),
            ("content-type", content_type),
            ("accept", "application/json"),
        ] {
            let values: Vec<_> = sent.headers.get_all(name).iter().collect();
            assert_eq!(values, [expected], "{name}");
        }
    }
}

/// Transports leave the scheme's own port out where they write the host themselves; the signature has it.
#[tokio::test]
async fn the_host_is_sent_as_it_was_signed() {
    let transport = Arc::new(ReplayTransport::new());
    let client = Client::<Test>::builder("cn-shanghai")
        .endpoint("https://test.example.com:443")
        .credentials(Credentials::access_key("id", "secret").unwrap())
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    transport.answer(200, "");
    client.send(put::PutLogs::default()).await.unwrap();
    let sent = transport.sent().pop().unwrap();
    let hosts: Vec<_> = sent.headers.get_all("host").iter().collect();
    assert_eq!(hosts, [client.endpoint().authority()]);
}
