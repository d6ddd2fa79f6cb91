use acs_core::{Endpoint, Error};
use serde::Deserialize;

use crate::encoded_json::{decode, required};

/// Where a media file goes: what an UploadAddress says, decoded.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct UploadAddress {
    /// The endpoint of OSS, with its scheme: https, or http for a loopback address.
    pub endpoint: String,
    /// The bucket.
    pub bucket: String,
    /// The object key (`FileName` on the wire).
    pub key: String,
    /// The key prefix for the segments of an `.m3u8` playlist.
    pub object_prefix: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Wire {
    endpoint: Option<String>,
    bucket: Option<String>,
    file_name: Option<String>,
    object_prefix: Option<String>,
}

impl UploadAddress {
    /// Decodes an UploadAddress as VOD returns it: base64 of JSON. Missing padding, line breaks and unknown names do
    /// no harm; an endpoint without scheme, or with plain http beyond loopback, is taken as https.
    ///
    /// # Errors
    /// The text is something else, or lacks endpoint, bucket or key: [`Error::field`] names it.
    pub fn decode(text: &str) -> Result<Self, Error> {
        let wire: Wire = decode("UploadAddress", text)?;
        Ok(Self {
            endpoint: secured(&required("UploadAddress.Endpoint", wire.endpoint)?),
            bucket: required("UploadAddress.Bucket", wire.bucket)?,
            key: required("UploadAddress.FileName", wire.file_name)?,
            object_prefix: wire.object_prefix.filter(|prefix| !prefix.is_empty()),
        })
    }
}

/// Keeps plain http for loopback addresses only.
fn secured(endpoint: &str) -> String {
    let endpoint = endpoint.trim();
    let (scheme, host) = endpoint.split_once("://").unwrap_or(("https", endpoint));
    let host = host.trim_end_matches('/');
    let plain = format!("http://{host}");
    if scheme == "http" && Endpoint::parse(&plain).is_ok() {
        plain
    } else {
        format!("https://{host}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoded_json::encode;

    #[test]
    fn an_address_of_vod_is_decoded() {
        let text = encode(include_str!(
            "../../tests/fixtures/vod.UploadAddress.decoded.json"
        ));
        let address = UploadAddress::decode(&text).unwrap();
        assert_eq!(address.endpoint, "https://oss-cn-shanghai.aliyuncs.com");
        assert_eq!(address.bucket, "outin-3f9a1c7e5b2d11f0a6c400163e1a2b3c");
        assert_eq!(
            address.key,
            "sv/3b1f9a7c-19a3c5e7b21/3b1f9a7c-19a3c5e7b21.mp4"
        );
        assert_eq!(address.object_prefix, None);
    }

    #[test]
    fn the_address_of_a_playlist_has_a_prefix() {
        let text = encode(include_str!(
            "../../tests/fixtures/vod.UploadAddress.decoded.m3u8.json"
        ));
        let address = UploadAddress::decode(&text).unwrap();
        assert_eq!(
            address.object_prefix.as_deref(),
            Some("sv/5d2e8b6c-19a3c5f0a77/")
        );
    }

    #[test]
    fn padding_line_breaks_and_unknown_names_do_no_harm() {
        let text = encode(
            r#"{"Bucket":"b","FileName":"k.mp4","Endpoint":"e","New":{"x":[1]},"ObjectPrefix":null}"#,
        );
        let broken: String = text
            .trim_end_matches('=')
            .chars()
            .flat_map(|c| [c, '\n'])
            .collect();
        assert_eq!(UploadAddress::decode(&broken).unwrap().key, "k.mp4");
    }

    #[test]
    fn endpoints_are_https_but_for_loopback() {
        for (given, taken) in [
            (
                "oss-cn-shanghai.aliyuncs.com",
                "https://oss-cn-shanghai.aliyuncs.com",
            ),
            (
                "http://oss-cn-shanghai.aliyuncs.com/",
                "https://oss-cn-shanghai.aliyuncs.com",
            ),
            ("http://127.0.0.1:18080", "http://127.0.0.1:18080"),
        ] {
            let text = encode(&format!(
                r#"{{"Bucket":"b","FileName":"k","Endpoint":"{given}"}}"#
            ));
            assert_eq!(UploadAddress::decode(&text).unwrap().endpoint, taken);
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        for (json, field) in [
            (r#"{"Bucket":"b","FileName":"k"}"#, "UploadAddress.Endpoint"),
            (r#"{"Endpoint":"e","FileName":"k"}"#, "UploadAddress.Bucket"),
            (
                r#"{"Endpoint":"e","Bucket":"b","FileName":""}"#,
                "UploadAddress.FileName",
            ),
            ("[]", "UploadAddress"),
        ] {
            assert_eq!(
                UploadAddress::decode(&encode(json)).unwrap_err().field(),
                Some(field)
            );
        }
        for text in ["", "%%%", "{\"Bucket\":\"b\"}"] {
            assert_eq!(
                UploadAddress::decode(text).unwrap_err().field(),
                Some("UploadAddress")
            );
        }
    }
}
