//! Text of others made fit for one line of ours.

use std::fmt::{self, Write as _};

/// How much of a foreign text an error shows, in characters.
pub(crate) const EXCERPT_CHARS: usize = 512;

/// Writes a text without control characters: a log or a terminal gets one harmless line.
pub(crate) struct Clean<'a>(pub(crate) &'a str);

impl fmt::Display for Clean<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for c in self.0.chars() {
            f.write_char(if is_harmful(c) { ' ' } else { c })?;
        }
        Ok(())
    }
}

/// Returns at most [`EXCERPT_CHARS`] clean characters of bytes that may be anything.
pub(crate) fn excerpt(bytes: &[u8]) -> String {
    // The usual case of a code or an id.
    if bytes.len() <= EXCERPT_CHARS && bytes.iter().all(u8::is_ascii_graphic) {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    // A character has at most four bytes, so no more of them can be shown.
    let head = &bytes[..bytes.len().min(EXCERPT_CHARS * 4)];
    let text = String::from_utf8_lossy(head);
    let mut shown = String::new();
    let mut count = 0;
    for c in text.trim_start_matches('\u{feff}').trim().chars() {
        let c = if is_harmful(c) { ' ' } else { c };
        // A page of markup is mostly blanks.
        if c == ' ' && shown.ends_with(' ') {
            continue;
        }
        if count == EXCERPT_CHARS {
            break;
        }
        shown.push(c);
        count += 1;
    }
    shown
}

/// Returns a document without the byte order mark that some services put in front of it.
pub(crate) fn without_mark(document: &[u8]) -> &[u8] {
    document.strip_prefix(b"\xef\xbb\xbf").unwrap_or(document)
}

/// Control characters, and those that turn the direction of the text around them.
fn is_harmful(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{061c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_is_short_and_has_no_control_characters() {
        let noisy = format!("\u{feff}a\x1b[31mb\r\nc{}", "x".repeat(2_000));
        let shown = excerpt(noisy.as_bytes());
        assert_eq!(shown.chars().count(), EXCERPT_CHARS);
        assert!(shown.starts_with("a [31mb c"));
        assert!(!shown.chars().any(char::is_control));
    }
}
