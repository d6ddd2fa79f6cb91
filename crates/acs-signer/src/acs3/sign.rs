use super::{
    ACCESS_KEY_ID, ACTION, ALGORITHM, BEARER_TOKEN, CONTENT_SHA256, DATE, HOST, NONCE, RESERVED,
    Request, SECURITY_TOKEN, SIGNATURE_TYPE, SignedHeaders, Style, VERSION, is_always_signed,
};
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind};
use crate::headers::{Added, Lines, Repeated};
use crate::key::SigningKey;
use crate::query::{Pair, Pairs};
use crate::running::{Follow, Running};
use crate::text::{Hex, Span, Text};
use crate::{check, date, headers, query};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Signs a request with an AccessKey.
///
/// # Errors
/// An [`Error`] that names the field at fault.
pub fn sign<'b>(
    request: &Request<'_>,
    key: &SigningKey,
    buffer: &'b mut Buffer,
) -> Result<Signed<'b>, Error> {
    let token = request.security_token.filter(|token| !token.is_empty());
    let identity = Identity {
        access_key_id: token.map(|_| key.access_key_id()),
        security_token: token,
        ..Identity::default()
    };
    buffer.authorization.clear();
    let mut hash = Running::new(Sha256::new());
    let head = write(request, &identity, buffer, &mut hash)?;

    let Buffer {
        canonical,
        to_sign,
        authorization: names,
        signed: authorization,
        written,
        ..
    } = buffer;
    // Each name was written with a `;` behind it.
    names.set_len(names.len() - 1);
    canonical.push(b"\n");
    canonical.push_bytes(names.as_bytes());
    canonical.push(b"\n");
    canonical.push(&head.payload);

    // What needs no hash is done while one is under way.
    let hash = hash.finish(canonical.as_bytes());
    let canonical = &*canonical;
    let query = canonical.str(head.query);
    let signed_headers = names.as_str();
    authorization.clear();
    authorization.push_str("ACS3-HMAC-SHA256 Credential=");
    authorization.push_str(key.access_key_id());
    authorization.push_str(",SignedHeaders=");
    authorization.push_str(signed_headers);
    authorization.push_str(",Signature=");
    string_to_sign(to_sign, &hash.into());
    let mut mac = Running::new(key.sha256.clone());
    mac.catch_up(to_sign.as_bytes());
    let headers = written.added(canonical);
    let signature = mac.finish(to_sign.as_bytes());

    authorization.push_str(Hex::of(&signature.into()).as_str());
    let authorization = authorization.as_str();
    Ok(Signed {
        canonical,
        to_sign,
        signature: &authorization[authorization.len() - Hex::LEN..],
        signed_headers,
        authorization,
        query,
        headers,
    })
}

/// Prepares a request that carries a bearer token: nothing is signed.
///
/// # Errors
/// An [`Error`] that names the field at fault.
pub fn bearer<'b>(
    request: &Request<'_>,
    style: Style,
    token: &str,
    buffer: &'b mut Buffer,
) -> Result<Unsigned<'b>, Error> {
    check::not_empty("bearer token", token)?;
    let mut identity = Identity {
        bearer_token: Some(token),
        ..Identity::default()
    };
    match style {
        Style::Rpc => identity.query = &[("SignatureType", "BEARERTOKEN")],
        Style::Roa => identity.signature_type = Some("BEARERTOKEN"),
    }
    unsigned(request, &identity, buffer)
}

/// Prepares a request without any credential, for the few APIs that allow it.
///
/// # Errors
/// An [`Error`] that names the field at fault.
pub fn anonymous<'b>(
    request: &Request<'_>,
    style: Style,
    buffer: &'b mut Buffer,
) -> Result<Unsigned<'b>, Error> {
    let mut identity = Identity::default();
    if style == Style::Rpc {
        identity.query = &[("Format", "json")];
    }
    unsigned(request, &identity, buffer)
}

/// A signed request: what to add to it, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Signed<'b> {
    canonical: &'b Text,
    to_sign: &'b Text,
    authorization: &'b str,
    query: &'b str,
    headers: Added<'b>,
    signed_headers: &'b str,
    signature: &'b str,
}

impl<'b> Signed<'b> {
    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.query
    }

    /// The headers to add to the request, `authorization` last. `host` is not among them: HTTP clients write it, and
    /// must write it as [`Request::host`] has it.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        added(self.headers).chain([("authorization", self.authorization())])
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> &'b str {
        self.authorization
    }

    /// Stage 1: the canonical request.
    pub fn canonical_request(&self) -> &'b str {
        self.canonical.as_str()
    }

    /// The names of the signed headers, joined with `;`.
    pub fn signed_headers(&self) -> &'b str {
        self.signed_headers
    }

    /// Stage 2: the string to sign.
    pub fn string_to_sign(&self) -> &'b str {
        self.to_sign.as_str()
    }

    /// Stage 3: the signature, in lower-case hexadecimal.
    pub fn signature(&self) -> &'b str {
        self.signature
    }
}

impl fmt::Debug for Signed<'_> {
    /// Shows no content: it has a signature and may have a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

/// A request that needs no signature: what to add to it. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Unsigned<'b> {
    query: &'b str,
    headers: Added<'b>,
}

impl<'b> Unsigned<'b> {
    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.query
    }

    /// The headers to add to the request, but for `host`.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        added(self.headers)
    }
}

impl fmt::Debug for Unsigned<'_> {
    /// Shows no content: it may have a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").finish_non_exhaustive()
    }
}

/// Who a request is from: the headers and parameters that depend on it.
#[derive(Default)]
struct Identity<'a> {
    access_key_id: Option<&'a str>,
    security_token: Option<&'a str>,
    bearer_token: Option<&'a str>,
    signature_type: Option<&'a str>,
    query: &'a [Pair<'a>],
}

/// The canonical request up to its headers.
struct Head {
    query: Span,
    payload: [u8; 64],
}

fn unsigned<'b>(
    request: &Request<'_>,
    identity: &Identity<'_>,
    buffer: &'b mut Buffer,
) -> Result<Unsigned<'b>, Error> {
    buffer.authorization.clear();
    let head = write(request, identity, buffer, &mut ())?;
    let canonical = &buffer.canonical;
    Ok(Unsigned {
        query: canonical.str(head.query),
        headers: buffer.written.added(canonical),
    })
}

/// Writes the canonical request up to its headers, and the names of the headers behind `authorization`.
#[inline(always)]
fn write(
    request: &Request<'_>,
    identity: &Identity<'_>,
    buffer: &mut Buffer,
    hash: &mut impl Follow,
) -> Result<Head, Error> {
    check::method(request.method)?;
    let path = canonical_uri(request.path)?;
    let pairs = Pairs([identity.query, request.query, &[]]);
    query::sort(&mut buffer.params, &pairs)?;
    let canonical = &mut buffer.canonical;
    canonical.clear();
    canonical.push_str(request.method);
    canonical.push(b"\n");
    canonical.push_str(path);
    canonical.push(b"\n");
    let start = canonical.len();
    let rules = query::Rules {
        line_breaks: request.line_breaks,
        encoded_names: false,
        bare_names: false,
    };
    query::write(canonical, &pairs, &buffer.params, rules, hash)?;
    let query = canonical.since(start);
    canonical.push(b"\n");
    hash.catch_up(canonical.as_bytes());

    check::not_empty("host", request.host)?;
    check::not_empty("action", request.action)?;
    check::not_empty("version", request.version)?;
    check::not_empty("nonce", request.nonce)?;
    let date = date::iso8601(request.date)?;
    let payload = request.payload.sha256_hex();
    let policy = request.signed_headers;
    headers::collect(
        &mut buffer.headers,
        request.headers,
        &RESERVED,
        Repeated::Join,
        |name| policy == SignedHeaders::All || is_always_signed(name),
    )?;
    let names = &mut buffer.authorization;
    let mut lines = Lines::new(
        canonical,
        Some(names),
        request.headers,
        &buffer.headers,
        &mut buffer.written,
        hash,
    );
    lines.given(HOST, request.host);
    if let Some(id) = identity.access_key_id {
        lines.given(ACCESS_KEY_ID, id);
    }
    lines.given(ACTION, request.action);
    if let Some(token) = identity.bearer_token {
        lines.given(BEARER_TOKEN, token);
    }
    lines.own(CONTENT_SHA256, &payload);
    lines.own(DATE, date.as_bytes());
    if let Some(token) = identity.security_token {
        lines.given(SECURITY_TOKEN, token);
    }
    lines.given(NONCE, request.nonce);
    if let Some(kind) = identity.signature_type {
        lines.own(SIGNATURE_TYPE, kind.as_bytes());
    }
    lines.given(VERSION, request.version);
    lines.finish(&[
        ("host", request.host),
        ("action", request.action),
        ("version", request.version),
        ("nonce", request.nonce),
        ("bearer token", identity.bearer_token.unwrap_or_default()),
        (
            "security token",
            identity.security_token.unwrap_or_default(),
        ),
    ])?;
    Ok(Head { query, payload })
}

/// The path as it is signed. The SDKs disagree on a raw `+`, `*` or `%7E`, so those are refused.
fn canonical_uri(path: &str) -> Result<&str, Error> {
    if matches!(path, "" | "/") {
        return Ok("/");
    }
    let bytes = path.as_bytes();
    let plain = |b: &u8| b.is_ascii_graphic() && !matches!(b, b'?' | b'#');
    if bytes[0] != b'/' || !bytes.iter().all(plain) {
        return Err(Error::new(ErrorKind::Malformed, "path"));
    }
    if bytes.iter().any(|b| matches!(b, b'+' | b'*'))
        || path.contains("%7E")
        || path.contains("%7e")
    {
        return Err(Error::new(ErrorKind::Disputed, "path"));
    }
    Ok(path)
}

pub(super) fn string_to_sign(to_sign: &mut Text, hash: &[u8; 32]) {
    to_sign.clear();
    to_sign.push_str(ALGORITHM);
    to_sign.push(b"\n");
    to_sign.push_hex(hash);
}

fn added<'b>(headers: Added<'b>) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
    headers.iter().filter(|(name, _)| *name != HOST)
}
