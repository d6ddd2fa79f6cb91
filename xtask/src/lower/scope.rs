//! The types of one module while they are found, and their names at the end.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::model::{Enum, Field, Struct, Ty, Type};
use crate::names;

#[derive(Default)]
pub(crate) struct Scope {
    found: Vec<Found>,
    by_shape: HashMap<(String, String), usize>,
    taken: HashSet<String>,
    /// How many names from the end of its way a type has at least.
    least: usize,
}

struct Found {
    /// The way from the root, in Rust's case: the last is the type's own short name.
    path: Vec<String>,
    body: Body,
}

enum Body {
    Struct {
        fields: Vec<Field>,
        doc: Vec<String>,
        is_input: bool,
    },
    Enum {
        values: Vec<String>,
        doc: Vec<String>,
    },
}

impl Scope {
    /// Starts a module in which these names are taken.
    pub(crate) fn new(taken: impl IntoIterator<Item = String>) -> Self {
        let taken = names::PRELUDE
            .iter()
            .map(|&name| name.to_owned())
            .chain(taken)
            .collect();
        Self {
            taken,
            least: 1,
            ..Self::default()
        }
    }

    /// Has each type bear its parent's name.
    pub(crate) fn with_parents(self) -> Self {
        Self { least: 2, ..self }
    }

    /// Adds a struct, or finds the one of the same short name and shape.
    pub(crate) fn add_struct(
        &mut self,
        path: &[String],
        fields: Vec<Field>,
        doc: Vec<String>,
        is_input: bool,
    ) -> Ty {
        let shape = fields.iter().map(shape_of).collect::<Vec<_>>().join(";");
        let id = self.add(path, shape, || Body::Struct {
            fields,
            doc,
            is_input,
        });
        if let Body::Struct {
            is_input: known, ..
        } = &mut self.found[id].body
        {
            *known |= is_input;
        }
        placeholder(id)
    }

    /// Adds a set of texts, or finds the one of the same short name and values.
    pub(crate) fn add_enum(
        &mut self,
        path: &[String],
        values: Vec<String>,
        doc: Vec<String>,
    ) -> Ty {
        let shape = format!("enum {}", values.join("|"));
        let id = self.add(path, shape, || Body::Enum { values, doc });
        Ty::Choice {
            name: format!("#{id}"),
            is_shared: false,
        }
    }

    fn add(&mut self, path: &[String], shape: String, body: impl FnOnce() -> Body) -> usize {
        let leaf = path.last().cloned().unwrap_or_default();
        if let Some(&id) = self.by_shape.get(&(leaf.clone(), shape.clone())) {
            return id;
        }
        let id = self.found.len();
        self.found.push(Found {
            path: path.to_vec(),
            body: body(),
        });
        self.by_shape.insert((leaf, shape), id);
        id
    }

    /// Gives every type its name; each comes with the root of its way.
    pub(crate) fn finish(self) -> (Vec<(String, Type)>, Renames) {
        let names = self.choose_names();
        let renames = Renames(names.clone());
        let mut types: Vec<(String, Type)> = Vec::new();
        for (found, name) in self.found.into_iter().zip(names) {
            let root = found.path.first().cloned().unwrap_or_default();
            let found = match found.body {
                Body::Struct {
                    mut fields,
                    doc,
                    is_input,
                } => {
                    for field in &mut fields {
                        renames.apply(&mut field.ty);
                    }
                    let new = new_arguments(&fields, &[]);
                    Type::Struct(Struct {
                        name,
                        doc,
                        is_input,
                        fields,
                        checks: Vec::new(),
                        new,
                    })
                }
                Body::Enum { values, doc } => Type::Enum(Enum {
                    name,
                    doc,
                    values: variants(&values),
                }),
            };
            types.push((root, found));
        }
        types.sort_by(|(_, a), (_, b)| a.name().cmp(b.name()));
        (types, renames)
    }

    /// The short name, with so many of its parents' names in front as make it the only one.
    fn choose_names(&self) -> Vec<String> {
        let mut depth = vec![self.least; self.found.len()];
        loop {
            let names: Vec<String> = self
                .found
                .iter()
                .zip(&depth)
                .map(|(found, &depth)| tail(&found.path, depth))
                .collect();
            let mut groups: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for (id, name) in names.iter().enumerate() {
                groups.entry(name).or_default().push(id);
            }
            let mut changed = false;
            for (name, ids) in &groups {
                if ids.len() > 1 || self.taken.contains(*name) {
                    for &id in ids {
                        if depth[id] < self.found[id].path.len() {
                            depth[id] += 1;
                            changed = true;
                        }
                    }
                }
            }
            if !changed {
                return self.number(&names);
            }
        }
    }

    /// Parts by a number what no parent's name parts.
    fn number(&self, names: &[String]) -> Vec<String> {
        let mut used = self.taken.clone();
        let mut out = Vec::with_capacity(names.len());
        for name in names {
            // A struct with much that is required has a companion.
            let companion = |name: &str| format!("{name}Required");
            let name = names::free(name, "", |name| {
                !used.contains(name) && !used.contains(&companion(name))
            });
            used.extend([name.clone(), companion(&name)]);
            out.push(name);
        }
        out
    }
}

/// Names by placeholder.
pub(crate) struct Renames(Vec<String>);

impl Renames {
    pub(crate) fn apply(&self, ty: &mut Ty) {
        match ty {
            Ty::List(inner)
            | Ty::Map(inner)
            | Ty::Boxed(inner)
            | Ty::Linked(inner)
            | Ty::JsonText(inner) => {
                self.apply(inner);
            }
            Ty::Local(name) | Ty::Choice { name, .. } => {
                if let Some(id) = name
                    .strip_prefix('#')
                    .and_then(|id| id.parse::<usize>().ok())
                {
                    *name = self.0[id].clone();
                }
            }
            _ => {}
        }
    }
}

fn placeholder(id: usize) -> Ty {
    Ty::Local(format!("#{id}"))
}

fn tail(path: &[String], depth: usize) -> String {
    path[path.len() - depth.min(path.len())..].concat()
}

/// All of a field that makes a type another type.
fn shape_of(field: &Field) -> String {
    format!(
        "{}:{}:{:?}:{}{}{}{}:{:?}:{:?}:{:?}:{:?}",
        field.wire,
        field.ident,
        field.ty,
        field.is_optional,
        field.is_required,
        field.is_always,
        field.is_secret,
        field.wrapper,
        field.style,
        field.rules,
        field.aliases,
    )
}

/// The fields that `new` takes: those that can't be absent, the named ones first.
pub(crate) fn new_arguments(fields: &[Field], order: &[String]) -> Vec<usize> {
    let plain = |index: &usize| !fields[*index].is_optional && fields[*index].is_required;
    let first = order
        .iter()
        .filter_map(|name| fields.iter().position(|field| field.wire == *name))
        .filter(plain);
    let rest = (0..fields.len())
        .filter(plain)
        .filter(|&index| !order.contains(&fields[index].wire));
    first.chain(rest).collect()
}

fn variants(values: &[String]) -> Vec<(String, String)> {
    let mut used: HashSet<String> = HashSet::from(["Unknown".to_owned(), "Self".to_owned()]);
    let mut out = Vec::new();
    for value in values {
        if out.iter().any(|(_, known)| known == value) {
            continue;
        }
        let base = if value.is_empty() {
            "Empty".to_owned()
        } else {
            names::pascal(value)
        };
        let name = names::free(&base, "", |name| !used.contains(name));
        used.insert(name.clone());
        out.push((name, value.clone()));
    }
    out
}
