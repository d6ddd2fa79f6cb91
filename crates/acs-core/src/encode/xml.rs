//! A body as XML: the one name in the body's object is the root, as OSS's metadata has it, else the parameter's name; a
//! list repeats its element.

use crate::error::Error;
use crate::model::{Field, List, Model, View};

use super::flatten;

pub(super) fn write(root: &Field, view: &View<'_>) -> Result<String, Error> {
    let mut out = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    match only_field(view) {
        Some((name, inner)) => element(name, &inner, &mut out)?,
        None => field(root, view, &mut out)?,
    }
    Ok(out)
}

/// The one field of a struct that has no other, where it can be a root.
fn only_field<'a>(view: &View<'a>) -> Option<(&'static str, View<'a>)> {
    let View::Object(model) = view else {
        return None;
    };
    let [field] = model.schema().fields else {
        return None;
    };
    let inner = model.get(0).view();
    (!matches!(inner, View::Absent | View::List(_))).then_some((field.name, inner))
}

fn element(name: &str, view: &View<'_>, out: &mut String) -> Result<(), Error> {
    match view {
        View::Absent => return Ok(()),
        View::List(list) => return elements(name, *list, out),
        _ => {}
    }
    open(name, out)?;
    match view {
        View::Object(model) => fields(*model, out)?,
        View::Map(map) => {
            let mut result = Ok(());
            map.visit(&mut |key, value| {
                if result.is_ok() {
                    result = element(key, &value.view(), out);
                }
            });
            result?;
        }
        view => {
            let text = flatten::text(name, view)?;
            let is_foreign = |c: char| c.is_control() && !matches!(c, '\t' | '\n' | '\r');
            if text.contains(is_foreign) {
                let reason = "is sent as XML, which holds no control characters";
                return Err(Error::invalid_parameter(name, reason));
            }
            escape(&text, out);
        }
    }
    out.push_str("</");
    out.push_str(name);
    out.push('>');
    Ok(())
}

fn fields(model: &dyn Model, out: &mut String) -> Result<(), Error> {
    let fields = model.schema().fields.iter().enumerate();
    for (index, it) in fields {
        field(it, &model.get(index).view(), out)?;
    }
    Ok(())
}

fn field(field: &Field, view: &View<'_>, out: &mut String) -> Result<(), Error> {
    match (wrapper(field, view), view) {
        (Some(wrapper), View::List(list)) => {
            open(field.name, out)?;
            elements(wrapper, *list, out)?;
            out.push_str("</");
            out.push_str(field.name);
            out.push('>');
            Ok(())
        }
        _ => element(field.name, view, out),
    }
}

fn wrapper(field: &Field, view: &View<'_>) -> Option<&'static str> {
    if matches!(view, View::List(_)) {
        field.wrapper
    } else {
        None
    }
}

fn elements(name: &str, list: &dyn List, out: &mut String) -> Result<(), Error> {
    for item in (0..list.len()).filter_map(|index| list.item(index)) {
        element(name, &item.view(), out)?;
    }
    Ok(())
}

fn open(name: &str, out: &mut String) -> Result<(), Error> {
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if !is_name {
        return Err(Error::invalid_parameter(
            name,
            "is no name of an XML element",
        ));
    }
    out.push('<');
    out.push_str(name);
    out.push('>');
    Ok(())
}

fn escape(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#13;"),
            c => out.push(c),
        }
    }
}
