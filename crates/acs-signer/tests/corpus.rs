//! The seeds of the fuzz targets, run on stable.

#[path = "../fuzz/bodies.rs"]
mod bodies;

use std::fs;
use std::path::Path;

#[test]
fn seeds_of_the_canonical_query_pass() {
    run("canonical_query", bodies::canonical_query);
}

#[test]
fn seeds_of_verification_pass() {
    run("verification", bodies::verification);
}

#[test]
fn seeds_of_dates_pass() {
    run("date", bodies::date);
}

fn run(target: &str, body: fn(&[u8])) {
    let fuzz = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz");
    let mut count = 0;
    // What a fuzzer has found on this machine is run as well.
    for folder in ["seeds", "corpus"] {
        let Ok(entries) = fs::read_dir(fuzz.join(folder).join(target)) else {
            continue;
        };
        for entry in entries {
            body(&fs::read(entry.unwrap().path()).unwrap());
            count += 1;
        }
    }
    assert!(count >= 9, "seeds of {target} have gone missing");
}
