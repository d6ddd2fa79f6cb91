use super::{
    ACCESS_KEY_ID, ACTION, BEARER_TOKEN, Carrier, FORMAT, METHOD, METHOD_VERSION, Request,
    SECURITY_TOKEN, SIGNATURE, SIGNATURE_METHOD, SIGNATURE_NONCE, SIGNATURE_TYPE,
    SIGNATURE_VERSION, TIMESTAMP, VERSION,
};
use crate::buffer::Buffer;
use crate::encode::encode;
use crate::error::{Error, ErrorKind};
use crate::key::SigningKey;
use crate::query::{self, Pair, Pairs, Rules};
use crate::running::Running;
use crate::text::Span;
use crate::{check, date};
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
    check_request(request)?;
    let date = date::iso8601(request.date)?;
    let token = request.security_token.filter(|token| !token.is_empty());
    let own = [
        (ACCESS_KEY_ID, key.access_key_id()),
        (ACTION, request.action),
        (FORMAT, request.format),
        (SIGNATURE_METHOD, METHOD),
        (SIGNATURE_NONCE, request.nonce),
        (SIGNATURE_VERSION, METHOD_VERSION),
        (TIMESTAMP, &*date),
        (VERSION, request.version),
        (SECURITY_TOKEN, token.unwrap_or_default()),
    ];
    let own = if token.is_some() {
        &own[..]
    } else {
        &own[..own.len() - 1]
    };

    let pairs = Pairs([own, request.query, request.form]);
    query::sort(&mut buffer.params, &pairs)?;
    buffer.canonical.clear();
    buffer.to_sign.clear();
    buffer.to_sign.push_str(request.method);
    buffer.to_sign.push(b"&%2F&");
    let mut mac = Running::new(key.sha1_rpc.clone());
    query::write_twice(
        &mut buffer.canonical,
        &mut buffer.to_sign,
        &pairs,
        &buffer.params,
        rules(request),
        &mut mac,
    )?;
    let canonical = buffer.canonical.since(0);
    let signature = mac.finish(buffer.to_sign.as_bytes()).into();
    buffer.authorization.clear();
    buffer.authorization.push_base64(&signature);

    let sent = if is_all_in_one_place(request) {
        append_signature(buffer);
        in_one_place(request, buffer.canonical.since(0))
    } else {
        write_apart(request, own, true, buffer)?
    };
    Ok(Signed {
        buffer,
        canonical,
        sent,
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
    check_request(request)?;
    check::value("bearer token", token)?;
    let date = date::iso8601(request.date)?;
    let own = [
        (ACTION, request.action),
        (BEARER_TOKEN, token),
        (FORMAT, request.format),
        (SIGNATURE_NONCE, request.nonce),
        (SIGNATURE_TYPE, "BEARERTOKEN"),
        (TIMESTAMP, &*date),
        (VERSION, request.version),
    ];
    // For what this refuses: names that are given twice.
    query::sort(
        &mut buffer.params,
        &Pairs([&own, request.query, request.form]),
    )?;
    buffer.canonical.clear();
    let sent = write_apart(request, &own, false, buffer)?;
    Ok(Unsigned { buffer, sent })
}

/// A signed request: what to send, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Signed<'b> {
    buffer: &'b Buffer,
    canonical: Span,
    sent: Sent,
}

impl<'b> Signed<'b> {
    /// The encoded query to put on the URL, without `?`, signature included if [`Carrier::Query`]; empty for none.
    pub fn query(&self) -> &'b str {
        self.buffer.canonical.str(self.sent.query)
    }

    /// The encoded form body, signature included if [`Carrier::Form`]; empty for none.
    pub fn form(&self) -> &'b str {
        self.buffer.canonical.str(self.sent.form)
    }

    /// Stage 1: the canonical query, of query and form.
    pub fn canonical_query(&self) -> &'b str {
        self.buffer.canonical.str(self.canonical)
    }

    /// Stage 2: the string to sign.
    pub fn string_to_sign(&self) -> &'b str {
        self.buffer.to_sign.as_str()
    }

    /// Stage 3: the signature, in base64.
    pub fn signature(&self) -> &'b str {
        self.buffer.authorization.as_str()
    }
}

impl fmt::Debug for Signed<'_> {
    /// Shows no content: it has a signature and may have a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

/// A request that needs no signature: what to send. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Unsigned<'b> {
    buffer: &'b Buffer,
    sent: Sent,
}

impl<'b> Unsigned<'b> {
    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.buffer.canonical.str(self.sent.query)
    }

    /// The encoded form body; empty for none.
    pub fn form(&self) -> &'b str {
        self.buffer.canonical.str(self.sent.form)
    }
}

impl fmt::Debug for Unsigned<'_> {
    /// Shows no content: it has a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Unsigned").finish_non_exhaustive()
    }
}

/// Where in the buffer the encoded query and form are.
#[derive(Clone, Copy)]
struct Sent {
    query: Span,
    form: Span,
}

fn check_request(request: &Request<'_>) -> Result<(), Error> {
    check::method(request.method)?;
    check::value("action", request.action)?;
    check::value("version", request.version)?;
    check::value("format", request.format)?;
    check::value("nonce", request.nonce)?;
    let clash = |(name, _): &&Pair<'_>| *name == SIGNATURE;
    if request
        .query
        .iter()
        .chain(request.form)
        .any(|pair| clash(&pair))
    {
        return Err(Error::named(ErrorKind::Reserved, "parameter", SIGNATURE));
    }
    Ok(())
}

fn rules(request: &Request<'_>) -> Rules {
    Rules {
        line_breaks: request.line_breaks,
        encoded_names: true,
        bare_names: false,
    }
}

/// Whether the canonical query is what is sent.
fn is_all_in_one_place(request: &Request<'_>) -> bool {
    match request.carrier {
        Carrier::Query => request.form.is_empty(),
        Carrier::Form => request.query.is_empty(),
    }
}

fn in_one_place(request: &Request<'_>, all: Span) -> Sent {
    let nothing = Span::default();
    match request.carrier {
        Carrier::Query => Sent {
            query: all,
            form: nothing,
        },
        Carrier::Form => Sent {
            query: nothing,
            form: all,
        },
    }
}

/// Appends query and form to the canonical text, each encoded by itself.
fn write_apart(
    request: &Request<'_>,
    own: &[Pair<'_>],
    signed: bool,
    buffer: &mut Buffer,
) -> Result<Sent, Error> {
    let mut part = |carrier: Carrier, business: &[Pair<'_>]| {
        let carries = request.carrier == carrier;
        let pairs = Pairs([if carries { own } else { &[] }, business, &[]]);
        query::sort(&mut buffer.params, &pairs)?;
        let start = buffer.canonical.len();
        query::write(
            &mut buffer.canonical,
            &pairs,
            &buffer.params,
            rules(request),
            &mut (),
        )?;
        if carries && signed {
            append_signature(buffer);
        }
        Ok(buffer.canonical.since(start))
    };
    Ok(Sent {
        query: part(Carrier::Query, request.query)?,
        form: part(Carrier::Form, request.form)?,
    })
}

/// Appends the signature as a parameter, percent-encoded.
fn append_signature(buffer: &mut Buffer) {
    let Buffer {
        canonical,
        authorization,
        ..
    } = buffer;
    canonical.push(b"&");
    canonical.push_str(SIGNATURE);
    canonical.push(b"=");
    encode(canonical, authorization.as_str());
}
