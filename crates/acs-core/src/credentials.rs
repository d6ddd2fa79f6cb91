use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use acs_signer::SigningKey;
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::error::Error;
use crate::runtime::BoxFuture;

/// An AccessKey pair, with the security token and expiry of an STS session where it is one; or a bearer token.
///
/// Cheap to clone; the secret parts are zeroized when the last clone is dropped, and no `Debug` text shows them.
#[derive(Clone)]
pub struct Credentials(Arc<Inner>);

struct Inner {
    identity: Arc<Identity>,
    expires_at: Option<DateTime<Utc>>,
    provider: Cow<'static, str>,
}

enum Identity {
    AccessKey {
        key: Box<SigningKey>,
        secret: Zeroizing<String>,
        security_token: Option<Zeroizing<String>>,
    },
    BearerToken(Zeroizing<String>),
}

impl Credentials {
    /// Makes credentials of an account's or a RAM user's AccessKey pair.
    ///
    /// # Errors
    /// A part that is empty or holds CR, LF or NUL; an id that begins with `STS.`, which needs its security token.
    pub fn access_key(
        access_key_id: impl Into<String>,
        access_key_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::build(
            &access_key_id.into(),
            Zeroizing::new(access_key_secret.into()),
            None,
        )
    }

    /// Makes credentials of an STS session: what `AssumeRole` returns.
    ///
    /// # Errors
    /// A part that is empty or holds CR, LF or NUL.
    pub fn sts(
        access_key_id: impl Into<String>,
        access_key_secret: impl Into<String>,
        security_token: impl Into<String>,
    ) -> Result<Self, Error> {
        Self::build(
            &access_key_id.into(),
            Zeroizing::new(access_key_secret.into()),
            Some(Zeroizing::new(security_token.into())),
        )
    }

    fn build(
        access_key_id: &str,
        access_key_secret: Zeroizing<String>,
        security_token: Option<Zeroizing<String>>,
    ) -> Result<Self, Error> {
        check_part("AccessKeyId", access_key_id)?;
        check_part("AccessKeySecret", &access_key_secret)?;
        match &security_token {
            Some(token) => check_part("SecurityToken", token)?,
            None if access_key_id.starts_with("STS.") => {
                return Err(Error::invalid_parameter(
                    "SecurityToken",
                    "an AccessKeyId that begins with `STS.` is of a session: give its security token too",
                ));
            }
            None => {}
        }
        let key = SigningKey::new(access_key_id, &access_key_secret)
            .map_err(|error| Error::invalid_parameter("AccessKey", error.to_string()))?;
        Ok(Self::of(Identity::AccessKey {
            key: Box::new(key),
            secret: access_key_secret,
            security_token,
        }))
    }

    /// Makes credentials of a bearer token, which is sent as it is: requests are not signed.
    ///
    /// # Errors
    /// The token is empty or holds CR, LF or NUL.
    pub fn bearer_token(token: impl Into<String>) -> Result<Self, Error> {
        let token = Zeroizing::new(token.into());
        check_part("BearerToken", &token)?;
        Ok(Self::of(Identity::BearerToken(token)))
    }

    fn of(identity: Identity) -> Self {
        Self(Arc::new(Inner {
            identity: Arc::new(identity),
            expires_at: None,
            provider: Cow::Borrowed("static"),
        }))
    }

    /// Notes when the credentials end (UTC).
    #[must_use]
    pub fn with_expiry(self, expires_at: DateTime<Utc>) -> Self {
        self.rebuilt(|inner| inner.expires_at = Some(expires_at))
    }

    /// Notes where the credentials come from, `env` or `ram_role_arn/env` say.
    #[must_use]
    pub fn with_provider(self, provider: impl Into<Cow<'static, str>>) -> Self {
        let provider = provider.into();
        self.rebuilt(|inner| inner.provider = provider)
    }

    fn rebuilt(self, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            identity: Arc::clone(&self.0.identity),
            expires_at: self.0.expires_at,
            provider: self.0.provider.clone(),
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Returns the AccessKey id; empty for a bearer token.
    pub fn access_key_id(&self) -> &str {
        self.signing_key().map_or("", SigningKey::access_key_id)
    }

    /// Returns the AccessKey secret, for code that must hand it on; empty for a bearer token. It is not to be logged.
    pub fn access_key_secret(&self) -> &str {
        match &*self.0.identity {
            Identity::AccessKey { secret, .. } => secret,
            Identity::BearerToken(_) => "",
        }
    }

    /// Returns the security token of an STS session. It is not to be logged.
    pub fn security_token(&self) -> Option<&str> {
        match &*self.0.identity {
            Identity::AccessKey { security_token, .. } => {
                security_token.as_deref().map(String::as_str)
            }
            Identity::BearerToken(_) => None,
        }
    }

    /// Returns the bearer token, where that is what these credentials are. It is not to be logged.
    pub fn bearer(&self) -> Option<&str> {
        match &*self.0.identity {
            Identity::AccessKey { .. } => None,
            Identity::BearerToken(token) => Some(token),
        }
    }

    /// Returns the key state that requests are signed with; `None` for a bearer token.
    pub fn signing_key(&self) -> Option<&SigningKey> {
        match &*self.0.identity {
            Identity::AccessKey { key, .. } => Some(key),
            Identity::BearerToken(_) => None,
        }
    }

    /// Returns when the credentials end (UTC); `None` when they don't.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        self.0.expires_at
    }

    /// Returns where the credentials come from.
    pub fn provider(&self) -> &str {
        &self.0.provider
    }

    /// Says whether both come from the same load: clones do, equal values from two loads do not.
    pub fn is_same(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.0.identity, &other.0.identity)
    }
}

fn check_part(name: &'static str, value: &str) -> Result<(), Error> {
    if value.is_empty() {
        return Err(Error::invalid_parameter(name, "must not be empty"));
    }
    if value.bytes().any(|byte| matches!(byte, b'\r' | b'\n' | 0)) {
        return Err(Error::invalid_parameter(
            name,
            "must not hold a line break or NUL: was it read with its line end?",
        ));
    }
    Ok(())
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let redacted = format_args!("<redacted>");
        let mut text = f.debug_struct("Credentials");
        match &*self.0.identity {
            Identity::AccessKey {
                key,
                security_token,
                ..
            } => {
                let head: String = key.access_key_id().chars().take(4).collect();
                text.field("access_key_id", &format_args!("{}...", head.escape_debug()))
                    .field("access_key_secret", &redacted)
                    .field("security_token", &security_token.as_ref().map(|_| redacted));
            }
            Identity::BearerToken(_) => _ = text.field("bearer_token", &redacted),
        }
        text.field("expires_at", &self.0.expires_at)
            .field("provider", &self.0.provider)
            .finish()
    }
}

/// A source of credentials, asked before each attempt; it must answer from memory most of the time.
pub trait ProvideCredentials: fmt::Debug + Send + Sync {
    /// Returns credentials that are valid now.
    ///
    /// # Errors
    /// [`ErrorKind::Credentials`](crate::ErrorKind::Credentials) when there are none, with what to do next.
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>>;

    /// Returns credentials that are at hand and valid now, without waiting; `None` where they must be fetched.
    fn cached(&self) -> Option<Credentials> {
        None
    }

    /// Tells that the service refused `rejected` as expired or unknown: the next call must not return them again.
    fn invalidate(&self, rejected: &Credentials) {
        let _ = rejected;
    }
}

/// A shared [`ProvideCredentials`].
pub type SharedCredentialsProvider = Arc<dyn ProvideCredentials>;

impl ProvideCredentials for Credentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        Box::pin(std::future::ready(Ok(self.clone())))
    }

    fn cached(&self) -> Option<Credentials> {
        Some(self.clone())
    }
}

impl<P: ProvideCredentials + ?Sized> ProvideCredentials for Arc<P> {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        (**self).credentials()
    }

    fn cached(&self) -> Option<Credentials> {
        (**self).cached()
    }

    fn invalidate(&self, rejected: &Credentials) {
        (**self).invalidate(rejected);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_key_without_its_token_is_refused() {
        let error = Credentials::access_key("STS.abc", "secret").unwrap_err();
        assert_eq!(error.field(), Some("SecurityToken"));
    }

    #[test]
    fn a_part_with_a_line_end_is_refused_by_name() {
        let error = Credentials::access_key("LTAI", "canary-secret\n").unwrap_err();
        assert_eq!(error.field(), Some("AccessKeySecret"));
        assert!(!format!("{error} {error:?}").contains("canary"));
    }

    #[test]
    fn no_secret_is_in_the_debug_text() {
        let made = Credentials::sts("STS.canary-id", "canary-secret", "canary-token").unwrap();
        let text = format!("{made:?} {made:#?}");
        assert!(!text.contains("canary-"), "{text}");
        assert!(text.contains("STS."), "{text}");
    }

    #[test]
    fn an_expiry_noted_on_a_clone_leaves_the_first_as_it_was() {
        let first = Credentials::access_key("LTAI", "secret").unwrap();
        let second = first.clone().with_expiry(DateTime::UNIX_EPOCH);
        assert_eq!(first.expires_at(), None);
        assert_eq!(second.expires_at(), Some(DateTime::UNIX_EPOCH));
        assert_eq!(second.access_key_secret(), "secret");
    }
}
