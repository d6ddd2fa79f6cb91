//! `~/.aliyun/config.json`, which the `aliyun` command line writes.

use std::fmt;

use serde::de::{Error as _, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};
use zeroize::Zeroizing;

/// The most profiles that a file may have.
const MAX_PROFILES: usize = 4_096;

/// A text that may be a secret.
pub(crate) type Secret = Zeroizing<String>;

/// The file. It has no `Debug`.
#[derive(Deserialize)]
pub(crate) struct CliConfig {
    #[serde(default, deserialize_with = "text")]
    pub(crate) current: Option<Secret>,
    #[serde(default, deserialize_with = "list")]
    pub(crate) profiles: Vec<CliProfileEntry>,
}

/// One profile: every field of every mode. An empty text counts as absent. It has no `Debug`.
#[derive(Default, Deserialize)]
#[serde(default)]
pub(crate) struct CliProfileEntry {
    #[serde(deserialize_with = "text")]
    pub(crate) name: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) mode: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) access_key_id: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) access_key_secret: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) sts_token: Option<Secret>,
    #[serde(deserialize_with = "number")]
    pub(crate) sts_expiration: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(crate) ram_role_name: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) ram_role_arn: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) ram_session_name: Option<Secret>,
    #[serde(deserialize_with = "number")]
    pub(crate) expired_seconds: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(crate) policy: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) external_id: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) source_profile: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) sts_region: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) sts_endpoint: Option<Secret>,
    pub(crate) enable_vpc: Option<bool>,
    #[serde(deserialize_with = "text")]
    pub(crate) oidc_provider_arn: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) oidc_token_file: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) cloud_sso_sign_in_url: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) cloud_sso_account_id: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) cloud_sso_access_config: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) access_token: Option<Secret>,
    #[serde(deserialize_with = "number")]
    pub(crate) cloud_sso_access_token_expire: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(crate) oauth_site_type: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) oauth_access_token: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) oauth_refresh_token: Option<Secret>,
    #[serde(deserialize_with = "number")]
    pub(crate) oauth_access_token_expire: Option<i64>,
    #[serde(deserialize_with = "text")]
    pub(crate) process_command: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) credentials_uri: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) bearer_token: Option<Secret>,
    #[serde(deserialize_with = "text")]
    pub(crate) bearer_token_header_key: Option<Secret>,
}

impl CliConfig {
    /// Reads the file.
    ///
    /// # Errors
    /// It is no such file: line and column, and nothing of its text.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, String> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        serde_json::from_slice(bytes).map_err(|error| {
            let (line, column) = (error.line(), error.column());
            match error.classify() {
                serde_json::error::Category::Data => {
                    format!(
                        "line {line}, column {column}: this is not of the type that the field has, or one profile more than {MAX_PROFILES}"
                    )
                }
                _ => format!("line {line}, column {column}: this is not JSON"),
            }
        })
    }

    pub(crate) fn profile(&self, name: &str) -> Option<&CliProfileEntry> {
        self.profiles
            .iter()
            .find(|profile| profile.name.as_deref().is_some_and(|given| given == name))
    }
}

fn text<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Secret>, D::Error> {
    let text = Option::<Secret>::deserialize(deserializer)?;
    Ok(text.filter(|text| !text.trim().is_empty()))
}

fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<CliProfileEntry>, D::Error> {
    struct Profiles;

    impl<'de> Visitor<'de> for Profiles {
        type Value = Vec<CliProfileEntry>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of profiles")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut profiles = Vec::new();
            while let Some(profile) = list.next_element()? {
                // A profile takes far more memory than it has characters.
                if profiles.len() == MAX_PROFILES {
                    return Err(A::Error::custom("too many profiles"));
                }
                profiles.push(profile);
            }
            Ok(profiles)
        }
    }

    deserializer.deserialize_any(Profiles)
}

/// Whole numbers, which some tools write as texts.
fn number<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<i64>, D::Error> {
    struct Number;

    impl Visitor<'_> for Number {
        type Value = Option<i64>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a whole number")
        }

        fn visit_unit<E>(self) -> Result<Self::Value, E> {
            Ok(None)
        }

        fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
            Ok(Some(number))
        }

        fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Self::Value, E> {
            i64::try_from(number).map(Some).map_err(E::custom)
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Self::Value, E> {
            match text.trim() {
                "" => Ok(None),
                digits => digits.parse().map(Some).map_err(E::custom),
            }
        }
    }

    deserializer.deserialize_any(Number)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nulls_empty_texts_and_unknown_fields_are_passed_over() {
        let file = br#"{"current":"a","meta_path":"x","profiles":[
            {"name":"a","mode":null,"access_key_id":"","expired_seconds":"900","language":"en","enable_vpc":null}]}"#;
        let config = CliConfig::parse(file).unwrap();
        let profile = config.profile("a").unwrap();
        assert!(profile.mode.is_none() && profile.access_key_id.is_none());
        assert_eq!(profile.expired_seconds, Some(900));
        assert!(
            CliConfig::parse(br#"{"profiles":null}"#)
                .unwrap()
                .profiles
                .is_empty()
        );
    }

    #[test]
    fn an_error_names_line_and_column_and_shows_nothing() {
        for text in [
            &b"{\"profiles\":[{\n\"access_key_secret\":\"canary"[..],
            b"{\"profiles\":[{\n\"expired_seconds\":\"canary\"}]}",
            b"{\"profiles\":\n\"canary\"}",
            b"\n\"canary\xff\"",
        ] {
            let Err(error) = CliConfig::parse(text) else {
                panic!("{text:?}")
            };
            assert!(error.starts_with("line 2, "), "{error}");
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn nesting_without_end_is_an_error() {
        assert!(CliConfig::parse("[".repeat(100_000).as_bytes()).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn any_bytes_give_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = CliConfig::parse(&bytes);
        }
    }
}
