//! The body, as far as a signature covers it.

use crate::text::write_hex;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::Md5;
use sha2::{Digest as _, Sha256};
use std::fmt;

/// A request's body, or what is known of it.
#[derive(Clone, Copy, Default)]
pub enum Payload<'a> {
    /// No body: its hash is a constant and is not computed.
    #[default]
    Empty,
    /// The exact bytes that are sent.
    Bytes(&'a [u8]),
    /// The SHA-256 of a body that is not at hand.
    Sha256([u8; 32]),
}

const EMPTY_SHA256: [u8; 64] = *b"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

impl Payload<'_> {
    /// The lower-case hexadecimal SHA-256.
    pub(crate) fn sha256_hex(self) -> [u8; 64] {
        let hash = match self {
            Self::Empty => return EMPTY_SHA256,
            Self::Bytes(bytes) => Sha256::digest(bytes).into(),
            Self::Sha256(hash) => hash,
        };
        let mut digits = [0; 64];
        write_hex::<32>(&hash, &mut digits);
        digits
    }
}

impl fmt::Debug for Payload<'_> {
    /// Shows the length only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Sha256(_) => f.write_str("Sha256(..)"),
        }
    }
}

/// Computes the value of a `Content-MD5` header, base64 of the MD5 of the body.
///
/// ```
/// assert_eq!(acs_signer::content_md5(b""), "1B2M2Y8AsgTpgAmY7PhCfg==");
/// ```
pub fn content_md5(body: &[u8]) -> String {
    STANDARD.encode(Md5::digest(body))
}
