//! The request of the table. Ours signs that of the benches; what is here is the same for the peers.

#[path = "../../benches/fixture/mod.rs"]
pub mod ours;

pub use ours::{BUCKET, EXPIRES, HOST, KEY_ID, NONCE, OBJECT, QUERY, REGION, RPC_QUERY, SECRET};

/// 2026-11-21T23:30:00Z, as the schemes spell it.
pub const ISO: &str = "2026-11-21T23:30:00Z";
pub const BASIC: &str = "20261121T233000Z";
pub const HTTP_DATE: &str = "Sat, 21 Nov 2026 23:30:00 GMT";

pub const OSS_HOST: &str = "examplebucket.oss-cn-hangzhou.aliyuncs.com";

/// Headers of a request to AWS, as many and as long as those of ACS3.
pub const AWS_HEADERS: [(&str, &str); 6] = [
    ("content-type", "application/x-www-form-urlencoded"),
    ("host", HOST),
    ("x-amz-meta-action", "CreateUploadVideo"),
    ("x-amz-meta-date", ISO),
    ("x-amz-meta-nonce", NONCE),
    ("x-amz-meta-version", "2017-03-21"),
];

/// The encoded query, for peers that take a URL.
pub fn query(pairs: &[(&str, &str)]) -> String {
    let pairs = pairs.iter().map(|(name, value)| {
        let encode = acs_signer::percent_encode;
        format!("{}={}", encode(name), encode(value))
    });
    pairs.collect::<Vec<_>>().join("&")
}
