//! Replays the seeds of the fuzz targets, and what the fuzzer has kept, through the properties that it checks.

#![expect(clippy::unwrap_used, reason = "a property that fails panics")]

#[path = "../fuzz/properties/canonical_query.rs"]
mod canonical_query;
#[path = "../fuzz/properties/dates.rs"]
mod dates;
#[path = "../fuzz/properties/verify.rs"]
mod verify;

use std::fs;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};
use verify::Scheme;

#[test]
fn every_seed_of_canonical_query_holds() {
    let signed = replay("canonical_query", canonical_query::run);
    assert_eq!(
        signed.iter().max(),
        Some(&8),
        "no seed is signed in every way"
    );
    assert!(signed.contains(&0), "no seed is refused in every way");
}

#[test]
fn every_seed_of_dates_holds() {
    let are_dates = replay("dates", dates::run);
    assert!(are_dates.contains(&true), "no seed is a date");
    assert!(are_dates.contains(&false), "every seed is a date");
}

#[test]
fn every_seed_of_verify_holds() {
    let read = replay("verify", verify::run).concat();
    for scheme in Scheme::ALL {
        assert!(read.contains(&scheme), "no seed has a claim of {scheme:?}");
    }
}

/// Runs a target's property over its corpus; a failure names the file.
fn replay<T>(target: &str, run: fn(&[u8]) -> T) -> Vec<T> {
    let replay_one = |path: PathBuf| {
        let seed = fs::read(&path).unwrap();
        catch_unwind(|| run(&seed)).unwrap_or_else(|_| panic!("{} fails", path.display()))
    };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| replay_one(entry.unwrap().path()))
        .collect()
}
