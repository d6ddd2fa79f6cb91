//! A product of two operations, and transports for it.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use acs_core::model::Schema;
use acs_core::operation::{Operation, OperationInfo};
use acs_core::{
    Body, BoxError, BoxFuture, Client, ClientBuilder, Credentials, Product, ProductInfo,
    ReplayTransport, Transport, TransportError,
};
use bytes::Bytes;
use http_body::Frame;

#[derive(Debug)]
pub(crate) struct Shelf;

impl Product for Shelf {
    const INFO: &'static ProductInfo = &ProductInfo {
        product: "shelf",
        version: "2026-01-01",
        endpoints: &[],
        global: None,
    };
}

/// A read.
#[derive(Clone, Default)]
pub(crate) struct GetBook {
    id: Option<String>,
}

acs_core::model! {
    GetBook {
        0 id: string("Id"),
    }
}

impl Operation for GetBook {
    type Product = Shelf;
    type Output = Book;

    const INFO: &'static OperationInfo =
        &OperationInfo::rpc(Shelf::INFO, "GetBook", SCHEMA).idempotent();
}

/// A write; a ticket keeps its repeat from a second effect.
#[derive(Clone, Default)]
pub(crate) struct PutBook {
    ticket: Option<String>,
}

acs_core::model! {
    PutBook {
        0 ticket: string("Ticket"),
    }
}

impl PutBook {
    pub(crate) fn guarded() -> Self {
        Self::guarded_by("order-1")
    }

    pub(crate) fn guarded_by(ticket: &str) -> Self {
        Self {
            ticket: Some(ticket.to_owned()),
        }
    }
}

impl Operation for PutBook {
    type Product = Shelf;
    type Output = Book;

    const INFO: &'static OperationInfo =
        &OperationInfo::rpc(Shelf::INFO, "PutBook", SCHEMA).duplicate_guard("Ticket");
}

const SCHEMA: &Schema = &Schema {
    name: "Book",
    fields: &[],
    checks: &[],
};

#[derive(Clone, Default)]
pub(crate) struct Book {
    title: Option<String>,
    pages: Option<i64>,
}

acs_core::model! {
    Book {
        0 title: string("Title"),
        1 pages: integer("Pages"),
    }
}

pub(crate) fn builder(transport: Arc<impl Transport + 'static>) -> ClientBuilder<Shelf> {
    Client::builder("cn-shanghai")
        .endpoint("http://127.0.0.1:1")
        .credentials(Credentials::access_key("LTAItest", "secret").unwrap())
        .transport(transport)
}

pub(crate) fn client(transport: &Arc<ReplayTransport>) -> Client<Shelf> {
    builder(Arc::clone(transport)).build().unwrap()
}

pub(crate) fn refusal(status: u16, headers: &[(&str, &str)], code: &str) -> http::Response<Bytes> {
    let body = format!(r#"{{"RequestId":"R-9","Code":"{code}","Message":"no"}}"#);
    headers
        .iter()
        .fold(http::Response::builder(), |builder, (name, value)| {
            builder.header(*name, *value)
        })
        .status(status)
        .body(body.into())
        .unwrap()
}

/// Answers with a status and a request id, and the beginning of a body that never ends.
#[derive(Debug)]
pub(crate) struct Unending(pub(crate) u16);

impl Transport for Unending {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let response = http::Response::builder()
            .status(self.0)
            .header("x-acs-request-id", "R-1")
            .body(Body::stream(Beginning(Some(Bytes::from_static(b"{")))))
            .unwrap();
        Box::pin(async { Ok(response) })
    }
}

struct Beginning(Option<Bytes>);

impl http_body::Body for Beginning {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        match self.0.take() {
            Some(bytes) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            None => Poll::Pending,
        }
    }
}
