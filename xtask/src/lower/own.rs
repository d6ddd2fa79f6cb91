//! The overlay's own components, in the form of the document's.

use crate::document::{Schema, Shape};
use crate::error::{Error, Result};
use crate::overlay::{ComponentOverlay, Overlay};

/// The schema format of a name that is percent-encoded.
pub(super) const PERCENT_ENCODED: &str = "percent-encoded";

/// Reads them.
///
/// # Errors
/// A type is not known.
pub(super) fn components(overlay: &Overlay) -> Result<Vec<(String, Schema)>> {
    let is_component = |name: &str| overlay.components.contains_key(name);
    let read = |(name, component): (&String, &ComponentOverlay)| {
        let mut properties = Vec::new();
        for (field, kind) in &component.fields {
            let schema = schema(kind, &is_component)
                .map_err(|error| error.in_file(&format!("the component `{name}`, `{field}`")))?;
            properties.push((field.clone(), schema));
        }
        if properties.is_empty() {
            return Err(Error::input(format!(
                "the component `{name}` has no fields"
            )));
        }
        let schema = Schema {
            shape: Shape::Object(properties),
            ..Schema::default()
        };
        Ok((name.clone(), schema))
    };
    overlay.components.iter().map(read).collect()
}

/// Reads a type: `string!`, `[Output]`, `{Activity}`.
pub(super) fn schema(text: &str, is_component: &dyn Fn(&str) -> bool) -> Result<Schema> {
    let (kind, required) = match text.strip_suffix('!') {
        Some(kind) => (kind, true),
        None => (text, false),
    };
    let inside = |start, end| kind.strip_prefix(start).and_then(|it| it.strip_suffix(end));
    let shape = if let Some(item) = inside('[', ']') {
        Shape::List(Box::new(schema(item, is_component)?))
    } else if let Some(value) = inside('{', '}') {
        Shape::Map(Box::new(schema(value, is_component)?))
    } else {
        match kind {
            "string" | "percent_encoded" => Shape::String,
            "integer" => Shape::Integer,
            "float" => Shape::Number,
            "boolean" => Shape::Boolean,
            "json" => Shape::Any,
            name if is_component(name) => Shape::Ref(name.to_owned()),
            name => {
                return Err(Error::input(format!(
                    "`{name}` is no type and no component"
                )));
            }
        }
    };
    Ok(Schema {
        shape,
        required,
        format: (kind == "percent_encoded").then(|| PERCENT_ENCODED.to_owned()),
        ..Schema::default()
    })
}
