//! What the program itself promises: it compares what is there, and takes nothing for well that it did not compare.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use acs_conformance::signing::{Outcome, own_vectors, run, run_case};
use serde_json::{Value, json};

fn own_case(file: &str, name: &str) -> Value {
    let text = std::fs::read_to_string(own_vectors().join(file)).unwrap();
    let cases: Vec<Value> = serde_json::from_str(&text).unwrap();
    let case = cases.into_iter().find(|case| case["name"] == name);
    case.unwrap()
}

fn failure(case: &Value) -> String {
    match run_case(case) {
        Outcome::Failed(difference) => difference,
        other => panic!("{other:?}"),
    }
}

#[test]
fn parameters_that_differ_in_case_only_are_different_parameters() {
    let mut case = own_case("rpc_v1.json", "basic_post_tea");
    assert_eq!(run_case(&case), Outcome::Passed);
    case["input"]["params"]["action"] = json!("1");
    assert!(failure(&case).contains("differs"));
}

#[test]
fn what_is_unknown_is_named_and_not_taken_for_another() {
    for (field, value) in [
        ("algorithm", "ACS3-FOO-SHA512"),
        ("credential_type", "oauth"),
        ("style", "FOO"),
        ("signed_header_policy", "weird"),
    ] {
        let mut case = own_case("v3.json", "rpc_one_query");
        case["input"][field] = json!(value);
        assert_eq!(failure(&case), format!("input.{field}: {value} is unknown"));
    }
}

#[test]
fn a_case_that_expects_nothing_does_not_pass() {
    let mut case = own_case("v3.json", "rpc_one_query");
    case["expect"] = json!({});
    assert_eq!(failure(&case), "expect names no stage");
}

#[test]
fn a_field_that_nobody_looks_at_is_named() {
    let mut case = own_case("v3.json", "rpc_one_query");
    case["input"]["trailer"] = json!("t");
    case["expect"]["trailer_signature"] = json!("s");
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("cases.json");
    std::fs::write(&file, json!([case]).to_string()).unwrap();
    let results = run(&[file]).unwrap();
    assert_eq!(results[0].outcome, Outcome::Passed);
    let unread = ["input.trailer", "expect.trailer_signature"];
    assert_eq!(results[0].unread, unread);
}

#[test]
fn every_field_of_our_own_cases_is_looked_at() {
    for result in run(&[own_vectors()]).unwrap() {
        assert_eq!(result.unread, [""; 0], "{}", result.case);
    }
}

#[test]
fn a_folder_without_cases_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(&[folder.path().to_owned()]).unwrap_err();
    assert!(error.contains("there is no .json file"), "{error}");
}
