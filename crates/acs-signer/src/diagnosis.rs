//! What a `SignatureDoesNotMatch` means: the server's string to sign, compared with ours.
//!
//! Services return their string to sign with the error: OpenAPI at the end of the message, OSS in the element
//! `StringToSign`. Where it is that of ours, the secret is wrong; where it differs, the line or parameter that differs
//! says what became different on the way.
//!
//! ```
//! use acs_signer::Scheme;
//! use acs_signer::diagnosis::{diagnose, server_string_to_sign};
//!
//! let ours = "GET&%2F&Action%3DGetPlayInfo%26Title%3Da%2520b";
//! let message = "Specified signature is not matched with our calculation. server string to sign is:\
//!     GET&%2F&Action%3DGetPlayInfo%26Title%3Da%252Bb";
//! let servers = server_string_to_sign(message).unwrap();
//! let diagnosis = diagnose(Scheme::RpcV1, ours, &servers);
//! assert_eq!(diagnosis.part(), "parameter Title");
//! ```

use crate::encode::decode;
use crate::scheme::Scheme;
use std::borrow::Cow;
use std::fmt;

/// Where two strings to sign part, and what that usually means. It holds no value of either.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    line: Option<usize>,
    part: String,
    cause: Cause,
}

/// What is usually wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Cause {
    /// The strings are the same: the AccessKey secret is not that of the AccessKey ID.
    WrongSecret,
    /// The request was sent by another scheme or algorithm than it was signed by.
    Algorithm,
    /// The request was sent by another method.
    Method,
    /// The path was encoded or normalised anew after it was signed; for OSS, the bucket may be missing.
    Path,
    /// A parameter was added, dropped, changed or encoded another way after it was signed.
    Parameter,
    /// A header was added, dropped or changed on the way, by the HTTP client or a proxy.
    Header,
    /// The date that was sent is not the one that was signed.
    Date,
    /// The scope is of another day, region or product than the server's.
    Scope,
    /// The hash of the canonical request differs: compare the canonical requests.
    CanonicalRequest,
    /// The body that was sent is not the one that was hashed.
    Payload,
    /// The strings have another shape than the scheme's.
    Unknown,
}

impl Cause {
    fn meaning(self) -> &'static str {
        match self {
            Self::WrongSecret => {
                "both sides signed the same text: the AccessKey secret does not belong to the AccessKey ID"
            }
            Self::Algorithm => {
                "the server verified by another scheme: send what was signed, header or parameters alike"
            }
            Self::Method => "the request went out with another HTTP method than was signed",
            Self::Path => {
                "the path changed after signing: send the very path that was signed, and for OSS sign it with the bucket"
            }
            Self::Parameter => {
                "a parameter changed after signing: build the URL from the encoded query that the signer returns"
            }
            Self::Header => {
                "a header changed on the way: the HTTP client or a proxy added, dropped or rewrote it"
            }
            Self::Date => "the date that was sent is not the one that was signed",
            Self::Scope => {
                "day, region or product of the key are not the server's: check the region and the clock"
            }
            Self::CanonicalRequest => {
                "the canonical requests differ: compare yours with the server's, line by line, where it returns one"
            }
            Self::Payload => {
                "the body changed after it was hashed, or was hashed in another form than it was sent in"
            }
            Self::Unknown => "the two texts are not of the same scheme",
        }
    }
}

impl Diagnosis {
    /// The first line that differs, counted from 1; `None` if none does.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// What differs, such as `date`, `header x-acs-action` or `parameter Title`; `nothing` if nothing does.
    pub fn part(&self) -> &str {
        &self.part
    }

    /// What is usually wrong.
    pub fn cause(&self) -> Cause {
        self.cause
    }
}

impl fmt::Display for Diagnosis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{} differs (line {line}): ", self.part)?,
            None => write!(f, "{} differs: ", self.part)?,
        }
        f.write_str(self.cause.meaning())
    }
}

/// The string to sign that a service returns in an error message, if it does: that of OSS without the entities of XML.
pub fn server_string_to_sign(message: &str) -> Option<Cow<'_, str>> {
    const OPENAPI: &str = "server string to sign is:";
    if let Some(at) = message.find(OPENAPI) {
        return Some(message[at + OPENAPI.len()..].trim_start_matches(' ').into());
    }
    let (_, rest) = message.split_once("<StringToSign>")?;
    let (text, _) = rest.split_once("</StringToSign>")?;
    Some(without_entities(text))
}

/// Compares our string to sign, or canonical request, with the server's.
pub fn diagnose(scheme: Scheme, ours: &str, servers: &str) -> Diagnosis {
    if ours == servers {
        return Diagnosis {
            line: None,
            part: "nothing".to_owned(),
            cause: Cause::WrongSecret,
        };
    }
    if scheme == Scheme::RpcV1 {
        return diagnose_rpc_v1(ours, servers);
    }
    let at = ours
        .lines()
        .zip(servers.lines())
        .take_while(|(ours, servers)| ours == servers)
        .count();
    let line = |text: &str| text.lines().nth(at).unwrap_or_default().to_owned();
    let (part, cause) = part_of_line(scheme, at, ours, &line(ours), &line(servers));
    Diagnosis {
        line: Some(at + 1),
        part,
        cause,
    }
}

/// Replaces the entities that XML has of its own; `&amp;` stands between the parameters of OSS V1.
fn without_entities(text: &str) -> Cow<'_, str> {
    const ENTITIES: [(&str, &str); 5] = [
        ("&lt;", "<"),
        ("&gt;", ">"),
        ("&quot;", "\""),
        ("&apos;", "'"),
        // Last, as it makes the first character of the others.
        ("&amp;", "&"),
    ];
    if !text.contains('&') {
        return text.into();
    }
    let replace = |text: String, (entity, character)| text.replace(entity, character);
    ENTITIES.into_iter().fold(text.to_owned(), replace).into()
}

/// Names the line `at` of a string to sign or a canonical request.
fn part_of_line(
    scheme: Scheme,
    at: usize,
    ours: &str,
    line: &str,
    servers: &str,
) -> (String, Cause) {
    let named = |part: &str, cause| (part.to_owned(), cause);
    match scheme {
        Scheme::Acs3 | Scheme::OssV4 if ours.starts_with(scheme.name()) => match (scheme, at) {
            (_, 0) => named("algorithm", Cause::Algorithm),
            (Scheme::OssV4, 1) => named("date", Cause::Date),
            (Scheme::OssV4, 2) => named("scope", Cause::Scope),
            _ => named("hash of the canonical request", Cause::CanonicalRequest),
        },
        Scheme::Acs3 | Scheme::OssV4 => {
            let last = ours.lines().count().saturating_sub(1);
            match at {
                0 => named("method", Cause::Method),
                1 => named("path", Cause::Path),
                2 => parameter(line, servers),
                _ if at == last => named("payload hash", Cause::Payload),
                _ if at + 1 == last => named("signed headers", Cause::Header),
                _ => header(line, servers),
            }
        }
        Scheme::RoaV1 => match at {
            0 => named("method", Cause::Method),
            1 => named("header accept", Cause::Header),
            2 => named("header content-md5", Cause::Payload),
            3 => named("header content-type", Cause::Header),
            4 => named("date", Cause::Date),
            _ => resource_or_header(line, servers),
        },
        Scheme::OssV1 => match at {
            0 => named("method", Cause::Method),
            1 => named("header content-md5", Cause::Payload),
            2 => named("header content-type", Cause::Header),
            3 => named("date", Cause::Date),
            _ => resource_or_header(line, servers),
        },
        Scheme::RpcV1 => named("string to sign", Cause::Unknown),
    }
}

/// The line of a header, or the last one: path and parameters.
fn resource_or_header(ours: &str, servers: &str) -> (String, Cause) {
    if !ours.starts_with('/') && !servers.starts_with('/') {
        return header(ours, servers);
    }
    let split = |line: &str| {
        let (path, query) = line.split_once('?').unwrap_or((line, ""));
        (path.to_owned(), query.to_owned())
    };
    let (ours, servers) = (split(ours), split(servers));
    if ours.0 != servers.0 {
        return ("path".to_owned(), Cause::Path);
    }
    parameter(&ours.1, &servers.1)
}

/// The header of a line `name:value`: the one that comes first, as the other side lacks it.
fn header(ours: &str, servers: &str) -> (String, Cause) {
    let name = |line: &str| line.split_once(':').map(|(name, _)| name.to_owned());
    let name = match (name(ours), name(servers)) {
        (Some(ours), Some(servers)) => Some(ours.min(servers)),
        (ours, servers) => ours.or(servers),
    };
    match name {
        Some(name) if name == "date" || name.ends_with("-date") => {
            (format!("header {name}"), Cause::Date)
        }
        Some(name) => (format!("header {name}"), Cause::Header),
        None => ("headers".to_owned(), Cause::Header),
    }
}

/// The parameter in which two canonical queries differ first.
fn parameter(ours: &str, servers: &str) -> (String, Cause) {
    let differing = ours
        .split('&')
        .zip(servers.split('&'))
        .find(|(ours, servers)| ours != servers)
        .map(|(ours, servers)| ours.min(servers))
        .or_else(|| {
            let (ours, servers): (Vec<_>, Vec<_>) =
                (ours.split('&').collect(), servers.split('&').collect());
            let (longer, shared) = if ours.len() > servers.len() {
                (ours, servers.len())
            } else {
                (servers, ours.len())
            };
            longer.get(shared).copied()
        });
    let name = differing.map(|pair| pair.split_once('=').map_or(pair, |(name, _)| name));
    match name.filter(|name| !name.is_empty()) {
        Some(name) => {
            let name = decode(name, false).unwrap_or_else(|| name.into());
            (format!("parameter {name}"), Cause::Parameter)
        }
        None => ("parameters".to_owned(), Cause::Parameter),
    }
}

/// `METHOD&%2F&<canonical query, encoded>`, all on one line.
fn diagnose_rpc_v1(ours: &str, servers: &str) -> Diagnosis {
    let split = |text: &str| {
        let mut parts = text.splitn(3, '&');
        let (method, path, query) = (parts.next()?, parts.next()?, parts.next()?);
        Some((
            method.to_owned(),
            path.to_owned(),
            decode(query, false)?.into_owned(),
        ))
    };
    let (part, cause) = match (split(ours), split(servers)) {
        (Some(ours), Some(servers)) if ours.0 != servers.0 => ("method".to_owned(), Cause::Method),
        (Some(ours), Some(servers)) if ours.1 != servers.1 => ("path".to_owned(), Cause::Path),
        (Some(ours), Some(servers)) => parameter(&ours.2, &servers.2),
        _ => ("string to sign".to_owned(), Cause::Unknown),
    };
    Diagnosis {
        line: Some(1),
        part,
        cause,
    }
}
