//! What cannot be signed is refused, with an error that names the field and not its value.
#![allow(clippy::unwrap_used, reason = "not a library")]

use acs_signer::oss_v4::ScopedKey;
use acs_signer::{Buffer, Error, ErrorKind, LineBreaks, PrivateKey, SigningKey};
use acs_signer::{acs3, cdn, oss_v1, oss_v4, roa_v1, rpc_v1};
use chrono::DateTime;

/// Stands for any value: no error may show it.
const VALUE: &str = "top-secret-value";

#[test]
fn an_empty_key_is_refused() {
    for (id, secret, field) in [("", "s", "access key id"), ("i", "", "access key secret")] {
        let error = SigningKey::new(id, secret).unwrap_err();
        assert_eq!((error.kind(), error.field()), (ErrorKind::Empty, field));
    }
    let error = SigningKey::new("i", "top-secret-value\n").unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ControlCharacter);
    assert_silent(&error);
    assert_eq!(PrivateKey::new("").unwrap_err().kind(), ErrorKind::Empty);
}

#[test]
fn line_breaks_in_headers_are_refused_by_every_scheme() {
    for control in ['\r', '\n', '\0'] {
        let value = format!("{VALUE}{control}x-acs-action:Other");
        for name in ["x-acs-meta", "content-type", "user-agent"] {
            let headers = [(name, value.as_str())];
            let error = sign_acs3(&acs3::Request {
                headers: &headers,
                ..acs3()
            })
            .unwrap_err();
            assert_named(&error, ErrorKind::ControlCharacter, name);
            let error = sign_roa_v1(&roa_v1::Request {
                headers: &headers,
                ..roa_v1()
            })
            .unwrap_err();
            assert_named(&error, ErrorKind::ControlCharacter, name);
        }
        for name in ["x-oss-meta-a", "content-type", "user-agent"] {
            let headers = [(name, value.as_str())];
            let error = sign_oss_v4(&oss_v4::Request {
                headers: &headers,
                ..oss_v4()
            })
            .unwrap_err();
            assert_named(&error, ErrorKind::ControlCharacter, name);
            let error = sign_oss_v1(&oss_v1::Request {
                headers: &headers,
                ..oss_v1()
            })
            .unwrap_err();
            assert_named(&error, ErrorKind::ControlCharacter, name);
        }
        for request in [
            acs3::Request {
                host: &value,
                ..acs3()
            },
            acs3::Request {
                action: &value,
                ..acs3()
            },
            acs3::Request {
                version: &value,
                ..acs3()
            },
            acs3::Request {
                nonce: &value,
                ..acs3()
            },
            acs3::Request {
                security_token: Some(&value),
                ..acs3()
            },
        ] {
            let error = sign_acs3(&request).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ControlCharacter);
            assert_silent(&error);
        }
    }
}

#[test]
fn line_breaks_in_parameters_are_refused_unless_they_are_asked_for() {
    for control in ['\r', '\n', '\0'] {
        let value = format!("{VALUE}{control}");
        let query = [("A", "1"), ("Title", value.as_str())];
        let kind = ErrorKind::ControlCharacter;
        assert_named(
            &sign_acs3(&acs3::Request {
                query: &query,
                ..acs3()
            })
            .unwrap_err(),
            kind,
            "Title",
        );
        assert_named(
            &sign_rpc_v1(&rpc_v1::Request {
                query: &query,
                ..rpc_v1()
            })
            .unwrap_err(),
            kind,
            "Title",
        );
        assert_named(
            &sign_rpc_v1(&rpc_v1::Request {
                form: &query,
                ..rpc_v1()
            })
            .unwrap_err(),
            kind,
            "Title",
        );
        assert_named(
            &sign_oss_v4(&oss_v4::Request {
                query: &query,
                ..oss_v4()
            })
            .unwrap_err(),
            kind,
            "Title",
        );
        assert_named(
            &sign_roa_v1(&roa_v1::Request {
                query: &query,
                ..roa_v1()
            })
            .unwrap_err(),
            kind,
            "Title",
        );
        assert_named(
            &sign_oss_v1(&oss_v1::Request {
                query: &query,
                ..oss_v1()
            })
            .unwrap_err(),
            kind,
            "Title",
        );
        let line_breaks = LineBreaks::Encode;
        assert!(
            sign_acs3(&acs3::Request {
                query: &query,
                line_breaks,
                ..acs3()
            })
            .is_ok()
        );
        assert!(
            sign_rpc_v1(&rpc_v1::Request {
                query: &query,
                line_breaks,
                ..rpc_v1()
            })
            .is_ok()
        );
        assert!(
            sign_oss_v4(&oss_v4::Request {
                query: &query,
                line_breaks,
                ..oss_v4()
            })
            .is_ok()
        );

        let key = Some(value.as_str());
        assert_named(
            &sign_oss_v4(&oss_v4::Request { key, ..oss_v4() }).unwrap_err(),
            kind,
            "key",
        );
        assert_named(
            &sign_oss_v1(&oss_v1::Request { key, ..oss_v1() }).unwrap_err(),
            kind,
            "key",
        );
    }
}

#[test]
fn header_names_that_are_no_tokens_are_refused() {
    for name in ["", "x acs", "x-acs:", "x-acs-\n", "x-acs-é", "x(acs)"] {
        let headers = [(name, VALUE)];
        let error = sign_acs3(&acs3::Request {
            headers: &headers,
            ..acs3()
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAToken, "{name:?}");
        assert_silent(&error);
        assert!(!error.to_string().contains('\n'));
        let error = sign_oss_v4(&oss_v4::Request {
            headers: &headers,
            ..oss_v4()
        })
        .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotAToken, "{name:?}");
    }
    let error = sign_acs3(&acs3::Request {
        method: "GET /",
        ..acs3()
    })
    .unwrap_err();
    assert_named(&error, ErrorKind::NotAToken, "method");
}

#[test]
fn duplicate_parameters_are_refused_and_names_that_differ_in_case_are_not() {
    let query = [("Title", VALUE), ("A", "1"), ("Title", "2")];
    let kind = ErrorKind::Duplicate;
    assert_named(
        &sign_acs3(&acs3::Request {
            query: &query,
            ..acs3()
        })
        .unwrap_err(),
        kind,
        "Title",
    );
    assert_named(
        &sign_rpc_v1(&rpc_v1::Request {
            query: &query,
            ..rpc_v1()
        })
        .unwrap_err(),
        kind,
        "Title",
    );
    assert_named(
        &sign_rpc_v1(&rpc_v1::Request {
            form: &query,
            ..rpc_v1()
        })
        .unwrap_err(),
        kind,
        "Title",
    );
    assert_named(
        &sign_roa_v1(&roa_v1::Request {
            query: &query,
            ..roa_v1()
        })
        .unwrap_err(),
        kind,
        "Title",
    );
    assert_named(
        &sign_oss_v1(&oss_v1::Request {
            query: &query,
            ..oss_v1()
        })
        .unwrap_err(),
        kind,
        "Title",
    );
    assert_named(
        &sign_oss_v4(&oss_v4::Request {
            query: &query,
            ..oss_v4()
        })
        .unwrap_err(),
        kind,
        "Title",
    );
    let query = [("key", "1"), ("Key", "2"), ("KEY", "3")];
    assert!(
        sign_acs3(&acs3::Request {
            query: &query,
            ..acs3()
        })
        .is_ok()
    );

    // Long names that begin alike, so that the whole name has to be compared.
    let query = [
        ("TemplateGroupId", "1"),
        ("TemplateGroupIe", "2"),
        ("TemplateGroupId", "3"),
    ];
    assert_named(
        &sign_acs3(&acs3::Request {
            query: &query,
            ..acs3()
        })
        .unwrap_err(),
        kind,
        "TemplateGroupId",
    );
    let many: Vec<_> = (0..100).map(|i| format!("SameBeginning{i:03}")).collect();
    let mut query: Vec<_> = many.iter().map(|name| (name.as_str(), "v")).collect();
    assert!(
        sign_acs3(&acs3::Request {
            query: &query,
            ..acs3()
        })
        .is_ok()
    );
    query.push(("SameBeginning042", "v"));
    assert_named(
        &sign_acs3(&acs3::Request {
            query: &query,
            ..acs3()
        })
        .unwrap_err(),
        kind,
        "SameBeginning042",
    );
}

#[test]
fn what_the_signer_writes_itself_is_refused_from_the_caller() {
    for name in [
        "Host",
        "x-acs-date",
        "X-Acs-Security-Token",
        "authorization",
    ] {
        let headers = [(name, VALUE)];
        let error = sign_acs3(&acs3::Request {
            headers: &headers,
            ..acs3()
        })
        .unwrap_err();
        assert_named(&error, ErrorKind::Reserved, name);
    }
    for name in ["Action", "Timestamp", "Signature", "AccessKeyId"] {
        let query = [(name, VALUE)];
        let error = sign_rpc_v1(&rpc_v1::Request {
            query: &query,
            ..rpc_v1()
        })
        .unwrap_err();
        assert_named(&error, ErrorKind::Reserved, name);
        let error = sign_rpc_v1(&rpc_v1::Request {
            form: &query,
            ..rpc_v1()
        })
        .unwrap_err();
        assert_named(&error, ErrorKind::Reserved, name);
    }
    let query = [("x-oss-expires", VALUE)];
    let request = oss_v4::Request {
        query: &query,
        ..oss_v4()
    };
    let error = oss_v4::presign(&request, 60, &scoped(), &mut Buffer::new())
        .map(|_| ())
        .unwrap_err();
    assert_named(&error, ErrorKind::Reserved, "x-oss-expires");
}

#[test]
fn what_the_sdks_sign_in_different_ways_is_refused() {
    for path in ["/a+b", "/a*b", "/%7Eb"] {
        let error = sign_acs3(&acs3::Request { path, ..acs3() }).unwrap_err();
        assert_named(&error, ErrorKind::Disputed, "path");
    }
    let query = [("a b", VALUE)];
    assert_named(
        &sign_acs3(&acs3::Request {
            query: &query,
            ..acs3()
        })
        .unwrap_err(),
        ErrorKind::Disputed,
        "a b",
    );
    let query = [("a", "")];
    assert_named(
        &sign_roa_v1(&roa_v1::Request {
            query: &query,
            ..roa_v1()
        })
        .unwrap_err(),
        ErrorKind::Disputed,
        "a",
    );
}

#[test]
fn missing_fields_are_named() {
    for (request, field) in [
        (
            acs3::Request {
                method: "",
                ..acs3()
            },
            "method",
        ),
        (acs3::Request { host: "", ..acs3() }, "host"),
        (
            acs3::Request {
                action: "",
                ..acs3()
            },
            "action",
        ),
        (
            acs3::Request {
                version: "",
                ..acs3()
            },
            "version",
        ),
        (
            acs3::Request {
                nonce: "",
                ..acs3()
            },
            "nonce",
        ),
    ] {
        assert_named(&sign_acs3(&request).unwrap_err(), ErrorKind::Empty, field);
    }
    let error = sign_oss_v4(&oss_v4::Request {
        bucket: None,
        ..oss_v4()
    })
    .unwrap_err();
    assert_named(&error, ErrorKind::Empty, "bucket");
    let error = sign_oss_v4(&oss_v4::Request {
        bucket: Some("a/b"),
        ..oss_v4()
    })
    .unwrap_err();
    assert_named(&error, ErrorKind::Malformed, "bucket");
    assert_named(
        &sign_acs3(&acs3::Request {
            path: "a b",
            ..acs3()
        })
        .unwrap_err(),
        ErrorKind::Malformed,
        "path",
    );
}

#[test]
fn a_scoped_key_signs_on_its_own_day_only() {
    let key = scoped();
    let next_day = DateTime::UNIX_EPOCH + chrono::Duration::days(1);
    assert!(key.covers(DateTime::UNIX_EPOCH) && !key.covers(next_day));
    let request = oss_v4::Request {
        date: next_day,
        ..oss_v4()
    };
    let error = oss_v4::sign(&request, &key, &mut Buffer::new())
        .map(|_| ())
        .unwrap_err();
    assert_named(&error, ErrorKind::OutOfRange, "date");
    for expires in [0, 604_801] {
        let error = oss_v4::presign(&oss_v4(), expires, &key, &mut Buffer::new())
            .map(|_| ())
            .unwrap_err();
        assert_named(&error, ErrorKind::OutOfRange, "expires");
    }
}

#[test]
fn years_that_have_no_four_digits_are_refused() {
    let date = DateTime::from_timestamp(253_402_300_800, 0).unwrap(); // 10000-01-01
    assert_named(
        &sign_acs3(&acs3::Request { date, ..acs3() }).unwrap_err(),
        ErrorKind::OutOfRange,
        "date",
    );
}

#[test]
fn cdn_urls_that_would_be_read_another_way_are_refused() {
    let key = PrivateKey::new("key").unwrap();
    for (rand, uid, field) in [
        ("a-b", "0", "rand"),
        ("0", "1&x=2", "uid"),
        ("", "0", "rand"),
    ] {
        let kind = cdn::Type::A { rand, uid };
        let error = cdn::sign("http://a.b/c", kind, DateTime::UNIX_EPOCH, &key)
            .map(|_| ())
            .unwrap_err();
        assert_eq!(error.field(), field);
    }
    for url in [
        "",
        "http:///a",
        "http://a.b/c d",
        "http://a.b/c#d",
        "http://a.b/é",
    ] {
        assert!(
            cdn::sign(url, cdn::Type::B, DateTime::UNIX_EPOCH, &key).is_err(),
            "{url}"
        );
    }
}

fn acs3() -> acs3::Request<'static> {
    acs3::Request {
        host: "h",
        action: "A",
        version: "1",
        ..acs3::Request::at(DateTime::UNIX_EPOCH, "n")
    }
}

fn rpc_v1() -> rpc_v1::Request<'static> {
    rpc_v1::Request {
        action: "A",
        version: "1",
        ..rpc_v1::Request::at(DateTime::UNIX_EPOCH, "n")
    }
}

fn roa_v1() -> roa_v1::Request<'static> {
    roa_v1::Request {
        version: "1",
        ..roa_v1::Request::at(DateTime::UNIX_EPOCH, "n")
    }
}

fn oss_v1() -> oss_v1::Request<'static> {
    oss_v1::Request {
        bucket: Some("b"),
        key: Some("k"),
        ..oss_v1::Request::at(DateTime::UNIX_EPOCH)
    }
}

fn oss_v4() -> oss_v4::Request<'static> {
    oss_v4::Request {
        bucket: Some("b"),
        key: Some("k"),
        ..oss_v4::Request::at(DateTime::UNIX_EPOCH)
    }
}

fn key() -> SigningKey {
    SigningKey::new("id", "secret").unwrap()
}

fn scoped() -> ScopedKey {
    ScopedKey::new(&key(), DateTime::UNIX_EPOCH, "cn-hangzhou", "oss").unwrap()
}

fn sign_acs3(request: &acs3::Request<'_>) -> Result<(), Error> {
    acs3::sign(request, &key(), &mut Buffer::new()).map(|_| ())
}

fn sign_rpc_v1(request: &rpc_v1::Request<'_>) -> Result<(), Error> {
    rpc_v1::sign(request, &key(), &mut Buffer::new()).map(|_| ())
}

fn sign_roa_v1(request: &roa_v1::Request<'_>) -> Result<(), Error> {
    roa_v1::sign(request, &key(), &mut Buffer::new()).map(|_| ())
}

fn sign_oss_v1(request: &oss_v1::Request<'_>) -> Result<(), Error> {
    oss_v1::sign(request, &key(), &mut Buffer::new()).map(|_| ())
}

fn sign_oss_v4(request: &oss_v4::Request<'_>) -> Result<(), Error> {
    oss_v4::sign(request, &scoped(), &mut Buffer::new()).map(|_| ())
}

fn assert_named(error: &Error, kind: ErrorKind, name: &str) {
    assert_eq!(error.kind(), kind, "{error}");
    assert!(error.field().contains(name), "{error} does not name {name}");
    assert_silent(error);
}

fn assert_silent(error: &Error) {
    assert!(!format!("{error} {error:?}").contains(VALUE), "{error}");
}

#[test]
fn a_header_of_a_line_of_its_own_is_refused_twice() {
    let headers = [("content-type", "a/b"), ("Content-Type", "c/d")];
    let duplicate = |error: Error| (error.kind(), error.field().to_owned());
    let expected = (ErrorKind::Duplicate, "header content-type".to_owned());
    let roa = roa_v1::Request {
        version: "1",
        headers: &headers,
        ..roa_v1::Request::at(DateTime::UNIX_EPOCH, "n")
    };
    let error = roa_v1::sign(&roa, &key(), &mut Buffer::new()).unwrap_err();
    assert_eq!(duplicate(error), expected);
    let oss = oss_v1::Request {
        headers: &headers,
        ..oss_v1::Request::at(DateTime::UNIX_EPOCH)
    };
    let error = oss_v1::sign(&oss, &key(), &mut Buffer::new()).unwrap_err();
    assert_eq!(duplicate(error), expected);
}
