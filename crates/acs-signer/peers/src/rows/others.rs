//! Signers of other schemes: SigV4 on a request of the size of ACS3's, whose construction it shares, and Log Service.

use crate::Row;
use crate::fixture::{self, ours};
use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use futures_util::FutureExt as _;
use reqsign_core::{Context, SignRequest as _};
use std::hint::black_box;
use std::time::SystemTime;

pub fn rows() -> Vec<Row> {
    vec![aws_sigv4(), reqsign(), log_service()]
}

fn url() -> String {
    format!(
        "https://{}/?{}",
        fixture::HOST,
        fixture::query(&fixture::QUERY)
    )
}

fn aws_sigv4() -> Row {
    let url = url();
    let date = SystemTime::from(ours::date());
    let identity: Identity =
        Credentials::new(fixture::KEY_ID, fixture::SECRET, None, None, "table").into();
    Row::peer(
        "sigv4",
        "aws-sigv4 1.6.4",
        "another scheme, the same size; less: its query is encoded already; more: derives its key",
        move || {
            let parameters = v4::SigningParams::builder()
                .identity(&identity)
                .region(fixture::REGION)
                .name("vod")
                .time(date)
                .settings(SigningSettings::default())
                .build()
                .unwrap()
                .into();
            let headers = black_box(fixture::AWS_HEADERS).into_iter();
            let request =
                SignableRequest::new("GET", url.as_str(), headers, SignableBody::Bytes(b""));
            sign(request.unwrap(), &parameters)
                .unwrap()
                .into_parts()
                .1
                .len()
        },
    )
}

fn reqsign() -> Row {
    let signer = reqsign_aws_v4::RequestSigner::new("vod", fixture::REGION);
    let credential = reqsign_aws_v4::Credential {
        access_key_id: fixture::KEY_ID.to_owned(),
        secret_access_key: fixture::SECRET.to_owned(),
        ..reqsign_aws_v4::Credential::default()
    };
    let mut builder = http::Request::builder().method("GET").uri(url());
    for (name, value) in fixture::AWS_HEADERS {
        builder = builder.header(name, value);
    }
    let (mut head, ()) = builder.body(()).unwrap().into_parts();
    let context = Context::new();
    Row::peer(
        "sigv4",
        "reqsign-aws-v4 3.3.1",
        "another scheme, the same size; less: its query is encoded already, one head again and again; more: derives its key, the clock",
        move || {
            signer
                .sign_request(&context, black_box(&mut head), Some(&credential), None)
                .now_or_never()
                .unwrap()
                .unwrap();
            head.headers.len()
        },
    )
}

fn log_service() -> Row {
    let mut headers = http::HeaderMap::new();
    headers.insert(
        "content-type",
        http::HeaderValue::from_static("application/json"),
    );
    Row::peer(
        "sls_v1",
        "aliyun-log-sdk-sign 0.2.2",
        "another scheme, HMAC-SHA1 over 2 parameters; more: the clock",
        move || {
            aliyun_log_sdk_sign::sign_v1(
                fixture::KEY_ID,
                fixture::SECRET,
                None,
                http::Method::GET,
                "/logstores/a/logs",
                &mut headers,
                black_box(ours::oss_v4().query).to_vec().into(),
                None,
            )
            .unwrap()
            .len()
        },
    )
}
