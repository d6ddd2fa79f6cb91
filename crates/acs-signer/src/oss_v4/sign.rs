use super::{
    ADDITIONAL_HEADERS, ALGORITHM, CONTENT_SHA256, CREDENTIAL, DATE, EXPIRES, LONGEST_LIFE,
    Request, SECURITY_TOKEN, SIGNATURE, SIGNATURE_VERSION, ScopedKey, UNSIGNED_PAYLOAD,
    is_default_header, write_uri,
};
use crate::buffer::Buffer;
use crate::date::DateText;
use crate::error::{Error, ErrorKind};
use crate::headers::{Added, Lines, Repeated};
use crate::key::mac_sha256;
use crate::query::{Pair, Pairs};
use crate::running::{Follow, Running};
use crate::text::{Hex, Part, Span, Text};
use crate::{check, date, headers, query};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// Signs a request with a header.
///
/// # Errors
/// An [`Error`] that names the field at fault; [`ErrorKind::OutOfRange`] if the key is of another day.
pub fn sign<'b>(
    request: &Request<'_>,
    key: &ScopedKey,
    buffer: &'b mut Buffer,
) -> Result<Signed<'b>, Error> {
    let date = date_of(request.date, key)?;
    let token = token_of(request.security_token);
    let mut hash = Running::new(Sha256::new());
    let parts = write_url(request, &[], buffer, &mut hash)?;
    collect_headers(request, buffer)?;
    let own = OwnHeaders { date: &date, token };
    let additional = write_headers(request, Some(&own), buffer, &mut hash)?;

    let Buffer {
        canonical,
        to_sign,
        signed: authorization,
        written,
        ..
    } = buffer;
    // Two blocks, one of each chain, take hardly longer than one. What needs no hash is done while one is under way.
    let mut mac = Running::new(key.mac.clone());
    string_to_sign(to_sign, date.as_bytes(), key.scope());
    mac.catch_up(to_sign.as_bytes());
    let hash = hash.finish(canonical.as_bytes());
    authorization.clear();
    authorization.push_str(key.authorization());
    let additional = canonical.str(additional);
    if !additional.is_empty() {
        authorization.push_str(",AdditionalHeaders=");
        authorization.push_str(additional);
    }
    authorization.push_str(",Signature=");
    to_sign.push_hex(&hash.into());
    mac.catch_up(to_sign.as_bytes());
    let canonical = canonical.whole();
    let signature = mac.finish(to_sign.as_bytes());

    authorization.push_str(Hex::of(&signature.into()).as_str());
    let authorization = authorization.as_str();
    Ok(Signed {
        canonical,
        to_sign,
        signature: &authorization[authorization.len() - Hex::LEN..],
        authorization,
        url: parts.url(canonical),
        headers: written.added_in(canonical),
    })
}

/// Signs a URL, which then works without headers of ours for `expires` seconds, 604,800 (7 days) at most.
///
/// `content-type`, `content-md5`, `x-oss-*` and additional headers of the request are signed and must be sent the same.
///
/// # Errors
/// An [`Error`] that names the field at fault; [`ErrorKind::OutOfRange`] for `expires`, or if the key is of another day.
pub fn presign<'b>(
    request: &Request<'_>,
    expires: u32,
    key: &ScopedKey,
    buffer: &'b mut Buffer,
) -> Result<Presigned<'b>, Error> {
    if !(1..=LONGEST_LIFE).contains(&expires) {
        return Err(Error::new(ErrorKind::OutOfRange, "expires"));
    }
    const OWN: [&str; 7] = [
        ADDITIONAL_HEADERS,
        CREDENTIAL,
        DATE,
        EXPIRES,
        SECURITY_TOKEN,
        SIGNATURE,
        SIGNATURE_VERSION,
    ];
    if let Some((name, _)) = request.query.iter().find(|(name, _)| OWN.contains(name)) {
        return Err(Error::named(ErrorKind::Reserved, "parameter", name));
    }
    let date = date_of(request.date, key)?;
    let token = token_of(request.security_token);
    let expires = decimal(expires);
    let expires = std::str::from_utf8(&expires)
        .unwrap_or_default()
        .trim_start_matches('0');
    collect_headers(request, buffer)?;

    // `to_sign` is not in use yet: it holds the value that the query borrows.
    let mut additional = std::mem::take(&mut buffer.to_sign);
    additional.clear();
    write_additional(&mut additional, request, &buffer.headers);
    let mut own: [Pair<'_>; 6] = [("", ""); 6];
    let mut count = 0;
    let mut add = |name, value| {
        own[count] = (name, value);
        count += 1;
    };
    add(SIGNATURE_VERSION, ALGORITHM);
    add(DATE, &date);
    add(EXPIRES, expires);
    add(CREDENTIAL, key.credential());
    if additional.len() > 0 {
        add(ADDITIONAL_HEADERS, additional.as_str());
    }
    if let Some(token) = token {
        add(SECURITY_TOKEN, token);
    }
    let mut hash = Running::new(Sha256::new());
    let parts = write_url(request, &own[..count], buffer, &mut hash);
    buffer.to_sign = additional;
    let parts = parts?;
    write_headers(request, None, buffer, &mut hash)?;

    let Buffer {
        canonical,
        to_sign,
        authorization: query,
        ..
    } = buffer;
    let mut mac = Running::new(key.mac.clone());
    string_to_sign(to_sign, date.as_bytes(), key.scope());
    mac.catch_up(to_sign.as_bytes());
    let hash = hash.finish(canonical.as_bytes());
    let canonical = canonical.whole();
    let url = parts.url(canonical);
    query.clear();
    query.push_str(url.query);
    query.push(b"&x-oss-signature=");
    to_sign.push_hex(&hash.into());
    let signature = mac.finish(to_sign.as_bytes());

    let start = query.len();
    query.push_hex(&signature.into());
    Ok(Presigned {
        canonical,
        to_sign,
        signature: query.since(start),
        query,
        url,
    })
}

/// Signs the policy of a browser upload (PostObject).
///
/// `policy` is the policy document, as the base64 text that goes into the form. The same `x-oss-signature-version`,
/// `x-oss-credential` and `x-oss-date` belong into its conditions.
///
/// # Errors
/// [`ErrorKind::Empty`] for the policy or the token, [`ErrorKind::OutOfRange`] if the key is of another day.
pub fn post_policy(
    policy: &str,
    date: DateTime<Utc>,
    key: &ScopedKey,
) -> Result<PostPolicy, Error> {
    check::value("policy", policy)?;
    let date = date_of(date, key)?;
    let mut text = Text::default();
    text.push_hex(&mac_sha256(&key.mac, policy.as_bytes()));
    Ok(PostPolicy {
        credential: key.credential().to_owned(),
        date,
        signature: text.as_str().to_owned(),
    })
}

/// A signed request: what to add to it, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Signed<'b> {
    canonical: Part<'b>,
    to_sign: &'b Text,
    authorization: &'b str,
    url: Url<'b>,
    headers: Added<'b>,
    signature: &'b str,
}

impl<'b> Signed<'b> {
    /// The encoded path of a virtual-host URL, `/key`.
    pub fn path(&self) -> &'b str {
        self.url.path
    }

    /// The encoded path of a path-style URL, `/bucket/key`: the canonical URI.
    pub fn bucket_path(&self) -> &'b str {
        self.url.bucket_path
    }

    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.url.query
    }

    /// The headers to add to the request, `authorization` last.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        self.headers
            .iter()
            .chain([("authorization", self.authorization())])
    }

    /// The value of the `Authorization` header.
    pub fn authorization(&self) -> &'b str {
        self.authorization
    }

    /// Stage 1: the canonical request.
    pub fn canonical_request(&self) -> &'b str {
        self.canonical.all()
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

/// A signed URL's path and query, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Presigned<'b> {
    canonical: Part<'b>,
    to_sign: &'b Text,
    query: &'b Text,
    url: Url<'b>,
    signature: Span,
}

impl<'b> Presigned<'b> {
    /// The encoded path of a virtual-host URL, `/key`.
    pub fn path(&self) -> &'b str {
        self.url.path
    }

    /// The encoded path of a path-style URL, `/bucket/key`: the canonical URI.
    pub fn bucket_path(&self) -> &'b str {
        self.url.bucket_path
    }

    /// The encoded query with the signature in it, without `?`. Whoever has it can send the request: don't log it.
    pub fn query(&self) -> &'b str {
        self.query.as_str()
    }

    /// Stage 1: the canonical request.
    pub fn canonical_request(&self) -> &'b str {
        self.canonical.all()
    }

    /// Stage 2: the string to sign.
    pub fn string_to_sign(&self) -> &'b str {
        self.to_sign.as_str()
    }

    /// Stage 3: the signature, in lower-case hexadecimal.
    pub fn signature(&self) -> &'b str {
        self.query.str(self.signature)
    }
}

impl fmt::Debug for Presigned<'_> {
    /// Shows no content: it has a signature and may have a token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Presigned").finish_non_exhaustive()
    }
}

/// A signed PostObject policy.
pub struct PostPolicy {
    credential: String,
    date: DateText<16>,
    signature: String,
}

impl PostPolicy {
    /// The form fields to add beside `policy` (and `x-oss-security-token` for a temporary AccessKey); the field `file`
    /// comes last in the form.
    pub fn fields(&self) -> [(&'static str, &str); 4] {
        [
            (SIGNATURE_VERSION, ALGORITHM),
            (CREDENTIAL, &self.credential),
            (DATE, &self.date),
            (SIGNATURE, &self.signature),
        ]
    }

    /// The signature, in lower-case hexadecimal.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

impl fmt::Debug for PostPolicy {
    /// Shows no signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostPolicy")
            .field("credential", &self.credential)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// What the headers have that a URL does not.
struct OwnHeaders<'a> {
    date: &'a DateText<16>,
    token: Option<&'a str>,
}

/// Where the parts of the canonical request are.
#[derive(Clone, Copy)]
struct Parts {
    uri: Span,
    path: Span,
    query: Span,
}

impl Parts {
    #[inline(always)]
    fn url(self, canonical: Part<'_>) -> Url<'_> {
        Url {
            path: canonical.get(self.path),
            bucket_path: canonical.get(self.uri),
            query: canonical.get(self.query),
        }
    }
}

/// The parts of a URL, in the canonical request.
#[derive(Clone, Copy)]
struct Url<'b> {
    path: &'b str,
    bucket_path: &'b str,
    query: &'b str,
}

fn date_of(date: DateTime<Utc>, key: &ScopedKey) -> Result<DateText<16>, Error> {
    let date = date::iso8601_basic(date)?;
    if date.as_bytes()[..8] != *key.day().as_bytes() {
        return Err(Error::new(ErrorKind::OutOfRange, "date"));
    }
    Ok(date)
}

fn token_of(token: Option<&str>) -> Option<&str> {
    token.filter(|token| !token.is_empty())
}

fn collect_headers(request: &Request<'_>, buffer: &mut Buffer) -> Result<(), Error> {
    const RESERVED: [&str; 4] = ["authorization", CONTENT_SHA256, DATE, SECURITY_TOKEN];
    let is_additional = |name: &str| {
        request
            .additional_headers
            .iter()
            .any(|additional| additional.eq_ignore_ascii_case(name))
    };
    headers::collect(
        &mut buffer.headers,
        request.headers,
        &RESERVED,
        Repeated::Refuse,
        |name| is_default_header(name) || is_additional(name),
    )
}

/// Appends the names of the additional headers, joined with `;`.
fn write_additional(text: &mut Text, request: &Request<'_>, order: &[u32]) {
    if request.additional_headers.is_empty() {
        return;
    }
    let names = order.iter().map(|&index| request.headers[index as usize].0);
    for (i, name) in names.filter(|name| !is_default_header(name)).enumerate() {
        if i > 0 {
            text.push(b";");
        }
        headers::push_name(text, name);
    }
}

/// Writes the first three lines of the canonical request.
#[inline(always)]
fn write_url(
    request: &Request<'_>,
    own_query: &[Pair<'_>],
    buffer: &mut Buffer,
    hash: &mut impl Follow,
) -> Result<Parts, Error> {
    check::method(request.method)?;
    let pairs = Pairs([own_query, request.query, &[]]);
    query::sort(&mut buffer.params, &pairs)?;

    let canonical = &mut buffer.canonical;
    canonical.clear();
    canonical.push_str(request.method);
    canonical.push(b"\n");
    let start = canonical.len();
    let path = write_uri(canonical, request.bucket, request.key, request.line_breaks)?;
    let uri = canonical.since(start);
    canonical.push(b"\n");
    let start = canonical.len();
    let rules = query::Rules {
        line_breaks: request.line_breaks,
        encoded_names: true,
        bare_names: true,
    };
    query::write_by_encoded_name(canonical, &pairs, &mut buffer.params, rules)?;
    let query = canonical.since(start);
    canonical.push(b"\n");
    hash.catch_up(canonical.as_bytes());
    Ok(Parts { uri, path, query })
}

/// Writes the rest of it; returns the names of the additional headers.
#[inline(always)]
fn write_headers(
    request: &Request<'_>,
    own_headers: Option<&OwnHeaders<'_>>,
    buffer: &mut Buffer,
    hash: &mut impl Follow,
) -> Result<Span, Error> {
    let canonical = &mut buffer.canonical;
    let mut lines = Lines::new(
        canonical,
        None,
        request.headers,
        &buffer.headers,
        &mut buffer.written,
        hash,
    );
    if let Some(OwnHeaders { date, .. }) = own_headers {
        lines.own(CONTENT_SHA256, UNSIGNED_PAYLOAD.as_bytes());
        lines.own(DATE, date.as_bytes());
    }
    let token = own_headers.and_then(|own| own.token);
    if let Some(token) = token {
        lines.given(SECURITY_TOKEN, token);
    }
    lines.finish(&[("security token", token.unwrap_or_default())])?;
    canonical.push(b"\n");
    let start = canonical.len();
    write_additional(canonical, request, &buffer.headers);
    let additional = canonical.since(start);
    canonical.push(b"\n");
    canonical.push(UNSIGNED_PAYLOAD.as_bytes());
    Ok(additional)
}

/// Writes the string to sign but for its last line, the hash of the canonical request.
pub(super) fn string_to_sign(to_sign: &mut Text, date: &[u8], scope: &str) {
    to_sign.clear();
    let mut pen = to_sign.pen(ALGORITHM.len() + date.len() + scope.len() + 3);
    pen.put(b"OSS4-HMAC-SHA256\n");
    pen.copy(date);
    pen.put(b"\n");
    pen.copy(scope.as_bytes());
    pen.put(b"\n");
    let len = pen.len();
    to_sign.set_len(len);
}

/// Ten decimal digits.
fn decimal(mut number: u32) -> [u8; 10] {
    let mut text = [b'0'; 10];
    for digit in text.iter_mut().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
    }
    text
}
