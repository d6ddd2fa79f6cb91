//! The ini file `~/.alibabacloud/credentials`.
//!
//! Lines end with LF, CR LF or CR. A comment begins with `#` or `;`, at the start of a line or after white space; within
//! a word both are data. Values are taken as they are: no quotes, no `%` expansion, no continuation lines. A section that
//! is there twice is one section; of a key that is there twice the last counts.

use std::fmt;

/// A parsed file, which borrows its text. Its `Debug` text shows section names only.
pub(crate) struct Ini<'a> {
    sections: Vec<Section<'a>>,
}

struct Section<'a> {
    name: &'a str,
    entries: Vec<(&'a str, &'a str)>,
}

/// What is wrong with a file, and in which line (from 1). It holds nothing of the line.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct IniError {
    line: usize,
    fault: &'static str,
}

impl<'a> Ini<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Self, IniError> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = std::str::from_utf8(bytes).map_err(|error| IniError {
            line: line_of(bytes, error.valid_up_to()),
            fault: "this is not UTF-8",
        })?;
        let mut sections: Vec<Section<'a>> = Vec::new();
        for (index, line) in lines(text).enumerate() {
            let fail = |fault| IniError {
                line: index + 1,
                fault,
            };
            if line.contains('\0') {
                return Err(fail("there is a NUL"));
            }
            let line = without_comment(line);
            if line.is_empty() {
                continue;
            }
            if let Some(rest) = line.strip_prefix('[') {
                let name = rest
                    .strip_suffix(']')
                    .ok_or_else(|| fail("the section name has no `]`"))?;
                sections.push(Section {
                    name: name.trim(),
                    entries: Vec::new(),
                });
                continue;
            }
            let (key, value) = line
                .split_once('=')
                .ok_or_else(|| fail("this is neither `[section]` nor `key = value`"))?;
            let section = sections
                .last_mut()
                .ok_or_else(|| fail("a key stands before the first section"))?;
            section.entries.push((key.trim(), value.trim()));
        }
        Ok(Self { sections })
    }

    pub(crate) fn has_section(&self, name: &str) -> bool {
        self.sections.iter().any(|section| section.name == name)
    }

    /// Returns the value of a key; one that is empty counts as absent.
    pub(crate) fn value(&self, section: &str, key: &str) -> Option<&'a str> {
        self.sections
            .iter()
            .filter(|candidate| candidate.name == section)
            .flat_map(|candidate| &candidate.entries)
            .rfind(|(name, _)| *name == key)
            .map(|(_, value)| *value)
            .filter(|value| !value.is_empty())
    }
}

impl fmt::Debug for Ini<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.sections.iter().map(|section| section.name))
            .finish()
    }
}

impl fmt::Display for IniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.fault)
    }
}

/// The lines of a text, whatever they end with.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    // A search for one character at a time is much faster than one for several.
    text.split('\n')
        .flat_map(|piece| piece.strip_suffix('\r').unwrap_or(piece).split('\r'))
}

/// Cuts a comment off, and the white space around what is left.
fn without_comment(line: &str) -> &str {
    let begins_comment = |(index, _): &(usize, &str)| {
        line[..*index]
            .chars()
            .next_back()
            .is_none_or(char::is_whitespace)
    };
    let first = |mark: char| line.match_indices(mark).find(begins_comment);
    let ends = [first('#'), first(';')]
        .into_iter()
        .flatten()
        .map(|(index, _)| index);
    line[..ends.min().unwrap_or(line.len())].trim()
}

fn line_of(bytes: &[u8], offset: usize) -> usize {
    let text = String::from_utf8_lossy(&bytes[..offset]);
    lines(&text).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn value(text: &str) -> Option<String> {
        let ini = Ini::parse(text.as_bytes()).unwrap();
        ini.value("s", "k").map(str::to_owned)
    }

    #[test]
    fn a_comment_needs_white_space_before_it() {
        for (text, expected) in [
            ("[s]\nk=ab#cd", Some("ab#cd")),
            ("[s]\nk=ab;cd", Some("ab;cd")),
            ("[s]\nk = ab # c", Some("ab")),
            ("[s]\nk = ab ; c", Some("ab")),
            ("[s] # c\n # k = x\nk\t=\tab\t#c", Some("ab")),
            ("[s]\nk = # c", None),
            ("[s]\nk=a=b%c", Some("a=b%c")),
        ] {
            assert_eq!(value(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn every_line_end_and_a_byte_order_mark_are_read() {
        for text in [
            "[s]\nk=v\n",
            "[s]\r\nk=v\r\n",
            "[s]\rk=v\r",
            "\u{feff}[s]\nk=v",
            "[s]\n\r\nk=v",
        ] {
            assert_eq!(value(text).as_deref(), Some("v"), "{text:?}");
        }
    }

    #[test]
    fn a_section_twice_is_one_and_the_last_key_counts() {
        assert_eq!(value("[s]\nk=1\n[t]\nk=2\n[s]\nk=3").as_deref(), Some("3"));
    }

    #[test]
    fn an_error_names_the_line_and_shows_nothing_of_it() {
        for (text, line) in [
            (&b"[s]\nk=v\ncanary"[..], 3),
            (b"canary=1", 1),
            (b"[s]\r\n[canary", 2),
            (b"[s]\rk=canary\xff", 2),
            (b"[s]\nk=can\0ary", 2),
        ] {
            let error = Ini::parse(text).unwrap_err();
            assert_eq!(error.line, line, "{text:?}");
            assert!(!format!("{error} {error:?}").contains("canary"));
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = Ini::parse(&bytes);
        }

        #[test]
        fn what_is_written_is_read(
            name in "[a-z0-9_.-]{1,20}",
            pairs in prop::collection::btree_map("[a-z_]{1,12}", "[!-~]{1,40}", 0..10),
        ) {
            let mut text = format!("[{name}]\n");
            for (key, value) in &pairs {
                text.push_str(&format!("{key} = {value}\n"));
            }
            let ini = Ini::parse(text.as_bytes()).unwrap();
            for (key, value) in &pairs {
                let is_comment = value.starts_with(['#', ';']);
                let expected = (!is_comment).then_some(value.as_str());
                prop_assert_eq!(ini.value(&name, key), expected);
            }
        }
    }
}
