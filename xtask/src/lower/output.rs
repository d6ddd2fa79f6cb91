//! What a successful answer holds, in whatever form the document says it.

use super::fields::{Context, Property, Side};
use super::operation::Input;
use super::paging;
use super::parameters::is_binary;
use super::scope::Scope;
use crate::document::{Response, Schema, Shape};
use crate::model::{Field, Output, Place, Struct, Style, Ty};

/// What a successful answer holds.
pub(super) fn output(
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
