//! The keys of a session as services write them in JSON.

use acs_core::Credentials;
use chrono::{DateTime, Utc};
use http::HeaderMap;
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::failure::Failure;
use crate::providers::RawKeys;

/// Reads a JSON object. The error names line and column, and nothing of the text.
pub(crate) fn parse_object(bytes: &[u8], what: &str) -> Result<Map<String, Value>, Failure> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    match serde_json::from_slice(bytes) {
        Ok(Value::Object(map)) => Ok(map),
        Ok(_) => Err(Failure::new(format!("{what} is not a JSON object"))),
        Err(error) => Err(Failure::new(format!(
            "{what} is not JSON: line {}, column {}",
            error.line(),
            error.column()
        ))),
    }
}

/// Takes a text out of an object, under the first of its names that is there and not empty.
pub(crate) fn take_text(map: &mut Map<String, Value>, names: &[&str]) -> Option<Zeroizing<String>> {
    names.iter().find_map(|name| match map.remove(*name)? {
        Value::String(text) if !text.trim().is_empty() => Some(Zeroizing::new(text)),
        _ => None,
    })
}

/// Takes an object out of an object.
pub(crate) fn take_object(map: &mut Map<String, Value>, name: &str) -> Option<Map<String, Value>> {
    match map.remove(name)? {
        Value::Object(inner) => Some(inner),
        _ => None,
    }
}

/// Takes `AccessKeyId`, `AccessKeySecret`, `SecurityToken` and `Expiration` out of an object, in upper or lower camel
/// case, and checks that they are all there and have not expired.
pub(crate) fn take_session(
    map: &mut Map<String, Value>,
    provider: String,
    clocks: &Clocks<'_>,
) -> Result<Credentials, Failure> {
    let mut take = |upper: &str, lower: &str| {
        take_text(map, &[upper, lower]).ok_or_else(|| {
            Failure::new(format!(
                "{} holds no complete credentials: `{upper}` is missing",
                clocks.what
            ))
        })
    };
    let mut id = take("AccessKeyId", "accessKeyId")?;
    let secret = take("AccessKeySecret", "accessKeySecret")?;
    let token = take("SecurityToken", "securityToken")?;
    let expiration = take("Expiration", "expiration")?;
    let expires_at = parse_time(&expiration)
        .ok_or_else(|| Failure::new(format!("the `Expiration` in {} is no time", clocks.what)))?;
    clocks.check(expires_at)?;
    RawKeys {
        id: std::mem::take(&mut *id),
        secret,
        token: Some(token),
        expires_at: Some(expires_at),
    }
    .into_credentials(provider)
}

/// Checks the `Code` beside the keys: `Success`, or absent where it need not be there.
pub(crate) fn check_code(
    map: &Map<String, Value>,
    what: &str,
    is_required: bool,
) -> Result<(), Failure> {
    match map.get("Code") {
        Some(Value::String(code)) if code == "Success" => Ok(()),
        None if !is_required => Ok(()),
        Some(Value::String(code)) => {
            let code: String = code
                .chars()
                .filter(char::is_ascii_graphic)
                .take(64)
                .collect();
            Err(Failure::new(format!(
                "{what} has the code `{code}`, not `Success`"
            )))
        }
        _ => Err(Failure::new(format!("{what} has no `Code` `Success`"))),
    }
}

/// Reads a time as services write it, `2026-11-20T09:05:30Z`.
pub(crate) fn parse_time(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text.trim())
        .ok()
        .map(|time| time.with_timezone(&Utc))
}

/// What is needed to tell whether an expiry has passed, and whose clock is at fault if so.
pub(crate) struct Clocks<'a> {
    /// Names the answer in errors.
    pub(crate) what: &'a str,
    pub(crate) now: DateTime<Utc>,
    pub(crate) headers: &'a HeaderMap,
}

impl Clocks<'_> {
    fn check(&self, expires_at: DateTime<Utc>) -> Result<(), Failure> {
        if expires_at > self.now {
            return Ok(());
        }
        let difference = self.server_time().map_or_else(
            || "; is the clock of this machine right?".to_owned(),
            |server| {
                let seconds = (self.now - server).num_seconds();
                format!("; the clock of this machine is {seconds} s ahead of the server's")
            },
        );
        Err(Failure::new(format!(
            "the credentials in {} had already expired when they came, at {}{difference}",
            self.what,
            expires_at.format("%Y-%m-%dT%H:%M:%SZ"),
        )))
    }

    fn server_time(&self) -> Option<DateTime<Utc>> {
        let date = self.headers.get(http::header::DATE)?.to_str().ok()?;
        DateTime::parse_from_rfc2822(date)
            .ok()
            .map(|time| time.with_timezone(&Utc))
    }
}
