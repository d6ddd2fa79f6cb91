//! Signing in a reused buffer allocates nothing.
#![allow(clippy::unwrap_used, reason = "not a library")]

#[path = "../benches/fixture/mod.rs"]
mod fixture;

use acs_signer::{Buffer, acs3, oss_v4, rpc_v1};
use std::hint::black_box;

#[test]
fn acs3_allocates_nothing_in_steady_state() {
    let (request, key, mut buffer) = (fixture::acs3(), fixture::key(), Buffer::new());
    assert_eq!(allocations(|| sign_acs3(&request, &key, &mut buffer)), 0);
    let with_token = acs3::Request {
        security_token: Some("a security token"),
        ..request
    };
    assert_eq!(allocations(|| sign_acs3(&with_token, &key, &mut buffer)), 0);
}

#[test]
fn rpc_v1_allocates_nothing_in_steady_state() {
    let (request, key, mut buffer) = (fixture::rpc_v1(), fixture::key(), Buffer::new());
    let allocations = allocations(|| {
        let signed = rpc_v1::sign(&request, &key, &mut buffer).unwrap();
        black_box((signed.query(), signed.form()));
    });
    assert_eq!(allocations, 0);
}

#[test]
fn oss_v4_allocates_nothing_in_steady_state() {
    let (request, key, mut buffer) = (fixture::oss_v4(), fixture::scoped_key(), Buffer::new());
    let allocations = allocations(|| {
        let signed = oss_v4::sign(&request, &key, &mut buffer).unwrap();
        black_box((signed.path(), signed.query()));
        signed.headers().for_each(|header| _ = black_box(header));
    });
    assert_eq!(allocations, 0);
}

fn sign_acs3(request: &acs3::Request<'_>, key: &acs_signer::SigningKey, buffer: &mut Buffer) {
    let signed = acs3::sign(request, key, buffer).unwrap();
    black_box(signed.query());
    signed.headers().for_each(|header| _ = black_box(header));
}

/// How often a second run allocates: the first has grown the buffer.
fn allocations(mut run: impl FnMut()) -> u64 {
    run();
    allocation_counter::measure(run).count_total
}
