//! AssumeRole: the keys of a role, with the keys of somebody who may assume it.

use std::borrow::Cow;
use std::sync::Arc;

use acs_core::{BoxFuture, Error, ProvideCredentials};

use crate::cache::CredentialsCache;
use crate::context::Context;
use crate::failure::{Failure, LoadError};
use crate::providers::settings::{
    SessionBuilder, SessionSettings, session_name_setter, session_setters,
};
use crate::source::{Found, Provided, SharedSource, Source};
use crate::sts::{StsSignature, fetch_session};

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
    session: SessionBuilder,
    external_id: Option<String>,
    source: Option<SharedSource>,
}

impl RamRoleArn {
    /// Starts with a role, `acs:ram::<account id>:role/<name>`, and sessions of an hour.
    pub fn builder(role_arn: impl Into<String>) -> RamRoleArnBuilder {
        RamRoleArnBuilder {
            session: SessionBuilder::new(role_arn.into()),
            external_id: None,
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

    session_setters!();
    session_name_setter!();

    /// Sets the external id that the role's trust policy asks for.
    pub fn external_id(mut self, id: impl Into<String>) -> Self {
        self.external_id = Some(id.into());
        self
    }

    /// Sets how the request is signed. Default: [`StsSignature::RpcV1`].
    pub fn signature(mut self, signature: StsSignature) -> Self {
        self.session.address.signature = signature;
        self
    }

    /// Makes the source. Nothing is sent.
    ///
    /// # Errors
    /// A setting is one that STS would refuse, or there is no source of credentials to assume the role with.
    pub fn build(self) -> Result<RamRoleArn, Error> {
        let session = self.session.build()?;
        if let Some(id) = &self.external_id {
            acs_sts::check_external_id(id)?;
        }
        let source = self.source.ok_or_else(|| {
            Error::invalid_parameter(
                "source",
                "give the credentials that the role is assumed with",
            )
        })?;
        Ok(RamRoleArn {
            session,
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
