//! A place in a JSON document: the value there and the way to it, for errors that name it.

use std::cell::RefCell;

use serde_json::{Map, Value};

use crate::error::{Error, Result};

#[derive(Clone, Copy)]
pub(crate) struct At<'a> {
    value: &'a Value,
    parent: Option<&'a Self>,
    step: Step<'a>,
    notes: &'a RefCell<Vec<String>>,
}

#[derive(Clone, Copy)]
pub(crate) enum Step<'a> {
    Root,
    Name(&'a str),
    Index(usize),
}

impl<'a> At<'a> {
    pub(crate) fn root(value: &'a Value, notes: &'a RefCell<Vec<String>>) -> Self {
        Self {
            value,
            parent: None,
            step: Step::Root,
            notes,
        }
    }

    pub(crate) fn value(&self) -> &'a Value {
        self.value
    }

    /// The way from the root: `$.apis.GetPlayInfo.parameters[3]`.
    pub(crate) fn path(&self) -> String {
        self.step.after(self.parent.map(At::path))
    }

    /// Writes down what is passed over here.
    pub(crate) fn note(&self, message: impl AsRef<str>) {
        self.notes
            .borrow_mut()
            .push(format!("{}: {}", self.path(), message.as_ref()));
    }

    pub(crate) fn error(&self, message: impl AsRef<str>) -> Error {
        Error::input(format!("{}: {}", self.path(), message.as_ref()))
    }

    fn expected(&self, what: &str) -> Error {
        let found = match self.value {
            Value::Null => "null",
            Value::Bool(_) => "a boolean",
            Value::Number(_) => "a number",
            Value::String(_) => "a string",
            Value::Array(_) => "an array",
            Value::Object(_) => "an object",
        };
        self.error(format!("expected {what}, found {found}"))
    }

    pub(crate) fn object(&self) -> Result<&'a Map<String, Value>> {
        self.value
            .as_object()
            .ok_or_else(|| self.expected("an object"))
    }

    pub(crate) fn text(&self) -> Result<&'a str> {
        self.value.as_str().ok_or_else(|| self.expected("a string"))
    }

    /// `true`, or the text of it.
    pub(crate) fn boolean(&self) -> Result<bool> {
        match self.value {
            Value::Bool(is) => Ok(*is),
            Value::String(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Value::String(text) if text.eq_ignore_ascii_case("false") || text.is_empty() => {
                Ok(false)
            }
            _ => Err(self.expected("a boolean")),
        }
    }

    /// A number, or the text of one.
    pub(crate) fn number(&self) -> Result<f64> {
        match self.value {
            Value::Number(number) => number.as_f64().ok_or_else(|| self.expected("a number")),
            Value::String(text) => {
                let number = text.trim().parse().ok().filter(|it: &f64| it.is_finite());
                number.ok_or_else(|| self.error(format!("`{text}` is no number")))
            }
            _ => Err(self.expected("a number")),
        }
    }

    /// A count of characters or items.
    pub(crate) fn count(&self) -> Result<u64> {
        let number = self.number()?;
        if number < 0.0 || number.fract() != 0.0 || number > 1e15 {
            return Err(self.error("expected a whole number, not negative"));
        }
        Ok(number as u64)
    }

    /// A scalar as text.
    pub(crate) fn scalar(&self) -> Result<String> {
        match self.value {
            Value::String(text) => Ok(text.clone()),
            Value::Number(number) => Ok(number.to_string()),
            Value::Bool(is) => Ok(is.to_string()),
            _ => Err(self.expected("a scalar")),
        }
    }

    /// The value under a name, if it is there and not null.
    pub(crate) fn get<'b>(&'b self, name: &'b str) -> Option<At<'b>> {
        let value = self.value.get(name).filter(|value| !value.is_null())?;
        Some(At {
            value,
            parent: Some(self),
            step: Step::Name(name),
            notes: self.notes,
        })
    }

    pub(crate) fn require<'b>(&'b self, name: &'b str) -> Result<At<'b>> {
        self.object()?;
        self.get(name)
            .ok_or_else(|| self.error(format!("`{name}` is missing")))
    }

    /// The values of an object by their names, in the document's order.
    pub(crate) fn entries<'b>(&'b self) -> Result<impl Iterator<Item = (&'b str, At<'b>)>> {
        // Writers in languages without a type of their own for maps write an empty one so.
        let is_empty = self.value.as_array().is_some_and(Vec::is_empty);
        let map = if is_empty { None } else { Some(self.object()?) };
        Ok(map.into_iter().flatten().map(move |(name, value)| {
            (
                name.as_str(),
                At {
                    value,
                    parent: Some(self),
                    step: Step::Name(name),
                    notes: self.notes,
                },
            )
        }))
    }

    pub(crate) fn items<'b>(&'b self) -> Result<impl Iterator<Item = At<'b>>> {
        let items = self
            .value
            .as_array()
            .ok_or_else(|| self.expected("an array"))?;
        Ok(items.iter().enumerate().map(move |(index, value)| At {
            value,
            parent: Some(self),
            step: Step::Index(index),
            notes: self.notes,
        }))
    }
}

impl Step<'_> {
    /// Writes the path of what is a step below its parent.
    pub(crate) fn after(self, parent: Option<String>) -> String {
        let mut path = parent.unwrap_or_default();
        match self {
            Self::Root => path.push('$'),
            Self::Name(name) => push_name(&mut path, name),
            Self::Index(index) => path.push_str(&format!("[{index}]")),
        }
        path
    }
}

/// Adds a name to a path: `.name`, or `["a name"]`.
fn push_name(path: &mut String, name: &str) {
    if is_plain(name) {
        path.push('.');
        path.push_str(name);
    } else {
        path.push_str(&format!("[{name:?}]"));
    }
}

/// Whether a name can stand in a path without quotes.
fn is_plain(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_' || c == '$')
        && name
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b == b'_' || b == b'$')
}
