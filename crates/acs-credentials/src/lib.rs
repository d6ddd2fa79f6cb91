#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod cache;
mod chain;
mod config;
mod context;
mod failure;
#[cfg(test)]
mod hostile;
mod providers;
mod session;
mod shown;
mod source;
mod sts;
mod vars;

pub use cache::{CredentialsCache, CredentialsCacheBuilder};
pub use chain::{Chain, ChainError, StepOutcome, StepReport};
#[cfg(feature = "process")]
pub use context::SystemProcesses;
pub use context::{
    CommandLine, Context, Env, FileLock, Files, FixedEnv, NoFiles, NoProcesses, ProcessOutput,
    Processes, SystemEnv, SystemFiles,
};
pub use failure::{Failure, LoadError};
pub use providers::{
    CliProfile, CredentialsUri, EcsRamRole, Environment, ExternalProcess, OidcRoleArn,
    OidcRoleArnBuilder, Profile, RamRoleArn, RamRoleArnBuilder, SamlRoleArn, SamlRoleArnBuilder,
    Static, from_options,
};
pub use source::{Found, FromFn, SharedSource, Source, from_fn};
pub use sts::StsSignature;

use acs_core::{Credentials, Error};

/// Makes the default chain behind a cache, with the system's context: what most programs want.
///
/// The steps are those of [`Chain::standard`]; nothing is read before the first call.
pub fn default_chain() -> CredentialsCache {
    CredentialsCache::new(Chain::standard())
}

/// Reads `ALIBABA_CLOUD_ACCESS_KEY_ID`, `ALIBABA_CLOUD_ACCESS_KEY_SECRET` and, for the keys of a session,
/// `ALIBABA_CLOUD_SECURITY_TOKEN`.
///
/// # Errors
/// A variable is missing, is not UTF-8, or holds a line break; the key is that of a session and the token is missing.
/// The message names the variable.
pub fn from_env(context: &Context) -> Result<Credentials, Error> {
    providers::Environment::new()
        .read(context)
        .map(|found| found.credentials)
        .map_err(|error| error.into_failure().to_error())
}
