//! Sources by type and options, as the sections of the ini file and the typed configuration of the official SDKs name
//! them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use acs_core::Error;
use zeroize::Zeroizing;

use crate::context::is_true;
use crate::failure::Failure;
use crate::providers::federated::OidcRoleArn;
use crate::providers::keys::{RawKeys, Static};
use crate::providers::process::ExternalProcess;
use crate::providers::role::RamRoleArn;
use crate::providers::settings::{RoleOptions, SessionSettings};
use crate::providers::{CredentialsUri, EcsRamRole};
use crate::source::SharedSource;
use crate::sts::{StsAddress, StsSignature};

const TYPES: &str =
    "access_key, sts, bearer, ecs_ram_role, ram_role_arn, oidc_role_arn, credentials_uri, external";

/// The options of a source: `type` and what it takes, under the names that the official SDKs use.
#[derive(Clone, Default)]
pub(crate) struct Options(BTreeMap<String, Zeroizing<String>>);

/// Makes a source from options, for programs that come from an official SDK's typed configuration.
///
/// `type` is one of `access_key`, `sts`, `bearer`, `ecs_ram_role`, `ram_role_arn`, `oidc_role_arn`, `credentials_uri` and
/// `external`; the other options are `access_key_id`, `access_key_secret`, `security_token`, `bearer_token`, `role_name`,
/// `disable_imds_v1`, `role_arn`, `role_session_name`, `role_session_expiration` (seconds), `policy`, `external_id`,
/// `sts_region`, `sts_endpoint`, `enable_vpc`, `oidc_provider_arn`, `oidc_token_file_path`, `url` and `process_command`.
/// One that the type does not take is passed over.
///
/// ```
/// let source = acs_credentials::from_options([
///     ("type", "access_key"),
///     ("access_key_id", "LTAI-example"),
///     ("access_key_secret", "example"),
/// ])?;
/// let provider = acs_credentials::CredentialsCache::new(source);
/// # let _ = provider;
/// # Ok::<(), acs_core::Error>(())
/// ```
///
/// # Errors
/// The type is unknown, or an option is missing or malformed.
pub fn from_options<K: Into<String>, V: Into<String>>(
    options: impl IntoIterator<Item = (K, V)>,
) -> Result<SharedSource, Error> {
    let options = options
        .into_iter()
        .map(|(name, value)| (name.into(), Zeroizing::new(value.into())));
    Options(options.collect())
        .source("the options", &Arc::default())
        .map_err(|failure| failure.to_error())
}

impl Options {
    pub(crate) fn set(&mut self, name: &str, value: &str) {
        self.0
            .insert(name.to_owned(), Zeroizing::new(value.to_owned()));
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .get(name)
            .map(|value| value.trim())
            .filter(|value| !value.is_empty())
    }

    /// Makes the source of the options; that of a role is given where they name another.
    pub(crate) fn source(
        &self,
        origin: &str,
        made_name: &Arc<OnceLock<String>>,
    ) -> Result<SharedSource, Failure> {
        Ok(match self.kind()? {
            "access_key" => Arc::new(self.keys(origin, false)?),
            "sts" => Arc::new(self.keys(origin, true)?),
            "bearer" => {
                let token = self.get("bearer_token").unwrap_or_default();
                Arc::new(Static::bearer_from(token, origin.to_owned())?)
            }
            "ecs_ram_role" => {
                let source = match self.get("role_name") {
                    Some(name) => EcsRamRole::new().role_name(name),
                    None => EcsRamRole::new(),
                };
                Arc::new(match self.get("disable_imds_v1").is_some_and(is_true) {
                    true => source.v2_only(),
                    false => source,
                })
            }
            "ram_role_arn" => {
                let is_session = self.get("security_token").is_some();
                let keys = self.keys(origin, is_session)?;
                self.role(Arc::new(keys), made_name)?
            }
            "oidc_role_arn" => {
                let provider_arn = self.need("oidc_provider_arn")?.to_owned();
                let file = PathBuf::from(self.need("oidc_token_file_path")?);
                Arc::new(OidcRoleArn::of(
                    provider_arn,
                    file,
                    self.role_options(made_name)?,
                )?)
            }
            "credentials_uri" | "credential_uri" => {
                let uri = self.get("url").or_else(|| self.get("credentials_uri"));
                Arc::new(match uri {
                    Some(uri) => CredentialsUri::of_profile(uri),
                    None => CredentialsUri::from_env(),
                })
            }
            "external" => Arc::new(ExternalProcess::new(self.need("process_command")?)),
            "rsa_key_pair" => {
                return Err(Failure::new(
                    "the type rsa_key_pair is not supported (Alibaba Cloud advises against it): use another",
                ));
            }
            _ => {
                return Err(Failure::new(format!(
                    "invalid type option, support: {TYPES}"
                )));
            }
        })
    }

    /// Makes the source of a role that is assumed with another source.
    pub(crate) fn role(
        &self,
        source: SharedSource,
        made_name: &Arc<OnceLock<String>>,
    ) -> Result<SharedSource, Failure> {
        let session = SessionSettings::from_options(self.role_options(made_name)?)?;
        let external_id = self.get("external_id").map(str::to_owned);
        if let Some(id) = &external_id {
            acs_sts::check_external_id(id)?;
        }
        Ok(Arc::new(RamRoleArn::of(session, external_id, source)))
    }

    pub(crate) fn kind(&self) -> Result<&str, Failure> {
        self.get("type")
            .ok_or_else(|| Failure::new(format!("there is no `type`: one of {TYPES}")))
    }

    fn keys(&self, origin: &str, is_session: bool) -> Result<Static, Failure> {
        let token = self.get("security_token").filter(|_| is_session);
        let keys = RawKeys {
            id: self.get("access_key_id").unwrap_or_default().to_owned(),
            secret: Zeroizing::new(self.get("access_key_secret").unwrap_or_default().to_owned()),
            token: token.map(|token| Zeroizing::new(token.to_owned())),
            expires_at: None,
        };
        if is_session && keys.token.is_none() {
            return Err(Failure::new("the security token is empty"));
        }
        Static::read_from(keys, origin.to_owned())
    }

    fn role_options(&self, made_name: &Arc<OnceLock<String>>) -> Result<RoleOptions, Failure> {
        let owned = |name: &str| self.get(name).map(str::to_owned);
        let seconds = match self
            .get("role_session_expiration")
            .or_else(|| self.get("duration_seconds"))
        {
            None => None,
            Some(text) => Some(text.parse().map_err(|_| {
                Failure::input(
                    "role_session_expiration",
                    "must be a whole number of seconds",
                )
            })?),
        };
        Ok(RoleOptions {
            role_arn: owned("role_arn"),
            session_name: owned("role_session_name"),
            policy: owned("policy"),
            seconds,
            address: StsAddress {
                endpoint: owned("sts_endpoint"),
                region: owned("sts_region").or_else(|| owned("sts_region_id")),
                vpc: self.get("enable_vpc").map(is_true),
                signature: StsSignature::default(),
            },
            made_name: Arc::clone(made_name),
        })
    }

    fn need(&self, name: &str) -> Result<&str, Failure> {
        self.get(name)
            .ok_or_else(|| Failure::new(format!("the option `{name}` is empty")))
    }
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.keys()).finish()
    }
}
