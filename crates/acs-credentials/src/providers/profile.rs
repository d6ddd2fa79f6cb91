//! The sections of `~/.alibabacloud/credentials`.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use acs_core::BoxFuture;
use zeroize::Zeroizing;

use crate::config::ini::Ini;
use crate::context::Context;
use crate::failure::{Failure, LoadError};
use crate::providers::options::Options;
use crate::providers::visited::Visited;
use crate::shown;
use crate::source::{Found, SharedSource, Source};
use crate::vars;

/// The most bytes that the file may have: little enough to be held in memory whatever it holds.
const MAX_FILE_BYTES: usize = 1 << 20;
const KEYS: [&str; 20] = [
    "type",
    "access_key_id",
    "access_key_secret",
    "security_token",
    "bearer_token",
    "role_name",
    "disable_imds_v1",
    "role_arn",
    "role_session_name",
    "role_session_expiration",
    "policy",
    "external_id",
    "sts_region",
    "sts_endpoint",
    "enable_vpc",
    "oidc_provider_arn",
    "oidc_token_file_path",
    "url",
    "process_command",
    "source",
];

/// A section of the ini file that all official SDKs read.
///
/// The file is that of `ALIBABA_CLOUD_CREDENTIALS_FILE`, else `~/.alibabacloud/credentials`, else
/// `~/.alibabacloud/credentials.ini`; it is read at each load. The section is the one that is given, else that of
/// `ALIBABA_CLOUD_PROFILE`, else `default`. One with `enable = false` is passed over, unless it is named: then it is an
/// error, as is everything that it lacks. A `ram_role_arn` section takes the
/// keys of another with `source = name`.
#[derive(Debug, Default)]
pub struct Profile {
    section: Option<String>,
    session_name: Arc<OnceLock<String>>,
}

impl Profile {
    /// Takes the section of `ALIBABA_CLOUD_PROFILE`, else `default`.
    pub fn current() -> Self {
        Self::default()
    }

    /// Takes the section of a name.
    pub fn named(section: impl Into<String>) -> Self {
        Self {
            section: Some(section.into()),
            ..Self::default()
        }
    }

    async fn load_section(&self, context: &Context) -> Result<Found, LoadError> {
        let (path, bytes) = self.read(context).await?;
        let shown = path.display();
        let ini = Ini::parse(&bytes)
            .map_err(|error| Failure::input(shown.to_string(), error.to_string()))?;
        let wanted = match &self.section {
            Some(name) => Some(name.clone()),
            None => context
                .var(vars::PROFILE)?
                .map(|name| name.trim().to_owned()),
        };
        let name = wanted.as_deref().unwrap_or("default");
        let found = match self.load_from(&ini, &path, name, context).await {
            // Whoever asks for a section by name is not to get another identity in its place.
            Err(LoadError::NotConfigured(reason)) if wanted.is_some() => {
                Err(Failure::new(reason).into())
            }
            answer => answer,
        };
        found.map(|found| found.under("profile"))
    }

    async fn load_from(
        &self,
        ini: &Ini<'_>,
        path: &Path,
        name: &str,
        context: &Context,
    ) -> Result<Found, LoadError> {
        if !ini.has_section(name) {
            return Err(LoadError::not_configured(no_section(path, name)));
        }
        if ini
            .value(name, "enable")
            .is_some_and(|value| value.eq_ignore_ascii_case("false"))
        {
            return Err(LoadError::not_configured(format!(
                "{} is switched off by `enable = false`",
                section_of(path, name)
            )));
        }
        let source = self.source(ini, path, name, &mut Visited::default())?;
        let origin = section_of(path, name);
        // The section is set up: what is missing beyond it is its failure.
        match source.load(context).await {
            Ok(found) => Ok(found.named_by(&origin, path)),
            Err(error) => Err(error.into_failure().after(origin).into()),
        }
    }

    fn source(
        &self,
        ini: &Ini<'_>,
        path: &Path,
        name: &str,
        visited: &mut Visited,
    ) -> Result<SharedSource, Failure> {
        let origin = section_of(path, name);
        visited
            .enter(name)
            .map_err(|fault| Failure::new(format!("the `source` of {origin}: {fault}")))?;
        if !ini.has_section(name) {
            return Err(Failure::new(no_section(path, name)));
        }
        let mut options = Options::default();
        for key in KEYS {
            if let Some(value) = ini.value(name, key) {
                options.set(key, value);
            }
        }
        let made = match (options.kind(), options.get("source")) {
            (Ok("ram_role_arn"), Some(source)) => {
                let source = self.source(ini, path, source, visited)?;
                options.role(source, &self.session_name)
            }
            _ => options.source(&origin, &self.session_name),
        };
        made.map_err(|failure| Failure::new(format!("{origin}: {failure}")))
    }

    async fn read(&self, context: &Context) -> Result<(PathBuf, Zeroizing<Vec<u8>>), LoadError> {
        let explicit = context.var(vars::CREDENTIALS_FILE)?.map(PathBuf::from);
        let is_explicit = explicit.is_some();
        let candidates = match explicit {
            Some(path) => vec![path],
            None => {
                let home = context
                    .home()
                    .ok_or_else(|| LoadError::not_configured("the home folder is not known"))?;
                let folder = home.join(".alibabacloud");
                vec![folder.join("credentials"), folder.join("credentials.ini")]
            }
        };
        for path in &candidates {
            match context.files().read(path, MAX_FILE_BYTES).await {
                Ok(bytes) => {
                    if context.files().is_exposed(path) {
                        tracing::warn!(file = %path.display(), "others than its owner may read this file with credentials: chmod 600 it");
                    }
                    return Ok((path.clone(), bytes));
                }
                Err(error) if error.kind() == std::io::ErrorKind::NotFound && !is_explicit => {}
                Err(error) => {
                    return Err(
                        Failure::input(path.display().to_string(), error.to_string()).into(),
                    );
                }
            }
        }
        let names: Vec<String> = candidates
            .iter()
            .map(|path| path.display().to_string())
            .collect();
        Err(LoadError::not_configured(format!(
            "there is no file {}",
            names.join(" or ")
        )))
    }
}

fn section_of(path: &Path, name: &str) -> String {
    format!("the section [{}] of {}", shown::name(name), path.display())
}

fn no_section(path: &Path, name: &str) -> String {
    format!("{} has no section [{}]", path.display(), shown::name(name))
}

impl Source for Profile {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("profile")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.load_section(context))
    }
}
