//! Keys of CDN URL signing and VOD event callbacks, which go into an MD5.

use crate::check;
use crate::error::Error;
use hmac::digest::CtOutput;
use md5::{Digest as _, Md5};
use std::fmt;
use zeroize::Zeroizing;

/// The private key of a CDN or VOD domain's URL signing, or of VOD event callbacks. Zeroized on drop, redacted in
/// `Debug`.
pub struct PrivateKey(Zeroizing<Box<str>>);

impl PrivateKey {
    /// Makes a key of its text, as the console shows it.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`](crate::ErrorKind::Empty) or [`ErrorKind::ControlCharacter`](crate::ErrorKind::ControlCharacter).
    pub fn new(key: &str) -> Result<Self, Error> {
        check::value("private key", key)?;
        Ok(Self(Zeroizing::new(key.into())))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(..)")
    }
}

/// The MD5 of a text that has the key in it.
pub(crate) fn md5(text: &str) -> [u8; 16] {
    Md5::digest(text).into()
}

/// Which of `keys` makes `claimed`, in constant time: every key is tried. The text of each is wiped after use.
pub(crate) fn matching_key(
    keys: &[&PrivateKey],
    claimed: [u8; 16],
    text: impl Fn(&PrivateKey) -> String,
) -> Option<usize> {
    let claimed = CtOutput::<Md5>::new(claimed.into());
    let mut matching = None;
    for (index, key) in keys.iter().enumerate() {
        let text = Zeroizing::new(text(key));
        if CtOutput::new(md5(&text).into()) == claimed {
            matching = matching.or(Some(index));
        }
    }
    matching
}
