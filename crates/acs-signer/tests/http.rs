//! Signing an `http::Request` in place.
#![allow(clippy::unwrap_used, reason = "not a library")]
#![cfg(feature = "http")]

use acs_signer::http::{Acs3, OssV4, sign_acs3, sign_oss_v4};
use acs_signer::oss_v4::ScopedKey;
use acs_signer::{Buffer, ErrorKind, Incoming, Payload, Query, SigningKey, acs3, oss_v4};
use chrono::DateTime;
use http::Request;

const CALL: Acs3<'_> = Acs3 {
    action: "GetPlayInfo",
    version: "2017-03-21",
    date: DateTime::UNIX_EPOCH,
    nonce: "nonce",
    payload: Payload::Bytes(b"body"),
    security_token: Some("token"),
};

#[test]
fn a_signed_request_verifies_and_can_be_signed_anew() {
    let mut request = Request::post("https://h.example.com:8443/?Title=a+b&A=%E4%B8%AD")
        .header("content-type", "text/plain")
        .header("user-agent", "u")
        .body(())
        .unwrap();
    for nonce in ["first", "second"] {
        sign_acs3(
            &mut request,
            &Acs3 { nonce, ..CALL },
            &key(),
            &mut Buffer::new(),
        )
        .unwrap();
        assert_eq!(
            request.uri(),
            "https://h.example.com:8443/?A=%E4%B8%AD&Title=a%20b"
        );
        assert!(request.headers()["authorization"].is_sensitive());
        let mut headers = headers(&request);
        headers.push(("host".to_owned(), "h.example.com:8443".to_owned()));
        let pairs: Vec<_> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let claim = acs3::Claim::parse(&incoming(&request, &pairs)).unwrap();
        assert_eq!(claim.nonce(), nonce);
        claim.verify(&key(), &mut Buffer::new()).unwrap();
    }
}

#[test]
fn the_host_is_signed_as_clients_send_it() {
    for (uri, host) in [
        ("https://h.example.com:443/", "h.example.com"),
        ("http://h.example.com:80/", "h.example.com"),
        ("https://h.example.com:80/", "h.example.com:80"),
        ("https://u:p@h.example.com/", "h.example.com"),
        ("https://[::1]:443/", "[::1]"),
        ("https://[::1]/", "[::1]"),
    ] {
        let mut request = Request::post(uri).body(()).unwrap();
        sign_acs3(&mut request, &CALL, &key(), &mut Buffer::new()).unwrap();
        let mut headers = headers(&request);
        headers.push(("host".to_owned(), host.to_owned()));
        let pairs: Vec<_> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let claim = acs3::Claim::parse(&incoming(&request, &pairs)).unwrap();
        claim.verify(&key(), &mut Buffer::new()).unwrap();
    }
}

#[test]
fn a_request_is_unchanged_on_failure() {
    let mut request = Request::post("https://h/?b=1&a=2&b=3")
        .header("x-acs-meta", "v")
        .body(())
        .unwrap();
    let before = (request.uri().clone(), request.headers().clone());
    let error = sign_acs3(&mut request, &CALL, &key(), &mut Buffer::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Duplicate);
    assert_eq!((request.uri().clone(), request.headers().clone()), before);

    let mut request = Request::post("/?a=1").body(()).unwrap();
    let error = sign_acs3(&mut request, &CALL, &key(), &mut Buffer::new()).unwrap_err();
    assert_eq!((error.kind(), error.field()), (ErrorKind::Missing, "host"));
    assert!(request.headers().is_empty());
}

#[test]
fn an_oss_request_keeps_its_style() {
    let scoped = ScopedKey::new(&key(), DateTime::UNIX_EPOCH, "cn-hangzhou", "oss").unwrap();
    let call = OssV4 {
        bucket: Some("examplebucket"),
        key: Some("a b.mp4"),
        date: DateTime::UNIX_EPOCH,
        security_token: None,
    };
    for (uri, signed_uri) in [
        (
            "https://examplebucket.oss.example.com/a%20b.mp4?acl",
            "https://examplebucket.oss.example.com/a%20b.mp4?acl",
        ),
        (
            "http://127.0.0.1:9/examplebucket/a%20b.mp4",
            "http://127.0.0.1:9/examplebucket/a%20b.mp4",
        ),
    ] {
        let mut request = Request::put(uri)
            .header("content-type", "video/mp4")
            .body(())
            .unwrap();
        sign_oss_v4(&mut request, &call, &scoped, &mut Buffer::new()).unwrap();
        assert_eq!(request.uri(), signed_uri);
        let headers = headers(&request);
        let pairs: Vec<_> = headers
            .iter()
            .map(|(n, v)| (n.as_str(), v.as_str()))
            .collect();
        let claim =
            oss_v4::Claim::parse(&incoming(&request, &pairs), call.bucket, call.key).unwrap();
        claim.verify(&key(), &mut Buffer::new()).unwrap();
    }
}

fn key() -> SigningKey {
    SigningKey::new("id", "secret").unwrap()
}

fn headers(request: &Request<()>) -> Vec<(String, String)> {
    let text = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    request
        .headers()
        .iter()
        .map(|(name, value)| (name.to_string(), text(value)))
        .collect()
}

fn incoming<'a>(request: &'a Request<()>, headers: &'a [(&'a str, &'a str)]) -> Incoming<'a> {
    Incoming {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: Query::Raw(request.uri().query().unwrap_or_default()),
        headers,
        payload: Payload::Bytes(b"body"),
    }
}
