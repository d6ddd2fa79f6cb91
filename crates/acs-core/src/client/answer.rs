//! An answer, read whole: capped, unpacked, and sorted into success and failure.

use std::borrow::Cow;
use std::io::Read as _;

use bytes::Bytes;
use http::StatusCode;
use http::header::{CONTENT_ENCODING, HeaderMap};

use super::decide::{Failure, Head, Refusal};
use super::pace::Stall;
use super::sign::Signature;
use crate::body::CollectError;
use crate::error::{BoxError, Error, ErrorKind, ServiceError};
use crate::service_error;
use crate::text;

/// How much of an answer that reports an error is read.
const MAX_ERROR_BYTES: usize = 1 << 20;

/// How an answer is read.
pub(super) struct Reading<'a> {
    pub(super) max_bytes: usize,
    /// The answer may hold secrets of its own.
    pub(super) is_secret: bool,
    /// What an error must not show, should the other side send it back.
    pub(super) signature: Option<Signature>,
    pub(super) security_token: Option<&'a str>,
}

/// A successful answer, not decoded yet.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) attempts: u32,
    pub(super) is_secret: bool,
}

impl Answer {
    /// Sorts an answer that was collected.
    pub(super) fn read(
        status: StatusCode,
        headers: HeaderMap,
        raw: Result<Bytes, CollectError>,
        reading: &Reading<'_>,
    ) -> Result<Self, Failure> {
        let limit = reading.limit(status);
        let is_success = status.is_success();
        let status = status.as_u16();
        let raw = match raw {
            Ok(raw) => raw,
            Err(CollectError::Read(source)) if is_success => {
                return Err(Failure::BrokenAnswer(source, Self::head(status, &headers)));
            }
            // The status alone says that the call failed; a body too large or broken only costs the details.
            Err(_) if !is_success => Bytes::new(),
            Err(error) => return Err(Self::without_body(status, headers).refuse(error)),
        };
        let body = match unpack(&headers, raw, limit) {
            Ok(body) => body,
            // As above.
            Err(_) if !is_success => Bytes::new(),
            Err(error) => return Err(Self::without_body(status, headers).refuse(error)),
        };
        if !is_success {
            let error = service_error::read(status, &headers, &reading.without_secrets(&body));
            return Err(Failure::Service(Box::new(Refusal { error, headers })));
        }
        let request_id = request_id(&headers, &body);
        Ok(Self {
            status,
            request_id,
            headers,
            body,
            attempts: 0,
            is_secret: reading.is_secret,
        })
    }

    /// Makes the failure of an answer whose body is too slow. Where its status already says that the call failed, that
    /// counts.
    pub(super) fn stalled(status: StatusCode, headers: &HeaderMap, stall: Stall) -> Failure {
        let is_success = status.is_success();
        let status = status.as_u16();
        if is_success {
            return Failure::Stalled(stall, Some(Self::head(status, headers)));
        }
        Failure::Service(Box::new(Refusal {
            error: service_error::read(status, headers, &[]),
            headers: headers.clone(),
        }))
    }

    fn head(status: u16, headers: &HeaderMap) -> Head {
        Head {
            status,
            request_id: service_error::header(headers, "x-acs-request-id"),
        }
    }

    fn without_body(status: u16, headers: HeaderMap) -> Self {
        let request_id = request_id(&headers, &[]);
        Self {
            status,
            request_id,
            headers,
            body: Bytes::new(),
            attempts: 0,
            is_secret: true,
        }
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
                text::excerpt(&self.body)
            },
            request_id: Some(self.request_id.clone()).filter(|id| !id.is_empty()),
            ..ServiceError::default()
        };
        let cause = cause.into();
        Error::new(
            ErrorKind::MalformedResponse,
            format!("the answer is not what the operation promises: {cause}"),
        )
        .with_service(service)
        .with_source(cause)
    }
}

/// Undoes gzip, here and not in the transport, so that the size is counted on both sides of it.
fn unpack(headers: &HeaderMap, body: Bytes, limit: usize) -> Result<Bytes, BoxError> {
    let is_gzip = headers.get(CONTENT_ENCODING).is_some_and(|value| {
        let value = value.as_bytes();
        value.eq_ignore_ascii_case(b"gzip") || value.eq_ignore_ascii_case(b"x-gzip")
    });
    if !is_gzip || body.is_empty() {
        return Ok(body);
    }
    let mut plain = Vec::new();
    // One byte more than allowed, to know whether there is more.
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    let length = flate2::read::MultiGzDecoder::new(&*body)
        .take(most)
        .read_to_end(&mut plain)?;
    if length > limit {
        return Err(CollectError::TooLarge { limit }.into());
    }
    Ok(plain.into())
}

impl Reading<'_> {
    /// Returns how many bytes an answer of this status may have, as sent and unpacked.
    pub(super) fn limit(&self, status: StatusCode) -> usize {
        if status.is_success() {
            self.max_bytes
        } else {
            self.max_bytes.min(MAX_ERROR_BYTES)
        }
    }

    /// Takes the token and the signature of the request out of a body.
    fn without_secrets<'b>(&self, body: &'b Bytes) -> Cow<'b, [u8]> {
        let signature = self
            .signature
            .as_ref()
            .and_then(|signature| std::str::from_utf8(signature).ok());
        let mut shown = Cow::Borrowed(&body[..]);
        for secret in [self.security_token, signature]
            .into_iter()
            .flatten()
            .filter(|secret| !secret.is_empty())
        {
            let text = String::from_utf8_lossy(&shown);
            if text.contains(secret) {
                shown = Cow::Owned(text.replace(secret, "<redacted>").into_bytes());
            }
        }
        shown
    }
}

/// From the header, which every answer of the gateway has; else from the body.
fn request_id(headers: &HeaderMap, body: &[u8]) -> String {
    service_error::header(headers, "x-acs-request-id")
        .or_else(|| request_id_in(body))
        .unwrap_or_default()
}

fn request_id_in(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "RequestId", alias = "requestId")]
        request_id: String,
    }
    serde_json::from_slice::<Named>(body)
        .ok()
        .map(|named| text::excerpt(named.request_id.as_bytes()))
}
