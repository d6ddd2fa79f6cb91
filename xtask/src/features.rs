//! `cargo xtask features`: each crate alone, with none of its features and with each one.

use std::path::Path;
use std::process::Command;

use crate::error::{Error, Result};
use crate::workspace;

/// Checks them all, and stops at the first that does not build.
#[allow(clippy::print_stdout, reason = "a long run shows where it is")]
pub(crate) fn run() -> Result<()> {
    let crates = workspace::root().join("crates");
    let mut names: Vec<String> = std::fs::read_dir(&crates)
        .map_err(|error| Error::io(&crates, &error))?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| crates.join(name).join("Cargo.toml").is_file())
        .collect();
    names.sort();
    for name in names {
        println!("{name}");
        check(&name, None)?;
        for feature in features(&crates.join(&name).join("Cargo.toml"))? {
            println!("{name} with {feature}");
            check(&name, Some(&feature))?;
        }
    }
    Ok(())
}

/// The features that people choose: the default is only a choice of the others, and a leading `_` marks one that is no
/// choice.
fn features(manifest: &Path) -> Result<Vec<String>> {
    let text = workspace::read(manifest)?;
    let table: toml::Table = text
        .parse()
        .map_err(|error| Error::input(format!("{}: {error}", manifest.display())))?;
    let features = table.get("features").and_then(toml::Value::as_table);
    let names = features.into_iter().flatten().map(|(name, _)| name.clone());
    Ok(names
        .filter(|name| name != "default" && !name.starts_with('_'))
        .collect())
}

fn check(name: &str, feature: Option<&str>) -> Result<()> {
    let mut command = Command::new(workspace::cargo());
    command.current_dir(workspace::root());
    command.args([
        "check",
        "--quiet",
        "--package",
        name,
        "--no-default-features",
    ]);
    if let Some(feature) = feature {
        command.args(["--features", feature]);
    }
    let status = command
        .status()
        .map_err(|error| Error::failed(format!("cargo can't be started: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let with = feature.map_or_else(String::new, |feature| {
        format!(" with the feature `{feature}`")
    });
    Err(Error::failed(format!("{name} does not build alone{with}")))
}
