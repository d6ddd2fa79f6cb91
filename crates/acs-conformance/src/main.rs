//! `acs-conformance signing|credentials [PATH...]`: one line for each failure, each skipped
//! case and each field of a passed one that nobody looked at, then the totals.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

use acs_conformance::credentials;
use acs_conformance::signing::{self, Outcome};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: acs-conformance signing|credentials [FILE or FOLDER]...";

/// Runs the cases of files.
type Run = fn(&[PathBuf]) -> Result<Vec<signing::CaseResult>, String>;

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    let suite = arguments.next();
    let (run, own_vectors): (Run, PathBuf) = match suite.as_ref().and_then(|suite| suite.to_str()) {
        Some("signing") => (signing::run, signing::own_vectors()),
        Some("credentials") => (credentials::run, credentials::own_vectors()),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    let mut paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(own_vectors);
    }
    match run(&paths) {
        Ok(results) => report(&results),
        Err(message) => {
            eprintln!("{message}");
            ExitCode::from(2)
        }
    }
}

fn report(results: &[signing::CaseResult]) -> ExitCode {
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for result in results {
        match &result.outcome {
            Outcome::Passed => {
                passed += 1;
                for field in &result.unread {
                    println!("note {}: {field} is not looked at", result.case);
                }
            }
            Outcome::Failed(difference) => {
                failed += 1;
                println!("FAILED {}: {difference}", result.case);
            }
            Outcome::Skipped(reason) => {
                skipped += 1;
                println!("skipped {}: {reason}", result.case);
            }
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    ExitCode::from(u8::from(failed > 0))
}
