//! Schemas to fields and types.

use std::borrow::Cow;
use std::cell::{Cell, RefCell};
use std::collections::HashSet;

use super::components::Component;
use super::describe;
use super::nesting::{LIST_LEVELS, MAP_LEVELS, MAX_DEPTH};
use super::own::{self, PERCENT_ENCODED};
use super::parameters::is_binary;
use super::scope::Scope;
use crate::document::{Schema, Shape};
use crate::emit::code;
use crate::model::{Field, Place, Style, Ty};
use crate::names;
use crate::overlay::{FieldOverlay, Matched};

/// What holds for a whole document.
pub(crate) struct Context<'a> {
    pub(crate) components: &'a [(String, Schema)],
    /// Those of them that have a type of their own.
    pub(crate) named: &'a [Component<'a>],
    pub(crate) secrets: &'a Matched<'a>,
    pub(crate) timestamps: &'a Matched<'a>,
    pub(crate) comma_lists: &'a Matched<'a>,
    /// The names of those that are the overlay's.
    pub(crate) own: &'a HashSet<String>,
    /// What is wrong with the overlay.
    pub(crate) mistakes: RefCell<Vec<String>>,
    /// How many objects, lists and maps are around what is read now.
    pub(crate) depth: Cell<usize>,
    /// The ring of the component that is read now.
    pub(crate) ring: Cell<Option<usize>>,
    /// Writes the document's own prose.
    pub(crate) with_prose: bool,
}

/// Which side of a call is read.
pub(crate) struct Side<'a> {
    pub(crate) is_input: bool,
    /// Components are shared by both sides: all of their fields can be absent.
    pub(crate) is_shared: bool,
    pub(crate) always: &'a Matched<'a>,
    /// By the way on the wire, `JobList.Job.JobId`.
    pub(crate) overlays: &'a dyn Fn(&str) -> Option<&'a FieldOverlay>,
    /// What the docs call the root: `` [`GetPlayInfo`](crate::GetPlayInfo) ``.
    pub(crate) root_doc: &'a str,
}

/// One property or parameter, on its way to a field.
pub(crate) struct Property<'a> {
    pub(crate) wire: &'a str,
    pub(crate) schema: &'a Schema,
    /// The way on the wire.
    pub(crate) way: String,
    pub(crate) place: Place,
    pub(crate) style: Style,
}

impl Context<'_> {
    /// Makes the fields of a struct; `path` is the names in Rust's case down to it.
    pub(crate) fn fields(
        &self,
        scope: &mut Scope,
        side: &Side<'_>,
        path: &[String],
        properties: &[Property<'_>],
        notes: &mut Vec<String>,
    ) -> Vec<Field> {
        let mut idents = HashSet::new();
        let mut fields = Vec::new();
        for property in properties {
            let mut field = self.field(scope, side, path, property, notes);
            let base = field.ident.clone();
            for n in 2.. {
                if idents.insert(field.ident.clone()) {
                    break;
                }
                field.ident = format!(
                    "{}_{n}",
                    base.trim_start_matches("r#").trim_end_matches('_')
                );
            }
            fields.push(field);
        }
        fields
    }

    fn field(
        &self,
        scope: &mut Scope,
        side: &Side<'_>,
        path: &[String],
        property: &Property<'_>,
        notes: &mut Vec<String>,
    ) -> Field {
        let none = FieldOverlay::default();
        let overlay = (side.overlays)(&property.way).unwrap_or(&none);
        let own_schema = overlay.json.as_ref().and_then(|kind| self.own_schema(kind));
        let facts = self.with_component(property.schema);
        let mut schema = own_schema.as_ref().unwrap_or(&facts);
        let mut way = property.way.clone();
        let mut wrapper = None;
        // At the limit the wrapper itself is JSON.
        let has_room = self.depth.get() < MAX_DEPTH;
        if let Some((name, list)) = wrapped_list(schema).filter(|_| has_room) {
            way = format!("{way}.{name}");
            wrapper = Some(name.to_owned());
            schema = list;
        }
        let leaf = wrapper.as_deref().unwrap_or(property.wire);
        let mut ty = self.ty(scope, side, path, leaf, &way, schema, notes);
        let mut style = if own_schema.is_some() {
            Style::Json
        } else {
            property.style
        };
        if let Some(name) = &overlay.type_name {
            match named_type(name) {
                Some(named) => ty = named,
                None => self.mistakes.borrow_mut().push(format!(
                    "`{name}`, the type of `{}`, is not known",
                    property.way
                )),
            }
        } else if self.timestamps.has(property.wire) && ty == Ty::String {
            ty = Ty::Timestamp;
        } else if side.is_input
            && path.len() == 1
            && ty == Ty::String
            && self.comma_lists.has(property.wire)
        {
            ty = Ty::CommaList;
        }
        if own_schema.is_some() {
            ty = Ty::JsonText(Box::new(ty));
        }
        if is_binary(schema) && property.place == Place::Body {
            ty = Ty::Bytes;
        }
        if property.place == Place::Header && !side.is_input && !is_scalar(&ty) {
            ty = Ty::String;
        }
        if ty == Ty::CommaList {
            style = Style::Flat;
        }
        let is_always = side.always.has(&property.way);
        let is_required = side.is_input && overlay.required.unwrap_or(facts.required);
        let is_secret = overlay.secret.unwrap_or_else(|| {
            let listed = self.secrets.has(property.wire);
            listed || facts.sensitive
        });
        let is_optional = if side.is_shared {
            true
        } else if side.is_input {
            !is_required
        } else {
            !is_always
        };
        let is_deprecated = facts.deprecated;
        let described = describe::Facts {
            wire: property.wire,
            schema: &facts,
            overlay,
            ty: &ty,
            is_secret,
            is_always,
            is_required,
            place: property.place,
            wrapper: wrapper.as_deref(),
            with_prose: self.with_prose,
        };
        Field {
            ident: self.ident(property.wire),
            doc: describe::field(&described),
            rules: if side.is_input {
                describe::rules(&facts, overlay, &ty, notes, &property.way)
            } else {
                Vec::new()
            },
            wire: property.wire.to_owned(),
            ty,
            is_optional,
            is_required,
            is_always,
            is_secret,
            is_deprecated,
            wrapper,
            place: property.place,
            style,
            aliases: overlay.aliases.clone(),
        }
    }

    /// What an overlay says that the JSON in a text is.
    fn own_schema(&self, kind: &str) -> Option<Schema> {
        let is_component = |name: &str| self.own.contains(name);
        own::schema(kind, &is_component)
            .map_err(|error| self.mistakes.borrow_mut().push(error.message))
            .ok()
    }

    fn ident(&self, wire: &str) -> String {
        let name = names::field(wire);
        // `new` and `default` make a struct.
        if ["new", "default", "clone", "eq", "fmt", "into", "from"].contains(&name.as_str()) {
            format!("{name}_")
        } else {
            name
        }
    }

    /// The type of a schema; structs and sets of texts are added to the scope.
    #[allow(
        clippy::too_many_arguments,
        reason = "one recursion, whose arguments all change on the way down"
    )]
    pub(crate) fn ty(
        &self,
        scope: &mut Scope,
        side: &Side<'_>,
        path: &[String],
        leaf: &str,
        way: &str,
        schema: &Schema,
        notes: &mut Vec<String>,
    ) -> Ty {
        let levels = match &schema.shape {
            Shape::List(_) => LIST_LEVELS,
            Shape::Map(_) => MAP_LEVELS,
            Shape::Object(properties) if !properties.is_empty() => 1,
            _ => 0,
        };
        if levels == 0 {
            return self.ty_inside(scope, side, path, leaf, way, schema, notes);
        }
        let depth = self.depth.get();
        if depth + levels > MAX_DEPTH {
            notes.push(too_deep(way));
            return Ty::Json;
        }
        self.depth.set(depth + levels);
        let ty = self.ty_inside(scope, side, path, leaf, way, schema, notes);
        self.depth.set(depth);
        ty
    }

    #[allow(clippy::too_many_arguments, reason = "as `ty`, whose part it is")]
    fn ty_inside(
        &self,
        scope: &mut Scope,
        side: &Side<'_>,
        path: &[String],
        leaf: &str,
        way: &str,
        schema: &Schema,
        notes: &mut Vec<String>,
    ) -> Ty {
        match &schema.shape {
            Shape::Any => Ty::Json,
            Shape::String if schema.format.as_deref() == Some(PERCENT_ENCODED) => {
                Ty::PercentEncoded
            }
            Shape::String if schema.values.is_empty() => Ty::String,
            Shape::String => {
                let doc = vec![format!("Values of `{}` of {}.", code(way), side.root_doc)];
                scope.add_enum(&below(path, leaf), schema.values.clone(), doc)
            }
            Shape::Integer => {
                if schema.format.as_deref() == Some("int32") {
                    Ty::Integer32
                } else {
                    Ty::Integer
                }
            }
            Shape::Number => Ty::Float,
            Shape::Boolean => Ty::Boolean,
            Shape::List(items) => Ty::List(Box::new(self.ty(
                scope,
                side,
                path,
                &names::singular(leaf),
                &format!("{way}[]"),
                items,
                notes,
            ))),
            Shape::Map(values) => Ty::Map(Box::new(self.ty(
                scope,
                side,
                path,
                &names::singular(leaf),
                &format!("{way}.*"),
                values,
                notes,
            ))),
            Shape::Object(properties) if properties.is_empty() => Ty::Json,
            Shape::Object(properties) => {
                let path = below(path, leaf);
                let bare = way.replace("[]", "").replace(".*", "");
                let properties: Vec<Property<'_>> = properties
                    .iter()
                    .map(|(wire, schema)| Property {
                        wire,
                        schema,
                        way: format!("{bare}.{wire}"),
                        place: Place::Default,
                        style: Style::Flat,
                    })
                    .collect();
                let fields = self.fields(scope, side, &path, &properties, notes);
                let doc = vec![format!("`{}` of {}.", code(way), side.root_doc)];
                scope.add_struct(&path, fields, doc, side.is_input)
            }
            Shape::Ref(name) => self.reference(scope, side, path, leaf, way, name, notes),
        }
    }

    #[allow(clippy::too_many_arguments, reason = "as `ty`, whose part it is")]
    fn reference(
        &self,
        scope: &mut Scope,
        side: &Side<'_>,
        path: &[String],
        leaf: &str,
        way: &str,
        name: &str,
        notes: &mut Vec<String>,
    ) -> Ty {
        if let Some(component) = self.named(name) {
            return self.component_ty(component, way, notes);
        }
        // A component that is no struct is what it stands for, unless it stands for itself.
        let mut seen = vec![name.to_owned()];
        let mut found = self.component(name);
        while let Some(Schema {
            shape: Shape::Ref(next),
            ..
        }) = found
        {
            if seen.contains(next) {
                notes.push(format!(
                    "{way}: the component `{name}` stands for itself; its values are JSON"
                ));
                return Ty::Json;
            }
            if let Some(component) = self.named(next) {
                return self.component_ty(component, way, notes);
            }
            seen.push(next.clone());
            found = self.component(next);
        }
        // Lists and maps of themselves would never end.
        if found.is_some_and(|schema| self.reaches(schema, name, 0)) {
            notes.push(format!("{way}: the component `{name}` holds itself without a struct between; its values are JSON"));
            return Ty::Json;
        }
        found.map_or(Ty::Json, |schema| {
            self.ty(scope, side, path, leaf, way, schema, notes)
        })
    }

    /// The type of a component, unless that would nest too deeply.
    fn component_ty(&self, component: &Component<'_>, way: &str, notes: &mut Vec<String>) -> Ty {
        if self.depth.get() + component.height > MAX_DEPTH {
            notes.push(too_deep(way));
            return Ty::Json;
        }
        component.ty(self.ring.get())
    }

    /// The component of a name that has a type of its own.
    pub(crate) fn named(&self, name: &str) -> Option<&Component<'_>> {
        self.named.iter().find(|component| component.name == name)
    }

    pub(crate) fn component(&self, name: &str) -> Option<&Schema> {
        let mut all = self.components.iter();
        all.find(|(component, _)| component == name)
            .map(|(_, schema)| schema)
    }

    /// What a schema stands for: itself, or the component at the end of its references.
    pub(crate) fn resolve<'b>(&'b self, schema: &'b Schema) -> &'b Schema {
        let mut found = schema;
        for _ in 0..=self.components.len() {
            let Shape::Ref(name) = &found.shape else {
                break;
            };
            let Some(next) = self.component(name) else {
                break;
            };
            found = next;
        }
        found
    }

    /// A schema with what is said of the scalar that it refers to.
    fn with_component<'b>(&'b self, schema: &'b Schema) -> Cow<'b, Schema> {
        let target = self.resolve(schema);
        let is_scalar = matches!(
            target.shape,
            Shape::String | Shape::Integer | Shape::Number | Shape::Boolean
        );
        if !is_scalar || !matches!(schema.shape, Shape::Ref(_)) {
            return Cow::Borrowed(schema);
        }
        Cow::Owned(Schema {
            required: schema.required,
            doc_required: schema.doc_required,
            deprecated: schema.deprecated || target.deprecated,
            sensitive: schema.sensitive || target.sensitive,
            default: schema.default.clone().or_else(|| target.default.clone()),
            prose: schema.prose.clone().or_else(|| target.prose.clone()),
            ..target.clone()
        })
    }

    /// Whether a schema comes to a component through lists, maps and other components that have no type of their own.
    fn reaches(&self, schema: &Schema, name: &str, depth: usize) -> bool {
        match &schema.shape {
            Shape::List(inner) | Shape::Map(inner) => self.reaches(inner, name, depth + 1),
            Shape::Ref(next) if next == name => true,
            Shape::Ref(next) if self.named(next).is_none() => {
                depth >= 32
                    || self
                        .component(next)
                        .is_some_and(|schema| self.reaches(schema, name, depth + 1))
            }
            _ => false,
        }
    }
}

fn too_deep(way: &str) -> String {
    format!("{way}: it is nested deeper than {MAX_DEPTH} levels; its values are JSON")
}

/// The one list that an object wraps, and its name.
fn wrapped_list(schema: &Schema) -> Option<(&str, &Schema)> {
    match &schema.shape {
        Shape::Object(properties) if schema.item_node && properties.len() == 1 => {
            let (name, list) = &properties[0];
            matches!(list.shape, Shape::List(_)).then_some((name.as_str(), list))
        }
        _ => None,
    }
}

/// What the text of a header can be read as.
fn is_scalar(ty: &Ty) -> bool {
    !matches!(
        ty,
        Ty::List(_)
            | Ty::Map(_)
            | Ty::Local(_)
            | Ty::Shared(_)
            | Ty::Boxed(_)
            | Ty::Linked(_)
            | Ty::Json
    )
}

fn below(path: &[String], leaf: &str) -> Vec<String> {
    let mut path = path.to_vec();
    path.push(names::pascal(leaf));
    path
}

fn named_type(name: &str) -> Option<Ty> {
    Some(match name {
        "timestamp" => Ty::Timestamp,
        "comma_list" => Ty::CommaList,
        "integer" => Ty::Integer,
        "float" => Ty::Float,
        "boolean" => Ty::Boolean,
        "string" => Ty::String,
        "json" => Ty::Json,
        _ => return None,
    })
}
