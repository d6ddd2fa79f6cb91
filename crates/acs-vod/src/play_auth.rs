use std::fmt;

use acs_core::Error;
use chrono::{DateTime, Utc};
use serde::Deserialize;

use crate::encoded_json::{decode, required};

/// What a server may want to know of a PlayAuth: when it ends, and for which video it is.
///
/// A PlayAuth is for Alibaba Cloud's players, which take it as it is; it lasts 100 seconds unless
/// `AuthInfoTimeout` says otherwise. It holds a key and a signature, and is not to be logged.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct PlayAuth {
    /// When it ends (UTC).
    pub expires_at: DateTime<Utc>,
    /// The video's id.
    pub media_id: Option<String>,
    /// The domain that the video is played from.
    pub play_domain: Option<String>,
    /// The region of the video, `cn-shanghai` say.
    pub region: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Outer {
    /// JSON as text.
    auth_info: Option<String>,
    region: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct AuthInfo {
    expire_time: Option<String>,
    media_id: Option<String>,
    play_domain: Option<String>,
}

impl PlayAuth {
    /// Decodes the `PlayAuth` that `GetVideoPlayAuth` returned, to look at it.
    ///
    /// # Errors
    /// It is not base64 of the JSON it should be, or does not say when it ends. No part of it is in the error.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let outer: Outer = decode("PlayAuth", text)?;
        let info = required("PlayAuth.AuthInfo", outer.auth_info)?;
        // The error's own text can quote a value.
        let info: AuthInfo = serde_json::from_str(&info).map_err(|_| {
            Error::invalid_parameter("PlayAuth.AuthInfo", "does not hold the JSON it should")
        })?;
        let expires_at = required("PlayAuth.AuthInfo.ExpireTime", info.expire_time)?
            .parse()
            .map_err(|_| {
                Error::invalid_parameter("PlayAuth.AuthInfo.ExpireTime", "is no time of ISO 8601")
            })?;
        Ok(Self {
            expires_at,
            media_id: info.media_id,
            play_domain: info.play_domain,
            region: outer.region,
        })
    }

    /// Says whether it can still be used at `now`.
    pub fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        now < self.expires_at
    }
}

impl fmt::Debug for PlayAuth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PlayAuth")
            .field("expires_at", &self.expires_at)
            .field("media_id", &self.media_id)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoded_json::encode;

    #[test]
    fn a_play_auth_tells_when_it_ends() {
        let text = encode(include_str!("../tests/fixtures/vod.PlayAuth.decoded.json"));
        let play_auth = PlayAuth::decode(&text).unwrap();
        let end: DateTime<Utc> = "2026-11-20T08:17:10Z".parse().unwrap();
        assert_eq!(play_auth.expires_at, end);
        assert_eq!(
            play_auth.media_id.as_deref(),
            Some("5f0c7e2a91d64b3f8a1e6c4d2b7f9034")
        );
        assert!(
            play_auth.is_fresh(end - chrono::TimeDelta::seconds(1)) && !play_auth.is_fresh(end)
        );
    }

    #[test]
    fn a_broken_play_auth_is_refused_without_showing_it() {
        for json in [
            "canary",
            r#"{"AuthInfo":"canary"}"#,
            r#"{"AuthInfo":"{\"ExpireTime\":\"canary\"}"}"#,
            "{}",
        ] {
            let error = PlayAuth::decode(&encode(json)).unwrap_err();
            assert!(
                !format!("{error} {error:?}").contains("canary"),
                "{error:?}"
            );
        }
    }
}
