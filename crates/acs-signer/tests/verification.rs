//! What a server can rely on.
#![allow(clippy::unwrap_used, reason = "not a library")]

use acs_signer::{Buffer, ErrorKind, Incoming, Payload, PrivateKey, Query, Scheme, SigningKey};
use acs_signer::{acs3, cdn, oss_v1, oss_v4, roa_v1, rpc_v1, vod_callback};
use chrono::{DateTime, Utc};

const BODY: &[u8] = b"Title=a";

#[test]
fn the_signer_signs_every_required_header() {
    let required = "content-type;host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version";
    let headers = [
        ("content-type", "text/plain"),
        ("user-agent", "u"),
        ("accept", "*/*"),
    ];
    let request = acs3::Request {
        headers: &headers,
        ..request()
    };
    let mut buffer = Buffer::new();
    assert_eq!(
        acs3::sign(&request, &key(), &mut buffer)
            .unwrap()
            .signed_headers(),
        required
    );
    let request = acs3::Request {
        security_token: Some("t"),
        ..request
    };
    let signed = acs3::sign(&request, &key(), &mut buffer).unwrap();
    assert!(signed.signed_headers().contains("x-acs-accesskey-id;"));
    assert!(signed.signed_headers().contains("x-acs-security-token;"));
}

#[test]
fn a_claim_has_what_the_server_must_judge() {
    let headers = signed_headers(Some("token"));
    let claim = acs3::Claim::parse(&incoming(&headers)).unwrap();
    assert_eq!(claim.access_key_id(), "id");
    assert_eq!(claim.date(), date());
    assert_eq!(claim.nonce(), "nonce");
    assert_eq!(
        (claim.action(), claim.version()),
        ("GetPlayInfo", "2017-03-21")
    );
    assert_eq!(claim.security_token(), Some("token"));
    assert!(
        claim
            .signed_headers()
            .any(|name| name == "x-acs-security-token")
    );
    assert_eq!(incoming(&headers).scheme(), Ok(Some(Scheme::Acs3)));
    claim.verify(&key(), &mut Buffer::new()).unwrap();
}

#[test]
fn a_wrong_secret_and_an_unknown_key_are_refused_alike() {
    let headers = signed_headers(None);
    let incoming = incoming(&headers);
    let claim = acs3::Claim::parse(&incoming).unwrap();
    let other = SigningKey::new("id", "another secret").unwrap();
    let same_secret = SigningKey::new("another id", "secret").unwrap();
    let wrong = claim.verify(&other, &mut Buffer::new()).unwrap_err();
    let unknown = claim.verify(None, &mut Buffer::new()).unwrap_err();
    let not_its_own = claim.verify(&same_secret, &mut Buffer::new()).unwrap_err();
    for mismatch in [&unknown, &not_its_own] {
        assert_eq!(mismatch.string_to_sign(), wrong.string_to_sign());
        assert_eq!(mismatch.canonical_request(), wrong.canonical_request());
        assert_eq!(mismatch.to_string(), wrong.to_string());
    }
    assert!(
        wrong
            .canonical_request()
            .starts_with("POST\n/\nVideoId=v\nhost:h\n")
    );
    assert!(wrong.string_to_sign().starts_with("ACS3-HMAC-SHA256\n"));
}

#[test]
fn a_header_that_must_be_signed_and_is_not_is_refused() {
    for name in ["x-acs-security-token", "x-acs-extra", "Content-Type"] {
        let mut headers = signed_headers(None);
        headers.push((name.to_owned(), "v".to_owned()));
        let error = acs3::Claim::parse(&incoming(&headers))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSigned, "{name}");
        assert!(error.field().contains(name));
    }
    for name in [
        "host",
        "x-acs-date",
        "x-acs-signature-nonce",
        "x-acs-content-sha256",
        "x-acs-version",
    ] {
        let mut headers = signed_headers(None);
        let authorization = &mut headers.last_mut().unwrap().1;
        *authorization = authorization
            .replace(&format!("{name};"), "")
            .replace(&format!(";{name}"), "");
        let error = acs3::Claim::parse(&incoming(&headers))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotSigned, "{name}");
    }
}

#[test]
fn a_body_that_is_not_the_hashed_one_is_refused() {
    let headers = signed_headers(None);
    for payload in [
        Payload::Empty,
        Payload::Bytes(b"Title=b"),
        Payload::Sha256([0; 32]),
    ] {
        let pairs = borrow(&headers);
        let incoming = Incoming {
            payload,
            ..incoming_of(&pairs)
        };
        let error = acs3::Claim::parse(&incoming).map(|_| ()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::PayloadMismatch);
    }
}

#[test]
fn a_request_that_can_be_read_in_two_ways_is_refused() {
    for (name, value) in [
        ("x-acs-date", "2026-11-21T23:30:00Z"),
        ("host", "h"),
        ("x-acs-signature-nonce", "nonce"),
    ] {
        let mut headers = signed_headers(None);
        headers.push((name.to_owned(), value.to_owned()));
        let error = acs3::Claim::parse(&incoming(&headers))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Duplicate, "{name}");
    }
    let headers = signed_headers(None);
    let pairs = borrow(&headers);
    for (query, kind) in [
        ("VideoId=v&VideoId=w", ErrorKind::Duplicate),
        ("VideoId=%zz", ErrorKind::Malformed),
    ] {
        let incoming = Incoming {
            query: Query::Raw(query),
            ..incoming_of(&pairs)
        };
        assert_eq!(
            acs3::Claim::parse(&incoming)
                .map(|_| ())
                .unwrap_err()
                .kind(),
            kind
        );
    }
}

#[test]
fn an_authorization_of_another_scheme_or_shape_is_refused() {
    for (authorization, kind) in [
        ("", ErrorKind::Missing),
        (
            "ACS3-HMAC-SM3 Credential=a,SignedHeaders=host,Signature=00",
            ErrorKind::UnsupportedScheme,
        ),
        ("ACS3-HMAC-SHA256 Credential=a", ErrorKind::Malformed),
        (
            "ACS3-HMAC-SHA256 Credential=,SignedHeaders=host,Signature=00",
            ErrorKind::Malformed,
        ),
        (
            "ACS3-HMAC-SHA256 Credential=a,Credential=b,SignedHeaders=host,Signature=00",
            ErrorKind::Malformed,
        ),
        ("Bearer x", ErrorKind::UnsupportedScheme),
    ] {
        let mut headers = signed_headers(None);
        headers.last_mut().unwrap().1 = authorization.to_owned();
        let error = acs3::Claim::parse(&incoming(&headers))
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.kind(), kind, "{authorization}");
    }
}

#[test]
fn a_plus_in_a_query_is_a_space() {
    let request = acs3::Request {
        query: &[("Title", "a b")],
        ..request()
    };
    let mut buffer = Buffer::new();
    let signed = acs3::sign(&request, &key(), &mut buffer).unwrap();
    let mut headers: Vec<_> = signed.headers().map(|(n, v)| (n, v.to_owned())).collect();
    headers.push(("host", "h".to_owned()));
    let pairs: Vec<_> = headers.iter().map(|(n, v)| (*n, v.as_str())).collect();
    let incoming = Incoming {
        query: Query::Raw("Title=a+b"),
        ..incoming_of(&pairs)
    };
    acs3::Claim::parse(&incoming)
        .unwrap()
        .verify(&key(), &mut Buffer::new())
        .unwrap();
}

#[test]
fn an_oss_signature_is_for_one_bucket_key_and_region() {
    let scoped = oss_v4::ScopedKey::new(&key(), date(), "cn-shanghai", "oss").unwrap();
    let request = oss_v4::Request {
        bucket: Some("b"),
        key: Some("a/b c"),
        ..oss_v4::Request::at(date())
    };
    let mut buffer = Buffer::new();
    let presigned = oss_v4::presign(&request, 60, &scoped, &mut buffer).unwrap();
    let query = presigned.query().to_owned();
    assert_eq!(
        (presigned.path(), presigned.bucket_path()),
        ("/a/b%20c", "/b/a/b%20c")
    );
    let verify = |query: &str, bucket, key_of_object| {
        let incoming = Incoming {
            method: "GET",
            path: "/",
            query: Query::Raw(query),
            headers: &[],
            payload: Payload::Empty,
        };
        let claim = oss_v4::Claim::parse(&incoming, Some(bucket), Some(key_of_object)).ok()?;
        assert!(matches!(claim.expires(), Some(60 | 61)));
        claim.verify(&key(), &mut Buffer::new()).ok()
    };
    assert!(verify(&query, "b", "a/b c").is_some());
    assert!(verify(&query, "b", "a/b%20c").is_none());
    assert!(verify(&query, "c", "a/b c").is_none());
    assert!(verify(&query.replace("cn-shanghai", "cn-beijing"), "b", "a/b c").is_none());
    assert!(verify(&query.replace("expires=60", "expires=61"), "b", "a/b c").is_none());
    assert!(verify(&query.replace("expires=60", "expires=604801"), "b", "a/b c").is_none());
}

#[test]
fn an_empty_access_key_id_is_no_claim() {
    let signature = "AAAAAAAAAAAAAAAAAAAAAAAAAAA=";
    let date = ("date", "Fri, 20 Nov 2026 10:00:00 GMT");
    let incoming = |headers, query| Incoming {
        method: "GET",
        path: "/",
        query: Query::Raw(query),
        headers,
        payload: Payload::Empty,
    };

    let roa = format!("acs :{signature}");
    let roa = [
        ("authorization", roa.as_str()),
        ("x-acs-signature-method", "HMAC-SHA1"),
        ("x-acs-signature-nonce", "n"),
        ("x-acs-signature-version", "1.0"),
        ("x-acs-version", "1"),
        date,
    ];
    let error = roa_v1::Claim::parse(&incoming(&roa, "")).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");

    let oss = format!("OSS :{signature}");
    let oss = [("authorization", oss.as_str()), date];
    let error = oss_v1::Claim::parse(&incoming(&oss, ""), None, None).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Malformed, "{error}");

    let query = format!("OSSAccessKeyId=&Expires=1&Signature={signature}");
    let error = oss_v1::Claim::parse(&incoming(&[], &query), None, None).unwrap_err();
    assert_eq!(error.field(), "parameter OSSAccessKeyId");

    let fields = [
        ("policy", "e30="),
        ("OSSAccessKeyId", ""),
        ("Signature", signature),
    ];
    let error = oss_v1::PostClaim::parse(&fields).unwrap_err();
    assert_eq!(error.field(), "field OSSAccessKeyId");
}

#[test]
fn a_form_field_that_is_there_twice_is_refused() {
    let fields = [
        ("policy", "e30="),
        ("OSSAccessKeyId", "id"),
        ("Signature", "AAAAAAAAAAAAAAAAAAAAAAAAAAA="),
        ("Policy", "e31="),
    ];
    let error = oss_v1::PostClaim::parse(&fields).unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::Duplicate, "field policy")
    );
}

#[test]
fn a_time_with_a_sign_is_malformed() {
    let query = "OSSAccessKeyId=id&Expires=%2B1600000000&Signature=AAAAAAAAAAAAAAAAAAAAAAAAAAA%3D";
    let incoming = Incoming {
        method: "GET",
        path: "/k",
        query: Query::Raw(query),
        headers: &[],
        payload: Payload::Empty,
    };
    let error = oss_v1::Claim::parse(&incoming, Some("b"), Some("k")).unwrap_err();
    assert_eq!(error.field(), "parameter Expires");
    let headers = [
        ("X-VOD-TIMESTAMP", "+1519375990"),
        ("X-VOD-SIGNATURE", "c72b60894140fa98920f1279219b7ed4"),
    ];
    assert!(vod_callback::Claim::parse(&headers).is_err());
}

#[test]
fn a_form_parameter_shadows_the_query_for_signer_and_server() {
    let request = rpc_v1::Request {
        method: "POST",
        action: "A",
        version: "1",
        query: &[("Dup", "from-query")],
        form: &[("Dup", "from-form")],
        ..rpc_v1::Request::at(date(), "nonce")
    };
    let mut buffer = Buffer::new();
    let signed = rpc_v1::sign(&request, &key(), &mut buffer).unwrap();
    assert!(signed.query().contains("Dup=from-query") && signed.form() == "Dup=from-form");
    let (query, form) = (signed.query().to_owned(), signed.form().to_owned());
    let headers = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    let incoming = Incoming {
        method: "POST",
        path: "/",
        query: Query::Raw(&query),
        headers: &headers,
        payload: Payload::Bytes(form.as_bytes()),
    };
    let claim = rpc_v1::Claim::parse(&incoming).unwrap();
    assert_eq!(claim.parameter("Dup"), Some("from-form"));
    claim.verify(&key(), &mut Buffer::new()).unwrap();
}

#[test]
fn either_key_of_a_rotation_verifies_and_no_other() {
    let [new, old, other] = ["new", "old", "other"].map(|key| PrivateKey::new(key).unwrap());
    let url = "https://cb.example.com/x";
    let signed = vod_callback::sign(url, 1_519_375_990, &old).unwrap();
    let claim = vod_callback::Claim::parse(&signed.headers()).unwrap();
    assert_eq!(claim.timestamp(), 1_519_375_990);
    assert_eq!(claim.verify(url, &[&new, &old]).unwrap(), 1);
    assert!(claim.verify(url, &[&new, &other]).is_err());
    assert!(claim.verify(url, &[]).is_err());
    assert!(claim.verify("https://cb.example.com/y", &[&old]).is_err());

    let kind = cdn::Type::A {
        rand: "0",
        uid: "0",
    };
    let signed = cdn::sign("https://v.example.com/a.mp4?x=1", kind, date(), &old).unwrap();
    let claim = cdn::Claim::parse(signed.url(), cdn::Kind::A).unwrap();
    assert_eq!((claim.path(), claim.date()), ("/a.mp4", date()));
    assert_eq!(claim.verify(&[&new, &old]).unwrap(), 1);
    let tampered = signed.url().replace("a.mp4", "b.mp4");
    assert!(
        cdn::Claim::parse(&tampered, cdn::Kind::A)
            .unwrap()
            .verify(&[&new, &old])
            .is_err()
    );
}

fn date() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_303_800, 0).unwrap()
}

fn key() -> SigningKey {
    SigningKey::new("id", "secret").unwrap()
}

fn request() -> acs3::Request<'static> {
    acs3::Request {
        host: "h",
        action: "GetPlayInfo",
        version: "2017-03-21",
        query: &[("VideoId", "v")],
        payload: Payload::Bytes(BODY),
        ..acs3::Request::at(date(), "nonce")
    }
}

/// The headers that arrive, `authorization` last.
fn signed_headers(security_token: Option<&str>) -> Vec<(String, String)> {
    let request = acs3::Request {
        security_token,
        ..request()
    };
    let mut buffer = Buffer::new();
    let signed = acs3::sign(&request, &key(), &mut buffer).unwrap();
    let mut headers = vec![("host".to_owned(), "h".to_owned())];
    headers.extend(signed.headers().map(|(n, v)| (n.to_owned(), v.to_owned())));
    headers
}

fn borrow(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers
        .iter()
        .map(|(n, v)| (n.as_str(), v.as_str()))
        .collect()
}

fn incoming(headers: &[(String, String)]) -> Incoming<'_> {
    incoming_of(Vec::leak(borrow(headers)))
}

fn incoming_of<'a>(headers: &'a [(&'a str, &'a str)]) -> Incoming<'a> {
    Incoming {
        method: "POST",
        path: "/",
        query: Query::Raw("VideoId=v"),
        headers,
        payload: Payload::Bytes(BODY),
    }
}
