//! `cargo xtask vectors`: starts the runner of vector files, which depends on our crates as xtask must not.

use std::process::{Command, ExitCode};

use crate::error::{Error, Result};
use crate::workspace;

/// Runs vectors of a kind, and ends as their runner ends.
pub(crate) fn run(kind: &str, paths: &[&str]) -> Result<ExitCode> {
    #[allow(
        clippy::disallowed_methods,
        reason = "cargo names itself to what it starts"
    )]
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let manifest = workspace::root().join("Cargo.toml");
    let status = Command::new(cargo)
        .args([
            "run",
            "--quiet",
            "--package",
            "acs-conformance",
            "--manifest-path",
        ])
        .arg(manifest)
        .args(["--", kind])
        .args(paths)
        .status()
        .map_err(|error| Error::failed(format!("cargo can't be started: {error}")))?;
    let code = status
        .code()
        .and_then(|code| u8::try_from(code).ok())
        .unwrap_or(1);
    Ok(ExitCode::from(code))
}
