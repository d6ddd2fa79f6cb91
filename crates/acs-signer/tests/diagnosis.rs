//! What a `SignatureDoesNotMatch` is traced to.
#![allow(clippy::unwrap_used, reason = "not a library")]

use acs_signer::Scheme;
use acs_signer::diagnosis::{Cause, diagnose, server_string_to_sign};

#[test]
fn equal_strings_mean_a_wrong_secret() {
    let diagnosis = diagnose(Scheme::OssV1, "GET\n\n\nd\n/b/k", "GET\n\n\nd\n/b/k");
    assert_eq!(
        (diagnosis.line(), diagnosis.part(), diagnosis.cause()),
        (None, "nothing", Cause::WrongSecret)
    );
}

#[test]
fn the_differing_line_is_named_in_every_scheme() {
    let acs3 = "POST\n/\nA=1&B=2\nhost:h\nx-acs-action:A\n\nhost;x-acs-action\nhash";
    let oss_v4 =
        "OSS4-HMAC-SHA256\n20231127T111821Z\n20231127/cn-hangzhou/oss/aliyun_v4_request\nhash";
    let roa = "GET\napplication/json\nmd5\ntype\ndate\nx-acs-version:1\n/p?a=1&b=2";
    let oss_v1 = "PUT\nmd5\ntype\ndate\nx-oss-meta-a:1\n/b/k?acl";
    let rpc = "GET&%2F&Action%3DA%26Title%3Da%2520b";
    for (scheme, ours, (from, to), line, part, cause) in [
        (
            Scheme::Acs3,
            acs3,
            ("POST", "GET"),
            1,
            "method",
            Cause::Method,
        ),
        (
            Scheme::Acs3,
            acs3,
            ("\n/\n", "\n/x\n"),
            2,
            "path",
            Cause::Path,
        ),
        (
            Scheme::Acs3,
            acs3,
            ("B=2", "B=3"),
            3,
            "parameter B",
            Cause::Parameter,
        ),
        (
            Scheme::Acs3,
            acs3,
            ("&B=2", ""),
            3,
            "parameter B",
            Cause::Parameter,
        ),
        (
            Scheme::Acs3,
            acs3,
            ("host:h", "host:h:80"),
            4,
            "header host",
            Cause::Header,
        ),
        (
            Scheme::Acs3,
            acs3,
            ("x-acs-action:A\n\n", "x-acs-action:A\nx-acs-z:1\n\n"),
            6,
            "header x-acs-z",
            Cause::Header,
        ),
        (
            Scheme::Acs3,
            acs3,
            ("\nhash", "\nhush"),
            8,
            "payload hash",
            Cause::Payload,
        ),
        (
            Scheme::OssV4,
            oss_v4,
            ("111821Z", "111822Z"),
            2,
            "date",
            Cause::Date,
        ),
        (
            Scheme::OssV4,
            oss_v4,
            ("cn-hangzhou", "cn-beijing"),
            3,
            "scope",
            Cause::Scope,
        ),
        (
            Scheme::OssV4,
            oss_v4,
            ("\nhash", "\nhush"),
            4,
            "hash of the canonical request",
            Cause::CanonicalRequest,
        ),
        (
            Scheme::RoaV1,
            roa,
            ("\nmd5", "\n"),
            3,
            "header content-md5",
            Cause::Payload,
        ),
        (
            Scheme::RoaV1,
            roa,
            ("version:1", "version:2"),
            6,
            "header x-acs-version",
            Cause::Header,
        ),
        (
            Scheme::RoaV1,
            roa,
            ("b=2", "b="),
            7,
            "parameter b",
            Cause::Parameter,
        ),
        (
            Scheme::OssV1,
            oss_v1,
            ("\ndate", "\n"),
            4,
            "date",
            Cause::Date,
        ),
        (
            Scheme::OssV1,
            oss_v1,
            ("/b/k", "/k"),
            6,
            "path",
            Cause::Path,
        ),
        (
            Scheme::RpcV1,
            rpc,
            ("GET", "POST"),
            1,
            "method",
            Cause::Method,
        ),
        (
            Scheme::RpcV1,
            rpc,
            ("%2520", "%252B"),
            1,
            "parameter Title",
            Cause::Parameter,
        ),
        (
            Scheme::RpcV1,
            rpc,
            (rpc, "nonsense"),
            1,
            "string to sign",
            Cause::Unknown,
        ),
    ] {
        let diagnosis = diagnose(scheme, ours, &ours.replace(from, to));
        assert_eq!(
            (diagnosis.line(), diagnosis.part(), diagnosis.cause()),
            (Some(line), part, cause),
            "{scheme:?} {from}"
        );
        assert!(diagnosis.to_string().starts_with(part));
    }
}

#[test]
fn no_value_is_shown() {
    let ours = "PUT\n\n\ndate\nx-oss-security-token:top-secret\n/b/k";
    let diagnosis = diagnose(
        Scheme::OssV1,
        ours,
        &ours.replace("top-secret", "other-secret"),
    );
    assert_eq!(diagnosis.part(), "header x-oss-security-token");
    assert!(!format!("{diagnosis} {diagnosis:?}").contains("secret:"));
    assert!(!format!("{diagnosis} {diagnosis:?}").contains("top-secret"));
}

#[test]
fn the_servers_string_is_found_in_both_kinds_of_message() {
    let openapi = "Specified signature is not matched with our calculation. server string to sign is:GET&%2F&A";
    assert_eq!(server_string_to_sign(openapi), Some("GET&%2F&A".into()));
    let oss = "<Error><Code>SignatureDoesNotMatch</Code><StringToSign>GET\n\n\nd\n/b/k</StringToSign></Error>";
    assert_eq!(server_string_to_sign(oss), Some("GET\n\n\nd\n/b/k".into()));
    let entities = "<StringToSign>/b/k?partNumber=1&amp;uploadId=&lt;&amp;lt;</StringToSign>";
    assert_eq!(
        server_string_to_sign(entities),
        Some("/b/k?partNumber=1&uploadId=<&lt;".into())
    );
    assert_eq!(
        server_string_to_sign("Specified access key is not found."),
        None
    );
}
