//! Sixteen bytes of a text at a time.
//!
//! A whole chunk is classed with a handful of vector instructions, which the compiler makes of the loops here. A shorter
//! text is taken as two halves that overlap: no byte is read that is not there, and none is handled by itself.

use std::cmp::Ordering;

/// Sixteen bytes.
pub(crate) type Chunk = [u8; LEN];

pub(crate) const LEN: usize = 16;

/// Whether no byte of a chunk is percent-encoded. With `PATH`, `/` is not.
#[inline(always)]
pub(crate) fn is_plain<const PATH: bool>(chunk: &Chunk) -> bool {
    chunk.iter().fold(true, |plain, &byte| {
        let is_letter = (byte | 0x20).wrapping_sub(b'a') < 26;
        // `-`, `.`, `/` and the digits follow each other.
        let is_digit_or_mark = (byte.wrapping_sub(b'-') < 13) & (PATH | (byte != b'/'));
        plain & (is_letter | is_digit_or_mark | (byte == b'_') | (byte == b'~'))
    })
}

/// A text shorter than a chunk, with plain bytes behind it.
#[inline(always)]
pub(crate) fn padded(text: &[u8]) -> Chunk {
    const PLAIN: u64 = all(b'A');
    let [low, high] = if let Some(Halves { first, last, len }) = Halves::<8>::of(text) {
        let [first, last] = [first, last].map(u64::from_le_bytes);
        // By eight bytes, which are too many to shift by, if the halves are the same.
        let rest = (last >> (8 * (15 - len))) >> 8;
        [first, rest | (PLAIN << (8 * (len - 8)))]
    } else if let Some(Halves { first, last, len }) = Halves::<4>::of(text) {
        let [first, last] = [first, last].map(|half| u64::from(u32::from_le_bytes(half)));
        let text = first | (last << (8 * (len - 4)));
        [text | (PLAIN << (8 * len)), PLAIN]
    } else {
        let byte = |at: usize| u64::from(text.get(at).copied().unwrap_or(b'A')) << (8 * at);
        [byte(0) | byte(1) | byte(2) | (PLAIN << 24), PLAIN]
    };
    (u128::from(low) | (u128::from(high) << 64)).to_le_bytes()
}

/// Whether a chunk has a byte below a space: line breaks are, and hardly anything else that is sent.
#[inline(always)]
pub(crate) fn is_control(chunk: &Chunk) -> bool {
    chunk.iter().fold(false, |is, &byte| is | (byte < b' '))
}

/// A chunk in lower case.
#[inline(always)]
pub(crate) fn lowercase(chunk: &Chunk) -> Chunk {
    let mut lower = [0; LEN];
    let (words, _) = chunk.as_chunks();
    let (lowers, _) = lower.as_chunks_mut();
    for (lower, word) in lowers.iter_mut().zip(words) {
        *lower = lowercase_word(u64::from_le_bytes(*word)).to_le_bytes();
    }
    lower
}

/// Whether there is a byte below a space.
#[inline(always)]
pub(crate) fn has_control(text: &[u8]) -> bool {
    if let Some(last) = text.last_chunk() {
        let (chunks, _) = text.as_chunks();
        chunks
            .iter()
            .fold(is_control(last), |is, chunk| is | is_control(chunk))
    } else if let Some(halves) = Halves::<8>::of(text) {
        halves.are_control()
    } else if let Some(halves) = Halves::<4>::of(text) {
        halves.are_control()
    } else {
        text.iter().any(|&byte| byte < b' ')
    }
}

/// A text of `N` to twice `N` bytes: its first `N` and its last `N`, which overlap if it is shorter.
#[derive(Clone, Copy)]
pub(crate) struct Halves<const N: usize> {
    first: [u8; N],
    last: [u8; N],
    len: usize,
}

impl<const N: usize> Halves<N> {
    /// The halves of a text shorter than two of them; `None` if it is shorter than one.
    #[inline(always)]
    pub(crate) fn of(text: &[u8]) -> Option<Self> {
        Some(Self {
            first: *text.first_chunk()?,
            last: *text.last_chunk()?,
            len: text.len(),
        })
    }

    /// The halves of a text; `None` if it is shorter than one or longer than two.
    #[inline(always)]
    pub(crate) fn of_short(text: &[u8]) -> Option<Self> {
        Self::of(text).filter(|halves| halves.len <= 2 * N)
    }

    #[inline(always)]
    pub(crate) fn len(self) -> usize {
        self.len
    }

    /// Writes the text.
    #[inline(always)]
    pub(crate) fn put(self, to: &mut Chunk) {
        let last = self.len - N;
        to[..N].copy_from_slice(&self.first);
        to[last..last + N].copy_from_slice(&self.last);
    }
}

impl Halves<8> {
    /// Whether it is plain to see that no byte is percent-encoded.
    #[inline(always)]
    pub(crate) fn are_plain<const PATH: bool>(self) -> bool {
        let [first, last] = self.words();
        unusual_bytes::<PATH>(first) | unusual_bytes::<PATH>(last) == 0
    }

    /// Whether there is a byte below a space.
    #[inline(always)]
    pub(crate) fn are_control(self) -> bool {
        let [first, last] = self.words();
        below_space(first) | below_space(last) != 0
    }

    /// The same in lower case.
    #[inline(always)]
    pub(crate) fn lowercase(self) -> Self {
        let [first, last] = self.words().map(|word| lowercase_word(word).to_le_bytes());
        Self {
            first,
            last,
            len: self.len,
        }
    }

    #[inline(always)]
    fn words(self) -> [u64; 2] {
        [self.first, self.last].map(u64::from_le_bytes)
    }
}

impl Halves<4> {
    /// Whether it is plain to see that no byte is percent-encoded.
    #[inline(always)]
    pub(crate) fn are_plain<const PATH: bool>(self) -> bool {
        unusual_bytes::<PATH>(self.word()) == 0
    }

    /// Whether there is a byte below a space.
    #[inline(always)]
    pub(crate) fn are_control(self) -> bool {
        below_space(self.word()) != 0
    }

    /// The same in lower case.
    #[inline(always)]
    pub(crate) fn lowercase(self) -> Self {
        let word = lowercase_word(self.word());
        Self {
            first: (word as u32).to_le_bytes(),
            last: ((word >> 32) as u32).to_le_bytes(),
            len: self.len,
        }
    }

    #[inline(always)]
    fn word(self) -> u64 {
        let [first, last] = [self.first, self.last].map(u32::from_le_bytes);
        u64::from(first) | (u64::from(last) << 32)
    }
}

/// The first eight bytes as a number that compares like them; zeros stand behind a shorter text.
#[inline(always)]
pub(crate) fn prefix(text: &[u8]) -> u64 {
    if let Some(first) = text.first_chunk() {
        u64::from_be_bytes(*first)
    } else if let Some(Halves { first, last, len }) = Halves::<4>::of(text) {
        let high = |half| u64::from(u32::from_be_bytes(half)) << 32;
        high(first) | (high(last) >> (8 * (len - 4)))
    } else {
        let byte = |at| u64::from(text.get(at).copied().unwrap_or_default());
        (byte(0) << 56) | (byte(1) << 48) | (byte(2) << 40)
    }
}

/// Compares the first eight bytes of two texts in lower case; `None` if one is shorter.
#[inline(always)]
pub(crate) fn compare_lowercase(a: &[u8], b: &[u8]) -> Option<Ordering> {
    let word = |text: &[u8]| Some(lowercase_word(u64::from_be_bytes(*text.first_chunk()?)));
    Some(word(a)?.cmp(&word(b)?))
}

/// ASCII letters in lower case.
#[inline(always)]
fn lowercase_word(word: u64) -> u64 {
    let is_upper = is_in_range(word & !HIGHEST, b'A', 26) & !word & HIGHEST;
    word | (is_upper >> 2)
}

/// The highest bit of some byte is set if, and only if, one is below a space.
#[inline(always)]
fn below_space(word: u64) -> u64 {
    word.wrapping_sub(all(b' ')) & !word & HIGHEST
}

const HIGHEST: u64 = all(0x80);

/// The same byte eight times.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Sets the highest bit of each byte that is one of `count` from `first` on: past the first, but not past the last.
#[inline(always)]
fn is_in_range(low: u64, first: u8, count: u8) -> u64 {
    // Without its highest bit, adding less than 0x80 to a byte never carries into the next.
    (low + all(0x80 - first)) ^ (low + all(0x80 - first - count))
}

/// The highest bit of each byte that is percent-encoded, or that is `_` or `~`: short texts hardly have these, and not to
/// tell them apart saves a quarter.
#[inline(always)]
fn unusual_bytes<const PATH: bool>(word: u64) -> u64 {
    let low = word & !HIGHEST;
    let letter = is_in_range(low | all(0x20), b'a', 26);
    // `-`, `.`, `/` and the digits follow each other.
    let digit_or_mark = is_in_range(low, b'-', 13);
    let is_slash = if PATH {
        0
    } else {
        !((low ^ all(b'/')) + all(0x7F))
    };
    (!(letter | digit_or_mark) | is_slash | word) & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_the_whole_text() {
        let text = b"0123456789abcdef";
        for len in 0..=LEN {
            let text = &text[..len];
            let mut written = [0; LEN];
            if let Some(halves) = Halves::<8>::of(text) {
                halves.put(&mut written);
                assert_eq!(&written[..len], text);
            }
            if len <= 8
                && let Some(halves) = Halves::<4>::of(text)
            {
                halves.put(&mut written);
                assert_eq!(&written[..len], text);
            }
        }
    }

    #[test]
    fn a_padded_text_is_the_text_with_plain_bytes_behind_it() {
        let text = b"0123456789abcde";
        for len in 0..LEN {
            let mut expected = [b'A'; LEN];
            expected[..len].copy_from_slice(&text[..len]);
            assert_eq!(padded(&text[..len]), expected);
        }
    }

    #[test]
    fn a_prefix_compares_like_the_text() {
        let texts: [&[u8]; 12] = [
            b"",
            b"a",
            b"aa",
            b"ab",
            b"aba",
            b"abaa",
            b"abab",
            b"ababa",
            b"abababa",
            b"abababab",
            b"b",
            b"\xFF",
        ];
        for pair in texts.windows(2) {
            assert!(prefix(pair[0]) < prefix(pair[1]), "{pair:?}");
        }
    }

    #[test]
    fn every_byte_is_classed_alike_at_any_place() {
        for byte in 0..=u8::MAX {
            for at in 0..LEN {
                let mut chunk = [b'Z'; LEN];
                chunk[at] = byte;
                let plain =
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
                assert_eq!(is_plain::<false>(&chunk), plain, "byte {byte}");
                let plain = plain || byte == b'/';
                assert_eq!(is_plain::<true>(&chunk), plain, "byte {byte} of a path");
                for len in at + 1..=LEN {
                    let has = has_control(&chunk[..len]);
                    assert_eq!(has, byte < b' ', "byte {byte} at {at} of {len}");
                }
            }
        }
    }
}
