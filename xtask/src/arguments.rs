//! Command-line arguments: plain ones, `--name value` and `--flag`.

use crate::error::{Error, Result};

pub(crate) struct Arguments<'a> {
    pub(crate) plain: Vec<&'a str>,
    values: Vec<(&'a str, &'a str)>,
    flags: Vec<&'a str>,
}

impl<'a> Arguments<'a> {
    /// Parts the arguments.
    ///
    /// # Errors
    /// An option is not one of these, is given twice or lacks its value.
    pub(crate) fn parse(words: &[&'a str], with_value: &[&str], flags: &[&str]) -> Result<Self> {
        let mut arguments = Self {
            plain: Vec::new(),
            values: Vec::new(),
            flags: Vec::new(),
        };
        let mut words = words.iter();
        while let Some(&word) = words.next() {
            let (name, inline) = word
                .split_once('=')
                .map_or((word, None), |(name, value)| (name, Some(value)));
            if !word.starts_with("--") {
                arguments.plain.push(word);
            } else if with_value.contains(&name) {
                let value = inline.or_else(|| words.next().copied());
                let value =
                    value.ok_or_else(|| Error::input(format!("`{name}` lacks its value")))?;
                if arguments.value(name).is_some() {
                    return Err(Error::input(format!("`{name}` is given twice")));
                }
                arguments.values.push((name, value));
            } else if flags.contains(&word) {
                arguments.flags.push(word);
            } else {
                return Err(Error::input(format!(
                    "`{word}` is not an option here; see `cargo xtask help`"
                )));
            }
        }
        Ok(arguments)
    }

    pub(crate) fn value(&self, name: &str) -> Option<&'a str> {
        self.values
            .iter()
            .find(|(it, _)| *it == name)
            .map(|(_, value)| *value)
    }

    pub(crate) fn has(&self, flag: &str) -> bool {
        self.flags.contains(&flag)
    }

    pub(crate) fn no_plain(&self) -> Result<()> {
        match self.plain.first() {
            Some(word) => Err(Error::input(format!(
                "`{word}` is not expected here; see `cargo xtask help`"
            ))),
            None => Ok(()),
        }
    }
}
