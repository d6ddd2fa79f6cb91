//! The sources, one a file.

mod keys;
mod role;

pub(crate) use self::keys::RawKeys;
pub use self::keys::{Environment, Static};
pub use self::role::{RamRoleArn, RamRoleArnBuilder};
