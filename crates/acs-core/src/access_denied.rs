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
            encoded_diagnostic_message: match detail.get("EncodedDiagnosticMessage") {
                Some(Value::String(text)) if is_whole(text) => Some(text.clone()),
                _ => text("EncodedDiagnosticMessage"),
            },
        }))
    }

    /// Lends all that the service wrote.
    pub(crate) fn texts(&mut self) -> impl Iterator<Item = &mut String> {
        let reason = match &mut self.reason {
            Some(DenialReason::Unknown(reason)) => Some(reason),
            _ => None,
        };
        [
            &mut self.action,
            &mut self.principal_type,
            &mut self.principal_owner_id,
            &mut self.principal,
            &mut self.policy_type,
            &mut self.encoded_diagnostic_message,
        ]
        .into_iter()
        .flatten()
        .chain(reason)
    }
}

/// Cut short, it could not be decoded any more.
fn is_whole(encoded: &str) -> bool {
    const MOST_BYTES: usize = 16 << 10;
    (1..=MOST_BYTES).contains(&encoded.len()) && encoded.bytes().all(|it| it.is_ascii_graphic())
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
            Some(DenialReason::Implicit) if policy == "SessionPolicy" => {
                write!(
                    f,
                    "the policy given to AssumeRole does not allow {action}: allow it there and in the role's policies"
                )
            }
            Some(DenialReason::Implicit) if policy == "ControlPolicy" => {
                write!(
                    f,
                    "no ControlPolicy of the resource directory allows {action} to {who}'s account: have its administrator allow it"
                )
            }
            Some(DenialReason::Implicit) => {
                write!(f, "no {policy} allows {action} to {who}: grant it")
            }
            _ => {
                write!(
                    f,
                    "{who} has no right to {action}: grant it, or remove the {policy} that denies it"
                )
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn read(detail: &Value) -> Option<Box<AccessDenied>> {
        let error = json!({ "Code": "Forbidden", "AccessDeniedDetail": detail });
        AccessDenied::read(error.as_object().unwrap())
    }

    #[test]
    fn the_detail_is_read_whole() {
        let encoded = "AQIBIAAAAOPcA+/=".repeat(100);
        let denied = read(&json!({
            "AuthAction": "vod:CreateUploadVideo",
            "AuthPrincipalType": "AssumedRoleUser",
            "AuthPrincipalOwnerId": "1234",
            "AuthPrincipalDisplayName": "uploader:app-7",
            "NoPermissionType": "ExplicitDeny",
            "PolicyType": "AccountLevelIdentityBasedPolicy",
            "EncodedDiagnosticMessage": encoded,
        }));
        let text = |text: &str| Some(text.to_owned());
        let expected = AccessDenied {
            action: text("vod:CreateUploadVideo"),
            principal_type: text("AssumedRoleUser"),
            principal_owner_id: text("1234"),
            principal: text("uploader:app-7"),
            reason: Some(DenialReason::Explicit),
            policy_type: text("AccountLevelIdentityBasedPolicy"),
            // Cut short, it could not be decoded.
            encoded_diagnostic_message: Some(encoded),
        };
        assert_eq!(*denied.unwrap(), expected);
    }

    #[test]
    fn it_says_what_to_grant_and_where() {
        for (reason, policy, expected) in [
            (
                "ImplicitDeny",
                "AccountLevelIdentityBasedPolicy",
                "no AccountLevelIdentityBasedPolicy allows vod:GetPlayInfo to ann: grant it",
            ),
            (
                "ExplicitDeny",
                "ControlPolicy",
                "a statement of a ControlPolicy denies vod:GetPlayInfo to ann: remove it",
            ),
            (
                "ImplicitDeny",
                "SessionPolicy",
                "the policy given to AssumeRole does not allow vod:GetPlayInfo",
            ),
            (
                "ImplicitDeny",
                "ControlPolicy",
                "no ControlPolicy of the resource directory allows vod:GetPlayInfo to ann's account",
            ),
            (
                "NewSort",
                "NewPolicy",
                "ann has no right to vod:GetPlayInfo: grant it, or remove the NewPolicy",
            ),
        ] {
            let denied = read(&json!({
                "AuthAction": "vod:GetPlayInfo",
                "AuthPrincipalDisplayName": "ann",
                "NoPermissionType": reason,
                "PolicyType": policy,
            }));
            let text = denied.unwrap().to_string();
            assert!(text.starts_with(expected), "{text}");
        }
    }

    #[test]
    fn a_detail_of_another_form_is_no_reason_to_fail() {
        assert!(read(&json!("denied")).is_none());
        assert!(read(&Value::Null).is_none());
        let odd = json!({ "AuthAction": 7, "PolicyType": "a\u{1b}\nb", "EncodedDiagnosticMessage": "a b\n".repeat(900) });
        let denied = read(&odd).unwrap();
        assert_eq!(denied.policy_type.as_deref(), Some("a b"));
        let encoded = denied.encoded_diagnostic_message.as_deref().unwrap();
        assert!(encoded.len() <= 512 && !encoded.contains('\n'));
        assert!(denied.to_string().contains("this action"), "{denied}");
    }
}
