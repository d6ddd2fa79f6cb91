//! The commands as people run them.
#![allow(clippy::unwrap_used, reason = "a test")]

mod diff;
mod faults;
mod fetch;
mod overlay;
mod reports;
mod shapes;
mod workspace;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("acs-xtask-test-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env_remove("ACS_METADATA_BASE")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/documents/{name}.json"))
}

fn generate(metadata: &Path, out: &Path) -> Output {
    xtask(&[
        "codegen",
        "--metadata",
        metadata.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
}

/// Compiles and lints a generated crate; warnings are errors.
fn check(out: &Path) {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, out.join("Cargo.lock")).unwrap();
    let check = Command::new(env!("CARGO"))
        .args(["clippy", "--quiet", "--no-default-features"])
        .current_dir(out)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("shapes"),
        )
        .output()
        .unwrap();
    let shown = stderr(&check);
    assert!(check.status.success(), "{shown}");
    assert!(!shown.contains(&*out.to_string_lossy()), "{shown}");
    assert!(!shown.contains("snake case"), "{shown}");
}
