//! One attempt's HTTP request: dated, with a nonce of its own, and signed.

use std::sync::{Arc, Mutex, PoisonError};

use acs_signer::{Buffer, LineBreaks, Payload, acs3};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{ACCEPT, ACCEPT_ENCODING, AUTHORIZATION, HOST};
use http::uri::{Authority, PathAndQuery, Scheme};
use http::{HeaderMap, HeaderName, HeaderValue, Method, Uri};

use super::target::Target;
use crate::body::{Body, Taken};
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

/// A request that is ready to be sent.
pub(super) struct Signed {
    pub(super) request: http::Request<Body>,
    /// What no error may show, should the other side send it back; nothing where the request is not signed.
    pub(super) signature: Option<Signature>,
    /// What the transport has taken of a body that is large enough to be watched.
    pub(super) taken: Option<Arc<Taken>>,
}

/// A signature in hexadecimal, of 32 bytes.
pub(super) type Signature = [u8; 64];

/// Makes the request of one attempt; the query is written by the signer, so that what is sent is what is signed.
pub(super) fn sign(
    target: Target<'_>,
    endpoint: &Endpoint,
    request: &Encoded,
    fresh: &Fresh<'_>,
    buffer: &mut Buffer,
) -> Result<Signed, Error> {
    let authority = endpoint.authority_below(&request.host)?;
    let query: Vec<(&str, &str)> = pairs(&request.query).collect();
    // What an operation's own parameters say goes before what is usual.
    let content_type = request
        .body
        .as_ref()
        .filter(|_| !has_header(&request.headers, "content-type"))
        .map(|body| ("content-type", body.content_type));
    let headers: Vec<(&str, &str)> = content_type
        .into_iter()
        .chain(pairs(&request.headers))
        .collect();
    let body = request.body.as_ref().map(|body| &body.bytes);
    let to_sign = acs3::Request {
        method: request.method.as_str(),
        host: authority.as_str(),
        path: &request.path,
        query: &query,
        headers: &headers,
        payload: match body {
            Some(bytes) if !bytes.is_empty() => Payload::Bytes(bytes),
            _ => Payload::Empty,
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
    let (outgoing, taken) = Body::in_pieces(body.cloned().unwrap_or_default());
    let parts = Parts {
        method: request.method.clone(),
        scheme: if endpoint.is_https() {
            Scheme::HTTPS
        } else {
            Scheme::HTTP
        },
        authority: authority.clone(),
        path: &request.path,
        headers: &headers,
        body: outgoing,
    };
    if let Some(key) = fresh.credentials.and_then(Credentials::signing_key) {
        let signed = acs3::sign(&to_sign, key, buffer).map_err(refused)?;
        return Ok(Signed {
            request: parts.assemble(signed.query(), signed.headers())?,
            signature: signed.signature().as_bytes().try_into().ok(),
            taken,
        });
    }
    let unsigned = match fresh.credentials.and_then(Credentials::bearer) {
        Some(token) => acs3::bearer(&to_sign, style, token, buffer),
        None => acs3::anonymous(&to_sign, style, buffer),
    }
    .map_err(refused)?;
    Ok(Signed {
        request: parts.assemble(unsigned.query(), unsigned.headers())?,
        signature: None,
        taken,
    })
}

fn has_header(headers: &[(String, String)], name: &str) -> bool {
    headers.iter().any(|(it, _)| it == name)
}

fn pairs(list: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    list.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

/// The signer's errors name the field at fault and never its value.
fn refused(error: acs_signer::Error) -> Error {
    Error::new(ErrorKind::InvalidInput, error.to_string()).with_source(error)
}

/// What a request is made of besides that which the signer adds.
struct Parts<'a> {
    method: Method,
    scheme: Scheme,
    authority: Authority,
    path: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: Body,
}

impl Parts<'_> {
    fn assemble<'s>(
        self,
        query: &str,
        added: impl Iterator<Item = (&'static str, &'s str)>,
    ) -> Result<http::Request<Body>, Error> {
        let mut made = http::Request::new(self.body);
        *made.method_mut() = self.method;
        // As it was signed, also where a transport would leave a port out.
        let host = HeaderValue::from_str(self.authority.as_str()).map_err(|_| unusable("host"))?;
        *made.uri_mut() = uri(self.scheme, self.authority, self.path, query)
            .ok_or_else(|| unusable("path or query"))?;
        let headers = made.headers_mut();
        // All at once: growing by steps would hash every name again. The transport adds one of its own.
        headers.reserve(self.headers.len() + 12);
        headers.append(HOST, host);
        for (usual, value) in [(ACCEPT, "application/json"), (ACCEPT_ENCODING, "gzip")] {
            if !self.headers.iter().any(|(name, _)| *name == usual) {
                headers.append(usual, HeaderValue::from_static(value));
            }
        }
        for (name, value) in self.headers {
            append(headers, header_name(name)?, value)?;
        }
        for (name, value) in added {
            append(headers, header_name(name)?, value)?;
        }
        Ok(made)
    }
}

fn uri(scheme: Scheme, authority: Authority, path: &str, query: &str) -> Option<Uri> {
    let mut text = String::with_capacity(path.len() + 1 + query.len());
    text.push_str(path);
    if !query.is_empty() {
        text.push('?');
        text.push_str(query);
    }
    let mut parts = http::uri::Parts::default();
    parts.scheme = Some(scheme);
    parts.authority = Some(authority);
    parts.path_and_query = PathAndQuery::from_maybe_shared(Bytes::from(text)).ok();
    Uri::from_parts(parts).ok()
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
