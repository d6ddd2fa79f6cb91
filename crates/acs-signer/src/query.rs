//! The canonical query: parameters sorted by name and percent-encoded.

use crate::check::{self, LineBreaks};
use crate::chunk::Words;
use crate::encode::{Both, Encoder, Met, To, percent_encode};
use crate::error::{Error, ErrorKind};
use crate::text::Text;
use std::cmp::Ordering;

/// How parameter names and values are treated.
#[derive(Clone, Copy)]
pub(crate) struct Rules {
    pub(crate) line_breaks: LineBreaks,
    /// Whether a name may have characters that are percent-encoded.
    pub(crate) encoded_names: bool,
    /// Whether a name with an empty value stands alone, without `=`.
    pub(crate) bare_names: bool,
}

impl Rules {
    #[inline]
    fn check(self, name: &str, met_name: Met, met_value: Met) -> Result<(), Error> {
        if met_name.nothing() && !met_value.line_break() {
            return Ok(());
        }
        let line_break = met_name.line_break() || met_value.line_break();
        if self.line_breaks == LineBreaks::Refuse && line_break {
            return Err(Error::named(ErrorKind::ControlCharacter, "parameter", name));
        }
        if !self.encoded_names && !met_name.nothing() {
            return Err(Error::named(ErrorKind::Disputed, "parameter name", name));
        }
        Ok(())
    }
}

/// A name and its value, neither of them encoded.
pub(crate) type Pair<'a> = (&'a str, &'a str);

/// Parameters from up to three places, taken as one list: the signer's own, the query, the form.
#[derive(Clone, Copy)]
pub(crate) struct Pairs<'a>(pub(crate) [&'a [Pair<'a>]; 3]);

impl<'a> Pairs<'a> {
    pub(crate) fn of(pairs: &'a [Pair<'a>]) -> Self {
        Self([&[], pairs, &[]])
    }

    /// How many bytes all pairs have, with the marks between them.
    fn len(&self) -> usize {
        let pair = |(name, value): &Pair<'_>| name.len() + value.len() + 2;
        self.0.iter().flat_map(|part| part.iter()).map(pair).sum()
    }

    #[inline]
    fn at(&self, slot: Slot) -> Pair<'a> {
        let (part, index) = self.place(slot);
        self.0[part][index]
    }

    /// The number of the part that a pair is in.
    fn part(&self, slot: Slot) -> usize {
        self.place(slot).0
    }

    #[inline]
    fn place(&self, slot: Slot) -> (usize, usize) {
        let index = slot.index();
        let [own, query, _] = self.0.map(<[_]>::len);
        if index < own {
            (OWN, index)
        } else if index - own < query {
            (OWN + 1, index - own)
        } else {
            (OWN + 2, index - own - query)
        }
    }
}

/// Where a pair is, in the lowest bits, below the first bytes of its name: these decide nearly every comparison, and a
/// number is what the library sorts without a branch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u64);

impl Slot {
    const INDEX_BITS: u32 = 16;
    const INDEX: u64 = (1 << Self::INDEX_BITS) - 1;

    #[inline]
    fn new(name: &str, index: u64) -> Self {
        Self((prefix(name.as_bytes()) & !Self::INDEX) | index)
    }

    fn index(self) -> usize {
        (self.0 & Self::INDEX) as usize
    }

    fn prefix(self) -> u64 {
        self.0 >> Self::INDEX_BITS
    }
}

/// The part of [`Pairs`] that the signer writes.
const OWN: usize = 0;

/// Fills `order` with the pairs sorted by raw name, in byte order of UTF-8.
///
/// A form parameter shadows one of the query with the same name.
///
/// # Errors
/// An empty name, a name given twice in one place, or one that the signer writes itself; too many pairs.
pub(crate) fn sort(order: &mut Vec<Slot>, pairs: &Pairs<'_>) -> Result<(), Error> {
    order.clear();
    let count = pairs.0.iter().map(|part| part.len()).sum::<usize>();
    if count as u64 > Slot::INDEX {
        return Err(Error::new(ErrorKind::OutOfRange, "number of parameters"));
    }
    let mut first = 0;
    let mut is_any_empty = false;
    for part in pairs.0 {
        order.extend((first..).zip(part).map(|(index, (name, _))| {
            is_any_empty |= name.is_empty();
            Slot::new(name, index)
        }));
        first += part.len() as u64;
    }
    if is_any_empty {
        return Err(Error::new(ErrorKind::Empty, "parameter name"));
    }
    order.sort_unstable();
    let have_same_prefix = |w: &[Slot]| w[0].prefix() == w[1].prefix();
    if order.windows(2).any(have_same_prefix) && sort_same_prefixes(order, pairs) {
        resolve_same_names(order, pairs)?;
    }
    Ok(())
}

/// Sorts neighbours of one prefix; returns whether two have the same name.
fn sort_same_prefixes(order: &mut [Slot], pairs: &Pairs<'_>) -> bool {
    let mut is_any_same = false;
    for last in 1..order.len() {
        let mut at = last;
        while at > 0 && order[at - 1].prefix() == order[at].prefix() {
            match compare(pairs, order[at - 1], order[at]) {
                Ordering::Less => break,
                Ordering::Equal => {
                    is_any_same = true;
                    break;
                }
                Ordering::Greater => order.swap(at - 1, at),
            }
            at -= 1;
        }
    }
    is_any_same
}

/// Sorts `order` anew by encoded name, as OSS V4 does: `%` comes before letters and digits.
pub(crate) fn sort_by_encoded_name(order: &mut [Slot], pairs: &Pairs<'_>) {
    let is_plain = |slot: &Slot| check::is_plain(pairs.at(*slot).0);
    if !order.iter().all(is_plain) {
        let encoded = |slot: &Slot| percent_encode(pairs.at(*slot).0);
        order.sort_by_cached_key(encoded);
    }
}

/// Appends `name=value` pairs joined with `&`.
///
/// # Errors
/// What `rules` refuse, with the name of the parameter.
pub(crate) fn write(
    text: &mut Text,
    pairs: &Pairs<'_>,
    order: &[Slot],
    rules: Rules,
) -> Result<(), Error> {
    let mut to = To::new(text, pairs.len());
    write_to(&mut to, pairs, order, rules)?;
    let written = to.written();
    text.advance(written);
    Ok(())
}

/// Appends `name=value` pairs joined with `&` to `once`, and the same percent-encoded once more to `twice`.
///
/// # Errors
/// What `rules` refuse, with the name of the parameter.
pub(crate) fn write_twice(
    once: &mut Text,
    twice: &mut Text,
    pairs: &Pairs<'_>,
    order: &[Slot],
    rules: Rules,
) -> Result<(), Error> {
    let len = pairs.len();
    let mut to = Both(To::new(once, len), To::new(twice, len));
    write_to(&mut to, pairs, order, rules)?;
    let written = (to.0.written(), to.1.written());
    once.advance(written.0);
    twice.advance(written.1);
    Ok(())
}

#[inline(always)]
fn write_to(
    to: &mut impl Encoder,
    pairs: &Pairs<'_>,
    order: &[Slot],
    rules: Rules,
) -> Result<(), Error> {
    for (i, &slot) in order.iter().enumerate() {
        if i > 0 {
            to.mark(b'&');
        }
        let (name, value) = pairs.at(slot);
        let met_name = to.encode(name);
        if !(rules.bare_names && value.is_empty()) {
            to.mark(b'=');
        }
        let met_value = to.encode(value);
        rules.check(name, met_name, met_value)?;
    }
    Ok(())
}

/// Keeps the pairs whose name is wanted.
pub(crate) fn retain(order: &mut Vec<Slot>, pairs: &Pairs<'_>, is_wanted: impl Fn(&str) -> bool) {
    order.retain(|slot| is_wanted(pairs.at(*slot).0));
}

/// Appends `name=value` pairs as they are, joined with `&`, behind `lead` if there is any.
pub(crate) fn write_raw(
    text: &mut Text,
    pairs: &Pairs<'_>,
    order: &[Slot],
    lead: u8,
    bare_names: bool,
) {
    for (i, &slot) in order.iter().enumerate() {
        let (name, value) = pairs.at(slot);
        text.push(&[if i == 0 { lead } else { b'&' }]);
        text.push_str(name);
        if !(bare_names && value.is_empty()) {
            text.push(b"=");
        }
        text.push_str(value);
    }
}

/// The first eight bytes as a number that compares like them.
#[inline]
fn prefix(name: &[u8]) -> u64 {
    match name.first_chunk() {
        Some(first) => u64::from_be_bytes(*first),
        None => Words::read(name).prefix(),
    }
}

fn compare(pairs: &Pairs<'_>, a: Slot, b: Slot) -> Ordering {
    pairs.at(a).0.cmp(pairs.at(b).0)
}

/// Drops query parameters that the form shadows.
#[cold]
fn resolve_same_names(order: &mut Vec<Slot>, pairs: &Pairs<'_>) -> Result<(), Error> {
    order.sort_by(|a, b| compare(pairs, *a, *b).then(pairs.part(*a).cmp(&pairs.part(*b))));
    let is_same = |a: Slot, b: Slot| compare(pairs, a, b).is_eq();
    for w in order.windows(2).filter(|w| is_same(w[0], w[1])) {
        let (name, _) = pairs.at(w[0]);
        if pairs.part(w[0]) == OWN {
            return Err(Error::named(ErrorKind::Reserved, "parameter", name));
        }
        if pairs.part(w[0]) == pairs.part(w[1]) {
            return Err(Error::named(ErrorKind::Duplicate, "parameter", name));
        }
    }
    // What is left is a query parameter right before the form's of the same name.
    order.reverse();
    order.dedup_by(|later, kept| is_same(*later, *kept));
    order.reverse();
    Ok(())
}
