//! Queries and forms: names and values, decoded.

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

/// Everything but the unreserved characters of RFC 3986.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

/// Decoded names and values in the order in which they came.
#[derive(Clone, Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    /// Reads `a=b&c=d`; `None` if a name or value is not UTF-8 behind its percent signs.
    pub(crate) fn parse(raw: &str) -> Option<Self> {
        let pairs = raw.split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Some((decode(name)?, decode(value)?))
        });
        pairs.collect::<Option<_>>().map(Self)
    }

    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.iter().any(|(have, _)| have == name)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(have, _)| have == name);
        found.map(|(_, value)| value.as_str())
    }

    /// Adds the pairs of `other`; on a clash of names, `other`'s value wins.
    pub(crate) fn merge(&mut self, other: Self) {
        self.0.retain(|(name, _)| !other.has(name));
        self.0.extend(other.0);
    }
}

/// Decodes percent signs, and `+` to a blank as the gateways do.
fn decode(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let decoded = percent_decode_str(&text).decode_utf8().ok()?;
    Some(decoded.into_owned())
}

/// Encodes all but the unreserved characters.
pub(crate) fn encode(text: &str) -> String {
    utf8_percent_encode(text, RESERVED).to_string()
}
