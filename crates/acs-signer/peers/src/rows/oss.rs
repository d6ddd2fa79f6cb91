//! Peers that sign for OSS. A peer that takes its date from the caller is held to our signature before it is timed.

use crate::Row;
use crate::fixture::{self, ours};
use futures_util::FutureExt as _;
use reqsign_aliyun_oss::{Credential, RequestSigner, SigningVersion};
use reqsign_core::{Context, SignRequest as _};
use std::hint::black_box;
use std::time::Duration;

pub fn rows() -> Vec<Row> {
    let mut rows = vec![
        reqsign("oss_v1", SigningVersion::V1, false),
        reqsign("oss_v4", SigningVersion::V4, false),
        reqsign("oss_v4_presign", SigningVersion::V4, true),
        rusty_oss(),
    ];
    #[cfg(feature = "http-stacks")]
    rows.push(aliyun_oss());
    #[cfg(feature = "openssl")]
    rows.push(aliyun_oss_rust_sdk());
    rows
}

fn reqsign(scheme: &'static str, version: SigningVersion, presigns: bool) -> Row {
    let request = ours::oss_v4();
    let signer = RequestSigner::new(fixture::BUCKET)
        .with_region(fixture::REGION)
        .with_signing_version(version);
    let credential = Credential {
        access_key_id: fixture::KEY_ID.to_owned(),
        access_key_secret: fixture::SECRET.to_owned(),
        ..Credential::default()
    };
    let query = fixture::query(request.query);
    let url = format!("https://{}/{}?{query}", fixture::OSS_HOST, fixture::OBJECT);
    let mut builder = http::Request::builder().method("PUT").uri(url);
    for (name, value) in request.headers {
        builder = builder.header(*name, *value);
    }
    let (unsigned, ()) = builder.body(()).unwrap().into_parts();
    let mut head = unsigned.clone();
    let context = Context::new();
    let expires = presigns.then(|| Duration::from_secs(fixture::EXPIRES.into()));
    let note = if presigns {
        "less: its URL is encoded and parsed already; more: a clone of the head, the clock"
    } else {
        "less: its URL is encoded and parsed already, one head again and again; more: the clock"
    };
    Row::peer(scheme, "reqsign-aliyun-oss 3.2.0", note, move || {
        if presigns {
            head.clone_from(&unsigned);
        }
        signer
            .sign_request(&context, black_box(&mut head), Some(&credential), expires)
            .now_or_never()
            .unwrap()
            .unwrap();
        head.headers.len()
    })
}

fn rusty_oss() -> Row {
    let request = ours::oss_v4();
    let url = format!("https://{}/{}", fixture::OSS_HOST, fixture::OBJECT);
    let url: url::Url = url.parse().unwrap();
    let date = time::OffsetDateTime::from_unix_timestamp(request.date.timestamp()).unwrap();
    Row::peer(
        "oss_v4_presign",
        "rusty-oss 0.2.1",
        "less: its path is encoded already; more: a clone of the parsed URL",
        move || {
            rusty_oss::signing::sign(
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
            )
            .as_str()
            .len()
        },
    )
}

#[cfg(feature = "http-stacks")]
fn aliyun_oss() -> Row {
    use aliyun_oss::config::credentials::Credentials;
    use aliyun_oss::signer::v4::{SigningRequest, V4Signer};

    let credentials = Credentials::builder()
        .access_key_id(fixture::KEY_ID)
        .access_key_secret(fixture::SECRET)
        .build()
        .unwrap();
    let path = format!("/{}/{}", fixture::BUCKET, fixture::OBJECT);
    let request = ours::oss_v4();
    let sign = move || {
        let mut headers = black_box(request.headers).to_vec();
        headers.push(("x-oss-content-sha256", "UNSIGNED-PAYLOAD"));
        headers.push(("x-oss-date", fixture::BASIC));
        let request = SigningRequest {
            method: request.method,
            uri: &path,
            region: fixture::REGION,
            query_params: request.query.to_vec(),
            headers,
            body_hash: "UNSIGNED-PAYLOAD",
            timestamp: fixture::BASIC,
        };
        V4Signer.sign(&request, &credentials).unwrap()
    };
    let mut buffer = acs_signer::Buffer::new();
    let signed =
        acs_signer::oss_v4::sign(&ours::oss_v4(), &ours::scoped_key(), &mut buffer).unwrap();
    assert!(
        sign().ends_with(signed.signature()),
        "aliyun-oss signs another request"
    );
    Row::peer(
        "oss_v4",
        "aliyun-oss 0.2.0",
        "less: its path is encoded and its date written already, header value only",
        move || sign().len(),
    )
}

#[cfg(feature = "openssl")]
fn aliyun_oss_rust_sdk() -> Row {
    use aliyun_oss_rust_sdk::auth::AuthAPI as _;
    use aliyun_oss_rust_sdk::oss::OSS;
    use aliyun_oss_rust_sdk::request::{RequestBuilder, RequestType};

    let request = ours::oss_v1();
    let endpoint = "https://oss-cn-hangzhou.aliyuncs.com";
    let oss = OSS::new(fixture::KEY_ID, fixture::SECRET, endpoint, fixture::BUCKET);
    let mut builder = RequestBuilder::new().with_content_type("video/mp4");
    builder.method = RequestType::Put;
    builder
        .headers
        .insert("date".to_owned(), fixture::HTTP_DATE.to_owned());
    for (name, value) in &request.headers[1..] {
        builder = builder.oss_header_put(*name, *value);
    }
    for (name, value) in request.query {
        builder = builder.parameters_put(*name, *value);
    }
    let key = format!("/{}", fixture::OBJECT);
    Row::peer(
        "oss_v1",
        "aliyun-oss-rust-sdk 0.2.2",
        "less: its date is written already, header value only, which is wrong for 2 x-oss headers or more",
        move || oss.oss_sign(&key, black_box(&builder)).len(),
    )
}
