//! Peers that sign RPC V1. A peer that returns its signature is held to ours before it is timed.

use crate::Row;
use crate::fixture::{self, ours};
use acs_signer::Buffer;
use alibaba_cloud_sdk_rust::sdk::auth::credentials::AccessKeyCredential;
use alibaba_cloud_sdk_rust::sdk::auth::singers::{NewSignerWithCredential, signRpcRequest};
use alibaba_cloud_sdk_rust::sdk::requests::{BaseRequestExt as _, RpcRequest};
use alibabacloud::signing::calculate_signature;
use std::collections::BTreeMap;
use std::hint::black_box;

pub fn rows() -> Vec<Row> {
    let own = [
        ("AccessKeyId", fixture::KEY_ID),
        ("Action", "CreateUploadVideo"),
        ("Format", "JSON"),
        ("SignatureMethod", "HMAC-SHA1"),
        ("SignatureNonce", fixture::NONCE),
        ("SignatureVersion", "1.0"),
        ("Timestamp", fixture::ISO),
        ("Version", "2017-03-21"),
    ];
    let parameters: BTreeMap<String, String> = own
        .iter()
        .chain(&fixture::RPC_QUERY)
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    let mut buffer = Buffer::new();
    let signed = acs_signer::rpc_v1::sign(&ours::rpc_v1(), &ours::key(), &mut buffer).unwrap();
    assert_eq!(
        calculate_signature(&parameters, fixture::SECRET),
        signed.signature(),
        "alibabacloud signs another request"
    );
    vec![
        Row::peer(
            "rpc_v1",
            "alibabacloud 0.1.1",
            "less: its parameters are sorted and its date is written already, signature only",
            move || calculate_signature(black_box(&parameters), fixture::SECRET).len(),
        ),
        Row::peer(
            "rpc_v1",
            "alibaba-cloud-sdk-rust 0.1.18",
            "more: builds its request, the clock, a nonce",
            || {
                let mut request = RpcRequest::default();
                request.InitWithApiInfo("vod", "2017-03-21", "CreateUploadVideo", "vod", "openAPI");
                for (name, value) in black_box(fixture::RPC_QUERY) {
                    request.addQueryParam(name, value);
                }
                let credential = AccessKeyCredential {
                    AccessKeyId: fixture::KEY_ID.to_owned(),
                    AccessKeySecret: fixture::SECRET.to_owned(),
                };
                let signer = NewSignerWithCredential(credential).unwrap();
                signRpcRequest(&mut request, Some(Box::new(signer)), fixture::REGION).unwrap();
                request.GetQueryParams()["Signature"].len()
            },
        ),
    ]
}
