//! Canonical headers: names in lower case, sorted, values trimmed.

use crate::check;
use crate::error::{Error, ErrorKind};
use crate::query::Pair;
use crate::text::{Span, Text};
use std::cmp::Ordering;
use std::iter::Peekable;

/// Fills `order` with the positions of those headers of the caller that are signed, sorted by name and value.
///
/// # Errors
/// A name that is no token, a line break in a value, a name that is the signer's own.
pub(crate) fn collect(
    order: &mut Vec<u32>,
    headers: &[Pair<'_>],
    reserved: &[&str],
    is_signed: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    order.clear();
    for (index, (name, value)) in (0..).zip(headers) {
        check::header(name, value)?;
        if reserved.iter().any(|own| own.eq_ignore_ascii_case(name)) {
            return Err(Error::named(ErrorKind::Reserved, "header", name));
        }
        if is_signed(name) {
            order.push(index);
        }
    }
    if order.len() > 1 {
        order.sort_unstable_by(|&a, &b| {
            let (a, b) = (headers[a as usize], headers[b as usize]);
            compare_names(a.0, b.0).then_with(|| trim(a.1).cmp(trim(b.1)))
        });
    }
    Ok(())
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

/// The headers that a signer writes itself, in the order of their names.
pub(crate) struct Own<'a> {
    pairs: [(&'static str, &'a str); MOST],
    len: usize,
}

/// No scheme has more headers of its own.
const MOST: usize = 10;

impl<'a> Own<'a> {
    pub(crate) fn new() -> Self {
        Self {
            pairs: [("", ""); MOST],
            len: 0,
        }
    }

    /// Adds a header; the caller keeps the order of names.
    #[inline]
    pub(crate) fn push(&mut self, name: &'static str, value: &'a str) {
        self.pairs[self.len] = (name, value);
        self.len += 1;
    }
}

/// Own headers once written: names, and where in the text their values are.
#[derive(Clone, Copy)]
pub(crate) struct Written {
    headers: [(&'static str, Span); MOST],
    len: usize,
}

impl Written {
    pub(crate) fn iter<'t>(
        &self,
        text: &'t Text,
    ) -> impl Iterator<Item = (&'static str, &'t str)> + use<'t> {
        self.headers
            .into_iter()
            .take(self.len)
            .map(|(name, value)| (name, text.str(value)))
    }
}

/// Writes the lines `name:value\n` of the signer's headers and the caller's, merged, into `text` and, if wanted, each
/// `name;` into `names`. Values of one name are joined with `,`.
pub(crate) fn write(
    text: &mut Text,
    mut names: Option<&mut Text>,
    own: &Own<'_>,
    headers: &[Pair<'_>],
    order: &[u32],
) -> Written {
    let mut written = Written {
        headers: [("", Span::default()); MOST],
        len: own.len,
    };
    let mut rest = order
        .iter()
        .map(|&index| headers[index as usize])
        .peekable();
    for (&(name, value), place) in own.pairs[..own.len].iter().zip(&mut written.headers) {
        while let Some(header) = rest.next_if(|next| compare_names(next.0, name).is_lt()) {
            write_callers(text, names.as_deref_mut(), header, &mut rest);
        }
        text.push_str(name);
        text.push(b":");
        let start = text.len();
        text.push_str(trim(value));
        *place = (name, text.since(start));
        text.push(b"\n");
        if let Some(names) = &mut names {
            names.push_str(name);
            names.push(b";");
        }
    }
    while let Some(header) = rest.next() {
        write_callers(text, names.as_deref_mut(), header, &mut rest);
    }
    written
}

fn write_callers<'a>(
    text: &mut Text,
    names: Option<&mut Text>,
    (name, value): Pair<'a>,
    rest: &mut Peekable<impl Iterator<Item = Pair<'a>>>,
) {
    text.push_lowercase(name);
    text.push(b":");
    text.push_str(trim(value));
    while let Some((_, value)) = rest.next_if(|next| next.0.eq_ignore_ascii_case(name)) {
        text.push(b",");
        text.push_str(trim(value));
    }
    text.push(b"\n");
    if let Some(names) = names {
        names.push_lowercase(name);
        names.push(b";");
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
    a.bytes()
        .map(|b| b.to_ascii_lowercase())
        .cmp(b.bytes().map(|b| b.to_ascii_lowercase()))
}

/// Whether `name` begins with the lower-case `prefix`, in any case.
pub(crate) fn has_prefix(name: &str, prefix: &str) -> bool {
    name.as_bytes()
        .get(..prefix.len())
        .is_some_and(|head| head.eq_ignore_ascii_case(prefix.as_bytes()))
}
