//! What this workspace depends on: nothing too new for its `rust-version`, nothing with a known hole, nothing unwanted.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::process::Command;

use serde_json::Value;

/// Versions below which an advisory is open.
const FLOORS: [(&str, [u64; 3]); 11] = [
    ("bytes", [1, 11, 1]),
    ("chrono", [0, 4, 20]),
    ("h2", [0, 4, 16]),
    ("idna", [1, 0, 0]),
    ("quick-xml", [0, 41, 0]),
    ("ring", [0, 17, 12]),
    ("rustls", [0, 23, 18]),
    ("rustls-webpki", [0, 103, 13]),
    ("time", [0, 3, 47]),
    ("tokio", [1, 24, 2]),
    ("tracing-subscriber", [0, 3, 20]),
];

/// Unmaintained, or another way to what is here already.
const UNWANTED: [&str; 9] = [
    // A third of what a program with acs-sts took to build.
    "aws-lc-rs",
    "openssl",
    "openssl-sys",
    "native-tls",
    "rustls-pemfile",
    "instant",
    "atty",
    "webpki",
    "rsa",
];

const LICENCES: [&str; 13] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Unicode-3.0",
    "Zlib",
    "0BSD",
    "Unlicense",
    "BSL-1.0",
    "CC0-1.0",
    "CDLA-Permissive-2.0",
    "MIT-0",
];

#[test]
fn no_dependency_asks_for_a_newer_rust_than_the_workspace_does() {
    for package in packages() {
        let Some(asked) = package["rust_version"].as_str() else {
            continue;
        };
        assert!(
            version(asked) <= [1, 88, 0],
            "{} asks for Rust {asked}",
            name(&package)
        );
    }
}

#[test]
fn no_dependency_has_a_known_hole_or_is_unwanted() {
    let packages = packages();
    assert!(packages.len() > 50);
    for package in packages {
        let (name, found) = (
            name(&package),
            version(package["version"].as_str().unwrap()),
        );
        assert!(!UNWANTED.contains(&name.as_str()), "{name}");
        for (floor_of, floor) in FLOORS {
            assert!(
                name != floor_of || found >= floor,
                "{name} {found:?} is below {floor:?}"
            );
        }
    }
}

#[test]
fn every_dependency_has_a_permissive_licence() {
    for package in packages() {
        let licence = package["license"].as_str().unwrap_or_default().to_owned();
        // One of the choices is enough; "MIT AND X" needs both.
        let is_fine = licence.replace('/', " OR ").split(" OR ").any(|choice| {
            choice.split(" AND ").all(|one| {
                let one = one.trim().trim_matches(['(', ')']);
                let one = one.split(" WITH ").next().unwrap_or(one);
                LICENCES.contains(&one)
            })
        });
        assert!(is_fine, "{}: {licence}", name(&package));
    }
}

#[test]
fn only_acs_core_names_the_http_client() {
    for package in packages() {
        let is_ours = package["source"].is_null();
        let names_it = package["dependencies"]
            .as_array()
            .unwrap()
            .iter()
            .any(|dependency| dependency["name"] == "reqwest" && dependency["kind"].is_null());
        assert!(
            !is_ours || !names_it || name(&package) == "acs-core",
            "{}",
            name(&package)
        );
    }
}

fn packages() -> Vec<Value> {
    let manifest = concat!(env!("CARGO_MANIFEST_DIR"), "/../../Cargo.toml");
    let output = Command::new(env!("CARGO"))
        .args([
            "metadata",
            "--format-version",
            "1",
            "--locked",
            "--manifest-path",
            manifest,
        ])
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    metadata["packages"].as_array().unwrap().clone()
}

fn name(package: &Value) -> String {
    package["name"].as_str().unwrap().to_owned()
}

fn version(text: &str) -> [u64; 3] {
    let core = text.split(['-', '+']).next().unwrap();
    let mut parts = core.split('.').map(|part| part.parse().unwrap());
    std::array::from_fn(|_| parts.next().unwrap_or(0))
}
