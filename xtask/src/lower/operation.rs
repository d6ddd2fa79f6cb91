//! One operation: its request, its answer and the types inside both.

use std::borrow::Cow;
use std::collections::HashSet;

use super::fields::{Context, Property, Side};
use super::scope::{Scope, new_arguments};
use super::{describe, paging};
use crate::document::{self, Document, Parameter, Response, Schema, Shape};
use crate::error::{Error, Result};
use crate::model::{Field, Operation, Output, Place, Security, Struct, Style, Ty};
use crate::names;
use crate::overlay::{Matched, OperationOverlay};

/// An operation of a name that begins so only reads.
const READING: &[&str] = &[
    "Get", "List", "Query", "Search", "Describe", "Check", "BatchGet", "Head",
];

/// The Rust names of an operation.
#[derive(Clone)]
pub(crate) struct Names {
    pub(crate) module: String,
    pub(crate) request: String,
    pub(crate) output: String,
}

impl Names {
    /// Takes names that are free.
    pub(crate) fn choose(
        action: &str,
        taken: &mut HashSet<String>,
        modules: &mut HashSet<String>,
    ) -> Self {
        let base = names::pascal(action);
        let candidates = (1..).map(|n| match n {
            1 => base.clone(),
            2 => format!("{base}Operation"),
            n => format!("{base}{n}"),
        });
        let is_free =
            |name: &String| !taken.contains(name) && !taken.contains(&format!("{name}Output"));
        let request = candidates
            .into_iter()
            .find(is_free)
            .unwrap_or_else(|| base.clone());
        let output = format!("{request}Output");
        taken.extend([
            request.clone(),
            output.clone(),
            format!("{request}Required"),
        ]);
        let base = names::module(action);
        let free = (1..)
            .map(|n| {
                if n == 1 {
                    base.clone()
                } else {
                    format!("{base}_{n}")
                }
            })
            .find(|name| !modules.contains(name));
        let module = free.unwrap_or(base);
        modules.insert(module.clone());
        Self {
            module,
            request,
            output,
        }
    }
}

pub(crate) struct Input<'a> {
    pub(crate) document: &'a Document,
    pub(crate) operation: &'a document::Operation,
    pub(crate) overlay: Option<&'a OperationOverlay>,
    pub(crate) names: Names,
    pub(crate) repeatable: &'a Matched<'a>,
}

/// Makes an operation, or none where it can't be expressed.
pub(crate) fn lower(
    context: &Context<'_>,
    input: &Input<'_>,
    unsupported: &mut Vec<String>,
) -> Result<Option<Operation>> {
    let Input {
        operation, names, ..
    } = input;
    let action = &operation.name;
    let no_overlay = OperationOverlay::default();
    let overlay = input.overlay.unwrap_or(&no_overlay);
    if !is_http(operation, unsupported) {
        return Ok(None);
    }
    let mut notes = Vec::new();
    let mut scope = Scope::new([
        names.request.clone(),
        names.output.clone(),
        format!("{}Required", names.request),
    ]);
    let is_rpc = input.document.style == "RPC" && !is_rest_path(operation);
    let parameters = Parameters::read(operation, overlay, is_rpc, &mut notes)?;
    let matched = Matched::new(
        "the parameter",
        overlay.parameters.keys().map(String::as_str),
    );
    let always = Matched::new(
        "the field that is always sent",
        overlay.always.iter().map(String::as_str),
    );
    let nothing = Matched::new("always", []);
    let root_doc = format!("[`{0}`](crate::{0})", names.request);
    let look_up = |way: &str| overlay.parameters.get(way).filter(|_| matched.has(way));
    let side = Side {
        is_input: true,
        is_shared: false,
        always: &nothing,
        overlays: &look_up,
        root_doc: &root_doc,
    };
    let path = vec![names.request.clone()];
    let mut fields = context.fields(
        &mut scope,
        &side,
        &path,
        &parameters.properties(),
        &mut notes,
    );
    matched.finish()?;

    let matched = Matched::new(
        "the field of the answer",
        overlay.responses.keys().map(String::as_str),
    );
    let look_up = |way: &str| overlay.responses.get(way).filter(|_| matched.has(way));
    let root_doc = format!("the answer of [`{0}`](crate::{0})", names.request);
    let side = Side {
        is_input: false,
        is_shared: false,
        always: &always,
        overlays: &look_up,
        root_doc: &root_doc,
    };
    let path = vec![names.request.clone(), "Output".to_owned()];
    let mut output = output(context, &mut scope, &side, &path, input, &mut notes);
    matched.finish()?;
    always.finish()?;

    let (types, renames) = scope.finish();
    let types: Vec<_> = types.into_iter().map(|(_, ty)| ty).collect();
    fields
        .iter_mut()
        .for_each(|field| renames.apply(&mut field.ty));
    match &mut output {
        Output::Struct(it) => it
            .fields
            .iter_mut()
            .for_each(|field| renames.apply(&mut field.ty)),
        Output::Other(ty) => renames.apply(ty),
    }
    let new = new_arguments(&fields, &overlay.order);
    check_names(&fields, overlay)?;
    let checks = checks(overlay);
    let request = Struct {
        name: names.request.clone(),
        doc: Vec::new(),
        is_input: true,
        fields,
        checks,
        new,
    };
    let paging = paging::find(overlay.paging.as_ref(), &request, &output)?;
    let is_secret = overlay.secret || holds_secret(&output, &types);
    unsupported.extend(notes.into_iter().map(|note| format!("{action}: {note}")));
    Ok(Some(Operation {
        action: action.clone(),
        module: names.module.clone(),
        name: names.request.clone(),
        is_rpc,
        methods: methods(operation),
        path: parameters.path.clone(),
        security: security(operation, overlay, unsupported)?,
        is_idempotent: overlay
            .idempotent
            .unwrap_or_else(|| input.repeatable.has(action) || only_reads(action)),
        duplicate_guard: overlay.duplicate_guard.clone(),
        is_secret,
        is_deprecated: operation.deprecated,
        content_type: content_type(operation),
        doc: doc(operation, overlay, context.with_prose),
        error_codes: operation.error_codes.clone(),
        request,
        output,
        types,
        paging,
    }))
}

fn only_reads(action: &str) -> bool {
    READING.iter().any(|start| {
        action.strip_prefix(start).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit())
        })
    })
}

/// An operation of a product of RPC style that nevertheless is told by its path.
fn is_rest_path(operation: &document::Operation) -> bool {
    operation
        .path
        .as_ref()
        .is_some_and(|path| path.len() > 1 && path.contains(['{', '[', '*']))
}

fn is_http(operation: &document::Operation, unsupported: &mut Vec<String>) -> bool {
    let is_other = |scheme: &String| scheme != "http" && scheme != "https";
    let others: Vec<&str> = operation
        .schemes
        .iter()
        .filter(|scheme| is_other(scheme))
        .map(String::as_str)
        .collect();
    let is_possible = operation.schemes.is_empty()
        || operation
            .schemes
            .iter()
            .any(|scheme| !is_other(scheme) || scheme.contains("sse"));
    for scheme in others {
        let remedy = if scheme.contains("sse") {
            "the whole stream is the answer's body"
        } else {
            "it is left out"
        };
        if scheme.contains("sse") || !is_possible {
            unsupported.push(format!(
                "{}: answers over `{scheme}` are not read; {remedy}",
                operation.name
            ));
        }
    }
    is_possible
}

fn methods(operation: &document::Operation) -> Vec<String> {
    let known = ["POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    let mut methods: Vec<String> = operation
        .methods
        .iter()
        .filter(|it| known.contains(&it.as_str()))
        .cloned()
        .collect();
    // POST first: what it carries stays out of logs of URLs, and is not bound by their length.
    methods.sort_by_key(|method| method != "POST");
    methods.dedup();
    if methods.is_empty() {
        methods.push("POST".to_owned());
    }
    methods
}

fn security(
    operation: &document::Operation,
    overlay: &OperationOverlay,
    unsupported: &mut Vec<String>,
) -> Result<Security> {
    if let Some(name) = &overlay.security {
        return match name.as_str() {
            "anonymous" => Ok(Security::Anonymous),
            "access_key" => Ok(Security::AccessKey),
            _ => Err(Error::input(format!(
                "{}: `{name}` is no security: use `anonymous` or `access_key`",
                operation.name
            ))),
        };
    }
    let has = |name: &str| operation.security.iter().any(|it| it == name);
    Ok(if has("AK") || operation.security.is_empty() {
        Security::AccessKey
    } else if has("Anonymous") || has("ARS_OIDC") {
        Security::Anonymous
    } else if has("BearerToken") {
        Security::BearerToken
    } else {
        unsupported.push(format!(
            "{}: the security `{}` is not known; requests are signed with an AccessKey",
            operation.name,
            operation.security.join("`, `")
        ));
        Security::AccessKey
    })
}

/// The type of a body, where the document leaves one choice and it is not the usual one.
fn content_type(operation: &document::Operation) -> Option<String> {
    match operation.consumes.as_slice() {
        [one]
            if one != "application/json"
                && one.contains('/')
                && !one.contains("form")
                && !one.contains('*') =>
        {
            Some(one.clone())
        }
        _ => None,
    }
}

fn doc(
    operation: &document::Operation,
    overlay: &OperationOverlay,
    with_prose: bool,
) -> Vec<String> {
    let own = overlay
        .doc
        .as_ref()
        .map(|doc| doc.lines().map(str::to_owned).collect::<Vec<_>>());
    let prose = operation
        .prose
        .as_ref()
        .filter(|_| with_prose)
        .map(|text| describe::escape(text));
    own.or(prose).unwrap_or_default()
}

fn checks(overlay: &OperationOverlay) -> Vec<(&'static str, Vec<String>)> {
    let all = [
        ("AnyOf", &overlay.any_of),
        ("OneOf", &overlay.one_of),
        ("Together", &overlay.together),
    ];
    all.into_iter()
        .flat_map(|(kind, groups)| groups.iter().map(move |group| (kind, group.clone())))
        .collect()
}

fn check_names(fields: &[Field], overlay: &OperationOverlay) -> Result<()> {
    let groups = [&overlay.any_of, &overlay.one_of, &overlay.together]
        .into_iter()
        .flatten()
        .flatten();
    let names = groups
        .chain(&overlay.order)
        .chain(&overlay.duplicate_guard)
        .chain(
            overlay
                .paging
                .iter()
                .flat_map(super::super::overlay::Paging::names),
        );
    match names
        .into_iter()
        .find(|name| !fields.iter().any(|field| field.wire == **name))
    {
        Some(name) => Err(Error::input(format!(
            "`{name}` is no parameter of the operation"
        ))),
        None => Ok(()),
    }
}

fn holds_secret(output: &Output, types: &[crate::model::Type]) -> bool {
    let is_secret = |it: &Struct| it.fields.iter().any(|field| field.is_secret);
    let in_output = matches!(output, Output::Struct(it) if is_secret(it));
    in_output
        || types
            .iter()
            .any(|ty| matches!(ty, crate::model::Type::Struct(it) if !it.is_input && is_secret(it)))
}

/// The parameters of an operation, each once, and the path with a place for each of those in it.
struct Parameters<'a> {
    list: Vec<(Cow<'a, Parameter>, Place, Style)>,
    path: Option<String>,
}

impl<'a> Parameters<'a> {
    fn read(
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
                if std::mem::discriminant(&first.schema.shape)
                    != std::mem::discriminant(&parameter.schema.shape)
                {
                    notes.push(format!(
                        "the parameter `{}` is listed twice with different types; the first is used",
                        parameter.name
                    ));
                }
                continue;
            }
            let style = style(parameter, notes);
            let place = match (&overlay.place, place(parameter, is_rpc, notes)) {
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
        // What has the style of RPC is told by its action alone.
        let path = operation.path.clone().filter(|_| !is_rpc);
        let mut parameters = Self { list, path };
        parameters.settle_path(notes);
        Ok(parameters)
    }

    /// Brings path and parameters together where the document spells them differently or lacks one of both.
    fn settle_path(&mut self, notes: &mut Vec<String>) {
        let mut path = self.path.clone().unwrap_or_default();
        let is_whole = path.contains('*');
        let mut places = places(&path);
        for (parameter, place, _) in self
            .list
            .iter_mut()
            .filter(|(_, place, _)| *place == Place::Path)
        {
            let found = places.iter().position(|it| *it == parameter.name);
            let found = found.or_else(|| {
                places
                    .iter()
                    .position(|it| names::snake(it) == names::snake(&parameter.name))
            });
            match found {
                Some(index) => {
                    let spelled = places.remove(index);
                    path = path.replace(
                        &format!("{{{spelled}}}"),
                        &format!("{{{}}}", parameter.name),
                    );
                    path =
                        path.replace(&format!("[{spelled}]"), &format!("{{{}}}", parameter.name));
                }
                None if is_whole => {}
                None => {
                    notes.push(format!(
                        "the path has no place for `{}`; it is sent in the query",
                        parameter.name
                    ));
                    *place = Place::Default;
                }
            }
        }
        if !is_whole {
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
            self.path = Some(path);
        }
    }

    fn properties(&self) -> Vec<Property<'_>> {
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

/// The names of the places in a path.
fn places(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = path;
    while let Some(start) = rest.find(['{', '[']) {
        rest = &rest[start + 1..];
        let Some(end) = rest.find(['}', ']']) else {
            break;
        };
        let name = rest[..end].to_owned();
        if !name.is_empty() && !found.contains(&name) {
            found.push(name);
        }
        rest = &rest[end..];
    }
    found
}

fn place(parameter: &Parameter, is_rpc: bool, notes: &mut Vec<String>) -> Place {
    match parameter.place.as_str() {
        "query" => Place::Default,
        "formData" | "form" => Place::Form,
        // The gateway of RPC reads a form: a body that is no stream is a part of it.
        "body" if is_rpc && !is_binary(&parameter.schema) => Place::Form,
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

fn is_binary(schema: &Schema) -> bool {
    matches!(schema.shape, Shape::String) && schema.format.as_deref() == Some("binary")
}

fn style(parameter: &Parameter, notes: &mut Vec<String>) -> Style {
    let in_header_or_path = matches!(parameter.place.as_str(), "header" | "path");
    match parameter.style.as_deref() {
        Some("json") => Style::Json,
        Some("simple") if describe::is_list(&parameter.schema) => Style::Comma,
        Some("simple") => Style::Json,
        Some("xml") => Style::Xml,
        None if in_header_or_path && describe::is_list(&parameter.schema) => Style::Comma,
        None | Some("repeatList" | "flat" | "struct" | "form" | "formData" | "") => Style::Flat,
        Some(other) => {
            notes.push(format!(
                "the parameter `{}` has the style `{other}`, which is not known; it is flattened",
                parameter.name
            ));
            Style::Flat
        }
    }
}

/// What a successful answer holds.
fn output(
    context: &Context<'_>,
    scope: &mut Scope,
    side: &Side<'_>,
    path: &[String],
    input: &Input<'_>,
    notes: &mut Vec<String>,
) -> Output {
    let successes = successes(&input.operation.responses, notes);
    let headers: Vec<&(String, Schema)> = successes
        .iter()
        .flat_map(|response| &response.headers)
        .collect();
    let mut bodies: Vec<&Schema> = successes
        .iter()
        .filter_map(|response| response.schema.as_ref())
        .collect();
    if input.operation.produces.iter().all(|it| it.contains("xml"))
        && !input.operation.produces.is_empty()
        && !bodies.is_empty()
    {
        notes.push("the answer is XML, which is not read; it is the answer's text".to_owned());
        return Output::Other(Ty::String);
    }
    if input
        .operation
        .schemes
        .iter()
        .any(|scheme| scheme.contains("sse"))
        && input
            .operation
            .schemes
            .iter()
            .all(|scheme| scheme.contains("sse"))
    {
        return Output::Other(Ty::String);
    }
    bodies.dedup_by_key(|schema| format!("{schema:?}"));
    let doc = vec![format!("What [`{}`] answers.", input.names.request)];
    let make = |fields: Vec<Field>| {
        Output::Struct(Struct {
            name: input.names.output.clone(),
            doc: doc.clone(),
            is_input: false,
            fields,
            checks: Vec::new(),
            new: Vec::new(),
        })
    };
    if let (
        [
            Schema {
                shape: Shape::Ref(name),
                ..
            },
        ],
        true,
    ) = (bodies.as_slice(), headers.is_empty())
    {
        let shared = context
            .component_names
            .iter()
            .find(|(component, _)| component == name);
        let is_page = context
            .components
            .iter()
            .any(|(it, schema)| it == name && paging::may_be_page(schema));
        if let Some((_, type_name)) = shared.filter(|_| !is_page) {
            return Output::Other(Ty::Shared(type_name.clone()));
        }
    }
    let merged = merge(context, &bodies);
    let mut properties: Vec<Property<'_>> = Vec::new();
    let mut add = |wire, schema, place| {
        let is_new = !properties
            .iter()
            .any(|it: &Property<'_>| it.wire == wire && it.place == place);
        if is_new {
            properties.push(Property {
                wire,
                schema,
                way: wire.to_owned(),
                place,
                style: Style::Flat,
            });
        }
    };
    match (&merged, bodies.as_slice()) {
        (Some(all), _) => all
            .iter()
            .for_each(|(wire, schema)| add(wire, schema, Place::Default)),
        (None, []) if headers.is_empty() => return Output::Other(Ty::Unit),
        (None, []) => {}
        (None, [body]) if headers.is_empty() => {
            let ty = if is_binary(body) {
                Ty::Bytes
            } else {
                context.ty(scope, side, path, "Item", "body", body, notes)
            };
            return Output::Other(ty);
        }
        (None, [body]) => add("body", body, Place::Body),
        (None, _) => {
            notes.push(
                "its successful answers have no type in common; the answer is any JSON".to_owned(),
            );
            return Output::Other(Ty::Json);
        }
    }
    for (name, schema) in headers {
        add(name, schema, Place::Header);
    }
    make(context.fields(scope, side, path, &properties, notes))
}

fn successes<'a>(responses: &'a [Response], notes: &mut Vec<String>) -> Vec<&'a Response> {
    for response in responses {
        let is_status =
            response.status.len() == 3 && response.status.starts_with(|c: char| c.is_ascii_digit());
        if !is_status && response.status != "default" {
            notes.push(format!(
                "`{}` is no HTTP status; this answer is left out",
                response.status
            ));
        }
    }
    let with = |start: char| {
        responses
            .iter()
            .filter(move |it| it.status.len() == 3 && it.status.starts_with(start))
            .collect::<Vec<_>>()
    };
    let successes = with('2');
    if successes.is_empty() {
        with('3')
    } else {
        successes
    }
}

/// The fields of all successful answers, where they are objects.
fn merge(context: &Context<'_>, bodies: &[&Schema]) -> Option<Vec<(String, Schema)>> {
    let mut all: Vec<(String, Schema)> = Vec::new();
    for body in bodies {
        let mut schema = *body;
        for _ in 0..32 {
            let Shape::Ref(name) = &schema.shape else {
                break;
            };
            schema = context
                .components
                .iter()
                .find(|(it, _)| it == name)
                .map(|(_, schema)| schema)?;
        }
        let Shape::Object(properties) = &schema.shape else {
            return None;
        };
        for (name, schema) in properties {
            if !all.iter().any(|(it, _)| it == name) {
                all.push((name.clone(), schema.clone()));
            }
        }
    }
    (!bodies.is_empty()).then_some(all)
}
