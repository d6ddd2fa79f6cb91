//! The growing text that a stage is written into.

use crate::chunk::{self, Halves};
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

/// A text put together from `str` values, which need not be checked again. It keeps its room between signatures.
#[derive(Default)]
pub(crate) struct Checked(String);

impl Checked {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    #[inline]
    pub(crate) fn push_str(&mut self, text: &str) {
        if self.0.capacity() - self.0.len() < text.len() {
            self.grow(text.len());
        }
        self.0.push_str(text);
    }

    #[inline]
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let mut text =
            String::with_capacity((self.0.len() + more).max(2 * self.0.capacity()).max(512));
        text.push_str(&self.0);
        // What is left behind may have a security token.
        self.0.zeroize();
        self.0 = text;
    }
}

impl Drop for Checked {
    fn drop(&mut self) {
        self.0.zeroize();
    }
}

/// A part of a [`Text`].
#[derive(Clone, Copy, Default)]
pub(crate) struct Span {
    pub(crate) start: usize,
    pub(crate) end: usize,
}

/// A part of a [`Text`] as a `str`.
#[derive(Clone, Copy)]
pub(crate) struct Part<'t> {
    text: &'t str,
    start: usize,
}

impl<'t> Part<'t> {
    /// This part.
    pub(crate) fn all(self) -> &'t str {
        self.text
    }

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

    /// All of it, of which parts are wanted.
    pub(crate) fn whole(&self) -> Part<'_> {
        self.part(self.since(0))
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

    /// The room after the text, at least `more` bytes; what is written there does not count yet.
    #[inline(always)]
    fn spare(&mut self, more: usize) -> &mut [u8] {
        self.reserve(more);
        &mut self.room[self.len..]
    }

    /// A pen at the end of the text that may write `more` bytes; they count after [`set_len`](Self::set_len).
    #[inline(always)]
    pub(crate) fn pen(&mut self, more: usize) -> Pen<'_> {
        self.reserve(more + SLACK);
        Pen {
            room: &mut self.room,
            at: self.len,
        }
    }

    #[inline]
    pub(crate) fn set_len(&mut self, len: usize) {
        self.len = len.min(self.room.len());
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
        let mut pen = self.pen(text.len());
        pen.copy(text);
        let len = pen.len();
        self.set_len(len);
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
        self.push_str(Base64::of(bytes).as_str());
    }

    #[cold]
    fn grow(&mut self, more: usize) {
        let mut room = vec![0; (self.len + more).max(2 * self.room.len()).max(512)];
        room[..self.len].copy_from_slice(self.as_bytes());
        // What is left behind may have a security token.
        self.room.zeroize();
        self.room = room;
    }
}

impl Drop for Text {
    fn drop(&mut self) {
        // A security token may be in here.
        self.room.zeroize();
    }
}

/// How far a pen may write past the end of what counts.
pub(crate) const SLACK: usize = 128;

/// Writes into room that is there, so that nothing has to be asked on the way.
pub(crate) struct Pen<'t> {
    room: &'t mut [u8],
    at: usize,
}

impl Pen<'_> {
    /// How long the text is now.
    #[inline(always)]
    pub(crate) fn len(&self) -> usize {
        self.at
    }

    #[inline(always)]
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.room[..self.at]
    }

    /// The room from here on, [`SLACK`] more than what will count of it; what is written there counts after
    /// [`advance`](Self::advance).
    #[inline(always)]
    pub(crate) fn next<const N: usize>(&mut self) -> &mut [u8; N] {
        match self.room[self.at..].first_chunk_mut() {
            Some(next) => next,
            None => unreachable!("there is slack behind what was asked for"),
        }
    }

    /// Goes back over what is written again.
    #[inline(always)]
    pub(crate) fn back(&mut self, bytes: usize) {
        self.at -= bytes;
    }

    #[inline(always)]
    pub(crate) fn advance(&mut self, written: usize) {
        self.at += written;
    }

    /// Appends bytes whose number the compiler knows.
    #[inline(always)]
    pub(crate) fn put<const N: usize>(&mut self, bytes: &[u8; N]) {
        *self.next() = *bytes;
        self.at += N;
    }

    /// Appends the first `len` of bytes whose number the compiler knows.
    #[inline(always)]
    pub(crate) fn put_some<const N: usize>(&mut self, bytes: &[u8; N], len: usize) {
        *self.next() = *bytes;
        self.at += len;
    }

    /// Appends a short text.
    #[inline(always)]
    pub(crate) fn halves<const N: usize>(&mut self, halves: Halves<N>) {
        halves.put(self.next());
        self.at += halves.len();
    }

    /// Appends a text.
    #[inline(always)]
    pub(crate) fn copy(&mut self, text: &[u8]) {
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            let end = self.at + text.len();
            self.put::<{ chunk::LEN }>(first);
            if text.len() > 2 * chunk::LEN {
                let (chunks, _) = text[chunk::LEN..].as_chunks();
                for chunk in chunks {
                    self.put::<{ chunk::LEN }>(chunk);
                }
            }
            self.at = end - chunk::LEN;
            self.put::<{ chunk::LEN }>(last);
        } else if let Some(halves) = Halves::<8>::of(text) {
            self.halves(halves);
        } else if let Some(halves) = Halves::<4>::of(text) {
            self.halves(halves);
        } else {
            for byte in text {
                self.put(&[*byte]);
            }
        }
    }

    /// Appends the lower-case form of a text.
    #[inline(always)]
    pub(crate) fn lowercase(&mut self, text: &[u8]) {
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            let end = self.at + text.len();
            *self.next() = chunk::lowercase(first);
            if text.len() > 2 * chunk::LEN {
                self.copy(text);
                self.room[end - text.len()..end].make_ascii_lowercase();
            }
            self.at = end - chunk::LEN;
            *self.next() = chunk::lowercase(last);
            self.at = end;
        } else if let Some(halves) = Halves::<8>::of(text) {
            self.halves(halves.lowercase());
        } else if let Some(halves) = Halves::<4>::of(text) {
            self.halves(halves.lowercase());
        } else {
            for byte in text {
                self.put(&[byte.to_ascii_lowercase()]);
            }
        }
    }
}

/// The lower-case hexadecimal digits of a SHA-256 output.
pub(crate) struct Hex([u8; Self::LEN]);

impl Hex {
    pub(crate) const LEN: usize = 64;

    #[inline(always)]
    pub(crate) fn of(bytes: &[u8; 32]) -> Self {
        let mut digits = [0; Self::LEN];
        write_hex(bytes, &mut digits);
        Self(digits)
    }

    #[inline(always)]
    pub(crate) fn as_str(&self) -> &str {
        // Digits are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

/// The base64 form of a SHA-1 output.
pub(crate) struct Base64([u8; 28]);

impl Base64 {
    #[inline(always)]
    pub(crate) fn of(bytes: &[u8; 20]) -> Self {
        let mut text = [0; 28];
        // 20 bytes are always 28 characters, so this cannot fail.
        let _ = STANDARD.encode_slice(bytes, &mut text);
        Self(text)
    }

    #[inline(always)]
    pub(crate) fn as_str(&self) -> &str {
        // Base64 is ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
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
