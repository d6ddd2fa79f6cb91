//! Whether a text keeps to a pattern without alternatives.

use crate::model::Piece;

/// Says whether the whole text is a run of the pieces. Takes time in proportion to the text for each piece, whatever both
/// are.
pub(super) fn matches(pieces: &[Piece], text: &str) -> bool {
    // Engines that count in UTF-16 take these for two.
    if text.chars().any(|c| u32::from(c) > 0xffff) {
        return true;
    }
    let text: Vec<char> = text.chars().collect();
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for piece in pieces {
        ends = after(piece, &text, &ends);
    }
    ends[text.len()]
}

/// Where a piece can end, that begins where the one before it can end.
fn after(piece: &Piece, text: &[char], starts: &[bool]) -> Vec<bool> {
    // Each start opens a range of ends, counted in at its first and out after its last.
    let mut changes = vec![0_i64; text.len() + 2];
    let mut run_end = text.len();
    for start in (0..=text.len()).rev() {
        if text.get(start).is_some_and(|c| !piece.takes(*c)) {
            run_end = start;
        }
        let first = start.saturating_add(piece.min);
        let last = start.saturating_add(piece.max).min(run_end);
        if starts[start] && first <= last {
            changes[first] += 1;
            changes[last + 1] -= 1;
        }
    }
    let mut open = 0;
    let counted = changes.iter().take(text.len() + 1);
    counted
        .map(|change| {
            open += change;
            open > 0
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOWER: Piece = Piece::new(&[('a', 'z')], 1, 3);
    const DASH: Piece = Piece::new(&[('-', '-')], 1, 1);
    const NO_SLASH: Piece = Piece::new(&[('/', '/')], 0, usize::MAX).negated();

    #[test]
    fn a_whole_text_must_be_made_of_the_pieces() {
        for (pieces, text, expected) in [
            (&[LOWER, DASH, NO_SLASH][..], "ab-", true),
            (&[LOWER, DASH, NO_SLASH], "ab-X y", true),
            (&[LOWER, DASH, NO_SLASH], "ab-X/y", false),
            (&[LOWER, DASH, NO_SLASH], "abcd-", false),
            (&[LOWER, DASH, NO_SLASH], "-", false),
            // Pieces that overlap: the first may leave something to the second.
            (&[LOWER, LOWER], "ab", true),
            (&[LOWER, LOWER], "a", false),
            (&[LOWER, LOWER], "abcdef", true),
            (&[LOWER, LOWER], "abcdefg", false),
            (&[NO_SLASH, DASH], "a-b--", true),
            (&[], "", true),
            (&[], "a", false),
            // Two units of UTF-16 or one character: nobody knows how the service counts.
            (&[DASH], "\u{1f600}", true),
        ] {
            assert_eq!(matches(pieces, text), expected, "{text}");
        }
    }

    #[test]
    fn no_text_takes_long() {
        let any = Piece::new(&[('a', 'a')], 0, usize::MAX);
        let text = "a".repeat(100_000) + "b";
        assert!(!matches(&[any; 20], &text));
    }
}
