//! The types that a document's operations share.

use std::collections::{BTreeSet, HashMap, HashSet};

use super::fields::{Context, Property, Side};
use super::nesting::{LIST_LEVELS, MAP_LEVELS, MAX_DEPTH, Nesting};
use super::scope::{Scope, new_arguments};
use crate::document::{Document, Schema, Shape};
use crate::error::Result;
use crate::model::{Field, Place, Struct, Style, Ty, Type};
use crate::names;
use crate::overlay::{Matched, Overlay};

/// A component that gets a type of its own: it is a struct, or lists or maps of one.
pub(crate) struct Component<'a> {
    pub(crate) name: &'a str,
    pub(crate) type_name: String,
    schema: &'a Schema,
    /// How many objects, lists and maps stand in each other in it, with the components that it holds.
    pub(crate) height: usize,
    /// The ring that it is in: so many components that hold each other that the compiler must not go around it.
    pub(crate) ring: Option<usize>,
}

impl Component<'_> {
    /// What a reference to the component is, from a component in a ring.
    pub(crate) fn ty(&self, ring: Option<usize>) -> Ty {
        self.wrap(self.schema, ring.is_some() && ring == self.ring)
    }

    fn wrap(&self, schema: &Schema, is_linked: bool) -> Ty {
        let inside = |inner| Box::new(self.wrap(inner, is_linked));
        match &schema.shape {
            Shape::List(inner) => Ty::List(inside(inner)),
            Shape::Map(inner) => Ty::Map(inside(inner)),
            _ if is_linked => Ty::Linked(Box::new(Ty::Shared(self.type_name.clone()))),
            _ => Ty::Shared(self.type_name.clone()),
        }
    }

    /// The struct itself, without lists and maps around it.
    fn properties(&self) -> &[(String, Schema)] {
        core(self.schema).unwrap_or_default()
    }
}

/// The components that are structs or hold one, and their types' names.
pub(crate) fn named(components: &[(String, Schema)]) -> Vec<Component<'_>> {
    let mut used = HashSet::new();
    let mut found = Vec::new();
    for (component, schema) in components {
        if core(schema).is_none() {
            continue;
        }
        let name = match schema.shape {
            Shape::Object(_) => names::pascal(component),
            _ => names::pascal(&names::singular(component)),
        };
        let is_free = |name: &str| !used.contains(name) && !names::PRELUDE.contains(&name);
        let type_name = names::free(&name, "", is_free);
        used.insert(type_name.clone());
        found.push(Component {
            name: component,
            type_name,
            schema,
            height: 0,
            ring: None,
        });
    }
    let mut nesting = Nesting::new(components);
    for component in &mut found {
        component.height = nesting.height(component.name);
        component.ring = nesting.ring(component.name);
    }
    found
}

/// The fields of the struct that a schema is, or lists or maps of, so many as can be.
pub(super) fn core(schema: &Schema) -> Option<&[(String, Schema)]> {
    let mut schema = schema;
    for _ in 0..MAX_DEPTH {
        match &schema.shape {
            Shape::List(inner) | Shape::Map(inner) => schema = inner,
            Shape::Object(properties) if !properties.is_empty() => return Some(properties),
            _ => return None,
        }
    }
    None
}

/// The struct of a component, and the lists and maps around it.
fn own_levels(schema: &Schema) -> usize {
    match &schema.shape {
        Shape::List(inner) => LIST_LEVELS + own_levels(inner),
        Shape::Map(inner) => MAP_LEVELS + own_levels(inner),
        _ => 1,
    }
}

/// Makes their types, by module.
pub(crate) fn lower(
    context: &Context<'_>,
    document: &Document,
    overlay: &Overlay,
    notes: &mut Vec<String>,
) -> Result<Vec<(String, Vec<Type>)>> {
    let always = Matched::new("always", []);
    let type_names = context.named.iter().map(|it| it.type_name.clone());
    let mut scope = Scope::new(type_names).with_parents();
    let inputs = reachable_inputs(context, document);
    let mut mains = Vec::new();
    for component in context.named {
        let name = &component.type_name;
        let root_doc = format!("[`{name}`](crate::types::{name})");
        let own = overlay.components.get(component.name);
        let is_input = own.is_some() || inputs.contains(component.name);
        let matched = Matched::new(
            "the field",
            own.into_iter()
                .flat_map(|own| own.overlays.keys().map(String::as_str)),
        );
        let look_up = |way: &str| own?.overlays.get(way).filter(|_| matched.has(way));
        let side = Side {
            is_input,
            is_shared: own.is_none(),
            always: &always,
            overlays: &look_up,
            root_doc: &root_doc,
        };
        let properties: Vec<Property<'_>> = component
            .properties()
            .iter()
            .map(|(wire, schema)| Property {
                wire,
                schema,
                way: wire.clone(),
                place: Place::Default,
                style: Style::Flat,
            })
            .collect();
        let mut own_notes = Vec::new();
        context.depth.set(own_levels(component.schema));
        context.ring.set(component.ring);
        let fields = context.fields(
            &mut scope,
            &side,
            std::slice::from_ref(name),
            &properties,
            &mut own_notes,
        );
        context.depth.set(0);
        context.ring.set(None);
        let prefix = format!("the component `{}`", component.name);
        notes.extend(own_notes.iter().map(|note| format!("{prefix}: {note}")));
        let mut doc = component
            .schema
            .prose
            .iter()
            .filter(|_| context.with_prose)
            .flat_map(|text| super::describe::escape(text))
            .collect::<Vec<_>>();
        if !doc.is_empty() {
            doc.push(String::new());
        }
        matched
            .finish()
            .map_err(|error| error.in_file(&format!("the component `{}`", component.name)))?;
        if let Some(own) = own {
            doc.extend(own.doc.lines().map(str::to_owned));
        } else {
            doc.push(format!(
                "The component `{}`, which several operations share.",
                crate::emit::code(component.name)
            ));
        }
        let groups = own.into_iter().flat_map(|own| &own.one_of);
        mains.push(Struct {
            name: name.clone(),
            doc,
            is_input,
            new: new_arguments(&fields, &[]),
            fields,
            checks: groups.map(|group| ("OneOf", group.clone())).collect(),
        });
    }
    let (nested, renames) = scope.finish();
    let mut modules: Vec<(String, Vec<Type>)> = Vec::new();
    let mut used = HashSet::from(["components".to_owned()]);
    for mut main in mains {
        for field in &mut main.fields {
            renames.apply(&mut field.ty);
        }
        let base = names::module(&main.name);
        let module = names::free(&base, "_", |name| !used.contains(name));
        used.insert(module.clone());
        modules.push((module, vec![Type::Struct(main)]));
    }
    for (root, found) in nested {
        let home = modules
            .iter_mut()
            .find(|(_, types)| types[0].name() == root);
        if let Some((_, types)) = home {
            types.push(found);
        }
    }
    share(&mut modules);
    box_cycles(&mut modules);
    modules.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(modules)
}

/// All of these types are found in one place, whichever file they stand in.
fn share(modules: &mut [(String, Vec<Type>)]) {
    fn shared(ty: &mut Ty) {
        match ty {
            Ty::List(inner)
            | Ty::Map(inner)
            | Ty::Boxed(inner)
            | Ty::Linked(inner)
            | Ty::JsonText(inner) => {
                shared(inner);
            }
            Ty::Local(name) => *ty = Ty::Shared(std::mem::take(name)),
            Ty::Choice { is_shared, .. } => *is_shared = true,
            _ => {}
        }
    }
    for field in all_fields(modules) {
        shared(&mut field.ty);
    }
}

fn all_fields(modules: &mut [(String, Vec<Type>)]) -> impl Iterator<Item = &mut Field> {
    modules
        .iter_mut()
        .flat_map(|(_, types)| types)
        .filter_map(|ty| match ty {
            Type::Struct(it) => Some(&mut it.fields),
            Type::Enum(_) => None,
        })
        .flatten()
}

/// Puts a pointer where a struct would hold itself.
fn box_cycles(modules: &mut [(String, Vec<Type>)]) {
    let mut holds: HashMap<String, BTreeSet<String>> = HashMap::new();
    for (_, types) in modules.iter() {
        for ty in types {
            if let Type::Struct(it) = ty {
                let held = it.fields.iter().filter_map(|field| match &field.ty {
                    Ty::Shared(name) => Some(name.clone()),
                    _ => None,
                });
                holds.entry(it.name.clone()).or_default().extend(held);
            }
        }
    }
    for (_, types) in modules.iter_mut() {
        for ty in types {
            if let Type::Struct(it) = ty {
                for field in &mut it.fields {
                    if matches!(&field.ty, Ty::Shared(name) if reaches(&holds, name, &it.name)) {
                        field.ty = Ty::Boxed(Box::new(field.ty.clone()));
                    }
                }
            }
        }
    }
}

fn reaches(holds: &HashMap<String, BTreeSet<String>>, from: &str, to: &str) -> bool {
    let mut seen = HashSet::new();
    let mut open = vec![from];
    while let Some(name) = open.pop() {
        if name == to {
            return true;
        }
        if seen.insert(name) {
            open.extend(holds.get(name).into_iter().flatten().map(String::as_str));
        }
    }
    false
}

/// The components that requests hold, directly or through others.
fn reachable_inputs(context: &Context<'_>, document: &Document) -> HashSet<String> {
    let mut open: Vec<&Schema> = document
        .operations
        .iter()
        .flat_map(|operation| &operation.parameters)
        .map(|parameter| &parameter.schema)
        .collect();
    let mut found = HashSet::new();
    while let Some(schema) = open.pop() {
        match &schema.shape {
            Shape::List(inner) | Shape::Map(inner) => open.push(inner),
            Shape::Object(properties) => open.extend(properties.iter().map(|(_, schema)| schema)),
            Shape::Ref(name) if found.insert(name.clone()) => {
                open.extend(context.component(name));
            }
            _ => {}
        }
    }
    found
}
