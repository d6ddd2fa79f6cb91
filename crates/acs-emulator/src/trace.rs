//! What becomes known of a request while it is answered; it ends in the log.

use http::request::Parts;

use crate::log::RequestRecord;
use crate::query::{self, Query};
use crate::state::Cloud;

/// Query parameters whose values may be shown.
const HARMLESS: [&str; 7] = [
    "Action",
    "Version",
    "uploads",
    "uploadId",
    "partNumber",
    "part-number-marker",
    "max-parts",
];

#[derive(Default)]
pub(crate) struct Trace {
    pub(crate) request_id: String,
    pub(crate) service: String,
    pub(crate) action: String,
    pub(crate) access_key_id: Option<String>,
    pub(crate) code: Option<String>,
    pub(crate) verified: bool,
    pub(crate) not_verified_because: Option<String>,
}

impl Trace {
    /// Notes that signature, date, nonce and token held.
    pub(crate) fn verified(&mut self) {
        self.verified = true;
    }

    /// Notes why a request is not taken as signed.
    pub(crate) fn not_verified(&mut self, why: &str) {
        self.not_verified_because = Some(why.to_owned());
    }

    pub(crate) fn into_record(self, cloud: &Cloud, parts: &Parts, status: u16) -> RequestRecord {
        let unsigned = (!self.verified).then(|| "unsigned".to_owned());
        RequestRecord {
            time: (cloud.now)(),
            request_id: self.request_id,
            service: self.service,
            action: self.action,
            method: parts.method.to_string(),
            path: harmless_path(parts),
            access_key_id: self.access_key_id,
            status,
            code: self.code,
            verified: self.verified,
            not_verified_because: self.not_verified_because.or(unsigned),
        }
    }
}

fn harmless_path(parts: &Parts) -> String {
    let query = Query::parse(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let shown: Vec<String> = query
        .pairs()
        .iter()
        .filter(|(name, _)| HARMLESS.contains(&name.as_str()))
        .map(|(name, value)| match value.as_str() {
            "" => name.clone(),
            value => format!("{name}={}", query::encode(value)),
        })
        .collect();
    match shown.as_slice() {
        [] => parts.uri.path().to_owned(),
        shown => format!("{}?{}", parts.uri.path(), shown.join("&")),
    }
}
