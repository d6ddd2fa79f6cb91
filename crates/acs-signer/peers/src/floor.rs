//! The hashes and the HMAC alone, over ready bytes: what no signer can go below.

use crate::{Row, fixture, row};
use acs_signer::{Buffer, acs3, oss_v1, oss_v4, rpc_v1};
use hmac::{Hmac, KeyInit, Mac};
use sha1::Sha1;
use sha2::{Digest, Sha256};
use std::hint::black_box;

const SIGNER: &str = "(floor)";

pub fn rows() -> Vec<Row> {
    let (key, scoped, mut buffer) = (fixture::key(), fixture::scoped_key(), Buffer::new());
    let signed = acs3::sign(&fixture::acs3(), &key, &mut buffer).unwrap();
    let acs3 = sha256("acs3", signed.canonical_request(), signed.string_to_sign());
    let signed = oss_v4::sign(&fixture::oss_v4(), &scoped, &mut buffer).unwrap();
    let oss_v4 = sha256("oss_v4", signed.canonical_request(), signed.string_to_sign());
    let signed = oss_v4::presign(&fixture::oss_v4(), fixture::EXPIRES, &scoped, &mut buffer).unwrap();
    let presign = sha256("oss_v4_presign", signed.canonical_request(), signed.string_to_sign());
    let signed = rpc_v1::sign(&fixture::rpc_v1(), &key, &mut buffer).unwrap();
    let rpc_v1 = sha1("rpc_v1", signed.string_to_sign());
    let signed = oss_v1::sign(&fixture::oss_v1(), &key, &mut buffer).unwrap();
    let oss_v1 = sha1("oss_v1", signed.string_to_sign());
    vec![acs3, rpc_v1, oss_v1, oss_v4, presign]
}

fn sha256(scheme: &'static str, canonical: &str, to_sign: &str) -> Row {
    let (canonical, to_sign) = (canonical.to_owned(), to_sign.to_owned());
    let key = Hmac::<Sha256>::new_from_slice(fixture::SECRET.as_bytes()).unwrap();
    row(scheme, SIGNER, "SHA-256 and HMAC, key state kept", move || {
        black_box(Sha256::digest(black_box(&canonical)));
        let mut mac = key.clone();
        mac.update(black_box(&to_sign).as_bytes());
        black_box(mac.finalize().into_bytes());
    })
}

fn sha1(scheme: &'static str, to_sign: &str) -> Row {
    let to_sign = to_sign.to_owned();
    let key = Hmac::<Sha1>::new_from_slice(fixture::SECRET.as_bytes()).unwrap();
    row(scheme, SIGNER, "HMAC, key state kept", move || {
        let mut mac = key.clone();
        mac.update(black_box(&to_sign).as_bytes());
        black_box(mac.finalize().into_bytes());
    })
}
