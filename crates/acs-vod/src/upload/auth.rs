use std::time::Duration;

use acs_core::{Credentials, Error};
use chrono::{DateTime, TimeDelta, Utc};
use serde::Deserialize;
use serde_json::Value;
use zeroize::Zeroizing;

use crate::encoded_json::{decode, required};

/// How long VOD's upload credentials last where they don't say, in seconds.
const DEFAULT_LIFETIME: i64 = 3_000;

/// The credential for one object: what an UploadAuth says, decoded. Its `Debug` text shows no secret.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct UploadAuth {
    /// The STS key that may write the object, and nothing else.
    pub credentials: Credentials,
    /// When it ends (UTC).
    pub expires_at: DateTime<Utc>,
    /// How long it lasts from when VOD made it (`Expiration`); where VOD doesn't tell, from when it was received.
    pub lifetime: Duration,
    /// The bucket's region id, `cn-shanghai` say, where VOD tells it.
    pub region: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    access_key_id: Option<Zeroizing<String>>,
    access_key_secret: Option<Zeroizing<String>>,
    security_token: Option<Zeroizing<String>>,
    #[serde(rename = "ExpireUTCTime")]
    expire_utc_time: Option<Value>,
    expiration: Option<Value>,
    region: Option<String>,
}

impl UploadAuth {
    /// Decodes an UploadAuth as VOD returns it: base64 of JSON. Missing padding, line breaks and unknown names do no
    /// harm.
    ///
    /// It ends at `ExpireUTCTime`; without that, `Expiration` seconds (a number, or a text as VOD writes it) after
    /// `received_at`; without both, 3000 seconds after it.
    ///
    /// # Errors
    /// The text is something else, or lacks a part of the key: [`Error::field`] names it.
    pub fn decode(text: &str, received_at: DateTime<Utc>) -> Result<Self, Error> {
        let wire: Wire = decode("UploadAuth", text)?;
        let lifetime = seconds(wire.expiration.as_ref());
        let expires_at = wire
            .expire_utc_time
            .as_ref()
            .and_then(time)
            .or_else(|| wire.expiration.as_ref().and_then(time))
            .or_else(|| received_at.checked_add_signed(lifetime?))
            .unwrap_or(received_at + TimeDelta::seconds(DEFAULT_LIFETIME));
        let part = |field, value: Option<Zeroizing<String>>| required(field, value.map(Text));
        let mut id = part("UploadAuth.AccessKeyId", wire.access_key_id)?;
        let mut secret = part("UploadAuth.AccessKeySecret", wire.access_key_secret)?;
        let mut token = part("UploadAuth.SecurityToken", wire.security_token)?;
        let credentials = Credentials::sts(id.take(), secret.take(), token.take())?
            .with_expiry(expires_at)
            .with_provider("vod_upload_auth");
        Ok(Self {
            credentials,
            expires_at,
            lifetime: lifetime
                .unwrap_or(expires_at - received_at)
                .to_std()
                .unwrap_or_default(),
            region: wire.region.filter(|region| !region.is_empty()),
        })
    }
}

/// A secret text, for `required` to look at.
struct Text(Zeroizing<String>);

impl Text {
    fn take(&mut self) -> String {
        std::mem::take(&mut *self.0)
    }
}

impl AsRef<str> for Text {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

fn time(value: &Value) -> Option<DateTime<Utc>> {
    let time = DateTime::parse_from_rfc3339(value.as_str()?.trim()).ok()?;
    Some(time.with_timezone(&Utc))
}

fn seconds(value: Option<&Value>) -> Option<TimeDelta> {
    let seconds = match value? {
        Value::Number(number) => number.as_i64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    TimeDelta::try_seconds(seconds).filter(|lifetime| *lifetime > TimeDelta::zero())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoded_json::encode;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn decoded(rest: &str) -> UploadAuth {
        let json =
            format!(r#"{{"AccessKeyId":"STS.i","AccessKeySecret":"s","SecurityToken":"t"{rest}}}"#);
        UploadAuth::decode(&encode(&json), at("2026-11-20T08:00:00Z")).unwrap()
    }

    #[test]
    fn a_credential_of_vod_is_decoded() {
        let text = encode(include_str!(
            "../../tests/fixtures/vod.UploadAuth.decoded.json"
        ));
        let auth = UploadAuth::decode(&text, at("2026-11-20T08:15:30Z")).unwrap();
        assert_eq!(auth.credentials.access_key_id(), "STS.NTexampleUpload01");
        assert_eq!(
            auth.credentials.access_key_secret(),
            "ExampleUploadSecret0123456789abcdefghij"
        );
        assert!(
            auth.credentials
                .security_token()
                .unwrap()
                .starts_with("CAIexampleUploadToken")
        );
        assert_eq!(auth.expires_at, at("2026-11-20T09:05:30Z"));
        assert_eq!(auth.credentials.expires_at(), Some(auth.expires_at));
        assert_eq!(
            (auth.lifetime.as_secs(), auth.region.as_deref()),
            (3_000, Some("cn-shanghai"))
        );
    }

    #[test]
    fn the_end_is_taken_from_whatever_tells_it() {
        for (rest, end) in [
            (
                r#","ExpireUTCTime":"2026-11-20T09:05:30Z","Expiration":"60""#,
                "2026-11-20T09:05:30Z",
            ),
            (r#","Expiration":"3600""#, "2026-11-20T09:00:00Z"),
            (r#","Expiration":900"#, "2026-11-20T08:15:00Z"),
            (
                r#","ExpireUTCTime":null,"Expiration":" 60 ""#,
                "2026-11-20T08:01:00Z",
            ),
            (
                r#","ExpireUTCTime":"soon","Expiration":"-5""#,
                "2026-11-20T08:50:00Z",
            ),
            ("", "2026-11-20T08:50:00Z"),
        ] {
            assert_eq!(decoded(rest).expires_at, at(end), "{rest}");
        }
        assert_eq!(
            decoded(r#","Expiration":99999999999999999999"#).expires_at,
            at("2026-11-20T08:50:00Z")
        );
    }

    #[test]
    fn a_missing_part_is_named_and_no_other_is_shown() {
        let json =
            r#"{"AccessKeyId":"STS.canary","AccessKeySecret":"canary-secret","SecurityToken":""}"#;
        let error = UploadAuth::decode(&encode(json), DateTime::UNIX_EPOCH).unwrap_err();
        assert_eq!(error.field(), Some("UploadAuth.SecurityToken"));
        let wrong_type = r#"{"AccessKeySecret":"canary-secret","AccessKeyId":{"canary":1}}"#;
        let other = UploadAuth::decode(&encode(wrong_type), DateTime::UNIX_EPOCH).unwrap_err();
        assert!(!format!("{error} {error:?} {other} {other:?}").contains("canary"));
    }

    #[test]
    fn no_secret_is_in_the_debug_text() {
        let text = encode(include_str!(
            "../../tests/fixtures/vod.UploadAuth.decoded.json"
        ));
        let shown = format!(
            "{:?}",
            UploadAuth::decode(&text, DateTime::UNIX_EPOCH).unwrap()
        );
        assert!(
            !shown.contains("ExampleUploadSecret") && !shown.contains("CAIexample"),
            "{shown}"
        );
    }
}
