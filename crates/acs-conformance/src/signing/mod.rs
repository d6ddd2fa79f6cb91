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
use std::path::{Path, PathBuf};

/// What became of one case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CaseResult {
    /// `<file>/<case>`.
    pub case: String,
    /// Whether it holds.
    pub outcome: Outcome,
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
            .ok_or_else(|| format!("{}: not a list of cases", file.display()))?;
        let stem = file.file_stem().unwrap_or_default().to_string_lossy();
        results.extend(cases.iter().enumerate().map(|(i, case)| CaseResult {
            case: match case["name"].as_str() {
                Some(name) => format!("{stem}/{name}"),
                None => format!("{stem}/#{i}"),
            },
            outcome: run_case(case),
        }));
    }
    Ok(results)
}

fn files(paths: &[PathBuf]) -> Result<Vec<PathBuf>, String> {
    let mut files = Vec::new();
    for path in paths {
        if !path.is_dir() {
            files.push(path.clone());
            continue;
        }
        let entries = fs::read_dir(path).map_err(|e| format!("{}: {e}", path.display()))?;
        let mut inside = Vec::new();
        for entry in entries {
            let entry = entry
                .map_err(|e| format!("{}: {e}", path.display()))?
                .path();
            if entry.is_dir()
                || entry
                    .extension()
                    .is_some_and(|extension| extension == "json")
            {
                inside.push(entry);
            }
        }
        inside.sort();
        files.extend(self::files(&inside)?);
    }
    Ok(files)
}

/// Runs one case. Its scheme shows in the fields of its input.
pub fn run_case(case: &Value) -> Outcome {
    let case = Case::new(case);
    let result = if case.input.is_string() {
        return Outcome::Skipped("vod_tokens: not a signature");
    } else if case.has("certificate_pem") {
        return Outcome::Skipped("mns_notify: not built yet");
    } else if case.has("payload_hash") {
        return Outcome::Skipped("ACS4: not asked for");
    } else if case.has("style") || case.has("algorithm") {
        match case.text("algorithm") {
            Some("ACS3-HMAC-SM3") => return Outcome::Skipped("ACS3-HMAC-SM3: not asked for"),
            Some("ACS3-RSA-SHA256") => {
                return Outcome::Skipped("ACS3-RSA-SHA256: an RSA form, not asked for");
            }
            _ => acs3::run(&case),
        }
    } else if case.has("params") {
        match case.text("signature_method") {
            Some("SHA256withRSA") => {
                return Outcome::Skipped("SHA256withRSA: an RSA form, not asked for");
            }
            _ => rpc_v1::run(&case),
        }
    } else if case.has("mode") && case.has("region") {
        oss_v4::run(&case)
    } else if case.has("mode") {
        oss_v1::run(&case)
    } else if case.has("callback_url") {
        vod_callback::run(&case)
    } else if case.has("type") && case.has("url") {
        cdn::run(&case)
    } else if case.has("empty_query_value") || case.has("path") {
        roa_v1::run(&case)
    } else {
        Err("the input is of no known scheme".to_owned())
    };
    result.map_or_else(Outcome::Failed, |()| Outcome::Passed)
}
