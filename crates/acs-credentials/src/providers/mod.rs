//! The sources, one a file.

mod cli;
mod federated;
mod imds;
mod keys;
#[cfg(feature = "oauth")]
mod oauth;
mod options;
mod process;
mod profile;
mod role;
mod settings;
mod sso;
mod uri;
mod visited;

pub use self::cli::CliProfile;
pub use self::federated::{OidcRoleArn, OidcRoleArnBuilder, SamlRoleArn, SamlRoleArnBuilder};
pub use self::imds::EcsRamRole;
pub(crate) use self::keys::RawKeys;
pub use self::keys::{Environment, Static};
pub use self::options::from_options;
pub use self::process::ExternalProcess;
#[cfg(test)]
pub(crate) use self::process::split as split_command;
pub use self::profile::Profile;
pub use self::role::{RamRoleArn, RamRoleArnBuilder};
pub use self::uri::CredentialsUri;
