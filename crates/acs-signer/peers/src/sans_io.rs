//! Peers that sign without an HTTP stack.

use crate::{Row, fixture, row};
use acs_signer::percent_encode;
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use futures_util::FutureExt;
use reqsign_aliyun_oss::{Credential, RequestSigner, SigningVersion};
use reqsign_core::{Context, SignRequest};
use std::hint::black_box;
use std::time::{Duration, SystemTime};

pub fn rows() -> Vec<Row> {
    vec![
        reqsign("oss_v1", SigningVersion::V1, None),
        reqsign("oss_v4", SigningVersion::V4, None),
        reqsign("oss_v4_presign", SigningVersion::V4, Some(Duration::from_secs(fixture::EXPIRES.into()))),
        rusty_oss(),
        aws_sigv4(),
    ]
}

fn object_url() -> String {
    let host = "oss-cn-hangzhou.aliyuncs.com";
    format!("https://{}.{host}/{}", fixture::BUCKET, fixture::OBJECT)
}

fn query_string(pairs: &[(&str, &str)]) -> String {
    let pair = |(name, value): &(&str, &str)| format!("{}={}", percent_encode(name), percent_encode(value));
    pairs.iter().map(pair).collect::<Vec<_>>().join("&")
}

fn reqsign(scheme: &'static str, version: SigningVersion, expires: Option<Duration>) -> Row {
    let signer = RequestSigner::new(fixture::BUCKET)
        .with_region(fixture::REGION)
        .with_signing_version(version);
    let credential = Credential {
        access_key_id: fixture::KEY_ID.into(),
        access_key_secret: fixture::SECRET.into(),
        ..Default::default()
    };
    let request = fixture::oss_v4();
    let uri = format!("{}?{}", object_url(), query_string(request.query));
    let mut builder = http::Request::put(uri);
    for (name, value) in request.headers {
        builder = builder.header(*name, *value);
    }
    let unsigned = builder.body(()).unwrap().into_parts().0;
    let mut head = unsigned.clone();
    let context = Context::new();
    row(scheme, "reqsign-aliyun-oss 3.2.0", "an `http` head in place; reads the clock", move || {
        if expires.is_some() {
            // A presigned head cannot be presigned again.
            head = unsigned.clone();
        }
        signer
            .sign_request(&context, black_box(&mut head), Some(&credential), expires)
            .now_or_never()
            .expect("it awaits nothing")
            .unwrap();
    })
}

fn rusty_oss() -> Row {
    let url: url::Url = object_url().parse().unwrap();
    let request = fixture::oss_v4();
    let date = time::OffsetDateTime::from_unix_timestamp(request.date.timestamp()).unwrap();
    row("oss_v4_presign", "rusty-oss 0.2.1", "a `Url`; derives the key", move || {
        let signed = rusty_oss::signing::sign(
            &date,
            rusty_oss::Method::Put,
            url.clone(),
            fixture::KEY_ID,
            fixture::SECRET,
            None,
            fixture::REGION,
            fixture::EXPIRES.into(),
            black_box(request.query).iter().copied(),
            request.headers.iter().copied(),
        );
        black_box(signed);
    })
}

/// SigV4 on a request of the same size: the best-known signer of this kind.
fn aws_sigv4() -> Row {
    let request = fixture::acs3();
    let uri = format!("https://{}/?{}", fixture::HOST, query_string(request.query));
    let identity: Identity = Credentials::new(fixture::KEY_ID, fixture::SECRET, None, None, "peers").into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_secs(request.date.timestamp() as u64);
    let headers = [
        ("content-type", "application/x-www-form-urlencoded"),
        ("host", fixture::HOST),
        ("x-amz-meta-action", "CreateUploadVideo"),
        ("x-amz-meta-nonce", fixture::NONCE),
        ("x-amz-meta-version", "2017-03-21"),
    ];
    row("acs3", "aws-sigv4 1.6.4", "SigV4, for comparison; derives the key, no hash of an empty body", move || {
        let parameters = v4::SigningParams::builder()
            .identity(&identity)
            .region(fixture::REGION)
            .name("vod")
            .time(time)
            .settings(SigningSettings::default())
            .build()
            .unwrap()
            .into();
        let request =
            SignableRequest::new("GET", uri.as_str(), black_box(headers).into_iter(), SignableBody::Bytes(b""));
        black_box(sign(request.unwrap(), &parameters).unwrap());
    })
}
