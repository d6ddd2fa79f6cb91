//! An answer, read whole: capped, unpacked, and sorted into success and failure.

use std::io::Read as _;
use std::time::Duration;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap};

use super::decide::{Failure, Head, Refusal};
use super::pace::Stall;
use super::redact::Secrets;
use crate::body::{self, CollectError};
use crate::decode;
use crate::error::{BoxError, Error, ErrorKind, ServiceError};
use crate::service_error;
use crate::text;

/// How much of an answer that reports an error is read.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// How an answer is read.
pub(super) struct Reading {
    pub(super) max_bytes: usize,
    /// The answer may hold secrets of its own.
    pub(super) is_secret: bool,
    /// What an error must not show, should the other side send it back.
    pub(super) secrets: Secrets,
}

/// A successful answer, not decoded yet.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) attempts: u32,
    /// When the call began, on the runtime's clock.
    pub(super) start: Duration,
    pub(super) is_secret: bool,
    pub(super) secrets: Secrets,
}

/// Why the body of an answer was not waited for.
#[derive(Clone, Copy, Debug)]
pub(super) enum CutOff {
    Stalled(Stall),
    TimedOut(Duration),
}

impl Answer {
    /// Sorts an answer that was collected.
    pub(super) fn read(
        status: StatusCode,
        headers: HeaderMap,
        raw: Result<Bytes, CollectError>,
        reading: Reading,
    ) -> Result<Self, Failure> {
        let limit = reading.limit(status);
        let is_success = status.is_success();
        let status = status.as_u16();
        let raw = match raw {
            Ok(raw) => raw,
            Err(CollectError::Read(source)) if is_success => {
                return Err(Failure::BrokenAnswer(
                    source,
                    reading.head(status, &headers),
                ));
            }
            // The status alone says that the call failed; a body too large or broken only costs the details.
            Err(_) if !is_success => Bytes::new(),
            Err(error) => return Err(reading.without_body(status, headers).refuse(error)),
        };
        let body = match unpack(&headers, raw, limit) {
            Ok(body) => body,
            // As above.
            Err(_) if !is_success => Bytes::new(),
            Err(error) => return Err(reading.without_body(status, headers).refuse(error)),
        };
        if !is_success {
            return Err(reading.refusal(status, headers, &body));
        }
        let request_id = reading.request_id(&headers, &body);
        Ok(Self {
            status,
            request_id,
            headers,
            body,
            attempts: 0,
            start: Duration::ZERO,
            is_secret: reading.is_secret,
            secrets: reading.secrets,
        })
    }

    fn refuse(self, cause: impl Into<BoxError>) -> Failure {
        Failure::Malformed(self.malformed(cause))
    }

    /// Makes the error of an answer that can't be used.
    pub(super) fn malformed(&self, cause: impl Into<BoxError>) -> Error {
        let service = ServiceError {
            status: self.status,
            message: if self.is_secret {
                String::new()
            } else {
                text::excerpt(&self.secrets.taken_out_of(&self.body))
            },
            request_id: Some(self.request_id.clone()).filter(|id| !id.is_empty()),
            ..ServiceError::default()
        };
        let mut cause = cause.into();
        let mut reason = cause.to_string();
        self.secrets.take_out(&mut reason);
        if reason != cause.to_string() {
            cause = reason.clone().into();
        }
        Error::new(
            ErrorKind::MalformedResponse,
            format!("the answer is not what the operation promises: {reason}"),
        )
        .with_service(service)
        .with_source(cause)
        .with_attempts(self.attempts)
    }
}

/// Undoes gzip, here and not in the transport, so that the size is counted on both sides of it.
fn unpack(headers: &HeaderMap, packed: Bytes, limit: usize) -> Result<Bytes, BoxError> {
    let is_gzip = headers.get(CONTENT_ENCODING).is_some_and(|value| {
        let value = value.as_bytes();
        value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip")
    });
    if !is_gzip || packed.is_empty() {
        return Ok(packed);
    }
    let mut decoder = flate2::read::MultiGzDecoder::new(&*packed);
    let (mut plain, mut piece) = (Vec::new(), [0; 8 << 10]);
    loop {
        let length = decoder.read(&mut piece)?;
        if length == 0 {
            return Ok(plain.into());
        }
        body::append(&mut plain, &piece[..length], limit)?;
    }
}

impl Reading {
    /// Returns how many bytes an answer of this status may have, as sent and unpacked.
    pub(super) fn limit(&self, status: StatusCode) -> usize {
        if status.is_success() {
            self.max_bytes
        } else {
            self.max_bytes.min(MAX_ERROR_BYTES)
        }
    }

    /// Makes the failure of an answer whose body is too slow. Where its status already says that the call failed, that
    /// counts.
    pub(super) fn cut_off(&self, status: StatusCode, headers: HeaderMap, why: CutOff) -> Failure {
        let is_success = status.is_success();
        let status = status.as_u16();
        if !is_success {
            return self.refusal(status, headers, &[]);
        }
        let head = Some(self.head(status, &headers));
        match why {
            CutOff::Stalled(stall) => Failure::Stalled(stall, head),
            CutOff::TimedOut(limit) => Failure::TimedOut(limit, head),
        }
    }

    fn refusal(&self, status: u16, headers: HeaderMap, body: &[u8]) -> Failure {
        // Before anything is cut, lest half a secret stay; and after decoding, which may lay one bare.
        let shown = self.secrets.taken_out_of(body);
        let mut error = service_error::read(status, &headers, &shown);
        self.secrets.take_out_of_error(&mut error);
        Failure::Service(Box::new(Refusal {
            error,
            headers,
            bytes: body.len(),
        }))
    }

    fn head(&self, status: u16, headers: &HeaderMap) -> Head {
        Head {
            status,
            request_id: Some(self.request_id(headers, &[])).filter(|id| !id.is_empty()),
        }
    }

    fn without_body(self, status: u16, headers: HeaderMap) -> Answer {
        let request_id = self.request_id(&headers, &[]);
        Answer {
            status,
            request_id,
            headers,
            body: Bytes::new(),
            attempts: 0,
            start: Duration::ZERO,
            is_secret: true,
            secrets: self.secrets,
        }
    }

    /// From the header, which every answer of the gateway has; else from the body.
    fn request_id(&self, headers: &HeaderMap, body: &[u8]) -> String {
        let mut id = service_error::header(headers, "x-acs-request-id")
            .or_else(|| request_id_in(body))
            .unwrap_or_default();
        self.secrets.take_out(&mut id);
        id
    }
}

/// Of a body that is cut or malformed, too, as far as it can be read.
fn request_id_in(body: &[u8]) -> Option<String> {
    decode::text_member(body, &["RequestId", "requestId"]).map(|id| text::excerpt(id.as_bytes()))
}
