//! OSS V4 (OSS4-HMAC-SHA256): header, presigned URL and PostObject.
//!
//! Follows `docs/signing.md`, section "OSS V4" (official page: "Include a V4 signature").

mod key;
mod sign;
mod verify;

pub use key::ScopedKey;
pub use sign::{PostPolicy, Presigned, Signed, post_policy, presign, sign};
pub use verify::{Claim, PostClaim};

use crate::check::{self, LineBreaks};
use crate::encode::encode_path;
use crate::error::{Error, ErrorKind};
use crate::headers::{self, has_prefix};
use crate::text::{Span, Text};
use chrono::{DateTime, Utc};
use std::fmt;

const ALGORITHM: &str = "OSS4-HMAC-SHA256";
const UNSIGNED_PAYLOAD: &str = "UNSIGNED-PAYLOAD";

const CONTENT_SHA256: &str = "x-oss-content-sha256";
const DATE: &str = "x-oss-date";
const SECURITY_TOKEN: &str = "x-oss-security-token";

/// Parameters of a presigned URL.
const ADDITIONAL_HEADERS: &str = "x-oss-additional-headers";
const CREDENTIAL: &str = "x-oss-credential";
const EXPIRES: &str = "x-oss-expires";
const SIGNATURE: &str = "x-oss-signature";
const SIGNATURE_VERSION: &str = "x-oss-signature-version";

/// The longest life of a presigned URL, seven days in seconds.
const LONGEST_LIFE: u32 = 604_800;

/// A request to sign. Build it with `..Request::at(date)`:
///
/// ```
/// use acs_signer::oss_v4::Request;
/// # let date = chrono::DateTime::UNIX_EPOCH;
/// let request = Request {
///     method: "PUT",
///     bucket: Some("examplebucket"),
///     key: Some("videos/clip.mp4"),
///     headers: &[("content-type", "video/mp4")],
///     ..Request::at(date)
/// };
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method in upper case.
    pub method: &'a str,
    /// The bucket, or `None` to list buckets. It is signed for virtual-host and path-style requests alike.
    pub bucket: Option<&'a str>,
    /// The object key, not encoded, or `None` for an operation on the bucket.
    pub key: Option<&'a str>,
    /// Parameters of the query, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Other headers of the request. `content-type`, `content-md5` and every `x-oss-*` are signed, and those named in
    /// `additional_headers`.
    pub headers: &'a [(&'a str, &'a str)],
    /// Names of further headers to sign, of those that `headers` has; `host` for one.
    pub additional_headers: &'a [&'a str],
    /// Now, by the caller's clock; on the day of the [`ScopedKey`].
    pub date: DateTime<Utc>,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
    /// Whether a key or a parameter's value may have line breaks.
    pub line_breaks: LineBreaks,
}

impl Request<'_> {
    /// An empty request with its date, for struct update syntax.
    pub fn at(date: DateTime<Utc>) -> Self {
        Self {
            method: "GET",
            bucket: None,
            key: None,
            query: &[],
            headers: &[],
            additional_headers: &[],
            date,
            security_token: None,
            line_breaks: LineBreaks::default(),
        }
    }
}

impl fmt::Debug for Request<'_> {
    /// Shows no parameter value, header value or token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("bucket", &self.bucket)
            .field("key", &self.key)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Whether a header is signed without being named.
#[inline(always)]
fn is_default_header(name: &str) -> bool {
    has_prefix(name, b"x-oss-")
        || headers::is(name, "content-type")
        || headers::is(name, "content-md5")
}

/// Appends the canonical URI, `/bucket/key`; returns the part of it that a virtual-host URL has, `/key`.
#[inline(always)]
fn write_uri(
    text: &mut Text,
    bucket: Option<&str>,
    key: Option<&str>,
    line_breaks: LineBreaks,
) -> Result<Span, Error> {
    let start = text.len();
    match bucket {
        Some(bucket) => {
            if bucket.is_empty() {
                return Err(Error::new(ErrorKind::Empty, "bucket"));
            }
            if !check::is_bucket(bucket) {
                return Err(Error::new(ErrorKind::Malformed, "bucket"));
            }
            text.push(b"/");
            text.push_str(bucket);
            let start = text.len();
            text.push(b"/");
            let key = key.unwrap_or_default();
            let encoded = encode_path(text, key);
            if encoded > 0 && line_breaks == LineBreaks::Refuse && check::has_line_break(key) {
                return Err(Error::new(ErrorKind::ControlCharacter, "key"));
            }
            Ok(text.since(start))
        }
        None if key.is_some() => Err(Error::new(ErrorKind::Empty, "bucket")),
        None => {
            text.push(b"/");
            Ok(text.since(start))
        }
    }
}
