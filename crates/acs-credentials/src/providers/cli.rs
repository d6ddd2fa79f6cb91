//! The profiles of `~/.aliyun/config.json`.

use std::borrow::Cow;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use acs_core::{BoxFuture, Credentials};
use chrono::DateTime;

use crate::config::cli::{CliConfig, CliProfileEntry, Secret};
use crate::context::{Context, is_true};
use crate::failure::{Failure, LoadError};
use crate::providers::federated::OidcRoleArn;
use crate::providers::keys::{RawKeys, Static};
#[cfg(feature = "oauth")]
use crate::providers::oauth::{self, Rotated};
use crate::providers::process::ExternalProcess;
use crate::providers::role::RamRoleArn;
use crate::providers::settings::{RoleOptions, SessionSettings};
use crate::providers::visited::Visited;
use crate::providers::{CredentialsUri, EcsRamRole, sso};
use crate::shown;
use crate::source::{Found, SharedSource, Source};
use crate::sts::{StsAddress, StsSignature};
use crate::vars;

/// The most bytes that the file may have: little enough to be held in memory whatever it holds.
pub(super) const MAX_CONFIG_BYTES: usize = 1 << 20;
/// Keys that a file holds are taken while they last for longer than this, in seconds: the longest time in which callers
/// wait for new ones.
const STORED_MARGIN: i64 = 180;

/// A profile of `~/.aliyun/config.json`, which the `aliyun` command line writes: all its modes but `Anonymous` and
/// `RsaKeyPair`.
///
/// The file is that of `ALIBABA_CLOUD_CONFIG_FILE`, else `~/.aliyun/config.json`; it is read at each load. The profile is
/// the one that is given, else that of `ALIBABA_CLOUD_PROFILE`, else the file's `current` one.
pub struct CliProfile {
    profile: Option<String>,
    session_name: Arc<OnceLock<String>>,
    #[cfg(feature = "oauth")]
    rotated: Rotated,
}

impl CliProfile {
    /// Takes the profile of `ALIBABA_CLOUD_PROFILE`, else the file's current one.
    pub fn current() -> Self {
        Self {
            profile: None,
            session_name: Arc::default(),
            #[cfg(feature = "oauth")]
            rotated: Rotated::default(),
        }
    }

    /// Takes the profile of a name.
    pub fn named(profile: impl Into<String>) -> Self {
        Self {
            profile: Some(profile.into()),
            ..Self::current()
        }
    }

    async fn load_profile(&self, context: &Context) -> Result<Found, LoadError> {
        if let Some(value) = context.var(vars::CLI_PROFILE_DISABLED)?
            && is_true(&value)
        {
            return Err(LoadError::not_configured(format!(
                "switched off by {}",
                vars::CLI_PROFILE_DISABLED
            )));
        }
        let (path, is_explicit_file) = path(context)?;
        let config = match read(context, &path).await? {
            Some(config) => config,
            None if is_explicit_file => {
                return Err(Failure::input(
                    vars::CONFIG_FILE,
                    format!("there is no file {}", path.display()),
                )
                .into());
            }
            None => {
                return Err(LoadError::not_configured(format!(
                    "there is no file {}",
                    path.display()
                )));
            }
        };
        let wanted = match &self.profile {
            Some(name) => Some(name.clone()),
            None => context.var(vars::PROFILE)?,
        };
        let is_explicit = wanted.is_some();
        let name = wanted.or_else(|| owned(config.current.as_ref()));
        let Some(name) = name else {
            return Err(LoadError::not_configured(format!(
                "{} names no current profile",
                path.display()
            )));
        };
        let reader = Reader {
            context,
            config: &config,
            path: &path,
            provider: self,
        };
        let found = match reader.load(name.trim(), &mut Visited::default()).await {
            // Whoever asks for a profile by name is not to get another identity in its place.
            Err(LoadError::NotConfigured(reason)) if is_explicit => {
                Err(Failure::new(reason).into())
            }
            answer => answer,
        };
        found.map(|found| found.under("cli_profile"))
    }
}

/// What a profile is read with.
struct Reader<'a> {
    context: &'a Context,
    config: &'a CliConfig,
    path: &'a Path,
    provider: &'a CliProfile,
}

impl Reader<'_> {
    async fn load(&self, name: &str, visited: &mut Visited) -> Result<Found, LoadError> {
        let profile = self.find(name)?;
        let origin = self.origin(name);
        // The two that need the file itself; all others are sources of their own.
        let found = match mode(profile).as_str() {
            "cloudsso" => sso::load(self.context, profile, origin.clone()).await,
            #[cfg(feature = "oauth")]
            "oauth" => {
                let rotated = &self.provider.rotated;
                oauth::load(self.context, self.path, profile, rotated, origin.clone()).await
            }
            #[cfg(not(feature = "oauth"))]
            "oauth" => Err(Failure::new(
                "the mode OAuth needs the feature `oauth` of acs-credentials",
            )),
            _ => {
                let source = self.source(name, visited).await?;
                // The profile is set up: what is missing beyond it is its failure.
                let found = source.load(self.context).await;
                found.map_err(LoadError::into_failure)
            }
        };
        match found {
            Ok(found) => Ok(found.named_by(&origin, self.path)),
            Err(failure) => Err(failure.after(origin).into()),
        }
    }

    fn find(&self, name: &str) -> Result<&CliProfileEntry, LoadError> {
        self.config.profile(name).ok_or_else(|| {
            LoadError::not_configured(format!(
                "unable to get profile with '{}' from {}",
                shown::name(name),
                self.path.display()
            ))
        })
    }

    fn origin(&self, name: &str) -> String {
        format!(
            "the profile `{}` of {}",
            shown::name(name),
            self.path.display()
        )
    }

    async fn source(&self, name: &str, visited: &mut Visited) -> Result<SharedSource, LoadError> {
        visited
            .enter(name)
            .map_err(|fault| Failure::new(format!("source_profile: {fault}")))?;
        let profile = self.find(name)?;
        let at = |failure: Failure| Failure::new(format!("{}: {failure}", self.origin(name)));
        let need = |value: &Option<Secret>, field: &str| {
            owned(value.as_ref())
                .ok_or_else(|| Failure::new(format!("{}: `{field}` is missing", self.origin(name))))
        };
        Ok(match mode(profile).as_str() {
            "" => {
                return Err(LoadError::not_configured(format!(
                    "{} has no mode",
                    self.origin(name)
                )));
            }
            "ak" => {
                if profile.access_key_id.is_none() && profile.access_key_secret.is_none() {
                    return Err(LoadError::not_configured(format!(
                        "{}: access_key_id and access_key_secret are empty",
                        self.origin(name)
                    )));
                }
                Arc::new(self.keys(profile, name, None).map_err(at)?)
            }
            "ststoken" => {
                let token = profile
                    .sts_token
                    .clone()
                    .ok_or_else(|| at(Failure::new("the security token is empty")))?;
                Arc::new(self.keys(profile, name, Some(token)).map_err(at)?)
            }
            "ramrolearn" => {
                let keys = self
                    .keys(profile, name, profile.sts_token.clone())
                    .map_err(at)?;
                self.role(profile, Arc::new(keys)).map_err(at)?
            }
            "ecsramrole" => Arc::new(instance(profile)),
            "ramrolearnwithrolename" => self
                .role(profile, Arc::new(instance(profile)))
                .map_err(at)?,
            "chainableramrolearn" => {
                let source = need(&profile.source_profile, "source_profile")?;
                let source = match Box::pin(self.source(source.trim(), visited)).await {
                    // The role is set up, so what it stands on must be too.
                    Err(LoadError::NotConfigured(reason)) => {
                        return Err(Failure::new(format!(
                            "source_profile of {}: {reason}",
                            self.origin(name)
                        ))
                        .into());
                    }
                    answer => answer?,
                };
                self.role(profile, source).map_err(at)?
            }
            "oidc" => {
                let provider_arn = need(&profile.oidc_provider_arn, "oidc_provider_arn")?;
                let file = need(&profile.oidc_token_file, "oidc_token_file")?;
                let options = self.role_options(profile)?;
                Arc::new(OidcRoleArn::of(provider_arn, PathBuf::from(file), options).map_err(at)?)
            }
            "credentialsuri" => {
                let uri = need(&profile.credentials_uri, "credentials_uri")?;
                Arc::new(CredentialsUri::of_profile(uri))
            }
            "external" => {
                let command = owned(profile.process_command.as_ref())
                    .ok_or_else(|| at(Failure::new("process_command is empty")))?;
                Arc::new(ExternalProcess::new(command))
            }
            "bearertoken" => {
                let token = need(&profile.bearer_token, "bearer_token")?;
                if profile
                    .bearer_token_header_key
                    .as_ref()
                    .is_some_and(|header| !header.eq_ignore_ascii_case("x-acs-bearer-token"))
                {
                    return Err(at(Failure::new(
                        "bearer_token_header_key: only x-acs-bearer-token is supported",
                    ))
                    .into());
                }
                Arc::new(Static::bearer_from(&token, self.origin(name)).map_err(at)?)
            }
            "cloudsso" | "oauth" => Arc::new(Loaded(
                Box::pin(self.load(name, &mut Visited::default())).await?,
            )),
            "anonymous" => {
                return Err(at(Failure::new(
                    "the mode Anonymous has no credentials to sign with",
                ))
                .into());
            }
            "rsakeypair" => {
                return Err(at(Failure::new(
                    "the mode RsaKeyPair is not supported (Alibaba Cloud advises against it): use another",
                ))
                .into());
            }
            _ => {
                let given = owned(profile.mode.as_ref()).unwrap_or_default();
                let given = shown::name(&given);
                return Err(at(Failure::new(format!("unsupported profile mode '{given}'"))).into());
            }
        })
    }

    fn keys(
        &self,
        profile: &CliProfileEntry,
        name: &str,
        token: Option<Secret>,
    ) -> Result<Static, Failure> {
        let keys = RawKeys {
            id: owned(profile.access_key_id.as_ref()).unwrap_or_default(),
            secret: profile.access_key_secret.clone().unwrap_or_default(),
            token,
            expires_at: None,
        };
        Static::read_from(keys, self.origin(name))
    }

    fn role(
        &self,
        profile: &CliProfileEntry,
        source: SharedSource,
    ) -> Result<SharedSource, Failure> {
        let session = SessionSettings::from_options(self.role_options(profile)?)?;
        if let Some(id) = &profile.external_id {
            acs_sts::check_external_id(id)?;
        }
        Ok(Arc::new(RamRoleArn::of(
            session,
            owned(profile.external_id.as_ref()),
            source,
        )))
    }

    fn role_options(&self, profile: &CliProfileEntry) -> Result<RoleOptions, Failure> {
        let seconds = profile
            .expired_seconds
            .map(|seconds| {
                u64::try_from(seconds).map_err(|_| Failure::new("expired_seconds is negative"))
            })
            .transpose()?;
        Ok(RoleOptions {
            role_arn: owned(profile.ram_role_arn.as_ref()),
            session_name: owned(profile.ram_session_name.as_ref()),
            policy: owned(profile.policy.as_ref()),
            seconds,
            address: StsAddress {
                endpoint: owned(profile.sts_endpoint.as_ref()),
                region: owned(profile.sts_region.as_ref()),
                vpc: profile.enable_vpc,
                signature: StsSignature::default(),
            },
            made_name: Arc::clone(&self.provider.session_name),
        })
    }
}

/// What was loaded already, as a source of a role.
#[derive(Debug)]
struct Loaded(Found);

impl Source for Loaded {
    fn name(&self) -> Cow<'static, str> {
        Cow::Owned(self.0.credentials.provider().to_owned())
    }

    fn load<'a>(&'a self, _: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(std::future::ready(Ok(self.0.clone())))
    }
}

fn mode(profile: &CliProfileEntry) -> String {
    profile
        .mode
        .as_deref()
        .map(|mode| mode.trim().to_ascii_lowercase())
        .unwrap_or_default()
}

fn instance(profile: &CliProfileEntry) -> EcsRamRole {
    match owned(profile.ram_role_name.as_ref()) {
        Some(name) => EcsRamRole::new().role_name(name),
        None => EcsRamRole::new(),
    }
}

pub(super) fn owned(text: Option<&Secret>) -> Option<String> {
    text.map(|text| text.trim().to_owned())
}

/// Returns the session that the profile holds, if it lasts for long enough.
pub(super) fn stored_session(
    context: &Context,
    profile: &CliProfileEntry,
    provider: &'static str,
) -> Result<Option<Credentials>, Failure> {
    let (Some(id), Some(secret), Some(token), Some(end)) = (
        owned(profile.access_key_id.as_ref()),
        profile.access_key_secret.clone(),
        profile.sts_token.clone(),
        profile.sts_expiration,
    ) else {
        return Ok(None);
    };
    let expires_at = DateTime::from_timestamp(end, 0);
    if end.saturating_sub(context.now().timestamp()) <= STORED_MARGIN || expires_at.is_none() {
        return Ok(None);
    }
    let keys = RawKeys {
        id,
        secret,
        token: Some(token),
        expires_at,
    };
    keys.into_credentials(provider).map(Some)
}

fn path(context: &Context) -> Result<(PathBuf, bool), LoadError> {
    if let Some(path) = context.var(vars::CONFIG_FILE)? {
        return Ok((PathBuf::from(path), true));
    }
    let home = context
        .home()
        .ok_or_else(|| LoadError::not_configured("the home folder is not known"))?;
    Ok((home.join(".aliyun").join("config.json"), false))
}

/// Reads the file; `None` where there is none.
pub(super) async fn read(context: &Context, path: &Path) -> Result<Option<CliConfig>, Failure> {
    let shown = || path.display().to_string();
    let bytes = match context.files().read(path, MAX_CONFIG_BYTES).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(Failure::input(shown(), error.to_string())),
    };
    if context.files().is_exposed(path) {
        tracing::warn!(file = %path.display(), "others than its owner may read this file with credentials: chmod 600 it");
    }
    CliConfig::parse(&bytes)
        .map(Some)
        .map_err(|error| Failure::input(shown(), error))
}

impl Source for CliProfile {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("cli_profile")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.load_profile(context))
    }
}

impl fmt::Debug for CliProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CliProfile")
            .field("profile", &self.profile)
            .finish_non_exhaustive()
    }
}
