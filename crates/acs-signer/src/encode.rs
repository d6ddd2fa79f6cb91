//! Percent-encoding by RFC 3986: the form that every scheme signs and that goes on the URL.

use crate::chunk::{self, Chunk, Halves};
use crate::text::{Pen, SLACK, Text};
use std::borrow::Cow;

/// What was met while encoding.
#[derive(Clone, Copy)]
pub(crate) struct Met(u64);

impl Met {
    pub(crate) const NOTHING: Self = Self(0);

    /// Nothing was percent-encoded.
    pub(crate) fn nothing(self) -> bool {
        self.0 & ENCODED == 0
    }

    /// A carriage return, line feed or NUL was met.
    pub(crate) fn line_break(self) -> bool {
        self.0 & LINE_BREAK != 0
    }
}

/// What each byte becomes: at most five bytes, little-endian, below what it is and, in the highest bits, how many.
type Table = [u64; 256];

const ENCODED: u64 = 1 << 40;
const LINE_BREAK: u64 = 1 << 41;
const LENGTH: u32 = 61;

/// Every byte percent-encoded once, and with `/` kept, and percent-encoded twice.
const ONCE: &Table = &table(b"%", false);
const PATH: &Table = &table(b"%", true);
const TWICE: &Table = &table(b"%25", false);

const fn table(lead: &[u8], keeps_slash: bool) -> Table {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let is_kept = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'_' | b'.' | b'~')
            || (keeps_slash && b == b'/');
        table[i] = if is_kept {
            (1 << LENGTH) | b as u64
        } else {
            let mut bytes = [0; 8];
            let (head, tail) = bytes.split_at_mut(lead.len());
            head.copy_from_slice(lead);
            tail[0] = HEX[i >> 4];
            tail[1] = HEX[i & 15];
            let line_break = if matches!(b, b'\r' | b'\n' | 0) {
                LINE_BREAK
            } else {
                0
            };
            ((lead.len() as u64 + 2) << LENGTH) | line_break | ENCODED | u64::from_le_bytes(bytes)
        };
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
    let mut pen = out.pen(ONCE_LONGEST * text.len());
    let met = pen.encode(text);
    let len = pen.len();
    out.set_len(len);
    met
}

/// Appends `path` percent-encoded, with `/` kept.
pub(crate) fn encode_path(out: &mut Text, path: &str) -> Met {
    let mut pen = out.pen(ONCE_LONGEST * path.len());
    let met = encode_to::<true>(&mut pen, PATH, path);
    let len = pen.len();
    out.set_len(len);
    met
}

/// Where encoded text goes.
pub(crate) trait Encoder {
    /// Appends `text` percent-encoded.
    fn encode(&mut self, text: &str) -> Met;

    /// Appends a text of which no byte would be encoded.
    fn plain(&mut self, text: &str);

    /// Appends a character between encoded texts.
    fn mark(&mut self, mark: u8);

    /// The text that is signed, as far as it is written.
    fn signed(&self) -> &[u8];
}

impl Encoder for Pen<'_> {
    #[inline(always)]
    fn plain(&mut self, text: &str) {
        self.copy(text.as_bytes());
    }

    #[inline(always)]
    fn encode(&mut self, text: &str) -> Met {
        encode_to::<false>(self, ONCE, text)
    }

    #[inline(always)]
    fn mark(&mut self, mark: u8) {
        self.put(&[mark]);
    }

    #[inline(always)]
    fn signed(&self) -> &[u8] {
        self.as_bytes()
    }
}

/// How many bytes a byte becomes at most, percent-encoded once and twice.
pub(crate) const ONCE_LONGEST: usize = 3;
pub(crate) const TWICE_LONGEST: usize = 5;

/// Two texts: what is percent-encoded once in the first, twice in the second.
pub(crate) struct Both<'t>(pub(crate) Pen<'t>, pub(crate) Pen<'t>);

impl Encoder for Both<'_> {
    #[inline(always)]
    fn plain(&mut self, text: &str) {
        self.0.copy(text.as_bytes());
        self.1.copy(text.as_bytes());
    }

    #[inline(always)]
    fn encode(&mut self, text: &str) -> Met {
        encode_to::<false>(self, ONCE, text)
    }

    #[inline(always)]
    fn mark(&mut self, mark: u8) {
        self.0.mark(mark);
        entries(&mut self.1, &[mark], ONCE);
    }

    #[inline(always)]
    fn signed(&self) -> &[u8] {
        self.1.as_bytes()
    }
}

/// How a sink takes pieces of text.
trait Sink {
    /// Appends a whole chunk as it is.
    fn chunk(&mut self, chunk: &Chunk);

    /// Appends the last `len` bytes of a chunk as they are, behind the rest of it.
    fn chunk_end(&mut self, chunk: &Chunk, len: usize);

    /// Appends a short text as it is.
    fn halves<const N: usize>(&mut self, halves: Halves<N>);

    /// Appends bytes one by one, each as its entry says, without a branch; returns what was met.
    fn bytes<const N: usize>(&mut self, bytes: &[u8; N], table: &Table) -> u64;
}

impl Sink for Pen<'_> {
    #[inline(always)]
    fn chunk(&mut self, chunk: &Chunk) {
        self.put(chunk);
    }

    #[inline(always)]
    fn chunk_end(&mut self, chunk: &Chunk, len: usize) {
        self.back(chunk::LEN - len);
        self.put(chunk);
    }

    #[inline(always)]
    fn halves<const N: usize>(&mut self, halves: Halves<N>) {
        Pen::halves(self, halves);
    }

    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: &[u8; N], table: &Table) -> u64 {
        entries(self, bytes, table)
    }
}

impl Sink for Both<'_> {
    #[inline(always)]
    fn chunk(&mut self, chunk: &Chunk) {
        self.0.put(chunk);
        self.1.put(chunk);
    }

    #[inline(always)]
    fn chunk_end(&mut self, chunk: &Chunk, len: usize) {
        self.0.chunk_end(chunk, len);
        self.1.chunk_end(chunk, len);
    }

    #[inline(always)]
    fn halves<const N: usize>(&mut self, halves: Halves<N>) {
        self.0.halves(halves);
        self.1.halves(halves);
    }

    #[inline(always)]
    fn bytes<const N: usize>(&mut self, bytes: &[u8; N], table: &Table) -> u64 {
        entries(&mut self.1, bytes, TWICE);
        entries(&mut self.0, bytes, table)
    }
}

/// Appends the entries of sixteen bytes at most; returns what was met.
#[inline(always)]
fn entries<const N: usize>(pen: &mut Pen<'_>, bytes: &[u8; N], table: &Table) -> u64 {
    // An entry is eight bytes, of which less count: one check of bounds does for all.
    let window: &mut [u8; SLACK] = pen.next();
    let (mut met, mut at) = (0, 0);
    for &byte in bytes {
        let entry = table[usize::from(byte)];
        window[at..at + 8].copy_from_slice(&entry.to_le_bytes());
        met |= entry;
        at += (entry >> LENGTH) as usize;
    }
    pen.advance(at);
    met
}

/// Copies plain text by the chunk; what is not plain goes byte by byte.
#[inline(always)]
fn encode_to<const SLASH: bool>(sink: &mut impl Sink, table: &Table, text: &str) -> Met {
    let text = text.as_bytes();
    if text.len() < chunk::LEN {
        if let Some(halves) = Halves::<8>::of(text) {
            if halves.are_plain::<SLASH>() {
                sink.halves(halves);
                return Met::NOTHING;
            }
        } else if let Some(halves) = Halves::<4>::of(text)
            && halves.are_plain::<SLASH>()
        {
            sink.halves(halves);
            return Met::NOTHING;
        }
    }
    let mut met = 0;
    let (chunks, rest) = text.as_chunks();
    for chunk in chunks {
        if chunk::is_plain::<SLASH>(chunk) {
            sink.chunk(chunk);
        } else {
            met |= sink.bytes(chunk, table);
        }
    }
    // A path is hardly ever encoded; in a value, looking at its end costs what it saves.
    if SLASH
        && let Some(last) = text.last_chunk()
        && chunk::is_plain::<SLASH>(last)
    {
        // What it has of the chunk before is plain, so that the same bytes stand there already.
        sink.chunk_end(last, rest.len());
        return Met(met);
    }
    let (fours, rest) = rest.as_chunks::<4>();
    for four in fours {
        met |= sink.bytes(four, table);
    }
    for byte in rest {
        met |= sink.bytes(&[*byte], table);
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
                    once.pen(ONCE_LONGEST * (text.len() + 1)),
                    twice.pen(TWICE_LONGEST * (text.len() + 1)),
                );
                both.encode(&text);
                both.mark(b'=');
                let len = (both.0.len(), both.1.len());
                once.set_len(len.0);
                twice.set_len(len.1);
                assert_eq!(once.as_str(), format!("{expected}="));
                assert_eq!(twice.as_str(), percent_encode(once.as_str()));
                let path = expected.replace("%2F", "/");
                assert_eq!(percent_encode_path(&text), path);
            }
        }
    }
}
