//! Percent-encoding by RFC 3986: the form that every scheme signs and that goes on the URL.

use crate::chunk::{self, Chunk, Words};
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
#[inline]
pub(crate) fn encode(out: &mut Text, text: &str) -> Met {
    let mut once = Once {
        room: out.spare(3 * text.len() + SLACK),
        at: 0,
    };
    let met = encode_to::<false>(&mut once, text.as_bytes());
    let written = once.at;
    out.advance(written);
    met
}

/// Appends `path` percent-encoded, with `/` kept.
pub(crate) fn encode_path(out: &mut Text, path: &str) -> Met {
    let mut once = Once {
        room: out.spare(3 * path.len() + SLACK),
        at: 0,
    };
    let met = encode_to::<true>(&mut once, path.as_bytes());
    let written = once.at;
    out.advance(written);
    met
}

/// Appends `text` percent-encoded to `once`, and percent-encoded twice to `twice`.
#[inline]
pub(crate) fn encode_twice(once: &mut Text, twice: &mut Text, text: &str) -> Met {
    let mut both = Twice {
        once: Once {
            room: once.spare(3 * text.len() + SLACK),
            at: 0,
        },
        twice: Once {
            room: twice.spare(5 * text.len() + SLACK),
            at: 0,
        },
    };
    let met = encode_to::<false>(&mut both, text.as_bytes());
    let written = (both.once.at, both.twice.at);
    once.advance(written.0);
    twice.advance(written.1);
    met
}

/// How far a chunk may be written past the end of the text.
const SLACK: usize = chunk::LEN;

/// Where encoded bytes go.
trait Sink {
    /// Writes sixteen bytes; as many count as [`advance`](Self::advance) says next.
    fn chunk(&mut self, chunk: &Chunk);

    /// Writes up to sixteen bytes, likewise.
    fn words(&mut self, words: Words);

    fn advance(&mut self, len: usize);

    /// Writes a byte, encoded if its class says so.
    fn byte(&mut self, byte: u8, class: u8);
}

struct Once<'t> {
    room: &'t mut [u8],
    at: usize,
}

impl Once<'_> {
    #[inline(always)]
    fn next<const N: usize>(&mut self) -> &mut [u8; N] {
        match self.room[self.at..].first_chunk_mut() {
            Some(next) => next,
            None => unreachable!("there is slack behind the longest encoding"),
        }
    }
}

impl Sink for Once<'_> {
    #[inline(always)]
    fn chunk(&mut self, chunk: &Chunk) {
        *self.next() = *chunk;
    }

    #[inline(always)]
    fn words(&mut self, words: Words) {
        words.write(self.next());
    }

    #[inline(always)]
    fn advance(&mut self, len: usize) {
        self.at += len;
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8, class: u8) {
        *self.next() = ONCE[usize::from(byte)];
        self.at += 1 + 2 * usize::from(class & ENCODED);
    }
}

struct Twice<'t> {
    once: Once<'t>,
    twice: Once<'t>,
}

impl Sink for Twice<'_> {
    #[inline(always)]
    fn chunk(&mut self, chunk: &Chunk) {
        self.once.chunk(chunk);
        self.twice.chunk(chunk);
    }

    #[inline(always)]
    fn words(&mut self, words: Words) {
        self.once.words(words);
        self.twice.words(words);
    }

    #[inline(always)]
    fn advance(&mut self, len: usize) {
        self.once.advance(len);
        self.twice.advance(len);
    }

    #[inline(always)]
    fn byte(&mut self, byte: u8, class: u8) {
        self.once.byte(byte, class);
        *self.twice.next() = TWICE[usize::from(byte)];
        self.twice.at += 1 + 4 * usize::from(class & ENCODED);
    }
}

/// Copies plain text by the chunk; a chunk that is not plain goes byte by byte, but without a branch.
#[inline(always)]
fn encode_to<const PATH: bool>(sink: &mut impl Sink, text: &[u8]) -> Met {
    let mut met = 0;
    let mut bytes = |sink: &mut _, bytes: &[u8]| {
        for &byte in bytes {
            let class = if PATH && byte == b'/' { 0 } else { CLASS[usize::from(byte)] };
            met |= class;
            Sink::byte(sink, byte, class);
        }
    };
    let (chunks, rest) = text.as_chunks();
    for chunk in chunks {
        if chunk::is_plain::<PATH>(chunk) {
            sink.chunk(chunk);
            sink.advance(chunk::LEN);
        } else {
            bytes(sink, chunk);
        }
    }
    let words = Words::read(rest);
    if words.is_plain::<PATH>(rest.len()) {
        sink.words(words);
        sink.advance(rest.len());
    } else {
        bytes(sink, rest);
    }
    Met(met)
}

/// What a byte becomes, with zeros behind it to make four.
const ONCE: [[u8; 4]; 256] = {
    let mut table = [[0; 4]; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match CLASS[i] {
            0 => [i as u8, 0, 0, 0],
            _ => [b'%', HEX[i >> 4], HEX[i & 15], 0],
        };
        i += 1;
    }
    table
};

/// What a byte becomes when it is encoded twice, with zeros behind it to make eight.
const TWICE: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut i = 0;
    while i < 256 {
        table[i] = match CLASS[i] {
            0 => [i as u8, 0, 0, 0, 0, 0, 0, 0],
            _ => [b'%', b'2', b'5', HEX[i >> 4], HEX[i & 15], 0, 0, 0],
        };
        i += 1;
    }
    table
};

const HEX: &[u8; 16] = b"0123456789ABCDEF";
