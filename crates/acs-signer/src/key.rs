//! The credential in the form that signing needs: HMAC states, made once.

use crate::check;
use crate::error::Error;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha256;
use std::fmt;
use std::sync::LazyLock;
use zeroize::Zeroizing;

pub(crate) type HmacSha1 = Hmac<Sha1>;
pub(crate) type HmacSha256 = Hmac<Sha256>;

/// An AccessKey, made ready to sign with every scheme.
///
/// Make it once for each credential and share it behind an `Arc`: it keeps the keyed HMAC state of each scheme, so that
/// no call hashes the secret again. The secret itself is not kept. The states are zeroized on drop, and `Debug` shows
/// the AccessKey ID only.
pub struct SigningKey {
    access_key_id: Box<str>,
    /// ACS3: the plain secret.
    pub(crate) sha256: HmacSha256,
    /// OSS V4: `aliyun_v4` before the secret, the head of the key derivation.
    pub(crate) sha256_v4: HmacSha256,
    /// ROA V1 and OSS V1: the plain secret.
    pub(crate) sha1: HmacSha1,
    /// RPC V1: the secret with `&` behind it.
    pub(crate) sha1_rpc: HmacSha1,
}

impl SigningKey {
    /// Makes a key of an AccessKey pair, long-lived or from STS; the security token goes with each request.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`](crate::ErrorKind::Empty) or [`ErrorKind::ControlCharacter`](crate::ErrorKind::ControlCharacter)
    /// for either part.
    pub fn new(access_key_id: &str, access_key_secret: &str) -> Result<Self, Error> {
        check::value("access key id", access_key_id)?;
        check::value("access key secret", access_key_secret)?;
        Ok(Self::of(access_key_id, access_key_secret))
    }

    /// The AccessKey ID, which is not secret.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    fn of(access_key_id: &str, secret: &str) -> Self {
        let joined = |before: &str, after: &str| Zeroizing::new([before, secret, after].concat());
        Self {
            access_key_id: access_key_id.into(),
            sha256: keyed_sha256(secret.as_bytes()),
            sha256_v4: keyed_sha256(joined("aliyun_v4", "").as_bytes()),
            sha1: keyed_sha1(secret.as_bytes()),
            sha1_rpc: keyed_sha1(joined("", "&").as_bytes()),
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
pub(crate) fn keyed_sha256(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[expect(
    clippy::expect_used,
    reason = "HMAC takes a key of any length (RFC 2104)"
)]
fn keyed_sha1(key: &[u8]) -> HmacSha1 {
    HmacSha1::new_from_slice(key).expect("HMAC takes a key of any length")
}

#[inline]
pub(crate) fn mac_sha256(key: &HmacSha256, text: &[u8]) -> [u8; 32] {
    let mut mac = key.clone();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

#[inline]
pub(crate) fn mac_sha1(key: &HmacSha1, text: &[u8]) -> [u8; 20] {
    let mut mac = key.clone();
    mac.update(text);
    mac.finalize().into_bytes().into()
}

/// Whether `claimed` is the MAC of `text`, in constant time.
pub(crate) fn verify_sha256(key: &HmacSha256, text: &[u8], claimed: &[u8; 32]) -> bool {
    let mut mac = key.clone();
    mac.update(text);
    mac.verify(claimed.into()).is_ok()
}

/// Whether `claimed` is the MAC of `text`, in constant time.
pub(crate) fn verify_sha1(key: &HmacSha1, text: &[u8], claimed: &[u8; 20]) -> bool {
    let mut mac = key.clone();
    mac.update(text);
    mac.verify(claimed.into()).is_ok()
}

/// The key to compute a claim with, and whether it is the claimed one. Without a key there is one all the same, so that
/// an unknown AccessKey takes the path of a wrong signature.
pub(crate) fn known_or_decoy<'k>(
    key: Option<&'k SigningKey>,
    access_key_id: &str,
) -> (&'k SigningKey, bool) {
    static DECOY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::of("", "decoy"));
    // The decoy's secret is known to everybody: it is nobody's key, not even that of an empty id.
    let known = key.is_some_and(|key| key.access_key_id() == access_key_id);
    (key.unwrap_or(&DECOY), known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_decoy_is_nobodys_key() {
        for id in ["", "decoy", "LTAI5t"] {
            let (_, known) = known_or_decoy(None, id);
            assert!(!known, "an unknown key passes for {id:?}");
        }
    }
}
