//! `cargo xtask features`: each crate by itself, with none of its features and with each one alone.

use std::process::Command;

use serde_json::Value;

use crate::error::{Error, Result};

/// Checks every crate of the workspace in each of these ways, and stops at the first that does not build.
#[allow(clippy::print_stdout, reason = "what the command is doing")]
pub(crate) fn check() -> Result<()> {
    let mut checks = 0;
    for (package, features) in packages()? {
        let alone = std::iter::once(None).chain(features.iter().map(Some));
        for feature in alone {
            println!(
                "{package}: {}",
                feature.map_or("no feature", String::as_str)
            );
            run(&package, feature)?;
            checks += 1;
        }
    }
    println!("{checks} checks");
    Ok(())
}

fn run(package: &str, feature: Option<&String>) -> Result<()> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "check",
        "--quiet",
        "--package",
        package,
        "--no-default-features",
    ]);
    if let Some(feature) = feature {
        command.args(["--features", feature]);
    }
    let status = command
        .status()
        .map_err(|error| Error::input(format!("cargo cannot be run: {error}")))?;
    if status.success() {
        return Ok(());
    }
    let shown = feature.map_or_else(String::new, |feature| format!(" --features {feature}"));
    Err(Error::input(format!(
        "does not build: cargo check --package {package} --no-default-features{shown}"
    )))
}

/// The crates and their features, but for `default` and those that are not for use by themselves.
fn packages() -> Result<Vec<(String, Vec<String>)>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--no-deps", "--format-version", "1"])
        .output()
        .map_err(|error| Error::input(format!("cargo cannot be run: {error}")))?;
    let metadata: Value = serde_json::from_slice(&output.stdout)
        .map_err(|error| Error::input(format!("`cargo metadata` answers no JSON: {error}")))?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    Ok(packages
        .filter_map(|package| {
            let features = package["features"].as_object()?;
            let names = features
                .keys()
                .filter(|name| *name != "default" && !name.starts_with("__"));
            Some((
                package["name"].as_str()?.to_owned(),
                names.cloned().collect(),
            ))
        })
        .collect())
}
