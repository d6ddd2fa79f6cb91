//! One operation: its request, its answer and the types inside both.

use std::collections::HashSet;

use super::fields::{Context, Side};
use super::output::output;
use super::parameters::Parameters;
use super::scope::{Scope, new_arguments};
use super::waiters::waiters;
use super::{describe, paging};
use crate::document::{self, Document};
use crate::error::{Error, Result};
use crate::model::{Field, Operation, Output, Security, Struct};
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
        let is_free = |name: &String| {
            let with = |end: &str| taken.contains(&format!("{name}{end}"));
            !with("") && !with("Output") && !with("Required")
        };
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
        let module = names::free(&base, "_", |name| !modules.contains(name));
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
    let parameters = Parameters::read(context, operation, overlay, is_rpc, &mut notes)?;
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
    let waiters = waiters(overlay, &output, &types)?;
    let is_secret = overlay.secret || holds_secret(&output, &types);
    unsupported.extend(notes.into_iter().map(|note| format!("{action}: {note}")));
    Ok(Some(Operation {
        action: action.clone(),
        module: names.module.clone(),
        name: names.request.clone(),
        is_rpc,
        methods: methods(operation, unsupported),
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
        waiters,
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
    let is_http = |scheme: &str| {
        ["http", "https"]
            .iter()
            .any(|it| scheme.eq_ignore_ascii_case(it))
    };
    let is_other = |scheme: &String| !is_http(scheme);
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

fn methods(operation: &document::Operation, unsupported: &mut Vec<String>) -> Vec<String> {
    let known = ["POST", "GET", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS"];
    for other in operation
        .methods
        .iter()
        .filter(|it| !known.contains(&it.as_str()))
    {
        unsupported.push(format!(
            "{}: the method `{other}` is not known; it is left out",
            operation.name
        ));
    }
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
        unsupported.push(format!(
            "{}: it names no method that is known; requests use POST",
            operation.name
        ));
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
