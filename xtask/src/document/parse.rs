use std::cell::RefCell;

use serde_json::Value;

use super::{Document, Endpoint, Operation, Parameter, Response, Schema, Shape};
use crate::cursor::At;
use crate::error::{Error, Result};
use crate::json;

const REFERENCE: &str = "#/components/schemas/";

/// Reads a document.
///
/// # Errors
/// The text is no JSON or not such a document: the error names the JSON path.
pub(crate) fn parse(text: &str) -> Result<Document> {
    let (value, notes) = json::parse(text)?;
    document(&value, notes)
}

fn document(value: &Value, notes: Vec<String>) -> Result<Document> {
    let notes = RefCell::new(notes);
    let root = At::root(value, &notes);
    // The live address of a single operation wraps what it sends.
    let data = root
        .get("data")
        .filter(|data| root.get("apis").is_none() && data.get("apis").is_some());
    let root = data.unwrap_or(root);
    let info = root.require("info")?;
    let mut components = Vec::new();
    if let Some(schemas) = root
        .get("components")
        .as_ref()
        .and_then(|components| components.get("schemas"))
    {
        for (name, at) in schemas.entries()? {
            components.push((name.to_owned(), schema(&at)?));
        }
    }
    let mut operations = Vec::new();
    let apis = root.require("apis")?;
    apis.object()?;
    for (name, at) in apis.entries()? {
        operations.push(operation(name, &at)?);
    }
    let mut endpoints = Vec::new();
    if let Some(list) = root.get("endpoints") {
        for at in list.items()? {
            endpoints.extend(endpoint(&at)?);
        }
    }
    let document = Document {
        style: info
            .get("style")
            .map_or_else(|| Ok("RPC".to_owned()), |at| at.scalar())?,
        product: info.require("product")?.scalar()?,
        version: info.require("version")?.scalar()?,
        components,
        operations,
        endpoints,
        notes: notes.take(),
    };
    check_references(&document)?;
    Ok(document)
}

fn endpoint(at: &At<'_>) -> Result<Option<Endpoint>> {
    let Some(region) = at.get("regionId") else {
        at.note("an endpoint without a region is left out");
        return Ok(None);
    };
    let region = region.text()?.to_owned();
    let public = at
        .get("public")
        .filter(|at| at.value() != "")
        .or_else(|| at.get("endpoint"));
    let Some(public) = public.filter(|at| at.value() != "") else {
        at.note("an endpoint without a host is left out");
        return Ok(None);
    };
    let Some(public) = host(&public)? else {
        return Ok(None);
    };
    let vpc = at.get("vpc").map(|at| host(&at)).transpose()?.flatten();
    Ok(Some(Endpoint {
        region,
        public,
        vpc,
    }))
}

/// A host name, with a port perhaps, without what a URL has around it; nothing for what is none, which is noted.
fn host(at: &At<'_>) -> Result<Option<String>> {
    let text = at.text()?.trim();
    let bare = text.split_once("://").map_or(text, |(_, rest)| rest);
    let bare = bare.trim_end_matches('/');
    let is_part = |c: char| c.is_ascii_alphanumeric() || "-_.:".contains(c);
    if bare.starts_with(|c: char| c.is_ascii_alphanumeric()) && bare.chars().all(is_part) {
        return Ok(Some(bare.to_owned()));
    }
    if !text.is_empty() {
        at.note(format!("`{text}` is no host and is left out"));
    }
    Ok(None)
}

fn operation(name: &str, at: &At<'_>) -> Result<Operation> {
    at.object()?;
    let mut parameters: Vec<Parameter> = Vec::new();
    if let Some(list) = at.get("parameters") {
        for at in list.items()? {
            parameters.push(parameter(&at)?);
        }
    }
    let mut responses = Vec::new();
    if let Some(map) = at.get("responses") {
        for (status, at) in map.entries()? {
            responses.push(response(status, &at)?);
        }
    }
    let prose = ["summary", "description", "title"]
        .into_iter()
        .find_map(|key| prose(at, key));
    let security = match at.get("security") {
        Some(list) => list
            .items()?
            .map(|at| {
                at.entries()
                    .map(|entries| entries.map(|(name, _)| name.to_owned()).collect::<Vec<_>>())
            })
            .collect::<Result<Vec<_>>>()?
            .concat(),
        None => Vec::new(),
    };
    Ok(Operation {
        name: name.to_owned(),
        methods: texts(at, "methods")?
            .iter()
            .map(|method| method.to_ascii_uppercase())
            .collect(),
        schemes: texts(at, "schemes")?,
        security,
        path: at
            .get("path")
            .map(|at| at.text().map(str::to_owned))
            .transpose()?,
        deprecated: soft_flag(at, "deprecated"),
        consumes: texts(at, "consumes")?,
        produces: texts(at, "produces")?,
        parameters,
        responses,
        error_codes: error_codes(at),
        prose,
    })
}

/// The codes by status. Only documentation and constants use them: what is at fault here is passed over.
fn error_codes(at: &At<'_>) -> Vec<(String, String)> {
    let mut codes = Vec::new();
    let Some(map) = at.get("errorCodes") else {
        return codes;
    };
    for (status, list) in soft(map.entries(), &map).into_iter().flatten() {
        for at in soft(list.items(), &list).into_iter().flatten() {
            let code = at.get("errorCode");
            let code = code.and_then(|code| soft(code.scalar(), &code));
            match code.as_deref().map(str::trim) {
                None | Some("") => at.note("an error without a code is left out"),
                Some(code) => codes.push((status.to_owned(), code.to_owned())),
            }
        }
    }
    codes
}

fn parameter(at: &At<'_>) -> Result<Parameter> {
    let schema_at = at.require("schema")?;
    let mut schema = schema(&schema_at)?;
    // Some tools put it here; Alibaba's own documents never do.
    schema.required |= flag(at, "required")?;
    if schema.prose.is_none() {
        schema.prose = prose(at, "description");
    }
    Ok(Parameter {
        name: at.require("name")?.text()?.to_owned(),
        place: at
            .get("in")
            .map_or_else(|| Ok("query".to_owned()), |at| at.scalar())?,
        style: at.get("style").map(|at| at.scalar()).transpose()?,
        schema,
        at: at.path(),
    })
}

fn response(status: &str, at: &At<'_>) -> Result<Response> {
    if !at.value().is_null() {
        at.object()?;
    }
    let mut headers = Vec::new();
    if let Some(map) = at.get("headers") {
        for (name, at) in map.entries()? {
            let schema_at = at.get("schema").unwrap_or(at);
            headers.push((name.to_owned(), schema(&schema_at)?));
        }
    }
    let schema = at.get("schema").map(|at| schema(&at)).transpose()?;
    Ok(Response {
        status: status.to_owned(),
        schema,
        headers,
        at: at.path(),
    })
}

fn schema(at: &At<'_>) -> Result<Schema> {
    let kind = at.require_object()?.get("type");
    let kind = kind.as_ref().map(kind_of).transpose()?;
    for keyword in NOT_READ.iter().filter(|keyword| at.get(keyword).is_some()) {
        at.note(format!("`{keyword}` is not read"));
    }
    let values = at
        .get("enum")
        .and_then(|list| soft(values(&list), &list))
        .unwrap_or_default();
    Ok(Schema {
        shape: shape(at, kind)?,
        format: at.get("format").and_then(|at| soft(at.scalar(), &at)),
        required: at
            .get("required")
            .filter(|at| !at.value().is_array())
            .map_or(Ok(false), |at| at.boolean())?,
        doc_required: soft_flag(at, "docRequired"),
        deprecated: soft_flag(at, "deprecated"),
        sensitive: soft_flag(at, "sensitive"),
        item_node: soft_flag(at, "itemNode"),
        default: at
            .get("default")
            .map(|at| at.scalar().unwrap_or_else(|_| at.value().to_string())),
        values,
        minimum: bound(at, "minimum"),
        maximum: bound(at, "maximum"),
        exclusive_minimum: soft_flag(at, "exclusiveMinimum"),
        exclusive_maximum: soft_flag(at, "exclusiveMaximum"),
        min_length: count(at, "minLength"),
        max_length: count(at, "maxLength"),
        min_items: count(at, "minItems"),
        max_items: count(at, "maxItems"),
        pattern: at.get("pattern").and_then(|at| soft(at.scalar(), &at)),
        prose: prose(at, "description").or_else(|| prose(at, "title")),
    })
}

/// What other descriptions of JSON have and Alibaba's has not.
const NOT_READ: &[&str] = &[
    "allOf",
    "anyOf",
    "oneOf",
    "not",
    "const",
    "prefixItems",
    "patternProperties",
    "multipleOf",
    "uniqueItems",
];

/// The type; of several, as `["string", "null"]`, the one that is not null.
fn kind_of<'a>(at: &At<'a>) -> Result<&'a str> {
    let Some(kinds) = at.value().as_array() else {
        return at.text();
    };
    let mut kinds = kinds
        .iter()
        .filter_map(|kind| kind.as_str())
        .filter(|kind| *kind != "null");
    match (kinds.next(), kinds.next()) {
        (Some(kind), None) => Ok(kind),
        _ => {
            at.note("several types in one; the value is any JSON");
            Ok("any")
        }
    }
}

fn shape(at: &At<'_>, kind: Option<&str>) -> Result<Shape> {
    if let Some(reference) = at.get("$ref") {
        let text = reference.text()?;
        let name = text.strip_prefix(REFERENCE).ok_or_else(|| {
            reference.error(format!("`{text}` does not begin with `{REFERENCE}`"))
        })?;
        return Ok(Shape::Ref(name.to_owned()));
    }
    let has = |name| at.get(name).is_some();
    let by_content = if has("properties") || has("additionalProperties") {
        Some("object")
    } else {
        has("items").then_some("array")
    };
    let kind = match kind.map(str::to_ascii_lowercase) {
        Some(kind) if !kind.is_empty() => kind,
        _ => by_content.unwrap_or("any").to_owned(),
    };
    Ok(match kind.as_str() {
        "string" | "file" => Shape::String,
        "integer" | "long" => Shape::Integer,
        "number" | "float" | "double" => Shape::Number,
        "boolean" => Shape::Boolean,
        "array" => list(at)?,
        "object" => object(at)?,
        "any" => Shape::Any,
        other => {
            at.note(format!(
                "the type `{other}` is not known; the value is {}",
                by_content
                    .map_or_else(|| "any JSON".to_owned(), |kind| format!("read as `{kind}`"))
            ));
            match by_content {
                Some("array") => list(at)?,
                Some(_) => object(at)?,
                None => Shape::Any,
            }
        }
    })
}

fn list(at: &At<'_>) -> Result<Shape> {
    let items = at
        .get("items")
        .map_or_else(|| Ok(Schema::default()), |at| schema(&at))?;
    Ok(Shape::List(Box::new(items)))
}

fn object(at: &At<'_>) -> Result<Shape> {
    let mut properties = Vec::new();
    if let Some(map) = at.get("properties") {
        for (name, at) in map.entries()? {
            properties.push((name.to_owned(), schema(&at)?));
        }
    }
    // Alibaba's own documents say it in the property; other tools list the names here.
    if let Some(list) = at.get("required").filter(|at| at.value().is_array()) {
        for at in list.items()? {
            let name = at.text()?;
            match properties.iter_mut().find(|(it, _)| it == name) {
                Some((_, schema)) => schema.required = true,
                None => at.note(format!("`{name}` is required and is no property")),
            }
        }
    }
    let values = at
        .get("additionalProperties")
        .filter(|values| values.value().is_object());
    Ok(match values {
        Some(values) if properties.is_empty() => Shape::Map(Box::new(schema(&values)?)),
        Some(_) => {
            at.note("its additional properties have no place beside the named ones");
            Shape::Object(properties)
        }
        // An object of which nothing is said.
        None if properties.is_empty() => Shape::Any,
        None => Shape::Object(properties),
    })
}

impl<'a> At<'a> {
    fn require_object(&self) -> Result<&Self> {
        self.object().map(|_| self)
    }
}

fn flag(at: &At<'_>, name: &str) -> Result<bool> {
    at.get(name).map_or(Ok(false), |at| at.boolean())
}

/// A flag that only documentation or checks use.
fn soft_flag(at: &At<'_>, name: &str) -> bool {
    at.get(name)
        .and_then(|at| soft(at.boolean(), &at))
        .unwrap_or_default()
}

/// A bound; the documents write numbers as texts, and an empty one for none.
fn bound(at: &At<'_>, name: &str) -> Option<f64> {
    let at = at.get(name).filter(|at| at.value() != "")?;
    soft(at.number(), &at)
}

fn count(at: &At<'_>, name: &str) -> Option<u64> {
    let at = at.get(name).filter(|at| at.value() != "")?;
    soft(at.count(), &at)
}

fn values(list: &At<'_>) -> Result<Vec<String>> {
    let is_value = |at: &At<'_>| {
        let is_null = at.value().is_null();
        if is_null {
            at.note("null as one of the values is left out");
        }
        !is_null
    };
    list.items()?
        .filter(is_value)
        .map(|at| at.scalar())
        .collect()
}

/// Passes over what only documentation and checks would use, and writes that down.
fn soft<T>(found: Result<T>, at: &At<'_>) -> Option<T> {
    found
        .map_err(|error| at.note(error.message.rsplit(": ").next().unwrap_or_default()))
        .ok()
}

fn prose(at: &At<'_>, name: &str) -> Option<String> {
    let text = at.get(name)?.value().as_str()?.trim().to_owned();
    (!text.is_empty()).then_some(text)
}

fn texts(at: &At<'_>, name: &str) -> Result<Vec<String>> {
    at.get(name).map_or(Ok(Vec::new()), |list| {
        list.items()?
            .map(|at| at.text().map(str::to_owned))
            .collect()
    })
}

fn check_references(document: &Document) -> Result<()> {
    let known = |name: &str| {
        document
            .components
            .iter()
            .any(|(component, _)| component == name)
    };
    for (name, schema) in &document.components {
        check_reference(schema, &|| format!("$.components.schemas.{name}"), &known)?;
    }
    for operation in &document.operations {
        for parameter in &operation.parameters {
            check_reference(
                &parameter.schema,
                &|| format!("{}.schema", parameter.at),
                &known,
            )?;
        }
        for response in &operation.responses {
            if let Some(schema) = &response.schema {
                check_reference(schema, &|| format!("{}.schema", response.at), &known)?;
            }
            for (name, schema) in &response.headers {
                check_reference(
                    schema,
                    &|| format!("{}.headers.{name}", response.at),
                    &known,
                )?;
            }
        }
    }
    Ok(())
}

fn check_reference(
    schema: &Schema,
    path: &dyn Fn() -> String,
    known: &dyn Fn(&str) -> bool,
) -> Result<()> {
    match &schema.shape {
        Shape::Ref(name) if !known(name) => Err(Error::input(format!(
            "{}.$ref: `{REFERENCE}{name}` names no component",
            path()
        ))),
        Shape::List(items) => check_reference(items, &|| format!("{}.items", path()), known),
        Shape::Map(values) => check_reference(
            values,
            &|| format!("{}.additionalProperties", path()),
            known,
        ),
        Shape::Object(properties) => properties.iter().try_for_each(|(name, schema)| {
            check_reference(schema, &|| format!("{}.properties.{name}", path()), known)
        }),
        _ => Ok(()),
    }
}
