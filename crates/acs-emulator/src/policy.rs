//! RAM policies as the emulator takes them: read and evaluated by acs-policy, with the condition keys that it can fill.

use std::net::IpAddr;

use acs_policy::{Condition, MAX_INLINE_CHARS, Policy, Request};
use chrono::{DateTime, Utc};

use crate::clock;
use crate::error::ServiceError;

const CURRENT_TIME: &str = "acs:CurrentTime";
const SECURE_TRANSPORT: &str = "acs:SecureTransport";
const SOURCE_IP: &str = "acs:SourceIp";

/// The circumstances of a request, which conditions ask for.
#[derive(Clone, Copy)]
pub(crate) struct Context {
    pub(crate) source_ip: IpAddr,
    pub(crate) now: DateTime<Utc>,
}

impl Context {
    /// Asks for `action` (`vod:CreateUploadVideo`) on `resource` (an ARN) under these circumstances.
    pub(crate) fn request(&self, action: &str, resource: &str) -> Request {
        Request::new(action, resource)
            .with(SOURCE_IP, self.source_ip.to_string())
            .with(CURRENT_TIME, clock::iso_seconds(self.now))
            // The emulator speaks plain HTTP.
            .with(SECURE_TRANSPORT, "false")
    }
}

/// Reads the inline policy of a session (`Policy` of AssumeRole).
///
/// A condition on a key that is not filled here is refused: it would be taken as absent, so that a Deny would not hold
/// and an operator with `Not` would.
pub(crate) fn inline(text: &str) -> Result<Policy, ServiceError> {
    if text.chars().count() > MAX_INLINE_CHARS {
        return Err(ServiceError::bad_request(
            "InvalidParameter.PolicySize",
            format!("The size of Policy must be smaller than {MAX_INLINE_CHARS} bytes."),
        ));
    }
    let policy = Policy::parse(text).map_err(|error| grammar(&error.to_string()))?;
    let mut statements = policy.statements.iter();
    if statements.any(|statement| statement.principal.is_some()) {
        return Err(grammar("Principal: is for trust policies"));
    }
    let mut conditions = policy.statements.iter().flat_map(|s| &s.conditions);
    if let Some(Condition { key, .. }) = conditions.find(|condition| !is_filled(&condition.key)) {
        return Err(ServiceError::unsupported(&format!(
            "the condition key {key} in a policy"
        )));
    }
    Ok(policy)
}

fn is_filled(key: &str) -> bool {
    [CURRENT_TIME, SECURE_TRANSPORT, SOURCE_IP]
        .iter()
        .any(|filled| filled.eq_ignore_ascii_case(key))
}

fn grammar(fault: &str) -> ServiceError {
    ServiceError::bad_request(
        "InvalidParameter.PolicyGrammar",
        format!("The parameter Policy has not passed grammar check. {fault}."),
    )
}
