use super::{
    ACCESS_KEY_ID, CONTENT_MD5, CONTENT_TYPE, DATE, DateHeader, EXPIRES, OSS_DATE, Request,
    SECURITY_TOKEN, SIGNATURE, TOKEN_PARAMETER, is_canonical, write_resource,
};
use crate::buffer::Buffer;
use crate::check::{self, LineBreaks};
use crate::date;
use crate::encode::{encode, encode_path};
use crate::error::{Error, ErrorKind};
use crate::headers::{self, Lines, Repeated, trim};
use crate::key::{SigningKey, mac_sha1};
use crate::query::{self, Pair, Pairs, Rules};
use crate::text::{Span, Text};
use std::fmt;

/// Signs a request with a header.
///
/// # Errors
/// An [`Error`] that names the field at fault.
pub fn sign<'b>(
    request: &Request<'_>,
    key: &SigningKey,
    buffer: &'b mut Buffer,
) -> Result<Signed<'b>, Error> {
    let token = token_of(request.security_token)?;
    let date = date::http(request.date)?;
    let own = OwnHeaders {
        date: (request.date_header == DateHeader::XOssDate).then_some(&*date),
        token,
    };
    let url = write_url(request, &[], buffer)?;
    let date_line = write_string_to_sign(request, &date, &own, &[], buffer)?;
    let signature = mac_sha1(&key.sha1, buffer.to_sign.as_bytes());

    let authorization = &mut buffer.authorization;
    authorization.clear();
    authorization.push(b"OSS ");
    authorization.push_str(key.access_key_id());
    authorization.push(b":");
    let start = authorization.len();
    authorization.push_base64(&signature);
    let signature = authorization.since(start);
    Ok(Signed {
        buffer,
        url,
        date: (request.date_header == DateHeader::Date).then_some(date_line),
        signature,
    })
}

/// Signs a URL, which then works without headers of ours until `expires` seconds after the request's date.
///
/// `content-md5`, `content-type` and `x-oss-*` headers of the request are signed and must be sent the same.
///
/// # Errors
/// An [`Error`] that names the field at fault; [`ErrorKind::OutOfRange`] if `expires` is 0.
pub fn presign<'b>(
    request: &Request<'_>,
    expires: u32,
    key: &SigningKey,
    buffer: &'b mut Buffer,
) -> Result<Presigned<'b>, Error> {
    const OWN: [&str; 3] = [ACCESS_KEY_ID, EXPIRES, SIGNATURE];
    if let Some((name, _)) = request.query.iter().find(|(name, _)| OWN.contains(name)) {
        return Err(Error::named(ErrorKind::Reserved, "parameter", name));
    }
    let token = token_of(request.security_token)?;
    let expires = match u64::try_from(request.date.timestamp()) {
        Ok(date) if expires > 0 => date + u64::from(expires),
        _ => return Err(Error::new(ErrorKind::OutOfRange, "expires")),
    };
    let mut digits = [0; 20];
    let expires = decimal(expires, &mut digits);
    let token = token.map(|token| (TOKEN_PARAMETER, token));
    let token = token.as_slice();
    write_string_to_sign(request, expires, &OwnHeaders::default(), token, buffer)?;
    let signature = mac_sha1(&key.sha1, buffer.to_sign.as_bytes());
    buffer.authorization.clear();
    buffer.authorization.push_base64(&signature);

    let mut url = write_url(request, token, buffer)?;
    let Buffer {
        canonical,
        authorization,
        ..
    } = buffer;
    let start = canonical.len();
    canonical.push(b"&");
    canonical.push_str(ACCESS_KEY_ID);
    canonical.push(b"=");
    encode(canonical, key.access_key_id());
    canonical.push(b"&");
    canonical.push_str(EXPIRES);
    canonical.push(b"=");
    canonical.push_str(expires);
    canonical.push(b"&");
    canonical.push_str(SIGNATURE);
    canonical.push(b"=");
    encode(canonical, authorization.as_str());
    url.query = url.query.followed_by(canonical.since(start));
    Ok(Presigned { buffer, url })
}

/// Signs the policy of a browser upload (PostObject).
///
/// `policy` is the policy document, as the base64 text that goes into the form.
///
/// # Errors
/// [`ErrorKind::Empty`] or [`ErrorKind::ControlCharacter`] for the policy.
pub fn post_policy(policy: &str, key: &SigningKey) -> Result<PostPolicy, Error> {
    check::value("policy", policy)?;
    let mut text = Text::default();
    text.push_base64(&mac_sha1(&key.sha1, policy.as_bytes()));
    Ok(PostPolicy {
        access_key_id: key.access_key_id().to_owned(),
        signature: text.as_str().to_owned(),
    })
}

/// A signed request: what to add to it, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Signed<'b> {
    buffer: &'b Buffer,
    url: Url,
    date: Option<Span>,
    signature: Span,
}

impl<'b> Signed<'b> {
    /// The encoded path of a virtual-host URL, `/key`.
    pub fn path(&self) -> &'b str {
        self.buffer.canonical.str(self.url.path)
    }

    /// The encoded path of a path-style URL, `/bucket/key`.
    pub fn bucket_path(&self) -> &'b str {
        self.buffer.canonical.str(self.url.bucket_path)
    }

    /// The encoded query to put on the URL, without `?`; empty for none.
    pub fn query(&self) -> &'b str {
        self.buffer.canonical.str(self.url.query)
    }

    /// The headers to add to the request, `authorization` last.
    pub fn headers(&self) -> impl Iterator<Item = (&'static str, &'b str)> + use<'b> {
        let text = &self.buffer.to_sign;
        let date = self.date.map(|date| (DATE, text.str(date)));
        date.into_iter()
            .chain(self.buffer.written.added(text).iter())
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

/// A signed URL's path and query, and the stages that led there. It borrows from the [`Buffer`].
#[derive(Clone, Copy)]
pub struct Presigned<'b> {
    buffer: &'b Buffer,
    url: Url,
}

impl<'b> Presigned<'b> {
    /// The encoded path of a virtual-host URL, `/key`.
    pub fn path(&self) -> &'b str {
        self.buffer.canonical.str(self.url.path)
    }

    /// The encoded path of a path-style URL, `/bucket/key`.
    pub fn bucket_path(&self) -> &'b str {
        self.buffer.canonical.str(self.url.bucket_path)
    }

    /// The encoded query with the signature in it, without `?`. Whoever has it can send the request: don't log it.
    pub fn query(&self) -> &'b str {
        // A request without parameters begins with what was appended, `&` first.
        let query = self.buffer.canonical.str(self.url.query);
        query.strip_prefix('&').unwrap_or(query)
    }

    /// Stage 1: the string to sign.
    pub fn string_to_sign(&self) -> &'b str {
        self.buffer.to_sign.as_str()
    }

    /// Stage 2: the signature, in base64.
    pub fn signature(&self) -> &'b str {
        self.buffer.authorization.as_str()
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
    access_key_id: String,
    signature: String,
}

impl PostPolicy {
    /// The form fields to add beside `policy` (and `x-oss-security-token` for a temporary AccessKey); the field `file`
    /// comes last in the form.
    pub fn fields(&self) -> [(&'static str, &str); 2] {
        [
            (ACCESS_KEY_ID, &self.access_key_id),
            (SIGNATURE, &self.signature),
        ]
    }

    /// The signature, in base64.
    pub fn signature(&self) -> &str {
        &self.signature
    }
}

impl fmt::Debug for PostPolicy {
    /// Shows no signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostPolicy")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

/// What the headers have that a URL does not.
#[derive(Default)]
struct OwnHeaders<'a> {
    date: Option<&'a str>,
    token: Option<&'a str>,
}

/// Where in the canonical text the parts of the URL are.
#[derive(Clone, Copy)]
struct Url {
    path: Span,
    bucket_path: Span,
    query: Span,
}

fn token_of(token: Option<&str>) -> Result<Option<&str>, Error> {
    let token = token.filter(|token| !token.is_empty());
    if let Some(token) = token {
        check::value("security token", token)?;
    }
    Ok(token)
}

/// Writes path and query as they go on the URL.
fn write_url(request: &Request<'_>, own: &[Pair<'_>], buffer: &mut Buffer) -> Result<Url, Error> {
    let pairs = Pairs([own, request.query, &[]]);
    query::sort(&mut buffer.params, &pairs)?;
    let text = &mut buffer.canonical;
    text.clear();
    if let Some(bucket) = request.bucket {
        text.push(b"/");
        encode(text, bucket);
    }
    let start = text.len();
    text.push(b"/");
    encode_path(text, request.key.unwrap_or_default());
    let (path, bucket_path) = (text.since(start), text.since(0));
    let start = text.len();
    let rules = Rules {
        line_breaks: LineBreaks::Refuse,
        encoded_names: true,
        bare_names: true,
    };
    query::write(text, &pairs, &buffer.params, rules, &mut ())?;
    Ok(Url {
        path,
        bucket_path,
        query: text.since(start),
    })
}

/// Writes the string to sign; `date` is the date, or when a URL expires. Returns where that is.
fn write_string_to_sign(
    request: &Request<'_>,
    date: &str,
    own_headers: &OwnHeaders<'_>,
    own_query: &[Pair<'_>],
    buffer: &mut Buffer,
) -> Result<Span, Error> {
    const RESERVED: [&str; 4] = ["authorization", DATE, OSS_DATE, SECURITY_TOKEN];
    check::method(request.method)?;
    headers::collect(
        &mut buffer.headers,
        request.headers,
        &RESERVED,
        Repeated::Refuse,
        is_canonical,
    )?;
    let text = &mut buffer.to_sign;
    text.clear();
    text.push_str(request.method);
    text.push(b"\n");
    for name in [CONTENT_MD5, CONTENT_TYPE] {
        // `collect` has checked its value: it is none of the canonical headers.
        let value = headers::find_one(request.headers, "header", name)?;
        text.push_str(trim(value.unwrap_or_default()));
        text.push(b"\n");
    }
    let start = text.len();
    text.push_str(date);
    let date = text.since(start);
    text.push(b"\n");
    let mut lines = Lines::new(
        text,
        None,
        request.headers,
        &buffer.headers,
        &mut buffer.written,
        (),
    );
    if let Some(date) = own_headers.date {
        lines.given(OSS_DATE, date);
    }
    if let Some(token) = own_headers.token {
        lines.given(SECURITY_TOKEN, token);
    }
    lines.finish(&[("security token", own_headers.token.unwrap_or_default())])?;
    let pairs = Pairs([own_query, request.query, &[]]);
    write_resource(
        text,
        request.bucket,
        request.key,
        &pairs,
        &mut buffer.params,
    )?;
    Ok(date)
}

fn decimal(mut number: u64, digits: &mut [u8; 20]) -> &str {
    let mut at = digits.len();
    loop {
        at -= 1;
        digits[at] = b'0' + (number % 10) as u8;
        number /= 10;
        if number == 0 {
            return std::str::from_utf8(&digits[at..]).unwrap_or_default();
        }
    }
}
