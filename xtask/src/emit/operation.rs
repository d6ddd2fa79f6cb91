use super::{Code, Paths, literal, ty, types};
use crate::model::{Operation, Output, Package, PageField, PageRule, Pages, Security, Ty};

/// The file of one operation.
pub(super) fn file(package: &Package, it: &Operation) -> String {
    let mut code = Code::default();
    let paths = Paths {
        shared: "super::types",
        own: None,
    };
    let is_deprecated = it.is_deprecated
        || it.request.fields.iter().any(|field| field.is_deprecated)
        || matches!(&it.output, Output::Struct(output) if output.fields.iter().any(|field| field.is_deprecated))
        || types::has_deprecated(&it.types);
    if is_deprecated {
        code.line("#![allow(deprecated)]\n");
    }
    let output = match &it.output {
        Output::Struct(output) => output.fields.as_slice(),
        Output::Other(_) => &[],
    };
    types::allow_complex(&mut code, &it.types, it.request.fields.iter().chain(output));
    code.doc(&doc(package, it));
    if it.is_deprecated {
        code.line("#[deprecated = \"the service advises against it\"]");
    }
    types::declare(&mut code, &it.request, it.request.new.is_empty(), paths);
    types::build(&mut code, &it.request, paths);
    types::table(&mut code, &it.request);
    waiters(&mut code, it);
    implement(&mut code, package, it, paths);
    if let Output::Struct(output) = &it.output {
        types::declare(&mut code, output, true, paths);
        types::table(&mut code, output);
    }
    if let Some(pages) = &it.paging {
        paginate(&mut code, it, pages, paths);
    }
    for nested in &it.types {
        types::write(&mut code, nested, paths);
    }
    code.into_text()
}

fn doc(package: &Package, it: &Operation) -> Vec<String> {
    let mut lines = it.doc.clone();
    if !lines.is_empty() {
        lines.push(String::new());
    }
    let mut facts = format!(
        "`{}` of {} (`{}` {}).",
        super::code(&it.action),
        super::plain(&package.title),
        super::code(&package.product),
        super::plain(&package.version)
    );
    let methods = it.methods.join(" or ");
    match &it.path {
        Some(path) => facts.push_str(&format!(" {methods} `{}`.", super::code(path))),
        None => facts.push_str(&format!(" {methods}.")),
    }
    facts.push_str(match it.security {
        Security::AccessKey => "",
        Security::Anonymous => " Not signed: anyone may call it.",
        Security::BearerToken => " Takes a bearer token.",
    });
    facts.push_str(if it.is_idempotent {
        " Can be repeated."
    } else {
        " Is not repeated by itself once it may have been carried out."
    });
    if let Some(guard) = &it.duplicate_guard {
        facts.push_str(&format!(
            " A repeated `{guard}` keeps it from a second effect."
        ));
    }
    if it.is_secret {
        facts.push_str(" Its answer holds secrets.");
    }
    lines.push(facts);
    for (kind, names) in &it.request.checks {
        let names: Vec<String> = names
            .iter()
            .map(|name| format!("`{}`", super::code(name)))
            .collect();
        let names = names.join(", ");
        lines.push(String::new());
        lines.push(match *kind {
            "AnyOf" => format!("At least one of {names} must be set."),
            "OneOf" => format!("Exactly one of {names} must be set."),
            _ => format!("{names} must be set together."),
        });
    }
    if !it.error_codes.is_empty() {
        lines.push(String::new());
        lines.push("# Errors".to_owned());
        let codes: Vec<String> = it
            .error_codes
            .iter()
            .map(|(status, code)| format!("`{}` ({})", super::code(code), super::code(status)))
            .collect();
        lines.push(format!("Codes of its own: {}.", codes.join(", ")));
    }
    lines.push(String::new());
    lines.push(format!(
        "[Official page](https://api.aliyun.com/document/{}/{}/{})",
        escape(&package.product),
        escape(&package.version),
        escape(&it.action)
    ));
    lines
}

/// A segment of an address.
fn escape(segment: &str) -> String {
    let escape = |byte: u8| {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            char::from(byte).to_string()
        } else {
            format!("%{byte:02X}")
        }
    };
    segment.bytes().map(escape).collect()
}

fn implement(code: &mut Code, package: &Package, it: &Operation, paths: Paths<'_>) {
    let output = match &it.output {
        Output::Struct(output) => output.name.clone(),
        Output::Other(other) => ty(other, paths),
    };
    code.line(format!(
        "impl acs_core::operation::Operation for {} {{",
        it.name
    ));
    code.line(format!("type Product = super::{};", package.type_name));
    code.line(format!("type Output = {output};\n"));
    code.line("const INFO: &'static acs_core::operation::OperationInfo =");
    code.line(format!("&{};", info(it)));
    code.line("}\n");
}

fn info(it: &Operation) -> String {
    let action = literal(&it.action);
    let methods: Vec<String> = it
        .methods
        .iter()
        .map(|method| format!("acs_core::operation::Method::{method}"))
        .collect();
    let methods = methods.join(", ");
    let mut info = if it.is_rpc {
        let mut info = format!(
            "acs_core::operation::OperationInfo::rpc(&super::product::INFO, {action}, Self::SCHEMA)"
        );
        if it.methods != ["POST", "GET"] {
            info.push_str(&format!(".methods(&[{methods}])"));
        }
        if let Some(path) = &it.path {
            info.push_str(&format!(".path({})", literal(path)));
        }
        info
    } else {
        let path = literal(it.path.as_deref().unwrap_or("/"));
        format!(
            "acs_core::operation::OperationInfo::roa(&super::product::INFO, {action}, &[{methods}], {path}, Self::SCHEMA)"
        )
    };
    match it.security {
        Security::AccessKey => {}
        Security::Anonymous => info.push_str(".security(acs_core::operation::Security::Anonymous)"),
        Security::BearerToken => {
            info.push_str(".security(acs_core::operation::Security::BearerToken)");
        }
    }
    if it.is_idempotent {
        info.push_str(".idempotent()");
    }
    if let Some(guard) = &it.duplicate_guard {
        info.push_str(&format!(".duplicate_guard({})", literal(guard)));
    }
    if it.is_secret {
        info.push_str(".secret()");
    }
    if it.is_deprecated {
        info.push_str(".deprecated()");
    }
    if let Some(content_type) = &it.content_type {
        info.push_str(&format!(".content_type({})", literal(content_type)));
    }
    info
}

fn waiters(code: &mut Code, it: &Operation) {
    if it.waiters.is_empty() {
        return;
    }
    code.line(format!("impl {} {{", it.name));
    for waiter in &it.waiters {
        let texts = |list: &[String]| {
            let list: Vec<String> = list.iter().map(|text| literal(text)).collect();
            format!("&[{}]", list.join(", "))
        };
        let mut value = format!(
            "acs_core::wait::Waiter::new({}, {}, {})",
            texts(&waiter.state),
            texts(&waiter.success),
            texts(&waiter.failure)
        );
        if !waiter.missing.is_empty() {
            value.push_str(&format!(".missing({})", texts(&waiter.missing)));
        }
        let seconds = |count: u64| format!("std::time::Duration::from_secs({count})");
        if let Some((first, longest)) = waiter.waits {
            value.push_str(&format!(".waits({}, {})", seconds(first), seconds(longest)));
        }
        if let Some(deadline) = waiter.deadline {
            value.push_str(&format!(".deadline({})", seconds(deadline)));
        }
        code.doc(&waiter.doc);
        let quoted = |list: &[String]| {
            let list: Vec<String> = list
                .iter()
                .map(|it| format!("`{}`", super::code(it)))
                .collect();
            list.join(", ")
        };
        code.doc(&[
            String::new(),
            format!(
                "`{}` ends it well as {}, badly as {}. [`Client::wait_for`](acs_core::Client::wait_for) takes it.",
                waiter.state.join("."),
                quoted(&waiter.success),
                quoted(&waiter.failure)
            ),
        ]);
        code.line(format!(
            "pub const {}: acs_core::wait::Waiter<Self> = {value};\n",
            waiter.constant
        ));
    }
    code.line("}\n");
}

fn paginate(code: &mut Code, it: &Operation, pages: &Pages, paths: Paths<'_>) {
    code.line(format!(
        "impl acs_core::operation::Paginated for {} {{",
        it.name
    ));
    code.line(format!("type Item = {};\n", ty(&pages.item, paths)));
    code.line("#[inline]");
    code.line("fn next_page(&self, output: &Self::Output) -> Option<Self> {");
    match &pages.rule {
        PageRule::Number { page, size, total } => {
            let items = if pages.items_optional {
                format!("output.{}.as_ref().map_or(0, Vec::len)", pages.items)
            } else {
                format!("output.{}.len()", pages.items)
            };
            code.line(format!(
                "let page = acs_core::operation::next_page_number({}, {}, {}, {items})?;",
                number("self", Some(page)),
                number("self", size.as_ref()),
                number("output", total.as_ref()),
            ));
            code.line("let mut next = self.clone();");
            let value = if page.ty == Ty::Integer32 {
                "i32::try_from(page).ok()?"
            } else {
                "page"
            };
            code.line(format!("next.{} = {};", page.ident, wrap(page, value)));
        }
        PageRule::Token { token, next } => {
            let found = if next.is_optional {
                format!("output.{}.clone()", next.ident)
            } else {
                format!("Some(output.{}.clone())", next.ident)
            };
            code.line(format!(
                "let token = {found}.filter(|token| !token.is_empty())?;"
            ));
            code.line("let mut next = self.clone();");
            code.line(format!("next.{} = {};", token.ident, wrap(token, "token")));
        }
    }
    code.line("Some(next)\n}\n");
    code.line("#[inline]");
    code.line("fn into_items(output: Self::Output) -> Vec<Self::Item> {");
    let unwrap = if pages.items_optional {
        ".unwrap_or_default()"
    } else {
        ""
    };
    code.line(format!("output.{}{unwrap}\n}}\n}}\n", pages.items));
}

/// An `Option<i64>` of a field.
fn number(owner: &str, field: Option<&PageField>) -> String {
    let Some(field) = field else {
        return "None".to_owned();
    };
    let place = format!("{owner}.{}", field.ident);
    match (field.is_optional, field.ty == Ty::Integer32) {
        (true, true) => format!("{place}.map(i64::from)"),
        (true, false) => place,
        (false, true) => format!("Some(i64::from({place}))"),
        (false, false) => format!("Some({place})"),
    }
}

fn wrap(field: &PageField, value: &str) -> String {
    if field.is_optional {
        format!("Some({value})")
    } else {
        value.to_owned()
    }
}
