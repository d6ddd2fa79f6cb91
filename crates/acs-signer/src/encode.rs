//! Percent-encoding by RFC 3986: the form that every scheme signs and that goes on the URL.

use crate::text::Text;
use std::borrow::Cow;

/// What was met while encoding.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Met(u8);

impl Met {
    pub(crate) const NOTHING: Self = Self(0);

    /// A carriage return, line feed or NUL was met.
    pub(crate) fn line_break(self) -> bool {
        self.0 & LINE_BREAK != 0
    }
}

const ENCODED: u8 = 1;
const LINE_BREAK: u8 = 2;

/// 0 for bytes that stay, `ENCODED` for those that become `%XX`, with `LINE_BREAK` for CR, LF and NUL.
pub(crate) const CLASS: [u8; 256] = {
    let mut class = [ENCODED; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'~') {
            class[i] = 0;
        } else if matches!(b, b'\r' | b'\n' | 0) {
            class[i] = ENCODED | LINE_BREAK;
        }
        i += 1;
    }
    class
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";

/// Percent-encodes a name or a value: `A-Z a-z 0-9 - _ . ~` stay, every other byte becomes `%XX` in upper case.
///
/// ```
/// assert_eq!(acs_signer::percent_encode("a b/*~"), "a%20b%2F%2A~");
/// ```
pub fn percent_encode(text: &str) -> String {
    let mut out = Text::default();
    encode(&mut out, text);
    out.as_str().to_owned()
}

/// Percent-encodes an object key or a path: like [`percent_encode`], but `/` stays.
pub fn percent_encode_path(path: &str) -> String {
    let mut out = Text::default();
    encode_path(&mut out, path);
    out.as_str().to_owned()
}

/// Undoes percent-encoding; `+` is a space when `plus` is set, as in queries and forms.
///
/// `None` if a `%` is not followed by two hexadecimal digits, or if the bytes are no UTF-8.
pub(crate) fn decode(text: &str, plus: bool) -> Option<Cow<'_, str>> {
    if !text.bytes().any(|b| b == b'%' || (plus && b == b'+')) {
        return Some(Cow::Borrowed(text));
    }
    let mut out = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(b) = bytes.next() {
        out.push(match b {
            b'%' => (nibble(bytes.next()?)? << 4) | nibble(bytes.next()?)?,
            b'+' if plus => b' ',
            b => b,
        });
    }
    String::from_utf8(out).ok().map(Cow::Owned)
}

pub(crate) fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => Some(digit - b'0'),
        b'a'..=b'f' => Some(digit - b'a' + 10),
        b'A'..=b'F' => Some(digit - b'A' + 10),
        _ => None,
    }
}

/// Appends `text` percent-encoded.
pub(crate) fn encode(out: &mut Text, text: &str) -> Met {
    encode_keeping(out, text, b'-')
}

/// Appends `path` percent-encoded, with `/` kept.
pub(crate) fn encode_path(out: &mut Text, path: &str) -> Met {
    encode_keeping(out, path, b'/')
}

fn encode_keeping(out: &mut Text, text: &str, keep: u8) -> Met {
    let room = out.spare(3 * text.len());
    let mut met = 0;
    let mut at = 0;
    for b in text.bytes() {
        let class = CLASS[usize::from(b)];
        if class == 0 || b == keep {
            room[at] = b;
            at += 1;
        } else {
            met |= class;
            room[at..at + 3].copy_from_slice(&escape(b));
            at += 3;
        }
    }
    out.advance(at);
    Met(met)
}

pub(crate) fn escape(b: u8) -> [u8; 3] {
    [b'%', HEX[usize::from(b >> 4)], HEX[usize::from(b & 15)]]
}
