//! RPC V1 (HMAC-SHA1), which older clients use: everything is a parameter, in the query or in a form.
//!
//! Follows `docs/signing.md`, section "RPC V1" (official page: "V2 request structure and signature of RPC APIs").

mod canonical;
mod sign;
mod verify;

pub use sign::{Signed, Unsigned, bearer, sign};
pub use verify::Claim;

use crate::check::LineBreaks;
use chrono::{DateTime, Utc};
use std::fmt;

const METHOD: &str = "HMAC-SHA1";
const METHOD_VERSION: &str = "1.0";

const ACCESS_KEY_ID: &str = "AccessKeyId";
const ACTION: &str = "Action";
const BEARER_TOKEN: &str = "BearerToken";
const FORMAT: &str = "Format";
const SECURITY_TOKEN: &str = "SecurityToken";
const SIGNATURE: &str = "Signature";
const SIGNATURE_METHOD: &str = "SignatureMethod";
const SIGNATURE_NONCE: &str = "SignatureNonce";
const SIGNATURE_TYPE: &str = "SignatureType";
const SIGNATURE_VERSION: &str = "SignatureVersion";
const TIMESTAMP: &str = "Timestamp";
const VERSION: &str = "Version";

/// A request to sign. Build it with `..Request::at(date, nonce)`:
///
/// ```
/// use acs_signer::rpc_v1::Request;
/// # let (date, nonce) = (chrono::DateTime::UNIX_EPOCH, "n");
/// let request = Request {
///     action: "GetPlayInfo",
///     version: "2017-03-21",
///     query: &[("VideoId", "93ab850b4f6f44eab54b6e91d24d81d4")],
///     ..Request::at(date, nonce)
/// };
/// ```
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// The HTTP method in upper case; it is signed.
    pub method: &'a str,
    /// The API's name, such as `GetPlayInfo`.
    pub action: &'a str,
    /// The API's version, such as `2017-03-21`.
    pub version: &'a str,
    /// `JSON` or `XML`.
    pub format: &'a str,
    /// Parameters of the query, flattened, not encoded, in any order.
    pub query: &'a [(&'a str, &'a str)],
    /// Parameters of an `application/x-www-form-urlencoded` body; one shadows a query parameter of the same name.
    pub form: &'a [(&'a str, &'a str)],
    /// Where the parameters of the signer go: action, date, signature and the like.
    pub carrier: Carrier,
    /// Now, by the caller's clock.
    pub date: DateTime<Utc>,
    /// A string that no other request of this AccessKey has used: new for each attempt.
    pub nonce: &'a str,
    /// The STS token of a temporary AccessKey.
    pub security_token: Option<&'a str>,
    /// Whether a parameter's value may have line breaks.
    pub line_breaks: LineBreaks,
}

impl<'a> Request<'a> {
    /// An empty GET request with the two values that are new for each attempt, for struct update syntax.
    pub fn at(date: DateTime<Utc>, nonce: &'a str) -> Self {
        Self {
            method: "GET",
            action: "",
            version: "",
            format: "JSON",
            query: &[],
            form: &[],
            carrier: Carrier::default(),
            date,
            nonce,
            security_token: None,
            line_breaks: LineBreaks::default(),
        }
    }
}

impl fmt::Debug for Request<'_> {
    /// Shows no parameter value or token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("action", &self.action)
            .field("version", &self.version)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// Where parameters of the signer go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Carrier {
    /// Onto the URL.
    #[default]
    Query,
    /// Into the form body, of a POST.
    Form,
}
