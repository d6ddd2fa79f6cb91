//! Runs one operation a number of times, for callgrind and for the clock.
//!
//! `measure CASE COUNT` runs `COUNT` operations: the difference of two counts under callgrind is the cost of one.
//! `measure CASE` prints the least time of one in nanoseconds. Cases are `<scheme>/sign`, `<scheme>/floor` and
//! `verify/head`, `verify/tail`, which verify a signature that is wrong in its first or last byte.
#![allow(clippy::disallowed_methods, reason = "not a library")]
#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measuring tool")]

#[path = "../benches/fixture/mod.rs"]
mod fixture;

use acs_signer::{Buffer, Incoming, Payload, Query, acs3, oss_v1, oss_v4, roa_v1, rpc_v1};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::time::Instant;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let case = arguments.next().expect("usage: measure CASE [COUNT]");
    let mut operation = operation(&case);
    if let Some(count) = arguments.next() {
        for _ in 0..count.parse().unwrap() {
            operation();
        }
        return;
    }
    let batches = (0..2000).map(|_| {
        let start = Instant::now();
        for _ in 0..100 {
            operation();
        }
        start.elapsed().as_nanos() / 100
    });
    println!("{case} {} ns", batches.min().unwrap());
}

fn operation(case: &str) -> Box<dyn FnMut()> {
    let mut buffer = Buffer::new();
    let key = fixture::key();
    let scoped = fixture::scoped_key();
    match case {
        "acs3/sign" => {
            let request = fixture::acs3();
            Box::new(move || {
                let signed = acs3::sign(black_box(&request), &key, &mut buffer).unwrap();
                black_box(signed.query());
                signed.headers().for_each(take);
            })
        }
        "acs3/floor" => {
            let signed = acs3::sign(&fixture::acs3(), &key, &mut buffer).unwrap();
            floor_sha256(signed.canonical_request(), signed.string_to_sign())
        }
        "rpc_v1/sign" => {
            let request = fixture::rpc_v1();
            Box::new(move || {
                let signed = rpc_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
                black_box(signed.query());
            })
        }
        "rpc_v1/floor" => {
            let signed = rpc_v1::sign(&fixture::rpc_v1(), &key, &mut buffer).unwrap();
            floor_sha1(signed.string_to_sign())
        }
        "roa_v1/sign" => {
            let request = fixture::roa_v1();
            Box::new(move || {
                let signed = roa_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
                black_box(signed.query());
                signed.headers().for_each(take);
            })
        }
        "roa_v1/floor" => {
            let signed = roa_v1::sign(&fixture::roa_v1(), &key, &mut buffer).unwrap();
            floor_sha1(signed.string_to_sign())
        }
        "oss_v1/sign" => {
            let request = fixture::oss_v1();
            Box::new(move || {
                let signed = oss_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
                black_box((signed.path(), signed.query()));
                signed.headers().for_each(take);
            })
        }
        "oss_v1/floor" => {
            let signed = oss_v1::sign(&fixture::oss_v1(), &key, &mut buffer).unwrap();
            floor_sha1(signed.string_to_sign())
        }
        "oss_v4/sign" => {
            let request = fixture::oss_v4();
            Box::new(move || {
                let signed = oss_v4::sign(black_box(&request), &scoped, &mut buffer).unwrap();
                black_box((signed.path(), signed.query()));
                signed.headers().for_each(take);
            })
        }
        "oss_v4/floor" => {
            let signed = oss_v4::sign(&fixture::oss_v4(), &scoped, &mut buffer).unwrap();
            floor_sha256(signed.canonical_request(), signed.string_to_sign())
        }
        "verify/head" => verify(0),
        "verify/tail" => verify(63),
        _ => panic!("no such case"),
    }
}

/// Verifies a signature with one wrong digit.
fn verify(digit: usize) -> Box<dyn FnMut()> {
    let (request, key, mut buffer) = (fixture::acs3(), fixture::key(), Buffer::new());
    let signed = acs3::sign(&request, &key, &mut buffer).unwrap();
    let query = signed.query().to_owned();
    let mut own: Vec<_> = signed.headers().map(|(n, v)| (n, v.to_owned())).collect();
    let authorization = &mut own.last_mut().unwrap().1;
    let digit = authorization.len() - 64 + digit;
    let wrong = if &authorization[digit..=digit] == "0" {
        "1"
    } else {
        "0"
    };
    authorization.replace_range(digit..=digit, wrong);
    Box::new(move || {
        let mut headers = request.headers.to_vec();
        headers.push(("host", request.host));
        headers.extend(own.iter().map(|(n, v)| (*n, v.as_str())));
        let incoming = Incoming {
            method: request.method,
            path: request.path,
            query: Query::Raw(&query),
            headers: &headers,
            payload: Payload::Empty,
        };
        let claim = acs3::Claim::parse(&incoming).unwrap();
        assert!(claim.verify(&key, &mut buffer).is_err());
    })
}

fn floor_sha256(canonical: &str, to_sign: &str) -> Box<dyn FnMut()> {
    let (canonical, to_sign) = (canonical.to_owned(), to_sign.to_owned());
    let key = Hmac::<Sha256>::new_from_slice(fixture::SECRET.as_bytes()).unwrap();
    Box::new(move || {
        black_box(Sha256::digest(black_box(&canonical)));
        let mut mac = key.clone();
        mac.update(black_box(&to_sign).as_bytes());
        black_box(mac.finalize().into_bytes());
    })
}

fn floor_sha1(to_sign: &str) -> Box<dyn FnMut()> {
    let to_sign = to_sign.to_owned();
    let key = Hmac::<Sha1>::new_from_slice(fixture::SECRET.as_bytes()).unwrap();
    Box::new(move || {
        let mut mac = key.clone();
        mac.update(black_box(&to_sign).as_bytes());
        black_box(mac.finalize().into_bytes());
    })
}

/// A header, as a request takes it.
fn take(header: (&str, &str)) {
    black_box(header);
}
