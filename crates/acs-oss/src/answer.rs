//! Reading answers: headers, bounded bodies, and the errors that OSS reports in XML.

use acs_core::{Body, Error, ErrorKind, Runtime, ServiceError};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use http::response::Parts;
use http_body_util::BodyExt as _;

use crate::timeouts::{ArrivalWatch, Timeouts};
use crate::xml::Element;

/// How much of an error's body is read.
const MAX_ERROR_BYTES: usize = 1 << 20;
/// How much of a foreign text an error shows, in characters.
const EXCERPT_CHARS: usize = 512;

/// An answer that OSS refused a request with.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) service: ServiceError,
    /// The server's clock, where the error is about time.
    pub(crate) server_time: Option<DateTime<Utc>>,
}

/// Reads an answer that is no success. A body that breaks off or is no XML still leaves status and request id.
pub(crate) async fn read_refusal(
    head: &Parts,
    body: Body,
    timeouts: &Timeouts,
    runtime: &dyn Runtime,
) -> Refusal {
    let body = match read_body(body, MAX_ERROR_BYTES, timeouts, runtime).await {
        Ok(body) => body,
        Err(error) => {
            return refusal(
                head,
                format!("the error's body could not be read: {error}").as_bytes(),
            );
        }
    };
    match error_header(&head.headers) {
        Some(xml) if body.is_empty() => refusal(head, &xml),
        _ => refusal(head, &body),
    }
}

/// Makes a refusal of a body that is at hand.
pub(crate) fn refusal(head: &Parts, body: &[u8]) -> Refusal {
    let mut service = ServiceError::default();
    service.status = head.status.as_u16();
    service.request_id = header(&head.headers, "x-oss-request-id").map(excerpt);
    let Some(root) = Element::parse(body)
        .ok()
        .filter(|root| root.name == "Error")
    else {
        service.message = excerpt(&String::from_utf8_lossy(
            &body[..body.len().min(EXCERPT_CHARS * 4)],
        ));
        return Refusal {
            service,
            server_time: None,
        };
    };
    let text = |name| root.child_text(name).map(excerpt);
    service.code = text("Code").unwrap_or_default();
    service.message = text("Message").unwrap_or_default();
    service.request_id = text("RequestId").or(service.request_id);
    service.recommend = text("RecommendDoc");
    // The canonical request of V1 holds the security token in clear text; V4's string to sign is a hash.
    service.string_to_sign = root
        .child_text("StringToSign")
        .filter(|text| !text.to_ascii_lowercase().contains("security-token"))
        .map(str::to_owned);
    let server_time = root
        .child_text("ServerTime")
        .and_then(|time| DateTime::parse_from_rfc3339(time).ok())
        .or_else(|| DateTime::parse_from_rfc2822(header(&head.headers, "date")?).ok())
        .map(|time| time.with_timezone(&Utc));
    Refusal {
        service,
        server_time,
    }
}

/// Reads a whole body of at most `limit` bytes, which must keep arriving.
pub(crate) async fn read_body(
    mut body: Body,
    limit: usize,
    timeouts: &Timeouts,
    runtime: &dyn Runtime,
) -> Result<Bytes, Error> {
    let mut watch = ArrivalWatch::default();
    let mut all = Vec::new();
    while let Some(piece) = next_piece(&mut body, &mut watch, timeouts, runtime).await? {
        if all.len() + piece.len() > limit {
            return Err(Error::new(
                ErrorKind::MalformedResponse,
                format!("the answer has more than {limit} bytes"),
            ));
        }
        all.extend_from_slice(&piece);
    }
    Ok(all.into())
}

/// Waits for the next bytes of a body; `None` at its end.
pub(crate) async fn next_piece(
    body: &mut Body,
    watch: &mut ArrivalWatch,
    timeouts: &Timeouts,
    runtime: &dyn Runtime,
) -> Result<Option<Bytes>, Error> {
    loop {
        let next = async {
            let frame = body.frame().await;
            let length = frame
                .as_ref()
                .and_then(|frame| frame.as_ref().ok()?.data_ref())
                .map_or(0, Bytes::len);
            (frame, length)
        };
        match watch.wait(timeouts, runtime, next).await? {
            None => return Ok(None),
            Some(Err(error)) => {
                return Err(
                    Error::new(ErrorKind::Interrupted, "the answer broke off").with_source(error)
                );
            }
            // What is no data is a trailer, which OSS doesn't use.
            Some(Ok(frame)) => {
                if let Ok(data) = frame.into_data() {
                    return Ok(Some(data));
                }
            }
        }
    }
}

/// Returns a header's text.
pub(crate) fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get(name)?
        .to_str()
        .ok()
        .map(str::trim)
        .filter(|text| !text.is_empty())
}

/// Returns the whole object's CRC-64, as OSS computed it.
pub(crate) fn crc64(headers: &HeaderMap) -> Option<u64> {
    header(headers, "x-oss-hash-crc64ecma")?.parse().ok()
}

/// Returns the entity tag without its quotes.
pub(crate) fn etag(headers: &HeaderMap) -> Option<String> {
    header(headers, "etag").map(unquoted)
}

/// Takes the quotes of an entity tag away.
pub(crate) fn unquoted(etag: &str) -> String {
    etag.trim().trim_matches('"').to_owned()
}

/// The answer to HEAD has no body: OSS puts the error's XML into a header, in base64.
fn error_header(headers: &HeaderMap) -> Option<Vec<u8>> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD
        .decode(header(headers, "x-oss-err")?)
        .ok()
}

fn excerpt(text: &str) -> String {
    text.chars()
        .take(EXCERPT_CHARS)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(status: u16, headers: &[(&'static str, &str)]) -> Parts {
        let mut response = http::Response::new(());
        *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
        for (name, value) in headers {
            response.headers_mut().insert(*name, value.parse().unwrap());
        }
        response.into_parts().0
    }

    #[test]
    fn the_errors_of_oss_are_read() {
        for (status, body, code) in [
            (
                403,
                include_str!("../tests/fixtures/oss.AccessDenied.403.xml"),
                "AccessDenied",
            ),
            (
                203,
                include_str!("../tests/fixtures/oss.CallbackFailed.203.xml"),
                "CallbackFailed",
            ),
            (
                400,
                include_str!("../tests/fixtures/oss.EntityTooSmall.400.xml"),
                "EntityTooSmall",
            ),
            (
                403,
                include_str!("../tests/fixtures/oss.InvalidAccessKeyId.403.xml"),
                "InvalidAccessKeyId",
            ),
            (
                400,
                include_str!("../tests/fixtures/oss.InvalidPart.400.xml"),
                "InvalidPart",
            ),
            (
                404,
                include_str!("../tests/fixtures/oss.NoSuchUpload.404.xml"),
                "NoSuchUpload",
            ),
            (
                403,
                include_str!("../tests/fixtures/oss.SecurityTokenExpired.403.xml"),
                "SecurityTokenExpired",
            ),
            (
                403,
                include_str!("../tests/fixtures/oss.SignatureDoesNotMatch.403.xml"),
                "SignatureDoesNotMatch",
            ),
        ] {
            let read = refusal(&head(status, &[]), body.as_bytes()).service;
            assert_eq!((read.status, read.code.as_str()), (status, code));
            assert_eq!(read.request_id.as_deref(), Some("673D9B2C4F1E8A3736E0B1C2"));
            assert!(!read.message.is_empty());
        }
    }

    #[test]
    fn the_server_time_of_a_skewed_request_is_read() {
        let body = include_str!("../tests/fixtures/oss.RequestTimeTooSkewed.403.xml");
        let read = refusal(&head(403, &[]), body.as_bytes());
        assert_eq!(
            read.server_time.unwrap().to_rfc3339(),
            "2026-11-20T08:15:30+00:00"
        );
    }

    #[test]
    fn tokens_and_signatures_of_an_error_are_not_kept() {
        let body = "<Error><Code>SecurityTokenExpired</Code><SecurityToken>canary-token</SecurityToken>\
            <SignatureProvided>canary-signature</SignatureProvided>\
            <StringToSign>PUT\nx-oss-security-token:canary-token</StringToSign></Error>";
        let read = refusal(&head(403, &[]), body.as_bytes());
        assert!(!format!("{read:?}").contains("canary"), "{read:?}");
    }

    #[test]
    fn an_error_that_is_no_xml_is_shown_in_short_and_clean() {
        let page = format!("<html>\x1b[2J{}</html>", "x".repeat(100_000));
        let read = refusal(&head(502, &[("x-oss-request-id", "R-1")]), page.as_bytes()).service;
        assert!(read.code.is_empty() && read.message.chars().count() <= EXCERPT_CHARS);
        assert!(!read.message.chars().any(char::is_control));
        assert_eq!(read.request_id.as_deref(), Some("R-1"));
    }

    #[test]
    fn the_error_of_head_is_read_out_of_its_header() {
        let xml = error_header(
            &head(
                404,
                &[(
                    "x-oss-err",
                    "PEVycm9yPjxDb2RlPk5vU3VjaEtleTwvQ29kZT48L0Vycm9yPg==",
                )],
            )
            .headers,
        );
        let read = refusal(&head(404, &[]), &xml.unwrap());
        assert_eq!(read.service.code, "NoSuchKey");
    }
}
