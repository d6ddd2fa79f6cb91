//! VOD event callbacks over HTTP: the signature in `X-VOD-SIGNATURE`.
//!
//! Follows `docs/signing.md`, section "VOD event callback" (official page: "HTTP callback"). The body is not covered
//! and the same request can be replayed within the window: judge the timestamp, use HTTPS, and fetch what matters from
//! the API.

use crate::check;
use crate::error::{Error, ErrorKind};
use crate::headers::{find_one, trim};
use crate::incoming::{Mismatch, decimal, signature_of_hex};
use crate::private_key::{PrivateKey, matching_key, md5};
use crate::text::Text;
use std::fmt;
use zeroize::Zeroizing;

const TIMESTAMP: &str = "X-VOD-TIMESTAMP";
const SIGNATURE: &str = "X-VOD-SIGNATURE";

/// Signs a callback, as the service does.
///
/// `url` is the callback URL byte for byte as it is configured, `timestamp` is in Unix seconds.
///
/// # Errors
/// [`ErrorKind::Empty`] or [`ErrorKind::ControlCharacter`] for the URL.
pub fn sign(url: &str, timestamp: u64, key: &PrivateKey) -> Result<Signed, Error> {
    check::value("callback url", url)?;
    let timestamp = timestamp.to_string();
    let string_to_sign = Zeroizing::new(string_to_sign(url, &timestamp, key));
    let mut signature = Text::default();
    signature.push_hex(&md5(&string_to_sign));
    Ok(Signed {
        timestamp,
        signature: signature.as_str().to_owned(),
        string_to_sign,
    })
}

/// A signed callback.
pub struct Signed {
    timestamp: String,
    signature: String,
    string_to_sign: Zeroizing<String>,
}

impl Signed {
    /// The headers of the callback.
    pub fn headers(&self) -> [(&'static str, &str); 2] {
        [(TIMESTAMP, &self.timestamp), (SIGNATURE, &self.signature)]
    }

    /// The signature, in lower-case hexadecimal.
    pub fn signature(&self) -> &str {
        &self.signature
    }

    /// The string to sign. It ends with the private key: don't log it.
    pub fn string_to_sign(&self) -> &str {
        &self.string_to_sign
    }
}

impl fmt::Debug for Signed {
    /// Shows neither signature nor key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed")
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

/// What a callback claims.
///
/// ```
/// use acs_signer::{PrivateKey, vod_callback::Claim};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let headers = [
///     ("X-VOD-TIMESTAMP", "1519375990"),
///     ("X-VOD-SIGNATURE", "c72b60894140fa98920f1279219b7ed4"),
/// ];
/// let claim = Claim::parse(&headers)?;
/// // Yours to judge: is claim.timestamp() within 300 seconds of now?
/// let (new, old) = (PrivateKey::new("next456")?, PrivateKey::new("test123")?);
/// let key = claim.verify("https://www.example.com/your/callback", &[&new, &old])?;
/// assert_eq!(key, 1); // still the old one
/// # Ok(())
/// # }
/// ```
pub struct Claim<'a> {
    timestamp_text: &'a str,
    timestamp: u64,
    signature: [u8; 16],
}

impl<'a> Claim<'a> {
    /// Reads the claim of a callback's headers.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`] if there is no signature: the service signs only if a private key is configured.
    /// [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] for what cannot be read in one way only.
    pub fn parse(headers: &[(&'a str, &'a str)]) -> Result<Self, Error> {
        let header = |name: &'static str| {
            find_one(headers, "header", name)?
                .map(trim)
                .ok_or_else(|| Error::named(ErrorKind::Missing, "header", name))
        };
        let malformed = |name| Error::named(ErrorKind::Malformed, "header", name);
        let timestamp_text = header(TIMESTAMP)?;
        Ok(Self {
            timestamp_text,
            timestamp: decimal(timestamp_text).ok_or_else(|| malformed(TIMESTAMP))?,
            signature: signature_of_hex(header(SIGNATURE)?).ok_or_else(|| malformed(SIGNATURE))?,
        })
    }

    /// When the callback was signed, in Unix seconds.
    pub fn timestamp(&self) -> u64 {
        self.timestamp
    }

    /// Checks the signature, in constant time, and returns the position of the key that made it. Give the current key,
    /// and the old one as long as it is being replaced.
    ///
    /// `url` is the callback URL byte for byte as it is configured; it does not come from the request.
    ///
    /// # Errors
    /// [`Mismatch`], without the string to sign, which has the key in it.
    pub fn verify(&self, url: &str, keys: &[&PrivateKey]) -> Result<usize, Mismatch> {
        matching_key(keys, self.signature, |key| {
            string_to_sign(url, self.timestamp_text, key)
        })
        .ok_or_else(|| Mismatch::new("", ""))
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows no signature.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("timestamp", &self.timestamp)
            .finish_non_exhaustive()
    }
}

fn string_to_sign(url: &str, timestamp: &str, key: &PrivateKey) -> String {
    [url, "|", timestamp, "|", key.as_str()].concat()
}
