//! What a signature costs, beside its floor.
//!
//! `sign` is the whole path: parameters in no order go in, what a request needs comes out, in a reused buffer. `floor`
//! is the hashes and the HMAC that the scheme must do, over ready bytes, with the HMAC state kept. The ratio of the two
//! is what this crate adds; see `docs/performance.md`.
#![allow(clippy::unwrap_used, reason = "a benchmark")]

#[path = "fixture/mod.rs"]
mod fixture;

use acs_signer::{Buffer, acs3, oss_v1, oss_v4, roa_v1, rpc_v1};
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, criterion_group, criterion_main};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::hint::black_box;

criterion_main!(benches);
criterion_group!(
    benches,
    acs3,
    rpc_v1,
    roa_v1,
    oss_v1,
    oss_v4,
    oss_v4_presign
);

fn acs3(criterion: &mut Criterion) {
    let (request, key, mut buffer) = (fixture::acs3(), fixture::key(), Buffer::new());
    let mut group = criterion.benchmark_group("acs3");
    group.bench_function("sign", |b| {
        b.iter(|| {
            let signed = acs3::sign(black_box(&request), &key, &mut buffer).unwrap();
            black_box(signed.query());
            signed.headers().for_each(take);
        });
    });
    let signed = acs3::sign(&request, &key, &mut buffer).unwrap();
    let mac = keyed_sha256(fixture::SECRET.as_bytes());
    floor_sha256(
        &mut group,
        &mac,
        signed.canonical_request(),
        signed.string_to_sign(),
    );
}

fn rpc_v1(criterion: &mut Criterion) {
    let (request, key, mut buffer) = (fixture::rpc_v1(), fixture::key(), Buffer::new());
    let mut group = criterion.benchmark_group("rpc_v1");
    group.bench_function("sign", |b| {
        b.iter(|| {
            let signed = rpc_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
            black_box(signed.query());
        });
    });
    let signed = rpc_v1::sign(&request, &key, &mut buffer).unwrap();
    let secret = [fixture::SECRET, "&"].concat();
    floor_sha1(&mut group, &secret, signed.string_to_sign());
}

fn roa_v1(criterion: &mut Criterion) {
    let (request, key, mut buffer) = (fixture::roa_v1(), fixture::key(), Buffer::new());
    let mut group = criterion.benchmark_group("roa_v1");
    group.bench_function("sign", |b| {
        b.iter(|| {
            let signed = roa_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
            black_box(signed.query());
            signed.headers().for_each(take);
        });
    });
    let signed = roa_v1::sign(&request, &key, &mut buffer).unwrap();
    floor_sha1(&mut group, fixture::SECRET, signed.string_to_sign());
}

fn oss_v1(criterion: &mut Criterion) {
    let (request, key, mut buffer) = (fixture::oss_v1(), fixture::key(), Buffer::new());
    let mut group = criterion.benchmark_group("oss_v1");
    group.bench_function("sign", |b| {
        b.iter(|| {
            let signed = oss_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
            black_box((signed.path(), signed.query()));
            signed.headers().for_each(take);
        });
    });
    let signed = oss_v1::sign(&request, &key, &mut buffer).unwrap();
    floor_sha1(&mut group, fixture::SECRET, signed.string_to_sign());
}

fn oss_v4(criterion: &mut Criterion) {
    let (request, key, mut buffer) = (fixture::oss_v4(), fixture::scoped_key(), Buffer::new());
    let mut group = criterion.benchmark_group("oss_v4");
    group.bench_function("sign", |b| {
        b.iter(|| {
            let signed = oss_v4::sign(black_box(&request), &key, &mut buffer).unwrap();
            black_box((signed.path(), signed.query()));
            signed.headers().for_each(take);
        });
    });
    let signed = oss_v4::sign(&request, &key, &mut buffer).unwrap();
    // Any key of 32 bytes costs what the derived one does.
    let mac = keyed_sha256(&[7; 32]);
    floor_sha256(
        &mut group,
        &mac,
        signed.canonical_request(),
        signed.string_to_sign(),
    );
}

fn oss_v4_presign(criterion: &mut Criterion) {
    let (request, key, mut buffer) = (fixture::oss_v4(), fixture::scoped_key(), Buffer::new());
    let mut group = criterion.benchmark_group("oss_v4_presign");
    group.bench_function("sign", |b| {
        b.iter(|| {
            let signed =
                oss_v4::presign(black_box(&request), fixture::EXPIRES, &key, &mut buffer).unwrap();
            black_box((signed.path(), signed.query()));
        });
    });
    let signed = oss_v4::presign(&request, fixture::EXPIRES, &key, &mut buffer).unwrap();
    let mac = keyed_sha256(&[7; 32]);
    floor_sha256(
        &mut group,
        &mac,
        signed.canonical_request(),
        signed.string_to_sign(),
    );
}

fn floor_sha256(
    group: &mut BenchmarkGroup<'_, WallTime>,
    mac: &Hmac<Sha256>,
    canonical: &str,
    to_sign: &str,
) {
    group.bench_function("floor", |b| {
        b.iter(|| {
            black_box(Sha256::digest(black_box(canonical)));
            let mut mac = mac.clone();
            mac.update(black_box(to_sign).as_bytes());
            mac.finalize().into_bytes()
        });
    });
}

fn floor_sha1(group: &mut BenchmarkGroup<'_, WallTime>, secret: &str, to_sign: &str) {
    let mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).unwrap();
    group.bench_function("floor", |b| {
        b.iter(|| {
            let mut mac = mac.clone();
            mac.update(black_box(to_sign).as_bytes());
            mac.finalize().into_bytes()
        });
    });
}

fn keyed_sha256(key: &[u8]) -> Hmac<Sha256> {
    Hmac::new_from_slice(key).unwrap()
}

/// A header, as a request takes it.
fn take(header: (&str, &str)) {
    black_box(header);
}
