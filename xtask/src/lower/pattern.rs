//! Patterns that can be checked without an engine for regular expressions.

use std::iter::Peekable;
use std::str::Chars;

/// Characters of a sort in a row.
#[derive(Debug, PartialEq)]
struct Piece {
    ranges: Vec<(char, char)>,
    is_negated: bool,
    min: usize,
    max: usize,
}

/// The rule for a pattern, as code of `acs_core::model::Rule`; nothing for one with anything but a row of characters
/// and classes between `^` and `$`.
pub(super) fn rule(pattern: &str) -> Option<String> {
    let pieces: Vec<String> = pieces(pattern)?.iter().map(code).collect();
    Some(format!("Pattern({pattern:?}, &[{}])", pieces.join(", ")))
}

/// Whether a pattern counts further than any text is long, which leaves it unchecked.
pub(super) fn counts_too_far(pattern: &str) -> bool {
    let counts = pattern.split('{').skip(1);
    counts
        .filter_map(|rest| rest.split_once('}'))
        .flat_map(|(count, _)| count.split(','))
        .any(|number| {
            let is_number = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
            is_number && number.parse::<usize>().is_err()
        })
}

fn code(piece: &Piece) -> String {
    let ranges: Vec<String> = piece
        .ranges
        .iter()
        .map(|(first, last)| format!("({first:?}, {last:?})"))
        .collect();
    let max = if piece.max == usize::MAX {
        "usize::MAX".to_owned()
    } else {
        piece.max.to_string()
    };
    let negated = if piece.is_negated { ".negated()" } else { "" };
    format!(
        "acs_core::model::Piece::new(&[{}], {}, {max}){negated}",
        ranges.join(", "),
        piece.min
    )
}

fn pieces(pattern: &str) -> Option<Vec<Piece>> {
    let inside = pattern.strip_prefix('^')?.strip_suffix('$')?;
    let mut chars = inside.chars().peekable();
    let mut pieces = Vec::new();
    while let Some(c) = chars.next() {
        let (ranges, is_negated) = match c {
            '[' => class(&mut chars)?,
            '\\' => (escape(chars.next()?, &mut chars)?, false),
            '.' | '(' | ')' | '|' | '^' | '$' | '*' | '+' | '?' | '{' | '}' | ']' => return None,
            c => (vec![(c, c)], false),
        };
        let (min, max) = count(&mut chars)?;
        pieces.push(Piece {
            ranges,
            is_negated,
            min,
            max,
        });
    }
    Some(pieces)
}

/// How many: what stands behind a character or class.
fn count(chars: &mut Peekable<Chars<'_>>) -> Option<(usize, usize)> {
    let count = match chars.peek() {
        Some('?') => (0, 1),
        Some('*') => (0, usize::MAX),
        Some('+') => (1, usize::MAX),
        Some('{') => {
            chars.next();
            let inside: String = chars.by_ref().take_while(|c| *c != '}').collect();
            let (min, max) = match inside.split_once(',') {
                None => (inside.parse().ok()?, inside.parse().ok()?),
                Some((min, "")) => (min.parse().ok()?, usize::MAX),
                Some((min, max)) => (min.parse().ok()?, max.parse().ok()?),
            };
            return (min <= max && !is_quantifier(chars)).then_some((min, max));
        }
        _ => return Some((1, 1)),
    };
    chars.next();
    (!is_quantifier(chars)).then_some(count)
}

/// A second one makes the first lazy or possessive.
fn is_quantifier(chars: &mut Peekable<Chars<'_>>) -> bool {
    matches!(chars.peek(), Some('?' | '+' | '*' | '{'))
}

type Class = (Vec<(char, char)>, bool);

fn class(chars: &mut Peekable<Chars<'_>>) -> Option<Class> {
    let is_negated = chars.next_if_eq(&'^').is_some();
    let mut ranges: Vec<(char, char)> = Vec::new();
    loop {
        let first = match chars.next()? {
            ']' if !ranges.is_empty() => return Some((ranges, is_negated)),
            // Some engines take these for classes in classes.
            ']' | '[' | '&' => return None,
            '\\' => match escape(chars.next()?, chars)?.as_slice() {
                [(first, last)] if first == last => *first,
                several => {
                    ranges.extend(several);
                    continue;
                }
            },
            c => c,
        };
        if chars.peek() != Some(&'-') {
            ranges.push((first, first));
            continue;
        }
        chars.next();
        let last = match chars.next()? {
            // A dash at the end is a dash.
            ']' => {
                ranges.extend([(first, first), ('-', '-')]);
                return Some((ranges, is_negated));
            }
            '\\' => match escape(chars.next()?, chars)?.as_slice() {
                [(first, last)] if first == last => *first,
                _ => return None,
            },
            '[' | '&' => return None,
            c => c,
        };
        if first > last {
            return None;
        }
        ranges.push((first, last));
    }
}

/// What `\` makes of the character behind it.
fn escape(c: char, chars: &mut Peekable<Chars<'_>>) -> Option<Vec<(char, char)>> {
    Some(match c {
        'd' => vec![('0', '9')],
        'w' => vec![('a', 'z'), ('A', 'Z'), ('0', '9'), ('_', '_')],
        'n' => vec![('\n', '\n')],
        't' => vec![('\t', '\t')],
        'u' => {
            let digits: String = chars.take(4).collect();
            let number = u32::from_str_radix(&digits, 16).ok()?;
            let c = char::from_u32(number).filter(|_| digits.len() == 4)?;
            vec![(c, c)]
        }
        c if c.is_ascii_alphanumeric() => return None,
        c => vec![(c, c)],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(ranges: &[(char, char)], min: usize, max: usize) -> Piece {
        Piece {
            ranges: ranges.to_vec(),
            is_negated: false,
            min,
            max,
        }
    }

    #[test]
    fn a_row_of_classes_is_understood() {
        assert_eq!(
            pieces(r"^[a-z][\w.-]{2,62}\d+$"),
            Some(vec![
                piece(&[('a', 'z')], 1, 1),
                piece(
                    &[
                        ('a', 'z'),
                        ('A', 'Z'),
                        ('0', '9'),
                        ('_', '_'),
                        ('.', '.'),
                        ('-', '-')
                    ],
                    2,
                    62
                ),
                piece(&[('0', '9')], 1, usize::MAX),
            ])
        );
        assert_eq!(
            pieces(r"^acs:\u4e00{3}[\u4e00-\u9fa5]?$").map(|it| it.len()),
            Some(6)
        );
        let negated = pieces("^[^/]*$").unwrap();
        assert!(negated[0].is_negated);
    }

    #[test]
    fn what_engines_read_differently_is_left_to_the_service() {
        for pattern in [
            "",
            "[a-z]+",
            "^[a-z]+",
            "^(a|b)$",
            "^a|b$",
            "^.*$",
            "^a+?$",
            "^a{2,1}$",
            "^a{x}$",
            "^[a-$",
            "^[a-z&&[^b]]$",
            r"^\bword$",
            r"^\p{L}$",
            "^[]a]$",
            "^[z-a]$",
            r"^\$",
            "^a**$",
            "/^a$/",
        ] {
            assert_eq!(pieces(pattern), None, "{pattern}");
        }
    }
}
