//! Compares what happened with what a scenario expects.

use std::path::Path;

use acs_core::Credentials;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::Value;
use sha1::Sha1;

use super::scenario::{Scenario, members, only_known, plain};
use super::world::{Seen, World};

const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

const CREDENTIAL_KEYS: [&str; 7] = [
    "access_key_id",
    "access_key_secret",
    "security_token",
    "bearer_token",
    "provider",
    "type",
    "expiration",
];
const CHECK_KEYS: [&str; 23] = [
    "request",
    "total",
    "file",
    "contains",
    "excludes",
    "lacks",
    "equals",
    "unchanged",
    "exists",
    "scheme",
    "host",
    "method",
    "path",
    "params",
    "query",
    "form",
    "headers",
    "absent_headers",
    "json",
    "body",
    "hmac_secret",
    "hmac_secret_mismatch",
    "session_name",
];

type Checked = Result<(), String>;

/// Compares the answer of one call.
pub(super) fn call(expected: &Value, answer: Result<&Credentials, &String>) -> Checked {
    only_known(expected, &["credential", "error"], "an expected call")?;
    match (expected.get("credential"), expected.get("error"), answer) {
        (Some(expected), None, Ok(given)) => credential(expected, given),
        (Some(_), None, Err(error)) => Err(format!(
            "credentials were expected, and there is an error: {error}"
        )),
        (None, Some(expected), Err(error)) => {
            only_known(expected, &["contains", "excludes"], "an expected error")?;
            texts(expected, error)
        }
        (None, Some(_), Ok(given)) => Err(format!(
            "an error was expected, and there are credentials: {given:?}"
        )),
        _ => Err("`expect` names neither a credential nor an error, or both".to_owned()),
    }
}

fn credential(expected: &Value, given: &Credentials) -> Checked {
    only_known(expected, &CREDENTIAL_KEYS, "an expected credential")?;
    let text = |name: &str| {
        expected
            .get(name)
            .filter(|value| !value.is_null())
            .map(plain)
    };
    let present = |value: &str| (!value.is_empty()).then(|| value.to_owned());
    // Whatever a credential is made of must be as expected; absent is as much a value as any other.
    for (name, given) in [
        ("access_key_id", present(given.access_key_id())),
        ("access_key_secret", present(given.access_key_secret())),
        ("security_token", given.security_token().map(str::to_owned)),
        ("bearer_token", given.bearer().map(str::to_owned)),
    ] {
        same(name, text(name), given)?;
    }
    if let Some(provider) = text("provider") {
        same(
            "provider",
            Some(provider),
            Some(given.provider().to_owned()),
        )?;
    }
    if let Some(kind) = text("type") {
        same("type", Some(kind), Some(kind_of(given).to_owned()))?;
    }
    if let Some(expiration) = expected.get("expiration").filter(|value| !value.is_null()) {
        let end = given.expires_at();
        let given = match expiration {
            Value::Number(_) => end.map(|end| end.timestamp().to_string()),
            _ => end.map(|end| end.format("%Y-%m-%dT%H:%M:%SZ").to_string()),
        };
        same("expiration", Some(plain(expiration)), given)?;
    }
    Ok(())
}

/// The type as the official SDKs name it, which is the outermost provider but for static credentials.
fn kind_of(given: &Credentials) -> &str {
    match given.provider().split('/').next().unwrap_or_default() {
        "static_ak" => "access_key",
        "static_sts" => "sts",
        other => other,
    }
}

/// Compares what is left when all calls are done: requests, files and the time taken.
pub(super) fn after(scenario: &Scenario, world: &World, taken_ms: u128) -> Checked {
    let seen = world.seen();
    if let Some(expected) = &scenario.requests {
        let given: Vec<String> = seen
            .iter()
            .map(|request| format!("{} {} {}", request.method, request.host, request.path))
            .collect();
        if *expected != given {
            return Err(format!(
                "requests {expected:?} were expected, and sent were {given:?}"
            ));
        }
    }
    for check in &scenario.checks {
        only_known(check, &CHECK_KEYS, "a check")?;
        if let Some(total) = check.get("total").and_then(Value::as_u64) {
            same(
                "total",
                Some(total.to_string()),
                Some(seen.len().to_string()),
            )?;
        } else if let Some(path) = check.get("file") {
            file(check, &plain(path), scenario)?;
        } else {
            let index = check
                .get("request")
                .and_then(Value::as_u64)
                .ok_or("a check is about nothing")?;
            let request = usize::try_from(index)
                .ok()
                .and_then(|index| seen.get(index));
            let request = request.ok_or_else(|| format!("there was no request {index}"))?;
            self::request(check, request).map_err(|reason| format!("request {index}: {reason}"))?;
        }
    }
    let Some(timing) = &scenario.timing else {
        return Ok(());
    };
    only_known(timing, &["min_ms", "max_ms"], "`timing`")?;
    let bound = |name: &str| timing.get(name).and_then(Value::as_u64).map(u128::from);
    if bound("min_ms").is_some_and(|least| taken_ms < least)
        || bound("max_ms").is_some_and(|most| taken_ms > most)
    {
        return Err(format!(
            "it took {taken_ms} ms, which is not within {timing}"
        ));
    }
    Ok(())
}

fn request(check: &Value, seen: &Seen) -> Checked {
    for (name, given) in [
        ("scheme", &seen.scheme),
        ("host", &seen.host),
        ("method", &seen.method),
        ("path", &seen.path),
    ] {
        if let Some(expected) = check.get(name) {
            same(name, Some(plain(expected)), Some(given.clone()))?;
        }
    }
    let in_list = |list: &[(String, String)], name: &str| {
        list.iter()
            .find(|(given, _)| given == name)
            .map(|(_, value)| value.clone())
    };
    for (name, expected) in members(check.get("params")) {
        same(
            &name,
            wanted(&expected),
            seen.parameter(&name).map(str::to_owned),
        )?;
    }
    for (name, expected) in members(check.get("query")) {
        same(&name, wanted(&expected), in_list(&seen.query, &name))?;
    }
    for (name, expected) in members(check.get("form")) {
        same(&name, wanted(&expected), in_list(&seen.form, &name))?;
    }
    for (name, expected) in members(check.get("headers")) {
        same(
            &name,
            wanted(&expected),
            seen.header(&name).map(str::to_owned),
        )?;
    }
    for name in strings(check.get("absent_headers")) {
        same(&name, None, seen.header(&name).map(str::to_owned))?;
    }
    for name in strings(check.get("lacks")) {
        same(&name, None, seen.parameter(&name).map(str::to_owned))?;
    }
    if let Some(expected) = check.get("json") {
        let given: Value =
            serde_json::from_slice(&seen.body).map_err(|_| "the body is not JSON")?;
        for (name, expected) in members(Some(expected)) {
            same(&name, Some(plain(&expected)), given.get(&name).map(plain))?;
        }
    }
    if let Some(expected) = check.get("body") {
        body(expected, &seen.body)?;
    }
    if check
        .get("session_name")
        .is_some_and(|value| value.as_bool() != Some(false))
    {
        let name = seen.parameter("RoleSessionName").unwrap_or_default();
        let digits = name
            .strip_prefix("credentials-")
            .and_then(|rest| rest.split_once('-'));
        if !digits.is_some_and(|(_, digits)| {
            !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
        }) {
            return Err(format!(
                "the session name `{name}` is not credentials-<lang>-<digits>"
            ));
        }
    }
    if let Some(secret) = check.get("hmac_secret")
        && !is_signed_with(seen, &plain(secret))
    {
        return Err("the signature is not that of the secret".to_owned());
    }
    if let Some(secret) = check.get("hmac_secret_mismatch")
        && is_signed_with(seen, &plain(secret))
    {
        return Err("the signature is that of the secret, and was expected not to be".to_owned());
    }
    Ok(())
}

/// A body is given as JSON, which is compared as such, or as a text.
fn body(expected: &Value, given: &[u8]) -> Checked {
    let is_same = match expected {
        Value::String(text) => given == text.as_bytes(),
        other => serde_json::from_slice::<Value>(given).is_ok_and(|given| given == *other),
    };
    if is_same {
        Ok(())
    } else {
        Err("the body is not as expected".to_owned())
    }
}

fn file(check: &Value, path: &str, scenario: &Scenario) -> Checked {
    let read = std::fs::read_to_string(Path::new(path));
    if let Some(exists) = check.get("exists").and_then(Value::as_bool) {
        return same(
            "exists",
            Some(exists.to_string()),
            Some(read.is_ok().to_string()),
        );
    }
    let text = read.map_err(|error| format!("the file {path}: {error}"))?;
    if let Some(expected) = check.get("equals") {
        let is_same = text == plain(expected)
            || serde_json::from_str::<Value>(&text).is_ok_and(|given| given == *expected);
        if !is_same {
            return Err(format!("the file {path} is not as expected"));
        }
    }
    if check.get("unchanged").and_then(Value::as_bool) == Some(true) {
        let before = scenario
            .files
            .iter()
            .find(|(name, _)| name == path)
            .map(|(_, bytes)| bytes.as_slice());
        if before != Some(text.as_bytes()) {
            return Err(format!("the file {path} was changed"));
        }
    }
    texts(check, &text).map_err(|reason| format!("the file {path}: {reason}"))
}

/// Looks for texts that must be there, and for those that must not.
fn texts(expected: &Value, given: &str) -> Checked {
    for text in strings(expected.get("contains")) {
        if !given.contains(&text) {
            return Err(format!("`{text}` is not in: {given}"));
        }
    }
    for text in strings(expected.get("excludes"))
        .into_iter()
        .chain(strings(expected.get("lacks")))
    {
        if given.contains(&text) {
            return Err(format!("`{text}` is in it, and must not be"));
        }
    }
    Ok(())
}

/// One text, or a list of them.
fn strings(value: Option<&Value>) -> Vec<String> {
    match value {
        None => Vec::new(),
        Some(Value::Array(list)) => list.iter().map(plain).collect(),
        Some(one) => vec![plain(one)],
    }
}

fn wanted(expected: &Value) -> Option<String> {
    (!expected.is_null()).then(|| plain(expected))
}

#[allow(
    clippy::needless_pass_by_value,
    reason = "every caller has made them for this"
)]
fn same(name: &str, expected: Option<String>, given: Option<String>) -> Checked {
    if expected == given {
        return Ok(());
    }
    Err(format!("`{name}` is {given:?}, expected was {expected:?}"))
}

/// Computes the RPC V1 signature anew, from what the server saw and without the signer that is tested.
fn is_signed_with(seen: &Seen, secret: &str) -> bool {
    let encode = |text: &str| utf8_percent_encode(text, UNRESERVED).to_string();
    let mut pairs: Vec<(&str, &str)> = seen
        .query
        .iter()
        .chain(&seen.form)
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .filter(|(name, _)| *name != "Signature")
        .collect();
    pairs.sort_unstable();
    let canonical: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{}={}", encode(name), encode(value)))
        .collect();
    let to_sign = format!("{}&%2F&{}", seen.method, encode(&canonical.join("&")));
    let Ok(mut mac) = Hmac::<Sha1>::new_from_slice(format!("{secret}&").as_bytes()) else {
        return false;
    };
    mac.update(to_sign.as_bytes());
    let signature = STANDARD.encode(mac.finalize().into_bytes());
    seen.parameter("Signature") == Some(&signature)
}
