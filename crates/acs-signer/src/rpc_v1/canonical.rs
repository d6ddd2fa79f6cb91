//! The canonical query, and beside it the string to sign, which has it percent-encoded once more.

use super::{
    ACCESS_KEY_ID, ACTION, FORMAT, SIGNATURE_METHOD, SIGNATURE_NONCE, SIGNATURE_VERSION, TIMESTAMP,
    VERSION,
};
use crate::encode::{Both, Encoder as _, ONCE_LONGEST, TWICE_LONGEST};
use crate::error::{Error, ErrorKind};
use crate::query::{Pairs, Rules, Slot};
use crate::running::Follow;
use crate::text::Text;
use std::cmp::Ordering;

/// How many parameters the signer writes into every request.
pub(super) const OWN_COUNT: usize = 8;

/// Their names, in order.
pub(super) static OWN: [OwnName; OWN_COUNT] = [
    OwnName::new(ACCESS_KEY_ID),
    OwnName::new(ACTION),
    OwnName::new(FORMAT),
    OwnName::new(SIGNATURE_METHOD),
    OwnName::new(SIGNATURE_NONCE),
    OwnName::new(SIGNATURE_VERSION),
    OwnName::new(TIMESTAMP),
    OwnName::new(VERSION),
];

/// A name of which nothing is percent-encoded.
pub(super) struct OwnName {
    name: &'static str,
    /// Where it belongs among the caller's.
    prefix: u64,
    /// The name and `=`, percent-encoded once and twice, with zeros behind it.
    once: [u8; Self::ROOM],
    twice: [u8; Self::ROOM],
}

impl OwnName {
    const ROOM: usize = 32;

    const fn new(name: &'static str) -> Self {
        let (mut once, mut twice) = ([0; Self::ROOM], [0; Self::ROOM]);
        let bytes = name.as_bytes();
        let (mut i, mut prefix) = (0, 0);
        while i < bytes.len() {
            once[i] = bytes[i];
            twice[i] = bytes[i];
            if i < 8 {
                prefix |= (bytes[i] as u64) << (56 - 8 * i);
            }
            i += 1;
        }
        once[i] = b'=';
        [twice[i], twice[i + 1], twice[i + 2]] = *b"%3D";
        Self {
            name,
            prefix: prefix >> Slot::PLACE_BITS,
            once,
            twice,
        }
    }

    pub(super) fn as_str(&self) -> &'static str {
        self.name
    }

    /// Whether the caller's parameter comes before this one.
    ///
    /// # Errors
    /// It has the same name.
    #[inline(always)]
    fn is_behind(&self, pairs: &Pairs<'_>, slot: Slot) -> Result<bool, Error> {
        if slot.prefix() != self.prefix {
            return Ok(slot.prefix() < self.prefix);
        }
        let (name, _) = pairs.at(slot);
        match name.cmp(self.name) {
            Ordering::Less => Ok(true),
            Ordering::Greater => Ok(false),
            Ordering::Equal => Err(Error::named(ErrorKind::Reserved, "parameter", name)),
        }
    }
}

/// Appends `name=value` pairs joined with `&` to `once`, and the same percent-encoded once more to `twice`: the signer's
/// `own`, and among them the caller's, which are sorted. Both texts are written side by side, in one pass.
///
/// # Errors
/// What `rules` refuse, or a name that is the signer's, with the name of the parameter.
pub(super) fn write(
    (once, twice): (&mut Text, &mut Text),
    mut own: &[(&OwnName, &str)],
    pairs: &Pairs<'_>,
    mut order: &[Slot],
    rules: Rules,
    hash: &mut impl Follow,
) -> Result<(), Error> {
    let own_len = |(name, value): &(&OwnName, &str)| name.name.len() + value.len() + 2;
    let len = pairs.len() + own.iter().map(own_len).sum::<usize>();
    let mut to = Both(once.pen(ONCE_LONGEST * len), twice.pen(TWICE_LONGEST * len));
    while !(own.is_empty() && order.is_empty()) {
        let is_own = match (own.first(), order.first()) {
            (Some((name, _)), Some(&slot)) => !name.is_behind(pairs, slot)?,
            (own, _) => own.is_some(),
        };
        let (name, value, in_name) = if is_own && let [(name, value), rest @ ..] = own {
            own = rest;
            to.0.put_some(&name.once, name.name.len() + "=".len());
            to.1.put_some(&name.twice, name.name.len() + "%3D".len());
            (name.name, *value, 0)
        } else if let [slot, rest @ ..] = order {
            order = rest;
            let (name, value) = pairs.at(*slot);
            let in_name = to.encode(name);
            to.0.put(b"=");
            to.1.put(b"%3D");
            (name, value, in_name)
        } else {
            break;
        };
        let in_value = to.encode(value);
        rules.check((name, value), [in_name, in_value])?;
        // One too many, which is taken back.
        to.0.put(b"&");
        to.1.put(b"%26");
        // The hash stays far enough behind not to have met it.
        hash.follow(to.1.as_bytes());
    }
    let Both(mut once_pen, mut twice_pen) = to;
    if once_pen.len() > 0 {
        once_pen.back("&".len());
        twice_pen.back("%26".len());
    }
    let len = (once_pen.len(), twice_pen.len());
    once.set_len(len.0);
    twice.set_len(len.1);
    Ok(())
}
