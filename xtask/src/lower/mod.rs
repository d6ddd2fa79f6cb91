//! Brings a document and its overlay together: what is to be generated, under Rust names.

mod components;
mod describe;
mod fields;
mod nesting;
mod operation;
mod output;
mod own;
mod paging;
mod parameters;
mod pattern;
mod scope;
mod template;
mod waiters;

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet, HashSet};

use crate::document::Document;
use crate::error::{Error, Result};
use crate::model::Package;
use crate::names;
use crate::overlay::{Matched, Overlay};

use fields::Context;

/// Names at the root of a crate that hand-written code has.
const ROOT_NAMES: &[&str] = &[
    "Client",
    "ClientBuilder",
    "Error",
    "Response",
    "Result",
    "Product",
    "ProductInfo",
];
const ROOT_MODULES: &[&str] = &[
    "types",
    "error_codes",
    "product",
    "components",
    "client",
    "generated",
    "operations",
];

/// Makes the package.
///
/// # Errors
/// The overlay names something that the document lacks.
pub(crate) fn lower(document: &Document, overlay: &Overlay, with_prose: bool) -> Result<Package> {
    let secrets = Matched::new("the secret", overlay.secrets.iter().map(String::as_str));
    let timestamps = Matched::new(
        "the timestamp",
        overlay.timestamps.iter().map(String::as_str),
    );
    let comma_lists = Matched::new(
        "the comma list",
        overlay.comma_lists.iter().map(String::as_str),
    );
    let repeatable = Matched::new(
        "the idempotent operation",
        overlay.idempotent.iter().map(String::as_str),
    );
    let mut all_components = document.components.clone();
    let mut own = HashSet::new();
    for (name, schema) in own::components(overlay)? {
        if document.components.iter().any(|(it, _)| *it == name) {
            return Err(Error::input(format!(
                "the component `{name}` is in the metadata already"
            )));
        }
        own.insert(name.clone());
        all_components.push((name, schema));
    }
    let named = components::named(&all_components);
    let context = Context {
        components: &all_components,
        own: &own,
        named: &named,
        secrets: &secrets,
        timestamps: &timestamps,
        comma_lists: &comma_lists,
        mistakes: RefCell::default(),
        depth: Cell::default(),
        ring: Cell::default(),
        with_prose,
    };
    let mut unsupported = document.notes.clone();
    check_style(document, &mut unsupported);
    let type_name = type_name(document, overlay);
    let mut taken: HashSet<String> = root_names().map(str::to_owned).collect();
    taken.insert(type_name.clone());
    let mut modules: HashSet<String> = ROOT_MODULES.iter().map(|&name| name.to_owned()).collect();
    let mut operations = Vec::new();
    let mut sorted: Vec<_> = document.operations.iter().collect();
    sorted.sort_by(|a, b| a.name.cmp(&b.name));
    for operation in sorted {
        let own = overlay.operations.get(&operation.name);
        let names = operation::Names::choose(&operation.name, &mut taken, &mut modules);
        let input = operation::Input {
            document,
            operation,
            overlay: own,
            names,
            repeatable: &repeatable,
        };
        operations.extend(operation::lower(&context, &input, &mut unsupported)?);
    }
    if let Some(name) = overlay
        .operations
        .keys()
        .find(|name| !document.operations.iter().any(|it| it.name == **name))
    {
        return Err(Error::input(format!(
            "the operation `{name}` is not in the metadata"
        )));
    }
    let components = components::lower(&context, document, overlay, &mut unsupported)?;
    if let Some(mistake) = context.mistakes.borrow().first() {
        return Err(Error::input(mistake));
    }
    secrets.finish()?;
    timestamps.finish()?;
    comma_lists.finish()?;
    repeatable.finish()?;
    let endpoints = endpoints(document, overlay, &mut unsupported)?;
    Ok(Package {
        product: document.product.clone(),
        version: document.version.clone(),
        title: if overlay.title.is_empty() {
            document.product.clone()
        } else {
            overlay.title.clone()
        },
        type_name,
        components,
        endpoints,
        global: overlay
            .endpoints
            .global
            .clone()
            .or_else(|| only_host(document)),
        error_codes: error_codes(document),
        operations,
        unsupported,
    })
}

fn root_names() -> impl Iterator<Item = &'static str> {
    ROOT_NAMES.iter().chain(names::PRELUDE).copied()
}

fn type_name(document: &Document, overlay: &Overlay) -> String {
    if !overlay.type_name.is_empty() {
        return overlay.type_name.clone();
    }
    let name = names::pascal(&document.product);
    if root_names().any(|taken| taken == name) {
        format!("{name}Product")
    } else {
        name
    }
}

fn check_style(document: &Document, unsupported: &mut Vec<String>) {
    if !["RPC", "ROA", "V3", "FC"].contains(&document.style.as_str()) {
        unsupported.push(format!(
            "the style `{}` has a protocol of its own; its requests are written and signed as ROA",
            document.style
        ));
    }
}

fn endpoints(
    document: &Document,
    overlay: &Overlay,
    unsupported: &mut Vec<String>,
) -> Result<Vec<(String, String, Option<String>)>> {
    let mut hosts: BTreeMap<String, (String, Option<String>)> = BTreeMap::new();
    for endpoint in &document.endpoints {
        let host = hosts
            .entry(endpoint.region.clone())
            .or_insert_with(|| (endpoint.public.clone(), endpoint.vpc.clone()));
        if host.0 != endpoint.public {
            unsupported.push(format!(
                "the region `{}` has the hosts `{}` and `{}`; the first is used",
                endpoint.region, host.0, endpoint.public
            ));
        }
    }
    for (region, host) in &overlay.endpoints.regions {
        if hosts.insert(region.clone(), (host.clone(), None)).is_some() {
            return Err(Error::input(format!(
                "the region `{region}` is in the metadata already"
            )));
        }
    }
    Ok(hosts
        .into_iter()
        .map(|(region, (public, vpc))| (region, public, vpc))
        .collect())
}

/// The host of a product that has the same in every region.
fn only_host(document: &Document) -> Option<String> {
    let hosts: BTreeSet<&str> = document
        .endpoints
        .iter()
        .map(|endpoint| endpoint.public.as_str())
        .collect();
    hosts
        .first()
        .filter(|_| hosts.len() == 1 && document.endpoints.len() > 1)
        .map(|&host| host.to_owned())
}

fn error_codes(document: &Document) -> Vec<(String, String)> {
    let codes: BTreeSet<&str> = document
        .operations
        .iter()
        .flat_map(|operation| &operation.error_codes)
        .map(|(_, code)| code.as_str())
        .collect();
    let mut used = HashSet::new();
    let mut constants = Vec::new();
    for code in codes {
        let base = names::screaming(code);
        let name = names::free(&base, "_", |name| !used.contains(name));
        used.insert(name.clone());
        constants.push((name, code.to_owned()));
    }
    constants
}
