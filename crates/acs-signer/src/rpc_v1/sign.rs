use super::canonical::{self, OWN, OWN_COUNT};
use super::{
    ACTION, BEARER_TOKEN, Carrier, FORMAT, METHOD, METHOD_VERSION, Request, SECURITY_TOKEN,
    SIGNATURE, SIGNATURE_NONCE, SIGNATURE_TYPE, TIMESTAMP, VERSION,
};
use crate::buffer::Buffer;
use crate::encode::encode;
use crate::error::{Error, ErrorKind};
use crate::key::SigningKey;
use crate::query::{self, Pair, Pairs, Rules};
use crate::running::{Follow as _, Running};
use crate::text::{Base64, Span};
use crate::{check, date};
use std::array;
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
    let token = token.map(|token| (SECURITY_TOKEN, token));
    let own = [
        key.access_key_id(),
        request.action,
        request.format,
        METHOD,
        request.nonce,
        METHOD_VERSION,
        &*date,
        request.version,
    ];

    let pairs = Pairs([token.as_slice(), request.query, request.form]);
    query::sort(&mut buffer.params, &pairs)?;
    buffer.canonical.clear();
    buffer.to_sign.clear();
    buffer.to_sign.push_str(request.method);
    buffer.to_sign.push(b"&%2F&");
    let mut mac = Running::new(key.sha1_rpc.clone());
    canonical::write(
        (&mut buffer.canonical, &mut buffer.to_sign),
        &array::from_fn::<_, OWN_COUNT, _>(|i| (&OWN[i], own[i])),
        &pairs,
        &buffer.params,
        rules(request),
        &mut mac,
    )?;
    mac.catch_up(buffer.to_sign.as_bytes());
    let canonical = buffer.canonical.since(0);
    // What needs no signature is done while the last blocks are hashed.
    let is_whole = is_whole(request);
    buffer.signed.clear();
    if is_whole {
        buffer.signed.push_str(buffer.canonical.as_str());
        buffer.signed.push_str("&Signature=");
    }
    let signature = Base64::of(&mac.finish(buffer.to_sign.as_bytes()).into());

    let text = &mut buffer.authorization;
    text.clear();
    text.push_str(signature.as_str());
    let plain = text.since(0);
    encode(text, signature.as_str());
    let encoded = text.since(plain.end);
    let sent = if is_whole {
        buffer.signed.push_str(text.str(encoded));
        Sent::Whole(request.carrier)
    } else {
        let own: [Pair<'_>; OWN_COUNT] = array::from_fn(|i| (OWN[i].as_str(), own[i]));
        let own = [token.as_slice(), &own];
        let [query, form] = write_apart(request, own, Some(encoded), buffer)?;
        Sent::Apart { query, form }
    };
    Ok(Signed {
        buffer,
        canonical,
        signature: plain,
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
    let [query, form] = write_apart(request, [&own, &[]], None, buffer)?;
    Ok(Unsigned {
        buffer,
        query,
        form,
    })
}

/// A signed request: what to send, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Signed<'b> {
    buffer: &'b Buffer,
    canonical: Span,
    signature: Span,
    sent: Sent,
}

impl<'b> Signed<'b> {
    /// The encoded query to put on the URL, without `?`, signature included if [`Carrier::Query`]; empty for none.
    pub fn query(&self) -> &'b str {
        match self.sent {
            Sent::Whole(Carrier::Query) => self.buffer.signed.as_str(),
            Sent::Whole(Carrier::Form) => "",
            Sent::Apart { query, .. } => self.buffer.canonical.str(query),
        }
    }

    /// The encoded form body, signature included if [`Carrier::Form`]; empty for none.
    pub fn form(&self) -> &'b str {
        match self.sent {
            Sent::Whole(Carrier::Query) => "",
            Sent::Whole(Carrier::Form) => self.buffer.signed.as_str(),
            Sent::Apart { form, .. } => self.buffer.canonical.str(form),
        }
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
        self.buffer.authorization.str(self.signature)
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
    query: Span,
    form: Span,
}

impl<'b> Unsigned<'b> {
    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.buffer.canonical.str(self.query)
    }

    /// The encoded form body; empty for none.
    pub fn form(&self) -> &'b str {
        self.buffer.canonical.str(self.form)
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
enum Sent {
    /// All of it is one text, in `signed`.
    Whole(Carrier),
    /// Each has its part, behind the canonical query.
    Apart { query: Span, form: Span },
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
fn is_whole(request: &Request<'_>) -> bool {
    match request.carrier {
        Carrier::Query => request.form.is_empty(),
        Carrier::Form => request.query.is_empty(),
    }
}

/// Appends query and form to the canonical text, each encoded by itself; the signature is in `authorization`.
fn write_apart(
    request: &Request<'_>,
    own: [&[Pair<'_>]; 2],
    signature: Option<Span>,
    buffer: &mut Buffer,
) -> Result<[Span; 2], Error> {
    let mut part = |carrier: Carrier, business: &[Pair<'_>]| {
        let carries = request.carrier == carrier;
        let [first, second] = if carries { own } else { [&[][..]; 2] };
        let pairs = Pairs([first, second, business]);
        query::sort(&mut buffer.params, &pairs)?;
        let text = &mut buffer.canonical;
        let start = text.len();
        query::write(text, &pairs, &buffer.params, rules(request), &mut ())?;
        if let Some(signature) = signature.filter(|_| carries) {
            text.push(b"&Signature=");
            text.push_bytes(buffer.authorization.bytes(signature));
        }
        Ok(text.since(start))
    };
    Ok([
        part(Carrier::Query, request.query)?,
        part(Carrier::Form, request.form)?,
    ])
}
