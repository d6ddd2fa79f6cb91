//! The parameters of an operation: where they travel and how they are written.

use std::borrow::Cow;

use super::fields::{Context, Property};
use super::template;
use crate::document::{self, Parameter, Schema, Shape};
use crate::error::{Error, Result};
use crate::model::{Place, Style};
use crate::names;
use crate::overlay::OperationOverlay;

/// The parameters of an operation, each once, and the path with a place for each of those in it.
pub(super) struct Parameters<'a> {
    list: Vec<(Cow<'a, Parameter>, Place, Style)>,
    pub(super) path: Option<String>,
}

impl<'a> Parameters<'a> {
    pub(super) fn read(
        context: &Context<'_>,
        operation: &'a document::Operation,
        overlay: &OperationOverlay,
        is_rpc: bool,
        notes: &mut Vec<String>,
    ) -> Result<Self> {
        let mut list: Vec<(Cow<'a, Parameter>, Place, Style)> = Vec::new();
        for parameter in &operation.parameters {
            let same = list
                .iter()
                .find(|(it, _, _)| it.name == parameter.name && it.place == parameter.place);
            if let Some((first, _, _)) = same {
                if !first.schema.is_like(&parameter.schema) || first.style != parameter.style {
                    notes.push(format!(
                        "the parameter `{}` is listed twice with different types; the first is used",
                        parameter.name
                    ));
                }
                continue;
            }
            let resolved = context.resolve(&parameter.schema);
            check_header(parameter, notes);
            if parameter.place == "host" && !is_scalar(resolved) {
                notes.push(format!(
                    "the parameter `{}` is part of the host name and no scalar; a request with it is refused",
                    parameter.name
                ));
            }
            let has_plain_items = match &resolved.shape {
                Shape::List(items) => is_scalar(context.resolve(items)),
                _ => true,
            };
            let style = match style(operation, parameter, resolved, notes) {
                // Commas part scalars only.
                Style::Comma if !has_plain_items => Style::Json,
                Style::Flat if !has_plain_items && is_one_text(parameter) => Style::Json,
                style => style,
            };
            let place = match (&overlay.place, place(parameter, resolved, is_rpc, notes)) {
                (Some(name), Place::Default) if name == "form" => Place::Form,
                (Some(name), _) if name != "form" => {
                    return Err(Error::input(format!(
                        "{}: `{name}` is no place: use `form`",
                        operation.name
                    )));
                }
                (_, place) => place,
            };
            list.push((Cow::Borrowed(parameter), place, style));
        }
        check_bodies(context, operation, &list, notes);
        check_method(operation, &list, is_rpc, notes);
        // What has the style of RPC is told by its action alone.
        let path = operation.path.clone().filter(|_| !is_rpc);
        let mut parameters = Self { list, path };
        parameters.settle_path(notes);
        Ok(parameters)
    }

    /// Brings path and parameters together where the document spells them differently or lacks one of both.
    fn settle_path(&mut self, notes: &mut Vec<String>) {
        let in_path = |name: &str| {
            let mut all = self.list.iter();
            all.any(|(it, place, _)| *place == Place::Path && it.name == name)
        };
        let given = self.path.clone().unwrap_or_default();
        let mut path = template::settle(&given, &in_path);
        if template::is_odd(&path) {
            notes.push(format!(
                "the path `{given}` has a brace that opens or closes nothing; it is sent percent-encoded"
            ));
            path = template::without_odd(&path);
        }
        let is_whole = path.contains('*');
        let mut has_whole = false;
        let mut places = template::places(&path);
        for (parameter, place, _) in self
            .list
            .iter_mut()
            .filter(|(_, place, _)| *place == Place::Path)
        {
            // Such a name can't be told from the path around it.
            let is_plain = !parameter.name.contains(['{', '}', '[', ']', '?', '*']);
            let found = places.iter().position(|it| *it == parameter.name);
            let found = found.or_else(|| {
                let similar = |it: &String| names::snake(it) == names::snake(&parameter.name);
                places.iter().position(similar)
            });
            match found.filter(|_| is_plain) {
                Some(index) => {
                    let spelled = places.remove(index);
                    path = path.replace(
                        &format!("{{{spelled}}}"),
                        &format!("{{{}}}", parameter.name),
                    );
                    path =
                        path.replace(&format!("[{spelled}]"), &format!("{{{}}}", parameter.name));
                }
                None if is_whole && !has_whole => has_whole = true,
                None => {
                    notes.push(format!(
                        "the path has no place for `{}`; it is sent in the query",
                        parameter.name
                    ));
                    *place = Place::Default;
                }
            }
        }
        if is_whole && !has_whole {
            notes.push(format!(
                "no parameter gives what `*` stands for in the path `{path}`"
            ));
        } else if !is_whole {
            for (index, name) in places.into_iter().enumerate() {
                let schema = Schema {
                    shape: Shape::String,
                    required: true,
                    ..Schema::default()
                };
                let parameter = Parameter {
                    name,
                    place: "path".to_owned(),
                    style: None,
                    schema,
                    at: String::new(),
                };
                self.list
                    .insert(index, (Cow::Owned(parameter), Place::Path, Style::Flat));
            }
        }
        if self.path.is_some() {
            self.path = Some(template::escape(&path));
        }
    }

    pub(super) fn properties(&self) -> Vec<Property<'_>> {
        let property = |(parameter, place, style): &'_ (Cow<'a, Parameter>, Place, Style)| {
            (parameter.name.clone(), *place, *style)
        };
        self.list
            .iter()
            .map(|item| {
                let (way, place, style) = property(item);
                Property {
                    wire: &item.0.name,
                    schema: &item.0.schema,
                    way,
                    place,
                    style,
                }
            })
            .collect()
    }
}

fn is_scalar(schema: &Schema) -> bool {
    matches!(
        schema.shape,
        Shape::String | Shape::Integer | Shape::Number | Shape::Boolean
    )
}

/// A request has one body.
fn check_bodies(
    context: &Context<'_>,
    operation: &document::Operation,
    list: &[(Cow<'_, Parameter>, Place, Style)],
    notes: &mut Vec<String>,
) {
    let count = |wanted: Place| list.iter().filter(|(_, place, _)| *place == wanted).count();
    let bodies = count(Place::Body);
    if bodies > 1 {
        notes.push("it has several bodies; they are sent by name in one object of JSON".to_owned());
    }
    let mut all = list.iter().filter(|(_, place, _)| *place == Place::Body);
    let takes_form =
        !operation.consumes.is_empty() && operation.consumes.iter().all(|it| it.contains("form"));
    if bodies > 1
        && all
            .clone()
            .any(|(it, _, _)| is_binary(context.resolve(&it.schema)))
    {
        notes.push("one of its bodies is binary, which an object of JSON can't hold; a request with it is refused".to_owned());
    } else if takes_form && all.any(|(it, _, _)| !is_scalar(context.resolve(&it.schema))) {
        notes.push(
            "it takes a form, which its body is not described as; the body is sent as JSON"
                .to_owned(),
        );
    }
    if bodies > 0 && count(Place::Form) > 0 {
        notes.push(
            "it has a form and a body; a request with both is refused before it is sent".to_owned(),
        );
    }
}

/// The runtime sends a form of RPC style by a method that carries one.
fn check_method(
    operation: &document::Operation,
    list: &[(Cow<'_, Parameter>, Place, Style)],
    is_rpc: bool,
    notes: &mut Vec<String>,
) {
    let carries = |method: &String| !matches!(method.as_str(), "GET" | "HEAD");
    let has_body = list
        .iter()
        .any(|(_, place, _)| matches!(place, Place::Form | Place::Body));
    if is_rpc && has_body && !operation.methods.is_empty() && !operation.methods.iter().any(carries)
    {
        notes.push(format!(
            "it takes {} alone and has a form or a body; a request with one is sent by POST",
            operation.methods.join(" and ")
        ));
    }
}

fn place(parameter: &Parameter, resolved: &Schema, is_rpc: bool, notes: &mut Vec<String>) -> Place {
    match parameter.place.as_str() {
        "query" => Place::Default,
        "formData" | "form" => Place::Form,
        // The gateway of RPC reads a form: a body that is no stream is a part of it.
        "body" if is_rpc && !is_binary(resolved) => Place::Form,
        "body" => Place::Body,
        "path" => Place::Path,
        "header" => Place::Header,
        "host" => Place::Host,
        other => {
            notes.push(format!("the parameter `{}` travels in `{other}`, which is not known; it is sent in the query", parameter.name));
            Place::Default
        }
    }
}

pub(super) fn is_binary(schema: &Schema) -> bool {
    matches!(schema.shape, Shape::String) && schema.format.as_deref() == Some("binary")
}

fn style(
    operation: &document::Operation,
    parameter: &Parameter,
    resolved: &Schema,
    notes: &mut Vec<String>,
) -> Style {
    let is_list = matches!(resolved.shape, Shape::List(_));
    let takes_xml =
        !operation.consumes.is_empty() && operation.consumes.iter().all(|it| it.contains("xml"));
    let is_scalar = is_scalar(resolved);
    let style = match parameter.style.as_deref() {
        Some("json") => Style::Json,
        Some("simple") if is_list => Style::Comma,
        Some("simple") => Style::Json,
        Some("xml") if parameter.place == "body" || is_scalar => Style::Xml,
        Some("xml") => {
            notes.push(format!(
                "the parameter `{}` is XML outside of a body, of which nothing is known; it is flattened",
                parameter.name
            ));
            Style::Flat
        }
        None if is_one_text(parameter) && is_list => Style::Comma,
        None if parameter.place == "body" && takes_xml => Style::Xml,
        None | Some("repeatList" | "flat" | "struct" | "form" | "formData" | "") => Style::Flat,
        Some(other) => {
            notes.push(format!(
                "the parameter `{}` has the style `{other}`, which is not known; it is flattened",
                parameter.name
            ));
            Style::Flat
        }
    };
    // There is one way to write a scalar.
    if is_scalar { Style::Flat } else { style }
}

/// The headers that the signature is in or made of.
const SIGNERS_HEADERS: &[&str] = &[
    "authorization",
    "host",
    "x-acs-accesskey-id",
    "x-acs-action",
    "x-acs-bearer-token",
    "x-acs-content-sha256",
    "x-acs-credentials-provider",
    "x-acs-date",
    "x-acs-security-token",
    "x-acs-signature-nonce",
    "x-acs-signature-type",
    "x-acs-version",
];

/// Whether it travels where there is room for one text.
fn is_one_text(parameter: &Parameter) -> bool {
    matches!(parameter.place.as_str(), "header" | "path" | "host")
}

/// A name that no header can have makes each request with it fail.
fn check_header(parameter: &Parameter, notes: &mut Vec<String>) {
    let is_token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    let is_name = !parameter.name.is_empty() && parameter.name.chars().all(is_token);
    if parameter.place == "header" && !is_name {
        notes.push(format!(
            "the parameter `{}` has a name that no header can have; a request with it is refused",
            parameter.name
        ));
    }
    let is_signers = SIGNERS_HEADERS
        .iter()
        .any(|it| parameter.name.eq_ignore_ascii_case(it));
    if parameter.place == "header" && is_signers {
        notes.push(format!(
            "the parameter `{}` is a header that the signature needs for itself; a request with it is refused",
            parameter.name
        ));
    }
}
