//! A server that falls silent, for tests of time limits.

use std::pin::Pin;
use std::task::{Context, Poll};

use acs_core::{Body, BoxFuture, Transport, TransportError};
use bytes::Bytes;
use http_body::Frame;

/// A transport whose answer never comes, or never goes on.
#[derive(Debug)]
pub(super) enum Silent {
    BeforeHead,
    BeforeBody,
}

impl Transport for Silent {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        match self {
            Self::BeforeHead => Box::pin(std::future::pending()),
            Self::BeforeBody => Box::pin(async { Ok(http::Response::new(Body::stream(Endless))) }),
        }
    }
}

struct Endless;

impl http_body::Body for Endless {
    type Data = Bytes;
    type Error = std::io::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, std::io::Error>>> {
        Poll::Pending
    }
}
