//! Percent-encoding by RFC 3986: the form that every scheme signs and that goes on the URL.

use crate::chunk::{self, Chunk, Words};
use crate::text::Text;
use std::borrow::Cow;

/// What was met while encoding.
#[derive(Clone, Copy)]
pub(crate) struct Met(u8);

impl Met {
    /// Nothing was percent-encoded.
    pub(crate) fn nothing(self) -> bool {
        self.0 & ENCODED == 0
    }

    /// A carriage return, line feed or NUL was met.
    pub(crate) fn line_break(self) -> bool {
        self.0 & LINE_BREAK != 0
    }
}

/// How many bytes a byte becomes, in the lowest bits of the last byte of its entry in [`Table`], and what it is.
const LENGTH: u8 = 0x07;
const ENCODED: u8 = 0x40;
const LINE_BREAK: u8 = 0x80;

/// What each byte becomes, in the first of `N` bytes; the last has its length and class.
type Table<const N: usize> = [[u8; N]; 256];

/// Every byte percent-encoded once, and with `/` kept, and percent-encoded twice.
const ONCE: Table<4> = table(*b"%", false);
const PATH: Table<4> = table(*b"%", true);
const TWICE: Table<8> = table(*b"%25", false);

const fn table<const N: usize, const LEAD: usize>(lead: [u8; LEAD], keeps_slash: bool) -> Table<N> {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut table = [[0; N]; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let entry = &mut table[i];
        if b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'_' | b'.' | b'~')
            || (keeps_slash && b == b'/')
        {
            entry[0] = b;
            entry[N - 1] = 1;
        } else {
            let (head, tail) = entry.split_at_mut(LEAD);
            head.copy_from_slice(&lead);
            tail[0] = HEX[i >> 4];
            tail[1] = HEX[i & 15];
            let line_break = if matches!(b, b'\r' | b'\n' | 0) {
                LINE_BREAK
            } else {
                0
            };
            entry[N - 1] = (LEAD + 2) as u8 | ENCODED | line_break;
        }
        i += 1;
    }
    table
}

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
    let mut to = To::new(out, text.len());
    let met = to.encode(text);
    let written = to.written();
    out.advance(written);
    met
}

/// Appends `path` percent-encoded, with `/` kept.
pub(crate) fn encode_path(out: &mut Text, path: &str) -> Met {
    let mut to = To::new(out, path.len());
    let met = encode_to::<true>(&mut to, &PATH, path);
    let written = to.written();
    out.advance(written);
    met
}

/// Where encoded text goes.
pub(crate) trait Encoder {
    /// Appends `text` percent-encoded.
    fn encode(&mut self, text: &str) -> Met;

    /// Appends a character between encoded texts.
    fn mark(&mut self, mark: u8);
}

/// One room, in which a byte becomes `LONGEST` bytes at most.
pub(crate) struct To<'t, const LONGEST: usize> {
    room: &'t mut [u8],
    at: usize,
}

impl<'t, const LONGEST: usize> To<'t, LONGEST> {
    /// Makes room behind `text` for `len` bytes encoded, marks included.
    pub(crate) fn new(text: &'t mut Text, len: usize) -> Self {
        Self {
            room: text.spare(LONGEST * len + SLACK),
            at: 0,
        }
    }

    /// How many bytes count.
    pub(crate) fn written(&self) -> usize {
        self.at
    }

    /// The room from here on, more than what will count of it.
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> &mut [u8; N] {
        match self.room[self.at..].first_chunk_mut() {
            Some(next) => next,
            None => unreachable!("there is slack behind the longest encoding"),
        }
    }
}

impl Encoder for To<'_, 3> {
    #[inline(always)]
    fn encode(&mut self, text: &str) -> Met {
        encode_to::<false>(self, &ONCE, text)
    }

    #[inline(always)]
    fn mark(&mut self, mark: u8) {
        *self.next() = [mark];
        self.at += 1;
    }
}

/// Two rooms: what is percent-encoded once in the first, twice in the second.
pub(crate) struct Both<'t>(pub(crate) To<'t, 3>, pub(crate) To<'t, 5>);

impl Encoder for Both<'_> {
    #[inline(always)]
    fn encode(&mut self, text: &str) -> Met {
        encode_to::<false>(self, &ONCE, text)
    }

    #[inline(always)]
    fn mark(&mut self, mark: u8) {
        self.0.mark(mark);
        *self.1.next() = ONCE[usize::from(mark)];
        self.1.at += 3;
    }
}

/// How far may be written past the end of the text.
const SLACK: usize = WINDOW;

/// More than sixteen bytes can become, so that one check of bounds does for all of them.
const WINDOW: usize = 128 + 8;

/// How a sink takes pieces of sixteen bytes at most.
trait Sink {
    /// Appends a whole chunk as it is.
    fn chunk(&mut self, chunk: &Chunk);

    /// Appends a text of `len` bytes as it is.
    fn words(&mut self, words: Words, len: usize);

    /// Appends bytes one by one, each as its entry says, without a branch; returns what was met.
    fn bytes(&mut self, bytes: &[u8], table: &Table<4>) -> u8;
}

impl Sink for To<'_, 3> {
    #[inline(always)]
    fn chunk(&mut self, chunk: &Chunk) {
        *self.next() = *chunk;
        self.at += chunk::LEN;
    }

    #[inline(always)]
    fn words(&mut self, words: Words, len: usize) {
        *self.next() = words.to_bytes();
        self.at += len;
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8], table: &Table<4>) -> u8 {
        let (met, written) = write_entries(bytes, table, self.next());
        self.at += written;
        met
    }
}

impl Sink for Both<'_> {
    #[inline(always)]
    fn chunk(&mut self, chunk: &Chunk) {
        self.0.chunk(chunk);
        *self.1.next() = *chunk;
        self.1.at += chunk::LEN;
    }

    #[inline(always)]
    fn words(&mut self, words: Words, len: usize) {
        self.0.words(words, len);
        *self.1.next() = words.to_bytes();
        self.1.at += len;
    }

    #[inline(always)]
    fn bytes(&mut self, bytes: &[u8], table: &Table<4>) -> u8 {
        let (_, written) = write_entries(bytes, &TWICE, self.1.next());
        self.1.at += written;
        self.0.bytes(bytes, table)
    }
}

/// Writes the entries of sixteen bytes at most; returns what was met and how many bytes count.
#[inline(always)]
fn write_entries<const N: usize>(
    bytes: &[u8],
    table: &Table<N>,
    window: &mut [u8; WINDOW],
) -> (u8, usize) {
    let (mut met, mut at) = (0, 0);
    for &byte in bytes {
        let entry = &table[usize::from(byte)];
        // Sixteen times five is less than 128: the mask is for the compiler, which then checks no bounds.
        let at_most = at & 127;
        window[at_most..at_most + N].copy_from_slice(entry);
        met |= entry[N - 1];
        at += usize::from(entry[N - 1] & LENGTH);
    }
    (met, at)
}

/// Copies plain text by the chunk; a chunk that is not plain goes byte by byte.
#[inline(always)]
fn encode_to<const SLASH: bool>(sink: &mut impl Sink, table: &Table<4>, text: &str) -> Met {
    let mut met = 0;
    let (chunks, rest) = text.as_bytes().as_chunks();
    for chunk in chunks {
        if chunk::is_plain::<SLASH>(chunk) {
            sink.chunk(chunk);
        } else {
            met |= sink.bytes(chunk, table);
        }
    }
    let words = Words::read(rest);
    if words.is_plain::<SLASH>(rest.len()) {
        sink.words(words, rest.len());
    } else {
        met |= sink.bytes(rest, table);
    }
    Met(met)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_is_encoded_or_kept_alike_at_any_place() {
        for c in (0..=0x7F).map(char::from).chain(['é', '视', '😀']) {
            for before in 0..=17 {
                let text = format!("{}{c}z", "a".repeat(before));
                let encoded: String = c
                    .encode_utf8(&mut [0; 4])
                    .bytes()
                    .map(|b| format!("%{b:02X}"))
                    .collect();
                let expected = if c.is_ascii_alphanumeric() || "-_.~".contains(c) {
                    c.to_string()
                } else {
                    encoded
                };
                let expected = format!("{}{expected}z", "a".repeat(before));
                assert_eq!(percent_encode(&text), expected);
                let (mut once, mut twice) = (Text::default(), Text::default());
                let mut both = Both(
                    To::new(&mut once, text.len() + 1),
                    To::new(&mut twice, text.len() + 1),
                );
                both.encode(&text);
                both.mark(b'=');
                let written = (both.0.written(), both.1.written());
                once.advance(written.0);
                twice.advance(written.1);
                assert_eq!(once.as_str(), format!("{expected}="));
                assert_eq!(twice.as_str(), percent_encode(once.as_str()));
                let path = expected.replace("%2F", "/");
                assert_eq!(percent_encode_path(&text), path);
            }
        }
    }
}
