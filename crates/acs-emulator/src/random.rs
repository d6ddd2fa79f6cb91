//! Identifiers and secrets, all drawn from one seed so that a test can repeat a run.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

/// A stream of unpredictable bytes: SHA-256 of the seed and a counter.
pub(crate) struct Random {
    seed: [u8; 32],
    drawn: AtomicU64,
}

impl Random {
    /// Seeds from the operating system.
    pub(crate) fn from_system() -> io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::other)?;
        Ok(Self::from_seed(seed))
    }

    pub(crate) fn from_seed(seed: [u8; 32]) -> Self {
        Self {
            seed,
            drawn: AtomicU64::new(0),
        }
    }

    /// Returns `bytes` bytes as lower-case hex: the form of a VideoId or JobId.
    pub(crate) fn hex(&self, bytes: usize) -> String {
        hex_lower(&self.bytes(bytes))
    }

    /// Returns `length` letters and digits: the form of a key's secret.
    pub(crate) fn alphanumeric(&self, length: usize) -> String {
        const ALPHABET: &[u8; 62] =
            b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
        // The modulo favours a few letters slightly; the keys guard a loopback port.
        self.bytes(length)
            .into_iter()
            .map(|byte| char::from(ALPHABET[usize::from(byte) % ALPHABET.len()]))
            .collect()
    }

    /// Returns `length` decimal digits, the first of them not zero: the form of an account id.
    pub(crate) fn digits(&self, length: usize) -> String {
        self.bytes(length)
            .into_iter()
            .enumerate()
            .map(|(i, byte)| match i {
                0 => char::from(b'1' + byte % 9),
                _ => char::from(b'0' + byte % 10),
            })
            .collect()
    }

    /// Returns a security token: `CAIS` and base64, as real tokens look.
    pub(crate) fn security_token(&self) -> String {
        format!("CAIS{}", STANDARD.encode(self.bytes(150)))
    }

    /// Returns an OpenAPI request id: an upper-case UUID.
    pub(crate) fn request_id(&self) -> String {
        let hex = hex_upper(&self.bytes(16));
        format!(
            "{}-{}-{}-{}-{}",
            &hex[..8],
            &hex[8..12],
            &hex[12..16],
            &hex[16..20],
            &hex[20..]
        )
    }

    /// Returns an OSS request id: 24 upper-case hex digits.
    pub(crate) fn oss_request_id(&self) -> String {
        hex_upper(&self.bytes(12))
    }

    fn bytes(&self, count: usize) -> Vec<u8> {
        let mut out = Vec::with_capacity(count.next_multiple_of(32));
        while out.len() < count {
            let block = self.drawn.fetch_add(1, Ordering::Relaxed);
            let digest = Sha256::new()
                .chain_update(self.seed)
                .chain_update(block.to_be_bytes())
                .finalize();
            out.extend_from_slice(&digest);
        }
        out.truncate(count);
        out
    }
}

pub(crate) fn hex_lower(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789abcdef")
}

pub(crate) fn hex_upper(bytes: &[u8]) -> String {
    hex(bytes, b"0123456789ABCDEF")
}

fn hex(bytes: &[u8], digits: &[u8; 16]) -> String {
    bytes
        .iter()
        .flat_map(|byte| [byte >> 4, byte & 15])
        .map(|nibble| char::from(digits[usize::from(nibble)]))
        .collect()
}
