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
    let any = Schema::default();
    let as_text = Schema {
        shape: Shape::String,
        ..Schema::default()
    };
    let produces = &input.operation.produces;
    let is_xml = !produces.is_empty() && produces.iter().all(|it| it.contains("xml"));
    if is_xml && !bodies.is_empty() {
        notes.push("the answer is XML, which is not read; it is the answer's text".to_owned());
        bodies = vec![&as_text];
    }
    let schemes = &input.operation.schemes;
    if !schemes.is_empty() && schemes.iter().all(|scheme| scheme.contains("sse")) {
        bodies = vec![&as_text];
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
        let is_page = context.component(name).is_some_and(paging::may_be_page);
        if let Some(component) = context.named(name).filter(|_| !is_page) {
            return Output::Other(component.ty(None));
        }
    }
    let merged = merge(context, &bodies, notes);
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
            let ty = if is_binary(context.resolve(body)) {
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
            if headers.is_empty() {
                return Output::Other(Ty::Json);
            }
            add("body", &any, Place::Body);
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
    if !successes.is_empty() {
        return successes;
    }
    let others: Vec<_> = responses
        .iter()
        .filter(|it| it.status == "default")
        .collect();
    if others.is_empty() { with('3') } else { others }
}

/// The fields of all successful answers, where they are objects.
fn merge(
    context: &Context<'_>,
    bodies: &[&Schema],
    notes: &mut Vec<String>,
) -> Option<Vec<(String, Schema)>> {
    let mut all: Vec<(String, Schema)> = Vec::new();
    for body in bodies {
        let Shape::Object(properties) = &context.resolve(body).shape else {
            return None;
        };
        add_fields(&mut all, properties, "", notes);
    }
    (!bodies.is_empty()).then_some(all)
}

/// Adds the fields of one answer to those of others, and what is inside them.
fn add_fields(
    all: &mut Vec<(String, Schema)>,
    others: &[(String, Schema)],
    way: &str,
    notes: &mut Vec<String>,
) {
    for (name, schema) in others {
        match all.iter_mut().find(|(it, _)| it == name) {
            None => all.push((name.clone(), schema.clone())),
            Some((_, first)) => add(first, schema, &format!("{way}{name}"), notes),
        }
    }
}

fn add(first: &mut Schema, other: &Schema, way: &str, notes: &mut Vec<String>) {
    if first.is_like(other) {
        return;
    }
    match (&mut first.shape, &other.shape) {
        (Shape::Object(all), Shape::Object(others)) => {
            add_fields(all, others, &format!("{way}."), notes);
        }
        (Shape::List(first), Shape::List(other)) => add(first, other, &format!("{way}[]"), notes),
        (Shape::Map(first), Shape::Map(other)) => add(first, other, &format!("{way}.*"), notes),
        _ => notes.push(format!(
            "`{way}` has different types in its successful answers; the first is used"
        )),
    }
}
