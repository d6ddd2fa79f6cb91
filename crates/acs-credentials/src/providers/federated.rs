//! Roles that are assumed without a key: the proof is an identity provider's token or assertion, sent in the body.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use acs_core::{BoxFuture, Error};
use zeroize::Zeroizing;

use crate::cache::CredentialsCache;
use crate::context::Context;
use crate::failure::{Failure, LoadError};
use crate::providers::settings::{
    RoleOptions, SessionBuilder, SessionSettings, session_name_setter, session_setters,
};
use crate::source::{Found, Source};
use crate::sts::fetch_session;
use crate::vars;

/// The most bytes that a file with a token or an assertion may have.
const MAX_PROOF_BYTES: usize = 256 << 10;

/// A role that is assumed with an OIDC token from a file, as pods do (RRSA). The file is read at each load, since the
/// token in it is replaced from time to time; the token goes in the body of the request, and is never logged.
#[derive(Debug)]
pub struct OidcRoleArn {
    /// `None`: the provider and file that the environment names.
    from: Option<OidcFiles>,
    session: SessionSettings,
}

/// Settings of an [`OidcRoleArn`].
#[derive(Debug)]
#[must_use]
pub struct OidcRoleArnBuilder {
    session: SessionBuilder,
    files: OidcFiles,
}

#[derive(Debug)]
struct OidcFiles {
    provider_arn: String,
    token_file: PathBuf,
}

impl OidcRoleArn {
    /// Takes role, provider and token file from `ALIBABA_CLOUD_ROLE_ARN`, `ALIBABA_CLOUD_OIDC_PROVIDER_ARN` and
    /// `ALIBABA_CLOUD_OIDC_TOKEN_FILE`.
    pub fn from_env() -> Self {
        Self {
            from: None,
            session: SessionSettings::default(),
        }
    }

    /// Starts with a role, an OIDC provider, the file that holds the token, and sessions of an hour.
    pub fn builder(
        role_arn: impl Into<String>,
        provider_arn: impl Into<String>,
        token_file: impl Into<PathBuf>,
    ) -> OidcRoleArnBuilder {
        OidcRoleArnBuilder {
            session: SessionBuilder::new(role_arn.into()),
            files: OidcFiles {
                provider_arn: provider_arn.into(),
                token_file: token_file.into(),
            },
        }
    }

    /// Puts a cache before it, with the system's context.
    pub fn cached(self) -> CredentialsCache {
        CredentialsCache::new(self)
    }

    pub(crate) fn of(
        provider_arn: String,
        token_file: PathBuf,
        options: RoleOptions,
    ) -> Result<Self, Failure> {
        acs_sts::check_oidc_provider_arn(&provider_arn)?;
        Ok(Self {
            from: Some(OidcFiles {
                provider_arn,
                token_file,
            }),
            session: SessionSettings::from_options(options)?,
        })
    }

    async fn assume(&self, context: &Context) -> Result<Found, LoadError> {
        let (provider_arn, token_file) = match &self.from {
            Some(files) => (files.provider_arn.clone(), files.token_file.clone()),
            None => from_env(context)?,
        };
        let role_arn = self.session.role_arn(context)?;
        let token = read_proof(context, &token_file).await?;
        acs_sts::check_oidc_token_characters(&token)
            .map_err(|error| Failure::input(token_file.display().to_string(), error.to_string()))?;
        let session_name = self.session.name(context)?;
        let duration = self.session.seconds.to_string();
        let mut form = vec![
            ("RoleArn", role_arn.as_ref()),
            ("OIDCProviderArn", &provider_arn),
            ("OIDCToken", &token),
            ("RoleSessionName", &session_name),
            ("DurationSeconds", &duration),
        ];
        form.extend(
            self.session
                .policy
                .as_deref()
                .map(|policy| ("Policy", policy)),
        );
        let keys = fetch_session(
            context,
            &self.session.address,
            "AssumeRoleWithOIDC",
            None,
            &form,
            "oidc_role_arn".to_owned(),
        )
        .await?;
        let named_by = match &self.from {
            Some(_) => String::new(),
            None => format!(", which {} names", vars::OIDC_TOKEN_FILE),
        };
        let origin = format!(
            "the role {role_arn}, assumed with the OIDC token in {}{named_by}",
            token_file.display()
        );
        Ok(Found::new(keys, origin))
    }
}

impl OidcRoleArnBuilder {
    session_setters!();
    session_name_setter!();

    /// Makes the source. Nothing is read or sent.
    ///
    /// # Errors
    /// A setting is one that STS would refuse.
    pub fn build(self) -> Result<OidcRoleArn, Error> {
        acs_sts::check_oidc_provider_arn(&self.files.provider_arn)?;
        Ok(OidcRoleArn {
            from: Some(self.files),
            session: self.session.build()?,
        })
    }
}

fn from_env(context: &Context) -> Result<(String, PathBuf), LoadError> {
    let names = [
        vars::ROLE_ARN,
        vars::OIDC_PROVIDER_ARN,
        vars::OIDC_TOKEN_FILE,
    ];
    let mut missing = Vec::new();
    for name in names {
        if context.var(name)?.is_none() {
            missing.push(name);
        }
    }
    match (
        context.var(vars::OIDC_PROVIDER_ARN)?,
        context.var(vars::OIDC_TOKEN_FILE)?,
    ) {
        (Some(provider_arn), Some(token_file)) if missing.is_empty() => {
            let provider_arn = provider_arn.trim().to_owned();
            acs_sts::check_oidc_provider_arn(&provider_arn)
                .map_err(|error| Failure::input(vars::OIDC_PROVIDER_ARN, error.to_string()))?;
            Ok((provider_arn, PathBuf::from(token_file)))
        }
        (provider_arn, token_file) => {
            let missing = missing.join(", ");
            // The role alone is the default of another source.
            let is_partial = provider_arn.is_some() || token_file.is_some();
            Err(LoadError::not_configured(match is_partial {
                true => format!("warning, only a part of it is set; not set: {missing}"),
                false => format!("not set: {missing}"),
            }))
        }
    }
}

impl Source for OidcRoleArn {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("oidc_role_arn")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.assume(context))
    }
}

/// A role that is assumed with a SAML assertion, which is asked for at each load and goes in the body of the request.
pub struct SamlRoleArn {
    provider_arn: String,
    assertion: Assertion,
    session: SessionSettings,
}

type Fetch = Arc<dyn Fn() -> BoxFuture<'static, Result<String, Error>> + Send + Sync>;

enum Assertion {
    File(PathBuf),
    Fetched(Fetch),
}

/// Settings of a [`SamlRoleArn`].
#[must_use]
pub struct SamlRoleArnBuilder {
    session: SessionBuilder,
    provider_arn: String,
    assertion: Option<Assertion>,
}

impl SamlRoleArn {
    /// Starts with a role, a SAML provider, and sessions of an hour.
    pub fn builder(
        role_arn: impl Into<String>,
        provider_arn: impl Into<String>,
    ) -> SamlRoleArnBuilder {
        SamlRoleArnBuilder {
            session: SessionBuilder::new(role_arn.into()),
            provider_arn: provider_arn.into(),
            assertion: None,
        }
    }

    /// Puts a cache before it, with the system's context.
    pub fn cached(self) -> CredentialsCache {
        CredentialsCache::new(self)
    }

    async fn assume(&self, context: &Context) -> Result<Found, LoadError> {
        let role_arn = self.session.role_arn(context)?;
        let assertion = match &self.assertion {
            Assertion::File(path) => read_proof(context, path).await?,
            Assertion::Fetched(fetch) => Zeroizing::new(fetch().await?),
        };
        acs_sts::check_saml_assertion(&assertion)?;
        let duration = self.session.seconds.to_string();
        let mut form = vec![
            ("RoleArn", role_arn.as_ref()),
            ("SAMLProviderArn", &self.provider_arn),
            ("SAMLAssertion", &assertion),
            ("DurationSeconds", &duration),
        ];
        form.extend(
            self.session
                .policy
                .as_deref()
                .map(|policy| ("Policy", policy)),
        );
        let keys = fetch_session(
            context,
            &self.session.address,
            "AssumeRoleWithSAML",
            None,
            &form,
            "saml_role_arn".to_owned(),
        )
        .await?;
        let origin = format!("the role {role_arn}, assumed with a SAML assertion");
        Ok(Found::new(keys, origin))
    }
}

impl SamlRoleArnBuilder {
    /// Reads the assertion (base64) from a file at each load.
    pub fn assertion_file(mut self, file: impl Into<PathBuf>) -> Self {
        self.assertion = Some(Assertion::File(file.into()));
        self
    }

    /// Gets the assertion (base64) from a closure at each load.
    pub fn assertion_from<F, Fut>(mut self, fetch: F) -> Self
    where
        F: Fn() -> Fut + Send + Sync + 'static,
        Fut: Future<Output = Result<String, Error>> + Send + 'static,
    {
        let fetch: Fetch = Arc::new(move || Box::pin(fetch()));
        self.assertion = Some(Assertion::Fetched(fetch));
        self
    }

    session_setters!();

    /// Makes the source. Nothing is read or sent.
    ///
    /// # Errors
    /// A setting is one that STS would refuse, or nothing gives the assertion.
    pub fn build(self) -> Result<SamlRoleArn, Error> {
        acs_sts::check_saml_provider_arn(&self.provider_arn)?;
        Ok(SamlRoleArn {
            provider_arn: self.provider_arn,
            assertion: self.assertion.ok_or_else(|| {
                Error::invalid_parameter(
                    "SAMLAssertion",
                    "say where it comes from: `assertion_file` or `assertion_from`",
                )
            })?,
            session: self.session.build()?,
        })
    }
}

impl fmt::Debug for SamlRoleArnBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlRoleArnBuilder")
            .field("provider_arn", &self.provider_arn)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

impl Source for SamlRoleArn {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("saml_role_arn")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.assume(context))
    }
}

impl fmt::Debug for SamlRoleArn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SamlRoleArn")
            .field("provider_arn", &self.provider_arn)
            .field("session", &self.session)
            .finish_non_exhaustive()
    }
}

/// Reads a file that holds a token, without the white space around it.
async fn read_proof(context: &Context, path: &Path) -> Result<Zeroizing<String>, Failure> {
    let shown = || path.display().to_string();
    let bytes = context
        .files()
        .read(path, MAX_PROOF_BYTES)
        .await
        .map_err(|error| Failure::input(shown(), error.to_string()))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::input(shown(), "the file is not UTF-8"))?
        .trim();
    if text.is_empty() {
        return Err(Failure::input(shown(), "the file is empty"));
    }
    Ok(Zeroizing::new(text.to_owned()))
}
