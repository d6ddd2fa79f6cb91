//! The project's own credential scenarios, in every test run.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use acs_conformance::credentials::{own_vectors, run};
use acs_conformance::signing::Outcome;

#[test]
fn every_scenario_of_the_official_libraries_gives_what_is_expected() {
    let results = run(&[own_vectors()]).unwrap();
    let (mut passed, mut skipped) = (0, 0);
    for result in &results {
        match &result.outcome {
            Outcome::Passed => passed += 1,
            Outcome::Skipped(reason) => {
                assert!(reason.contains("RSA"), "{}: {reason}", result.case);
                skipped += 1;
            }
            Outcome::Failed(difference) => panic!("{}: {difference}", result.case),
        }
    }
    println!("{passed} passed, 0 failed, {skipped} skipped");
    assert!(passed >= 80, "{passed} scenarios ran");
}

/// Writes a file with one scenario, runs it, and returns what became of it.
fn outcome_of(scenario: &str) -> Outcome {
    let folder = tempfile::tempdir().unwrap();
    let file: PathBuf = folder.path().join("one.json");
    std::fs::write(&file, format!(r#"{{"vectors":[{scenario}]}}"#)).unwrap();
    run(&[file]).unwrap().remove(0).outcome
}

#[test]
fn the_runner_notices_each_sort_of_difference() {
    let with = |expect: &str| {
        format!(
            r#"{{"name":"x","construct":"default","env":{{"ALIBABA_CLOUD_ACCESS_KEY_ID":"A","ALIBABA_CLOUD_ACCESS_KEY_SECRET":"S"}},"expect":{expect}}}"#
        )
    };
    let right = r#"{"access_key_id":"A","access_key_secret":"S","provider":"default/env"}"#;
    assert_eq!(
        outcome_of(&with(&format!(
            r#"{{"calls":[{{"credential":{right}}}],"requests":[]}}"#
        ))),
        Outcome::Passed
    );
    for wrong in [
        r#"{"calls":[{"credential":{"access_key_id":"B","access_key_secret":"S"}}]}"#.to_owned(),
        r#"{"calls":[{"credential":{"access_key_id":"A","access_key_secret":"T"}}]}"#.to_owned(),
        r#"{"calls":[{"credential":{"access_key_id":"A","access_key_secret":"S","security_token":"T"}}]}"#.to_owned(),
        r#"{"calls":[{"credential":{"access_key_id":"A","access_key_secret":"S","provider":"env"}}]}"#.to_owned(),
        r#"{"calls":[{"credential":{"access_key_id":"A","access_key_secret":"S","canary":"x"}}]}"#.to_owned(),
        r#"{"calls":[{"error":{"contains":["x"]}}]}"#.to_owned(),
        r#"{"calls":[]}"#.to_owned(),
        format!(r#"{{"calls":[{{"credential":{right}}}],"requests":["GET x /"]}}"#),
        format!(r#"{{"calls":[{{"credential":{right}}}],"checks":[{{"total":1}}]}}"#),
        format!(r#"{{"calls":[{{"credential":{right}}}],"checks":[{{"request":0}}]}}"#),
        format!(r#"{{"calls":[{{"credential":{right}}}],"checks":[{{"file":"$HOME/none","contains":"x"}}]}}"#),
        format!(r#"{{"calls":[{{"credential":{right}}}],"timing":{{"min_ms":1}}}}"#),
        format!(r#"{{"calls":[{{"credential":{right}}}],"canary":1}}"#),
    ] {
        assert!(matches!(outcome_of(&with(&wrong)), Outcome::Failed(_)), "{wrong}");
    }
}
