//! JSON in which no object has a name twice: readers that take the first, or the last, would read two policies.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value};

use crate::error::PolicyError;

/// The most bytes that a document may have: far more than RAM takes (6144 characters), and little enough to be held in
/// memory whatever it holds.
const MAX_BYTES: usize = 1 << 20;

/// Reads a document. The error has line and column, and nothing of the text.
pub(crate) fn parse(text: &str) -> Result<Value, PolicyError> {
    if text.len() > MAX_BYTES {
        return Err(PolicyError::new(
            "policy",
            format!(
                "has {} bytes: no policy has more than {MAX_BYTES}",
                text.len()
            ),
        ));
    }
    match serde_json::from_str::<Unique>(text) {
        Ok(Unique(value)) => Ok(value),
        Err(error) => {
            let place = format!("line {}, column {}", error.line(), error.column());
            // Any value is taken, so that the data are at fault for one reason only.
            Err(PolicyError::new(
                place,
                if error.is_data() {
                    "this name is in its object already"
                } else {
                    "this is not JSON"
                },
            ))
        }
    }
}

struct Unique(Value);

impl<'de> Deserialize<'de> for Unique {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Values).map(Self)
    }
}

struct Values;

impl<'de> Visitor<'de> for Values {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value, A::Error> {
        let mut values = Vec::new();
        while let Some(Unique(value)) = list.next_element()? {
            values.push(value);
        }
        Ok(Value::Array(values))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(name) = object.next_key::<String>()? {
            if map.contains_key(&name) {
                return Err(A::Error::custom("twice"));
            }
            let Unique(value) = object.next_value()?;
            map.insert(name, value);
        }
        Ok(Value::Object(map))
    }
}
