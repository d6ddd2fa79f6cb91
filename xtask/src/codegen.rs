//! `cargo xtask codegen [--check]`: the crates of the workspace from their digests.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::digest::file_stem;
use crate::document::{self, Document};
use crate::emit::{self, Files, MARK, Source};
use crate::error::{Error, Result};
use crate::lower::lower;
use crate::model::Package;
use crate::overlay::Overlay;
use crate::report;
use crate::workspace::{self, Scratch};

/// The table's name while rustfmt formats it; no module can have it.
const TABLE: &str = "table.tmp.rs";

/// What a run is to do with what it made.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(crate) enum Mode {
    Write,
    Check,
}

/// One product of the workspace, read and written out.
struct Product {
    package: Package,
    files: Files,
    folder: PathBuf,
    /// The table for the crate's tests, and where it stands.
    table: (PathBuf, String),
    scratch: Scratch,
}

/// Generates all products of the workspace.
pub(crate) fn run(mode: Mode) -> Result<()> {
    let mut products = Vec::new();
    for digest in digests()? {
        products.push(prepare(&digest)?);
    }
    format(&mut products)?;
    let mut differing = Vec::new();
    for product in &products {
        differing.extend(bring_up(mode, &product.files, &product.folder)?);
        differing.extend(bring_up_file(mode, &product.table.0, &product.table.1)?);
    }
    report::print(products.iter().map(|product| &product.package));
    match (mode, differing.as_slice()) {
        (Mode::Check, [first, rest @ ..]) => {
            let others = if rest.is_empty() {
                String::new()
            } else {
                format!(" and {} other files", rest.len())
            };
            Err(Error::failed(format!(
                "{}{others}: not what the metadata gives; run `cargo xtask codegen`",
                first.display()
            )))
        }
        _ => Ok(()),
    }
}

fn digests() -> Result<Vec<PathBuf>> {
    let folder = workspace::metadata();
    let files = workspace::files_below(&folder)?;
    let digests = files
        .into_iter()
        .filter(|file| file.extension().is_some_and(|it| it == "json"));
    Ok(digests.map(|file| folder.join(file)).collect())
}

fn prepare(digest: &Path) -> Result<Product> {
    let (document, source) = read_document(digest)?;
    let overlay_path = workspace::metadata().join(format!("{}.toml", file_stem(&document.product)));
    let overlay_name = overlay_path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let overlay = Overlay::parse(&workspace::read(&overlay_path)?)
        .map_err(|error| error.in_file(&overlay_name))?;
    if overlay.crate_name.is_empty() {
        return Err(Error::input("`crate` is missing").in_file(&overlay_name));
    }
    let package =
        lower(&document, &overlay, false).map_err(|error| error.in_file(&overlay_name))?;
    let files = emit::emit(&package, &source);
    let home = workspace::root().join("crates").join(&overlay.crate_name);
    let folder = home.join("src/generated");
    let table = emit::table::file(&package, &overlay.crate_name.replace('-', "_"), &source);
    let table = (home.join("tests/operations/table.rs"), table);
    let scratch = Scratch::new(&overlay.crate_name)?;
    Ok(Product {
        package,
        files,
        folder,
        table,
        scratch,
    })
}

/// Reads a document and names it for the first line of generated files.
pub(crate) fn read_document(path: &Path) -> Result<(Document, Source)> {
    let text = workspace::read(path)?;
    let document =
        document::parse(&text).map_err(|error| error.in_file(&path.display().to_string()))?;
    let file = path
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned();
    let sha256 = Sha256::digest(text.as_bytes())
        .iter()
        .fold(String::new(), |mut out, byte| {
            // Writing to a string doesn't fail.
            let _ = write!(out, "{byte:02x}");
            out
        });
    Ok((document, Source { file, sha256 }))
}

/// Has rustfmt, in one process a product, format everything.
fn format(products: &mut [Product]) -> Result<()> {
    let mut running = Vec::new();
    for product in products.iter() {
        for (name, text) in &product.files {
            workspace::write(&product.scratch.path().join(name), text)?;
        }
        let table = product.scratch.path().join(TABLE);
        workspace::write(&table, &product.table.1)?;
        running.push(workspace::start_rustfmt(&table)?);
        running.push(workspace::start_rustfmt(
            &product.scratch.path().join("mod.rs"),
        )?);
    }
    running.into_iter().try_for_each(wait_for_rustfmt)?;
    for product in products {
        product.table.1 = workspace::read(&product.scratch.path().join(TABLE))?;
        for (name, text) in &mut product.files {
            *text = workspace::read(&product.scratch.path().join(name))?;
        }
    }
    Ok(())
}

/// Waits for a rustfmt that was started.
pub(crate) fn wait_for_rustfmt(child: std::process::Child) -> Result<()> {
    let output = child
        .wait_with_output()
        .map_err(|error| Error::failed(format!("rustfmt: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    Err(Error::failed(format!(
        "rustfmt: {}",
        String::from_utf8_lossy(&output.stderr)
    )))
}

/// Compares files with those in a folder, or makes them the same. Returns those that differed, stale ones included.
pub(crate) fn bring_up(mode: Mode, files: &Files, folder: &Path) -> Result<Vec<PathBuf>> {
    let known: BTreeSet<PathBuf> = files.keys().map(PathBuf::from).collect();
    let mut stale = workspace::files_below(folder)?;
    stale.retain(|file| !known.contains(file));
    let stale: Vec<PathBuf> = stale.into_iter().map(|file| folder.join(file)).collect();
    stale.iter().try_for_each(|path| check_generated(path))?;
    let mut differing = Vec::new();
    for (name, text) in files {
        differing.extend(bring_up_file(mode, &folder.join(name), text)?);
    }
    for path in stale {
        if mode == Mode::Write {
            std::fs::remove_file(&path).map_err(|error| Error::io(&path, &error))?;
        }
        differing.push(path);
    }
    Ok(differing)
}

fn bring_up_file(mode: Mode, path: &Path, text: &str) -> Result<Option<PathBuf>> {
    if std::fs::read(path).ok().as_deref() == Some(text.as_bytes()) {
        return Ok(None);
    }
    if mode == Mode::Write {
        workspace::write(path, text)?;
    }
    Ok(Some(path.to_owned()))
}

/// A file that was never generated is another's, and not ours to remove.
fn check_generated(path: &Path) -> Result<()> {
    if workspace::read(path)?.starts_with(MARK) {
        return Ok(());
    }
    Err(Error::input(format!(
        "{}: not generated; move it out of the folder of generated code",
        path.display()
    )))
}
