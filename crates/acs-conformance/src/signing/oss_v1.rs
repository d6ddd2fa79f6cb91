//! OSS V1: header, presigned URL, PostObject.

use super::case::{Case, Pairs, path_and_query, sorted, without};
use acs_signer::oss_v1::{self, Claim, DateHeader, PostClaim, Request};
use acs_signer::{Buffer, Incoming, Payload, Query, SigningKey};
use chrono::DateTime;

/// Headers that the signer writes.
const OWN: [&str; 4] = [
    "authorization",
    "date",
    "x-oss-date",
    "x-oss-security-token",
];

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let key = SigningKey::new(
        case.required("access_key_id")?,
        case.required("access_key_secret")?,
    )
    .map_err(|e| e.to_string())?;
    if case.text("mode") == Some("post_policy") {
        return check_post_policy(case, &key);
    }
    let date = DateTime::from_timestamp(case.number("timestamp")?, 0)
        .ok_or("input.timestamp is no date")?;
    let query = case.pairs("query")?;
    let headers = without(case.pairs("headers")?, &OWN);
    let request = Request {
        method: case.required("method")?,
        bucket: case.text("bucket"),
        key: case.text("key"),
        query: &query,
        headers: &headers,
        date_header: match case.text("x_oss_date") {
            Some(_) => DateHeader::XOssDate,
            None => DateHeader::Date,
        },
        security_token: case.text("security_token"),
        ..Request::at(date)
    };
    match case.text("mode") {
        Some("header") => check_header(case, &request, &key),
        Some("presign") => check_presign(case, &request, &key),
        _ => Err("input.mode is not known".to_owned()),
    }
}

fn check_header(case: &Case<'_>, request: &Request<'_>, key: &SigningKey) -> Result<(), String> {
    let mut buffer = Buffer::new();
    let signed = oss_v1::sign(request, key, &mut buffer).map_err(|e| e.to_string())?;
    let mut sent: Pairs<'_> = request.headers.to_vec();
    for (name, value) in signed.headers() {
        sent.push((name, value));
    }
    let authorization = sent.pop();
    case.map_stage("request_headers", &sent, &[])?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("signature", signed.signature())?;
    case.stage("authorization", signed.authorization())?;
    sent.extend(authorization);
    verify(request, signed.path(), signed.query(), &sent, key)
}

fn check_presign(case: &Case<'_>, request: &Request<'_>, key: &SigningKey) -> Result<(), String> {
    let expires = u32::try_from(case.number("expires_in")?)
        .map_err(|_| "input.expires_in is out of range")?;
    let mut buffer = Buffer::new();
    let presigned =
        oss_v1::presign(request, expires, key, &mut buffer).map_err(|e| e.to_string())?;
    case.stage("string_to_sign", presigned.string_to_sign())?;
    case.stage("signature", presigned.signature())?;
    if let Some(url) = case.expected("url").as_str() {
        let (path, query) = path_and_query(url);
        // An encoded slash of a key is the same key; SDKs send either.
        if path.replace("%2F", "/") != presigned.path() {
            return Err(format!(
                "url: the path is {:?}, expected {path:?}",
                presigned.path()
            ));
        }
        if sorted(query) != sorted(presigned.query()) {
            return Err("url: the query differs".to_owned());
        }
    }
    verify(
        request,
        presigned.path(),
        presigned.query(),
        request.headers,
        key,
    )
}

fn check_post_policy(case: &Case<'_>, key: &SigningKey) -> Result<(), String> {
    let policy = case.required("policy_base64")?;
    let signed = oss_v1::post_policy(policy, key).map_err(|e| e.to_string())?;
    case.stage("string_to_sign", policy)?;
    case.stage("signature", signed.signature())?;
    let mut fields = vec![("policy", policy)];
    fields.extend(signed.fields());
    fields.extend(
        case.text("security_token")
            .map(|token| ("x-oss-security-token", token)),
    );
    case.map_stage("form_fields", &fields, &[])?;
    PostClaim::parse(&fields)
        .map_err(|e| format!("verification: {e}"))?
        .verify(key)
        .map_err(|e| format!("verification: {e}"))
}

fn verify(
    request: &Request<'_>,
    path: &str,
    query: &str,
    headers: &[(&str, &str)],
    key: &SigningKey,
) -> Result<(), String> {
    let incoming = Incoming {
        method: request.method,
        path,
        query: Query::Raw(query),
        headers,
        payload: Payload::Empty,
    };
    let claim = Claim::parse(&incoming, request.bucket, request.key)
        .map_err(|e| format!("verification: {e}"))?;
    claim
        .verify(key, &mut Buffer::new())
        .map_err(|e| format!("verification: {e}"))
}
