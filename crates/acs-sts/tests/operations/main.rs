//! Every operation through the compiled types, against the digest, recorded answers and the official SDK.
#![allow(clippy::unwrap_used, reason = "a test")]

#[path = "../../../acs-core/tests/support/fixtures.rs"]
mod fixtures;
mod table;
#[path = "../../../acs-core/tests/support/walk.rs"]
mod walk;

#[test]
fn every_parameter_arrives_and_every_field_is_read() {
    walk::check(
        include_str!("../../../../xtask/metadata/sts-2015-04-01.json"),
        table::OPERATIONS,
    );
}

#[test]
fn requests_are_those_of_the_official_sdk() {
    let count = fixtures::send_as_recorded(table::OPERATIONS, include_str!("python-sdk.json"));
    assert!(count > 0);
}

#[test]
fn answers_of_the_service_are_read() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/operations/answers");
    assert_eq!(fixtures::read_all(table::OPERATIONS, folder), 6);
}
