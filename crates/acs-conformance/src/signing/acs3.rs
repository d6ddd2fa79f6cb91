//! ACS3-HMAC-SHA256.

use super::case::{Case, Pairs, decode_query, difference, payload, value_of, without};
use acs_signer::acs3::{self, Claim, Request, SignedHeaders, Style};
use acs_signer::{Buffer, Incoming, LineBreaks, Query, SigningKey, date};

/// Headers that the signer writes.
const OWN: [&str; 11] = [
    "authorization",
    "host",
    "x-acs-accesskey-id",
    "x-acs-action",
    "x-acs-bearer-token",
    "x-acs-content-sha256",
    "x-acs-date",
    "x-acs-security-token",
    "x-acs-signature-nonce",
    "x-acs-signature-type",
    "x-acs-version",
];

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let headers = if case.has("headers") {
        "headers"
    } else {
        "extra_headers"
    };
    let headers = without(case.pairs(headers)?, &OWN);
    let query = case.pairs("query")?;
    let body = case.body()?;
    let timestamp = case.required("timestamp")?;
    let date = date::parse_iso8601(timestamp).ok_or("input.timestamp is no date")?;
    let request = Request {
        method: case.required("method")?,
        host: case.required("host")?,
        path: case.required("path")?,
        query: &query,
        headers: &headers,
        payload: payload(body.as_deref()),
        action: case.required("action")?,
        version: case.required("version")?,
        security_token: case.text("security_token"),
        signed_headers: match case.text("signed_header_policy") {
            Some("all") => SignedHeaders::All,
            Some("acs") | None => SignedHeaders::Required,
            Some(other) => return Err(format!("input.signed_header_policy: {other} is unknown")),
        },
        line_breaks: LineBreaks::Encode,
        ..Request::at(date, case.required("nonce")?)
    };
    let style = match case.text("style") {
        Some("ROA") => Style::Roa,
        Some("RPC") | None => Style::Rpc,
        Some(other) => return Err(format!("input.style: {other} is unknown")),
    };
    let mut buffer = Buffer::new();
    match case.text("credential_type") {
        Some("bearer") => {
            let token = case.required("bearer_token")?;
            let unsigned =
                acs3::bearer(&request, style, token, &mut buffer).map_err(|e| e.to_string())?;
            check_unsigned(case, &request, &unsigned)
        }
        Some("anonymous") => {
            let unsigned =
                acs3::anonymous(&request, style, &mut buffer).map_err(|e| e.to_string())?;
            check_unsigned(case, &request, &unsigned)
        }
        Some("access_key" | "sts") | None => check_signed(case, &request, &mut buffer),
        Some(other) => Err(format!("input.credential_type: {other} is unknown")),
    }
}

fn check_signed(case: &Case<'_>, request: &Request<'_>, buffer: &mut Buffer) -> Result<(), String> {
    let key = SigningKey::new(
        case.required("access_key_id")?,
        case.required("access_key_secret")?,
    )
    .map_err(|e| e.to_string())?;
    let signed = acs3::sign(request, &key, buffer).map_err(|e| e.to_string())?;
    let own: Pairs<'_> = signed
        .headers()
        .filter(|(name, _)| *name != "authorization")
        .collect();
    let mut sent = sent_headers(request, &own);
    check_common(case, &sent)?;
    case.stage("canonical_request", signed.canonical_request())?;
    case.stage("signed_headers", signed.signed_headers())?;
    let hash = signed.string_to_sign().lines().last().unwrap_or_default();
    case.stage("hashed_canonical_request", hash)?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("signature", signed.signature())?;
    case.stage("authorization", signed.authorization())?;

    sent.push(("authorization", signed.authorization()));
    let incoming = Incoming {
        method: request.method,
        path: request.path,
        query: Query::Raw(signed.query()),
        headers: &sent,
        payload: request.payload,
    };
    let claim = Claim::parse(&incoming).map_err(|e| format!("verification: {e}"))?;
    claim
        .verify(&key, &mut Buffer::new())
        .map_err(|e| format!("verification: {e}"))
}

fn check_unsigned(
    case: &Case<'_>,
    request: &Request<'_>,
    unsigned: &acs3::Unsigned<'_>,
) -> Result<(), String> {
    let own: Pairs<'_> = unsigned.headers().collect();
    check_common(case, &sent_headers(request, &own))?;
    if own.iter().any(|(name, _)| *name == "authorization") {
        return Err("authorization is sent, which is not expected".to_owned());
    }
    let query = decode_query(unsigned.query());
    let query: Pairs<'_> = query
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect();
    case.map_stage("request_query", &query, &[])
}

fn check_common(case: &Case<'_>, sent: &[(&str, &str)]) -> Result<(), String> {
    let hash = sent
        .iter()
        .find(|(name, _)| *name == "x-acs-content-sha256");
    case.stage("content_sha256", hash.map_or("", |(_, value)| value))?;
    // The SDKs send values as given and sign them trimmed: what they send is compared trimmed, too.
    if let Some(expected) = case.expected("request_headers").as_object() {
        for (name, value) in expected {
            let value = value.as_str().unwrap_or_default();
            match value_of(sent, name) {
                Some(got) if got.trim() == value.trim() => {}
                Some(got) => {
                    return Err(difference(&format!("request_headers.{name}"), value, got));
                }
                None => return Err(format!("request_headers lacks {name}")),
            }
        }
        if sent.len() != expected.len() {
            return Err("request_headers has more than is expected".to_owned());
        }
    }
    Ok(())
}

fn sent_headers<'a>(request: &Request<'a>, own: &[(&'a str, &'a str)]) -> Pairs<'a> {
    let mut sent = request.headers.to_vec();
    sent.push(("host", request.host));
    sent.extend(own);
    sent
}
