//! URL signing of CDN and VOD domains: types A, B and C. VOD domains take type A only.
//!
//! Follows `docs/signing.md`, section "URL signing" (official page: "Configure URL signing"). The edge adds the
//! validity that is configured for the domain (1,800 seconds by default) to the date that is signed.

use crate::encode::nibble;
use crate::error::{Error, ErrorKind};
use crate::incoming::{Mismatch, signature_of_hex};
use crate::private_key::{PrivateKey, matching_key, md5};
use crate::text::Text;
use crate::{check, date};
use chrono::{DateTime, Duration, NaiveDateTime, Utc};
use std::fmt;
use zeroize::Zeroizing;

/// A type of URL signing, with what one URL of it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type<'a> {
    /// `path?auth_key=<timestamp>-<rand>-<uid>-<hash>`
    A {
        /// A random text of letters and digits, such as a UUID without its hyphens; `0` for none.
        rand: &'a str,
        /// A user id; `0` for none.
        uid: &'a str,
    },
    /// `/<yyyyMMddHHmm>/<hash>/path`, the time in UTC+8
    B,
    /// The time as hexadecimal seconds.
    C {
        /// Where hash and time go.
        form: Form,
        /// The case of the time's digits.
        digits: Digits,
    },
}

/// Where type C puts hash and time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Form {
    /// `/<hash>/<time>/path`
    #[default]
    Path,
    /// `path?KEY1=<hash>&KEY2=<time>`
    Query,
}

/// The case of hexadecimal digits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Digits {
    /// `55ce8100`
    #[default]
    Lower,
    /// `55CE8100`
    Upper,
}

/// Signs a URL, percent-encoded as it will be requested. Without a scheme, it gets `http://`.
///
/// ```
/// use acs_signer::{PrivateKey, cdn};
///
/// # fn main() -> Result<(), acs_signer::Error> {
/// # let date = chrono::DateTime::from_timestamp(1444435200, 0).unwrap();
/// let key = PrivateKey::new("aliyuncdnexp1234")?;
/// let url = "http://cdn.example.com/video/standard/1K.html";
/// let signed = cdn::sign(url, cdn::Type::A { rand: "0", uid: "0" }, date, &key)?;
/// assert!(signed.url().starts_with("http://cdn.example.com/video/standard/1K.html?auth_key=1444435200-0-0-80cd"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
/// An [`Error`] that names the field: the URL, `rand`, `uid` or a date before 1970.
pub fn sign(
    url: &str,
    kind: Type<'_>,
    date: DateTime<Utc>,
    key: &PrivateKey,
) -> Result<SignedUrl, Error> {
    let url = Url::parse(url)?;
    let seconds =
        u64::try_from(date.timestamp()).map_err(|_| Error::new(ErrorKind::OutOfRange, "date"))?;
    let time = match kind {
        Type::A { rand, uid } => {
            for (field, value) in [("rand", rand), ("uid", uid)] {
                check::value(field, value)?;
                if !value
                    .bytes()
                    .all(|b| b.is_ascii_alphanumeric() || b == b'_')
                {
                    return Err(Error::new(ErrorKind::Malformed, field));
                }
            }
            seconds.to_string()
        }
        Type::B => minutes(date)?,
        Type::C {
            digits: Digits::Lower,
            ..
        } => format!("{seconds:x}"),
        Type::C {
            digits: Digits::Upper,
            ..
        } => format!("{seconds:X}"),
    };
    let claimed = match kind {
        Type::A { rand, uid } => Stamp::A {
            time: &time,
            rand,
            uid,
        },
        Type::B => Stamp::B { time: &time },
        Type::C { .. } => Stamp::C { time: &time },
    };
    let string_to_sign = Zeroizing::new(claimed.string_to_sign(url.path, key));
    let mut hash = Text::default();
    hash.push_hex(&md5(&string_to_sign));
    let hash = hash.as_str().to_owned();

    let Url {
        origin,
        path,
        query,
    } = url;
    let mark = if query.is_empty() { "?" } else { "&" };
    let signed = match kind {
        Type::A { rand, uid } => {
            format!("{origin}{path}{query}{mark}auth_key={time}-{rand}-{uid}-{hash}")
        }
        Type::B => format!("{origin}/{time}/{hash}{path}{query}"),
        Type::C {
            form: Form::Path, ..
        } => format!("{origin}/{hash}/{time}{path}{query}"),
        Type::C {
            form: Form::Query, ..
        } => format!("{origin}{path}{query}{mark}KEY1={hash}&KEY2={time}"),
    };
    Ok(SignedUrl {
        url: signed,
        time,
        hash,
        string_to_sign,
    })
}

/// A signed URL. Whoever has it can fetch the file: don't log it.
pub struct SignedUrl {
    url: String,
    time: String,
    hash: String,
    string_to_sign: Zeroizing<String>,
}

impl SignedUrl {
    /// The URL to request.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The time as it was signed.
    pub fn time(&self) -> &str {
        &self.time
    }

    /// The hash, in lower-case hexadecimal.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The string that is hashed. It has the private key in it: don't log it.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }
}

impl fmt::Debug for SignedUrl {
    /// Shows neither URL nor hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignedUrl")
            .field("time", &self.time)
            .finish_non_exhaustive()
    }
}

/// A type of URL signing, as it is configured for a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Type A.
    A,
    /// Type B.
    B,
    /// Type C, in either form.
    C,
}

/// What a requested URL claims.
pub struct Claim<'a> {
    path: &'a str,
    stamp: Stamp<'a>,
    date: DateTime<Utc>,
    hash: [u8; 16],
}

impl<'a> Claim<'a> {
    /// Reads the claim of a URL or of a request's path and query.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] if the URL has no signature of this type, [`ErrorKind::Malformed`] if it cannot be read.
    pub fn parse(url: &'a str, kind: Kind) -> Result<Self, Error> {
        let missing = || Error::new(ErrorKind::Missing, "url signature");
        let malformed = || Error::new(ErrorKind::Malformed, "url signature");
        let url = if url.starts_with('/') {
            Url::of_target("", url)?
        } else {
            Url::parse(url)?
        };
        let parameter = |name: &str| {
            let mut pairs = url
                .query
                .split(['?', '&'])
                .filter_map(|pair| pair.split_once('='));
            let value = pairs.find(|(n, _)| *n == name)?.1;
            Some(value).filter(|_| !pairs.any(|(n, _)| n == name))
        };
        let (path, stamp, hash) = match kind {
            Kind::A => {
                let value = parameter("auth_key").ok_or_else(missing)?;
                let mut parts = value.split('-');
                let (Some(time), Some(rand), Some(uid), Some(hash), None) = (
                    parts.next(),
                    parts.next(),
                    parts.next(),
                    parts.next(),
                    parts.next(),
                ) else {
                    return Err(malformed());
                };
                (url.path, Stamp::A { time, rand, uid }, hash)
            }
            Kind::B => {
                let (time, hash, path) = leading_segments(url.path).ok_or_else(missing)?;
                (path, Stamp::B { time }, hash)
            }
            Kind::C => match (parameter("KEY1"), parameter("KEY2")) {
                (Some(hash), Some(time)) => (url.path, Stamp::C { time }, hash),
                _ => {
                    let (hash, time, path) = leading_segments(url.path).ok_or_else(missing)?;
                    (path, Stamp::C { time }, hash)
                }
            },
        };
        Ok(Self {
            path,
            stamp,
            date: stamp.date().ok_or_else(malformed)?,
            hash: signature_of_hex(hash).ok_or_else(malformed)?,
        })
    }

    /// The path without the signature: what is requested.
    pub fn path(&self) -> &'a str {
        self.path
    }

    /// The date that is signed; the URL is valid for the domain's configured time from then on.
    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    /// Checks the hash, in constant time, and returns the position of the key that made it: a domain has a main and a
    /// backup key.
    ///
    /// # Errors
    /// [`Mismatch`], without the string that was hashed, which has the key in it.
    pub fn verify(&self, keys: &[&PrivateKey]) -> Result<usize, Mismatch> {
        matching_key(keys, self.hash, |key| {
            self.stamp.string_to_sign(self.path, key)
        })
        .ok_or_else(|| Mismatch::new("", ""))
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows no hash.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("path", &self.path)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// What is hashed beside path and key, as it is written.
#[derive(Clone, Copy)]
enum Stamp<'a> {
    A {
        time: &'a str,
        rand: &'a str,
        uid: &'a str,
    },
    B {
        time: &'a str,
    },
    C {
        time: &'a str,
    },
}

impl Stamp<'_> {
    fn string_to_sign(&self, path: &str, key: &PrivateKey) -> String {
        let key = key.as_str();
        match self {
            Self::A { time, rand, uid } => {
                [path, "-", time, "-", rand, "-", uid, "-", key].concat()
            }
            Self::B { time } => [key, time, path].concat(),
            Self::C { time } => [key, path, time].concat(),
        }
    }

    fn date(&self) -> Option<DateTime<Utc>> {
        match self {
            Self::A { time, .. } if time.bytes().all(|b| b.is_ascii_digit()) => {
                DateTime::from_timestamp(time.parse().ok()?, 0)
            }
            Self::A { .. } => None,
            Self::B { time } => parse_minutes(time),
            Self::C { time } if time.bytes().all(|b| nibble(b).is_some()) => {
                DateTime::from_timestamp(i64::from_str_radix(time, 16).ok()?, 0)
            }
            Self::C { .. } => None,
        }
    }
}

/// A URL, taken apart.
struct Url<'a> {
    /// Scheme and authority.
    origin: String,
    /// Begins with `/`.
    path: &'a str,
    /// With its `?`, or empty.
    query: &'a str,
}

impl<'a> Url<'a> {
    fn parse(url: &'a str) -> Result<Self, Error> {
        check::value("url", url)?;
        let (scheme, rest) = url.split_once("://").unwrap_or(("http", url));
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        if authority.is_empty() || scheme.is_empty() {
            return Err(Error::new(ErrorKind::Malformed, "url"));
        }
        Self::of_target(&[scheme, "://", authority].concat(), target)
    }

    fn of_target(origin: &str, target: &'a str) -> Result<Self, Error> {
        if !target.bytes().all(|b| b.is_ascii_graphic() && b != b'#') {
            return Err(Error::new(ErrorKind::Malformed, "url"));
        }
        let (path, query) = target.split_at(target.find('?').unwrap_or(target.len()));
        Ok(Self {
            origin: origin.to_owned(),
            path: if path.is_empty() { "/" } else { path },
            query,
        })
    }
}

/// Splits `/first/second/rest` into `first`, `second` and `/rest`.
fn leading_segments(path: &str) -> Option<(&str, &str, &str)> {
    let (first, rest) = path.strip_prefix('/')?.split_once('/')?;
    let (second, rest) = rest.split_at(rest.find('/')?);
    Some((first, second, rest))
}

/// How far the clock of type B is ahead of UTC.
const UTC_PLUS_8: Duration = Duration::hours(8);

/// Writes `yyyyMMddHHmm` in UTC+8.
fn minutes(date: DateTime<Utc>) -> Result<String, Error> {
    let local = date
        .checked_add_signed(UTC_PLUS_8)
        .ok_or_else(|| Error::new(ErrorKind::OutOfRange, "date"))?;
    let text = date::iso8601_basic(local)?;
    Ok([&text[..8], &text[9..13]].concat())
}

/// Reads `yyyyMMddHHmm` in UTC+8.
fn parse_minutes(text: &str) -> Option<DateTime<Utc>> {
    if text.len() != 12 || !text.is_ascii() {
        return None;
    }
    let basic = [&text[..8], "T", &text[8..], "00Z"].concat();
    let local: NaiveDateTime = date::parse_iso8601_basic(&basic)?.naive_utc();
    Some(local.checked_sub_signed(UTC_PLUS_8)?.and_utc())
}
