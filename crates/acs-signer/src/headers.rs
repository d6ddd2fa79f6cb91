//! Canonical headers: names in lower case, sorted, values trimmed.

use crate::check;
use crate::error::{Error, ErrorKind};
use crate::query::Pair;
use crate::text::{Span, Text};
use std::cmp::Ordering;

/// Fills `order` with the positions of those headers of the caller that are signed, sorted by name and value.
///
/// # Errors
/// A name that is no token or that is the signer's own; a line break in a value that is not signed. Those that are
/// signed are checked as they are written.
pub(crate) fn collect(
    order: &mut Vec<u32>,
    headers: &[Pair<'_>],
    reserved: &[&str],
    is_signed: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    order.clear();
    for (index, (name, value)) in (0..).zip(headers) {
        check::header_name(name)?;
        if reserved.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Error::named(ErrorKind::Reserved, "header", name));
        }
        if is_signed(name) {
            order.push(index);
        } else if check::has_line_break(value) {
            return Err(Error::named(ErrorKind::ControlCharacter, "header", name));
        }
    }
    sort(order, headers);
    Ok(())
}

/// Sorts by name and value; there are few, and most often they are in order.
fn sort(order: &mut [u32], headers: &[Pair<'_>]) {
    let compare = |a: u32, b: u32| {
        let (a, b) = (headers[a as usize], headers[b as usize]);
        compare_names(a.0, b.0).then_with(|| trim(a.1).cmp(trim(b.1)))
    };
    if !order.is_sorted_by(|&a, &b| compare(a, b).is_le()) {
        order.sort_unstable_by(|&a, &b| compare(a, b));
    }
}

/// Refuses a header that is there twice, for schemes that don't say how two values are joined.
pub(crate) fn refuse_duplicates(order: &[u32], headers: &[Pair<'_>]) -> Result<(), Error> {
    let name = |index: u32| headers[index as usize].0;
    match order
        .windows(2)
        .find(|w| name(w[0]).eq_ignore_ascii_case(name(w[1])))
    {
        Some(w) => Err(Error::named(ErrorKind::Duplicate, "header", name(w[0]))),
        None => Ok(()),
    }
}

/// No scheme has more headers of its own.
const MOST: usize = 10;

/// Own headers once written: names, and where in the text their values are. It stays in the buffer, as it is large.
#[derive(Default)]
pub(crate) struct Written {
    lines: Span,
    headers: [(&'static str, Span); MOST],
    len: usize,
}

impl Written {
    /// Names and values.
    #[inline]
    pub(crate) fn iter<'t>(
        &'t self,
        text: &'t Text,
    ) -> impl Iterator<Item = (&'static str, &'t str)> + use<'t> {
        let lines = text.part(self.lines);
        self.headers[..self.len]
            .iter()
            .map(move |&(name, value)| (name, lines.get(value)))
    }
}

/// Writes the lines `name:value\n` of the signer's own headers, in the order of their names, and between them those of
/// the caller. Values of one name are joined with `,`.
pub(crate) struct Lines<'t, 'h> {
    text: &'t mut Text,
    /// Takes `name;` of each header, if wanted.
    names: Option<&'t mut Text>,
    headers: &'h [Pair<'h>],
    /// What is left of the caller's, sorted.
    order: &'h [u32],
    start: usize,
    has_line_break: bool,
    written: &'t mut Written,
}

impl<'t, 'h> Lines<'t, 'h> {
    #[inline(always)]
    pub(crate) fn new(
        text: &'t mut Text,
        names: Option<&'t mut Text>,
        headers: &'h [Pair<'h>],
        order: &'h [u32],
        written: &'t mut Written,
    ) -> Self {
        let start = text.len();
        written.len = 0;
        Self {
            text,
            names,
            headers,
            order,
            start,
            has_line_break: false,
            written,
        }
    }

    /// Writes a header of the signer's own.
    #[inline(always)]
    pub(crate) fn own(&mut self, name: &'static str, value: &str) {
        while let Some(&next) = self.order.first()
            && compare_names(self.headers[next as usize].0, name).is_lt()
        {
            self.callers(next);
        }
        self.text.push(name.as_bytes());
        self.text.push(b":");
        let start = self.text.len();
        self.push_value(value);
        self.written.headers[self.written.len] = (name, self.text.since(start));
        self.written.len += 1;
        self.text.push(b"\n");
        if let Some(names) = &mut self.names {
            names.push(name.as_bytes());
            names.push(b";");
        }
    }

    #[inline(always)]
    fn push_value(&mut self, value: &str) {
        self.has_line_break |= check::has_line_break(value);
        self.text.push_str(trim(value));
    }

    /// Writes what is left.
    ///
    /// # Errors
    /// A carriage return, line feed or NUL in a value; `own` are the fields that own values came from.
    #[inline(always)]
    pub(crate) fn finish(mut self, own: &[(&'static str, &str)]) -> Result<(), Error> {
        while let Some(&next) = self.order.first() {
            self.callers(next);
        }
        self.written.lines = self.text.since(self.start);
        if self.has_line_break {
            return Err(line_break_in(own, self.headers));
        }
        Ok(())
    }

    /// Writes the caller's next header.
    fn callers(&mut self, next: u32) {
        let (name, value) = self.headers[next as usize];
        self.order = &self.order[1..];
        self.text.push_lowercase(name);
        self.text.push(b":");
        self.push_value(value);
        while let Some(&next) = self.order.first()
            && self.headers[next as usize].0.eq_ignore_ascii_case(name)
        {
            self.order = &self.order[1..];
            self.text.push(b",");
            self.push_value(self.headers[next as usize].1);
        }
        self.text.push(b"\n");
        if let Some(names) = &mut self.names {
            names.push_lowercase(name);
            names.push(b";");
        }
    }
}

/// Names the value that has a line break.
#[cold]
fn line_break_in(own: &[(&'static str, &str)], headers: &[Pair<'_>]) -> Error {
    const KIND: ErrorKind = ErrorKind::ControlCharacter;
    if let Some((field, _)) = own.iter().find(|(_, value)| check::has_line_break(value)) {
        return Error::new(KIND, field);
    }
    match headers
        .iter()
        .find(|(_, value)| check::has_line_break(value))
    {
        Some((name, _)) => Error::named(KIND, "header", name),
        None => Error::new(KIND, "header"),
    }
}

/// The value that is signed: without the white space around it.
#[inline]
pub(crate) fn trim(value: &str) -> &str {
    let is_space = |b: Option<&u8>| matches!(b, Some(b' ' | b'\t'));
    let bytes = value.as_bytes();
    if is_space(bytes.first()) || is_space(bytes.last()) {
        return value.trim_matches([' ', '\t']);
    }
    value
}

/// The value of a header, if the caller gives it.
pub(crate) fn find<'a>(headers: &[Pair<'a>], name: &str) -> Option<&'a str> {
    headers
        .iter()
        .find(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(|(_, value)| *value)
}

/// Compares header names in lower case.
pub(crate) fn compare_names(a: &str, b: &str) -> Ordering {
    // The first bytes that differ decide, unless they differ in case only.
    let (a, b) = (a.as_bytes(), b.as_bytes());
    let lower = u8::to_ascii_lowercase;
    match a
        .iter()
        .zip(b)
        .find(|(a, b)| a != b && lower(a) != lower(b))
    {
        Some((a, b)) => lower(a).cmp(&lower(b)),
        None => a.len().cmp(&b.len()),
    }
}

/// Whether `name` begins with the lower-case `prefix`, in any case.
pub(crate) fn has_prefix(name: &str, prefix: &str) -> bool {
    name.as_bytes()
        .get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}
