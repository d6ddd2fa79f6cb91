//! OSS V1 (HMAC-SHA1): header, presigned URL and PostObject.
//!
//! Follows `docs/signing.md`, section "OSS V1" (official page: "Include a V1 signature"). New code signs with
//! [`oss_v4`](crate::oss_v4).

mod sign;
mod sub_resource;
mod verify;

pub use sign::{PostPolicy, Presigned, Signed, post_policy, presign, sign};
pub use verify::{Claim, PostClaim};

use crate::error::{Error, ErrorKind};
use crate::headers::has_prefix;
use crate::query::{Pairs, Slot};
use crate::text::Text;
use crate::{check, query};
use chrono::{DateTime, Utc};
use std::fmt;

const CONTENT_MD5: &str = "content-md5";
const CONTENT_TYPE: &str = "content-type";
const DATE: &str = "date";
const OSS_DATE: &str = "x-oss-date";
const SECURITY_TOKEN: &str = "x-oss-security-token";

/// Parameters of a presigned URL.
const ACCESS_KEY_ID: &str = "OSSAccessKeyId";
const EXPIRES: &str = "Expires";
const SIGNATURE: &str = "Signature";
const TOKEN_PARAMETER: &str = "security-token";

/// A request to sign. Build it with `..Request::at(date)`:
///
/// ```
/// use acs_signer::oss_v1::Request;
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
    /// The object key, not encoded, or `None` for an operation on the bucket. It is signed as it is, so it may have no
    /// line break.
    pub key: Option<&'a str>,
    /// Parameters of the query, not encoded, in any order. Those that are sub-resources are signed.
    pub query: &'a [(&'a str, &'a str)],
    /// Other headers of the request. `content-md5`, `content-type` and every `x-oss-*` are signed.
    pub headers: &'a [(&'a str, &'a str)],
    /// Now, by the caller's clock.
    pub date: DateTime<Utc>,
    /// Which header carries the date.
    pub date_header: DateHeader,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
}

impl Request<'_> {
    /// An empty GET request with its date, for struct update syntax.
    pub fn at(date: DateTime<Utc>) -> Self {
        Self {
            method: "GET",
            bucket: None,
            key: None,
            query: &[],
            headers: &[],
            date,
            date_header: DateHeader::default(),
            security_token: None,
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

/// Which header carries the date.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DateHeader {
    /// `date`.
    #[default]
    Date,
    /// `x-oss-date`, for clients that cannot set `date`, such as browsers.
    XOssDate,
}

/// Whether a header is one of the canonical OSS headers.
fn is_canonical(name: &str) -> bool {
    has_prefix(name, b"x-oss-")
}

/// Appends the canonical resource, `/bucket/key` with the sub-resources behind it, all as they are.
fn write_resource(
    text: &mut Text,
    bucket: Option<&str>,
    key: Option<&str>,
    pairs: &Pairs<'_>,
    order: &mut Vec<Slot>,
) -> Result<(), Error> {
    text.push(b"/");
    match bucket {
        Some(bucket) => {
            check::value("bucket", bucket)?;
            text.push_str(bucket);
            text.push(b"/");
        }
        None if key.is_some() => return Err(Error::new(ErrorKind::Empty, "bucket")),
        None => {}
    }
    if let Some(key) = key {
        if check::has_line_break(key) {
            return Err(Error::new(ErrorKind::ControlCharacter, "key"));
        }
        text.push_str(key);
    }
    query::sort(order, pairs)?;
    query::retain(order, pairs, sub_resource::is_one);
    query::write_raw(text, pairs, order, b'?', true);
    Ok(())
}
