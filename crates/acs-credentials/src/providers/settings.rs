//! What all ways to a role's session have in common.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acs_core::Error;

use crate::context::Context;
use crate::failure::Failure;
use crate::sts::StsAddress;
use crate::vars;

/// The settings that a program gives, which are checked in full: see [`session_setters`].
#[derive(Debug)]
pub(super) struct SessionBuilder {
    role_arn: String,
    pub(super) session_name: Option<String>,
    pub(super) policy: Option<String>,
    pub(super) duration: Duration,
    pub(super) max_session_duration: Option<Duration>,
    pub(super) address: StsAddress,
}

impl SessionBuilder {
    pub(super) fn new(role_arn: String) -> Self {
        Self {
            role_arn,
            session_name: None,
            policy: None,
            duration: Duration::from_secs(acs_sts::DEFAULT_MAX_SESSION_SECONDS),
            max_session_duration: None,
            address: StsAddress::default(),
        }
    }

    pub(super) fn build(self) -> Result<SessionSettings, Error> {
        acs_sts::check_role_arn(&self.role_arn)?;
        if let Some(name) = &self.session_name {
            acs_sts::check_session_name(name)?;
        }
        if let Some(policy) = &self.policy {
            acs_sts::check_policy(policy)?;
        }
        let seconds = acs_sts::check_duration(self.duration, self.max_session_duration)?;
        Ok(SessionSettings {
            role_arn: Some(self.role_arn),
            session_name: self.session_name,
            policy: self.policy,
            seconds,
            address: self.address,
            made_name: Arc::default(),
        })
    }
}

/// The setters of every builder that holds a [`SessionBuilder`] as its `session`: one text for all of them.
macro_rules! session_setters {
    () => {
        /// Narrows the session by an inline policy, JSON of at most 2048 characters: it can do what both the role and
        /// the policy allow.
        pub fn policy(mut self, policy: impl Into<String>) -> Self {
            self.session.policy = Some(policy.into());
            self
        }

        /// Sets how long a session lasts: 900 to 3600 s, or up to what
        /// [`max_session_duration`](Self::max_session_duration) states. Default: 3600 s.
        pub fn duration(mut self, duration: std::time::Duration) -> Self {
            self.session.duration = duration;
            self
        }

        /// States the role's own `MaxSessionDuration`, which allows longer sessions: 3600 to 43,200 s.
        pub fn max_session_duration(mut self, maximum: std::time::Duration) -> Self {
            self.session.max_session_duration = Some(maximum);
            self
        }

        /// Sets the region whose STS is asked. Default: `ALIBABA_CLOUD_STS_REGION`, else the central STS.
        pub fn sts_region(mut self, region: impl Into<String>) -> Self {
            self.session.address.region = Some(region.into());
            self
        }

        /// Sets whether STS is asked inside the region's VPC. Default: `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED`.
        pub fn vpc(mut self, vpc: bool) -> Self {
            self.session.address.vpc = Some(vpc);
            self
        }

        /// Sets the STS endpoint by hand: a host, https; plain http to a loopback address only.
        pub fn sts_endpoint(mut self, endpoint: impl Into<String>) -> Self {
            self.session.address.endpoint = Some(endpoint.into());
            self
        }
    };
}

/// The setter of the name, which a session by SAML takes from its assertion.
macro_rules! session_name_setter {
    () => {
        /// Names the session, for the audit log: 2 to 64 letters, digits and `.@_-`. Default:
        /// `ALIBABA_CLOUD_ROLE_SESSION_NAME`, else `credentials-rust-` and the time in milliseconds.
        pub fn session_name(mut self, name: impl Into<String>) -> Self {
            self.session.session_name = Some(name.into());
            self
        }
    };
}

pub(super) use {session_name_setter, session_setters};

/// The settings of a role's session, checked.
#[derive(Debug)]
pub(crate) struct SessionSettings {
    /// `ALIBABA_CLOUD_ROLE_ARN` where it is absent.
    role_arn: Option<String>,
    session_name: Option<String>,
    pub(crate) policy: Option<String>,
    pub(crate) seconds: u64,
    pub(crate) address: StsAddress,
    /// The name that was made where none was given: the same for all sessions of the source.
    made_name: Arc<OnceLock<String>>,
}

impl Default for SessionSettings {
    fn default() -> Self {
        Self {
            role_arn: None,
            session_name: None,
            policy: None,
            seconds: acs_sts::DEFAULT_MAX_SESSION_SECONDS,
            address: StsAddress::default(),
            made_name: Arc::default(),
        }
    }
}

impl SessionSettings {
    /// Takes settings from a file or a list of options, whose author is taken at their word for the role's maximum.
    pub(crate) fn from_options(options: RoleOptions) -> Result<Self, Failure> {
        let seconds = match options.seconds {
            None | Some(0) => acs_sts::DEFAULT_MAX_SESSION_SECONDS,
            Some(seconds) => seconds,
        };
        if seconds > acs_sts::MAX_SESSION_SECONDS {
            tracing::warn!(
                seconds,
                longest = acs_sts::MAX_SESSION_SECONDS,
                "no role allows a session of this length: STS will refuse it"
            );
        } else {
            let longest = Duration::from_secs(acs_sts::MAX_SESSION_SECONDS);
            acs_sts::check_duration(Duration::from_secs(seconds), Some(longest))?;
        }
        if let Some(name) = &options.session_name {
            check_session_name(name)?;
        }
        if let Some(policy) = &options.policy {
            acs_sts::check_policy(policy)?;
        }
        if let Some(arn) = &options.role_arn {
            acs_sts::check_role_arn(arn)?;
        }
        Ok(Self {
            role_arn: options.role_arn,
            session_name: options.session_name,
            policy: options.policy,
            seconds,
            address: options.address,
            made_name: options.made_name,
        })
    }

    pub(crate) fn role_arn(&self, context: &Context) -> Result<Cow<'_, str>, Failure> {
        if let Some(arn) = &self.role_arn {
            return Ok(Cow::Borrowed(arn));
        }
        let arn = context.var(vars::ROLE_ARN)?.ok_or_else(|| {
            Failure::new(format!(
                "the role ARN is empty: give it, or set {}",
                vars::ROLE_ARN
            ))
        })?;
        let arn = arn.trim().to_owned();
        acs_sts::check_role_arn(&arn)?;
        Ok(Cow::Owned(arn))
    }

    /// The name of the session: the one that was given, else that of the environment as it is now, else a made one, which
    /// stays the same for all sessions of this source.
    pub(crate) fn name(&self, context: &Context) -> Result<Cow<'_, str>, Failure> {
        if let Some(name) = &self.session_name {
            return Ok(Cow::Borrowed(name));
        }
        if let Some(name) = context.var(vars::ROLE_SESSION_NAME)? {
            let name = name.trim();
            check_session_name(name)
                .map_err(|error| Failure::input(vars::ROLE_SESSION_NAME, error.to_string()))?;
            return Ok(Cow::Owned(name.to_owned()));
        }
        let made = || format!("credentials-rust-{}", context.now().timestamp_millis());
        Ok(Cow::Borrowed(self.made_name.get_or_init(made)))
    }
}

/// Checks a session name that no program wrote. One character is left to STS, as the official libraries do.
fn check_session_name(name: &str) -> Result<(), acs_core::Error> {
    acs_sts::check_session_name_characters(name)?;
    if name.len() < 2 {
        tracing::warn!(
            name,
            "a session name has 2 to 64 characters: STS will refuse this one"
        );
    }
    Ok(())
}

/// The settings of a role's session as files write them: empty is absent.
#[derive(Clone, Debug, Default)]
pub(crate) struct RoleOptions {
    pub(crate) role_arn: Option<String>,
    pub(crate) session_name: Option<String>,
    pub(crate) policy: Option<String>,
    /// 0 is absent.
    pub(crate) seconds: Option<u64>,
    pub(crate) address: StsAddress,
    /// Where the made name is kept, for settings that are read again at each load.
    pub(crate) made_name: Arc<OnceLock<String>>,
}
