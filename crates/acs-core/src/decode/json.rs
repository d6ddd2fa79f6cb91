//! JSON, read a token at a time from a text and without copies.
//!
//! serde_json reads what is rare: texts with escapes, odd numbers. It decides what is JSON there; for the rest a
//! test holds that both say the same.

use std::borrow::Cow;

use serde::de::IgnoredAny;

/// A place in a JSON text.
pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

/// A scalar, or the beginning of a list or an object.
#[derive(Debug, PartialEq)]
pub(super) enum Token<'a> {
    Null,
    Boolean(bool),
    /// A number as it came.
    Number(&'a str),
    Text(Cow<'a, str>),
    /// Its items are read by [`Reader::next_item`].
    List,
    /// Its members are read by [`Reader::next_member`].
    Object,
}

/// Why a text is no JSON, and where.
#[derive(Debug)]
pub(super) struct Malformed {
    reason: &'static str,
    at: usize,
}

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Reads a scalar, or what opens a list or an object.
    pub(super) fn token(&mut self) -> Result<Token<'a>, Malformed> {
        match self.peek() {
            Some(b'"') => self.quoted().map(Token::Text),
            Some(b'-' | b'0'..=b'9') => self.number().map(Token::Number),
            Some(b'{') => {
                self.at += 1;
                Ok(Token::Object)
            }
            Some(b'[') => {
                self.at += 1;
                Ok(Token::List)
            }
            Some(b'n') => self.word("null", Token::Null),
            Some(b't') => self.word("true", Token::Boolean(true)),
            Some(b'f') => self.word("false", Token::Boolean(false)),
            Some(_) => Err(self.malformed("expected value")),
            None => Err(self.malformed("EOF while parsing a value")),
        }
    }

    /// Reads a text in which nothing is escaped; reads nothing where the next value is another.
    #[inline]
    pub(super) fn plain_text(&mut self) -> Option<&'a str> {
        if self.peek() != Some(b'"') {
            return None;
        }
        let rest = &self.text[self.at + 1..];
        let length = plain_length(rest.as_bytes());
        let text = rest.get(..length)?;
        // Where the document ends in the text, there is no quote.
        if rest.as_bytes().get(length) != Some(&b'"') {
            return None;
        }
        self.at += length + 2;
        Some(text)
    }

    /// Goes to the next item of the list that was opened, and says whether there is one.
    pub(super) fn next_item(&mut self, is_first: bool) -> Result<bool, Malformed> {
        match self.peek() {
            Some(b']') => {
                self.at += 1;
                Ok(false)
            }
            Some(b',') if !is_first => {
                self.at += 1;
                Ok(true)
            }
            Some(_) if is_first => Ok(true),
            Some(_) => Err(self.malformed("expected `,` or `]`")),
            None => Err(self.malformed("EOF while parsing a list")),
        }
    }

    /// Goes to the name of the next member of the object that was opened, and says whether there is one.
    #[inline]
    pub(super) fn next_member(&mut self, is_first: bool) -> Result<bool, Malformed> {
        // The usual case.
        if !is_first && self.bytes()[self.at..].starts_with(b",\"") {
            self.at += 1;
            return Ok(true);
        }
        self.next_member_anyhow(is_first)
    }

    fn next_member_anyhow(&mut self, is_first: bool) -> Result<bool, Malformed> {
        match self.peek() {
            Some(b'}') => {
                self.at += 1;
                return Ok(false);
            }
            Some(b',') if !is_first => self.at += 1,
            Some(_) if is_first => {}
            Some(_) => return Err(self.malformed("expected `,` or `}`")),
            None => return Err(self.malformed("EOF while parsing an object")),
        }
        match self.peek() {
            Some(b'"') => Ok(true),
            Some(_) => Err(self.malformed("a name must be a string")),
            None => Err(self.malformed("EOF while parsing an object")),
        }
    }

    /// Reads the name of a member, up to its value.
    pub(super) fn name(&mut self) -> Result<Cow<'a, str>, Malformed> {
        let name = self.quoted()?;
        self.colon()?;
        Ok(name)
    }

    /// Reads the name of a member, up to its value, where nothing in it is escaped; reads nothing where something is.
    #[inline]
    pub(super) fn plain_name(&mut self) -> Option<&'a str> {
        let place = self.at;
        let name = self.plain_text()?;
        if self.colon().is_err() {
            self.at = place;
            return None;
        }
        Some(name)
    }

    /// Reads a whole number in its usual form; reads nothing where the next value is another, or has too many digits to
    /// be read without a look at its size.
    #[inline]
    pub(super) fn plain_integer(&mut self) -> Option<i64> {
        const MOST_DIGITS: usize = 18;
        if !self.peek()?.is_ascii_digit() {
            return None;
        }
        let rest = &self.bytes()[self.at..];
        let mut number = 0_i64;
        let mut length = 0;
        while let Some(digit @ b'0'..=b'9') = rest.get(length) {
            if length == MOST_DIGITS {
                return None;
            }
            number = number * 10 + i64::from(digit - b'0');
            length += 1;
        }
        let is_usual = (rest[0] != b'0' || length == 1)
            && !matches!(rest.get(length), Some(b'-' | b'+' | b'.' | b'e' | b'E'));
        if !is_usual {
            return None;
        }
        self.at += length;
        Some(number)
    }

    /// Reads the name of a member, up to its value, if it is this one.
    #[inline]
    pub(super) fn is_named(&mut self, name: &str) -> Result<bool, Malformed> {
        let rest = &self.bytes()[self.at + 1..];
        if rest.get(name.len()) != Some(&b'"') || !rest.starts_with(name.as_bytes()) {
            return Ok(false);
        }
        self.at += name.len() + 2;
        self.colon()?;
        Ok(true)
    }

    /// Passes over a value of any depth, and returns it as it is.
    pub(super) fn skip(&mut self) -> Result<&'a str, Malformed> {
        _ = self.peek();
        let start = self.at;
        // Its own stack, since what is unknown may be as deep as it likes.
        let mut open = Vec::new();
        loop {
            match self.peek() {
                Some(b'{') => {
                    self.at += 1;
                    if self.next_member(true)? {
                        self.skip_name()?;
                        open.push(b'}');
                        continue;
                    }
                }
                Some(b'[') => {
                    self.at += 1;
                    if self.next_item(true)? {
                        open.push(b']');
                        continue;
                    }
                }
                Some(b'"') => self.skip_quoted()?,
                _ => _ = self.token()?,
            }
            // A value has ended, and so may have those that it is in.
            loop {
                let goes_on = match open.last() {
                    None => return Ok(&self.text[start..self.at]),
                    Some(b'}') => self.next_member(false)?,
                    Some(_) => self.next_item(false)?,
                };
                if goes_on {
                    break;
                }
                open.pop();
            }
            if open.last() == Some(&b'}') {
                self.skip_name()?;
            }
        }
    }

    /// Checks that nothing follows.
    pub(super) fn end(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            None => Ok(()),
            Some(_) => Err(self.malformed("trailing characters")),
        }
    }

    /// Returns the place, to come [`back`](Self::back) to.
    pub(super) fn place(&self) -> usize {
        self.at
    }

    pub(super) fn back(&mut self, place: usize) {
        self.at = place;
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    /// The next byte that is no blank.
    #[inline]
    fn peek(&mut self) -> Option<u8> {
        let bytes = self.bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\t' | b'\r') {
                return Some(byte);
            }
            self.at += 1;
            // Indentation goes by eights.
            while bytes[self.at..].starts_with(b"        ") {
                self.at += 8;
            }
        }
    }

    fn word(&mut self, word: &str, token: Token<'a>) -> Result<Token<'a>, Malformed> {
        if !self.bytes()[self.at..].starts_with(word.as_bytes()) {
            return Err(self.malformed("expected value"));
        }
        self.at += word.len();
        Ok(token)
    }

    #[inline]
    fn colon(&mut self) -> Result<(), Malformed> {
        match self.peek() {
            Some(b':') => {
                self.at += 1;
                Ok(())
            }
            Some(_) => Err(self.malformed("expected `:`")),
            None => Err(self.malformed("EOF while parsing an object")),
        }
    }

    fn number(&mut self) -> Result<&'a str, Malformed> {
        let start = self.at;
        let rest = &self.bytes()[start..];
        let is_part = |byte: &&u8| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E');
        let length = rest.iter().take_while(is_part).count();
        let number = &self.text[start..start + length];
        let is_plain = rest[0] != b'0' && rest[..length].iter().all(u8::is_ascii_digit);
        if !is_plain && number != "0" && serde_json::from_str::<IgnoredAny>(number).is_err() {
            return Err(self.malformed("invalid number"));
        }
        self.at += length;
        Ok(number)
    }

    fn quoted(&mut self) -> Result<Cow<'a, str>, Malformed> {
        if let Some(text) = self.plain_text() {
            return Ok(Cow::Borrowed(text));
        }
        let raw = self.escaped()?;
        let text = serde_json::from_str(raw).map_err(|_| self.malformed("invalid string"))?;
        self.at += raw.len();
        Ok(Cow::Owned(text))
    }

    fn skip_quoted(&mut self) -> Result<(), Malformed> {
        if self.plain_text().is_some() {
            return Ok(());
        }
        let raw = self.escaped()?;
        if serde_json::from_str::<IgnoredAny>(raw).is_err() {
            return Err(self.malformed("invalid string"));
        }
        self.at += raw.len();
        Ok(())
    }

    fn skip_name(&mut self) -> Result<(), Malformed> {
        self.skip_quoted()?;
        self.colon()
    }

    /// The whole of a string, with its quotes.
    fn escaped(&self) -> Result<&'a str, Malformed> {
        let bytes = self.bytes();
        let mut end = self.at + 1;
        loop {
            end += bytes.get(end..).map_or(0, plain_length);
            match bytes.get(end) {
                None => return Err(self.malformed("EOF while parsing a string")),
                Some(b'"') => return Ok(&self.text[self.at..=end]),
                Some(b'\\') => end += 2,
                Some(_) => end += 1,
            }
        }
    }

    fn malformed(&self, reason: &'static str) -> Malformed {
        Malformed {
            reason,
            at: self.at,
        }
    }
}

/// Tells of the members of an object, those with a scalar, as far as the text can be read.
pub(super) fn members(text: &str, mut each: impl FnMut(&str, Token<'_>)) -> Result<(), Malformed> {
    let mut reader = Reader::new(text);
    if reader.token()? != Token::Object {
        return Ok(());
    }
    let mut is_first = true;
    while reader.next_member(is_first)? {
        is_first = false;
        let name = reader.name()?;
        let place = reader.place();
        match reader.token()? {
            Token::List | Token::Object => {
                reader.back(place);
                reader.skip()?;
            }
            scalar => each(&name, scalar),
        }
    }
    Ok(())
}

impl From<Malformed> for String {
    fn from(it: Malformed) -> Self {
        format!("{} at byte {}", it.reason, it.at)
    }
}

/// How many bytes there are before a quote, a backslash or a control character; all, if there is none.
#[inline]
fn plain_length(bytes: &[u8]) -> usize {
    const ONES: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = ONES << 7;
    // Each test sets the high bit of a byte that is meant, and of none before the first such byte.
    let below = |word: u64, bound: u8| word.wrapping_sub(ONES * u64::from(bound)) & !word;
    let (words, rest) = bytes.as_chunks();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        let quote = below(word ^ (ONES * u64::from(b'"')), 1);
        let backslash = below(word ^ (ONES * u64::from(b'\\')), 1);
        let special = (quote | backslash | below(word, b' ')) & HIGH;
        if special != 0 {
            return index * 8 + special.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..=0x1f);
    words.len() * 8 + rest.iter().take_while(is_plain).count()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    /// Reads a document into a tree, by the reader alone.
    fn tree(reader: &mut Reader<'_>) -> Result<Value, String> {
        Ok(match reader.token()? {
            Token::Null => Value::Null,
            Token::Boolean(is) => is.into(),
            Token::Number(number) => {
                serde_json::from_str(number).map_err(|error| error.to_string())?
            }
            Token::Text(text) => text.into_owned().into(),
            Token::List => {
                let mut items = Vec::new();
                while reader.next_item(items.is_empty())? {
                    items.push(tree(reader)?);
                }
                items.into()
            }
            Token::Object => {
                let mut members = serde_json::Map::new();
                let mut is_first = true;
                while reader.next_member(is_first)? {
                    is_first = false;
                    let name = reader.name()?.into_owned();
                    members.insert(name, tree(reader)?);
                }
                members.into()
            }
        })
    }

    fn read(text: &str) -> Option<Value> {
        let mut reader = Reader::new(text);
        let value = tree(&mut reader).ok()?;
        reader.end().ok()?;
        Some(value)
    }

    fn skipped(text: &str) -> bool {
        let mut reader = Reader::new(text);
        reader.skip().is_ok() && reader.end().is_ok()
    }

    fn check(text: &str) {
        assert_eq!(read(text), serde_json::from_str(text).ok(), "{text:?}");
        let is_json = serde_json::from_str::<IgnoredAny>(text).is_ok();
        assert_eq!(skipped(text), is_json, "{text:?}");
    }

    #[test]
    fn what_is_json_is_what_serde_json_says() {
        let texts = [
            "",
            " ",
            "nul",
            "null",
            "nullx",
            "tru",
            "[",
            "]",
            "[,]",
            "[1,]",
            "[1 2]",
            "{",
            "}",
            "{,}",
            "{1:2}",
            r#"{"a"}"#,
            r#"{"a":}"#,
            r#"{"a":1,}"#,
            r#"{"a" : 1 , "a":2}"#,
            r#"{"a":1 "b":2}"#,
            "-",
            "-1",
            "01",
            "-01",
            "00",
            "0",
            "-0",
            "1.",
            ".5",
            "1.5",
            "1e5",
            "1E+5",
            "1e",
            "1-2",
            "+1",
            "1e999",
            "18446744073709551616",
            r#"""#,
            r#""a"#,
            r#""\"#,
            r#""\""#,
            r#""\"""#,
            r#""\u00e9""#,
            r#""\u12""#,
            r#""\ud800""#,
            r#""\ud83d\ude00""#,
            r#""\x""#,
            "\"a\tb\"",
            "\"\u{7f}é€😀\"",
            "\"12345678\\n12345678\"",
            "\u{feff}1",
            "[[[[[[]]]]]]",
            r#" [ { "a" : [ ] , "b" : { } } , 1 ] "#,
            "\t\r\n         1",
            "[}",
            r#"{"a":[}]"#,
            "1 1",
            "[]]",
            "\u{b}1",
        ];
        for text in texts {
            check(text);
        }
    }

    #[test]
    fn a_whole_number_is_read_at_once_only_in_its_usual_form_and_where_it_must_fit() {
        for (text, number, rest) in [
            ("0", Some(0), ""),
            (" 7,", Some(7), ","),
            ("999999999999999999]", Some(999_999_999_999_999_999), "]"),
            ("1x", Some(1), "x"),
            ("9223372036854775807", None, "9223372036854775807"),
            ("9999999999999999999", None, "9999999999999999999"),
            ("00", None, "00"),
            ("01", None, "01"),
            ("-1", None, "-1"),
            ("1.0", None, "1.0"),
            ("1e3", None, "1e3"),
            ("1-2", None, "1-2"),
            ("\"1\"", None, "\"1\""),
            ("", None, ""),
        ] {
            let mut reader = Reader::new(text);
            assert_eq!(reader.plain_integer(), number, "{text}");
            assert_eq!(&text[reader.place()..], rest, "{text}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_read_as_serde_json_reads_it(text in r#"([\[\]{},:" \n]|[-+.0-9eE]{1,4}|"[a-z\\"]{0,3}"|null|true|\\u[0-9a-f]{4}|é|        ){0,12}"#) {
            check(&text);
        }

        #[test]
        fn a_text_ends_at_its_quote(text in "\\PC{0,40}", rest in "[a\"\\\\ ]{0,20}") {
            let quoted = format!("{}{rest}", serde_json::to_string(&text).unwrap());
            let mut reader = Reader::new(&quoted);
            prop_assert_eq!(reader.token().unwrap(), Token::Text(text.into()));
            prop_assert_eq!(&quoted[reader.place()..], rest);
        }
    }
}
