//! JSON with an eye on names that come twice in one object, of which only the last would be seen.

use std::cell::RefCell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

use crate::cursor::Step;
use crate::error::{Error, Result};

/// Reads a text, with or without a byte order mark. Also says which names come twice.
///
/// # Errors
/// The text is no JSON: the error names line and column.
pub(crate) fn parse(text: &str) -> Result<(Value, Vec<String>)> {
    let text = text.trim_start_matches('\u{feff}');
    let notes = RefCell::default();
    let root = Place {
        parent: None,
        step: Step::Root,
        notes: &notes,
    };
    let mut reader = serde_json::Deserializer::from_str(text);
    let value = root
        .deserialize(&mut reader)
        .and_then(|value| reader.end().map(|()| value))
        .map_err(|error| Error::input(format!("no JSON: {error}")))?;
    Ok((value, notes.take()))
}

#[derive(Clone, Copy)]
struct Place<'a> {
    parent: Option<&'a Self>,
    step: Step<'a>,
    notes: &'a RefCell<Vec<String>>,
}

impl<'a> Place<'a> {
    fn below<'b>(&'b self, step: Step<'b>) -> Place<'b>
    where
        'a: 'b,
    {
        Place {
            parent: Some(self),
            step,
            notes: self.notes,
        }
    }

    fn path(&self) -> String {
        self.step.after(self.parent.map(Place::path))
    }
}

impl<'de> DeserializeSeed<'de> for Place<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(
        self,
        deserializer: D,
    ) -> std::result::Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Place<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> std::result::Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, is: bool) -> std::result::Result<Value, E> {
        Ok(Value::Bool(is))
    }

    fn visit_i64<E>(self, number: i64) -> std::result::Result<Value, E> {
        Ok(number.into())
    }

    fn visit_u64<E>(self, number: u64) -> std::result::Result<Value, E> {
        Ok(number.into())
    }

    fn visit_f64<E: serde::de::Error>(self, number: f64) -> std::result::Result<Value, E> {
        let number = Number::from_f64(number).ok_or_else(|| E::custom("no finite number"))?;
        Ok(Value::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> std::result::Result<Value, E> {
        Ok(text.into())
    }

    fn visit_string<E>(self, text: String) -> std::result::Result<Value, E> {
        Ok(text.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> std::result::Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self.below(Step::Index(items.len())))? {
            items.push(item);
        }
        Ok(Value::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> std::result::Result<Value, A::Error> {
        let mut fields = Map::new();
        while let Some(name) = map.next_key::<String>()? {
            let place = self.below(Step::Name(&name));
            let value = map.next_value_seed(place)?;
            if fields.contains_key(&name) {
                let note = format!("{}: the name comes twice; the last counts", place.path());
                self.notes.borrow_mut().push(note);
            }
            fields.insert(name, value);
        }
        Ok(Value::Object(fields))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_read_as_serde_json_reads_it_and_names_that_come_twice_are_told() {
        let text = "\u{feff}{\"a\": [1, -2, 2.5, 18446744073709551615, \"\\u00e9\", null, true],\r\n \"a b\": {\"c\": 1, \"c\": 2}}";
        let (value, notes) = parse(text).unwrap();
        let bare = text.trim_start_matches('\u{feff}');
        assert_eq!(value, serde_json::from_str::<Value>(bare).unwrap());
        assert_eq!(
            notes,
            ["$[\"a b\"].c: the name comes twice; the last counts"]
        );
    }

    #[test]
    fn what_is_no_json_is_told_by_line_and_column() {
        for text in ["{", "{\"a\": 1,\n\"b\": 1e999}", "[1,]", "{} x", "nul"] {
            let ours = parse(text).unwrap_err().message;
            let serdes = serde_json::from_str::<Value>(text).unwrap_err();
            assert_eq!(ours, format!("no JSON: {serdes}"));
        }
    }
}
