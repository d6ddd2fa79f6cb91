//! One attempt's HTTP request: dated, with a nonce of its own, and signed.

use std::sync::{Mutex, PoisonError};

use acs_signer::{Buffer, LineBreaks, Payload, acs3};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION};
use http::{HeaderMap, HeaderName, HeaderValue};

use super::target::Target;
use crate::body::Body;
use crate::credentials::Credentials;
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::ApiStyle;

/// What is new in each attempt.
pub(super) struct Fresh<'a> {
    pub(super) date: DateTime<Utc>,
    pub(super) nonce: &'a str,
    pub(super) credentials: Option<&'a Credentials>,
}

/// Makes the request of one attempt; the URL is written by the signer, so that what is sent is what is signed.
pub(super) fn sign(
    target: Target<'_>,
    endpoint: &Endpoint,
    request: &Encoded,
    fresh: &Fresh<'_>,
    buffer: &mut Buffer,
) -> Result<http::Request<Body>, Error> {
    let host = host(endpoint, &request.host);
    let query: Vec<(&str, &str)> = pairs(&request.query).collect();
    let content_type = request
        .body
        .as_ref()
        .map(|body| ("content-type", body.content_type));
    let headers: Vec<(&str, &str)> = [("accept", "application/json"), ("accept-encoding", "gzip")]
        .into_iter()
        .chain(content_type)
        .chain(pairs(&request.headers))
        .collect();
    let body = request
        .body
        .as_ref()
        .map(|body| body.bytes.clone())
        .unwrap_or_default();
    let to_sign = acs3::Request {
        method: request.method.as_str(),
        host: &host,
        path: &request.path,
        query: &query,
        headers: &headers,
        payload: if body.is_empty() {
            Payload::Empty
        } else {
            Payload::Bytes(&body)
        },
        action: target.action,
        version: target.product.version,
        security_token: fresh.credentials.and_then(Credentials::security_token),
        // Policies and descriptions may have several lines; in a query they are percent-encoded.
        line_breaks: LineBreaks::Encode,
        ..acs3::Request::at(fresh.date, fresh.nonce)
    };
    let style = match target.style {
        ApiStyle::Rpc => acs3::Style::Rpc,
        ApiStyle::Roa => acs3::Style::Roa,
    };
    let uri = |query: &str| {
        let mark = if query.is_empty() { "" } else { "?" };
        format!(
            "{}://{host}{}{mark}{query}",
            endpoint.scheme(),
            request.path
        )
    };
    if let Some(key) = fresh.credentials.and_then(Credentials::signing_key) {
        let signed = acs3::sign(&to_sign, key, buffer).map_err(refused)?;
        return assemble(
            request,
            &uri(signed.query()),
            &headers,
            signed.headers(),
            body,
        );
    }
    let unsigned = match fresh.credentials.and_then(Credentials::bearer) {
        Some(token) => acs3::bearer(&to_sign, style, token, buffer),
        None => acs3::anonymous(&to_sign, style, buffer),
    }
    .map_err(refused)?;
    assemble(
        request,
        &uri(unsigned.query()),
        &headers,
        unsigned.headers(),
        body,
    )
}

fn pairs(list: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    list.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

fn host(endpoint: &Endpoint, labels: &[String]) -> String {
    let mut host = String::new();
    for label in labels {
        host.push_str(label);
        host.push('.');
    }
    host.push_str(endpoint.authority());
    host
}

/// The signer's errors name the field at fault and never its value.
fn refused(error: acs_signer::Error) -> Error {
    Error::new(ErrorKind::InvalidInput, error.to_string()).with_source(error)
}

fn assemble<'a>(
    request: &Encoded,
    uri: &str,
    own: &[(&str, &str)],
    added: impl Iterator<Item = (&'static str, &'a str)>,
    body: Bytes,
) -> Result<http::Request<Body>, Error> {
    let mut made = http::Request::new(Body::from(body));
    *made.method_mut() = request.method.clone();
    *made.uri_mut() = uri.parse().map_err(|_| unusable("path or query"))?;
    let headers = made.headers_mut();
    // All at once: growing by steps would hash every name again. The transport adds `host` and the like.
    headers.reserve(own.len() + 16);
    for (name, value) in own {
        append(headers, header_name(name)?, value)?;
    }
    for (name, value) in added {
        append(headers, header_name(name)?, value)?;
    }
    Ok(made)
}

fn append(headers: &mut HeaderMap, name: HeaderName, value: &str) -> Result<(), Error> {
    let mut value =
        HeaderValue::from_str(value).map_err(|_| unusable(&format!("header `{name}`")))?;
    value.set_sensitive(name == AUTHORIZATION || name.as_str().ends_with("-token"));
    headers.append(name, value);
    Ok(())
}

/// Makes a name; those of every request are at hand.
fn header_name(name: &str) -> Result<HeaderName, Error> {
    const ACTION: HeaderName = HeaderName::from_static("x-acs-action");
    const CONTENT_SHA256: HeaderName = HeaderName::from_static("x-acs-content-sha256");
    const DATE: HeaderName = HeaderName::from_static("x-acs-date");
    const NONCE: HeaderName = HeaderName::from_static("x-acs-signature-nonce");
    const VERSION: HeaderName = HeaderName::from_static("x-acs-version");
    Ok(match name {
        "accept" => ACCEPT,
        "accept-encoding" => ACCEPT_ENCODING,
        "authorization" => AUTHORIZATION,
        "x-acs-action" => ACTION,
        "x-acs-content-sha256" => CONTENT_SHA256,
        "x-acs-date" => DATE,
        "x-acs-signature-nonce" => NONCE,
        "x-acs-version" => VERSION,
        _ => {
            return HeaderName::from_bytes(name.as_bytes())
                .map_err(|_| unusable("name of a header"));
        }
    })
}

fn unusable(what: &str) -> Error {
    Error::new(
        ErrorKind::InvalidInput,
        format!("the {what} cannot be written into a request"),
    )
}

/// Buffers that signing reuses, so that it allocates nothing once it has run.
#[derive(Default)]
pub(super) struct Buffers(Mutex<Vec<Buffer>>);

impl Buffers {
    /// Enough for the calls that sign at the same moment on a large machine.
    const MOST_KEPT: usize = 64;

    pub(super) fn take(&self) -> Buffer {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default()
    }

    pub(super) fn give_back(&self, buffer: Buffer) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::MOST_KEPT {
            kept.push(buffer);
        }
    }
}
