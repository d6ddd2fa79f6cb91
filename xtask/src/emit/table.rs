//! The table that a crate's tests walk: each operation's request and answer.

use super::{Code, Source, first_line};
use crate::model::{Field, Operation, Output, Package, Ty};

/// The file, which stands outside the folder of generated code.
pub(crate) fn file(package: &Package, library: &str, source: &Source) -> String {
    let mut code = Code::default();
    code.line(first_line(source));
    code.line("");
    code.line("use acs_core::operation::Operation;\n");
    code.line("use crate::walk::Entry;\n");
    code.line("pub(crate) const OPERATIONS: &[Entry] = &[");
    for it in &package.operations {
        let name = format!("{library}::{}", it.name);
        code.line("Entry {");
        code.line(format!("info: <{name} as Operation>::INFO,"));
        code.line(format!("request: || Box::new({}),", request(it, &name)));
        let output = match &it.output {
            Output::Other(Ty::Unit) => "()".to_owned(),
            _ => format!("<{name} as Operation>::Output::default()"),
        };
        code.line(format!("output: || Box::new({output}),"));
        code.line("},");
    }
    code.line("];");
    code.into_text()
}

fn request(it: &Operation, name: &str) -> String {
    let fields: Vec<&Field> = it
        .request
        .new
        .iter()
        .map(|&index| &it.request.fields[index])
        .collect();
    if super::is_named(&it.request) {
        let values: Vec<String> = fields
            .iter()
            .map(|field| format!("{}: Default::default()", field.ident))
            .collect();
        return format!("{name}::new({name}Required {{ {} }})", values.join(", "));
    }
    let values: Vec<&str> = fields.iter().map(|field| empty(&field.ty)).collect();
    format!("{name}::new({})", values.join(", "))
}

fn empty(ty: &Ty) -> &'static str {
    match ty {
        Ty::String | Ty::CommaList | Ty::Choice { .. } | Ty::Json | Ty::JsonText(_) => "\"\"",
        Ty::Integer | Ty::Integer32 => "0",
        Ty::Float => "0.0",
        Ty::Boolean => "false",
        Ty::List(item) if **item == Ty::String => "[\"\"; 0]",
        Ty::List(_) => "[]",
        _ => "Default::default()",
    }
}
