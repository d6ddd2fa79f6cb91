//! Peers that bring an HTTP stack.

use crate::{Row, fixture, row};
use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;

pub fn rows() -> Vec<Row> {
    let mut rows = vec![alibabacloud(), alibaba_cloud_sdk_rust(), aliyun_oss(), aliyun_oss_rust_sdk()];
    rows.extend(ali_acs());
    rows
}

/// All parameters of RPC V1, those of the signer as well.
fn rpc_parameters() -> BTreeMap<String, String> {
    let request = fixture::rpc_v1();
    let date = acs_signer::date::iso8601(request.date).unwrap().to_string();
    let own = [
        ("AccessKeyId", fixture::KEY_ID),
        ("Action", request.action),
        ("Format", request.format),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", fixture::NONCE),
        ("SignatureVersion", "1.0"),
        ("Timestamp", &date),
        ("Version", request.version),
    ];
    own.iter().chain(request.query).map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
}

fn alibabacloud() -> Row {
    let parameters = rpc_parameters();
    row("rpc_v1", "alibabacloud 0.1.1", "the signature alone, of a sorted map", move || {
        black_box(alibabacloud::signing::calculate_signature(black_box(&parameters), fixture::SECRET));
    })
}

fn alibaba_cloud_sdk_rust() -> Row {
    use alibaba_cloud_sdk_rust::sdk::auth::{credentials::AccessKeyCredential, singers};
    use alibaba_cloud_sdk_rust::sdk::requests::{BaseRequestExt, RpcRequest};
    row("rpc_v1", "alibaba-cloud-sdk-rust 0.1.18", "builds its request; makes date and nonce", || {
        let mut request = RpcRequest::default();
        request.InitWithApiInfo("vod", "2017-03-21", "CreateUploadVideo", "vod", "openAPI");
        for (name, value) in fixture::rpc_v1().query {
            request.addQueryParam(name, value);
        }
        let credential = AccessKeyCredential {
            AccessKeyId: fixture::KEY_ID.into(),
            AccessKeySecret: fixture::SECRET.into(),
        };
        let signer = singers::NewSignerWithCredential(credential).unwrap();
        singers::signRpcRequest(&mut request, Some(Box::new(signer)), fixture::REGION).unwrap();
        black_box(&request);
    })
}

fn aliyun_oss() -> Row {
    use aliyun_oss::config::credentials::Credentials;
    use aliyun_oss::signer::v4::{SigningRequest, V4Signer};
    let credentials = Credentials::builder()
        .access_key_id(fixture::KEY_ID)
        .access_key_secret(fixture::SECRET)
        .build()
        .unwrap();
    let uri = format!("/{}/{}", fixture::BUCKET, fixture::OBJECT);
    let date = acs_signer::date::iso8601_basic(fixture::date()).unwrap();
    row("oss_v4", "aliyun-oss 0.2.0", "the header value alone; derives the key", move || {
        let mut headers = fixture::oss_v4().headers.to_vec();
        headers.push(("x-oss-content-sha256", "UNSIGNED-PAYLOAD"));
        headers.push(("x-oss-date", &date));
        let request = SigningRequest {
            method: "PUT",
            uri: &uri,
            region: fixture::REGION,
            query_params: fixture::oss_v4().query.to_vec(),
            headers,
            body_hash: "UNSIGNED-PAYLOAD",
            timestamp: &date,
        };
        black_box(V4Signer.sign(black_box(&request), &credentials).unwrap());
    })
}

fn aliyun_oss_rust_sdk() -> Row {
    use aliyun_oss_rust_sdk::auth::AuthAPI;
    use aliyun_oss_rust_sdk::oss::OSS;
    use aliyun_oss_rust_sdk::request::{RequestBuilder, RequestType};
    let oss = OSS::new(fixture::KEY_ID, fixture::SECRET, "https://oss-cn-hangzhou.aliyuncs.com", fixture::BUCKET);
    let request = fixture::oss_v1();
    let mut builder = RequestBuilder::new().with_content_type("video/mp4");
    builder.method = RequestType::Put;
    builder.headers.insert("date".into(), acs_signer::date::http(request.date).unwrap().to_string());
    for (name, value) in &request.headers[1..] {
        builder = builder.oss_header_put(name, value);
    }
    for (name, value) in request.query {
        builder = builder.parameters_put(name, value);
    }
    let key = format!("/{}", fixture::OBJECT);
    row("oss_v1", "aliyun-oss-rust-sdk 0.2.2", "the header value alone", move || {
        black_box(oss.oss_sign(&key, black_box(&builder)));
    })
}

/// Its signer is private, so this is the public call, up to a resolver that refuses; take the row below away.
fn ali_acs() -> [Row; 2] {
    use ali_acs::AccessKeySecret;
    use ali_acs::sms::{Connection, Endpoint, SendCardSms};
    let connection = Connection::with_client(
        Endpoint::CnHangzhou,
        AccessKeySecret::new(fixture::KEY_ID, fixture::SECRET),
        refusing_client(),
    );
    let value = |i: usize| fixture::QUERY[i].1.to_owned();
    let request = move || {
        SendCardSms::new(Vec::new(), value(0), value(1), value(2))
            .sms_template_code(value(3))
            .sms_up_extend_code(value(4))
            .digital_template_code(value(5))
            .out_id(value(6))
            .sms_template_param(value(7))
            .digital_template_param(value(8))
            .template_code(value(9))
            .template_param(value(10))
    };
    let (signing, sending) = (runtime(), runtime());
    let client = refusing_client();
    let url = {
        let mut buffer = acs_signer::Buffer::new();
        let signed = acs_signer::acs3::sign(&fixture::acs3(), &fixture::key(), &mut buffer).unwrap();
        format!("https://dysmsapi.aliyuncs.com/?{}", signed.query())
    };
    [
        row("acs3", "ali-acs 0.8.0", "the whole call up to a refused look-up, 11 parameters", move || {
            assert!(signing.block_on(connection.send_card_sms(request())).is_err());
        }),
        row("acs3", "(the same client, unsigned)", "to be taken away from ali-acs", move || {
            let mut call = client.post(url.as_str());
            for (name, value) in [("x-acs-action", "SendCardSms"), ("x-acs-version", "2017-05-25")] {
                call = call.header(name, value);
            }
            assert!(sending.block_on(call.body("").send()).is_err());
        }),
    ]
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap()
}

/// A client that looks nothing up and so sends nothing.
fn refusing_client() -> reqwest::Client {
    struct Refuse;
    impl reqwest::dns::Resolve for Refuse {
        fn resolve(&self, _: reqwest::dns::Name) -> reqwest::dns::Resolving {
            Box::pin(std::future::ready(Err("nothing is looked up here".into())))
        }
    }
    reqwest::Client::builder().dns_resolver(Arc::new(Refuse)).no_proxy().build().unwrap()
}
