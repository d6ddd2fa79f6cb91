//! The one error type: which field is at fault and why, never its value.

use std::borrow::Cow;
use std::fmt;

/// A request that cannot be signed, or an incoming one that cannot be verified.
///
/// It names the field at fault and never holds the field's value, so that it can be logged.
#[derive(Clone, PartialEq, Eq)]
pub struct Error(Box<Inner>);

/// Boxed, so that a result fits into a register on the way where nothing is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Inner {
    kind: ErrorKind,
    field: Cow<'static, str>,
}

/// Why a field was refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A required field is empty. Set it.
    Empty,
    /// A value has a carriage return, a line feed or a NUL. Remove it; parameters of ACS3, RPC V1 and OSS V4,
    /// which are percent-encoded, can allow it with [`LineBreaks::Encode`](crate::LineBreaks::Encode).
    ControlCharacter,
    /// A name or a method is no token of RFC 9110 section 5.6.2.
    NotAToken,
    /// A parameter or header name is given twice.
    Duplicate,
    /// The official SDKs sign this differently, so that no form is safe: a raw `+`, `*` or `%7E` in a path (encode
    /// it), a parameter name of ACS3 with other than unreserved characters.
    Disputed,
    /// The signer writes this header or parameter itself: take it out of the request's list.
    Reserved,
    /// A number, a date or a path is outside of what the scheme can express.
    OutOfRange,
    /// An incoming request lacks a field that the scheme requires.
    Missing,
    /// An incoming field is there and cannot be read.
    Malformed,
    /// An incoming header that must be signed is not in the list of signed headers.
    NotSigned,
    /// The incoming body does not have the hash that the request claims.
    PayloadMismatch,
    /// The incoming request is signed by another scheme or algorithm than the one asked for.
    UnsupportedScheme,
}

impl Error {
    #[cold]
    pub(crate) fn new(kind: ErrorKind, field: &'static str) -> Self {
        Self(Box::new(Inner {
            kind,
            field: Cow::Borrowed(field),
        }))
    }

    /// An error about a field that the caller has named, such as a header.
    #[cold]
    pub(crate) fn named(kind: ErrorKind, what: &'static str, name: &str) -> Self {
        const LONGEST: usize = 64;
        let mut field = String::from(what);
        field.push(' ');
        for c in name.chars().take(LONGEST) {
            field.extend(c.escape_debug());
        }
        Self(Box::new(Inner {
            kind,
            field: Cow::Owned(field),
        }))
    }

    /// What is wrong.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The field at fault, such as `nonce`, `header x-acs-meta` or `parameter Title`.
    pub fn field(&self) -> &str {
        &self.0.field
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("field", &self.0.field)
            .finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let field = &self.0.field;
        match self.0.kind {
            ErrorKind::Empty => write!(f, "{field} is empty"),
            ErrorKind::ControlCharacter => {
                write!(f, "{field} has a carriage return, line feed or NUL")
            }
            ErrorKind::NotAToken => write!(
                f,
                "{field} is not a token: use letters, digits and !#$%&'*+-.^_`|~ only"
            ),
            ErrorKind::Duplicate => write!(f, "{field} is given twice"),
            ErrorKind::Disputed => write!(
                f,
                "{field} has characters that the official SDKs sign in different ways"
            ),
            ErrorKind::Reserved => write!(
                f,
                "{field} is written by the signer: remove it from the request"
            ),
            ErrorKind::OutOfRange => write!(f, "{field} is out of range"),
            ErrorKind::Missing => write!(f, "{field} is missing"),
            ErrorKind::Malformed => write!(f, "{field} is malformed"),
            ErrorKind::NotSigned => write!(f, "{field} is not signed"),
            ErrorKind::PayloadMismatch => write!(f, "{field} does not match the body"),
            ErrorKind::UnsupportedScheme => {
                write!(f, "{field} names a scheme that is not supported here")
            }
        }
    }
}

impl std::error::Error for Error {}
