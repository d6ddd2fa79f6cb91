use super::{Code, literal, types};
use crate::model::{Operation, Output, Package, Type};

/// The module that holds all others.
pub(super) fn module(package: &Package) -> String {
    let mut code = Code::default();
    for it in &package.operations {
        code.line(format!("mod {};", it.module));
    }
    if !package.components.is_empty() {
        code.line("mod components;");
    }
    code.line("mod product;\n");
    if !package.error_codes.is_empty() {
        code.line("pub mod error_codes;\n");
    }
    for it in &package.operations {
        let names = exported(it);
        if it.is_deprecated {
            code.line("#[allow(deprecated)]");
        }
        code.line(if let [name] = names.as_slice() {
            format!("pub use {}::{name};", it.module)
        } else {
            format!("pub use {}::{{{}}};", it.module, names.join(", "))
        });
    }
    code.line(format!("pub use product::{};\n", package.type_name));
    nested(&mut code, package);
    table(&mut code, package);
    code.into_text()
}

fn exported(it: &Operation) -> Vec<String> {
    let mut names = vec![it.name.clone()];
    if let Output::Struct(output) = &it.output {
        names.push(output.name.clone());
    }
    if types::has_required(&it.request) {
        names.push(format!("{}Required", it.name));
    }
    names
}

fn nested(code: &mut Code, package: &Package) {
    code.line("/// The types inside requests and answers, by operation.");
    code.line("pub mod types {");
    if !package.components.is_empty() {
        code.line("pub use super::components::*;\n");
    }
    for it in package.operations.iter().filter(|it| !it.types.is_empty()) {
        let names = type_names(&it.types);
        code.line(format!(
            "/// The types inside [`{0}`](crate::{0}) and its answer.",
            it.name
        ));
        code.line(format!("pub mod {} {{", it.module));
        code.line(format!(
            "pub use super::super::{}::{{{}}};",
            it.module,
            names.join(", ")
        ));
        code.line("}\n");
    }
    code.line("}\n");
}

/// The names of types and of their companions, sorted.
fn type_names(types: &[Type]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for ty in types {
        names.push(ty.name().to_owned());
        if let Type::Struct(it) = ty
            && types::has_required(it)
        {
            names.push(format!("{}Required", it.name));
        }
    }
    names.sort();
    names
}

fn table(code: &mut Code, package: &Package) {
    code.line("/// Every operation of the product, by name.");
    if package.operations.iter().any(|it| it.is_deprecated) {
        code.line("#[allow(deprecated)]");
    }
    code.line("pub const OPERATIONS: &[&acs_core::operation::OperationInfo] = &[");
    for it in &package.operations {
        code.line(format!(
            "<{} as acs_core::operation::Operation>::INFO,",
            it.name
        ));
    }
    code.line("];");
}

/// The types that operations share.
pub(super) fn components(package: &Package) -> String {
    let mut code = Code::default();
    for (module, _) in &package.components {
        code.line(format!("mod {module};"));
    }
    code.line("");
    for (module, types) in &package.components {
        let names = type_names(types);
        code.line(format!("pub use {module}::{{{}}};", names.join(", ")));
    }
    code.into_text()
}

/// Name, version and endpoints.
pub(super) fn product(package: &Package) -> String {
    let mut code = Code::default();
    code.line(format!(
        "/// {} (`{}` {}), as a type.",
        super::plain(&package.title),
        super::code(&package.product),
        super::plain(&package.version)
    ));
    code.line("#[derive(Clone, Copy, Debug)]");
    code.line("#[non_exhaustive]");
    code.line(format!("pub struct {};\n", package.type_name));
    code.line(format!(
        "impl acs_core::Product for {} {{",
        package.type_name
    ));
    code.line("const INFO: &'static acs_core::ProductInfo = &INFO;");
    code.line("}\n");
    code.line("/// Name, version and endpoints, sorted by region.");
    code.line("pub(super) static INFO: acs_core::ProductInfo = acs_core::ProductInfo {");
    code.line(format!("product: {},", literal(&endpoint_name(package))));
    code.line(format!("version: {},", literal(&package.version)));
    code.line("endpoints: &[");
    for (region, public, vpc) in &package.endpoints {
        let vpc = vpc.as_ref().map_or_else(
            || "None".to_owned(),
            |vpc| format!("Some({})", literal(vpc)),
        );
        code.line(format!(
            "acs_core::RegionEndpoint {{ region: {}, public: {}, vpc: {vpc} }},",
            literal(region),
            literal(public)
        ));
    }
    code.line("],");
    let global = package.global.as_ref().map_or_else(
        || "None".to_owned(),
        |host| format!("Some({})", literal(host)),
    );
    code.line(format!("global: {global},\n}};"));
    code.into_text()
}

fn endpoint_name(package: &Package) -> String {
    package.product.to_ascii_lowercase()
}

/// The codes as constants.
pub(super) fn error_codes(package: &Package) -> String {
    let mut code = Code::default();
    code.line("//! The error codes that the product's documentation lists.\n");
    for (name, text) in &package.error_codes {
        code.doc(&[format!("`{}`.", super::code(text))]);
        code.line(format!("pub const {name}: &str = {};", literal(text)));
    }
    code.into_text()
}
