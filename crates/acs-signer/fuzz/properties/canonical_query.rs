//! Parameters are signed in one order, decode to what they were, and are accepted by the verifier; or they are refused
//! for a reason that is there.

use acs_signer::oss_v4::ScopedKey;
use acs_signer::{
    Buffer, Error, ErrorKind, Incoming, LineBreaks, Payload, Query, SigningKey, acs3, oss_v1,
    oss_v4, percent_encode, percent_encode_path, roa_v1, rpc_v1,
};
use chrono::{DateTime, Utc};
use std::collections::BTreeSet;
use std::fmt::Write as _;

type Pair<'a> = (&'a str, &'a str);

const HOST: &str = "vod.cn-shanghai.aliyuncs.com";
const VERSION: &str = "2017-03-21";
const DATE: DateTime<Utc> = DateTime::UNIX_EPOCH;

/// Takes `data` as pairs: U+001E between two, U+001F between name and value. Returns how many schemes have signed them.
pub(crate) fn run(data: &[u8]) -> usize {
    let Ok(text) = str::from_utf8(data) else {
        return 0;
    };
    encodes_reversibly(text);
    let pairs: Vec<Pair<'_>> = text
        .split('\u{1E}')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('\u{1F}').unwrap_or((pair, "")))
        .collect();
    let key = SigningKey::new("LTAI5tFuzzAccessKeyId", "fuzz secret").unwrap();
    [
        acs3(&pairs, &key, LineBreaks::Refuse),
        acs3(&pairs, &key, LineBreaks::Encode),
        rpc_v1(&pairs, &key, LineBreaks::Refuse, rpc_v1::Carrier::Query),
        rpc_v1(&pairs, &key, LineBreaks::Encode, rpc_v1::Carrier::Form),
        roa_v1(&pairs, &key),
        oss_v1_presign(&pairs, &key),
        oss_v4(&pairs, &key, LineBreaks::Refuse),
        oss_v4_presign(&pairs, &key, LineBreaks::Encode),
    ]
    .into_iter()
    .filter(|&signed| signed)
    .count()
}

fn encodes_reversibly(text: &str) {
    for (encoded, keeps_slash) in [
        (percent_encode(text), false),
        (percent_encode_path(text), true),
    ] {
        let is_kept = |b: u8| is_unreserved(b) || (keeps_slash && b == b'/');
        let mut expected = String::new();
        for b in text.bytes() {
            if is_kept(b) {
                expected.push(b.into());
            } else {
                write!(expected, "%{b:02X}").unwrap();
            }
        }
        assert_eq!(encoded, expected);
        assert_eq!(decode(&encoded), text);
    }
}

fn acs3(pairs: &[Pair<'_>], key: &SigningKey, line_breaks: LineBreaks) -> bool {
    let request = acs3::Request {
        host: HOST,
        action: "GetPlayInfo",
        version: VERSION,
        query: pairs,
        line_breaks,
        ..acs3::Request::at(DATE, "nonce")
    };
    let mut buffer = Buffer::new();
    let signed = match acs3::sign(&request, key, &mut buffer) {
        Ok(signed) => signed,
        Err(error) => return refused(&error, pairs, line_breaks, &[], Names::Unreserved),
    };
    assert_accepted(pairs, line_breaks, &[], Names::Unreserved);
    let query = signed.query();
    assert_eq!(decoded(query), sorted(pairs));
    assert_same_in_reverse(pairs, |pairs| {
        let request = acs3::Request {
            query: pairs,
            ..request
        };
        let mut buffer = Buffer::new();
        let signed = acs3::sign(&request, key, &mut buffer).unwrap();
        assert_eq!(signed.query(), query);
    });
    let mut headers = vec![("host", HOST)];
    headers.extend(signed.headers());
    let incoming = incoming(request.method, "/", query, &headers, "");
    let claim = acs3::Claim::parse(&incoming).unwrap();
    assert!(claim.verify(key, &mut Buffer::new()).is_ok());
    true
}

fn rpc_v1(
    pairs: &[Pair<'_>],
    key: &SigningKey,
    line_breaks: LineBreaks,
    carrier: rpc_v1::Carrier,
) -> bool {
    const OWN: [&str; 9] = [
        "AccessKeyId",
        "Action",
        "Format",
        "Signature",
        "SignatureMethod",
        "SignatureNonce",
        "SignatureVersion",
        "Timestamp",
        "Version",
    ];
    let (query, form) = match carrier {
        rpc_v1::Carrier::Query => (pairs, &[][..]),
        rpc_v1::Carrier::Form => (&[][..], pairs),
    };
    let request = rpc_v1::Request {
        method: "POST",
        action: "GetPlayInfo",
        version: VERSION,
        query,
        form,
        carrier,
        line_breaks,
        ..rpc_v1::Request::at(DATE, "nonce")
    };
    let mut buffer = Buffer::new();
    let signed = match rpc_v1::sign(&request, key, &mut buffer) {
        Ok(signed) => signed,
        Err(error) => return refused(&error, pairs, line_breaks, &OWN, Names::Any),
    };
    assert_accepted(pairs, line_breaks, &OWN, Names::Any);
    assert_eq!(
        signed.string_to_sign(),
        format!("POST&%2F&{}", percent_encode(signed.canonical_query()))
    );
    let canonical = decoded(signed.canonical_query());
    assert!(canonical.is_sorted());
    let mut business = canonical;
    business.retain(|(name, _)| !OWN.contains(&&**name));
    assert_eq!(business, sorted(pairs));

    let headers = [("content-type", "application/x-www-form-urlencoded")];
    let incoming = incoming("POST", "/", signed.query(), &headers, signed.form());
    let claim = rpc_v1::Claim::parse(&incoming).unwrap();
    assert!(claim.verify(key, &mut Buffer::new()).is_ok());
    true
}

fn roa_v1(pairs: &[Pair<'_>], key: &SigningKey) -> bool {
    let request = roa_v1::Request {
        version: VERSION,
        query: pairs,
        empty_values: roa_v1::EmptyValues::WithEquals,
        ..roa_v1::Request::at(DATE, "nonce")
    };
    let mut buffer = Buffer::new();
    let signed = match roa_v1::sign(&request, key, &mut buffer) {
        Ok(signed) => signed,
        Err(error) => return refused(&error, pairs, LineBreaks::Refuse, &[], Names::Any),
    };
    assert_accepted(pairs, LineBreaks::Refuse, &[], Names::Any);
    assert_eq!(decoded(signed.query()), sorted(pairs));
    let headers: Vec<_> = signed.headers().collect();
    let incoming = incoming("GET", "/", signed.query(), &headers, "");
    let claim = roa_v1::Claim::parse(&incoming).unwrap();
    assert!(claim.verify(key, &mut Buffer::new()).is_ok());
    true
}

fn oss_v1_presign(pairs: &[Pair<'_>], key: &SigningKey) -> bool {
    const OWN: [&str; 3] = ["Expires", "OSSAccessKeyId", "Signature"];
    let request = oss_v1::Request {
        bucket: Some("examplebucket"),
        key: Some("key"),
        query: pairs,
        ..oss_v1::Request::at(DATE)
    };
    let mut buffer = Buffer::new();
    let signed = match oss_v1::presign(&request, 60, key, &mut buffer) {
        Ok(signed) => signed,
        Err(error) => return refused(&error, pairs, LineBreaks::Refuse, &OWN, Names::Any),
    };
    assert_accepted(pairs, LineBreaks::Refuse, &OWN, Names::Any);
    let mut business = decoded(signed.query());
    business.retain(|(name, _)| !OWN.contains(&&**name));
    assert_eq!(business, sorted(pairs));
    let incoming = incoming("GET", signed.path(), signed.query(), &[], "");
    let claim = oss_v1::Claim::parse(&incoming, request.bucket, request.key).unwrap();
    assert!(claim.verify(key, &mut Buffer::new()).is_ok());
    true
}

fn oss_v4(pairs: &[Pair<'_>], key: &SigningKey, line_breaks: LineBreaks) -> bool {
    let request = oss_v4_request(pairs, line_breaks);
    let scoped = ScopedKey::new(key, DATE, "cn-hangzhou", "oss").unwrap();
    let mut buffer = Buffer::new();
    let signed = match oss_v4::sign(&request, &scoped, &mut buffer) {
        Ok(signed) => signed,
        Err(error) => return refused(&error, pairs, line_breaks, &[], Names::Any),
    };
    assert_accepted(pairs, line_breaks, &[], Names::Any);
    let query = signed.query();
    assert!(encoded_names(query).is_sorted());
    assert_same_in_reverse(pairs, |pairs| {
        let mut buffer = Buffer::new();
        let request = oss_v4_request(pairs, line_breaks);
        let signed = oss_v4::sign(&request, &scoped, &mut buffer).unwrap();
        assert_eq!(signed.query(), query);
    });
    // A server takes this parameter for a presigned URL.
    if pairs
        .iter()
        .any(|(name, _)| *name == "x-oss-signature-version")
    {
        return true;
    }
    let headers: Vec<_> = signed.headers().collect();
    let incoming = incoming("GET", signed.path(), query, &headers, "");
    let claim = oss_v4::Claim::parse(&incoming, request.bucket, request.key).unwrap();
    assert!(claim.verify(key, &mut Buffer::new()).is_ok());
    true
}

fn oss_v4_presign(pairs: &[Pair<'_>], key: &SigningKey, line_breaks: LineBreaks) -> bool {
    const OWN: [&str; 7] = [
        "x-oss-additional-headers",
        "x-oss-credential",
        "x-oss-date",
        "x-oss-expires",
        "x-oss-security-token",
        "x-oss-signature",
        "x-oss-signature-version",
    ];
    let request = oss_v4_request(pairs, line_breaks);
    let scoped = ScopedKey::new(key, DATE, "cn-hangzhou", "oss").unwrap();
    let mut buffer = Buffer::new();
    let signed = match oss_v4::presign(&request, 60, &scoped, &mut buffer) {
        Ok(signed) => signed,
        Err(error) => return refused(&error, pairs, line_breaks, &OWN, Names::Any),
    };
    assert_accepted(pairs, line_breaks, &OWN, Names::Any);
    let mut business = decoded(signed.query());
    business.retain(|(name, _)| !OWN.contains(&&**name));
    business.sort();
    assert_eq!(business, sorted(pairs));
    let incoming = incoming("GET", signed.path(), signed.query(), &[], "");
    let claim = oss_v4::Claim::parse(&incoming, request.bucket, request.key).unwrap();
    assert!(claim.verify(key, &mut Buffer::new()).is_ok());
    true
}

fn oss_v4_request<'a>(query: &'a [Pair<'a>], line_breaks: LineBreaks) -> oss_v4::Request<'a> {
    oss_v4::Request {
        bucket: Some("examplebucket"),
        key: Some("key"),
        query,
        line_breaks,
        ..oss_v4::Request::at(DATE)
    }
}

fn incoming<'a>(
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [Pair<'a>],
    form: &'a str,
) -> Incoming<'a> {
    Incoming {
        method,
        path,
        query: Query::Raw(query),
        headers,
        payload: match form {
            "" => Payload::Empty,
            form => Payload::Bytes(form.as_bytes()),
        },
    }
}

/// Which names a scheme takes.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    Unreserved,
    Any,
}

/// The reasons to refuse these pairs.
fn reasons(
    pairs: &[Pair<'_>],
    line_breaks: LineBreaks,
    own: &[&str],
    names: Names,
) -> Vec<ErrorKind> {
    let distinct: BTreeSet<_> = pairs.iter().map(|(name, _)| name).collect();
    let has_line_break = |text: &str| text.contains(['\r', '\n', '\0']);
    let any = |is_wrong: &dyn Fn(Pair<'_>) -> bool| pairs.iter().any(|&pair| is_wrong(pair));
    [
        (ErrorKind::Empty, any(&|(name, _)| name.is_empty())),
        (ErrorKind::Duplicate, distinct.len() < pairs.len()),
        (
            ErrorKind::ControlCharacter,
            line_breaks == LineBreaks::Refuse
                && any(&|(name, value)| has_line_break(name) || has_line_break(value)),
        ),
        (ErrorKind::Reserved, any(&|(name, _)| own.contains(&name))),
        (
            ErrorKind::Disputed,
            names == Names::Unreserved && any(&|(name, _)| !name.bytes().all(is_unreserved)),
        ),
    ]
    .into_iter()
    .filter_map(|(kind, holds)| holds.then_some(kind))
    .collect()
}

fn refused(
    error: &Error,
    pairs: &[Pair<'_>],
    line_breaks: LineBreaks,
    own: &[&str],
    names: Names,
) -> bool {
    let reasons = reasons(pairs, line_breaks, own, names);
    assert!(
        reasons.contains(&error.kind()),
        "{error}, which is not so: {reasons:?}"
    );
    false
}

fn assert_accepted(pairs: &[Pair<'_>], line_breaks: LineBreaks, own: &[&str], names: Names) {
    let reasons = reasons(pairs, line_breaks, own, names);
    assert!(reasons.is_empty(), "signed in spite of {reasons:?}");
}

fn assert_same_in_reverse(pairs: &[Pair<'_>], check: impl Fn(&[Pair<'_>])) {
    let reversed: Vec<_> = pairs.iter().rev().copied().collect();
    check(&reversed);
}

fn sorted(pairs: &[Pair<'_>]) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    pairs.sort();
    pairs
}

fn encoded_names(query: &str) -> Vec<&str> {
    let name = |pair: &'_ str| pair.split('=').next().map_or(0, str::len);
    query.split('&').map(|pair| &pair[..name(pair)]).collect()
}

/// The pairs of a query, as strictly as this crate writes them.
fn decoded(query: &str) -> Vec<(String, String)> {
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (decode(name), decode(value)))
        .collect()
}

fn decode(encoded: &str) -> String {
    let mut parts = encoded.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
        bytes.extend(part[2..].bytes());
    }
    String::from_utf8(bytes).unwrap()
}

fn is_unreserved(b: u8) -> bool {
    b.is_ascii_alphanumeric() || b"-_.~".contains(&b)
}
