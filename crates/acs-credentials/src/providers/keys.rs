//! Keys that are simply there: given by the program, or in the environment.

use std::borrow::Cow;

use acs_core::{BoxFuture, Credentials, Error};
use chrono::{DateTime, Utc};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::failure::{Failure, LoadError};
use crate::source::{Found, Source};
use crate::vars;

/// The names that aliyun-cli and Terraform read besides the usual ones.
const LEGACY_PREFIXES: [&str; 2] = ["ALIBABACLOUD_", "ALICLOUD_"];

/// Begins the reason of half a key pair.
const HALF: &str = "warning, half a key pair";

/// Credentials that the program holds: an AccessKey pair, a session, or a bearer token.
#[derive(Clone, Debug)]
pub struct Static {
    credentials: Credentials,
    origin: Cow<'static, str>,
}

/// `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for a session,
/// `ALIBABA_CLOUD_SECURITY_TOKEN`, read at each load.
#[derive(Clone, Debug, Default)]
pub struct Environment {
    legacy_names: bool,
}

impl Static {
    /// Holds an AccessKey pair.
    ///
    /// # Errors
    /// A part is empty or holds a line break, or the id is of a session.
    pub fn access_key(
        access_key_id: impl Into<String>,
        access_key_secret: impl Into<String>,
    ) -> Result<Self, Error> {
        let keys = Credentials::access_key(access_key_id, access_key_secret)?;
        Ok(Self::of(keys.with_provider("static_ak")))
    }

    /// Holds the keys of an STS session.
    ///
    /// # Errors
    /// A part is empty or holds a line break.
    pub fn sts(
        access_key_id: impl Into<String>,
        access_key_secret: impl Into<String>,
        security_token: impl Into<String>,
    ) -> Result<Self, Error> {
        let keys = Credentials::sts(access_key_id, access_key_secret, security_token)?;
        Ok(Self::of(keys.with_provider("static_sts")))
    }

    /// Holds a bearer token.
    ///
    /// # Errors
    /// It is empty or cannot stand in a header.
    pub fn bearer(token: impl Into<String>) -> Result<Self, Error> {
        Ok(Self::of(
            Credentials::bearer_token(token)?.with_provider("bearer"),
        ))
    }

    fn of(credentials: Credentials) -> Self {
        Self {
            credentials,
            origin: Cow::Borrowed("the program itself"),
        }
    }

    /// Holds keys that were read somewhere: a token makes them those of a session.
    pub(crate) fn read_from(keys: RawKeys, origin: String) -> Result<Self, Failure> {
        let provider = if keys.token.is_some() {
            "static_sts"
        } else {
            "static_ak"
        };
        Ok(Self {
            credentials: keys.into_credentials(provider)?,
            origin: Cow::Owned(origin),
        })
    }

    /// Holds a bearer token that was read somewhere.
    pub(crate) fn bearer_from(token: &str, origin: String) -> Result<Self, Failure> {
        if token.trim().is_empty() {
            return Err(Failure::new("the bearer token is empty"));
        }
        Ok(Self {
            origin: Cow::Owned(origin),
            ..Self::bearer(token)?
        })
    }
}

impl Source for Static {
    fn name(&self) -> Cow<'static, str> {
        Cow::Owned(self.credentials.provider().to_owned())
    }

    fn load<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        let found = Found::new(self.credentials.clone(), self.origin.clone());
        Box::pin(std::future::ready(Ok(found)))
    }
}

impl Environment {
    /// Reads the usual names.
    pub fn new() -> Self {
        Self::default()
    }

    /// Reads `ALIBABACLOUD_*` and `ALICLOUD_*` too, where the usual names are not set.
    #[must_use]
    pub fn legacy_names(mut self, legacy_names: bool) -> Self {
        self.legacy_names = legacy_names;
        self
    }

    pub(crate) fn read(&self, context: &Context) -> Result<Found, LoadError> {
        let usual = [
            vars::ACCESS_KEY_ID,
            vars::ACCESS_KEY_SECRET,
            vars::SECURITY_TOKEN,
        ];
        let mut missing = match read_keys(context, usual) {
            Err(LoadError::NotConfigured(reason)) if self.legacy_names => reason,
            answer => return answer,
        };
        for prefix in LEGACY_PREFIXES {
            let names = ["ACCESS_KEY_ID", "ACCESS_KEY_SECRET", "SECURITY_TOKEN"]
                .map(|name| format!("{prefix}{name}"));
            match read_keys(context, [&names[0], &names[1], &names[2]]) {
                Err(LoadError::NotConfigured(reason)) => {
                    if reason.starts_with(HALF) {
                        missing = format!("{missing}; {reason}");
                    }
                }
                answer => return answer,
            }
        }
        Err(LoadError::not_configured(missing))
    }
}

fn read_keys(context: &Context, names: [&str; 3]) -> Result<Found, LoadError> {
    let [id_name, secret_name, token_name] = names;
    let secret = context.var(secret_name)?.map(Zeroizing::new);
    let (id, secret) = match (context.var(id_name)?, secret) {
        (Some(id), Some(secret)) => (id, secret),
        (None, None) => {
            return Err(LoadError::not_configured(format!(
                "{id_name} and {secret_name} are not set"
            )));
        }
        (Some(_), None) => return Err(half_a_pair(id_name, secret_name)),
        (None, Some(_)) => return Err(half_a_pair(secret_name, id_name)),
    };
    let token = context.var(token_name)?.map(Zeroizing::new);
    if token.is_none() && id.starts_with("STS.") {
        return Err(Failure::input(
            token_name,
            format!("is not set, but the key in {id_name} is that of an STS session (`STS.`): set its security token too"),
        )
        .into());
    }
    let keys = RawKeys {
        id,
        secret,
        token,
        expires_at: None,
    };
    let keys = keys.into_credentials("env").map_err(|failure| {
        Failure::input(id_name, format!("and its secret and token: {failure}"))
    })?;
    Ok(Found::new(
        keys,
        format!("the environment variables {id_name} and {secret_name}"),
    ))
}

/// Half a key pair is passed over, as the official libraries do, and not in silence: what is found instead is most
/// likely not what was meant.
fn half_a_pair(set: &str, missing: &str) -> LoadError {
    tracing::warn!(
        set,
        missing,
        "half a key pair is in the environment, and passed over"
    );
    LoadError::not_configured(format!(
        "{HALF}: {set} is set, but {missing} is not: set both, or neither"
    ))
}

impl Source for Environment {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("env")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(std::future::ready(self.read(context)))
    }
}

/// Keys as some text gave them. It has no `Debug`.
pub(crate) struct RawKeys {
    pub(crate) id: String,
    pub(crate) secret: Zeroizing<String>,
    pub(crate) token: Option<Zeroizing<String>>,
    pub(crate) expires_at: Option<DateTime<Utc>>,
}

impl RawKeys {
    pub(crate) fn into_credentials(
        mut self,
        provider: impl Into<Cow<'static, str>>,
    ) -> Result<Credentials, Failure> {
        if self.id.trim().is_empty() {
            return Err(Failure::new("the access key id is empty"));
        }
        if self.secret.trim().is_empty() {
            return Err(Failure::new("the access key secret is empty"));
        }
        if self.id.contains(char::is_control) {
            return Err(Failure::new(
                "the access key id holds a control character or a line break",
            ));
        }
        // Taken, not copied: a copy would stay in memory.
        let secret = std::mem::take(&mut *self.secret);
        let made = match self.token {
            Some(mut token) => Credentials::sts(self.id, secret, std::mem::take(&mut *token)),
            None => Credentials::access_key(self.id, secret),
        };
        let keys = made?.with_provider(provider);
        Ok(match self.expires_at {
            Some(end) => keys.with_expiry(end),
            None => keys,
        })
    }
}
