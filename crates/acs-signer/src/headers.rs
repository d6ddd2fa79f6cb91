//! Canonical headers: names in lower case, sorted, values trimmed.

use crate::check;
use crate::chunk;
use crate::error::{Error, ErrorKind};
use crate::query::Pair;
use crate::running::Follow;
use crate::text::{Part, Span, Text};
use std::cmp::Ordering;

/// Fills `order` with the positions of those headers of the caller that are signed, sorted by name and value.
///
/// # Errors
/// A name that is no token, that is the signer's own or that is there twice; a line break in a value that is not signed.
/// Those that are signed are checked as they are written.
#[inline(always)]
pub(crate) fn collect(
    order: &mut Vec<u32>,
    headers: &[Pair<'_>],
    reserved: &[&str],
    repeated: Repeated,
    is_signed: impl Fn(&str) -> bool,
) -> Result<(), Error> {
    order.clear();
    let mut last = "";
    let mut are_in_order = true;
    for (index, &(name, value)) in (0..).zip(headers) {
        check::header_name(name)?;
        if reserved.iter().any(|own| is(name, own)) {
            return Err(Error::named(ErrorKind::Reserved, "header", name));
        }
        if is_signed(name) {
            order.push(index);
            are_in_order &= compare_names(last, name).is_lt();
            last = name;
        } else if check::has_line_break(value) {
            return Err(Error::named(ErrorKind::ControlCharacter, "header", name));
        }
    }
    if are_in_order {
        return Ok(());
    }
    sort(order, headers);
    match repeated {
        Repeated::Refuse => refuse_repeated(order, headers),
        Repeated::Join => Ok(()),
    }
}

/// What a scheme makes of a header that is there twice.
#[derive(Clone, Copy)]
pub(crate) enum Repeated {
    /// It joins the values.
    Join,
    /// It does not say.
    Refuse,
}

#[cold]
fn sort(order: &mut [u32], headers: &[Pair<'_>]) {
    order.sort_unstable_by(|&a, &b| {
        let (a, b) = (headers[a as usize], headers[b as usize]);
        compare_names(a.0, b.0).then_with(|| trim(a.1).cmp(trim(b.1)))
    });
}

#[cold]
fn refuse_repeated(order: &[u32], headers: &[Pair<'_>]) -> Result<(), Error> {
    let name = |index: u32| headers[index as usize].0;
    match order.windows(2).find(|w| is(name(w[0]), name(w[1]))) {
        Some(w) => Err(Error::named(ErrorKind::Duplicate, "header", name(w[0]))),
        None => Ok(()),
    }
}

/// No scheme has more headers of its own.
const MOST: usize = 10;

/// Own headers once written: names, and where in the text their values are. It stays in the buffer, as it is large.
#[derive(Default)]
pub(crate) struct Written {
    headers: [(&'static str, Span); MOST],
    len: usize,
}

impl Written {
    /// The headers, in the text that they were written into.
    #[inline(always)]
    pub(crate) fn added<'t>(&'t self, text: &'t Text) -> Added<'t> {
        let span = match &self.headers[..self.len] {
            [(_, first), .., (_, last)] => first.followed_by(*last),
            [(_, only)] => *only,
            [] => Span::default(),
        };
        self.added_in(text.part(span))
    }

    /// The headers, in a part of the text that has them all.
    #[inline(always)]
    pub(crate) fn added_in<'t>(&'t self, lines: Part<'t>) -> Added<'t> {
        Added {
            lines,
            headers: &self.headers[..self.len],
        }
    }
}

/// The signer's own headers, once written: what a request has to get.
#[derive(Clone, Copy)]
pub(crate) struct Added<'t> {
    /// From the first value to the last.
    lines: Part<'t>,
    headers: &'t [(&'static str, Span)],
}

impl<'t> Added<'t> {
    /// Names and values.
    #[inline]
    pub(crate) fn iter(self) -> impl Iterator<Item = (&'static str, &'t str)> + use<'t> {
        let lines = self.lines;
        self.headers
            .iter()
            .map(move |&(name, value)| (name, lines.get(value)))
    }
}

/// Writes the lines `name:value\n` of the signer's own headers, in the order of their names, and between them those of
/// the caller. Values of one name are joined with `,`.
pub(crate) struct Lines<'t, 'h, F> {
    text: &'t mut Text,
    /// Takes `name;` of each header, if wanted.
    names: Option<&'t mut Text>,
    headers: &'h [Pair<'h>],
    /// What is left of the caller's, sorted.
    order: &'h [u32],
    has_line_break: bool,
    written: &'t mut Written,
    hash: F,
}

impl<'t, 'h, F: Follow> Lines<'t, 'h, F> {
    #[inline(always)]
    pub(crate) fn new(
        text: &'t mut Text,
        names: Option<&'t mut Text>,
        headers: &'h [Pair<'h>],
        order: &'h [u32],
        written: &'t mut Written,
        hash: F,
    ) -> Self {
        written.len = 0;
        Self {
            text,
            names,
            headers,
            order,
            has_line_break: false,
            written,
            hash,
        }
    }

    /// Writes a header whose value the signer has from its caller.
    #[inline(always)]
    pub(crate) fn given(&mut self, name: &'static str, value: &str) {
        self.has_line_break |= check::has_line_break(value);
        self.own(name, trim(value).as_bytes());
    }

    /// Writes a header of the signer's own.
    #[inline(always)]
    pub(crate) fn own(&mut self, name: &'static str, value: &[u8]) {
        while let Some(&next) = self.order.first()
            && compare_names(self.headers[next as usize].0, name).is_lt()
        {
            self.callers(next);
        }
        let mut pen = self.text.pen(name.len() + value.len() + 2);
        pen.copy(name.as_bytes());
        pen.put(b":");
        let start = pen.len();
        pen.copy(value);
        let end = pen.len();
        pen.put(b"\n");
        self.hash.follow(pen.as_bytes());
        self.text.set_len(end + 1);
        self.written.headers[self.written.len] = (name, Span { start, end });
        self.written.len += 1;
        if let Some(names) = &mut self.names {
            let mut pen = names.pen(name.len() + 1);
            pen.copy(name.as_bytes());
            pen.put(b";");
            let len = pen.len();
            names.set_len(len);
        }
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
        if self.has_line_break {
            return Err(line_break_in(own, self.headers));
        }
        Ok(())
    }

    /// Writes the caller's next header.
    #[inline(never)]
    fn callers(&mut self, next: u32) {
        let (name, value) = self.headers[next as usize];
        self.order = &self.order[1..];
        self.has_line_break |= check::has_line_break(value);
        let value = trim(value).as_bytes();
        let is_repeated = self.is_next(name);
        let mut pen = self.text.pen(name.len() + value.len() + 2);
        pen.lowercase(name.as_bytes());
        pen.put(b":");
        pen.copy(value);
        let end = pen.len();
        if is_repeated {
            self.text.set_len(end);
            self.join(name);
            self.text.push(b"\n");
        } else {
            pen.put(b"\n");
            self.text.set_len(end + 1);
        }
        self.hash.follow(self.text.as_bytes());
        if let Some(names) = &mut self.names {
            push_name(names, name);
            names.push(b";");
        }
    }

    /// Whether the caller's next header is of the same name.
    #[inline(always)]
    fn is_next(&self, name: &str) -> bool {
        let next = self
            .order
            .first()
            .map(|&next| self.headers[next as usize].0);
        next.is_some_and(|next| is(next, name))
    }

    /// Appends the other values of the same name.
    #[cold]
    fn join(&mut self, name: &str) {
        while self.is_next(name) {
            let value = self.headers[self.order[0] as usize].1;
            self.order = &self.order[1..];
            self.has_line_break |= check::has_line_break(value);
            self.text.push(b",");
            self.text.push_str(trim(value));
        }
    }
}

/// Appends the lower-case form of a name.
pub(crate) fn push_name(text: &mut Text, name: &str) {
    let mut pen = text.pen(name.len());
    pen.lowercase(name.as_bytes());
    let len = pen.len();
    text.set_len(len);
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

/// The value of a header that may be there once.
pub(crate) fn find_one<'a>(
    headers: &[Pair<'a>],
    what: &'static str,
    name: &'static str,
) -> Result<Option<&'a str>, Error> {
    let mut values = headers
        .iter()
        .filter(|(header, _)| header.eq_ignore_ascii_case(name))
        .map(|(_, value)| *value);
    let value = values.next();
    match values.next() {
        Some(_) => Err(Error::named(ErrorKind::Duplicate, what, name)),
        None => Ok(value),
    }
}

/// Compares header names in lower case.
#[inline]
pub(crate) fn compare_names(a: &str, b: &str) -> Ordering {
    let (a, b) = (a.as_bytes(), b.as_bytes());
    // Most often the first eight bytes decide.
    match chunk::compare_lowercase(a, b) {
        Some(order) if order.is_ne() => order,
        _ => {
            let lower = u8::to_ascii_lowercase;
            a.iter().map(lower).cmp(b.iter().map(lower))
        }
    }
}

/// Whether `name` is the lower-case `other`, in any case.
#[inline(always)]
pub(crate) fn is(name: &str, other: &str) -> bool {
    name.len() == other.len()
        && ends_alike(name, other)
        && (name == other || name.eq_ignore_ascii_case(other))
}

/// Whether the last bytes may be the same letter: names of one length hardly ever end alike.
#[inline(always)]
fn ends_alike(a: &str, b: &str) -> bool {
    let end = |name: &str| name.as_bytes().last().map(|b| b | 0x20);
    end(a) == end(b)
}

/// Whether `name` begins with the lower-case `prefix`, in any case.
#[inline(always)]
pub(crate) fn has_prefix<const N: usize>(name: &str, prefix: &[u8; N]) -> bool {
    let head = name.as_bytes().first_chunk::<N>();
    head.is_some_and(|head| {
        // What is another name most often begins otherwise.
        head[0] | 0x20 == prefix[0] && (head == prefix || head.eq_ignore_ascii_case(prefix))
    })
}
