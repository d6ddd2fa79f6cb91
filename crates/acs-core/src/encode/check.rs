//! What a request must keep to before it is sent.

use super::pattern;
use crate::error::Error;
use crate::model::{Check, Field, FieldValue, Model, Rule, Style, View};

/// Checks each field and the fields together.
pub(super) fn check(request: &dyn Model) -> Result<(), Error> {
    let schema = request.schema();
    for (index, field) in schema.fields.iter().enumerate() {
        check_field(field, request.get(index))?;
    }
    schema
        .checks
        .iter()
        .try_for_each(|check| check_together(request, check))
}

fn check_field(field: &Field, value: &dyn FieldValue) -> Result<(), Error> {
    let view = value.view();
    if matches!(view, View::Absent) {
        return if field.is_required {
            Err(Error::invalid_parameter(field.name, "must be set"))
        } else {
            Ok(())
        };
    }
    // JSON of the caller's own is not looked into.
    let is_raw = field.style == Style::Json && matches!(view, View::Text(_));
    for rule in field.rules.iter().filter(|_| !is_raw) {
        if let Some(reason) = broken(rule, &view) {
            return Err(Error::invalid_parameter(field.name, reason));
        }
    }
    check_inside(&view, &|| field.name.to_owned())
}

/// Checks the structs in a value, to which `way` leads.
fn check_inside(view: &View<'_>, way: &dyn Fn() -> String) -> Result<(), Error> {
    match view {
        View::Object(model) => check(*model).map_err(|error| below(&way(), error)),
        View::List(list) => {
            (0..list.len()).try_for_each(|index| match list.item(index).map(FieldValue::view) {
                Some(item) => check_inside(&item, &|| format!("{}[{index}]", way())),
                None => Ok(()),
            })
        }
        View::Map(map) => {
            let mut result = Ok(());
            map.visit(&mut |name, value| {
                if result.is_ok() {
                    result = check_inside(&value.view(), &|| format!("{}.{name}", way()));
                }
            });
            result
        }
        _ => Ok(()),
    }
}

/// Puts the way to a field in front of its name.
fn below(way: &str, error: Error) -> Error {
    let field = format!("{way}.{}", error.field().unwrap_or_default());
    error.with_field(field)
}

/// Says what must be where a value breaks a rule. The value is not shown: it may be a secret.
fn broken(rule: &Rule, view: &View<'_>) -> Option<String> {
    match view {
        View::Text(text) => broken_by_text(rule, text),
        View::Integer(number) => broken_by_number(rule, *number as f64),
        View::Float(number) => broken_by_number(rule, *number),
        View::List(list) => broken_by_count(rule, list.len()).or_else(|| {
            let items = (0..list.len()).filter_map(|index| list.item(index));
            items
                .into_iter()
                .find_map(|item| match (rule, item.view()) {
                    (Rule::ItemMaxLength(max), View::Text(text)) => too_long_an_item(&text, *max),
                    _ => None,
                })
        }),
        _ => None,
    }
}

fn broken_by_text(rule: &Rule, text: &str) -> Option<String> {
    let length = || text.chars().count();
    match rule {
        Rule::MinLength(min) if length() < *min => Some(format!(
            "must have at least {min} characters; this has {}",
            length()
        )),
        Rule::MaxLength(max) if length() > *max => Some(format!(
            "must have at most {max} characters; this has {}",
            length()
        )),
        Rule::MaxBytes(max) if text.len() > *max => Some(format!(
            "must have at most {max} bytes in UTF-8; this has {}",
            text.len()
        )),
        Rule::Characters(others) => {
            let is_allowed = |c: char| c.is_ascii_alphanumeric() || others.contains(c);
            (!text.chars().all(is_allowed))
                .then(|| format!("holds letters of ASCII, digits and `{others}` only"))
        }
        Rule::Prefix(prefix) if !text.starts_with(prefix) => {
            Some(format!("must begin with `{prefix}`"))
        }
        Rule::Pattern(pattern, pieces) if !pattern::matches(pieces, text) => {
            Some(format!("must match the pattern `{pattern}`"))
        }
        Rule::Extension => {
            let name = text.rsplit('/').next().unwrap_or(text);
            let has_one = name
                .rsplit_once('.')
                .is_some_and(|(stem, extension)| !stem.is_empty() && !extension.is_empty());
            (!has_one).then(|| "must be a file name with an extension, `clip.mp4` say".to_owned())
        }
        Rule::MinItems(_) | Rule::MaxItems(_) => broken_by_count(
            rule,
            text.split(',')
                .filter(|item| !item.trim().is_empty())
                .count(),
        ),
        Rule::ItemMaxLength(max) => text
            .split(',')
            .find_map(|item| too_long_an_item(item.trim(), *max)),
        Rule::Range(..) | Rule::Minimum(_) | Rule::Maximum(_) => text
            .trim()
            .parse()
            .ok()
            .and_then(|number| broken_by_number(rule, number)),
        _ => None,
    }
}

fn too_long_an_item(item: &str, max: usize) -> Option<String> {
    let length = item.chars().count();
    (length > max)
        .then(|| format!("each item must have at most {max} characters; one has {length}"))
}

fn broken_by_number(rule: &Rule, number: f64) -> Option<String> {
    match *rule {
        Rule::Range(min, max) if number < min as f64 || number > max as f64 => {
            Some(format!("must be from {min} to {max}; this is {number}"))
        }
        Rule::Minimum(min) if number < min => {
            Some(format!("must be at least {min}; this is {number}"))
        }
        Rule::Maximum(max) if number > max => {
            Some(format!("must be at most {max}; this is {number}"))
        }
        _ => None,
    }
}

fn broken_by_count(rule: &Rule, count: usize) -> Option<String> {
    match *rule {
        Rule::MinItems(min) if count < min => {
            Some(format!("must have at least {min} items; this has {count}"))
        }
        Rule::MaxItems(max) if count > max => {
            Some(format!("must have at most {max} items; this has {count}"))
        }
        _ => None,
    }
}

fn check_together(request: &dyn Model, check: &Check) -> Result<(), Error> {
    let (Check::AnyOf(names) | Check::OneOf(names) | Check::Together(names)) = *check;
    let set = names.iter().filter(|name| is_set(request, name)).count();
    let reason = match check {
        Check::AnyOf(_) if set == 0 => "at least one of them must be set",
        Check::OneOf(_) if set == 0 => "one of them must be set",
        Check::OneOf(_) if set > 1 => "only one of them can be set",
        Check::Together(_) if set != 0 && set != names.len() => "all of them must be set, or none",
        _ => return Ok(()),
    };
    Err(Error::invalid_parameter(names.join(", "), reason))
}

/// An empty text counts as not set: the services take it as such.
fn is_set(request: &dyn Model, name: &str) -> bool {
    let index = request
        .schema()
        .fields
        .iter()
        .position(|field| field.name == name);
    index.is_some_and(|index| match request.get(index).view() {
        View::Absent => false,
        View::Text(text) => !text.is_empty(),
        View::List(list) => !list.is_empty(),
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[derive(Clone, Default)]
    struct Shelf {
        label: Option<String>,
        inside: Option<Box<Self>>,
        rows: Option<Vec<Self>>,
        named: Option<BTreeMap<String, Self>>,
        table: Option<Vec<Vec<Self>>>,
    }

    crate::model! {
        Shelf {
            0 label: string("Label").rules(&[Rule::MaxLength(1)]),
            1 inside: object("Inside"),
            2 rows: list("Rows"),
            3 named: map("Named"),
            4 table: list("Table"),
        }
    }

    #[test]
    fn an_error_names_the_way_to_the_field() {
        let wrong = || Shelf {
            label: Some("AB".to_owned()),
            ..Shelf::default()
        };
        let fine = Shelf::default();
        let inside = Shelf {
            inside: Some(Box::new(wrong())),
            ..Shelf::default()
        };
        let rows = Shelf {
            rows: Some(vec![fine, inside.clone()]),
            ..Shelf::default()
        };
        let named = Shelf {
            named: Some([("top".to_owned(), wrong())].into()),
            ..Shelf::default()
        };
        let table = Shelf {
            table: Some(vec![vec![], vec![wrong()]]),
            ..Shelf::default()
        };
        for (shelf, way) in [
            (table, "Table[1][0].Label"),
            (wrong(), "Label"),
            (inside, "Inside.Label"),
            (rows, "Rows[1].Inside.Label"),
            (named, "Named.top.Label"),
        ] {
            let error = check(&shelf).unwrap_err();
            assert_eq!(error.field(), Some(way));
            assert!(error.to_string().starts_with(way), "{error}");
        }
    }
}
