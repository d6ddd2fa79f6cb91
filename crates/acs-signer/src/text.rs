//! The growing text that a stage is written into.

use crate::chunk::{self, Words};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroize as _;

/// Bytes that keep their room between signatures.
///
/// Everything written is UTF-8: whole `&str` values, or ASCII of our own making. The room is kept initialised, so that
/// short pieces are stored as fixed-size chunks that may run past the end into slack.
#[derive(Default)]
pub(crate) struct Text {
    room: Vec<u8>,
    len: usize,
}

/// A part of a [`Text`].
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    start: usize,
    end: usize,
}

/// A part of a [`Text`] as a `str`.
#[derive(Clone, Copy)]
pub(crate) struct Part<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> Part<'t> {
    /// A smaller part.
    #[inline]
    pub(crate) fn get(self, span: Span) -> &'t str {
        self.text
            .get(span.start - self.start..span.end - self.start)
            .unwrap_or_default()
    }
}

impl Span {
    /// This part and the one right behind it.
    pub(crate) fn followed_by(self, next: Self) -> Self {
        Self {
            start: self.start,
            end: next.end,
        }
    }
}

impl Text {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }

    pub(crate) fn truncate(&mut self, len: usize) {
        self.len = self.len.min(len);
    }

    pub(crate) fn len(&self) -> usize {
        self.len
    }

    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }

    pub(crate) fn bytes(&self, span: Span) -> &[u8] {
        &self.room[span.start..span.end]
    }

    pub(crate) fn as_str(&self) -> &str {
        self.str(self.since(0))
    }

    pub(crate) fn str(&self, span: Span) -> &str {
        // Spans begin and end where whole `&str` values or ASCII do, so this is always UTF-8.
        std::str::from_utf8(self.bytes(span)).unwrap_or_default()
    }

    /// A part of which smaller parts are wanted.
    pub(crate) fn part(&self, span: Span) -> Part<'_> {
        Part {
            text: self.str(span),
            start: span.start,
        }
    }

    /// What was written since the text was `start` bytes long.
    pub(crate) fn since(&self, start: usize) -> Span {
        Span {
            start,
            end: self.len,
        }
    }

    /// Makes sure that `more` bytes can be written without growing.
    #[inline(always)]
    pub(crate) fn reserve(&mut self, more: usize) {
        if self.room.len() - self.len < more {
            self.grow(more);
        }
    }

    /// The room after the text, at least `more` bytes; what is written there counts after [`advance`](Self::advance).
    #[inline(always)]
    pub(crate) fn spare(&mut self, more: usize) -> &mut [u8] {
        self.reserve(more);
        &mut self.room[self.len..]
    }

    #[inline]
    pub(crate) fn advance(&mut self, written: usize) {
        self.len += written;
    }

    /// Appends bytes whose number the compiler knows.
    #[inline(always)]
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.spare(bytes.len())[..bytes.len()].copy_from_slice(bytes);
        self.len += bytes.len();
    }

    /// Appends a text: a short one as chunks of fixed size, which cost less than a copy of any length.
    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        self.push_bytes(text.as_bytes());
    }

    #[inline]
    pub(crate) fn push_bytes(&mut self, text: &[u8]) {
        let room = self.spare(text.len() + chunk::LEN);
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            if text.len() <= 2 * chunk::LEN {
                put::<{ chunk::LEN }>(room, 0, first);
                put::<{ chunk::LEN }>(room, text.len() - chunk::LEN, last);
            } else {
                room[..text.len()].copy_from_slice(text);
            }
        } else {
            put(room, 0, &Words::read(text).to_bytes());
        }
        self.len += text.len();
    }

    /// Appends the lower-case form of `name`.
    #[inline]
    pub(crate) fn push_lowercase(&mut self, name: &str) {
        let at = self.len;
        self.push_str(name);
        self.room[at..self.len].make_ascii_lowercase();
    }

    /// Appends lower-case hexadecimal digits.
    #[inline]
    pub(crate) fn push_hex<const N: usize>(&mut self, bytes: &[u8; N]) {
        write_hex(bytes, &mut self.spare(2 * N)[..2 * N]);
        self.len += 2 * N;
    }

    /// Appends the base64 form of a SHA-1 output.
    #[inline]
    pub(crate) fn push_base64(&mut self, bytes: &[u8; 20]) {
        const LEN: usize = 28;
        let out = &mut self.spare(LEN)[..LEN];
        // 20 bytes are always 28 characters, so this cannot fail.
        let written = STANDARD.encode_slice(bytes, out).unwrap_or_default();
        self.advance(written);
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let room = (self.len + more).max(2 * self.room.len()).max(512);
        self.room.resize(room, 0);
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // A security token may be in here.
        self.room.zeroize();
    }
}

#[inline(always)]
fn put<const N: usize>(room: &mut [u8], at: usize, bytes: &[u8; N]) {
    room[at..at + N].copy_from_slice(bytes);
}

/// Writes lower-case hexadecimal digits, two for each byte.
#[inline]
pub(crate) fn write_hex<const N: usize>(bytes: &[u8; N], out: &mut [u8]) {
    let digit = |nibble: u8| nibble + b'0' + (u8::from(nibble > 9) * (b'a' - b'0' - 10));
    for (pair, &byte) in out.chunks_exact_mut(2).zip(bytes) {
        pair[0] = digit(byte >> 4);
        pair[1] = digit(byte & 15);
    }
}
