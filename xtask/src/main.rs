//! Development tasks of the workspace: `cargo xtask`.
#![forbid(unsafe_code)]

mod arguments;
mod codegen;
mod cursor;
mod diff;
mod digest;
mod document;
mod emit;
mod error;
mod features;
mod fetch;
mod json;
mod lower;
mod metadata;
mod model;
mod names;
mod new_crate;
mod overlay;
mod report;
mod vectors;
mod workspace;

use std::path::Path;
use std::process::ExitCode;

use arguments::Arguments;
use error::{Error, Result};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  codegen                    write the generated code of the workspace's crates
  codegen --check            compare it, and fail where it differs
  codegen --metadata FILE --out DIR [--core-path PATH] [--overlay FILE] [--docs]
                             write a whole new crate from a product's metadata
  metadata import FILE       write our digest of a product's metadata
  metadata fetch PRODUCT VERSION [--base URL] [--out FILE]
                             download a product's metadata
  metadata diff OLD NEW      list what changes for users, and whether it breaks them
  features                   check each crate alone, with none and with each of its features
  vectors signing PATH...    run signing vectors
  vectors credentials PATH...
                             run credential scenarios";

#[allow(clippy::print_stderr, reason = "a program's own output")]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code)
        }
    }
}

fn run(arguments: &[String]) -> Result<ExitCode> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["codegen", rest @ ..] => codegen(rest)?,
        ["metadata", "import", file] => metadata::import(Path::new(file))?,
        ["metadata", "fetch", rest @ ..] => {
            let arguments = Arguments::parse(rest, &["--base", "--out"], &[])?;
            let [product, version] = arguments.plain.as_slice() else {
                return Err(Error::input(
                    "`metadata fetch` takes a product and a version: `cargo xtask metadata fetch vod 2017-03-21`",
                ));
            };
            fetch::fetch(
                product,
                version,
                arguments.value("--base"),
                arguments.value("--out").map(Path::new),
            )?;
        }
        ["features"] => features::check()?,
        ["metadata", "diff", old, new] => diff::diff(Path::new(old), Path::new(new))?,
        ["vectors", kind @ ("signing" | "credentials"), paths @ ..] => {
            return vectors::run(kind, paths);
        }
        ["help" | "--help" | "-h"] => print_usage(),
        _ => return Err(Error::input(USAGE)),
    }
    Ok(ExitCode::SUCCESS)
}

fn codegen(rest: &[&str]) -> Result<()> {
    let values = ["--metadata", "--out", "--core-path", "--overlay"];
    let arguments = Arguments::parse(rest, &values, &["--check", "--docs"])?;
    arguments.no_plain()?;
    match (arguments.value("--metadata"), arguments.value("--out")) {
        (None, None) if arguments.has("--check") => codegen::run(codegen::Mode::Check),
        (None, None) if rest.is_empty() => codegen::run(codegen::Mode::Write),
        (Some(metadata), Some(out)) if !arguments.has("--check") => {
            new_crate::write(&new_crate::Order {
                metadata: Path::new(metadata),
                out: Path::new(out),
                core: arguments.value("--core-path").map(Path::new),
                overlay: arguments.value("--overlay").map(Path::new),
                with_prose: arguments.has("--docs"),
            })
        }
        _ => Err(Error::input(
            "give both `--metadata FILE` and `--out DIR`, or neither",
        )),
    }
}

#[allow(clippy::print_stdout, reason = "the answer of the command")]
fn print_usage() {
    println!("{USAGE}");
}
