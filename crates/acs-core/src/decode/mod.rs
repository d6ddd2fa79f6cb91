//! Reads an answer into its struct, and forgives what services get wrong.
//!
//! Numbers, truth values and texts stand in for each other; `null` is absent; an empty text is an absent
//! number, time, object or list; a JSON text in a text is read where a struct or list is due; a list's wrapper may
//! be missing, and within one a single item may stand for its list. Of a name that comes twice, the last counts. Fields that are not known are passed over.

mod fill;
mod json;
mod scalar;

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;

use crate::model::{FieldValue, Model, Place, Slot};
use crate::text;

use fill::{Fault, Seen};

/// An answer that is not what the operation promises: where, and why. It shows no value of the answer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct DecodeError {
    path: String,
    reason: String,
}

impl DecodeError {
    /// Returns the place as a JSON path, `$.JobList.Job[0].JobId` say.
    pub fn path(&self) -> &str {
        &self.path
    }

    /// Returns what is wrong there.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.path, self.reason)
    }
}

impl std::error::Error for DecodeError {}

/// Reads the body of a successful answer into `out`.
///
/// # Errors
/// The body is no JSON, nested more than 128 deep, holds a value that can't be read as its field's type, or
/// lacks a field that the service always sends.
pub fn decode(body: &Bytes, out: &mut dyn FieldValue) -> Result<(), DecodeError> {
    Ok(fill_from(body, out)?)
}

fn fill_from(body: &Bytes, out: &mut dyn FieldValue) -> Result<(), Fault> {
    match out.slot() {
        Slot::Object(model) => decode_object(body, model),
        Slot::Nothing => Ok(()),
        Slot::Bytes(bytes) => {
            bytes.clone_from(body);
            Ok(())
        }
        Slot::String(text) => decode_text(body, text),
        _ if is_blank(body) => {
            out.clear();
            Ok(())
        }
        _ => fill::value(json_of(body)?, out),
    }
}

/// Reads those headers of a successful answer that `out` has fields for.
///
/// # Errors
/// A header holds a value that can't be read as its field's type.
pub fn decode_headers(headers: &HeaderMap, out: &mut dyn FieldValue) -> Result<(), DecodeError> {
    let Slot::Object(model) = out.slot() else {
        return Ok(());
    };
    for (index, field) in model.schema().fields.iter().enumerate() {
        if field.place != Place::Header {
            continue;
        }
        let value = headers.get(field.name);
        if let Some(value) = value.and_then(|value| value.to_str().ok()) {
            decode_header(value, model.get_mut(index)).map_err(|fault| fault.under(field.name))?;
        }
    }
    Ok(())
}

fn decode_object(body: &Bytes, model: &mut dyn Model) -> Result<(), Fault> {
    let fields = model.schema().fields;
    if let Some(index) = fields.iter().position(|field| field.place == Place::Body) {
        return fill_from(body, model.get_mut(index));
    }
    if is_blank(body) {
        return fill::check_always(model, &Seen::default());
    }
    fill::object(json_of(body)?, model)
}

fn decode_header(value: &str, out: &mut dyn FieldValue) -> Result<(), Fault> {
    if !scalar::set_text(out.slot(), value)? {
        out.clear();
    }
    Ok(())
}

/// A text as the whole body: a JSON string, or the body as it is.
fn decode_text(body: &Bytes, out: &mut String) -> Result<(), Fault> {
    *out = match serde_json::from_slice::<String>(body) {
        Ok(text) => text,
        Err(_) => std::str::from_utf8(body)
            .map_err(|_| Fault::new("the body is not UTF-8"))?
            .to_owned(),
    };
    Ok(())
}

fn is_blank(body: &[u8]) -> bool {
    body.iter().all(u8::is_ascii_whitespace)
}

/// The body as a text, without a byte order mark. It is checked once, so that the texts in it need not be.
fn json_of(body: &[u8]) -> Result<&str, Fault> {
    std::str::from_utf8(text::without_mark(body)).map_err(|error| Fault::new(error.to_string()))
}

/// Finds the text of a member of an object by its names, the last of several; what cannot be read ends the search.
pub(crate) fn text_member(body: &[u8], names: &[&str]) -> Option<String> {
    let body = text::without_mark(body);
    let readable = match std::str::from_utf8(body) {
        Ok(text) => text,
        // Cut within a character, say.
        Err(error) => std::str::from_utf8(&body[..error.valid_up_to()]).ok()?,
    };
    let mut found = None;
    // The error is how the search ends in a document that is cut.
    _ = json::members(readable, |name, value| {
        if let (true, json::Token::Text(text)) = (names.contains(&name), value) {
            found = Some(text.into_owned());
        }
    });
    found
}
