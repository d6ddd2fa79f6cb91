//! A transport for builds without TLS.

use std::time::Duration;

use acs_core::{Body, BoxFuture, Transport, TransportError, TransportErrorKind};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// HTTP/1.1 over one socket a request, as little of it as tests need.
#[derive(Debug)]
pub(super) struct Plain;

impl Transport for Plain {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let connect = TcpStream::connect(request.uri().authority().unwrap().as_str());
            let mut socket = match tokio::time::timeout(Duration::from_millis(900), connect).await {
                Ok(Ok(socket)) => socket,
                Ok(Err(error)) => {
                    return Err(TransportError::new(TransportErrorKind::Connect, error));
                }
                Err(error) => {
                    return Err(TransportError::new(
                        TransportErrorKind::ConnectTimeout,
                        error,
                    ));
                }
            };
            let broken =
                |error: std::io::Error| TransportError::new(TransportErrorKind::Interrupted, error);
            let uri = request.uri();
            let mut head = format!(
                "{} {} HTTP/1.1\r\nhost: {}\r\ncontent-length: 0\r\n",
                request.method(),
                uri.path_and_query().unwrap(),
                uri.authority().unwrap()
            );
            for (name, value) in request.headers() {
                head.push_str(&format!("{name}: {}\r\n", value.to_str().unwrap()));
            }
            socket
                .write_all(format!("{head}\r\n").as_bytes())
                .await
                .map_err(broken)?;
            let mut all = Vec::new();
            // More than any limit of the crate, and less than a flood.
            (&mut socket)
                .take(1 << 20)
                .read_to_end(&mut all)
                .await
                .map_err(broken)?;
            let end = all.windows(4).position(|window| window == b"\r\n\r\n");
            let Some(end) = end else {
                return Err(broken(std::io::ErrorKind::UnexpectedEof.into()));
            };
            let status = String::from_utf8_lossy(&all[9..12]).parse::<u16>().unwrap();
            let body = all.split_off(end + 4);
            Ok(http::Response::builder()
                .status(status)
                .body(Body::from(body))
                .unwrap())
        })
    }
}
