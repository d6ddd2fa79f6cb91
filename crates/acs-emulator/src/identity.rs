//! Who may call: one account, one RAM user with a key, one role, and the sessions made from them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acs_policy::{Decision, Policy, Request, Statement};
use chrono::{DateTime, Utc};

use crate::error::ServiceError;
use crate::policy::Context;
use crate::random::Random;

/// The longest session that the emulator's role grants, in seconds (RAM's default for a role).
pub(crate) const MAX_SESSION_SECONDS: u64 = 3600;

/// The one account of the emulator.
pub(crate) struct Identity {
    pub(crate) account_id: String,
    pub(crate) user: RamUser,
    pub(crate) role: Role,
    sessions: Mutex<HashMap<String, Session>>,
}

pub(crate) struct RamUser {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    pub(crate) access_key_id: String,
    pub(crate) access_key_secret: String,
    policy: Policy,
}

pub(crate) struct Role {
    pub(crate) name: &'static str,
    pub(crate) id: String,
    policy: Policy,
}

/// A temporary key and what it stands for.
#[derive(Clone)]
pub(crate) struct Session {
    pub(crate) access_key_id: String,
    pub(crate) secret: String,
    pub(crate) token: String,
    pub(crate) expires_at: DateTime<Utc>,
    principal: Principal,
}

/// Who signed a request.
#[derive(Clone)]
pub(crate) enum Principal {
    RamUser,
    AssumedRole {
        session_name: String,
        /// The inline policy of AssumeRole: it narrows the role's own, never widens it.
        inline: Option<Policy>,
    },
    /// The holder of an UploadAuth: it may write one object.
    Upload(UploadScope),
    /// The holder of a PlayAuth: it may ask for the streams of one video.
    Play(PlayScope),
}

#[derive(Clone)]
pub(crate) struct UploadScope {
    pub(crate) bucket: String,
    pub(crate) key: String,
    /// For a playlist: the prefix under which its segments may be written.
    pub(crate) prefix: Option<String>,
}

#[derive(Clone)]
pub(crate) struct PlayScope {
    pub(crate) video_id: String,
    /// The `AuthInfo` that the player must send along, byte for byte.
    pub(crate) auth_info: String,
    /// When `AuthInfo` ends; the key itself lives longer.
    pub(crate) auth_expires_at: DateTime<Utc>,
}

/// What the check of an AccessKey id needs.
pub(crate) enum Key<'a> {
    User(&'a RamUser),
    Session(Session),
}

impl Identity {
    pub(crate) fn new(random: &Random, access_key: Option<(String, String)>) -> Self {
        let (access_key_id, access_key_secret) = access_key.unwrap_or_else(|| {
            (
                format!("LTAI5t{}", random.alphanumeric(18)),
                random.alphanumeric(30),
            )
        });
        Self {
            account_id: random.digits(16),
            user: RamUser {
                name: "media-bot",
                id: random.digits(18),
                access_key_id,
                access_key_secret,
                policy: Policy::new().with(Statement::allow(["*"])),
            },
            role: Role {
                name: "vod-uploader",
                id: random.digits(18),
                policy: Policy::new().with(Statement::allow(["vod:*", "mts:*", "oss:*"])),
            },
            sessions: Mutex::default(),
        }
    }

    pub(crate) fn role_arn(&self) -> String {
        format!("acs:ram::{}:role/{}", self.account_id, self.role.name)
    }

    pub(crate) fn user_arn(&self) -> String {
        format!("acs:ram::{}:user/{}", self.account_id, self.user.name)
    }

    /// Finds the key that `access_key_id` names.
    pub(crate) fn key(&self, access_key_id: &str) -> Option<Key<'_>> {
        if access_key_id == self.user.access_key_id {
            return Some(Key::User(&self.user));
        }
        let sessions = self.sessions();
        sessions.get(access_key_id).cloned().map(Key::Session)
    }

    /// Tells whether `token` belongs to any session of this emulator.
    pub(crate) fn knows_token(&self, token: &str) -> bool {
        let sessions = self.sessions();
        sessions.values().any(|session| session.token == token)
    }

    /// Makes a temporary key for `principal` that ends `lifetime` after `now`.
    pub(crate) fn open_session(
        &self,
        random: &Random,
        principal: Principal,
        now: DateTime<Utc>,
        lifetime: Duration,
    ) -> Session {
        let session = Session {
            access_key_id: format!("STS.NT{}", random.alphanumeric(22)),
            secret: random.alphanumeric(44),
            token: random.security_token(),
            expires_at: crate::clock::plus(now, lifetime),
            principal,
        };
        let mut sessions = self.sessions();
        sessions.insert(session.access_key_id.clone(), session.clone());
        session
    }

    /// Decides whether `principal` may do what `request` asks for.
    ///
    /// Upload and play tickets have scopes of their own, which their services check.
    pub(crate) fn decide(&self, principal: &Principal, request: &Request) -> Decision {
        match principal {
            Principal::RamUser => acs_policy::evaluate([&self.user.policy], request).decision(),
            Principal::AssumedRole { inline, .. } => {
                let role = [&self.role.policy];
                acs_policy::evaluate_session(role, inline.as_ref(), request).decision()
            }
            Principal::Upload(_) | Principal::Play(_) => Decision::ImplicitDeny,
        }
    }

    /// Fails with the OpenAPI services' refusal unless `principal` may do `action`.
    ///
    /// VOD and MPS say `Forbidden`, STS says `NoPermission`; both carry `AccessDeniedDetail`.
    pub(crate) fn authorize(
        &self,
        principal: &Principal,
        context: &Context,
        action: &str,
        resource: &str,
    ) -> Result<(), ServiceError> {
        let no_permission_type = match self.decide(principal, &context.request(action, resource)) {
            Decision::Allow => return Ok(()),
            Decision::ExplicitDeny => "ExplicitDeny",
            Decision::ImplicitDeny => "ImplicitDeny",
        };
        let error = if action.starts_with("sts:") {
            ServiceError::forbidden(
                "NoPermission",
                "You are not authorized to do this action. You should be authorized by RAM.",
            )
        } else {
            ServiceError::forbidden(
                "Forbidden",
                "User not authorized to operate on the specified resource.",
            )
        };
        let (principal_type, display_name, policy_type) = match principal {
            Principal::RamUser => (
                "SubUser",
                self.user.id.clone(),
                "AccountLevelIdentityBasedPolicy",
            ),
            Principal::AssumedRole {
                session_name,
                inline,
            } => (
                "AssumedRoleUser",
                format!("{}:{session_name}", self.role.name),
                match inline {
                    Some(_) => "SessionPolicy",
                    None => "AccountLevelIdentityBasedPolicy",
                },
            ),
            Principal::Upload(_) | Principal::Play(_) => {
                ("AssumedRoleUser", "vod-ticket".to_owned(), "SessionPolicy")
            }
        };
        Err(error.with(
            "AccessDeniedDetail",
            serde_json::json!({
                "AuthAction": action,
                "AuthPrincipalType": principal_type,
                "AuthPrincipalOwnerId": self.account_id,
                "AuthPrincipalDisplayName": display_name,
                "NoPermissionType": no_permission_type,
                "PolicyType": policy_type,
            }),
        ))
    }

    fn sessions(&self) -> std::sync::MutexGuard<'_, HashMap<String, Session>> {
        self.sessions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Key<'_> {
    pub(crate) fn secret(&self) -> &str {
        match self {
            Self::User(user) => &user.access_key_secret,
            Self::Session(session) => &session.secret,
        }
    }

    pub(crate) fn principal(&self) -> Principal {
        match self {
            Self::User(_) => Principal::RamUser,
            Self::Session(session) => session.principal.clone(),
        }
    }
}
