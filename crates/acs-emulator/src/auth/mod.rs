//! Who signed a request, and whether it may be believed: the one place that calls the verifier.
//!
//! Order of the checks: form of the claim, AccessKey, security token, date, signature, nonce,
//! expiry. A nonce counts as used only if the signature held, or strangers could use it up.

mod api;
mod oss;

use acs_signer::SigningKey;
use chrono::{DateTime, Utc};
use http::request::Parts;

use crate::error::ServiceError;
use crate::identity::{Key, Principal};
use crate::nonces::WINDOW;
use crate::query::Query;
use crate::trace::Trace;

pub(crate) use api::{Scheme, api};
pub(crate) use oss::oss;

type Result<T> = std::result::Result<T, ServiceError>;

fn note(trace: &mut Trace, verified: &Result<Principal>) {
    match verified {
        Ok(_) => trace.verified(),
        // The code says it; a message may hold parts of what was signed.
        Err(error) => trace.not_verified(&error.code),
    }
}

fn in_window(date: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - date).abs() <= WINDOW
}

fn is_expired(key: &Key<'_>, now: DateTime<Utc>) -> bool {
    match key {
        Key::User(_) => false,
        Key::Session(session) => now >= session.expires_at,
    }
}

fn signing_key(access_key_id: &str, key: &Key<'_>) -> Result<SigningKey> {
    SigningKey::new(access_key_id, key.secret())
        .map_err(|error| ServiceError::internal(&std::io::Error::other(error)))
}

fn headers(parts: &Parts) -> Result<Vec<(&str, &str)>> {
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        Some((name.as_str(), value))
    });
    let headers: Option<Vec<_>> = headers.collect();
    headers.ok_or_else(|| {
        ServiceError::bad_request("InvalidArgument", "A header of the request is not UTF-8.")
    })
}

fn pairs(query: &Query) -> Vec<(&str, &str)> {
    let pairs = query.pairs().iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn without(text: &str, secret: &str) -> String {
    match secret {
        "" => text.to_owned(),
        secret => text.replace(secret, "***"),
    }
}
