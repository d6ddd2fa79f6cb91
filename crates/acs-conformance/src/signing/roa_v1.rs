//! ROA V1 (HMAC-SHA1).

use super::case::{Case, Pairs, decode_query, path_and_query, payload, without};
use acs_signer::roa_v1::{self, Claim, EmptyValues, Request};
use acs_signer::{Buffer, Incoming, Query, SigningKey, content_md5, date};

/// Headers that the signer writes.
const OWN: [&str; 8] = [
    "authorization",
    "x-acs-action",
    "x-acs-bearer-token",
    "x-acs-signature-method",
    "x-acs-signature-nonce",
    "x-acs-signature-type",
    "x-acs-signature-version",
    "x-acs-version",
];

pub(super) fn run(case: &Case<'_>) -> Result<(), String> {
    let given = case.pairs("headers")?;
    let has = |name: &str| given.iter().any(|(n, _)| n.eq_ignore_ascii_case(name));
    let header = |name: &str| {
        given
            .iter()
            .find(|(n, _)| n.eq_ignore_ascii_case(name))
            .map(|(_, v)| *v)
    };
    // With an STS token, the signer writes the AccessKey ID as well; one SDK sends the token only.
    let signer_writes_token = has("x-acs-accesskey-id");
    let mut headers = without(given.clone(), &OWN);
    if signer_writes_token {
        headers = without(headers, &["x-acs-accesskey-id", "x-acs-security-token"]);
    }
    // The date of a case may have a weekday of its own, which the signer would not write.
    let date_text = case.required("date")?;
    let date = date::parse_http(date_text).ok_or("input.date is no date")?;
    let query = case.pairs("query")?;
    let body = case.body()?;
    if let Some(md5) = header("content-md5")
        && md5 != content_md5(body.as_deref().unwrap_or_default())
    {
        return Err("content_md5 differs".to_owned());
    }
    let request = Request {
        method: case.required("method")?,
        path: case.required("path")?,
        query: &query,
        empty_values: match case.text("empty_query_value") {
            Some("key") => EmptyValues::Bare,
            _ => EmptyValues::WithEquals,
        },
        headers: &headers,
        action: if has("x-acs-action") {
            case.required("action")?
        } else {
            ""
        },
        version: case.required("version")?,
        security_token: case.text("security_token").filter(|_| signer_writes_token),
        ..Request::at(date, case.required("nonce")?)
    };
    let mut buffer = Buffer::new();
    if case.text("credential_type") == Some("bearer") {
        let token = case.required("bearer_token")?;
        let unsigned = roa_v1::bearer(&request, token, &mut buffer).map_err(|e| e.to_string())?;
        let added: Pairs<'_> = unsigned.headers().collect();
        return check_sent(&given, &headers, &added)
            .and_then(|()| check_url(case, unsigned.query()));
    }
    let key = SigningKey::new(
        case.required("access_key_id")?,
        case.required("access_key_secret")?,
    )
    .map_err(|e| e.to_string())?;
    let signed = roa_v1::sign(&request, &key, &mut buffer).map_err(|e| e.to_string())?;
    case.stage("string_to_sign", signed.string_to_sign())?;
    case.stage("signature", signed.signature())?;
    case.stage("authorization", signed.authorization())?;
    let mut added: Pairs<'_> = signed.headers().collect();
    let authorization = added.pop().into_iter();
    check_sent(&given, &headers, &added)?;
    check_url(case, signed.query())?;

    let sent: Pairs<'_> = headers
        .iter()
        .copied()
        .chain(added)
        .chain(authorization)
        .collect();
    let incoming = Incoming {
        method: request.method,
        path: request.path,
        query: Query::Raw(signed.query()),
        headers: &sent,
        payload: payload(body.as_deref()),
    };
    let claim = Claim::parse(&incoming).map_err(|e| format!("verification: {e}"))?;
    claim
        .verify(&key, &mut Buffer::new())
        .map_err(|e| format!("verification: {e}"))
}

/// What is sent is what the SDK sent.
fn check_sent(
    expected: &[(&str, &str)],
    headers: &[(&str, &str)],
    added: &[(&str, &str)],
) -> Result<(), String> {
    for (name, value) in expected {
        let sent = headers
            .iter()
            .chain(added)
            .find(|(n, _)| n.eq_ignore_ascii_case(name));
        match sent {
            Some((_, got)) if got.trim() == value.trim() => {}
            Some(_) => return Err(format!("request_headers.{name} differs")),
            None => return Err(format!("request_headers lacks {name}")),
        }
    }
    Ok(())
}

fn check_url(case: &Case<'_>, query: &str) -> Result<(), String> {
    match case.expected("url").as_str() {
        Some(url) if decode_query(path_and_query(url).1) != decode_query(query) => {
            Err("url: the query differs".to_owned())
        }
        _ => Ok(()),
    }
}
