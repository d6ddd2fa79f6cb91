//! `cargo xtask metadata diff OLD NEW`: what changes for users.

mod rules;
mod surface;

use std::path::Path;

use crate::codegen;
use crate::digest::file_stem;
use crate::document::Document;
use crate::error::Result;
use crate::lower::lower;
use crate::model::Security;
use crate::overlay::Overlay;
use crate::workspace;

use surface::{Item, Says, Surface, surface};

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
        // A line for each, whatever a name holds.
        println!("{}", change.replace(char::is_control, " "));
    }
    let breaking = changes
        .iter()
        .filter(|change| change.starts_with("breaking"))
        .count();
    let others = changes.len() - breaking;
    if breaking > 0 {
        println!("a breaking release: {breaking} breaking changes, {others} others");
    } else {
        println!("not a breaking release: 0 breaking changes, {others} others");
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
    let gone = old
        .iter()
        .filter(|(name, item)| !new.contains_key(*name) && !goes_with_another(name, item, old, new))
        .filter_map(|(name, item)| match &item.says {
            Says::Code(_) => Some(format!("breaking: {name} is gone")),
            Says::Host(host) => Some(format!("breaking: {name}: {host} is gone")),
            _ => None,
        });
    let added = new
        .iter()
        .filter(|(name, item)| !old.contains_key(*name) && !goes_with_another(name, item, new, old))
        .filter_map(|(name, item)| match &item.says {
            Says::Code(text) | Says::Host(text) => Some(format!("added: {name}: {text}")),
            _ => None,
        });
    let changed = old
        .iter()
        .filter_map(|(name, was)| Some((name, &was.says, &new.get(name)?.says)))
        .filter_map(|(name, was, is)| change(name, was, is));
    let mut changes: Vec<String> = gone.chain(added).chain(changed).collect();
    changes.sort();
    changes
}

fn change(name: &str, was: &Says, is: &Says) -> Option<String> {
    if was == is {
        return None;
    }
    Some(match (was, is) {
        (Says::Wire(was) | Says::Host(was), Says::Wire(is) | Says::Host(is)) => {
            format!("changed: {name}: {was} -> {is}")
        }
        (Says::Security(was), Says::Security(is)) => {
            // Who called without a key can't any more.
            let kind = if *is == Security::Anonymous {
                "changed"
            } else {
                "breaking"
            };
            format!("{kind}: {name}: {was:?} -> {is:?}")
        }
        (Says::Rules(was), Says::Rules(is)) => {
            let kind = if rules::are_stricter(was, is) {
                "breaking"
            } else {
                "changed"
            };
            format!("{kind}: {name}: {} -> {}", list(was), list(is))
        }
        (Says::Code(was), Says::Code(is)) => format!("breaking: {name}: {was} -> {is}"),
        (was, is) => format!("breaking: {name}: {was:?} -> {is:?}"),
    })
}

fn list(rules: &[String]) -> String {
    if rules.is_empty() {
        "none".to_owned()
    } else {
        rules.join(", ")
    }
}

/// What is told by its owner's absence need not be told again.
fn goes_with_another(name: &str, item: &Item, here: &Surface, there: &Surface) -> bool {
    let is_missing = |owner: &str| here.contains_key(owner) && !there.contains_key(owner);
    let owner = item.owner.as_deref().filter(|owner| *owner != name);
    owner.is_some_and(is_missing)
        || name
            .match_indices(['.', ' '])
            .any(|(end, _)| is_missing(&name[..end]))
}
