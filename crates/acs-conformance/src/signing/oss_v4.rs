//! OSS V4: header, presigned URL, PostObject.

use super::case::{Case, Pairs, path_and_query, sorted, without};
use acs_signer::oss_v4::{self, Claim, PostClaim, Request, ScopedKey};
use acs_signer::{Buffer, Incoming, LineBreaks, Payload, Query, SigningKey};
use chrono::DateTime;

/// Headers that the signer writes.
const OWN: [&str; 4] = [
    "authorization",
    "x-oss-content-sha256",
    "x-oss-date",
    "x-oss-security-token",
];

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let signing_key = SigningKey::new(
        case.required("access_key_id")?,
        case.required("access_key_secret")?,
    )
    .map_err(|e| e.to_string())?;
    let date = DateTime::from_timestamp(case.number("timestamp")?, 0)
        .ok_or("input.timestamp is no date")?;
    let key = ScopedKey::new(
        &signing_key,
        date,
        case.required("region")?,
        case.required("product")?,
    )
    .map_err(|e| e.to_string())?;
    if case.text("mode") == Some("post_policy") {
        return check_post_policy(case, &signing_key, &key, date);
    }
    let query = case.pairs("query")?;
    let headers = without(case.pairs("headers")?, &OWN);
    let additional: Vec<&str> = case
        .input("additional_headers")
        .as_array()
        .map(|names| names.iter().filter_map(|name| name.as_str()).collect())
        .unwrap_or_default();
    let request = Request {
        method: case.required("method")?,
        bucket: case.text("bucket"),
        key: case.text("key"),
        query: &query,
        headers: &headers,
        additional_headers: &additional,
        security_token: case.text("security_token"),
        line_breaks: LineBreaks::Encode,
        ..Request::at(date)
    };
    match case.text("mode") {
        Some("header") => check_header(case, &request, &signing_key, &key),
        Some("presign") => check_presign(case, &request, &signing_key, &key),
        _ => Err("input.mode is not known".to_owned()),
    }
}

fn check_header(
    case: &Case<'_>,
    request: &Request<'_>,
    signing_key: &SigningKey,
    key: &ScopedKey,
) -> Result<(), String> {
    let mut buffer = Buffer::new();
    let signed = oss_v4::sign(request, key, &mut buffer).map_err(|e| e.to_string())?;
    let mut sent: Pairs<'_> = request.headers.to_vec();
    for (name, value) in signed
        .headers()
        .filter(|(name, _)| *name != "authorization")
    {
        sent.push((name, value));
    }
    // Not signed: a server that finds `x-oss-date` does not look at it.
    case.map_stage("request_headers", &sent, &["date"])?;
    case.stage("canonical_request", signed.canonical_request())?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("signature", signed.signature())?;
    case.stage("authorization", signed.authorization())?;

    sent.push(("authorization", signed.authorization()));
    verify(request, signed.path(), signed.query(), &sent, signing_key)
}

fn check_presign(
    case: &Case<'_>,
    request: &Request<'_>,
    signing_key: &SigningKey,
    key: &ScopedKey,
) -> Result<(), String> {
    let expires = u32::try_from(case.number("expires_in")?)
        .map_err(|_| "input.expires_in is out of range")?;
    let mut buffer = Buffer::new();
    let presigned =
        oss_v4::presign(request, expires, key, &mut buffer).map_err(|e| e.to_string())?;
    case.stage("canonical_request", presigned.canonical_request())?;
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
        let bare = |pair: &&str| pair.strip_suffix('=').unwrap_or(pair).to_owned();
        let (expected, got) = (sorted(query), sorted(presigned.query()));
        if expected.iter().map(bare).ne(got.iter().map(bare)) {
            return Err("url: the query differs".to_owned());
        }
    }
    verify(
        request,
        presigned.path(),
        presigned.query(),
        request.headers,
        signing_key,
    )
}

fn check_post_policy(
    case: &Case<'_>,
    signing_key: &SigningKey,
    key: &ScopedKey,
    date: DateTime<chrono::Utc>,
) -> Result<(), String> {
    let policy = case.required("policy_base64")?;
    let signed = oss_v4::post_policy(policy, date, key).map_err(|e| e.to_string())?;
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
        .verify(signing_key)
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
