//! CRC-64/XZ of joined parts, from the parts' own checksums.

/// The polynomial of CRC-64/XZ (ECMA-182), reflected.
const POLYNOMIAL: u64 = 0xC96C_5795_D787_0F42;

/// A linear map over 64-bit vectors: column `i` is the image of bit `i`.
type Matrix = [u64; 64];

/// Returns the CRC-64/XZ of `a` followed by `b`, given both checksums and `b`'s length in bytes.
///
/// Appending zero bits multiplies the checksum by a power of x; squaring that map doubles the
/// number of bits, so the cost grows with the logarithm of the length.
pub(crate) fn combine(crc_a: u64, crc_b: u64, length_b: u64) -> u64 {
    let mut one_bit: Matrix = [0; 64];
    one_bit[0] = POLYNOMIAL;
    for (i, column) in one_bit.iter_mut().enumerate().skip(1) {
        *column = 1 << (i - 1);
    }
    let mut zeros = square(&square(&square(&one_bit)));
    let mut crc = crc_a;
    let mut left = length_b;
    while left > 0 {
        if left & 1 == 1 {
            crc = apply(&zeros, crc);
        }
        zeros = square(&zeros);
        left >>= 1;
    }
    crc ^ crc_b
}

fn apply(matrix: &Matrix, vector: u64) -> u64 {
    matrix
        .iter()
        .enumerate()
        .filter(|(i, _)| vector >> i & 1 == 1)
        .fold(0, |sum, (_, column)| sum ^ column)
}

fn square(matrix: &Matrix) -> Matrix {
    matrix.map(|column| apply(matrix, column))
}

#[cfg(test)]
mod tests {
    use super::combine;

    fn crc(bytes: &[u8]) -> u64 {
        let mut digest = crc64fast::Digest::new();
        digest.write(bytes);
        digest.sum64()
    }

    #[test]
    fn joined_checksums_equal_the_checksum_of_the_joined_bytes() {
        // The check value of CRC-64/XZ in the CRC catalogue.
        assert_eq!(crc(b"123456789"), 0x995d_c9bb_df19_39fa);
        for split in 0..=9 {
            let (a, b) = b"123456789".split_at(split);
            assert_eq!(
                combine(crc(a), crc(b), b.len() as u64),
                0x995d_c9bb_df19_39fa
            );
        }
        let long: Vec<u8> = (0..100_003_u32).map(|i| (i * 7 % 251) as u8).collect();
        let (a, b) = long.split_at(12_345);
        assert_eq!(combine(crc(a), crc(b), b.len() as u64), crc(&long));
    }
}
