//! How a generated struct shows its fields: a static [`Schema`] and access by index.
//!
//! A product has hundreds of structs. Code that is instantiated for each of their fields is what makes such
//! crates slow to build, so a struct only says what its fields are called and lends them out; one decoder,
//! one encoder and one `Debug` are compiled here, once, for all of them. [`model!`](crate::model!) writes the
//! implementation from a table.

mod debug;
mod enums;
mod equal;
mod json_text;
mod link;
mod percent_encoded;
mod schema;
mod text;
mod values;

use std::borrow::Cow;

pub use bytes::Bytes;
pub use serde_json::Value as Json;

pub use debug::debug;
pub use equal::equal;
pub use json_text::JsonText;
pub use link::Link;
pub use percent_encoded::PercentEncoded;
pub use schema::{Check, Field, Kind, Piece, Place, Rule, Schema, Style};
pub use text::{CommaList, Text, Timestamp};
pub(crate) use values::{write_json, write_wrapped};

/// A struct whose fields a table describes.
///
/// Implemented by [`model!`](crate::model!). `get` and `get_mut` take the index of a field in
/// `schema().fields`.
pub trait Model: Send + Sync {
    /// Returns the table of the fields.
    fn schema(&self) -> &'static Schema;

    /// Lends a field for reading.
    ///
    /// # Panics
    /// No field has this index.
    fn get(&self, index: usize) -> &dyn FieldValue;

    /// Lends a field for writing.
    ///
    /// # Panics
    /// No field has this index.
    fn get_mut(&mut self, index: usize) -> &mut dyn FieldValue;
}

/// What can stand in a field, in a list or as the whole of an answer.
pub trait FieldValue: Send + Sync {
    /// Shows the value.
    fn view(&self) -> View<'_>;

    /// Lends the value to be filled; makes one first where it is absent.
    fn slot(&mut self) -> Slot<'_>;

    /// Makes the value absent, or empty where it can't be absent.
    fn clear(&mut self);
}

/// A value, as shown.
#[allow(
    missing_debug_implementations,
    reason = "shows secrets; `debug` is what prints a model"
)]
#[non_exhaustive]
pub enum View<'a> {
    /// Nothing was set or sent.
    Absent,
    /// A text, or what is written as one.
    Text(Cow<'a, str>),
    /// A whole number.
    Integer(i64),
    /// A number.
    Float(f64),
    /// A truth value.
    Boolean(bool),
    /// Another struct.
    Object(&'a dyn Model),
    /// A list.
    List(&'a dyn List),
    /// A map by name.
    Map(&'a dyn Map),
    /// Any JSON.
    Json(&'a serde_json::Value),
    /// Bytes as they are.
    Bytes(&'a Bytes),
}

/// A value, to be filled.
#[allow(
    missing_debug_implementations,
    reason = "shows secrets; `debug` is what prints a model"
)]
#[non_exhaustive]
pub enum Slot<'a> {
    /// Nothing can be put here.
    Nothing,
    /// A text.
    String(&'a mut String),
    /// What is read from a text: a time, a list with commas, a name of a set.
    Text(&'a mut dyn Text),
    /// A whole number of 32 bits.
    Integer32(&'a mut i32),
    /// A whole number.
    Integer(&'a mut i64),
    /// A number.
    Float(&'a mut f64),
    /// A truth value.
    Boolean(&'a mut bool),
    /// Another struct.
    Object(&'a mut dyn Model),
    /// A list.
    List(&'a mut dyn List),
    /// A map by name.
    Map(&'a mut dyn Map),
    /// Any JSON.
    Json(&'a mut serde_json::Value),
    /// Bytes as they are.
    Bytes(&'a mut Bytes),
}

/// A list of values of one type.
pub trait List: Send + Sync {
    /// Returns how many there are.
    fn len(&self) -> usize;

    /// Says whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lends the value at a position, if there is one.
    fn item(&self, index: usize) -> Option<&dyn FieldValue>;

    /// Adds an empty value at the end and lends it.
    fn add(&mut self) -> &mut dyn FieldValue;

    /// Takes the last value away.
    fn remove_last(&mut self);
}

/// Values of one type by name, in the order of the names.
pub trait Map: Send + Sync {
    /// Returns how many there are.
    fn len(&self) -> usize;

    /// Says whether there are none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Lends the name and value at a position in the order of the names, if there is one.
    fn entry_at(&self, index: usize) -> Option<(&str, &dyn FieldValue)>;

    /// Calls `visit` with each name and value.
    fn visit(&self, visit: &mut dyn FnMut(&str, &dyn FieldValue));

    /// Adds an empty value under a name and lends it; a value that was there is lent instead.
    fn entry(&mut self, name: String) -> &mut dyn FieldValue;
}

/// Implements [`Model`](crate::model::Model), `PartialEq` and a redacting `Debug` for a struct, from a table of its
/// fields.
///
/// ```
/// # mod shelf {
/// use acs_core::model::Schema;
///
/// /// A book.
/// #[derive(Clone, Default)]
/// pub struct Book {
///     /// `Title`.
///     pub title: String,
///     /// `Pages`.
///     pub pages: Option<i64>,
/// }
///
/// acs_core::model! {
///     Book {
///         0 title: string("Title").required(),
///         1 pages: integer("Pages"),
///     }
/// }
/// # }
/// # let book = shelf::Book { title: "T".into(), pages: None };
/// assert_eq!(format!("{book:?}"), r#"Book { Title: "T" }"#);
/// ```
#[macro_export]
macro_rules! model {
    ($name:ident { $($index:literal $field:ident: $kind:ident($wire:literal) $(.$with:ident($($arg:expr),*))*,)* }
     $(checks: [$($check:expr),* $(,)?])?) => {
        impl $crate::model::Model for $name {
            #[inline]
            fn schema(&self) -> &'static $crate::model::Schema {
                Self::SCHEMA
            }

            #[inline]
            fn get(&self, index: usize) -> &dyn $crate::model::FieldValue {
                match index {
                    $($index => &self.$field,)*
                    _ => $crate::model::no_field(index),
                }
            }

            #[inline]
            fn get_mut(&mut self, index: usize) -> &mut dyn $crate::model::FieldValue {
                match index {
                    $($index => &mut self.$field,)*
                    _ => $crate::model::no_field(index),
                }
            }
        }

        impl $name {
            const SCHEMA: &'static $crate::model::Schema = &$crate::model::Schema {
                name: stringify!($name),
                fields: &[$($crate::model::Field::$kind($wire)$(.$with($($arg),*))*,)*],
                checks: &[$($($check),*)?],
            };
        }

        impl ::core::cmp::PartialEq for $name {
            #[inline]
            fn eq(&self, other: &Self) -> bool {
                $crate::model::equal(self, other)
            }
        }

        impl ::core::fmt::Debug for $name {
            #[inline]
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                $crate::model::debug(self, f)
            }
        }
    };
}

/// Reports the broken promise of a caller of [`Model::get`].
///
/// # Panics
/// Always.
#[doc(hidden)]
#[cold]
pub fn no_field(index: usize) -> ! {
    panic!("a model was asked for field {index}, which it does not have")
}
