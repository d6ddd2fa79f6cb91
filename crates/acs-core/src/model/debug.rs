use std::fmt;

use super::{FieldValue, List, Map, Model, Style, View};

const REDACTED: &str = "<redacted>";

/// Prints a model: the fields that are set, by their names on the wire, secrets as `<redacted>`.
///
/// # Errors
/// The formatter's own.
pub fn debug(model: &dyn Model, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let schema = model.schema();
    let mut out = f.debug_struct(schema.name);
    for (index, field) in schema.fields.iter().enumerate() {
        let value = model.get(index);
        match value.view() {
            View::Absent => {}
            _ if field.is_secret => {
                out.field(field.name, &format_args!("{REDACTED}"));
            }
            // JSON of the caller's own, in which nobody knows what is secret.
            View::Text(text) if field.style == Style::Json => {
                out.field(field.name, &format_args!("<JSON of {} bytes>", text.len()));
            }
            _ => {
                out.field(field.name, &Shown(value));
            }
        }
    }
    out.finish()
}

struct Shown<'a>(&'a dyn FieldValue);

impl fmt::Debug for Shown<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.view() {
            View::Absent => f.write_str("null"),
            View::Text(text) => fmt::Debug::fmt(&text, f),
            View::Integer(number) => fmt::Debug::fmt(&number, f),
            View::Float(number) => fmt::Debug::fmt(&number, f),
            View::Boolean(is) => fmt::Debug::fmt(&is, f),
            View::Object(model) => debug(model, f),
            View::List(list) => debug_list(list, f),
            View::Map(map) => debug_map(map, f),
            View::Json(json) => fmt::Display::fmt(json, f),
            View::Bytes(bytes) => write!(f, "[{} bytes]", bytes.len()),
        }
    }
}

fn debug_list(list: &dyn List, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let items = (0..list.len())
        .filter_map(|index| list.item(index))
        .map(Shown);
    f.debug_list().entries(items).finish()
}

fn debug_map(map: &dyn Map, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut out = f.debug_map();
    map.visit(&mut |name, value| {
        out.entry(&name, &Shown(value));
    });
    out.finish()
}
