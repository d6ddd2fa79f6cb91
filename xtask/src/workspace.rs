//! Where things stand in the workspace.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::error::{Error, Result};

/// The workspace's root.
pub(crate) fn root() -> PathBuf {
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    own.parent().unwrap_or(own).to_owned()
}

/// The folder of digests and overlays.
pub(crate) fn metadata() -> PathBuf {
    root().join("xtask/metadata")
}

pub(crate) fn read(path: &Path) -> Result<String> {
    let bytes = fs::read(path).map_err(|error| Error::io(path, &error))?;
    String::from_utf8(bytes).map_err(|error| {
        let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
        let line = 1 + good.iter().filter(|byte| **byte == b'\n').count();
        Error::input(format!("{}: not UTF-8 at line {line}", path.display()))
    })
}

pub(crate) fn write(path: &Path, text: &str) -> Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder).map_err(|error| Error::io(folder, &error))?;
    }
    fs::write(path, text).map_err(|error| Error::io(path, &error))
}

/// All files below a folder, relative to it.
pub(crate) fn files_below(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        if !next.is_dir() {
            continue;
        }
        for entry in fs::read_dir(&next).map_err(|error| Error::io(&next, &error))? {
            let path = entry.map_err(|error| Error::io(&next, &error))?.path();
            if path.is_dir() {
                open.push(path);
            } else if let Ok(relative) = path.strip_prefix(folder) {
                found.push(relative.to_owned());
            }
        }
    }
    found.sort();
    Ok(found)
}

/// Starts rustfmt over a tree of modules by its root file.
pub(crate) fn start_rustfmt(file: &Path) -> Result<std::process::Child> {
    let mut command = Command::new("rustfmt");
    command.args(["--edition", "2024"]);
    // The scratch folder lies outside the workspace: its style must be named.
    let configs = [".rustfmt.toml", "rustfmt.toml"].map(|name| root().join(name));
    if let Some(config) = configs.iter().find(|config| config.exists()) {
        command.arg("--config-path").arg(config);
    }
    command
        .arg(file)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| {
            Error::failed(format!(
                "rustfmt can't be started: {error}; install it with `rustup component add rustfmt`"
            ))
        })
}

/// A folder of our own that goes away.
pub(crate) struct Scratch(PathBuf);

impl Scratch {
    pub(crate) fn new(name: &str) -> Result<Self> {
        let path = std::env::temp_dir().join(format!("acs-xtask-{}-{name}", std::process::id()));
        fs::create_dir_all(&path).map_err(|error| Error::io(&path, &error))?;
        Ok(Self(path))
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
