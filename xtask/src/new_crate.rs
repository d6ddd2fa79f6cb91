//! `cargo xtask codegen --metadata FILE --out DIR`: a whole crate for any product.

use std::path::{Path, PathBuf};

use crate::codegen::{self, Mode};
use crate::digest::file_stem;
use crate::emit::{self, Files};
use crate::error::{Error, Result};
use crate::lower::lower;
use crate::model::{Operation, Package};
use crate::overlay::Overlay;
use crate::report;
use crate::workspace::{self, Scratch};

pub(crate) struct Order<'a> {
    pub(crate) metadata: &'a Path,
    pub(crate) out: &'a Path,
    /// Where acs-core lies; this workspace's own if not given.
    pub(crate) core: Option<&'a Path>,
    pub(crate) overlay: Option<&'a Path>,
    /// Puts the document's own prose into the documentation.
    pub(crate) with_prose: bool,
}

/// Writes the crate, or nothing where anything is wrong.
pub(crate) fn write(order: &Order<'_>) -> Result<()> {
    let (document, source) = codegen::read_document(order.metadata)?;
    let overlay = match order.overlay {
        Some(path) => Overlay::parse(&workspace::read(path)?)
            .map_err(|error| error.in_file(&path.display().to_string()))?,
        None => Overlay::default(),
    };
    let place = order
        .overlay
        .unwrap_or(order.metadata)
        .display()
        .to_string();
    let package =
        lower(&document, &overlay, order.with_prose).map_err(|error| error.in_file(&place))?;
    let name = crate_name(&package, &overlay);
    let core = core_path(order.core)?;
    let files = format(emit::emit(&package, &source), &name)?;
    codegen::bring_up(Mode::Write, &files, &order.out.join("src/generated"))?;
    // What is around the generated code is its owner's, once it is there.
    let around = [
        ("Cargo.toml", manifest(&package, &name, &core)),
        ("README.md", readme(&package, &name)),
        ("src/lib.rs", library(&package)),
    ];
    for (file, text) in around {
        let path = order.out.join(file);
        if !path.exists() {
            workspace::write(&path, &text)?;
        }
    }
    report::print(std::iter::once(&package));
    Ok(())
}

fn crate_name(package: &Package, overlay: &Overlay) -> String {
    if !overlay.crate_name.is_empty() {
        return overlay.crate_name.clone();
    }
    match file_stem(&package.product).as_str() {
        // The crate that all others depend on.
        "core" => "acs-core-product".to_owned(),
        product => format!("acs-{product}"),
    }
}

fn core_path(given: Option<&Path>) -> Result<PathBuf> {
    let path = given.map_or_else(|| workspace::root().join("crates/acs-core"), Path::to_owned);
    let path = path
        .canonicalize()
        .map_err(|error| Error::io(&path, &error))?;
    if !path.join("Cargo.toml").is_file() {
        return Err(Error::input(format!(
            "{}: no Cargo.toml there; `--core-path` names the folder of acs-core",
            path.display()
        )));
    }
    Ok(path)
}

fn format(mut files: Files, name: &str) -> Result<Files> {
    let scratch = Scratch::new(name)?;
    for (file, text) in &files {
        workspace::write(&scratch.path().join(file), text)?;
    }
    codegen::wait_for_rustfmt(workspace::start_rustfmt(&scratch.path().join("mod.rs"))?)?;
    for (file, text) in &mut files {
        *text = workspace::read(&scratch.path().join(file))?;
    }
    Ok(files)
}

fn manifest(package: &Package, name: &str, core: &Path) -> String {
    let description = format!(
        "Alibaba Cloud {} ({}): every operation, typed",
        emit::plain(&package.title),
        emit::plain(&package.version)
    );
    let description = toml_text(&description);
    let core = toml_text(&core.display().to_string());
    format!(
        r#"[package]
name = "{name}"
description = {description}
version = "0.1.0"
edition = "2024"
rust-version = "1.88"
publish = false

# A workspace of its own; remove this line to make it a member of yours.
[workspace]

[features]
default = ["rustls"]
rustls = ["acs-core/rustls"]
rustls-no-provider = ["acs-core/rustls-no-provider"]
hyper = ["acs-core/hyper"]

[dependencies]
acs-core = {{ path = {core}, default-features = false }}
"#
    )
}

/// A text of TOML, whose escapes are not Rust's.
fn toml_text(text: &str) -> String {
    let escape = |c: char| match c {
        '"' | '\\' => format!("\\{c}"),
        c if c.is_control() => format!("\\u{:04X}", u32::from(c)),
        c => c.to_string(),
    };
    format!("\"{}\"", text.chars().map(escape).collect::<String>())
}

fn library(package: &Package) -> String {
    format!(
        r#"#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod generated;

pub use generated::*;

/// A client of {}: see [`acs_core::Client`].
pub type Client = acs_core::Client<{}>;
"#,
        emit::plain(&package.title),
        package.type_name
    )
}

fn readme(package: &Package, name: &str) -> String {
    let library = name.replace('-', "_");
    let region = package
        .endpoints
        .first()
        .map_or("cn-hangzhou", |(region, _, _)| region);
    let region = emit::literal(region);
    let example = package
        .operations
        .iter()
        .filter(|it| it.request.new.is_empty() && !it.is_deprecated);
    let operation = example
        .min_by_key(|it| (it.request.fields.len(), it.name.len()))
        .map_or_else(String::new, |it| call(it, &library));
    format!(
        r#"# {name}

Alibaba Cloud {title} (`{product}` {version}) for Rust: {count} operations, generated by `cargo xtask codegen`
from the product's own metadata. Generate again rather than edit `src/generated`.

```rust,no_run
# async fn example(credentials: acs_core::Credentials) -> Result<(), acs_core::Error> {{
let client = {library}::Client::builder({region}).credentials(credentials).build()?;
{operation}# let _ = client;
# Ok(())
# }}
```
"#,
        title = emit::plain(&package.title),
        product = emit::plain(&package.product),
        version = emit::plain(&package.version),
        count = package.operations.len(),
    )
}

fn call(operation: &Operation, library: &str) -> String {
    format!(
        "let answer = client.send({library}::{}::new()).await?;\nprintln!(\"{{answer:?}}\");\n",
        operation.name
    )
}
