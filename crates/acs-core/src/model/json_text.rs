use std::borrow::Cow;
use std::fmt;

use super::{FieldValue, Model, Slot, Text, View};

/// A parameter that the wire carries as JSON in a text: typed, or as a text of the caller's own.
///
/// Made by `into()` from either. A typed value is checked before it is sent; a text goes as it is, for what the type does
/// not know.
#[derive(Clone, Eq, PartialEq)]
#[allow(clippy::exhaustive_enums, reason = "it is one or the other")]
pub enum JsonText<T> {
    /// What is written as JSON.
    Typed(T),
    /// The JSON itself.
    Raw(String),
}

impl<T> JsonText<T> {
    /// Lends the typed value, if it is one.
    pub fn typed(&self) -> Option<&T> {
        match self {
            Self::Typed(value) => Some(value),
            Self::Raw(_) => None,
        }
    }
}

impl<T: Default> Default for JsonText<T> {
    fn default() -> Self {
        Self::Typed(T::default())
    }
}

/// Shows a typed value as it shows itself, and of a text its length: it may hold a secret.
impl<T: fmt::Debug> fmt::Debug for JsonText<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Typed(value) => value.fmt(f),
            Self::Raw(text) => write!(f, "<JSON of {} bytes>", text.len()),
        }
    }
}

impl<T: Model> From<T> for JsonText<T> {
    fn from(value: T) -> Self {
        Self::Typed(value)
    }
}

impl<T: Model> From<Vec<T>> for JsonText<Vec<T>> {
    fn from(items: Vec<T>) -> Self {
        Self::Typed(items)
    }
}

impl<T: Model, const N: usize> From<[T; N]> for JsonText<Vec<T>> {
    fn from(items: [T; N]) -> Self {
        Self::Typed(items.into())
    }
}

impl<T> From<String> for JsonText<T> {
    fn from(text: String) -> Self {
        Self::Raw(text)
    }
}

impl<T> From<&str> for JsonText<T> {
    fn from(text: &str) -> Self {
        Self::Raw(text.to_owned())
    }
}

impl<T: FieldValue + Default> FieldValue for JsonText<T> {
    fn view(&self) -> View<'_> {
        match self {
            Self::Typed(value) => value.view(),
            Self::Raw(text) => View::Text(Cow::Borrowed(text)),
        }
    }

    fn slot(&mut self) -> Slot<'_> {
        Slot::Text(self)
    }

    fn clear(&mut self) {
        *self = Self::default();
    }
}

impl<T: FieldValue + Default> Text for JsonText<T> {
    fn text(&self) -> Cow<'_, str> {
        match self {
            // What can't be written as JSON is refused before it is sent, by its view.
            Self::Typed(value) => super::write_json(&value.view())
                .map(|text| Cow::Owned(String::from_utf8_lossy(&text).into_owned()))
                .unwrap_or_default(),
            Self::Raw(text) => Cow::Borrowed(text),
        }
    }

    fn set_text(&mut self, text: &str) -> bool {
        *self = Self::Raw(text.to_owned());
        true
    }
}
