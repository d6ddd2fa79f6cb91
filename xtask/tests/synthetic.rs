//! Documents that nobody has written: every form of the official schema, mixed by a seed.
//!
//! `ACS_SYNTHETIC_SEEDS=0..300` tries more of them than a usual run does.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "synthetic/mod.rs"]
mod synthetic;

use std::collections::HashSet;
use std::fs;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;
use synthetic::Random;

fn seeds(usual: Range<u64>) -> Range<u64> {
    #[allow(clippy::disallowed_methods, reason = "a test that can be made longer")]
    let given = std::env::var("ACS_SYNTHETIC_SEEDS").ok();
    let Some(given) = given else {
        return usual;
    };
    let (start, end) = given.split_once("..").unwrap();
    start.parse().unwrap()..end.parse().unwrap()
}

fn folder(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&path);
    fs::create_dir_all(&path).unwrap();
    path
}

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .output()
        .unwrap()
}

fn generate(file: &Path, out: &Path, with_prose: bool) -> Output {
    let mut arguments = vec![
        "codegen",
        "--metadata",
        file.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ];
    arguments.extend(with_prose.then_some("--docs"));
    xtask(&arguments)
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// One crate holds what all seeds give, so that they are checked at the cost of one.
#[test]
fn any_document_gives_code_that_compiles_and_leaves_nothing_out_in_silence() {
    let home = folder("synthetic");
    let mut library = String::from("//! Everything.\n");
    for seed in seeds(0..4) {
        let document = synthetic::document(seed, 24);
        let file = home.join(format!("{seed}.json"));
        fs::write(&file, document.to_string()).unwrap();
        let module = home.join(format!("src/seed{seed}"));
        let out = home.join(format!("out{seed}"));
        let output = generate(&file, &out, seed % 2 == 0);
        assert!(
            output.status.success(),
            "seed {seed}: {}",
            text(&output.stderr)
        );
        fs::create_dir_all(module.parent().unwrap()).unwrap();
        fs::rename(out.join("src/generated"), &module).unwrap();
        library.push_str(&format!("/// {seed}.\npub mod seed{seed};\n"));
        nothing_is_missing(seed, &document, &module, &text(&output.stdout));
        let again = home.join("again");
        generate(&file, &again, seed % 2 == 0);
        assert_eq!(
            files(&module),
            files(&again.join("src/generated")),
            "seed {seed}"
        );
        fs::remove_dir_all(again).unwrap();
        fs::copy(out.join("Cargo.toml"), home.join("Cargo.toml")).unwrap();
    }
    fs::write(home.join("src/lib.rs"), library).unwrap();
    let manifest = fs::read_to_string(home.join("Cargo.toml")).unwrap();
    let lints = "\n[lints.rust]\nmissing_docs = \"warn\"\nunreachable_pub = \"warn\"\nmissing_debug_implementations = \"warn\"\n";
    fs::write(home.join("Cargo.toml"), manifest + lints).unwrap();
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, home.join("Cargo.lock")).unwrap();
    let check = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--no-default-features"])
        .current_dir(&home)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("shapes"),
        )
        .output()
        .unwrap();
    assert!(check.status.success(), "{}", text(&check.stderr));
    assert!(
        !text(&check.stderr).contains("src/seed"),
        "{}",
        text(&check.stderr)
    );
}

/// Every operation, parameter and field of an answer is in the code by its wire name, or was reported.
fn nothing_is_missing(seed: u64, document: &Value, generated: &Path, report: &str) {
    let all: String = files(generated).into_iter().map(|(_, text)| text).collect();
    let mut names = Vec::new();
    for (action, operation) in document["apis"].as_object().unwrap() {
        let product = document["info"]["product"].as_str().unwrap();
        let start = format!("unsupported: {product} {action}: answers over");
        let start = start.replace(char::is_control, " ");
        let is_left_out = |line: &str| line.starts_with(&start) && line.ends_with("it is left out");
        if report.lines().any(is_left_out) {
            continue;
        }
        names.push(action.clone());
        let mut seen = HashSet::new();
        for parameter in operation["parameters"].as_array().unwrap() {
            names.push(parameter["name"].as_str().unwrap().to_owned());
            // Of one that is listed twice, the first is used.
            if seen.insert((&parameter["name"], &parameter["in"])) {
                collect(&parameter["schema"], &mut names);
            }
        }
        let reported = |what: &str| {
            let start = format!("unsupported: {product} {action}: ").replace(char::is_control, " ");
            report
                .lines()
                .any(|line| line.starts_with(&start) && line.contains(what))
        };
        let is_text = reported("the answer is XML") || reported("the whole stream is");
        let is_reported = reported("different types") || reported("no type in common");
        for (status, response) in operation["responses"].as_object().into_iter().flatten() {
            if status.len() == 3 && status.starts_with('2') && !is_text && !is_reported {
                collect(&response["schema"], &mut names);
            }
        }
    }
    for (name, schema) in document["components"]["schemas"].as_object().unwrap() {
        if all.contains(&format!("`{}`", name)) {
            collect(schema, &mut names);
        }
    }
    for name in names {
        assert!(
            all.contains(&format!("{name:?}")),
            "seed {seed}: {name:?} is nowhere\n{report}"
        );
    }
}

/// The names of the properties in a schema.
fn collect(schema: &Value, names: &mut Vec<String>) {
    collect_items(&schema["items"], names);
    let properties = schema["properties"].as_object();
    for (name, schema) in properties.into_iter().flatten() {
        names.push(name.clone());
        collect(schema, names);
    }
    if properties.is_none_or(serde_json::Map::is_empty) {
        collect_items(&schema["additionalProperties"], names);
    }
}

fn collect_items(schema: &Value, names: &mut Vec<String>) {
    if schema.is_object() {
        collect(schema, names);
    }
}

fn files(folder: &Path) -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            let text = fs::read_to_string(&path).unwrap();
            found.push((PathBuf::from(path.file_name().unwrap()), text));
        }
    }
    found.sort();
    found
}

/// A document with one value exchanged, or cut off: it is read, or refused with its place.
#[test]
fn a_spoilt_document_is_read_or_refused_with_the_place() {
    let home = folder("spoilt");
    for seed in seeds(0..120) {
        let mut random = Random::new(seed);
        let mut document = synthetic::document(seed, 4);
        spoil(&mut document, &mut random);
        let mut json = document.to_string();
        if random.once_in(6) {
            let mut end = random.below(json.len());
            while !json.is_char_boundary(end) {
                end -= 1;
            }
            json.truncate(end);
        }
        let file = home.join("spoilt.json");
        fs::write(&file, &json).unwrap();
        // Reads and lowers as codegen does, without the formatting that takes most of its time.
        let output = xtask(&[
            "metadata",
            "diff",
            file.to_str().unwrap(),
            file.to_str().unwrap(),
        ]);
        let error = text(&output.stderr);
        match output.status.code() {
            Some(0) => {}
            Some(2) => {
                assert!(
                    error.contains("spoilt.json: $") || error.contains("no JSON"),
                    "seed {seed}: {error}"
                );
                assert_eq!(error.lines().count(), 1, "seed {seed}: {error}");
            }
            code => panic!("seed {seed}: {code:?}: {error}"),
        }
    }
}

/// Exchanges one value somewhere in a document.
fn spoil(value: &mut Value, random: &mut Random) {
    let children = match value {
        Value::Array(items) => items.len(),
        Value::Object(map) => map.len(),
        _ => 0,
    };
    if children == 0 || random.once_in(7) {
        *value = match random.below(8) {
            0 => Value::Null,
            1 => Value::Bool(true),
            2 => Value::from(-1.5),
            3 => Value::from("text"),
            4 => Value::Array(Vec::new()),
            5 => Value::Object(serde_json::Map::new()),
            6 => serde_json::json!([{"a": 1}]),
            _ => serde_json::json!({"$ref": "#/components/schemas/Nowhere"}),
        };
        return;
    }
    let index = random.below(children);
    let child = match value {
        Value::Array(items) => items.get_mut(index),
        Value::Object(map) => map.values_mut().nth(index),
        _ => None,
    };
    spoil(child.unwrap(), random);
}
