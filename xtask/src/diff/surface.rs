//! What users of a generated crate can name, and what they rely on of it.

use std::collections::BTreeMap;

use crate::emit::{self, Paths};
use crate::model::{Field, Operation, Output, Package, Place, Security, Struct, Style, Type};

/// By what they are called.
pub(super) type Surface = BTreeMap<String, Item>;

/// One thing that users rely on.
#[derive(Debug)]
pub(super) struct Item {
    /// The operation whose part it is.
    pub(super) owner: Option<String>,
    pub(super) says: Says,
}

#[derive(Debug, PartialEq)]
pub(super) enum Says {
    /// What code is written against: another text breaks it.
    Code(String),
    /// What is sent, and where to: the crate keeps pace with the service, and code stays as it is.
    Wire(String),
    /// Where requests of a region go.
    Host(String),
    /// Who may call.
    Security(Security),
    /// What is refused before it is sent, as code of `acs_core::model::Rule`.
    Rules(Vec<String>),
}

/// Finds all of it in a package.
pub(super) fn surface(package: &Package) -> Surface {
    let mut out = Surface::new();
    let mut all = Builder {
        out: &mut out,
        owner: None,
    };
    all.code(package.type_name.clone(), "product".to_owned());
    all.add("version".to_owned(), Says::Wire(package.version.clone()));
    all.add("product".to_owned(), Says::Wire(package.product.clone()));
    for it in &package.operations {
        all.owner = Some(it.name.clone());
        all.operation(it);
    }
    all.owner = None;
    for ty in package.components.iter().flat_map(|(_, types)| types) {
        all.ty("types::", ty);
    }
    for (name, code) in &package.error_codes {
        all.code(format!("error_codes::{name}"), code.clone());
    }
    for (region, public, vpc) in &package.endpoints {
        all.add(format!("region {region}"), Says::Host(public.clone()));
        if let Some(vpc) = vpc {
            all.add(format!("region {region} in a VPC"), Says::Host(vpc.clone()));
        }
    }
    if let Some(host) = &package.global {
        all.add("other regions".to_owned(), Says::Host(host.clone()));
    }
    out
}

const PATHS: Paths<'_> = Paths {
    shared: "types",
    own: None,
};

struct Builder<'a> {
    out: &'a mut Surface,
    owner: Option<String>,
}

impl Builder<'_> {
    fn add(&mut self, name: String, says: Says) {
        let owner = self.owner.clone();
        self.out.insert(name, Item { owner, says });
    }

    fn code(&mut self, name: String, text: String) {
        self.add(name, Says::Code(text));
    }

    fn operation(&mut self, it: &Operation) {
        let name = &it.name;
        let output = match &it.output {
            Output::Struct(output) => output.name.clone(),
            Output::Other(ty) => emit::ty(ty, PATHS),
        };
        self.code(name.clone(), format!("operation, answers {output}"));
        self.add(format!("{name} on the wire"), Says::Wire(request_line(it)));
        self.add(format!("{name} signed"), Says::Security(it.security));
        self.fields(name, &it.request);
        if let Some(pages) = &it.paging {
            let item = emit::ty(&pages.item, PATHS);
            self.code(format!("{name}.items"), format!("stream of {item}"));
        }
        for waiter in &it.waiters {
            self.code(format!("{name}.{}", waiter.constant), "waiter".to_owned());
        }
        if let Output::Struct(output) = &it.output {
            self.code(output.name.clone(), "struct".to_owned());
            self.fields(&output.name, output);
        }
        for ty in &it.types {
            self.ty(&format!("types::{}::", it.module), ty);
        }
    }

    fn ty(&mut self, prefix: &str, ty: &Type) {
        let name = format!("{prefix}{}", ty.name());
        match ty {
            Type::Struct(it) => {
                self.code(name.clone(), "struct".to_owned());
                self.fields(&name, it);
            }
            Type::Enum(it) => {
                self.code(name.clone(), "enum".to_owned());
                for (variant, text) in &it.values {
                    self.code(format!("{name}.{variant}"), text.clone());
                }
            }
        }
    }

    fn fields(&mut self, name: &str, it: &Struct) {
        for field in &it.fields {
            let way = format!("{name}.{}", field.ident);
            let plain = emit::ty(&field.ty, PATHS);
            let ty = if field.is_optional {
                format!("Option<{plain}>")
            } else {
                plain
            };
            self.code(way.clone(), ty);
            self.add(format!("{way} on the wire"), Says::Wire(place(field)));
            let mut rules = field.rules.clone();
            if field.is_required && field.is_optional {
                rules.push("Required".to_owned());
            }
            self.add(format!("{way} checks"), Says::Rules(rules));
        }
        if it.is_input {
            self.code(format!("{name}.new"), new(it));
        }
    }
}

fn new(it: &Struct) -> String {
    let mut arguments: Vec<&str> = it
        .new
        .iter()
        .map(|&index| it.fields[index].ident.as_str())
        .collect();
    if emit::is_named(it) {
        // By name, they have no order.
        arguments.sort_unstable();
        return format!("new({}Required {{ {} }})", it.name, arguments.join(", "));
    }
    format!("new({})", arguments.join(", "))
}

fn request_line(it: &Operation) -> String {
    let mut line = format!(
        "{} {}",
        it.methods.join("/"),
        it.path.as_deref().unwrap_or("/")
    );
    let mut say = |is: bool, what: &str| {
        if is {
            line.push_str(", ");
            line.push_str(what);
        }
    };
    say(it.is_rpc, "RPC");
    say(it.is_idempotent, "can be repeated");
    say(it.is_secret, "its answer is secret");
    say(it.is_deprecated, "deprecated");
    if let Some(content_type) = &it.content_type {
        say(true, content_type);
    }
    line
}

fn place(field: &Field) -> String {
    let mut text = format!("`{}`", emit::code(&field.wire));
    text.push_str(match field.place {
        Place::Default => "",
        Place::Form => " in the form",
        Place::Body => " as the body",
        Place::Path => " in the path",
        Place::Header => " in a header",
        Place::Host => " in the host name",
    });
    text.push_str(match field.style {
        Style::Flat => "",
        Style::Json => ", as JSON",
        Style::Comma => ", with commas",
        Style::Xml => ", as XML",
    });
    if let Some(wrapper) = &field.wrapper {
        text.push_str(&format!(", items in `{}`", emit::code(wrapper)));
    }
    for alias in &field.aliases {
        text.push_str(&format!(", or `{}`", emit::code(alias)));
    }
    text.push_str(if field.is_always { ", always sent" } else { "" });
    text.push_str(if field.is_secret { ", secret" } else { "" });
    text.push_str(if field.is_deprecated {
        ", deprecated"
    } else {
        ""
    });
    text
}
