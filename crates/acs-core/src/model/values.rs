use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;
use serde::ser::{Error as _, Serialize, SerializeMap, SerializeSeq, Serializer};
use serde_json::Value;

use super::{Field, FieldValue, List, Map, Model, Slot, Style, View};

macro_rules! values {
    ($($type:ty: $this:ident => $view:expr, $slot:ident;)*) => {$(
        impl FieldValue for $type {
            fn view(&self) -> View<'_> {
                let $this = self;
                $view
            }

            fn slot(&mut self) -> Slot<'_> {
                Slot::$slot(self)
            }

            fn clear(&mut self) {
                *self = Self::default();
            }
        }
    )*};
}

values! {
    String: this => View::Text(Cow::Borrowed(this)), String;
    i32: this => View::Integer(i64::from(*this)), Integer32;
    i64: this => View::Integer(*this), Integer;
    f64: this => View::Float(*this), Float;
    bool: this => View::Boolean(*this), Boolean;
    Value: this => View::Json(this), Json;
    Bytes: this => View::Bytes(this), Bytes;
}

/// An answer without content.
impl FieldValue for () {
    fn view(&self) -> View<'_> {
        View::Absent
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Nothing
    }

    fn clear(&mut self) {}
}

impl<T: Model + Default> FieldValue for T {
    #[inline]
    fn view(&self) -> View<'_> {
        View::Object(self)
    }

    #[inline]
    fn slot(&mut self) -> Slot<'_> {
        Slot::Object(self)
    }

    #[inline]
    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<T: Model + ?Sized> Model for Box<T> {
    fn schema(&self) -> &'static super::Schema {
        (**self).schema()
    }

    fn get(&self, index: usize) -> &dyn FieldValue {
        (**self).get(index)
    }

    fn get_mut(&mut self, index: usize) -> &mut dyn FieldValue {
        (**self).get_mut(index)
    }
}

impl<T: FieldValue + Default> FieldValue for Option<T> {
    #[inline]
    fn view(&self) -> View<'_> {
        self.as_ref().map_or(View::Absent, T::view)
    }

    #[inline]
    fn slot(&mut self) -> Slot<'_> {
        self.get_or_insert_default().slot()
    }

    #[inline]
    fn clear(&mut self) {
        *self = None;
    }
}

impl<T: FieldValue + Default> FieldValue for Vec<T> {
    #[inline]
    fn view(&self) -> View<'_> {
        View::List(self)
    }

    #[inline]
    fn slot(&mut self) -> Slot<'_> {
        Slot::List(self)
    }

    #[inline]
    fn clear(&mut self) {
        Self::clear(self);
    }
}

impl<T: FieldValue + Default> List for Vec<T> {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn item(&self, index: usize) -> Option<&dyn FieldValue> {
        self.get(index).map(|item| item as &dyn FieldValue)
    }

    #[inline]
    fn add(&mut self) -> &mut dyn FieldValue {
        self.push(T::default());
        let last = self.len() - 1;
        &mut self[last]
    }

    #[inline]
    fn remove_last(&mut self) {
        self.pop();
    }
}

impl<T: FieldValue + Default> FieldValue for BTreeMap<String, T> {
    #[inline]
    fn view(&self) -> View<'_> {
        View::Map(self)
    }

    #[inline]
    fn slot(&mut self) -> Slot<'_> {
        Slot::Map(self)
    }

    #[inline]
    fn clear(&mut self) {
        Self::clear(self);
    }
}

impl<T: FieldValue + Default> Map for BTreeMap<String, T> {
    #[inline]
    fn len(&self) -> usize {
        self.len()
    }

    #[inline]
    fn entry_at(&self, index: usize) -> Option<(&str, &dyn FieldValue)> {
        let (name, value) = self.iter().nth(index)?;
        Some((name, value))
    }

    #[inline]
    fn visit(&self, visit: &mut dyn FnMut(&str, &dyn FieldValue)) {
        for (name, value) in self {
            visit(name, value);
        }
    }

    #[inline]
    fn entry(&mut self, name: String) -> &mut dyn FieldValue {
        self.entry(name).or_default()
    }
}

/// Writes a value as JSON text. Absent fields are left out.
pub(crate) fn write_json(value: &View<'_>) -> Result<Vec<u8>, serde_json::Error> {
    serde_json::to_vec(&Json(value))
}

/// Writes the value of a field as JSON text, with the object around a list that the wire wraps.
pub(crate) fn write_wrapped(field: &Field, value: &View<'_>) -> Result<Vec<u8>, serde_json::Error> {
    match (field.wrapper, value) {
        (Some(wrapper), View::List(_)) => serde_json::to_vec(&Wrapped(wrapper, value)),
        _ => write_json(value),
    }
}

struct Json<'a>(&'a View<'a>);

impl Serialize for Json<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            View::Absent => serializer.serialize_unit(),
            View::Text(text) => serializer.serialize_str(text),
            View::Integer(number) => serializer.serialize_i64(*number),
            View::Float(number) if number.is_finite() => serializer.serialize_f64(*number),
            View::Float(_) => Err(S::Error::custom("a number is not finite")),
            View::Boolean(is) => serializer.serialize_bool(*is),
            View::Object(model) => serialize_object(*model, serializer),
            View::List(list) => serialize_list(*list, serializer),
            View::Map(map) => serialize_map(*map, serializer),
            View::Json(json) => json.serialize(serializer),
            View::Bytes(_) => Err(S::Error::custom("bytes have no JSON form")),
        }
    }
}

fn serialize_object<S: Serializer>(model: &dyn Model, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(None)?;
    for (index, field) in model.schema().fields.iter().enumerate() {
        let view = model.get(index).view();
        match (view, field.wrapper) {
            (View::Absent, _) => {}
            // JSON of the caller's own is a text already.
            (View::Text(text), _) => out.serialize_entry(field.name, &text)?,
            (view, _) if field.style == Style::Json => {
                let text = write_wrapped(field, &view).map_err(S::Error::custom)?;
                out.serialize_entry(field.name, &String::from_utf8_lossy(&text))?;
            }
            (view, None) => out.serialize_entry(field.name, &Json(&view))?,
            (view, Some(wrapper)) => out.serialize_entry(field.name, &Wrapped(wrapper, &view))?,
        }
    }
    out.end()
}

fn serialize_list<S: Serializer>(list: &dyn List, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_seq(Some(list.len()))?;
    for item in (0..list.len()).filter_map(|index| list.item(index)) {
        out.serialize_element(&Json(&item.view()))?;
    }
    out.end()
}

fn serialize_map<S: Serializer>(map: &dyn Map, serializer: S) -> Result<S::Ok, S::Error> {
    let mut out = serializer.serialize_map(None)?;
    let mut result = Ok(());
    map.visit(&mut |name, value| {
        if result.is_ok() {
            result = out.serialize_entry(name, &Json(&value.view()));
        }
    });
    result?;
    out.end()
}

struct Wrapped<'a>(&'static str, &'a View<'a>);

impl Serialize for Wrapped<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut out = serializer.serialize_map(Some(1))?;
        out.serialize_entry(self.0, &Json(self.1))?;
        out.end()
    }
}
