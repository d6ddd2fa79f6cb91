//! What the gateway writes of an error, read from whatever body came.

use std::time::Duration;

use http::HeaderMap;
use serde_json::Value;

use crate::access_denied::AccessDenied;
use crate::error::ServiceError;
use crate::text;

/// Reads the error of an answer whose status is not 2xx. Never fails: a body that is no error of the
/// gateway's (a proxy's page, say) is shown in short as the message.
pub(crate) fn read(status: u16, headers: &HeaderMap, body: &[u8]) -> ServiceError {
    let fields = Fields::read(body);
    let short = |text: String| text::excerpt(text.as_bytes());
    ServiceError {
        status,
        code: fields.code.map(short).unwrap_or_default(),
        string_to_sign: fields.string_to_sign,
        message: fields.message.map_or_else(|| text::excerpt(body), short),
        request_id: fields
            .request_id
            .map(short)
            .or_else(|| header(headers, "x-acs-request-id")),
        recommend: fields.recommend.map(short),
        access_denied: fields.access_denied,
        retry_after: retry_after(headers),
    }
}

const STRING_TO_SIGN: &str = "server string to sign";

#[derive(Default)]
struct Fields {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    recommend: Option<String>,
    string_to_sign: Option<String>,
    access_denied: Option<Box<AccessDenied>>,
}

impl Fields {
    fn read(body: &[u8]) -> Self {
        let body = text::without_mark(body);
        let Ok(Value::Object(map)) = serde_json::from_slice::<Value>(body) else {
            return Self::read_xml(&String::from_utf8_lossy(body));
        };
        // Single-API gateways write the names in lower camel case.
        let text = |names: [&str; 2]| {
            names.iter().find_map(|name| match map.get(*name)? {
                Value::String(text) if !text.is_empty() => Some(text.clone()),
                Value::Number(number) => Some(number.to_string()),
                _ => None,
            })
        };
        let full = text(["Message", "message"]);
        // The message of SignatureDoesNotMatch ends with the server's string to sign, which can hold a token.
        let (message, string_to_sign) = match full
            .as_deref()
            .and_then(|text| text.split_once(STRING_TO_SIGN))
        {
            Some((before, after)) => (
                Some(format!("{before}(its string to sign is left out)")),
                Some(after.trim_start_matches(" is:").to_owned()),
            ),
            None => (full, None),
        };
        Self {
            code: text(["Code", "code"]),
            message,
            request_id: text(["RequestId", "requestId"]),
            recommend: text(["Recommend", "recommend"]),
            string_to_sign,
            access_denied: AccessDenied::read(&map),
        }
    }

    /// Without `Format=JSON`, and behind a wrong host, errors come as XML of one level.
    fn read_xml(body: &str) -> Self {
        let element = |name: &str| {
            let (_, rest) = body.split_once(&format!("<{name}>"))?;
            let (content, _) = rest.split_once(&format!("</{name}>"))?;
            Some(content.to_owned())
        };
        if !body.contains("<Error>") {
            return Self::default();
        }
        Self {
            code: element("Code"),
            message: element("Message"),
            request_id: element("RequestId"),
            recommend: element("Recommend"),
            string_to_sign: element("StringToSign"),
            access_denied: None,
        }
    }
}

pub(crate) fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    let value = headers.get(name)?.to_str().ok()?;
    (!value.is_empty()).then(|| text::excerpt(value.as_bytes()))
}

/// Milliseconds; anything that is not a positive number is no hint.
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    let millis: u64 = headers
        .get("x-acs-retry-after")?
        .to_str()
        .ok()?
        .trim()
        .parse()
        .ok()?;
    (millis > 0).then(|| Duration::from_millis(millis))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gateway_error_gives_code_message_and_request_id() {
        let body = br#"{"RequestId":"R-1","HostId":"vod","Code":"Throttling.User","Message":"slow down","Recommend":"https://example.com"}"#;
        let error = read(400, &HeaderMap::new(), body);
        assert_eq!(
            (error.code.as_str(), error.message.as_str()),
            ("Throttling.User", "slow down")
        );
        assert_eq!(error.request_id.as_deref(), Some("R-1"));
    }

    #[test]
    fn lower_case_names_and_xml_are_read_too() {
        let lower = read(
            500,
            &HeaderMap::new(),
            br#"{"code":"InternalError","requestId":"R-2"}"#,
        );
        assert_eq!(
            (lower.code.as_str(), lower.request_id.as_deref()),
            ("InternalError", Some("R-2"))
        );
        let xml = read(
            403,
            &HeaderMap::new(),
            b"<Error><Code>NoSuchBucket</Code><RequestId>R-3</RequestId></Error>",
        );
        assert_eq!(
            (xml.code.as_str(), xml.request_id.as_deref()),
            ("NoSuchBucket", Some("R-3"))
        );
    }

    #[test]
    fn a_page_of_a_proxy_is_shown_in_short_and_clean() {
        let page = format!("<html>\x1b[2J{}</html>", "x".repeat(100_000));
        let error = read(502, &HeaderMap::new(), page.as_bytes());
        assert!(error.code.is_empty());
        assert!(error.message.chars().count() <= 512 && !error.message.contains('\x1b'));
    }

    #[test]
    fn a_hint_to_wait_is_taken_only_if_it_is_a_positive_number() {
        for (value, expected) in [
            ("1500", Some(1_500)),
            ("0", None),
            ("-3", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("x-acs-retry-after", value.parse().unwrap());
            let hint = read(400, &headers, b"").retry_after;
            assert_eq!(hint, expected.map(Duration::from_millis), "{value}");
        }
    }
}
