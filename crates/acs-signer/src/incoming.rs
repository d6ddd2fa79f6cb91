//! The other direction: a request as a server has received it.

use crate::encode::decode;
use crate::error::{Error, ErrorKind};
use crate::headers::{find_one, trim};
use crate::payload::Payload;
use crate::query::Pair;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

/// A request as a server has received it, for the `parse` function of a scheme's `Claim`.
#[derive(Clone, Copy)]
pub struct Incoming<'a> {
    /// The HTTP method.
    pub method: &'a str,
    /// The path of the request line, as received: not decoded, not normalised.
    pub path: &'a str,
    /// The query of the request line.
    pub query: Query<'a>,
    /// All headers, `host` among them.
    pub headers: &'a [(&'a str, &'a str)],
    /// The body that was received.
    pub payload: Payload<'a>,
}

/// A received query.
#[derive(Clone, Copy)]
pub enum Query<'a> {
    /// What follows `?`, still encoded; `+` is read as a space, as some official SDKs write one.
    Raw(&'a str),
    /// Names and values, decoded already.
    Pairs(&'a [(&'a str, &'a str)]),
}

impl Default for Query<'_> {
    fn default() -> Self {
        Self::Raw("")
    }
}

impl fmt::Debug for Incoming<'_> {
    /// Shows method and path only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Incoming")
            .field("method", &self.method)
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for Query<'_> {
    /// Shows no content: a token or signature may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Raw(_) => "Raw(..)",
            Self::Pairs(_) => "Pairs(..)",
        })
    }
}

/// Decoded parameters.
pub(crate) type Decoded<'a> = Vec<(Cow<'a, str>, Cow<'a, str>)>;

impl<'a> Incoming<'a> {
    /// The value of a header that may be there once, trimmed.
    pub(crate) fn header(&self, name: &'static str) -> Result<Option<&'a str>, Error> {
        Ok(find_one(self.headers, "header", name)?.map(trim))
    }

    /// The value of a header that must be there.
    pub(crate) fn required(&self, name: &'static str) -> Result<&'a str, Error> {
        self.header(name)?
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Error::named(ErrorKind::Missing, "header", name))
    }

    /// The parameters of the query.
    pub(crate) fn parameters(&self) -> Result<Decoded<'a>, Error> {
        match self.query {
            Query::Raw(query) => {
                parse_query(query).ok_or_else(|| Error::new(ErrorKind::Malformed, "query"))
            }
            Query::Pairs(pairs) => Ok(pairs.iter().map(|&(k, v)| (k.into(), v.into())).collect()),
        }
    }
}

impl<'a> Incoming<'a> {
    /// The parameters of the body, if it is a form.
    pub(crate) fn form(&self) -> Result<Decoded<'a>, Error> {
        const FORM: &str = "application/x-www-form-urlencoded";
        let kind = self.header("content-type")?.unwrap_or_default();
        let kind = kind.split(';').next().map(trim).unwrap_or_default();
        match self.payload {
            Payload::Bytes(body) if kind.eq_ignore_ascii_case(FORM) => std::str::from_utf8(body)
                .ok()
                .and_then(parse_query)
                .ok_or_else(|| Error::new(ErrorKind::Malformed, "body")),
            _ => Ok(Vec::new()),
        }
    }

    /// The parameters of query and form.
    pub(crate) fn all_parameters(&self) -> Result<Decoded<'a>, Error> {
        let mut parameters = self.parameters()?;
        parameters.extend(self.form()?);
        Ok(parameters)
    }
}

/// Splits and decodes `name=value&name`, a query or a form.
pub(crate) fn parse_query(query: &str) -> Option<Decoded<'_>> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(parse_pair)
        .collect()
}

/// Decodes `name=value` or `name`.
pub(crate) fn parse_pair(pair: &str) -> Option<(Cow<'_, str>, Cow<'_, str>)> {
    let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
    Some((decode(name, true)?, decode(value, true)?))
}

/// A number as services write it: digits only, no sign.
pub(crate) fn decimal<N: FromStr>(text: &str) -> Option<N> {
    text.parse()
        .ok()
        .filter(|_| text.bytes().all(|b| b.is_ascii_digit()))
}

/// The same parameters, borrowed.
pub(crate) fn borrow<'p>(parameters: &'p Decoded<'_>) -> Vec<Pair<'p>> {
    parameters.iter().map(|(k, v)| (&**k, &**v)).collect()
}

/// The fields of `Credential=..,SignedHeaders=..,Signature=..`, in any order, with or without spaces.
pub(crate) fn authorization_fields<'a, const N: usize>(
    fields: &'a str,
    names: [&str; N],
) -> Result<[Option<&'a str>; N], Error> {
    let malformed = || Error::new(ErrorKind::Malformed, "header authorization");
    let mut values = [None; N];
    for field in fields.split(',') {
        let (name, value) = field.split_once('=').ok_or_else(malformed)?;
        let at = names
            .iter()
            .position(|known| *known == trim(name))
            .ok_or_else(malformed)?;
        if values[at].replace(trim(value)).is_some() {
            return Err(malformed());
        }
    }
    Ok(values)
}

/// A claimed signature of `N` bytes in hexadecimal. Every digit costs the same, so that what verification costs says
/// nothing but the length.
pub(crate) fn signature_of_hex<const N: usize>(hex: &str) -> Option<[u8; N]> {
    const INVALID: u8 = 0x10;
    const NIBBLES: [u8; 256] = {
        let mut nibbles = [INVALID; 256];
        let mut i = 0;
        while i < 16 {
            nibbles[b"0123456789abcdef"[i] as usize] = i as u8;
            nibbles[b"0123456789ABCDEF"[i] as usize] = i as u8;
            i += 1;
        }
        nibbles
    };
    if hex.len() != 2 * N {
        return None;
    }
    let mut bytes = [0; N];
    let mut met = 0;
    for (byte, pair) in bytes.iter_mut().zip(hex.as_bytes().chunks_exact(2)) {
        let (high, low) = (NIBBLES[usize::from(pair[0])], NIBBLES[usize::from(pair[1])]);
        met |= high | low;
        *byte = (high << 4) | low;
    }
    (met & INVALID == 0).then_some(bytes)
}

/// A claimed signature of 20 bytes in base64.
pub(crate) fn signature_of_base64(base64: &str) -> Option<[u8; 20]> {
    // `decode_slice` may ask for more room than it fills.
    let mut bytes = [0; 24];
    match STANDARD.decode_slice(base64, &mut bytes) {
        Ok(20) => bytes[..20].try_into().ok(),
        _ => None,
    }
}

/// A signature that does not match, or a key that is not known: the two cannot be told apart.
///
/// It carries the server's side of the computation, which services return with `SignatureDoesNotMatch`.
pub struct Mismatch {
    canonical_request: Box<str>,
    string_to_sign: Box<str>,
}

impl Mismatch {
    pub(crate) fn new(canonical_request: &str, string_to_sign: &str) -> Self {
        Self {
            canonical_request: canonical_request.into(),
            string_to_sign: string_to_sign.into(),
        }
    }

    /// The server's canonical request; the canonical query for RPC V1; empty for schemes that have none.
    pub fn canonical_request(&self) -> &str {
        &self.canonical_request
    }

    /// The server's string to sign.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }
}

impl fmt::Debug for Mismatch {
    /// Shows no content: a security token may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mismatch").finish_non_exhaustive()
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the signature does not match, or the AccessKey is not known")
    }
}

impl std::error::Error for Mismatch {}
