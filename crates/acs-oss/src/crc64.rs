//! CRC-64 as OSS computes it: ECMA-182, reflected, all ones before and after (the catalogues' CRC-64/XZ).

use std::fmt;

/// The polynomial x^64 + x^62 + ... + 1 of ECMA-182, reflected: bit 63 is x^0.
const POLYNOMIAL: u64 = 0xc96c_5795_d787_0f42;
const ONE: u64 = 1 << 63;

/// A CRC-64 that grows with the bytes it is given: the value of OSS's header `x-oss-hash-crc64ecma`.
///
/// ```
/// let mut crc = acs_oss::Crc64::new();
/// crc.update(b"1234");
/// crc.update(b"56789");
/// assert_eq!(crc.value(), 0x995d_c9bb_df19_39fa);
/// ```
#[derive(Clone, Default)]
pub struct Crc64(crc64fast::Digest);

impl Crc64 {
    /// Starts with no bytes.
    pub fn new() -> Self {
        Self::default()
    }

    /// Computes the CRC of bytes that are all at hand.
    pub fn of(bytes: &[u8]) -> u64 {
        let mut crc = Self::new();
        crc.update(bytes);
        crc.value()
    }

    /// Computes the CRC of two stretches of bytes, one behind the other, from the CRC of each and the
    /// length of the second in bytes.
    ///
    /// ```
    /// use acs_oss::Crc64;
    /// let whole = Crc64::combine(Crc64::of(b"first,"), Crc64::of(b"second"), 6);
    /// assert_eq!(whole, Crc64::of(b"first,second"));
    /// ```
    pub fn combine(first: u64, second: u64, second_length: u64) -> u64 {
        // To append bytes is to multiply by x^8 for each; what was put in before and after cancels out.
        multiply(first, x8_to_the(second_length)) ^ second
    }

    /// Takes more bytes in.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    /// Returns the CRC of the bytes so far.
    pub fn value(&self) -> u64 {
        self.0.sum64()
    }
}

impl fmt::Debug for Crc64 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Crc64").field(&self.value()).finish()
    }
}

/// x^(8 * exponent) modulo the polynomial, by squaring.
fn x8_to_the(mut exponent: u64) -> u64 {
    let mut power = ONE;
    let mut square = ONE >> 8;
    while exponent != 0 {
        if exponent & 1 == 1 {
            power = multiply(power, square);
        }
        square = multiply(square, square);
        exponent >>= 1;
    }
    power
}

/// The product of two reflected polynomials over GF(2), modulo the polynomial.
fn multiply(left: u64, mut right: u64) -> u64 {
    let mut product = 0;
    let mut term = ONE;
    while term != 0 {
        if left & term != 0 {
            product ^= right;
        }
        let carry = if right & 1 == 1 { POLYNOMIAL } else { 0 };
        right = (right >> 1) ^ carry;
        term >>= 1;
    }
    product
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_check_value_of_the_catalogues_is_met() {
        assert_eq!(Crc64::of(b"123456789"), 0x995d_c9bb_df19_39fa);
        assert_eq!(Crc64::of(b""), 0);
    }

    #[test]
    fn lengths_beyond_32_bits_are_combined() {
        // Two steps over a stretch of zero bytes must be as one step over both.
        let first = Crc64::of(b"first");
        let long = 5 << 30;
        let zeros = |length| Crc64::combine(first, 0, length);
        assert_eq!(Crc64::combine(zeros(long), 0, long), zeros(2 * long));
    }

    proptest! {
        #[test]
        fn parts_combine_to_the_whole(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..5_000), 0..8)) {
            let combined = parts.iter().fold(0, |crc, part| Crc64::combine(crc, Crc64::of(part), part.len() as u64));
            prop_assert_eq!(combined, Crc64::of(&parts.concat()));
        }
    }
}
