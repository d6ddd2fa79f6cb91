//! The one visitor that fills every struct.

use std::borrow::Cow;
use std::fmt::{self, Write as _};

use serde::de::{DeserializeSeed, Deserializer, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{DecodeError, scalar};
use crate::model::{FieldValue, List, Map, Model, Place, Slot};

/// How many steps a value may be away from the root: serde_json's own limit, which JSON in a text would start anew.
const MAX_DEPTH: usize = 128;

/// The way from the root of the answer to the value in hand. It is not shortened on an error, and so tells where
/// that was.
#[derive(Default)]
pub(super) struct Way(Vec<Step>);

enum Step {
    Name(Cow<'static, str>),
    Index(usize),
}

impl Way {
    pub(super) fn enter(&mut self, name: impl Into<Cow<'static, str>>) {
        self.0.push(Step::Name(name.into()));
    }

    pub(super) fn leave(&mut self) {
        self.0.pop();
    }

    pub(super) fn error(&self, reason: &str) -> DecodeError {
        let mut path = String::from("$");
        for step in &self.0 {
            // Writing to a string doesn't fail.
            let _ = match step {
                Step::Name(name) => write!(path, ".{name}"),
                Step::Index(index) => write!(path, "[{index}]"),
            };
        }
        DecodeError {
            path,
            reason: reason.to_owned(),
        }
    }
}

type Json<'a, 'de> = &'a mut serde_json::Deserializer<serde_json::de::StrRead<'de>>;

/// Reads a whole document.
pub(super) fn from_slice<'de>(
    bytes: &'de [u8],
    way: &mut Way,
    read: impl FnOnce(Json<'_, 'de>, &mut Way) -> Result<(), serde_json::Error>,
) -> Result<(), DecodeError> {
    // Checked once for the whole, so that the texts in it need not be checked one by one.
    let text = std::str::from_utf8(bytes).map_err(|error| way.error(&error.to_string()))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    read(&mut deserializer, way)
        .and_then(|()| deserializer.end())
        .map_err(|error| way.error(&error.to_string()))
}

/// Fills a struct.
pub(super) fn object<'de, D: Deserializer<'de>>(
    model: &mut dyn Model,
    deserializer: D,
    way: &mut Way,
) -> Result<(), D::Error> {
    deserializer
        .deserialize_any(Fill {
            target: Target::Object(model),
            way,
        })
        .map(drop)
}

/// Fills a value, which is cleared if there is nothing for it; says whether there was.
pub(super) fn value<'de, D: Deserializer<'de>>(
    out: &mut dyn FieldValue,
    wrapper: Option<&'static str>,
    deserializer: D,
    way: &mut Way,
) -> Result<bool, D::Error> {
    if way.0.len() > MAX_DEPTH {
        return Err(D::Error::custom("the answer is nested too deep"));
    }
    let present = match (out.slot(), wrapper) {
        // The text of a number as it came is the text that was meant.
        (Slot::String(text), _) => raw_text(
            <&RawValue as serde::Deserialize>::deserialize(deserializer)?,
            text,
        )?,
        (slot, Some(name)) => deserializer.deserialize_any(Fill {
            target: Target::Wrapped(name, slot),
            way,
        })?,
        (Slot::Object(model), None) => deserializer.deserialize_any(Fill {
            target: Target::Object(model),
            way,
        })?,
        (Slot::Json(json), None) => {
            *json = serde::Deserialize::deserialize(deserializer)?;
            !json.is_null()
        }
        (slot, None) => deserializer.deserialize_any(Fill {
            target: Target::Slot(slot),
            way,
        })?,
    };
    if !present {
        out.clear();
    }
    Ok(present)
}

fn raw_text<E: Error>(raw: &RawValue, out: &mut String) -> Result<bool, E> {
    let raw = raw.get();
    if raw == "null" {
        return Ok(false);
    }
    let quoted = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'));
    *out = match quoted {
        // The usual case: nothing in it is escaped.
        Some(text) if !text.contains('\\') => text.to_owned(),
        Some(_) => serde_json::from_str(raw).map_err(E::custom)?,
        None => raw.to_owned(),
    };
    Ok(true)
}

/// Reports the first field that every answer has and this one lacks.
pub(super) fn check_always(model: &dyn Model, seen: &[usize]) -> Result<(), String> {
    let fields = model.schema().fields.iter().enumerate();
    let missing = fields
        .filter(|(_, field)| field.is_always && field.place == Place::Default)
        .find(|(index, _)| !seen.contains(index));
    match missing {
        Some((_, field)) => Err(format!(
            "`{}` is missing, which the service always sends",
            field.name
        )),
        None => Ok(()),
    }
}

enum Target<'a> {
    Object(&'a mut dyn Model),
    Slot(Slot<'a>),
    /// A list inside an object, under this name.
    Wrapped(&'static str, Slot<'a>),
    /// A list, or one item of it.
    OneOrMore(&'a mut dyn List),
}

struct Fill<'a> {
    target: Target<'a>,
    way: &'a mut Way,
}

impl<'de> Visitor<'de> for Fill<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match &self.target {
            Target::Object(_) | Target::Wrapped(..) => "an object",
            Target::Slot(_) | Target::OneOrMore(_) => "a value",
        })
    }

    fn visit_unit<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_none<E: Error>(self) -> Result<bool, E> {
        Ok(false)
    }

    fn visit_bool<E: Error>(self, is: bool) -> Result<bool, E> {
        self.scalar(|slot| scalar::set_boolean(slot, is))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<bool, E> {
        self.scalar(|slot| scalar::set_integer(slot, number))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<bool, E> {
        match i64::try_from(number) {
            Ok(number) => self.visit_i64(number),
            Err(_) => self.visit_f64(number as f64),
        }
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<bool, E> {
        self.scalar(|slot| scalar::set_float(slot, number))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<bool, E> {
        let bare = text.trim_start();
        let (wrapper, slot) = match self.target {
            _ if bare.is_empty() && !matches!(self.target, Target::Slot(_)) => return Ok(false),
            Target::Object(model) if bare.starts_with('{') => {
                return inner(text, |deserializer| {
                    object(model, deserializer, self.way).map(|()| true)
                });
            }
            Target::Object(_) => return Err(E::custom("expected an object, found a string")),
            Target::Wrapped(name, slot) => (Some(name), slot),
            Target::Slot(slot) => (None, slot),
            Target::OneOrMore(_) => return self.scalar(|slot| scalar::set_text(slot, text)),
        };
        let is_json = (bare.starts_with('[') || bare.starts_with('{'))
            && matches!(slot, Slot::List(_) | Slot::Map(_));
        if is_json {
            return inner(text, |deserializer| match wrapper {
                Some(name) => deserializer.deserialize_any(Fill {
                    target: Target::Wrapped(name, slot),
                    way: self.way,
                }),
                None => deserializer.deserialize_any(Fill {
                    target: Target::Slot(slot),
                    way: self.way,
                }),
            });
        }
        scalar::set_text(slot, text).map_err(E::custom)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<bool, A::Error> {
        let (Target::Slot(Slot::List(list))
        | Target::Wrapped(_, Slot::List(list))
        | Target::OneOrMore(list)) = self.target
        else {
            // `[]` is how some services, written in PHP, send an object without fields.
            return match seq.next_element::<IgnoredAny>()? {
                None => Ok(false),
                Some(_) => Err(A::Error::custom(
                    "expected an object or a scalar, found a list",
                )),
            };
        };
        items(list, &mut seq, self.way)?;
        Ok(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<bool, A::Error> {
        match self.target {
            Target::Object(model) => fields(model, &mut map, self.way).map(|()| true),
            Target::Slot(Slot::Object(model)) => fields(model, &mut map, self.way).map(|()| true),
            Target::Slot(Slot::Map(out)) => entries(out, &mut map, self.way).map(|()| true),
            Target::Wrapped(name, Slot::List(list)) => {
                wrapped(name, list, &mut map, self.way).map(|()| true)
            }
            Target::OneOrMore(list) => match list.add().slot() {
                Slot::Object(model) => fields(model, &mut map, self.way).map(|()| true),
                _ => Err(A::Error::custom("expected a list, found an object")),
            },
            Target::Slot(Slot::List(_)) => {
                Err(A::Error::custom("expected a list, found an object"))
            }
            Target::Slot(_) | Target::Wrapped(..) => {
                Err(A::Error::custom("expected a scalar, found an object"))
            }
        }
    }
}

impl Fill<'_> {
    fn scalar<E: Error>(
        self,
        set: impl FnOnce(Slot<'_>) -> Result<bool, String>,
    ) -> Result<bool, E> {
        match self.target {
            Target::Object(_) => Err(E::custom("expected an object, found a scalar")),
            Target::OneOrMore(list) => {
                let present = set(list.add().slot()).map_err(E::custom)?;
                if !present {
                    list.remove_last();
                }
                Ok(present)
            }
            Target::Slot(slot) | Target::Wrapped(_, slot) => set(slot).map_err(E::custom),
        }
    }
}

/// Reads JSON that came inside a text. Quoting doubles with each level, so a body holds few of them.
fn inner<T, E: Error>(
    text: &str,
    read: impl FnOnce(Json<'_, '_>) -> Result<T, serde_json::Error>,
) -> Result<T, E> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let value = read(&mut deserializer).map_err(E::custom)?;
    deserializer.end().map_err(E::custom)?;
    Ok(value)
}

fn fields<'de, A: MapAccess<'de>>(
    model: &mut dyn Model,
    map: &mut A,
    way: &mut Way,
) -> Result<(), A::Error> {
    let schema = model.schema();
    let mut seen = Vec::new();
    let mut next = 0;
    while let Some(Key(name)) = map.next_key()? {
        // Services send fields in an order of their own, mostly the same: look on from the last.
        let found = (next..schema.fields.len())
            .chain(0..next)
            .find(|&index| schema.fields[index].is_called(&name));
        let Some(index) = found else {
            map.next_value::<IgnoredAny>()?;
            continue;
        };
        next = index + 1;
        let field = &schema.fields[index];
        way.enter(field.name);
        let present = map.next_value_seed(Seed {
            out: model.get_mut(index),
            wrapper: field.wrapper,
            way,
        })?;
        way.leave();
        if present && field.is_always {
            seen.push(index);
        }
    }
    check_always(model, &seen).map_err(A::Error::custom)
}

fn entries<'de, A: MapAccess<'de>>(
    out: &mut dyn Map,
    map: &mut A,
    way: &mut Way,
) -> Result<(), A::Error> {
    while let Some(Key(name)) = map.next_key()? {
        let name = name.into_owned();
        way.enter(name.clone());
        map.next_value_seed(Seed {
            out: out.entry(name),
            wrapper: None,
            way,
        })?;
        way.leave();
    }
    Ok(())
}

fn items<'de, A: SeqAccess<'de>>(
    list: &mut dyn List,
    seq: &mut A,
    way: &mut Way,
) -> Result<(), A::Error> {
    for index in 0.. {
        way.0.push(Step::Index(index));
        let present = seq.next_element_seed(Seed {
            out: list.add(),
            wrapper: None,
            way,
        })?;
        way.leave();
        match present {
            Some(true) => {}
            // A `null` in a list holds nothing; and the end needed no item.
            Some(false) => list.remove_last(),
            None => {
                list.remove_last();
                break;
            }
        }
    }
    Ok(())
}

/// `{"Job": [..]}`, or `{"Job": {..}}` for one.
fn wrapped<'de, A: MapAccess<'de>>(
    name: &'static str,
    list: &mut dyn List,
    map: &mut A,
    way: &mut Way,
) -> Result<(), A::Error> {
    while let Some(Key(key)) = map.next_key()? {
        if key == name {
            way.enter(name);
            map.next_value_seed(OneOrMore {
                list: &mut *list,
                way,
            })?;
            way.leave();
        } else {
            map.next_value::<IgnoredAny>()?;
        }
    }
    Ok(())
}

struct Seed<'a> {
    out: &'a mut dyn FieldValue,
    wrapper: Option<&'static str>,
    way: &'a mut Way,
}

impl<'de> DeserializeSeed<'de> for Seed<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        value(self.out, self.wrapper, deserializer, self.way)
    }
}

struct OneOrMore<'a> {
    list: &'a mut dyn List,
    way: &'a mut Way,
}

impl<'de> DeserializeSeed<'de> for OneOrMore<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(Fill {
            target: Target::OneOrMore(self.list),
            way: self.way,
        })
    }
}

/// A name in an object, borrowed where it holds no escape.
struct Key<'de>(Cow<'de, str>);

impl<'de> serde::Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a name")
            }

            fn visit_borrowed_str<E: Error>(self, name: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(name)))
            }

            fn visit_str<E: Error>(self, name: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(name.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}
