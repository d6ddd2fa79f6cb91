//! Reads an answer into its struct, and forgives what services get wrong.
//!
//! Numbers, truth values and texts stand in for each other; `null` is absent; an empty text is an absent
//! number, time, object or list; a JSON text in a text is read where a struct or list is due; a list's wrapper may
//! be missing, and a single item may stand for its list. Fields that are not known are passed over.

mod fill;
mod scalar;

use std::fmt;

use bytes::Bytes;
use http::HeaderMap;

use crate::model::{FieldValue, Model, Place, Slot};

use fill::Way;

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
    let mut way = Way::default();
    match out.slot() {
        Slot::Object(model) => decode_object(body, model, &mut way),
        Slot::Nothing => Ok(()),
        Slot::Bytes(bytes) => {
            bytes.clone_from(body);
            Ok(())
        }
        Slot::String(text) => decode_text(body, text, &way),
        _ => decode_json(body, out, &mut way),
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
    let mut way = Way::default();
    for (index, field) in model.schema().fields.iter().enumerate() {
        let value = headers
            .get(field.name)
            .filter(|_| field.place == Place::Header);
        if let Some(value) = value.and_then(|value| value.to_str().ok()) {
            decode_header(field.name, value, model.get_mut(index), &mut way)?;
        }
    }
    Ok(())
}

fn decode_object(body: &Bytes, model: &mut dyn Model, way: &mut Way) -> Result<(), DecodeError> {
    if let Some(index) = model
        .schema()
        .fields
        .iter()
        .position(|field| field.place == Place::Body)
    {
        return decode(body, model.get_mut(index));
    }
    if is_blank(body) {
        return fill::check_always(model, &[]).map_err(|reason| way.error(&reason));
    }
    fill::from_slice(json_of(body), way, |deserializer, way| {
        fill::object(model, deserializer, way)
    })
}

fn decode_header(
    name: &'static str,
    value: &str,
    out: &mut dyn FieldValue,
    way: &mut Way,
) -> Result<(), DecodeError> {
    way.enter(name);
    let present = scalar::set_text(out.slot(), value).map_err(|reason| way.error(&reason))?;
    if !present {
        out.clear();
    }
    way.leave();
    Ok(())
}

/// A text as the whole body: a JSON string, or the body as it is.
fn decode_text(body: &Bytes, out: &mut String, way: &Way) -> Result<(), DecodeError> {
    *out = match serde_json::from_slice::<String>(body) {
        Ok(text) => text,
        Err(_) => std::str::from_utf8(body)
            .map_err(|_| way.error("the body is not UTF-8"))?
            .to_owned(),
    };
    Ok(())
}

fn decode_json(body: &Bytes, out: &mut dyn FieldValue, way: &mut Way) -> Result<(), DecodeError> {
    if is_blank(body) {
        out.clear();
        return Ok(());
    }
    fill::from_slice(json_of(body), way, |deserializer, way| {
        fill::value(out, None, deserializer, way).map(drop)
    })
}

fn is_blank(body: &[u8]) -> bool {
    body.iter().all(u8::is_ascii_whitespace)
}

/// The body without a byte order mark.
fn json_of(body: &[u8]) -> &[u8] {
    body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body)
}
