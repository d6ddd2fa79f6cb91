//! Percent-encoding by RFC 3986: the form that every scheme signs and that goes on the URL.

use crate::chunk::{self, Chunk, Halves};
use crate::text::{Pen, SLACK, Text};
use std::borrow::Cow;

/// What each byte becomes: itself or three bytes, little-endian.
type Table = [u32; 256];

/// The highest bit of an entry: shifted down, it counts the bytes that are percent-encoded.
const ENCODED: u32 = 1 << 31;

/// Every byte percent-encoded, and with `/` kept.
const ONCE: &Table = &table(false);
const PATH: &Table = &table(true);

/// What each byte becomes percent-encoded twice, at most five bytes.
const TWICE: &[u64; 256] = &twice(ONCE);

const fn table(keeps_slash: bool) -> Table {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut table = [0; 256];
    let mut i = 0;
    while i < 256 {
        let b = i as u8;
        let is_kept = b.is_ascii_alphanumeric()
            || matches!(b, b'-' | b'_' | b'.' | b'~')
            || (keeps_slash && b == b'/');
        table[i] = if is_kept {
            b as u32
        } else {
            ENCODED | u32::from_le_bytes([b'%', HEX[i >> 4], HEX[i & 15], 0])
        };
        i += 1;
    }
    table
}

const fn twice(once: &Table) -> [u64; 256] {
    let mut twice = [0; 256];
    let mut i = 0;
    while i < 256 {
        let [first, tens, ones, _] = once[i].to_le_bytes();
        let bytes = if once[i] & ENCODED == 0 {
            [first, 0, 0, 0, 0, 0, 0, 0]
        } else {
            [b'%', b'2', b'5', tens, ones, 0, 0, 0]
        };
        twice[i] = u64::from_le_bytes(bytes);
        i += 1;
    }
    twice
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
pub(crate) fn encode(out: &mut Text, text: &str) {
    let mut pen = out.pen(ONCE_LONGEST * text.len());
    pen.encode(text);
    let len = pen.len();
    out.set_len(len);
}

/// Appends `path` percent-encoded, with `/` kept; returns how many bytes were.
pub(crate) fn encode_path(out: &mut Text, path: &str) -> usize {
    let mut pen = out.pen(ONCE_LONGEST * path.len());
    let encoded = encode_to::<true>(&mut pen, PATH, path);
    let len = pen.len();
    out.set_len(len);
    encoded
}

/// How many bytes a byte becomes at most, percent-encoded once and twice.
pub(crate) const ONCE_LONGEST: usize = 3;
pub(crate) const TWICE_LONGEST: usize = 5;

/// Where encoded text goes.
pub(crate) trait Encoder {
    /// Appends `text` percent-encoded; returns how many bytes were.
    fn encode(&mut self, text: &str) -> usize;
}

impl Encoder for Pen<'_> {
    #[inline(always)]
    fn encode(&mut self, text: &str) -> usize {
        encode_to::<false>(self, ONCE, text)
    }
}

/// Two texts: what is percent-encoded once in the first, twice in the second.
pub(crate) struct Both<'t>(pub(crate) Pen<'t>, pub(crate) Pen<'t>);

impl Encoder for Both<'_> {
    #[inline(always)]
    fn encode(&mut self, text: &str) -> usize {
        encode_to::<false>(self, ONCE, text)
    }
}

/// How a sink takes pieces of text.
trait Sink {
    /// Appends a chunk as it is.
    fn plain(&mut self, chunk: &Chunk);

    /// Appends the last `len` bytes of a chunk as they are, behind the rest of it.
    fn plain_end(&mut self, chunk: &Chunk, len: usize);

    /// Appends a short text as it is.
    fn halves<const N: usize>(&mut self, halves: Halves<N>);

    /// Appends the first `len` bytes of a chunk, each as its entry says; returns how many were percent-encoded.
    fn bytes(&mut self, chunk: &Chunk, len: usize, table: &Table) -> usize;
}

impl Sink for Pen<'_> {
    #[inline(always)]
    fn plain(&mut self, chunk: &Chunk) {
        self.put(chunk);
    }

    #[inline(always)]
    fn plain_end(&mut self, chunk: &Chunk, len: usize) {
        self.back(chunk::LEN - len);
        self.put(chunk);
    }

    #[inline(always)]
    fn halves<const N: usize>(&mut self, halves: Halves<N>) {
        Pen::halves(self, halves);
    }

    #[inline(always)]
    fn bytes(&mut self, chunk: &Chunk, len: usize, table: &Table) -> usize {
        let encoded = write_bytes(self.next(), chunk, len, table);
        self.advance(len + (ONCE_LONGEST - 1) * encoded);
        encoded
    }
}

impl Sink for Both<'_> {
    #[inline(always)]
    fn plain(&mut self, chunk: &Chunk) {
        self.0.plain(chunk);
        self.1.plain(chunk);
    }

    #[inline(always)]
    fn plain_end(&mut self, chunk: &Chunk, len: usize) {
        self.0.plain_end(chunk, len);
        self.1.plain_end(chunk, len);
    }

    #[inline(always)]
    fn halves<const N: usize>(&mut self, halves: Halves<N>) {
        self.0.halves(halves);
        self.1.halves(halves);
    }

    #[inline(always)]
    fn bytes(&mut self, chunk: &Chunk, len: usize, _: &Table) -> usize {
        let encoded = write_bytes_twice(self.0.next(), self.1.next(), chunk, len);
        self.0.advance(len + (ONCE_LONGEST - 1) * encoded);
        self.1.advance(len + (TWICE_LONGEST - 1) * encoded);
        encoded
    }
}

/// Writes what each byte of a chunk becomes, without a branch: where it goes follows from how many were encoded before.
/// No more than three bytes behind the first `len` are written, too; they must be plain.
#[inline(always)]
fn write_bytes(room: &mut [u8; SLACK], chunk: &Chunk, len: usize, table: &Table) -> usize {
    by_fours(
        len,
        #[inline(always)]
        |first, mut encoded| {
            for i in first..first + 4 {
                let entry = table[usize::from(chunk[i])];
                let at = i + (ONCE_LONGEST - 1) * encoded;
                room[at..at + 4].copy_from_slice(&entry.to_le_bytes());
                encoded += is_encoded(entry);
            }
            encoded
        },
    )
}

/// The same with a second text beside it, in which it is percent-encoded once more.
#[inline(never)]
#[expect(
    clippy::needless_range_loop,
    reason = "so that the compiler sees that `i` stays in the room"
)]
fn write_bytes_twice(
    once: &mut [u8; SLACK],
    twice: &mut [u8; SLACK],
    chunk: &Chunk,
    len: usize,
) -> usize {
    by_fours(
        len,
        #[inline(always)]
        |first, mut encoded| {
            for i in first..first + 4 {
                let byte = usize::from(chunk[i]);
                let entry = ONCE[byte];
                let at = i + (ONCE_LONGEST - 1) * encoded;
                once[at..at + 4].copy_from_slice(&entry.to_le_bytes());
                let at = i + (TWICE_LONGEST - 1) * encoded;
                twice[at..at + 8].copy_from_slice(&TWICE[byte].to_le_bytes());
                encoded += is_encoded(entry);
            }
            encoded
        },
    )
}

/// Calls `four` for the first of each four bytes up to `len`, sixteen at most, and with what it has returned before. The
/// compiler sees how far each call can write, so that no bound has to be checked.
#[inline(always)]
fn by_fours(len: usize, mut four: impl FnMut(usize, usize) -> usize) -> usize {
    let mut encoded = four(0, 0);
    if len > 4 {
        encoded = four(4, encoded);
        if len > 8 {
            encoded = four(8, encoded);
            if len > 12 {
                encoded = four(12, encoded);
            }
        }
    }
    encoded
}

/// 1 for an entry that is percent-encoded, 0 for another.
#[inline(always)]
fn is_encoded(entry: u32) -> usize {
    (entry >> ENCODED.trailing_zeros()) as usize
}

/// Copies plain text by the chunk; what is not plain goes byte by byte. Returns how many bytes were percent-encoded.
#[inline(always)]
fn encode_to<const SLASH: bool>(sink: &mut impl Sink, table: &Table, text: &str) -> usize {
    let text = text.as_bytes();
    let (chunks, rest) = text.as_chunks();
    let mut encoded = 0;
    for chunk in chunks {
        if chunk::is_plain::<SLASH>(chunk) {
            sink.plain(chunk);
        } else {
            encoded += sink.bytes(chunk, chunk::LEN, table);
        }
    }
    if rest.is_empty() {
        return encoded;
    }
    if let Some(last) = text.last_chunk() {
        // Where something was encoded, looking at the end costs what it saves.
        if encoded == 0 && chunk::is_plain::<SLASH>(last) {
            // What it has of the chunk before stands there already.
            sink.plain_end(last, rest.len());
            return encoded;
        }
    } else if let Some(halves) = Halves::<8>::of(text) {
        if halves.are_plain::<SLASH>() {
            sink.halves(halves);
            return encoded;
        }
    } else if let Some(halves) = Halves::<4>::of(text)
        && halves.are_plain::<SLASH>()
    {
        sink.halves(halves);
        return encoded;
    }
    encoded + sink.bytes(&chunk::padded(rest), rest.len(), table)
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
                    once.pen(ONCE_LONGEST * text.len()),
                    twice.pen(TWICE_LONGEST * text.len()),
                );
                both.encode(&text);
                let len = (both.0.len(), both.1.len());
                once.set_len(len.0);
                twice.set_len(len.1);
                assert_eq!(once.as_str(), expected);
                assert_eq!(twice.as_str(), percent_encode(once.as_str()));
                let path = expected.replace("%2F", "/");
                assert_eq!(percent_encode_path(&text), path);
            }
        }
    }
}
