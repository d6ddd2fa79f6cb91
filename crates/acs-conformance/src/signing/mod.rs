//! Signing vectors: JSON files, each a list of `{name, source, input, expect}`.

mod acs3;
mod case;
mod cdn;
mod oss_v1;
mod oss_v4;
mod roa_v1;
mod rpc_v1;
mod vod_callback;

use case::Case;
use serde_json::Value;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// `<file>/<case>`.
    pub case: String,
    /// Whether it holds.
    pub outcome: Outcome,
    /// Fields of a passed case that nobody looked at, such as `expect.trailer`.
    pub unread: Vec<String>,
}

/// Whether a case holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Every stage is as expected, and the signature verifies.
    Passed,
    /// The first stage that differs, in one line.
    Failed(String),
    /// Why the case was not run.
    Skipped(&'static str),
}

/// The folder of the project's own copy.
pub fn own_vectors() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../acs-signer/vectors/signing")
}

/// Runs every case of the files, and of the `.json` files in the folders.
///
/// # Errors
/// A message that names the file that cannot be read.
pub fn run(paths: &[PathBuf]) -> Result<Vec<CaseResult>, String> {
    let mut results = Vec::new();
    for file in files(paths)? {
        let text = fs::read_to_string(&file).map_err(|e| format!("{}: {e}", file.display()))?;
        let cases: Value =
            serde_json::from_str(&text).map_err(|e| format!("{}: {e}", file.display()))?;
        let cases = cases
            .as_array()
            .filter(|cases| !cases.is_empty())
            .ok_or_else(|| format!("{}: not a list of cases, or an empty one", file.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        results.extend(cases.iter().enumerate().map(|(i, case)| {
            let (outcome, unread) = run_and_note(case);
            CaseResult {
                case: match case["name"].as_str() {
                    Some(name) => format!("{stem}/{name}"),
                    None => format!("{stem}/#{i}"),
                },
                outcome,
                unread,
            }
        }));
    }
    Ok(results)
}

/// Returns the files themselves, and the `.json` files in the folders, at any depth, by name.
///
/// # Errors
/// A folder can't be read, or holds no such file: nothing would be checked, and look as if all were well.
pub(crate) fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        let before = files.len();
        add_files(path, &mut files).map_err(|e| format!("{}: {e}", path.display()))?;
        if files.len() == before {
            return Err(format!("{}: there is no .json file in it", path.display()));
        }
    }
    Ok(files)
}

fn add_files(path: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut inside = fs::read_dir(path)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<io::Result<Vec<_>>>()?;
    inside.sort();
    inside
        .iter()
        .filter(|path| path.is_dir() || path.extension().is_some_and(|end| end == "json"))
        .try_for_each(|path| add_files(path, files))
}

/// Runs one case. Its scheme shows in the fields of its input.
pub fn run_case(case: &Value) -> Outcome {
    run_and_note(case).0
}

fn run_and_note(case: &Value) -> (Outcome, Vec<String>) {
    let case = Case::new(case);
    let outcome = outcome(&case);
    let unread = match outcome {
        Outcome::Passed => case.unread(),
        Outcome::Failed(_) | Outcome::Skipped(_) => Vec::new(),
    };
    (outcome, unread)
}

fn outcome(case: &Case<'_>) -> Outcome {
    let result = if case.is_text() {
        return Outcome::Skipped("vod_tokens: not a signature");
    } else if case.has("certificate_pem") {
        return Outcome::Skipped("mns_notify: not built yet");
    } else if case.has("payload_hash") {
        return Outcome::Skipped("ACS4: not asked for");
    } else if case.expects_nothing() {
        Err("expect names no stage".to_owned())
    } else if case.has("style") || case.has("algorithm") {
        match case.text("algorithm") {
            Some("ACS3-HMAC-SM3") => return Outcome::Skipped("ACS3-HMAC-SM3: not asked for"),
            Some("ACS3-RSA-SHA256") => {
                return Outcome::Skipped("ACS3-RSA-SHA256: an RSA form, not asked for");
            }
            Some("ACS3-HMAC-SHA256") | None => acs3::run(case),
            Some(other) => Err(format!("input.algorithm: {other} is unknown")),
        }
    } else if case.has("params") {
        match case.text("signature_method") {
            Some("SHA256withRSA") => {
                return Outcome::Skipped("SHA256withRSA: an RSA form, not asked for");
            }
            Some("HMAC-SHA1") | None => rpc_v1::run(case),
            Some(other) => Err(format!("input.signature_method: {other} is unknown")),
        }
    } else if case.has("mode") && case.has("region") {
        oss_v4::run(case)
    } else if case.has("mode") {
        oss_v1::run(case)
    } else if case.has("callback_url") {
        vod_callback::run(case)
    } else if case.has("type") && case.has("url") {
        cdn::run(case)
    } else if case.has("empty_query_value") || case.has("path") {
        roa_v1::run(case)
    } else {
        Err("the input is of no known scheme".to_owned())
    };
    result.map_or_else(Outcome::Failed, |()| Outcome::Passed)
}
