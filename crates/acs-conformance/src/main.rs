//! `acs-conformance signing [PATH...]`: one line for each failure, one for each skipped case, then the totals.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command-line tool"
)]

use acs_conformance::signing::{self, Outcome};
use std::path::PathBuf;
use std::process::ExitCode;

const USAGE: &str = "usage: acs-conformance signing [FILE or FOLDER]...";

fn main() -> ExitCode {
    let mut arguments = std::env::args_os().skip(1);
    if arguments.next().is_none_or(|suite| suite != "signing") {
        eprintln!("{USAGE}");
        return ExitCode::from(2);
    }
    let mut paths: Vec<PathBuf> = arguments.map(PathBuf::from).collect();
    if paths.is_empty() {
        paths.push(signing::own_vectors());
    }
    match signing::run(&paths) {
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
            Outcome::Passed => passed += 1,
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
