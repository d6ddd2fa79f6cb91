//! What may stand in a message: one line of it, and no more of a name than a name has.

use std::borrow::Cow;

/// The most characters of one reason.
const LONGEST_REASON: usize = 1_000;
/// The most characters of a name that are taken for a name.
const LONGEST_NAME: usize = 64;

/// Makes one line of a text, of bounded length: part of it may come from a file or a variable.
pub(crate) fn one_line(text: String) -> String {
    let is_long = text.chars().nth(LONGEST_REASON).is_some();
    if !is_long && !text.contains(char::is_control) {
        return text;
    }
    text.chars()
        .take(LONGEST_REASON)
        .map(|c| if c.is_control() { ' ' } else { c })
        .chain(is_long.then_some('…'))
        .collect()
}

/// Returns the name of a profile or section, or says that it looks like none: where the end of a line is lost, the next
/// one becomes part of the name, and that may be the secret.
pub(crate) fn name(name: &str) -> Cow<'_, str> {
    let is_name = name.chars().nth(LONGEST_NAME).is_none()
        && !name.contains(|c: char| c == '=' || c == '"' || c.is_control());
    match is_name {
        true => Cow::Borrowed(name),
        false => Cow::Borrowed("(this is no name)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reason_is_one_line_of_bounded_length() {
        assert_eq!(one_line("a\r\nb\u{1b}[31m".to_owned()), "a  b [31m");
        assert_eq!(one_line("x".repeat(1_000)).chars().count(), 1_000);
        assert_eq!(one_line("课".repeat(1 << 20)).chars().count(), 1_001);
    }

    #[test]
    fn a_name_that_swallowed_the_next_line_is_not_shown() {
        for text in [
            "default access_key_secret = canary",
            "a\",\"access_key_secret\":\"canary",
            &"canary".repeat(20),
            "a\ncanary",
        ] {
            assert!(!name(text).contains("canary"), "{text}");
        }
        assert_eq!(name("my profile, 课"), "my profile, 课");
    }
}
