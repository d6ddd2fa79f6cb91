//! Lists and objects as pairs: `Tag.1.Key`, one JSON text, or items with commas.

use crate::error::Error;
use crate::model::{Field, List, Model, Style, View, write_json, write_wrapped};

/// Adds the pairs of one parameter.
pub(super) fn flatten(
    field: &Field,
    view: &View<'_>,
    out: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    match (field.style, view) {
        (Style::Json, View::Object(_) | View::Map(_) | View::List(_) | View::Json(_))
        | (_, View::Json(_)) => {
            out.push((field.name.to_owned(), json(field, view)?));
        }
        (Style::Comma, View::List(list)) => out.push((field.name.to_owned(), join(field, *list)?)),
        (_, view) => push_field(&mut field.name.to_owned(), field, view, out)?,
    }
    Ok(())
}

/// Joins the items of a list with commas.
pub(super) fn join(field: &Field, list: &dyn List) -> Result<String, Error> {
    let items: Result<Vec<String>, Error> = (0..list.len())
        .filter_map(|index| list.item(index))
        .map(|item| {
            let item = text(field.name, &item.view())?;
            if item.contains(',') {
                return Err(Error::invalid_parameter(
                    field.name,
                    "an item of this list can't hold a comma, which parts the items",
                ));
            }
            Ok(item)
        })
        .collect();
    Ok(items?.join(","))
}

/// The text of a scalar.
pub(super) fn text(name: &str, view: &View<'_>) -> Result<String, Error> {
    match view {
        View::Text(text) => Ok(text.clone().into_owned()),
        View::Integer(number) => Ok(number.to_string()),
        View::Float(number) if number.is_finite() => Ok(number.to_string()),
        View::Float(_) => Err(Error::invalid_parameter(name, "must be a finite number")),
        View::Boolean(is) => Ok(is.to_string()),
        View::Absent => Ok(String::new()),
        View::Bytes(bytes) => String::from_utf8(bytes.to_vec())
            .map_err(|_| Error::invalid_parameter(name, "must be UTF-8 where it is sent")),
        _ => as_text(name, write_json(view)),
    }
}

fn json(field: &Field, view: &View<'_>) -> Result<String, Error> {
    as_text(field.name, write_wrapped(field, view))
}

fn as_text(name: &str, json: Result<Vec<u8>, serde_json::Error>) -> Result<String, Error> {
    let text = json.map_err(|error| {
        Error::invalid_parameter(name, format!("can't be written as JSON: {error}"))
    })?;
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// `name` is the way to here; what is added to it is taken away again.
fn push(name: &mut String, view: &View<'_>, out: &mut Vec<(String, String)>) -> Result<(), Error> {
    let length = name.len();
    match view {
        View::Absent => {}
        View::Object(model) => push_object(name, *model, out)?,
        View::List(list) => {
            for (number, item) in (0..list.len())
                .filter_map(|index| list.item(index))
                .enumerate()
            {
                name.push_str(&format!(".{}", number + 1));
                push(name, &item.view(), out)?;
                name.truncate(length);
            }
        }
        View::Map(map) => {
            let mut result = Ok(());
            map.visit(&mut |key, value| {
                if result.is_ok() {
                    name.push('.');
                    name.push_str(key);
                    result = push(name, &value.view(), out);
                    name.truncate(length);
                }
            });
            result?;
        }
        view => out.push((name.clone(), text(name, view)?)),
    }
    Ok(())
}

fn push_object(
    name: &mut String,
    model: &dyn Model,
    out: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    let length = name.len();
    for (index, field) in model.schema().fields.iter().enumerate() {
        let view = model.get(index).view();
        name.push('.');
        name.push_str(field.name);
        // JSON of the caller's own is a text already.
        if field.style == Style::Json && !matches!(view, View::Absent | View::Text(_)) {
            out.push((name.clone(), as_text(name, write_wrapped(field, &view))?));
        } else {
            push_field(name, field, &view, out)?;
        }
        name.truncate(length);
    }
    Ok(())
}

/// A list that the wire wraps has the wrapper's name on its way.
fn push_field(
    name: &mut String,
    field: &Field,
    view: &View<'_>,
    out: &mut Vec<(String, String)>,
) -> Result<(), Error> {
    if let (Some(wrapper), View::List(_)) = (field.wrapper, view) {
        name.push('.');
        name.push_str(wrapper);
    }
    push(name, view, out)
}
