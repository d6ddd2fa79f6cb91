//! ACS3-HMAC-SHA256, the signature of every current API, in RPC and ROA style.
//!
//! Follows `docs/signing.md`, section "ACS3-HMAC-SHA256" (official page: "V3 request structure and signature").

mod sign;
mod verify;

pub use sign::{Signed, Unsigned, anonymous, bearer, sign};
pub use verify::Claim;

use crate::check::LineBreaks;
use crate::headers::{self, has_prefix};
use crate::payload::Payload;
use chrono::{DateTime, Utc};
use std::fmt;

const ALGORITHM: &str = "ACS3-HMAC-SHA256";

/// The headers that the signer writes and signs itself, in the order of their names.
const HOST: &str = "host";
const ACCESS_KEY_ID: &str = "x-acs-accesskey-id";
const ACTION: &str = "x-acs-action";
const BEARER_TOKEN: &str = "x-acs-bearer-token";
const CONTENT_SHA256: &str = "x-acs-content-sha256";
const DATE: &str = "x-acs-date";
const SECURITY_TOKEN: &str = "x-acs-security-token";
const NONCE: &str = "x-acs-signature-nonce";
const SIGNATURE_TYPE: &str = "x-acs-signature-type";
const VERSION: &str = "x-acs-version";

/// A request to sign. Build it with `..Request::at(date, nonce)`:
///
/// ```
/// use acs_signer::acs3::Request;
/// # let (date, nonce) = (chrono::DateTime::UNIX_EPOCH, "n");
/// let request = Request {
///     method: "POST",
///     host: "vod.cn-shanghai.aliyuncs.com",
///     action: "GetPlayInfo",
///     version: "2017-03-21",
///     query: &[("VideoId", "93ab850b4f6f44eab54b6e91d24d81d4")],
///     ..Request::at(date, nonce)
/// };
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method in upper case.
    pub method: &'a str,
    /// The `Host` header as it is sent: with `:port` when that is not the scheme's default.
    pub host: &'a str,
    /// The path as it is sent, each path parameter already percent-encoded. `/` for RPC.
    pub path: &'a str,
    /// Parameters of the query, flattened, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Other headers of the request. `content-type` and every `x-acs-*` are signed, the rest is ignored.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body that is sent.
    pub payload: Payload<'a>,
    /// The API's name, such as `GetPlayInfo`.
    pub action: &'a str,
    /// The API's version, such as `2017-03-21`.
    pub version: &'a str,
    /// Now, by the caller's clock.
    pub date: DateTime<Utc>,
    /// A string that no other request of this AccessKey has used: new for each attempt.
    pub nonce: &'a str,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
    /// Which headers are signed; leave the default.
    pub signed_headers: SignedHeaders,
    /// Whether a parameter's value may have line breaks.
    pub line_breaks: LineBreaks,
}

impl<'a> Request<'a> {
    /// An empty request with the two values that are new for each attempt, for struct update syntax.
    pub fn at(date: DateTime<Utc>, nonce: &'a str) -> Self {
        Self {
            method: "POST",
            host: "",
            path: "/",
            query: &[],
            headers: &[],
            payload: Payload::Empty,
            action: "",
            version: "",
            date,
            nonce,
            security_token: None,
            signed_headers: SignedHeaders::default(),
            line_breaks: LineBreaks::default(),
        }
    }
}

impl fmt::Debug for Request<'_> {
    /// Shows no parameter value, header value or token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("host", &self.host)
            .field("path", &self.path)
            .field("action", &self.action)
            .field("version", &self.version)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Which headers a signature covers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedHeaders {
    /// `host`, `content-type` and every `x-acs-*`: what a proxy leaves alone.
    #[default]
    Required,
    /// All of them, as the official Python SDK does. A proxy that rewrites `user-agent` breaks the signature.
    All,
}

/// How an API takes its parameters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// By action name, path `/`.
    Rpc,
    /// By method and path.
    Roa,
}

/// Headers that are the signer's own, whether or not a request has them.
const RESERVED: [&str; 11] = [
    "authorization",
    HOST,
    ACCESS_KEY_ID,
    ACTION,
    BEARER_TOKEN,
    CONTENT_SHA256,
    DATE,
    SECURITY_TOKEN,
    NONCE,
    SIGNATURE_TYPE,
    VERSION,
];

/// Whether a signature must cover a header: what the API acts on.
#[inline(always)]
fn is_always_signed(name: &str) -> bool {
    headers::is(name, "content-type") || has_prefix(name, b"x-acs-")
}
