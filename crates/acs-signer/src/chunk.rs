//! Eight or sixteen bytes of a text at a time.
//!
//! A whole chunk is classed with a handful of vector instructions, which the compiler makes of the loops here. Less than
//! a chunk is read as words and classed in registers: reading it back from where it was written would stall.

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

/// Whether there is a byte below a space: line breaks are, and hardly anything else that is sent.
#[inline(always)]
pub(crate) fn has_control(text: &[u8]) -> bool {
    /// The highest bit of some byte is set if, and only if, one is below a space.
    #[inline(always)]
    fn below_space(word: u64) -> u64 {
        word.wrapping_sub(all(b' ')) & !word & HIGHEST
    }
    match text.last_chunk() {
        Some(last) => {
            let (words, _) = text.as_chunks();
            let words = words
                .iter()
                .chain([last])
                .map(|word| u64::from_le_bytes(*word));
            words.fold(0, |flags, word| flags | below_space(word)) != 0
        }
        // Zeros stand behind the text: take them for spaces.
        None => below_space(Words::read(text).low | (all(b' ') << (8 * text.len()))) != 0,
    }
}

/// A text of less than sixteen bytes in two little-endian words; zeros stand behind it.
#[derive(Clone, Copy)]
pub(crate) struct Words {
    low: u64,
    high: u64,
}

impl Words {
    /// Reads a text of less than sixteen bytes as two halves that overlap.
    #[inline(always)]
    pub(crate) fn read(text: &[u8]) -> Self {
        let len = text.len();
        let halves = |first: u64, last: u64, size: usize| Self {
            low: first | (last << (8 * (len - size))),
            high: 0,
        };
        if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            let last = u64::from_le_bytes(*last);
            Self {
                low: u64::from_le_bytes(*first),
                // In two steps: a shift by 64 is none.
                high: last >> 8 >> (8 * (LEN - 1 - len)),
            }
        } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            halves(
                u32::from_le_bytes(*first).into(),
                u32::from_le_bytes(*last).into(),
                4,
            )
        } else if let (Some(first), Some(last)) = (text.first_chunk(), text.last_chunk()) {
            halves(
                u16::from_le_bytes(*first).into(),
                u16::from_le_bytes(*last).into(),
                2,
            )
        } else {
            halves(text.first().copied().map_or(0, u64::from), 0, len)
        }
    }

    /// All sixteen bytes.
    #[inline(always)]
    pub(crate) fn to_bytes(self) -> Chunk {
        let mut bytes = [0; LEN];
        let (low, high) = bytes.split_at_mut(8);
        low.copy_from_slice(&self.low.to_le_bytes());
        high.copy_from_slice(&self.high.to_le_bytes());
        bytes
    }

    /// The first eight bytes as a number that compares like them.
    #[inline(always)]
    pub(crate) fn prefix(self) -> u64 {
        self.low.swap_bytes()
    }

    /// Whether none of the text's `len` bytes is percent-encoded.
    #[inline(always)]
    pub(crate) fn is_plain<const PATH: bool>(self, len: usize) -> bool {
        !self.has(len, reserved_bytes::<PATH>)
    }

    /// Whether `flags` are set for one of the first `len` bytes.
    #[inline(always)]
    fn has(self, len: usize, flags: impl Fn(u64) -> u64) -> bool {
        let first = |count: usize| !(u64::MAX << (8 * count));
        if len < 8 {
            flags(self.low) & first(len) != 0
        } else {
            flags(self.low) | (flags(self.high) & first(len - 8)) != 0
        }
    }
}

const HIGHEST: u64 = all(0x80);

/// The same byte eight times.
const fn all(byte: u8) -> u64 {
    u64::from_ne_bytes([byte; 8])
}

/// Sets the highest bit of each byte that is not `byte`; that bit must be clear in `low`, so that nothing carries.
#[inline(always)]
fn is_not(low: u64, byte: u8) -> u64 {
    (low ^ all(byte)) + all(0x7F)
}

/// The highest bit of each byte that is percent-encoded.
#[inline(always)]
fn reserved_bytes<const PATH: bool>(word: u64) -> u64 {
    // Without its highest bit, adding less than 0x80 to a byte never carries into the next.
    let low = word & !HIGHEST;
    // The highest bit is set where a byte is one of `count` from `first` on: past the first, but not past the last.
    let is_in_range = |low: u64, first: u8, count: u8| {
        (low + all(0x80 - first)) ^ (low + all(0x80 - first - count))
    };
    let letter = is_in_range(low | all(0x20), b'a', 26);
    // `-`, `.`, `/` and the digits follow each other.
    let digit_or_mark = is_in_range(low, b'-', 13) & if PATH { HIGHEST } else { is_not(low, b'/') };
    let reserved = !(letter | digit_or_mark) & is_not(low, b'_') & is_not(low, b'~');
    (reserved | word) & HIGHEST
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_short_text_is_read_whole_and_zeros_stand_behind_it() {
        let text = b"0123456789abcdef";
        for len in 0..LEN {
            let written = Words::read(&text[..len]).to_bytes();
            assert_eq!(&written[..len], &text[..len]);
            assert!(written[len..].iter().all(|&b| b == 0));
        }
    }

    #[test]
    fn every_byte_is_classed_as_the_table_has_it() {
        for byte in 0..=u8::MAX {
            for at in 0..LEN - 1 {
                let mut chunk = [b'Z'; LEN];
                chunk[at] = byte;
                let short = &chunk[..=at];
                let words = Words::read(short);
                let plain =
                    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~');
                assert_eq!(is_plain::<false>(&chunk), plain, "byte {byte}");
                assert_eq!(
                    words.is_plain::<false>(short.len()),
                    plain,
                    "byte {byte} at {at}"
                );
                let plain = plain || byte == b'/';
                assert_eq!(is_plain::<true>(&chunk), plain, "byte {byte} of a path");
                assert_eq!(
                    words.is_plain::<true>(short.len()),
                    plain,
                    "byte {byte} of a path at {at}"
                );
                assert_eq!(has_control(&chunk), byte < b' ', "byte {byte}");
                assert_eq!(has_control(short), byte < b' ', "byte {byte} at {at}");
            }
        }
    }
}
