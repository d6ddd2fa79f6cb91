//! ROA V1 (HMAC-SHA1), the signature of older RESTful APIs; Alibaba Cloud has discontinued it in favour of ACS3.
//!
//! Follows `docs/signing.md`, section "ROA V1" (official page: "V2 request structure and signature of ROA APIs").

mod sign;
mod verify;

pub use sign::{Signed, Unsigned, bearer, sign};
pub use verify::Claim;

use crate::headers::has_prefix;
use chrono::{DateTime, Utc};
use std::fmt;

const METHOD: &str = "HMAC-SHA1";
const METHOD_VERSION: &str = "1.0";

const ACCEPT: &str = "accept";
const ACCESS_KEY_ID: &str = "x-acs-accesskey-id";
const ACTION: &str = "x-acs-action";
const BEARER_TOKEN: &str = "x-acs-bearer-token";
const CONTENT_MD5: &str = "content-md5";
const CONTENT_TYPE: &str = "content-type";
const DATE: &str = "date";
const NONCE: &str = "x-acs-signature-nonce";
const SECURITY_TOKEN: &str = "x-acs-security-token";
const SIGNATURE_METHOD: &str = "x-acs-signature-method";
const SIGNATURE_TYPE: &str = "x-acs-signature-type";
const SIGNATURE_VERSION: &str = "x-acs-signature-version";
const VERSION: &str = "x-acs-version";

/// A request to sign. Build it with `..Request::at(date, nonce)`:
///
/// ```
/// use acs_signer::roa_v1::Request;
/// # let (date, nonce) = (chrono::DateTime::UNIX_EPOCH, "n");
/// let request = Request {
///     path: "/clusters",
///     version: "2015-12-15",
///     ..Request::at(date, nonce)
/// };
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method in upper case.
    pub method: &'a str,
    /// The path as it is sent, each path parameter already percent-encoded.
    pub path: &'a str,
    /// Parameters of the query, not encoded, in any order. They are signed as they are, so none may have a line break.
    pub query: &'a [(&'a str, &'a str)],
    /// What is signed for a parameter with an empty value.
    pub empty_values: EmptyValues,
    /// Other headers of the request. `content-md5`, `content-type` and every `x-acs-*` are signed. Those that the
    /// signer adds may be here as well, `accept` and `date` for two: then they are kept as they are.
    pub headers: &'a [(&'a str, &'a str)],
    /// The API's name, which is sent if it is not empty; the path says which API it is.
    pub action: &'a str,
    /// The API's version, such as `2015-12-15`.
    pub version: &'a str,
    /// Now, by the caller's clock.
    pub date: DateTime<Utc>,
    /// A string that no other request of this AccessKey has used: new for each attempt.
    pub nonce: &'a str,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
}

impl<'a> Request<'a> {
    /// An empty GET request with the two values that are new for each attempt, for struct update syntax.
    pub fn at(date: DateTime<Utc>, nonce: &'a str) -> Self {
        Self {
            method: "GET",
            path: "/",
            query: &[],
            empty_values: EmptyValues::default(),
            headers: &[],
            action: "",
            version: "",
            date,
            nonce,
            security_token: None,
        }
    }
}

impl fmt::Debug for Request<'_> {
    /// Shows no parameter value, header value or token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.path)
            .field("action", &self.action)
            .field("version", &self.version)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// What is signed for a parameter with an empty value: the official SDKs disagree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EmptyValues {
    /// Refuse the request: no form is known to be safe.
    #[default]
    Refuse,
    /// `name=`, as the TypeScript SDK and the older SDKs sign.
    WithEquals,
    /// `name`, as the Python, Go, C# and PHP SDKs sign.
    Bare,
}

/// Whether a header is one of the canonical headers.
fn is_canonical(name: &str) -> bool {
    has_prefix(name, b"x-acs-")
}
