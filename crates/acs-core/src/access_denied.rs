use std::fmt;

use serde_json::{Map, Value};

use crate::text;

/// Why access was denied: who may not do what, and what kind of policy says so.
///
/// The service adds it to `Forbidden` and `NoPermission` errors. `Display` says in one sentence what to grant.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct AccessDenied {
    /// The action that is not allowed, `vod:CreateUploadVideo` say.
    pub action: Option<String>,
    /// What the caller is: `SubUser`, `AssumedRoleUser`, ….
    pub principal_type: Option<String>,
    /// The account that the caller belongs to.
    pub principal_owner_id: Option<String>,
    /// The caller's name: a user, or role and session.
    pub principal: Option<String>,
    /// Whether a policy denies it, or none allows it.
    pub reason: Option<DenialReason>,
    /// The kind of policy that decided: `AccountLevelIdentityBasedPolicy`, `SessionPolicy`, ….
    pub policy_type: Option<String>,
    /// A text that the account's administrator can have decoded.
    pub encoded_diagnostic_message: Option<String>,
}

/// Whether a policy denies an action, or none allows it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum DenialReason {
    /// No policy allows it: grant it.
    Implicit,
    /// A policy denies it, which no grant outweighs.
    Explicit,
    /// Another reason, as the service wrote it.
    Unknown(String),
}

impl AccessDenied {
    /// Reads the `AccessDeniedDetail` of an error.
    pub(crate) fn read(error: &Map<String, Value>) -> Option<Box<Self>> {
        let detail = error.get("AccessDeniedDetail")?.as_object()?;
        let text = |name: &str| match detail.get(name)? {
            Value::String(text) if !text.is_empty() => Some(text::excerpt(text.as_bytes())),
            _ => None,
        };
        Some(Box::new(Self {
            action: text("AuthAction"),
            principal_type: text("AuthPrincipalType"),
            principal_owner_id: text("AuthPrincipalOwnerId"),
            principal: text("AuthPrincipalDisplayName"),
            reason: text("NoPermissionType").map(|reason| match reason.as_str() {
                "ImplicitDeny" => DenialReason::Implicit,
                "ExplicitDeny" => DenialReason::Explicit,
                _ => DenialReason::Unknown(reason),
            }),
            policy_type: text("PolicyType"),
            encoded_diagnostic_message: text("EncodedDiagnosticMessage"),
        }))
    }
}

impl fmt::Display for AccessDenied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = self.principal.as_deref().unwrap_or("the caller");
        let action = self.action.as_deref().unwrap_or("this action");
        let policy = self.policy_type.as_deref().unwrap_or("policy");
        match &self.reason {
            Some(DenialReason::Explicit) => {
                write!(
                    f,
                    "a statement of a {policy} denies {action} to {who}: remove it, no grant outweighs a denial"
                )
            }
            _ if self.policy_type.as_deref() == Some("SessionPolicy") => {
                write!(
                    f,
                    "the policy given to AssumeRole does not allow {action}: allow it there and in the role's policies"
                )
            }
            _ => write!(f, "no {policy} allows {action} to {who}: grant it"),
        }
    }
}
