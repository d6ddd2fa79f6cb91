use super::{
    ACCEPT, ACCESS_KEY_ID, ACTION, BEARER_TOKEN, CONTENT_MD5, CONTENT_TYPE, DATE, EmptyValues,
    METHOD, METHOD_VERSION, NONCE, Request, SECURITY_TOKEN, SIGNATURE_METHOD, SIGNATURE_TYPE,
    SIGNATURE_VERSION, VERSION, is_canonical,
};
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind};
use crate::headers::{Lines, Repeated, find, trim};
use crate::key::{SigningKey, mac_sha1};
use crate::query::{self, Pairs, Rules};
use crate::text::Span;
use crate::{check, date, headers};
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
    let head = write(request, &identity, buffer)?;
    let signature = mac_sha1(&key.sha1, buffer.to_sign.as_bytes());

    let authorization = &mut buffer.authorization;
    authorization.clear();
    authorization.push(b"acs ");
    authorization.push_str(key.access_key_id());
    authorization.push(b":");
    let start = authorization.len();
    authorization.push_base64(&signature);
    let signature = authorization.since(start);
    Ok(Signed {
        buffer,
        head,
        signature,
    })
}

/// Prepares a request that carries a bearer token: nothing is signed.
///
/// # Errors
/// An [`Error`] that names the field at fault.
pub fn bearer<'b>(
    request: &Request<'_>,
    token: &str,
    buffer: &'b mut Buffer,
) -> Result<Unsigned<'b>, Error> {
    check::not_empty("bearer token", token)?;
    let identity = Identity {
        bearer_token: Some(token),
        ..Identity::default()
    };
    let head = write(request, &identity, buffer)?;
    Ok(Unsigned { buffer, head })
}

/// A signed request: what to add to it, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Signed<'b> {
    buffer: &'b Buffer,
    head: Head,
    signature: Span,
}

impl<'b> Signed<'b> {
    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.buffer.canonical.as_str()
    }

    /// The headers to add to the request, `authorization` last.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        self.head
            .added(self.buffer)
            .chain([("authorization", self.authorization())])
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> &'b str {
        self.buffer.authorization.as_str()
    }

    /// Stage 1: the string to sign.
    pub fn string_to_sign(&self) -> &'b str {
        self.buffer.to_sign.as_str()
    }

    /// Stage 2: the signature, in base64.
    pub fn signature(&self) -> &'b str {
        self.buffer.authorization.str(self.signature)
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
    buffer: &'b Buffer,
    head: Head,
}

impl<'b> Unsigned<'b> {
    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.buffer.canonical.as_str()
    }

    /// The headers to add to the request.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        self.head.added(self.buffer)
    }
}

impl fmt::Debug for Unsigned<'_> {
    /// Shows no content: it has a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").finish_non_exhaustive()
    }
}

/// Who a request is from: the headers that depend on it.
#[derive(Default)]
struct Identity<'a> {
    access_key_id: Option<&'a str>,
    security_token: Option<&'a str>,
    bearer_token: Option<&'a str>,
}

/// Where in the string to sign the headers to add are.
#[derive(Clone, Copy)]
struct Head {
    accept: Option<Span>,
    date: Option<Span>,
}

impl Head {
    fn added<'b>(
        &self,
        buffer: &'b Buffer,
    ) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        let text = &buffer.to_sign;
        let line = |name, span: Option<Span>| span.map(|span| (name, text.str(span)));
        line(ACCEPT, self.accept)
            .into_iter()
            .chain(line(DATE, self.date))
            .chain(buffer.written.added(text).iter())
    }
}

/// Writes the encoded query into `canonical` and the string to sign into `to_sign`.
fn write(
    request: &Request<'_>,
    identity: &Identity<'_>,
    buffer: &mut Buffer,
) -> Result<Head, Error> {
    check::method(request.method)?;
    check::value("path", request.path)?;
    check::not_empty("version", request.version)?;
    check::not_empty("nonce", request.nonce)?;
    for name in [ACCEPT, CONTENT_MD5, CONTENT_TYPE, DATE] {
        headers::find_one(request.headers, "header", name)?;
    }
    let callers = |name: &str| find(request.headers, name);
    let date = date::http(request.date)?;

    let pairs = Pairs::of(request.query);
    query::sort(&mut buffer.params, &pairs)?;
    buffer.canonical.clear();
    let rules = Rules {
        line_breaks: check::LineBreaks::Refuse,
        encoded_names: true,
        bare_names: request.empty_values == EmptyValues::Bare,
    };
    query::write(
        &mut buffer.canonical,
        &pairs,
        &buffer.params,
        rules,
        &mut (),
    )?;
    if request.empty_values == EmptyValues::Refuse
        && let Some((name, _)) = request.query.iter().find(|(_, value)| value.is_empty())
    {
        return Err(Error::named(ErrorKind::Disputed, "parameter", name));
    }

    headers::collect(
        &mut buffer.headers,
        request.headers,
        &["authorization"],
        Repeated::Refuse,
        is_canonical,
    )?;

    let text = &mut buffer.to_sign;
    text.clear();
    text.push_str(request.method);
    text.push(b"\n");
    let mut line = |own: Option<&str>, callers: Option<&str>| {
        let start = text.len();
        text.push_str(trim(callers.or(own).unwrap_or_default()));
        let span = text.since(start);
        text.push(b"\n");
        own.filter(|_| callers.is_none()).map(|_| span)
    };
    let accept = line(Some("application/json"), callers(ACCEPT));
    line(None, callers(CONTENT_MD5));
    line(None, callers(CONTENT_TYPE));
    let date = line(Some(&date), callers(DATE));
    let mut lines = Lines::new(
        text,
        None,
        request.headers,
        &buffer.headers,
        &mut buffer.written,
        (),
    );
    for (name, value) in [
        (ACCESS_KEY_ID, identity.access_key_id),
        (
            ACTION,
            Some(request.action).filter(|action| !action.is_empty()),
        ),
        (BEARER_TOKEN, identity.bearer_token),
        (SECURITY_TOKEN, identity.security_token),
        (SIGNATURE_METHOD, Some(METHOD)),
        (NONCE, Some(request.nonce)),
        (SIGNATURE_TYPE, identity.bearer_token.map(|_| "BEARERTOKEN")),
        (SIGNATURE_VERSION, Some(METHOD_VERSION)),
        (VERSION, Some(request.version)),
    ] {
        if let Some(value) = value.filter(|_| callers(name).is_none()) {
            lines.given(name, value);
        }
    }
    lines.finish(&[
        ("action", request.action),
        ("nonce", request.nonce),
        ("version", request.version),
        ("bearer token", identity.bearer_token.unwrap_or_default()),
        (
            "security token",
            identity.security_token.unwrap_or_default(),
        ),
    ])?;
    text.push_str(request.path);
    query::write_raw(text, &pairs, &buffer.params, b'?', rules.bare_names);
    Ok(Head { accept, date })
}
