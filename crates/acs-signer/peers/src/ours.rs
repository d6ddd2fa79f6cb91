//! acs-signer: the whole path, in a reused buffer.

use crate::{Row, fixture, row};
use acs_signer::oss_v4::ScopedKey;
use acs_signer::{Buffer, acs3, oss_v1, oss_v4, rpc_v1};
use std::hint::black_box;

const SIGNER: &str = "**acs-signer**";
const NOTE: &str = "query and headers, encoded and checked";

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let (request, key, mut buffer) = (fixture::acs3(), fixture::key(), Buffer::new());
    rows.push(row("acs3", SIGNER, NOTE, move || {
        let signed = acs3::sign(black_box(&request), &key, &mut buffer).unwrap();
        black_box(signed.query());
        signed.headers().for_each(take);
    }));
    let (request, key, mut buffer) = (fixture::rpc_v1(), fixture::key(), Buffer::new());
    rows.push(row("rpc_v1", SIGNER, "query, encoded and checked", move || {
        let signed = rpc_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
        black_box(signed.query());
    }));
    let (request, key, mut buffer) = (fixture::oss_v1(), fixture::key(), Buffer::new());
    rows.push(row("oss_v1", SIGNER, NOTE, move || {
        let signed = oss_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
        black_box((signed.path(), signed.query()));
        signed.headers().for_each(take);
    }));
    let (request, key, mut buffer) = (fixture::oss_v4(), fixture::scoped_key(), Buffer::new());
    rows.push(row("oss_v4", SIGNER, NOTE, move || {
        let signed = oss_v4::sign(black_box(&request), &key, &mut buffer).unwrap();
        black_box((signed.path(), signed.query()));
        signed.headers().for_each(take);
    }));
    let (request, key, mut buffer) = (fixture::oss_v4(), fixture::key(), Buffer::new());
    rows.push(row("oss_v4", "**acs-signer**, key derived", "the same with four HMACs for the key", move || {
        let scoped = ScopedKey::new(&key, request.date, fixture::REGION, "oss").unwrap();
        let signed = oss_v4::sign(black_box(&request), &scoped, &mut buffer).unwrap();
        black_box((signed.path(), signed.query()));
        signed.headers().for_each(take);
    }));
    let (request, key, mut buffer) = (fixture::oss_v4(), fixture::scoped_key(), Buffer::new());
    rows.push(row("oss_v4_presign", SIGNER, "path and query, encoded and checked", move || {
        let signed = oss_v4::presign(black_box(&request), fixture::EXPIRES, &key, &mut buffer).unwrap();
        black_box((signed.path(), signed.query()));
    }));
    rows
}

fn take(header: (&str, &str)) {
    black_box(header);
}
