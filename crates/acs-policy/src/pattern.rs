//! `*` stands for any characters and `?` for one.

/// Says whether a text fits a pattern. Takes time in proportion to both lengths' product at most.
pub(crate) fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text): (Vec<char>, Vec<char>) =
        (pattern.chars().collect(), text.chars().collect());
    let (mut at, mut read) = (0, 0);
    // Where the last `*` was, and how much of the text it has been made to stand for.
    let mut star: Option<(usize, usize)> = None;
    while read < text.len() {
        match pattern.get(at) {
            Some('*') => {
                star = Some((at, read));
                at += 1;
            }
            Some(c) if *c == '?' || *c == text[read] => {
                at += 1;
                read += 1;
            }
            _ => {
                let Some((star_at, taken)) = star else {
                    return false;
                };
                star = Some((star_at, taken + 1));
                at = star_at + 1;
                read = taken + 1;
            }
        }
    }
    pattern[at..].iter().all(|c| *c == '*')
}

/// The same without regard to case.
pub(crate) fn fits_any_case(pattern: &str, text: &str) -> bool {
    fits(&pattern.to_lowercase(), &text.to_lowercase())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_star_is_any_text_and_a_question_mark_is_one_character() {
        for (pattern, text, expected) in [
            ("*", "", true),
            ("vod:*", "vod:GetPlayInfo", true),
            ("vod:Get*Info", "vod:GetPlayInfo", true),
            ("vod:Get*Info", "vod:GetPlayInfos", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*a*b*", "xxaxxbxx", true),
            ("*a*b", "ab*", false),
            ("", "", true),
            ("", "a", false),
            ("课*", "课程", true),
        ] {
            assert_eq!(fits(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn many_stars_end_in_time() {
        assert!(!fits(&"*a".repeat(30), &"a".repeat(29)));
        assert!(!fits(&format!("{}b", "*a".repeat(200)), &"a".repeat(2_000)));
    }

    proptest! {
        #[test]
        fn a_text_fits_itself_and_itself_with_a_piece_replaced(before in "[a-z:]{0,9}", piece in "[a-z:]{0,9}", after in "[a-z:]{0,9}") {
            let text = format!("{before}{piece}{after}");
            prop_assert!(fits(&text, &text));
            let pattern = format!("{before}*{after}");
            prop_assert!(fits(&pattern, &text));
        }
    }
}
