//! `cargo xtask metadata diff OLD NEW`: what changes for users.

use std::collections::BTreeMap;
use std::path::Path;

use crate::codegen;
use crate::digest::file_stem;
use crate::document::Document;
use crate::emit::{self, Paths};
use crate::error::Result;
use crate::lower::lower;
use crate::model::{Output, Package, Struct, Type};
use crate::overlay::Overlay;
use crate::workspace;

/// What users can name, and what they rely on of it.
type Surface = BTreeMap<String, String>;

/// Compares the crates that two documents give.
#[allow(clippy::print_stdout, reason = "the answer of the command")]
pub(crate) fn diff(old: &Path, new: &Path) -> Result<()> {
    let (old, _) = codegen::read_document(old)?;
    let (new, _) = codegen::read_document(new)?;
    let overlay = overlay_of(&new)?;
    let both = |overlay: &Overlay| -> Result<(Surface, Surface)> {
        let surface_of = |document| lower(document, overlay, false).map(|it| surface(&it));
        Ok((surface_of(&old)?, surface_of(&new)?))
    };
    let (old, new) = match both(&overlay) {
        Ok(surfaces) => surfaces,
        // An overlay that fits one of both is no reason to tell nothing.
        Err(error) => {
            println!("compared without the overlay, which does not fit both: {error}");
            both(&Overlay::default())?
        }
    };
    let changes = compare(&old, &new);
    for change in &changes {
        println!("{change}");
    }
    let breaking = changes
        .iter()
        .filter(|change| change.starts_with("breaking"))
        .count();
    let added = changes.len() - breaking;
    if breaking > 0 {
        println!("a breaking release: {breaking} breaking changes, {added} others");
    } else {
        println!("not a breaking release: 0 breaking changes, {added} others");
    }
    Ok(())
}

fn overlay_of(document: &Document) -> Result<Overlay> {
    let path = workspace::metadata().join(format!("{}.toml", file_stem(&document.product)));
    if path.is_file() {
        Overlay::parse(&workspace::read(&path)?)
    } else {
        Ok(Overlay::default())
    }
}

fn compare(old: &Surface, new: &Surface) -> Vec<String> {
    let mut changes = Vec::new();
    for (item, was) in old {
        match new.get(item) {
            None if is_below_missing(item, old, new) => {}
            None => changes.push(format!("breaking: {item} is gone")),
            Some(is) if is == was => {}
            Some(is) if item.ends_with(" doc") => {
                changes.push(format!("changed: {item}: {was} -> {is}"));
            }
            Some(is) => changes.push(format!("breaking: {item}: {was} -> {is}")),
        }
    }
    for (item, is) in new {
        if !old.contains_key(item) && !is_below_missing(item, new, old) {
            changes.push(format!("added: {item}: {is}"));
        }
    }
    changes.sort();
    changes
}

/// What is told by its owner's absence need not be told again.
fn is_below_missing(item: &str, here: &Surface, there: &Surface) -> bool {
    item.match_indices(['.', ' '])
        .any(|(end, _)| here.contains_key(&item[..end]) && !there.contains_key(&item[..end]))
}

fn surface(package: &Package) -> Surface {
    let mut out = Surface::new();
    for it in &package.operations {
        let output = match &it.output {
            Output::Struct(output) => output.name.clone(),
            Output::Other(ty) => emit::ty(ty, PATHS),
        };
        out.insert(it.name.clone(), format!("operation, answers {output}"));
        out.insert(
            format!("{} doc", it.name),
            format!(
                "{} {}{}{}",
                it.methods.join("/"),
                it.path.as_deref().unwrap_or("/"),
                if it.is_idempotent {
                    ", can be repeated"
                } else {
                    ""
                },
                if it.is_deprecated { ", deprecated" } else { "" }
            ),
        );
        add_struct(&mut out, &it.name, &it.request);
        if let Some(pages) = &it.paging {
            out.insert(
                format!("{}.items", it.name),
                format!("stream of {}", emit::ty(&pages.item, PATHS)),
            );
        }
        for waiter in &it.waiters {
            out.insert(
                format!("{}.{}", it.name, waiter.constant),
                "waiter".to_owned(),
            );
        }
        if let Output::Struct(output) = &it.output {
            out.insert(output.name.clone(), "struct".to_owned());
            add_struct(&mut out, &output.name, output);
        }
        for ty in &it.types {
            add_type(&mut out, &format!("types::{}::", it.module), ty);
        }
    }
    for ty in package.components.iter().flat_map(|(_, types)| types) {
        add_type(&mut out, "types::", ty);
    }
    for (name, code) in &package.error_codes {
        out.insert(format!("error_codes::{name}"), code.clone());
    }
    for (region, public, _) in &package.endpoints {
        out.insert(format!("region {region} doc"), public.clone());
    }
    out
}

const PATHS: Paths<'_> = Paths {
    shared: "types",
    own: None,
};

fn add_type(out: &mut Surface, prefix: &str, ty: &Type) {
    let name = format!("{prefix}{}", ty.name());
    match ty {
        Type::Struct(it) => {
            out.insert(name.clone(), "struct".to_owned());
            add_struct(out, &name, it);
        }
        Type::Enum(it) => {
            out.insert(name.clone(), "enum".to_owned());
            for (variant, text) in &it.values {
                out.insert(format!("{name}.{variant}"), text.clone());
            }
        }
    }
}

fn add_struct(out: &mut Surface, name: &str, it: &Struct) {
    for field in &it.fields {
        let plain = emit::ty(&field.ty, PATHS);
        let ty = if field.is_optional {
            format!("Option<{plain}>")
        } else {
            plain
        };
        out.insert(format!("{name}.{}", field.ident), ty);
        let place = format!(
            "`{}` in {:?}, {:?}{}{}",
            field.wire,
            field.place,
            field.style,
            field
                .rules
                .iter()
                .map(|rule| format!(", {rule}"))
                .collect::<String>(),
            if field.is_deprecated {
                ", deprecated"
            } else {
                ""
            }
        );
        out.insert(format!("{name}.{} doc", field.ident), place);
    }
    if it.is_input {
        let arguments: Vec<&str> = it
            .new
            .iter()
            .map(|&index| it.fields[index].ident.as_str())
            .collect();
        out.insert(
            format!("{name}.new"),
            format!("new({})", arguments.join(", ")),
        );
    }
}
