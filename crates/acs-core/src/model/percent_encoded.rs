use std::borrow::Cow;
use std::fmt;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::{FieldValue, Slot, Text, View};

/// All but RFC 3986's unreserved characters, so `/` too, and a blank as `%20`.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// A name that the wire wants percent-encoded, inside JSON too: the key of an object. It holds the plain name.
///
/// ```
/// use acs_core::model::{PercentEncoded, Text};
///
/// let key = PercentEncoded::from("raw/课程 1.mp4");
/// assert_eq!(key.text(), "raw%2F%E8%AF%BE%E7%A8%8B%201.mp4");
/// ```
#[derive(Clone, Debug, Default, Eq, Hash, PartialEq)]
pub struct PercentEncoded(pub String);

impl From<&str> for PercentEncoded {
    /// Takes the plain name.
    fn from(name: &str) -> Self {
        Self(name.to_owned())
    }
}

impl From<String> for PercentEncoded {
    /// Takes the plain name.
    fn from(name: String) -> Self {
        Self(name)
    }
}

impl fmt::Display for PercentEncoded {
    /// Shows the plain name.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Text for PercentEncoded {
    fn text(&self) -> Cow<'_, str> {
        utf8_percent_encode(&self.0, RESERVED).into()
    }

    fn set_text(&mut self, text: &str) -> bool {
        let plain = percent_decode_str(text).decode_utf8();
        plain.map(|plain| self.0 = plain.into_owned()).is_ok()
    }
}

impl FieldValue for PercentEncoded {
    fn view(&self) -> View<'_> {
        View::Text(self.text())
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Text(self)
    }

    fn clear(&mut self) {
        self.0.clear();
    }
}
