//! Fills structs from JSON, by their tables: compiled once for all of them.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::json::{Malformed, Reader, Token};
use super::{DecodeError, scalar};
use crate::model::{Field, FieldValue, List, Map, Model, Place, Slot};
use crate::text;

/// How deep lists and objects may be nested, also over JSON in a text, which is read by a reader of its own.
const MAX_DEPTH: usize = 128;

/// The bytes that a document may become: an answer made of empty objects alone takes a few bytes for each, and a whole
/// struct of ours.
const fn room_of(text: &str) -> usize {
    (16 << 20) + text.len().saturating_mul(64)
}

/// What is wrong, and where. The place is put together on the way back to the root, so that it costs nothing where
/// nothing is wrong.
#[derive(Debug)]
pub(super) struct Fault(Box<Inner>);

#[derive(Debug)]
struct Inner {
    reason: String,
    /// From the value to the root.
    way: Vec<Step>,
}

#[derive(Debug)]
enum Step {
    Name(Cow<'static, str>),
    Index(usize),
}

impl Fault {
    pub(super) fn new(reason: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            reason: reason.into(),
            way: Vec::new(),
        }))
    }

    /// Says under which name the fault is.
    pub(super) fn under(mut self, name: impl Into<Cow<'static, str>>) -> Self {
        self.0.way.push(Step::Name(name.into()));
        self
    }

    fn at(mut self, index: usize) -> Self {
        self.0.way.push(Step::Index(index));
        self
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        Self::new(malformed)
    }
}

impl From<Fault> for DecodeError {
    fn from(fault: Fault) -> Self {
        let mut path = String::from("$");
        for step in fault.0.way.iter().rev() {
            // Writing to a string doesn't fail.
            _ = match step {
                // The key of a map is the service's text, of any length.
                Step::Name(name) => write!(path, ".{}", text::excerpt(name.as_bytes())),
                Step::Index(index) => write!(path, "[{index}]"),
            };
            if path.len() > text::EXCERPT_CHARS {
                path = text::excerpt(path.as_bytes());
                break;
            }
        }
        Self {
            path,
            reason: fault.0.reason,
        }
    }
}

/// Fills a struct from a document.
pub(super) fn object(text: &str, model: &mut dyn Model) -> Result<(), Fault> {
    let mut fill = Fill::new(text);
    if !fill.value(Slot::Object(&mut *model), Within::NOTHING)? {
        check_always(model, &Seen::default())?;
    }
    Ok(fill.reader.end()?)
}

/// Fills a value from a document.
pub(super) fn value(text: &str, out: &mut dyn FieldValue) -> Result<(), Fault> {
    let mut fill = Fill::new(text);
    fill.or_clear(out, Within::NOTHING)?;
    Ok(fill.reader.end()?)
}

/// Reports the first field that every answer has and this one lacks.
pub(super) fn check_always(model: &dyn Model, seen: &Seen) -> Result<(), Fault> {
    let fields = model.schema().fields.iter().enumerate();
    let missing = fields
        .filter(|(_, field)| field.is_always && field.place == Place::Default)
        .find(|(index, _)| !seen.contains(*index));
    match missing {
        Some((_, field)) => Err(Fault::new(format!(
            "`{}` is missing, which the service always sends",
            field.name
        ))),
        None => Ok(()),
    }
}

/// The indices of the fields that were there.
#[derive(Default)]
pub(super) struct Seen {
    first: u64,
    /// Those from 64 on, which few structs have.
    others: Vec<usize>,
}

impl Seen {
    fn add(&mut self, index: usize) {
        match 1_u64.checked_shl(index as u32) {
            Some(bit) => self.first |= bit,
            None => self.others.push(index),
        }
    }

    fn remove(&mut self, index: usize) {
        match 1_u64.checked_shl(index as u32) {
            Some(bit) => self.first &= !bit,
            None => self.others.retain(|other| *other != index),
        }
    }

    fn contains(&self, index: usize) -> bool {
        match 1_u64.checked_shl(index as u32) {
            Some(bit) => self.first & bit != 0,
            None => self.others.contains(&index),
        }
    }
}

/// In what order the fields of a struct came, to guess by: services write the items of a list alike.
struct Order {
    /// The field that came after each; of the first place, the one that came first.
    after: [u8; Self::LENGTH],
}

impl Order {
    const LENGTH: usize = 64;

    /// Starts with the order of the table.
    fn of_the_table() -> Self {
        const AFTER: [u8; Order::LENGTH] = {
            let mut after = [0; Order::LENGTH];
            let mut index = 0;
            while index < Order::LENGTH {
                after[index] = index as u8;
                index += 1;
            }
            after
        };
        Self { after: AFTER }
    }

    /// Guesses what comes in the place `next`, one after the field that came last.
    fn guess(&self, next: usize) -> usize {
        self.after.get(next).map_or(next, |index| (*index).into())
    }

    fn learn(&mut self, next: usize, index: usize) {
        if let (Some(after), Ok(index)) = (self.after.get_mut(next), index.try_into()) {
            *after = index;
        }
    }
}

/// What a value stands in.
enum Within<'o> {
    /// A field, whose list may have a wrapper of this name.
    Field(Option<&'static str>),
    /// A list, whose items are written alike.
    List(&'o mut Order),
}

impl Within<'_> {
    const NOTHING: Self = Self::Field(None);

    fn wrapper(&self) -> Option<&'static str> {
        match self {
            Self::Field(wrapper) => *wrapper,
            Self::List(_) => None,
        }
    }
}

struct Fill<'a> {
    reader: Reader<'a>,
    depth: usize,
    /// The bytes that lists and maps may still take.
    room: usize,
}

impl<'a> Fill<'a> {
    fn new(text: &'a str) -> Self {
        Self {
            reader: Reader::new(text),
            depth: 0,
            room: room_of(text),
        }
    }

    /// Takes the room of an item.
    fn take_room(&mut self, item: &dyn FieldValue) -> Result<(), Fault> {
        self.room = self
            .room
            .checked_sub(size_of_val(item))
            .ok_or_else(|| Fault::new("there are more items than such an answer can have"))?;
        Ok(())
    }

    /// Fills a value, which is cleared if there is nothing for it; says whether there was.
    fn or_clear(&mut self, out: &mut dyn FieldValue, within: Within<'_>) -> Result<bool, Fault> {
        let present = self.value(out.slot(), within)?;
        if !present {
            out.clear();
        }
        Ok(present)
    }

    /// Fills a slot; says whether there was something for it.
    fn value(&mut self, slot: Slot<'_>, within: Within<'_>) -> Result<bool, Fault> {
        // What is usual is read without a look at what else it could be.
        let slot = match slot {
            Slot::String(out) => {
                if let Some(text) = self.reader.plain_text() {
                    *out = text.to_owned();
                    return Ok(true);
                }
                Slot::String(out)
            }
            Slot::Integer(out) => {
                if let Some(number) = self.reader.plain_integer() {
                    *out = number;
                    return Ok(true);
                }
                Slot::Integer(out)
            }
            Slot::Text(out) => {
                if let Some(text) = self.reader.plain_text() {
                    return Ok(scalar::set(out, text));
                }
                Slot::Text(out)
            }
            slot => slot,
        };
        let place = self.reader.place();
        match (self.reader.token()?, slot) {
            (Token::Null, _) => Ok(false),
            // The text of a number as it came is the text that was meant.
            (Token::Number(number), slot) => scalar::set_number(slot, number),
            (Token::Boolean(is), slot) => scalar::set_boolean(slot, is),
            (_, Slot::Json(out)) => {
                self.reader.back(place);
                *out = serde_json::from_str(self.reader.skip()?)
                    .map_err(|error| Fault::new(error.to_string()))?;
                Ok(true)
            }
            (Token::Text(text), slot) => self.text(&text, slot, within),
            (Token::List, Slot::List(list)) => self.nested(|fill| fill.items(list)),
            // `[]` is how some services, written in PHP, send an object without fields.
            (Token::List, _) if !self.reader.next_item(true)? => Ok(false),
            (Token::List, _) => Err(Fault::new("expected an object or a scalar, found a list")),
            (Token::Object, Slot::Object(model)) => self.nested(|fill| match within {
                Within::List(order) => fill.fields(model, order),
                Within::Field(_) => fill.fields(model, &mut Order::of_the_table()),
            }),
            (Token::Object, Slot::Map(map)) => self.nested(|fill| fill.entries(map)),
            (Token::Object, Slot::List(list)) => match within.wrapper() {
                Some(name) => self.nested(|fill| fill.wrapped(name, list)),
                None => Err(Fault::new("expected a list, found an object")),
            },
            (Token::Object, _) => Err(Fault::new("expected a scalar, found an object")),
        }
    }

    /// A text where a struct, a list or another scalar is due: it may hold the JSON of one.
    fn text(&mut self, text: &str, slot: Slot<'_>, within: Within<'_>) -> Result<bool, Fault> {
        let is_json = matches!(
            (text.trim_start().as_bytes().first(), &slot),
            (Some(b'{'), Slot::Object(_)) | (Some(b'{' | b'['), Slot::List(_) | Slot::Map(_))
        );
        if !is_json {
            return scalar::set_text(slot, text);
        }
        // Quoting doubles with each level, so a body holds few of them.
        let mut inner = Fill {
            reader: Reader::new(text),
            depth: self.depth + 1,
            room: self.room,
        };
        let present = inner.value(slot, within)?;
        inner.reader.end()?;
        self.room = inner.room;
        Ok(present)
    }

    /// Reads what is inside a list or an object.
    fn nested(&mut self, read: impl FnOnce(&mut Self) -> Result<(), Fault>) -> Result<bool, Fault> {
        if self.depth >= MAX_DEPTH {
            return Err(Fault::new("the answer is nested too deep"));
        }
        self.depth += 1;
        read(self)?;
        self.depth -= 1;
        Ok(true)
    }

    fn fields(&mut self, model: &mut dyn Model, order: &mut Order) -> Result<(), Fault> {
        let fields = model.schema().fields;
        let (mut met, mut seen) = (Seen::default(), Seen::default());
        let mut next = 0;
        let mut is_first = true;
        while self.reader.next_member(is_first)? {
            is_first = false;
            let Some(index) = self.field(fields, next, order)? else {
                self.reader.skip()?;
                continue;
            };
            next = index + 1;
            let field = &fields[index];
            if met.contains(index) {
                // Of a name that comes twice, the last counts.
                model.get_mut(index).clear();
                seen.remove(index);
            } else {
                met.add(index);
            }
            let present = self
                .or_clear(model.get_mut(index), Within::Field(field.wrapper))
                .map_err(|fault| fault.under(field.name))?;
            if present && field.is_always {
                seen.add(index);
            }
        }
        check_always(model, &seen)
    }

    /// Reads a name and finds its field.
    fn field(
        &mut self,
        fields: &'static [Field],
        next: usize,
        order: &mut Order,
    ) -> Result<Option<usize>, Fault> {
        let guess = order.guess(next);
        if let Some(field) = fields.get(guess)
            && self.reader.is_named(field.name)?
        {
            return Ok(Some(guess));
        }
        let found = match self.reader.plain_name() {
            Some(name) => find(fields, name, next),
            None => find(fields, &self.reader.name()?, next),
        };
        if let Some(index) = found {
            order.learn(next, index);
        }
        Ok(found)
    }

    fn entries(&mut self, out: &mut dyn Map) -> Result<(), Fault> {
        let mut is_first = true;
        while self.reader.next_member(is_first)? {
            is_first = false;
            let name = self.reader.name()?;
            let entry = out.entry(name.clone().into_owned());
            self.take_room(entry)?;
            // Of a name that comes twice, the last counts.
            entry.clear();
            self.or_clear(entry, Within::NOTHING)
                .map_err(|fault| fault.under(name.into_owned()))?;
        }
        Ok(())
    }

    fn items(&mut self, list: &mut dyn List) -> Result<(), Fault> {
        let mut order = Order::of_the_table();
        let mut index = 0;
        while self.reader.next_item(index == 0)? {
            // A `null` in a list holds nothing.
            let item = list.add();
            self.take_room(item)?;
            let within = Within::List(&mut order);
            if !self
                .or_clear(item, within)
                .map_err(|fault| fault.at(index))?
            {
                list.remove_last();
            }
            index += 1;
        }
        Ok(())
    }

    /// `{"Job": [..]}`, or `{"Job": {..}}` for one.
    fn wrapped(&mut self, name: &'static str, list: &mut dyn List) -> Result<(), Fault> {
        let mut is_first = true;
        while self.reader.next_member(is_first)? {
            is_first = false;
            if self.reader.is_named(name)? {
                // As above.
                while !list.is_empty() {
                    list.remove_last();
                }
                self.one_or_more(list).map_err(|fault| fault.under(name))?;
            } else {
                self.reader.name()?;
                self.reader.skip()?;
            }
        }
        Ok(())
    }

    fn one_or_more(&mut self, list: &mut dyn List) -> Result<(), Fault> {
        let place = self.reader.place();
        match self.reader.token()? {
            Token::Null => {}
            Token::List => _ = self.nested(|fill| fill.items(list))?,
            Token::Text(text) if text.trim().is_empty() => {}
            _ => {
                self.reader.back(place);
                let item = list.add();
                self.take_room(item)?;
                if !self.or_clear(item, Within::NOTHING)? {
                    list.remove_last();
                }
            }
        }
        Ok(())
    }
}

/// Finds a field by its name. Services send fields in an order of their own, mostly not far from the table's.
fn find(fields: &[Field], name: &str, next: usize) -> Option<usize> {
    let (before, after) = fields.split_at(next.min(fields.len()));
    let is_it = |field: &Field| field.name == name;
    let found = after
        .iter()
        .position(is_it)
        .map(|index| before.len() + index);
    found
        .or_else(|| before.iter().position(is_it))
        .or_else(|| fields.iter().position(|field| field.is_called(name)))
}
