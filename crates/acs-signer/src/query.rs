//! The canonical query: parameters sorted by name and percent-encoded.

use crate::check::{self, LineBreaks};
use crate::chunk;
use crate::encode::{Encoder as _, ONCE_LONGEST, percent_encode};
use crate::error::{Error, ErrorKind};
use crate::running::Follow;
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
    /// Checks a pair, of which so many bytes were percent-encoded: where none was, there is nothing to refuse.
    #[inline(always)]
    pub(crate) fn check(
        self,
        (name, value): Pair<'_>,
        [in_name, in_value]: [usize; 2],
    ) -> Result<(), Error> {
        if in_name | in_value == 0 {
            return Ok(());
        }
        let has_line_break = |text, encoded| encoded > 0 && check::has_line_break(text);
        if self.line_breaks == LineBreaks::Refuse
            && (has_line_break(name, in_name) || has_line_break(value, in_value))
        {
            return Err(Error::named(ErrorKind::ControlCharacter, "parameter", name));
        }
        if !self.encoded_names && in_name > 0 {
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
    pub(crate) fn len(&self) -> usize {
        let pair = |(name, value): &Pair<'_>| name.len() + value.len() + 2;
        self.0.iter().flat_map(|part| part.iter()).map(pair).sum()
    }

    #[inline(always)]
    pub(crate) fn at(&self, slot: Slot) -> Pair<'a> {
        self.0[slot.part()][slot.index()]
    }
}

/// Where a pair is, its part and its index there, in the lowest bits, below the first bytes of its name: these decide
/// nearly every comparison, and a number is what the library sorts without a branch.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Slot(u64);

impl Slot {
    const INDEX_BITS: u32 = 16;
    pub(crate) const PLACE_BITS: u32 = Self::INDEX_BITS + 2;
    const MOST: usize = 1 << Self::INDEX_BITS;

    #[inline(always)]
    fn new(name: &str, place: u64) -> Self {
        let prefix = chunk::prefix(name.as_bytes()) >> Self::PLACE_BITS;
        Self((prefix << Self::PLACE_BITS) | place)
    }

    /// The number of the part that the pair is in.
    #[inline(always)]
    fn part(self) -> usize {
        (self.0 >> Self::INDEX_BITS) as usize & 3
    }

    #[inline(always)]
    fn index(self) -> usize {
        self.0 as usize & (Self::MOST - 1)
    }

    /// As much of the name as decides the order, but for names that are the same so far.
    #[inline(always)]
    pub(crate) fn prefix(self) -> u64 {
        self.0 >> Self::PLACE_BITS
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
    if pairs.0.iter().any(|part| part.len() > Slot::MOST) {
        return Err(Error::new(ErrorKind::OutOfRange, "number of parameters"));
    }
    let mut is_any_empty = false;
    for (part, pairs) in (0u64..).zip(pairs.0) {
        if pairs.is_empty() {
            continue;
        }
        let first = part << Slot::INDEX_BITS;
        order.extend((first..).zip(pairs).map(|(place, (name, _))| {
            is_any_empty |= name.is_empty();
            Slot::new(name, place)
        }));
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
    for same in order.chunk_by_mut(|a, b| a.prefix() == b.prefix()) {
        if same.len() > 1 {
            same.sort_unstable_by(|a, b| compare(pairs, *a, *b));
            is_any_same |= same.windows(2).any(|w| compare(pairs, w[0], w[1]).is_eq());
        }
    }
    is_any_same
}

/// Appends `name=value` pairs joined with `&`, sorted by encoded name, as OSS V4 does: `%` comes before letters and digits.
///
/// # Errors
/// What `rules` refuse, with the name of the parameter.
pub(crate) fn write_by_encoded_name(
    text: &mut Text,
    pairs: &Pairs<'_>,
    order: &mut [Slot],
    rules: Rules,
) -> Result<(), Error> {
    let start = text.len();
    let are_names_plain = write(text, pairs, order, rules, &mut ())?;
    if !are_names_plain {
        order.sort_by_cached_key(|slot| percent_encode(pairs.at(*slot).0));
        text.set_len(start);
        write(text, pairs, order, rules, &mut ())?;
    }
    Ok(())
}

/// Appends `name=value` pairs joined with `&`; returns whether no name was percent-encoded.
///
/// # Errors
/// What `rules` refuse, with the name of the parameter.
pub(crate) fn write(
    text: &mut Text,
    pairs: &Pairs<'_>,
    order: &[Slot],
    rules: Rules,
    hash: &mut impl Follow,
) -> Result<bool, Error> {
    let mut pen = text.pen(ONCE_LONGEST * pairs.len());
    let mut are_names_plain = true;
    for (i, &slot) in order.iter().enumerate() {
        if i > 0 {
            pen.put(b"&");
        }
        let (name, value) = pairs.at(slot);
        let in_name = pen.encode(name);
        if !(rules.bare_names && value.is_empty()) {
            pen.put(b"=");
        }
        let in_value = pen.encode(value);
        rules.check((name, value), [in_name, in_value])?;
        are_names_plain &= in_name == 0;
        hash.follow(pen.as_bytes());
    }
    let len = pen.len();
    text.set_len(len);
    Ok(are_names_plain)
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

fn compare(pairs: &Pairs<'_>, a: Slot, b: Slot) -> Ordering {
    pairs.at(a).0.cmp(pairs.at(b).0)
}

/// Drops query parameters that the form shadows.
#[cold]
fn resolve_same_names(order: &mut Vec<Slot>, pairs: &Pairs<'_>) -> Result<(), Error> {
    order.sort_by(|a, b| compare(pairs, *a, *b).then(a.part().cmp(&b.part())));
    let is_same = |a: Slot, b: Slot| compare(pairs, a, b).is_eq();
    for w in order.windows(2).filter(|w| is_same(w[0], w[1])) {
        let (name, _) = pairs.at(w[0]);
        if w[0].part() == OWN {
            return Err(Error::named(ErrorKind::Reserved, "parameter", name));
        }
        if w[0].part() == w[1].part() {
            return Err(Error::named(ErrorKind::Duplicate, "parameter", name));
        }
    }
    // What is left is a query parameter right before the form's of the same name.
    order.reverse();
    order.dedup_by(|later, kept| is_same(*later, *kept));
    order.reverse();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_names_that_begin_alike_are_sorted() {
        let count = Slot::MOST as u64;
        // A permutation of all of them, as the factor is odd.
        let names: Vec<_> = (0..count)
            .map(|i| format!("Parameter{:05}", i * 40_503 % count))
            .collect();
        let given: Vec<_> = names.iter().map(|name| (name.as_str(), "")).collect();
        let pairs = Pairs::of(&given);
        let mut order = Vec::new();
        sort(&mut order, &pairs).unwrap();
        assert!(order.is_sorted_by(|a, b| pairs.at(*a).0 < pairs.at(*b).0));
    }
}
