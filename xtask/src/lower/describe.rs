//! What the documentation says of a field, and what is checked of it.

use super::pattern;
use crate::document::{Schema, Shape};
use crate::emit::code;
use crate::model::{Place, Ty};
use crate::overlay::FieldOverlay;

pub(crate) struct Facts<'a> {
    pub(crate) wire: &'a str,
    pub(crate) schema: &'a Schema,
    pub(crate) overlay: &'a FieldOverlay,
    pub(crate) ty: &'a Ty,
    pub(crate) is_secret: bool,
    pub(crate) is_always: bool,
    pub(crate) is_required: bool,
    pub(crate) place: Place,
    pub(crate) wrapper: Option<&'a str>,
    pub(crate) with_prose: bool,
}

/// The documentation of a field.
pub(crate) fn field(facts: &Facts<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    let prose = facts.schema.prose.as_ref().filter(|_| facts.with_prose);
    if let Some(doc) = &facts.overlay.doc {
        lines.extend(doc.lines().map(str::to_owned));
        lines.push(String::new());
    } else if let Some(text) = prose {
        lines.extend(escape(text));
        lines.push(String::new());
    }
    lines.push(facts_line(facts));
    lines
}

fn facts_line(facts: &Facts<'_>) -> String {
    let Facts {
        schema, overlay, ..
    } = facts;
    let name = facts.wrapper.map_or_else(
        || facts.wire.to_owned(),
        |inner| format!("{}.{inner}", facts.wire),
    );
    let mut line = format!("`{}`: {}", code(&name), kind(facts.ty));
    let unit = overlay.unit.as_ref().map(|unit| format!(", in {unit}"));
    line.push_str(&unit.unwrap_or_default());
    match facts.place {
        Place::Path => line.push_str(", in the path"),
        Place::Header => line.push_str(", in a header"),
        Place::Host => line.push_str(", in the host name"),
        _ => {}
    }
    if facts.is_required {
        line.push_str("; required");
    } else if schema.doc_required {
        line.push_str("; required by its documentation");
    }
    if facts.is_always {
        line.push_str("; always sent");
    }
    if facts.is_secret {
        line.push_str("; secret");
    }
    line.push('.');
    bounds(schema, overlay, &mut line);
    if let Some(items) = items(schema) {
        let mut of_items = String::new();
        bounds(items, &FieldOverlay::default(), &mut of_items);
        if !of_items.is_empty() {
            line.push_str(&format!(" Of each item:{of_items}"));
        }
    }
    let values = if overlay.values.is_empty() {
        &schema.values
    } else {
        &overlay.values
    };
    if !values.is_empty() {
        let values: Vec<String> = values
            .iter()
            .map(|value| format!("`{}`", code(value)))
            .collect();
        line.push_str(&format!(" Values: {}.", values.join(", ")));
    }
    if let Some(default) = schema
        .default
        .as_ref()
        .filter(|default| !default.is_empty())
    {
        line.push_str(&format!(" Default: `{}`.", code(default)));
    }
    if schema.deprecated {
        line.push_str(" Deprecated.");
    }
    line
}

fn kind(ty: &Ty) -> String {
    match ty {
        Ty::Unit => "nothing".to_owned(),
        Ty::String | Ty::Choice { .. } => "string".to_owned(),
        Ty::Integer32 => "integer, 32 bits".to_owned(),
        Ty::Integer => "integer, 64 bits".to_owned(),
        Ty::Float => "number".to_owned(),
        Ty::Boolean => "boolean".to_owned(),
        Ty::Json => "any JSON".to_owned(),
        Ty::Bytes => "bytes".to_owned(),
        Ty::Timestamp => "time, UTC".to_owned(),
        Ty::CommaList => "strings, sent with commas between them".to_owned(),
        Ty::PercentEncoded => "string, sent percent-encoded".to_owned(),
        Ty::JsonText(inner) => format!("string: the JSON of {}", with_article(&kind(inner))),
        Ty::List(item) => format!("list of {}", kind(item)),
        Ty::Map(value) => format!("map to {}", kind(value)),
        Ty::Local(_) | Ty::Shared(_) => "object".to_owned(),
        Ty::Boxed(inner) | Ty::Linked(inner) => kind(inner),
    }
}

/// The items of a list that no object stands in.
fn items(schema: &Schema) -> Option<&Schema> {
    match &schema.shape {
        Shape::List(items) => Some(&**items),
        _ => None,
    }
}

fn with_article(kind: &str) -> String {
    let article = if kind.starts_with(['a', 'e', 'i', 'o']) {
        "an"
    } else {
        "a"
    };
    format!("{article} {kind}")
}

fn bounds(schema: &Schema, overlay: &FieldOverlay, line: &mut String) {
    let mut say = |text: Option<String>| line.extend(text.map(|text| format!(" {text}.")));
    let minimum = overlay.minimum.or(schema.minimum);
    let maximum = overlay.maximum.or(schema.maximum);
    say(minimum.map(|min| {
        format!(
            "{} {min}",
            if schema.exclusive_minimum {
                "More than"
            } else {
                "At least"
            }
        )
    }));
    say(maximum.map(|max| {
        format!(
            "{} {max}",
            if schema.exclusive_maximum {
                "Less than"
            } else {
                "At most"
            }
        )
    }));
    say(overlay
        .min_length
        .or(schema.min_length)
        .map(|min| format!("At least {min} characters")));
    say(overlay
        .max_length
        .or(schema.max_length)
        .map(|max| format!("At most {max} characters")));
    say(overlay
        .max_bytes
        .map(|max| format!("At most {max} bytes in UTF-8")));
    say(overlay
        .min_items
        .or(schema.min_items)
        .map(|min| format!("At least {min} items")));
    say(overlay
        .max_items
        .or(schema.max_items)
        .map(|max| format!("At most {max} items")));
    say(overlay
        .item_max_length
        .map(|max| format!("Items of at most {max} characters")));
    say(overlay.characters.as_ref().map(|others| {
        if others.is_empty() {
            "Letters of ASCII and digits".to_owned()
        } else {
            format!("Letters of ASCII, digits and `{others}`")
        }
    }));
    say(overlay
        .prefix
        .as_ref()
        .map(|prefix| format!("Begins with `{prefix}`")));
    say(overlay
        .extension
        .then(|| "A file name with an extension".to_owned()));
    say(schema
        .pattern
        .as_ref()
        .map(|pattern| format!("Pattern: `{}`", code(pattern))));
}

/// What is checked before sending, as code.
pub(crate) fn rules(
    schema: &Schema,
    overlay: &FieldOverlay,
    ty: &Ty,
    notes: &mut Vec<String>,
    way: &str,
) -> Vec<String> {
    let mut rules = Vec::new();
    notes.extend(unchecked(schema, overlay, ty, way));
    let mut exclude = |what: &str, min: &dyn std::fmt::Display, max: &dyn std::fmt::Display| {
        notes.push(format!(
            "{way}: the bounds {min} and {max} of its {what} leave nothing and are not checked"
        ));
    };
    // A bound of 0 stands for none in many documents.
    let mut between = |what, min: Option<u64>, max: Option<u64>| match (
        min.filter(|min| *min > 0),
        max.filter(|max| *max > 0),
    ) {
        (Some(min), Some(max)) if min > max => {
            exclude(what, &min, &max);
            (None, None)
        }
        bounds => bounds,
    };
    let lengths = between(
        "length",
        overlay.min_length.or(schema.min_length),
        overlay.max_length.or(schema.max_length),
    );
    let counts = between(
        "items",
        overlay.min_items.or(schema.min_items),
        overlay.max_items.or(schema.max_items),
    );
    let mut add = |name: &str, bound: Option<u64>| {
        rules.extend(bound.map(|bound| format!("{name}({bound})")));
    };
    if matches!(ty, Ty::String) {
        add("MinLength", lengths.0);
        add("MaxLength", lengths.1);
    }
    add("MaxBytes", overlay.max_bytes);
    if matches!(ty, Ty::List(_)) || overlay.min_items.is_some() || overlay.max_items.is_some() {
        add("MinItems", counts.0);
        add("MaxItems", counts.1);
    }
    let of_items = items(schema)
        .filter(|_| *ty == Ty::List(Box::new(Ty::String)))
        .and_then(|items| items.max_length.filter(|max| *max > 0));
    add("ItemMaxLength", overlay.item_max_length.or(of_items));
    if let Some(others) = &overlay.characters {
        rules.push(format!("Characters({others:?})"));
    }
    if let Some(prefix) = &overlay.prefix {
        rules.push(format!("Prefix({prefix:?})"));
    }
    if overlay.extension {
        rules.push("Extension".to_owned());
    }
    if matches!(ty, Ty::String) {
        rules.extend(schema.pattern.as_ref().and_then(|it| pattern::rule(it)));
    }
    let is_number = matches!(ty, Ty::Integer32 | Ty::Integer | Ty::Float)
        || overlay.minimum.is_some()
        || overlay.maximum.is_some();
    if is_number {
        let is_integer = matches!(ty, Ty::Integer32 | Ty::Integer);
        let minimum = overlay
            .minimum
            .or_else(|| bound(schema.minimum, schema.exclusive_minimum, is_integer, 1.0));
        let maximum = overlay
            .maximum
            .or_else(|| bound(schema.maximum, schema.exclusive_maximum, is_integer, -1.0));
        match (minimum, maximum) {
            // From 0 to 0 is what a form gives that nobody filled in.
            (Some(min), Some(max)) if min > max || (min == 0.0 && max == 0.0) => {
                exclude("value", &min, &max);
            }
            (Some(min), Some(max)) if is_whole(min) && is_whole(max) => {
                rules.push(format!("Range({min}, {max})"));
            }
            (min, max) => {
                rules.extend(min.map(|min| format!("Minimum({min:?})")));
                rules.extend(max.map(|max| format!("Maximum({max:?})")));
            }
        }
    }
    rules
}

/// A bound that can be checked; one that is itself excluded can for whole numbers only.
fn bound(bound: Option<f64>, is_excluded: bool, is_integer: bool, inward: f64) -> Option<f64> {
    match bound? {
        bound if !is_excluded => Some(bound),
        bound if is_integer && is_whole(bound) => Some(bound + inward),
        _ => None,
    }
}

/// What is said of values and is not checked.
fn unchecked(schema: &Schema, overlay: &FieldOverlay, ty: &Ty, way: &str) -> Vec<String> {
    let mut notes = Vec::new();
    let is_integer = matches!(ty, Ty::Integer32 | Ty::Integer);
    if is_integer || *ty == Ty::Float {
        let bounds = [
            (
                "minimum",
                schema.minimum.filter(|_| overlay.minimum.is_none()),
                schema.exclusive_minimum,
            ),
            (
                "maximum",
                schema.maximum.filter(|_| overlay.maximum.is_none()),
                schema.exclusive_maximum,
            ),
        ];
        for (what, given, is_excluded) in bounds {
            if let Some(number) = given
                && bound(given, is_excluded, is_integer, 0.0).is_none()
            {
                notes.push(format!(
                    "{way}: the {what} {number}, which is itself excluded, is not checked"
                ));
            }
        }
    }
    let pattern = schema.pattern.as_ref().filter(|_| *ty == Ty::String);
    if pattern.is_some_and(|pattern| pattern::counts_too_far(pattern)) {
        notes.push(format!(
            "{way}: its pattern counts further than any text is long and is not checked"
        ));
    }
    notes
}

fn is_whole(number: f64) -> bool {
    number.fract() == 0.0 && number.abs() < 9e15
}

/// A document's own prose, made fit for rustdoc: no HTML, no accidental link, list or heading.
pub(crate) fn escape(text: &str) -> Vec<String> {
    text.lines().map(|line| escape_line(line.trim())).collect()
}

fn escape_line(line: &str) -> String {
    let mut out = String::new();
    let digits = line.len() - line.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    for (index, c) in line.char_indices() {
        let begins_list = match c {
            '-' | '+' | '=' => index == 0,
            '.' | ')' => index == digits && digits > 0,
            _ => false,
        };
        match c {
            '<' | '>' | '[' | ']' | '`' | '*' | '_' | '#' | '|' | '~' | '\\' => {
                out.push('\\');
                out.push(c);
            }
            c if begins_list => {
                out.push('\\');
                out.push(c);
            }
            '\u{0}'..='\u{1f}' => out.push(' '),
            c => out.push(c),
        }
    }
    // Bare addresses are links of their own in Markdown, which rustdoc wants marked.
    out.replace("http://", "http:\u{200b}//")
        .replace("https://", "https:\u{200b}//")
}
