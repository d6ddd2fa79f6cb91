//! What the fuzz targets run. The seeds are run through the same functions in `cargo test`.

#![allow(
    dead_code,
    unreachable_pub,
    missing_docs,
    reason = "each user takes a part of it"
)]

use acs_signer::{Buffer, Incoming, LineBreaks, Payload, Query, Scheme, SigningKey};
use acs_signer::{acs3, cdn, date, oss_v1, oss_v4, roa_v1, rpc_v1, vod_callback};
use chrono::DateTime;

/// Signs any parameters, one on each line, and verifies what came out.
pub fn canonical_query(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let pairs: Vec<_> = text
        .split('\n')
        .map(|line| line.split_once('=').unwrap_or((line, "")))
        .collect();
    let key = SigningKey::new("id", "secret").expect("a good key");
    let mut buffer = Buffer::new();
    let request = rpc_v1::Request {
        action: "A",
        version: "1",
        query: &pairs,
        line_breaks: LineBreaks::Encode,
        ..rpc_v1::Request::at(DateTime::UNIX_EPOCH, "n")
    };
    if let Ok(signed) = rpc_v1::sign(&request, &key, &mut buffer) {
        let query = signed.query().to_owned();
        assert!(query.is_ascii());
        assert_eq!(
            signed.string_to_sign(),
            &format!(
                "GET&%2F&{}",
                acs_signer::percent_encode(signed.canonical_query())
            )
        );
        let incoming = incoming("GET", "/", &query, &[], b"");
        let claim = rpc_v1::Claim::parse(&incoming).expect("what was signed can be read");
        claim
            .verify(&key, &mut buffer)
            .expect("what was signed verifies");
    }
    let scoped =
        oss_v4::ScopedKey::new(&key, DateTime::UNIX_EPOCH, "r", "oss").expect("a good scope");
    let request = oss_v4::Request {
        bucket: Some("b"),
        key: Some(text),
        query: &pairs,
        line_breaks: LineBreaks::Encode,
        ..oss_v4::Request::at(DateTime::UNIX_EPOCH)
    };
    if let Ok(signed) = oss_v4::presign(&request, 60, &scoped, &mut buffer) {
        let query = signed.query().to_owned();
        let incoming = incoming("GET", "/", &query, &[], b"");
        let claim = oss_v4::Claim::parse(&incoming, Some("b"), Some(text))
            .expect("what was signed can be read");
        claim
            .verify(&key, &mut buffer)
            .expect("what was signed verifies");
    }
}

/// Reads any request by every scheme and verifies it: nothing may panic, and nothing may verify.
///
/// The first line is method and target, then come headers up to an empty line, then the body.
pub fn verification(data: &[u8]) {
    let (head, body) = match data.windows(2).position(|w| w == b"\n\n") {
        Some(at) => (&data[..at], &data[at + 2..]),
        None => (data, &[][..]),
    };
    let Ok(head) = std::str::from_utf8(head) else {
        return;
    };
    let mut lines = head.split('\n');
    let (method, target) = lines
        .next()
        .and_then(|line| line.split_once(' '))
        .unwrap_or(("GET", "/"));
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    let headers: Vec<_> = lines.filter_map(|line| line.split_once(':')).collect();
    let incoming = incoming(method, path, query, &headers, body);
    let scheme = incoming.scheme();
    let key = SigningKey::new("id", "a secret that no seed was signed with").expect("a good key");
    let mut buffer = Buffer::new();
    let is_claimed = |of: Scheme| {
        if headers
            .iter()
            .any(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        {
            assert_eq!(scheme, Ok(Some(of)));
        }
    };
    if let Ok(claim) = acs3::Claim::parse(&incoming) {
        is_claimed(Scheme::Acs3);
        assert!(claim.verify(&key, &mut buffer).is_err());
    }
    if let Ok(claim) = rpc_v1::Claim::parse(&incoming) {
        assert!(claim.verify(&key, &mut buffer).is_err());
    }
    if let Ok(claim) = roa_v1::Claim::parse(&incoming) {
        is_claimed(Scheme::RoaV1);
        assert!(claim.verify(&key, &mut buffer).is_err());
    }
    if let Ok(claim) = oss_v1::Claim::parse(&incoming, Some("b"), Some(path)) {
        assert!(claim.verify(&key, &mut buffer).is_err());
    }
    if let Ok(claim) = oss_v4::Claim::parse(&incoming, Some("b"), Some(path)) {
        assert!(claim.verify(&key, &mut buffer).is_err());
    }
    for kind in [cdn::Kind::A, cdn::Kind::B, cdn::Kind::C] {
        let _ = cdn::Claim::parse(target, kind);
    }
    let _ = vod_callback::Claim::parse(&headers);
}

/// Reads any text as a date; one that is a date is written the same again.
pub fn date(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Some(date) = date::parse_iso8601(text) {
        assert_eq!(&*date::iso8601(date).expect("a year that was read"), text);
    }
    if let Some(date) = date::parse_iso8601_basic(text) {
        assert_eq!(
            &*date::iso8601_basic(date).expect("a year that was read"),
            text
        );
    }
    if let Some(date) = date::parse_http(text) {
        // The day of the week is not checked.
        assert_eq!(
            date::http(date).expect("a year that was read")[3..],
            text[3..]
        );
    }
}

fn incoming<'a>(
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
) -> Incoming<'a> {
    Incoming {
        method,
        path,
        query: Query::Raw(query),
        headers,
        payload: Payload::Bytes(body),
    }
}
