//! AssumeRole: the keys of a role, with the keys of somebody who may assume it.

use std::borrow::Cow;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use acs_core::{BoxFuture, Error, ProvideCredentials};

use crate::cache::CredentialsCache;
use crate::context::Context;
use crate::failure::{Failure, LoadError};
use crate::source::{Found, Provided, SharedSource, Source};
use crate::sts::{StsAddress, StsSignature, fetch_session};
use crate::vars;

/// A role that is assumed with the credentials of another source, which is asked at each load.
#[derive(Debug)]
pub struct RamRoleArn {
    session: SessionSettings,
    external_id: Option<String>,
    source: SharedSource,
}

/// Settings of a [`RamRoleArn`].
#[derive(Debug)]
#[must_use]
pub struct RamRoleArnBuilder {
    role_arn: String,
    session_name: Option<String>,
    policy: Option<String>,
    duration: Duration,
    max_session_duration: Option<Duration>,
    external_id: Option<String>,
    address: StsAddress,
    source: Option<SharedSource>,
}

impl RamRoleArn {
    /// Starts with a role, `acs:ram::<account id>:role/<name>`, and sessions of an hour.
    pub fn builder(role_arn: impl Into<String>) -> RamRoleArnBuilder {
        RamRoleArnBuilder {
            role_arn: role_arn.into(),
            session_name: None,
            policy: None,
            duration: Duration::from_secs(acs_sts::DEFAULT_MAX_SESSION_SECONDS),
            max_session_duration: None,
            external_id: None,
            address: StsAddress::default(),
            source: None,
        }
    }

    /// Puts a cache before it, with the system's context.
    pub fn cached(self) -> CredentialsCache {
        CredentialsCache::new(self)
    }

    pub(crate) fn of(
        session: SessionSettings,
        external_id: Option<String>,
        source: SharedSource,
    ) -> Self {
        Self {
            session,
            external_id,
            source,
        }
    }

    async fn assume(&self, context: &Context) -> Result<Found, LoadError> {
        let role_arn = self.session.role_arn(context)?;
        let session_name = self.session.name(context)?;
        let source = match self.source.load(context).await {
            Ok(source) => source,
            // The role is set up; what it needs is not, and that is a fault.
            Err(LoadError::NotConfigured(reason)) => {
                return Err(
                    Failure::new(format!("the source credentials of the role: {reason}")).into(),
                );
            }
            Err(failed) => return Err(failed),
        };
        let caller = source.credentials;
        let duration = self.session.seconds.to_string();
        let mut form = vec![
            ("RoleArn", role_arn.as_ref()),
            ("RoleSessionName", &session_name),
            ("DurationSeconds", &duration),
        ];
        form.extend(
            self.session
                .policy
                .as_deref()
                .map(|policy| ("Policy", policy)),
        );
        form.extend(self.external_id.as_deref().map(|id| ("ExternalId", id)));
        let provider = format!("ram_role_arn/{}", caller.provider());
        let keys = fetch_session(
            context,
            &self.session.address,
            "AssumeRole",
            Some(&caller),
            &form,
            provider,
        )
        .await?;
        let origin = format!(
            "the role {role_arn}, assumed with the key of {}",
            source.origin
        );
        Ok(Found::new(keys, origin))
    }
}

impl RamRoleArnBuilder {
    /// Sets whose keys assume the role.
    pub fn source(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.source = Some(Arc::new(Provided(Arc::new(provider))));
        self
    }

    /// Sets a source whose keys assume the role; it is asked at each load, and nothing is remembered of it.
    pub fn source_of(mut self, source: impl Source + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Names the session, for the audit log: 2 to 64 letters, digits and `.@_-`. Default:
    /// `ALIBABA_CLOUD_ROLE_SESSION_NAME`, else `credentials-rust-` and the time in milliseconds.
    pub fn session_name(mut self, name: impl Into<String>) -> Self {
        self.session_name = Some(name.into());
        self
    }

    /// Narrows the session by an inline policy, JSON of at most 2048 characters: it can do what both the role and the
    /// policy allow.
    pub fn policy(mut self, policy: impl Into<String>) -> Self {
        self.policy = Some(policy.into());
        self
    }

    /// Sets how long a session lasts: 900 to 3600 s, or up to what [`max_session_duration`](Self::max_session_duration)
    /// states. Default: 3600 s.
    pub fn duration(mut self, duration: Duration) -> Self {
        self.duration = duration;
        self
    }

    /// States the role's own `MaxSessionDuration`, which allows longer sessions: 3600 to 43,200 s.
    pub fn max_session_duration(mut self, maximum: Duration) -> Self {
        self.max_session_duration = Some(maximum);
        self
    }

    /// Sets the external id that the role's trust policy asks for.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Sets the region whose STS is asked. Default: `ALIBABA_CLOUD_STS_REGION`, else the central STS.
    pub fn sts_region(mut self, region: impl Into<String>) -> Self {
        self.address.region = Some(region.into());
        self
    }

    /// Sets whether STS is asked inside the region's VPC. Default: `ALIBABA_CLOUD_VPC_ENDPOINT_ENABLED`.
    pub fn vpc(mut self, vpc: bool) -> Self {
        self.address.vpc = Some(vpc);
        self
    }

    /// Sets the STS endpoint by hand: a host, https; plain http to a loopback address only.
    pub fn sts_endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.address.endpoint = Some(endpoint.into());
        self
    }

    /// Sets how the request is signed. Default: [`StsSignature::RpcV1`].
    pub fn signature(mut self, signature: StsSignature) -> Self {
        self.address.signature = signature;
        self
    }

    /// Makes the source. Nothing is sent.
    ///
    /// # Errors
    /// A setting is one that STS would refuse, or there is no source of credentials to assume the role with.
    pub fn build(self) -> Result<RamRoleArn, Error> {
        acs_sts::check_role_arn(&self.role_arn)?;
        if let Some(name) = &self.session_name {
            acs_sts::check_session_name(name)?;
        }
        if let Some(policy) = &self.policy {
            acs_sts::check_policy(policy)?;
        }
        if let Some(id) = &self.external_id {
            acs_sts::check_external_id(id)?;
        }
        let seconds = acs_sts::check_duration(self.duration, self.max_session_duration)?;
        let source = self.source.ok_or_else(|| {
            Error::invalid_parameter(
                "source",
                "give the credentials that the role is assumed with",
            )
        })?;
        Ok(RamRoleArn {
            session: SessionSettings {
                role_arn: Some(self.role_arn),
                session_name: self.session_name,
                policy: self.policy,
                seconds,
                address: self.address,
                made_name: Arc::default(),
            },
            external_id: self.external_id,
            source,
        })
    }
}

impl Source for RamRoleArn {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("ram_role_arn")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.assume(context))
    }
}

/// What all ways to a role's session have in common.
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
        let longest = Duration::from_secs(acs_sts::MAX_SESSION_SECONDS);
        acs_sts::check_duration(Duration::from_secs(seconds), Some(longest))?;
        if let Some(name) = &options.session_name {
            acs_sts::check_session_name_characters(name)?;
            if name.len() < 2 {
                // The official libraries send it, and so do their vectors.
                tracing::warn!(
                    name,
                    "a session name has 2 to 64 characters: STS will refuse this one"
                );
            }
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
            acs_sts::check_session_name(name)
                .map_err(|error| Failure::input(vars::ROLE_SESSION_NAME, error.to_string()))?;
            return Ok(Cow::Owned(name.to_owned()));
        }
        let made = || format!("credentials-rust-{}", context.now().timestamp_millis());
        Ok(Cow::Borrowed(self.made_name.get_or_init(made)))
    }
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
