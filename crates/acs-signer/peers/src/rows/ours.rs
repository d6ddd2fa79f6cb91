//! Ours, and the floor of each scheme: what `benches/sign.rs` of the crate measures.

use crate::fixture::{self, ours};
use crate::{Kind, Row};
use acs_signer::{Buffer, acs3, oss_v1, oss_v4, roa_v1, rpc_v1};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::{Digest as _, Sha256};
use std::hint::black_box;

/// What is added up of a header, so that it is made.
fn taken<'a>(headers: impl Iterator<Item = (&'static str, &'a str)>) -> usize {
    headers.map(|(name, value)| name.len() + value.len()).sum()
}

pub fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    let mut scheme = |scheme, floor, sign| {
        let row = |signer, kind, note, sign| Row {
            scheme,
            signer,
            kind,
            note,
            sign,
        };
        rows.push(row("floor", Kind::Floor, "ready bytes, kept key", floor));
        rows.push(row("acs-signer", Kind::Ours, "reused buffer", sign));
    };
    let secret = fixture::SECRET;
    let buffer = Buffer::new;

    let mut ready = buffer();
    let signed = acs3::sign(&ours::acs3(), &ours::key(), &mut ready).unwrap();
    scheme(
        "acs3",
        floor_sha256(
            secret.as_bytes(),
            signed.canonical_request(),
            signed.string_to_sign(),
        ),
        {
            let (request, key, mut buffer) = (ours::acs3(), ours::key(), buffer());
            Box::new(move || {
                let signed = acs3::sign(black_box(&request), &key, &mut buffer).unwrap();
                signed.query().len() + taken(signed.headers())
            })
        },
    );
    let signed = rpc_v1::sign(&ours::rpc_v1(), &ours::key(), &mut ready).unwrap();
    scheme(
        "rpc_v1",
        floor_sha1(&[secret, "&"].concat(), signed.string_to_sign()),
        {
            let (request, key, mut buffer) = (ours::rpc_v1(), ours::key(), buffer());
            Box::new(move || {
                let signed = rpc_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
                signed.query().len()
            })
        },
    );
    let signed = roa_v1::sign(&ours::roa_v1(), &ours::key(), &mut ready).unwrap();
    scheme("roa_v1", floor_sha1(secret, signed.string_to_sign()), {
        let (request, key, mut buffer) = (ours::roa_v1(), ours::key(), buffer());
        Box::new(move || {
            let signed = roa_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
            signed.query().len() + taken(signed.headers())
        })
    });
    let signed = oss_v1::sign(&ours::oss_v1(), &ours::key(), &mut ready).unwrap();
    scheme("oss_v1", floor_sha1(secret, signed.string_to_sign()), {
        let (request, key, mut buffer) = (ours::oss_v1(), ours::key(), buffer());
        Box::new(move || {
            let signed = oss_v1::sign(black_box(&request), &key, &mut buffer).unwrap();
            signed.path().len() + signed.query().len() + taken(signed.headers())
        })
    });
    // Any key of 32 bytes costs what the derived one does.
    let scoped = [7; 32];
    let signed = oss_v4::sign(&ours::oss_v4(), &ours::scoped_key(), &mut ready).unwrap();
    scheme(
        "oss_v4",
        floor_sha256(&scoped, signed.canonical_request(), signed.string_to_sign()),
        {
            let (request, key, mut buffer) = (ours::oss_v4(), ours::scoped_key(), buffer());
            Box::new(move || {
                let signed = oss_v4::sign(black_box(&request), &key, &mut buffer).unwrap();
                signed.path().len() + signed.query().len() + taken(signed.headers())
            })
        },
    );
    let expires = fixture::EXPIRES;
    let signed =
        oss_v4::presign(&ours::oss_v4(), expires, &ours::scoped_key(), &mut ready).unwrap();
    scheme(
        "oss_v4_presign",
        floor_sha256(&scoped, signed.canonical_request(), signed.string_to_sign()),
        {
            let (request, key, mut buffer) = (ours::oss_v4(), ours::scoped_key(), buffer());
            Box::new(move || {
                let request = black_box(&request);
                let signed = oss_v4::presign(request, expires, &key, &mut buffer).unwrap();
                signed.path().len() + signed.query().len()
            })
        },
    );
    rows.extend([key_derived_each_time(false), key_derived_each_time(true)]);
    rows
}

/// OSS V4 without a kept [`ScopedKey`](oss_v4::ScopedKey), as the peers sign.
fn key_derived_each_time(presigns: bool) -> Row {
    let (request, mut buffer) = (ours::oss_v4(), Buffer::new());
    let key = ours::key();
    let sign = move || {
        let scoped =
            oss_v4::ScopedKey::new(black_box(&key), request.date, fixture::REGION, "oss").unwrap();
        let request = black_box(&request);
        if presigns {
            let signed = oss_v4::presign(request, fixture::EXPIRES, &scoped, &mut buffer).unwrap();
            return signed.path().len() + signed.query().len();
        }
        let signed = oss_v4::sign(request, &scoped, &mut buffer).unwrap();
        signed.path().len() + signed.query().len() + taken(signed.headers())
    };
    Row {
        scheme: if presigns { "oss_v4_presign" } else { "oss_v4" },
        signer: "acs-signer, no kept key",
        kind: Kind::Ours,
        note: "day key derived for each signature, as peers do",
        sign: Box::new(sign),
    }
}

fn floor_sha256(key: &[u8], canonical: &str, to_sign: &str) -> Box<dyn FnMut() -> usize> {
    let (canonical, to_sign) = (canonical.to_owned(), to_sign.to_owned());
    let key = Hmac::<Sha256>::new_from_slice(key).unwrap();
    Box::new(move || {
        let hash = Sha256::digest(black_box(&canonical));
        let mut mac = key.clone();
        mac.update(black_box(&to_sign).as_bytes());
        usize::from(hash[0] ^ mac.finalize().into_bytes()[0])
    })
}

fn floor_sha1(key: &str, to_sign: &str) -> Box<dyn FnMut() -> usize> {
    let to_sign = to_sign.to_owned();
    let key = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    Box::new(move || {
        let mut mac = key.clone();
        mac.update(black_box(&to_sign).as_bytes());
        usize::from(mac.finalize().into_bytes()[0])
    })
}
