//! Signs an [`http::Request`] in place (feature `http`).
//!
//! The request's own method, path, query and headers are what is signed; the signer's headers and the encoded query are
//! put into it. On an error it is left as it was.

use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind};
use crate::incoming::{borrow, parse_query};
use crate::key::SigningKey;
use crate::oss_v4::ScopedKey;
use crate::payload::Payload;
use crate::query::Pair;
use crate::{acs3, oss_v4};
use chrono::{DateTime, Utc};
use http::header::{HOST, HeaderMap, HeaderName, HeaderValue};
use http::{Request, Uri};
use std::fmt;

/// What an ACS3 signature needs beside the request.
///
/// ```
/// use acs_signer::http::{Acs3, sign_acs3};
/// use acs_signer::{Buffer, Payload, SigningKey};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let now = chrono::DateTime::UNIX_EPOCH;
/// let key = SigningKey::new("LTAI5tExampleKeyId", "ExampleSecret")?;
/// let mut request = http::Request::post("https://vod.cn-shanghai.aliyuncs.com/?VideoId=93ab850b4f6f44ea").body(())?;
/// let call = Acs3 {
///     action: "GetPlayInfo",
///     version: "2017-03-21",
///     date: now,
///     nonce: "a-nonce-never-used-before",
///     payload: Payload::Empty,
///     security_token: None,
/// };
/// sign_acs3(&mut request, &call, &key, &mut Buffer::new())?;
/// assert!(request.headers().contains_key("authorization"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Copy)]
pub struct Acs3<'a> {
    /// The API's name, such as `GetPlayInfo`.
    pub action: &'a str,
    /// The API's version, such as `2017-03-21`.
    pub version: &'a str,
    /// Now, by the caller's clock.
    pub date: DateTime<Utc>,
    /// A string that no other request of this AccessKey has used: new for each attempt.
    pub nonce: &'a str,
    /// The body that is sent.
    pub payload: Payload<'a>,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
}

impl fmt::Debug for Acs3<'_> {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Acs3")
            .field("action", &self.action)
            .field("version", &self.version)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// What an OSS V4 signature needs beside the request.
#[derive(Clone, Copy)]
pub struct OssV4<'a> {
    /// The bucket, or `None` to list buckets.
    pub bucket: Option<&'a str>,
    /// The object key, not encoded, or `None` for an operation on the bucket. The path of the request is written anew
    /// from it, with the bucket in it if it had one.
    pub key: Option<&'a str>,
    /// Now, by the caller's clock; on the day of the [`ScopedKey`].
    pub date: DateTime<Utc>,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
}

impl fmt::Debug for OssV4<'_> {
    /// Shows no token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OssV4")
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Signs a request by ACS3-HMAC-SHA256. A signature that is there already is replaced, so that a retry can sign anew.
///
/// # Errors
/// An [`Error`] that names the field at fault; [`ErrorKind::Missing`] for the host if the URI has no authority and
/// there is no `host` header.
pub fn sign_acs3<B>(
    request: &mut Request<B>,
    call: &Acs3<'_>,
    key: &SigningKey,
    buffer: &mut Buffer,
) -> Result<(), Error> {
    let parts = Parts::of(request, "x-acs-", &ACS3_HEADERS)?;
    let parameters = parse_query(request.uri().query().unwrap_or_default())
        .ok_or_else(|| Error::new(ErrorKind::Malformed, "query"))?;
    let query = borrow(&parameters);
    let signed = acs3::sign(
        &acs3::Request {
            method: request.method().as_str(),
            host: parts
                .host
                .ok_or_else(|| Error::new(ErrorKind::Missing, "host"))?,
            path: request.uri().path(),
            query: &query,
            headers: &parts.headers,
            payload: call.payload,
            action: call.action,
            version: call.version,
            security_token: call.security_token,
            ..acs3::Request::at(call.date, call.nonce)
        },
        key,
        buffer,
    )?;
    let uri = with_target(request.uri(), request.uri().path(), signed.query())?;
    let headers = with_headers(request.headers(), &ACS3_HEADERS, signed.headers())?;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(())
}

/// Signs a request by OSS4-HMAC-SHA256. A signature that is there already is replaced, so that a retry can sign anew.
///
/// # Errors
/// An [`Error`] that names the field at fault.
pub fn sign_oss_v4<B>(
    request: &mut Request<B>,
    call: &OssV4<'_>,
    key: &ScopedKey,
    buffer: &mut Buffer,
) -> Result<(), Error> {
    let parts = Parts::of(request, "x-oss-", &OSS_HEADERS)?;
    let parameters = parse_query(request.uri().query().unwrap_or_default())
        .ok_or_else(|| Error::new(ErrorKind::Malformed, "query"))?;
    let query = borrow(&parameters);
    let signed = oss_v4::sign(
        &oss_v4::Request {
            method: request.method().as_str(),
            bucket: call.bucket,
            key: call.key,
            query: &query,
            headers: &parts.headers,
            security_token: call.security_token,
            ..oss_v4::Request::at(call.date)
        },
        key,
        buffer,
    )?;
    let is_path_style = call.bucket.is_some_and(|bucket| {
        let path = request
            .uri()
            .path()
            .strip_prefix('/')
            .and_then(|path| path.strip_prefix(bucket));
        path.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
            && !has_bucket(parts.host, bucket)
    });
    let path = if is_path_style {
        signed.bucket_path()
    } else {
        signed.path()
    };
    let uri = with_target(request.uri(), path, signed.query())?;
    let headers = with_headers(request.headers(), &OSS_HEADERS, signed.headers())?;
    *request.uri_mut() = uri;
    *request.headers_mut() = headers;
    Ok(())
}

/// Headers of an earlier attempt, which are written anew.
const ACS3_HEADERS: [&str; 8] = [
    "authorization",
    "x-acs-accesskey-id",
    "x-acs-action",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-security-token",
    "x-acs-signature-nonce",
    "x-acs-version",
];
const OSS_HEADERS: [&str; 4] = [
    "authorization",
    "x-oss-content-sha256",
    "x-oss-date",
    "x-oss-security-token",
];

/// What is signed of a request's headers.
struct Parts<'r> {
    host: Option<&'r str>,
    headers: Vec<Pair<'r>>,
}

impl<'r> Parts<'r> {
    fn of<B>(request: &'r Request<B>, prefix: &str, own: &[&str]) -> Result<Self, Error> {
        let text = |name: &HeaderName, value: &'r HeaderValue| {
            std::str::from_utf8(value.as_bytes())
                .map_err(|_| Error::named(ErrorKind::Malformed, "header", name.as_str()))
        };
        let host = match request.headers().get(HOST) {
            Some(host) => Some(text(&HOST, host)?),
            None => host_of(request.uri()),
        };
        let mut headers = Vec::new();
        for (name, value) in request.headers() {
            let name_text = name.as_str();
            let is_signed = name_text.starts_with(prefix)
                || matches!(name_text, "content-type" | "content-md5");
            if is_signed && !own.contains(&name_text) {
                headers.push((name_text, text(name, value)?));
            }
        }
        Ok(Self { host, headers })
    }
}

/// The `host` header that HTTP clients make of a URI: without user information and without the scheme's default port.
fn host_of(uri: &Uri) -> Option<&str> {
    let host = uri.authority()?.as_str().rsplit('@').next()?;
    let default_port = match uri.scheme_str() {
        Some("https") => ":443",
        Some("http") => ":80",
        _ => return Some(host),
    };
    Some(host.strip_suffix(default_port).unwrap_or(host))
}

fn has_bucket(host: Option<&str>, bucket: &str) -> bool {
    host.and_then(|host| host.strip_prefix(bucket))
        .is_some_and(|rest| rest.starts_with('.'))
}

/// The URI with another path and query.
fn with_target(uri: &Uri, path: &str, query: &str) -> Result<Uri, Error> {
    let target = if query.is_empty() {
        path.to_owned()
    } else {
        [path, "?", query].concat()
    };
    let malformed = || Error::new(ErrorKind::Malformed, "uri");
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(target.parse().map_err(|_| malformed())?);
    Uri::from_parts(parts).map_err(|_| malformed())
}

/// The headers with those of the signer in them.
fn with_headers<'a>(
    headers: &HeaderMap,
    own: &[&str],
    signed: impl Iterator<Item = (&'static str, &'a str)>,
) -> Result<HeaderMap, Error> {
    const SECRET: [&str; 3] = [
        "authorization",
        "x-acs-security-token",
        "x-oss-security-token",
    ];
    let mut headers = headers.clone();
    for name in own {
        headers.remove(*name);
    }
    for (name, value) in signed {
        let mut value = HeaderValue::from_str(value)
            .map_err(|_| Error::named(ErrorKind::Malformed, "header", name))?;
        value.set_sensitive(SECRET.contains(&name));
        headers.insert(HeaderName::from_static(name), value);
    }
    Ok(headers)
}
