//! Development tasks of the workspace: `cargo xtask`.
#![forbid(unsafe_code)]

mod codegen;
mod cursor;
mod digest;
mod document;
mod emit;
mod error;
mod lower;
mod metadata;
mod model;
mod names;
mod overlay;
mod workspace;

use std::process::ExitCode;

use error::{Error, Result};

const USAGE: &str = "\
usage: cargo xtask COMMAND

  codegen [--check]          write the generated code of all crates, or compare it
  metadata import FILE       write our digest of a product's metadata";

#[allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program's own output"
)]
fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::from(error.exit_code)
        }
    }
}

fn run(arguments: &[&str]) -> Result<()> {
    match arguments {
        ["codegen"] => codegen::run(codegen::Mode::Write),
        ["codegen", "--check"] => codegen::run(codegen::Mode::Check),
        ["metadata", "import", file] => metadata::import(file),
        _ => Err(Error::input(USAGE)),
    }
}
