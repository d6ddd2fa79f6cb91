//! RPC V1 (HMAC-SHA1).

use super::case::{Case, Pairs, decode_query, path_and_query};
use acs_signer::rpc_v1::{self, Carrier, Claim, Request};
use acs_signer::{Buffer, Incoming, LineBreaks, Payload, Query, SigningKey, date};

/// Parameters that the signer writes.
const OWN: [&str; 10] = [
    "AccessKeyId",
    "Action",
    "BearerToken",
    "Format",
    "SecurityToken",
    "SignatureMethod",
    "SignatureNonce",
    "SignatureVersion",
    "Timestamp",
    "Version",
];

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let params = case.pairs("params")?;
    let param = |name: &str| {
        params
            .iter()
            .find(|(n, _)| *n == name)
            .map(|(_, value)| *value)
    };
    let bearer = case.text("credential_type") == Some("bearer");
    let own: &[&str] = if bearer { &["SignatureType"] } else { &[] };
    let own = [&OWN[..], own].concat();
    // Names that differ in case only are different parameters: `action` is the caller's.
    let business: Pairs<'_> = params
        .iter()
        .copied()
        .filter(|(name, _)| !own.contains(name))
        .collect();
    let form = case.pairs("form")?;
    let carrier = match case.text("params_carried_in") {
        Some("form") => Carrier::Form,
        _ => Carrier::Query,
    };
    let (query, form) = match carrier {
        Carrier::Query => (business, form),
        Carrier::Form => (Vec::new(), [business, form].concat()),
    };
    let timestamp = case.required("timestamp")?;
    let date = date::parse_iso8601(timestamp).ok_or("input.timestamp is no date")?;
    let request = Request {
        method: case.required("method")?,
        action: case.required("action")?,
        version: case.required("version")?,
        format: param("Format").unwrap_or("JSON"),
        query: &query,
        form: &form,
        carrier,
        security_token: case.text("security_token"),
        line_breaks: LineBreaks::Encode,
        ..Request::at(date, case.required("nonce")?)
    };
    let mut buffer = Buffer::new();
    if bearer {
        let token = case.required("bearer_token")?;
        let unsigned = rpc_v1::bearer(&request, token, &mut buffer).map_err(|e| e.to_string())?;
        return check_sent(case, unsigned.query(), unsigned.form());
    }
    let key = SigningKey::new(
        case.required("access_key_id")?,
        case.required("access_key_secret")?,
    )
    .map_err(|e| e.to_string())?;
    let signed = rpc_v1::sign(&request, &key, &mut buffer).map_err(|e| e.to_string())?;
    case.stage("canonical_query", signed.canonical_query())?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("signature", signed.signature())?;
    check_sent(case, signed.query(), signed.form())?;

    let headers: Pairs<'_> = vec![("content-type", "application/x-www-form-urlencoded")];
    let incoming = Incoming {
        method: request.method,
        path: case.text("path").unwrap_or("/"),
        query: Query::Raw(signed.query()),
        headers: &headers,
        payload: Payload::Bytes(signed.form().as_bytes()),
    };
    let claim = Claim::parse(&incoming).map_err(|e| format!("verification: {e}"))?;
    claim
        .verify(&key, &mut Buffer::new())
        .map_err(|e| format!("verification: {e}"))
}

fn check_sent(case: &Case<'_>, query: &str, form: &str) -> Result<(), String> {
    if let Some(url) = case.expected("url").as_str()
        && decode_query(path_and_query(url).1) != decode_query(query)
    {
        return Err("url: the query differs".to_owned());
    }
    match case.expected("body").as_str() {
        Some(body) if decode_query(body) != decode_query(form) => Err("body differs".to_owned()),
        _ => Ok(()),
    }
}
