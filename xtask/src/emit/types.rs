use super::{Code, Paths, argument, is_complex, literal, ty};
use crate::model::{Enum, Field, Place, Struct, Style, Ty, Type};

/// A file with a shared type and those inside it.
pub(super) fn component_file(types: &[Type]) -> String {
    let mut code = Code::default();
    if has_deprecated(types.iter()) {
        code.line("#![allow(deprecated)]\n");
    }
    allow_complex(&mut code, types, []);
    for it in types {
        let paths = Paths {
            shared: "super",
            own: Some(it.name()),
        };
        write(&mut code, it, paths);
    }
    code.into_text()
}

/// Allows types that hold lists in lists, where there are any.
pub(super) fn allow_complex<'a>(
    code: &mut Code,
    types: &'a [Type],
    others: impl IntoIterator<Item = &'a Field>,
) {
    let nested = types.iter().filter_map(|it| match it {
        Type::Struct(it) => Some(&it.fields),
        Type::Enum(_) => None,
    });
    if is_complex(nested.flatten().chain(others)) {
        code.line("#![allow(clippy::type_complexity, reason = \"as the document has it\")]\n");
    }
}

pub(super) fn has_deprecated<'a>(types: impl IntoIterator<Item = &'a Type>) -> bool {
    types.into_iter().any(
        |ty| matches!(ty, Type::Struct(it) if it.fields.iter().any(|field| field.is_deprecated)),
    )
}

/// A type that is nested in others.
pub(super) fn write(code: &mut Code, it: &Type, paths: Paths<'_>) {
    match it {
        Type::Struct(it) => {
            declare(code, it, true, paths);
            if it.is_input {
                build(code, it, paths);
            }
            table(code, it);
        }
        Type::Enum(it) => set(code, it),
    }
}

fn set(code: &mut Code, it: &Enum) {
    // rustfmt leaves the inside of such macros as it is.
    code.line("acs_core::text_enum! {");
    code.doc(&it.doc);
    code.line(format!("    {} {{", it.name));
    for (variant, value) in &it.values {
        code.line(format!("        {variant} = {},", literal(value)));
    }
    code.line("    }\n}\n");
}

/// The struct itself.
pub(super) fn declare(code: &mut Code, it: &Struct, has_default: bool, paths: Paths<'_>) {
    code.doc(&it.doc);
    code.line(if has_default {
        "#[derive(Clone, Default)]"
    } else {
        "#[derive(Clone)]"
    });
    code.line("#[non_exhaustive]");
    code.line(format!("pub struct {} {{", it.name));
    for field in &it.fields {
        code.doc(&field.doc);
        if field.is_deprecated {
            code.line("#[deprecated = \"the service advises against it\"]");
        }
        code.line(format!(
            "pub {}: {},",
            field.ident,
            field_type(field, paths)
        ));
    }
    code.line("}\n");
}

fn field_type(field: &Field, paths: Paths<'_>) -> String {
    let plain = ty(&field.ty, paths);
    if field.is_optional {
        format!("Option<{plain}>")
    } else {
        plain
    }
}

/// Methods of operators' traits that take themselves and one value, as a setter does.
const OPERATORS: &[&str] = &[
    "add", "bitand", "bitor", "bitxor", "div", "mul", "rem", "shl", "shr", "sub",
];

/// From how many required values on `new` takes a struct that names them.
const NAMED_FROM: usize = 4;

/// Whether `new` takes a struct that names what is required.
pub(crate) fn is_named(it: &Struct) -> bool {
    it.new.len() >= NAMED_FROM
}

/// `new` and the setters.
pub(super) fn build(code: &mut Code, it: &Struct, paths: Paths<'_>) {
    let is_named = is_named(it);
    if is_named {
        required(code, it, paths);
    }
    code.line(format!("impl {} {{", it.name));
    new(code, it, is_named, paths);
    for field in it.fields.iter().filter(|field| field.is_optional) {
        let name = &field.ident;
        let value = name;
        let (argument, into) = argument(&field.ty, value, paths);
        code.doc(&[format!("Sets `{}`.", super::code(&field.wire))]);
        if field.is_deprecated {
            code.line("#[deprecated = \"the service advises against it\"]");
        }
        if !argument.starts_with("impl") {
            code.line("#[inline]");
        }
        if OPERATORS.contains(&name.as_str()) {
            code.line("#[allow(clippy::should_implement_trait, reason = \"it sets a field\")]");
        }
        code.line("#[must_use]");
        code.line(format!(
            "pub fn {name}(mut self, {value}: {argument}) -> Self {{"
        ));
        code.line(format!("self.{name} = Some({into});\nself\n}}\n"));
    }
    code.line("}\n");
}

fn new(code: &mut Code, it: &Struct, is_named: bool, paths: Paths<'_>) {
    let fields: Vec<&Field> = it.new.iter().map(|&index| &it.fields[index]).collect();
    if fields.is_empty() {
        code.line("/// Starts with nothing set.\n#[inline]\n#[must_use]\npub fn new() -> Self {\nSelf::default()\n}\n");
        return;
    }
    let names: Vec<String> = fields
        .iter()
        .map(|field| format!("`{}`", super::code(&field.wire)))
        .collect();
    code.doc(&[format!(
        "Starts with what is required: {}.",
        names.join(", ")
    )]);
    let mut signature = Vec::new();
    let mut values = Vec::new();
    for field in &it.fields {
        let name = &field.ident;
        if field.is_optional {
            values.push(format!("{name}: None"));
        } else if is_named {
            values.push(format!("{name}: required.{name}"));
        } else if it
            .new
            .iter()
            .any(|&index| std::ptr::eq(&raw const it.fields[index], field))
        {
            let into = argument(&field.ty, name, paths).1;
            values.push(if into == *name {
                name.clone()
            } else {
                format!("{name}: {into}")
            });
        } else {
            values.push(format!("{name}: Default::default()"));
        }
    }
    if is_named {
        signature.push(format!("required: {}Required", it.name));
    } else {
        signature.extend(fields.iter().map(|field| {
            format!(
                "{}: {}",
                field.ident,
                argument(&field.ty, &field.ident, paths).0
            )
        }));
    }
    if signature.iter().all(|it| !it.contains("impl")) {
        code.line("#[inline]");
    }
    code.line("#[must_use]");
    code.line(format!("pub fn new({}) -> Self {{", signature.join(", ")));
    code.line(format!("Self {{ {} }}\n}}\n", values.join(", ")));
}

/// Values that are required, by name: so many in a row would be swapped unnoticed.
fn required(code: &mut Code, it: &Struct, paths: Paths<'_>) {
    code.line(format!("/// What [`{}::new`] requires.", it.name));
    code.line("#[derive(Clone, PartialEq)]");
    code.line("#[allow(clippy::exhaustive_structs, missing_debug_implementations)]");
    code.line(format!("pub struct {}Required {{", it.name));
    for &index in &it.new {
        let field = &it.fields[index];
        code.doc(&field.doc);
        code.line(format!("pub {}: {},", field.ident, ty(&field.ty, paths)));
    }
    code.line("}\n");
}

/// Whether a struct has a companion with its required values.
pub(super) fn has_required(it: &Struct) -> bool {
    it.is_input && is_named(it)
}

/// The table of the fields.
pub(super) fn table(code: &mut Code, it: &Struct) {
    // rustfmt leaves the inside of such macros as it is.
    code.line("acs_core::model! {");
    code.line(format!("    {} {{", it.name));
    for (index, field) in it.fields.iter().enumerate() {
        code.line(format!(
            "        {index} {}: {},",
            field.ident,
            column(field)
        ));
    }
    code.line("    }");
    if !it.checks.is_empty() {
        let checks: Vec<String> = it
            .checks
            .iter()
            .map(|(kind, names)| {
                let names: Vec<String> = names.iter().map(|name| literal(name)).collect();
                format!("acs_core::model::Check::{kind}(&[{}])", names.join(", "))
            })
            .collect();
        code.line(format!("    checks: [{}]", checks.join(", ")));
    }
    code.line("}\n");
}

fn column(field: &Field) -> String {
    let kind = match &field.ty {
        Ty::Integer32 | Ty::Integer => "integer",
        Ty::Float => "float",
        Ty::Boolean => "boolean",
        Ty::Json => "json",
        Ty::Bytes => "bytes",
        Ty::List(_) => "list",
        Ty::Map(_) => "map",
        Ty::Local(_) | Ty::Shared(_) | Ty::Boxed(_) | Ty::Linked(_) => "object",
        // On the wire they are texts.
        Ty::Unit
        | Ty::String
        | Ty::Choice { .. }
        | Ty::Timestamp
        | Ty::CommaList
        | Ty::PercentEncoded
        | Ty::JsonText(_) => "string",
    };
    let mut column = format!("{kind}({})", literal(&field.wire));
    let place = match field.place {
        Place::Default => "",
        Place::Form => ".in_form()",
        Place::Body => ".in_body()",
        Place::Path => ".in_path()",
        Place::Header => ".in_header()",
        Place::Host => ".in_host()",
    };
    column.push_str(place);
    column.push_str(match field.style {
        Style::Flat => "",
        Style::Json => ".as_json()",
        Style::Comma => ".with_commas()",
        Style::Xml => ".as_xml()",
    });
    if field.is_required {
        column.push_str(".required()");
    }
    if field.is_always {
        column.push_str(".always()");
    }
    if field.is_secret {
        column.push_str(".secret()");
    }
    if let Some(wrapper) = &field.wrapper {
        column.push_str(&format!(".wrapped_in({})", literal(wrapper)));
    }
    if !field.aliases.is_empty() {
        let aliases: Vec<String> = field.aliases.iter().map(|alias| literal(alias)).collect();
        column.push_str(&format!(".aliases(&[{}])", aliases.join(", ")));
    }
    if !field.rules.is_empty() {
        let rules: Vec<String> = field
            .rules
            .iter()
            .map(|rule| format!("acs_core::model::Rule::{rule}"))
            .collect();
        column.push_str(&format!(".rules(&[{}])", rules.join(", ")));
    }
    column
}
