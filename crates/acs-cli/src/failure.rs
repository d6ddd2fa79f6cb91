//! How a command fails: one line, and an exit code that says whose fault it is.

use std::fmt;
use std::path::Path;

use acs_core::{Error, ErrorKind};

/// Exit code of a command that was asked to stop: 128 and the number of SIGINT, as shells have it.
pub(crate) const INTERRUPTED: u8 = 130;

/// A failed command.
#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    code: u8,
}

impl Failure {
    /// The user's mistake: exit code 2.
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 2,
        }
    }

    /// The service's or the network's: exit code 1.
    pub(crate) fn service(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            code: 1,
        }
    }

    /// A file that can't be used.
    pub(crate) fn file(path: &Path, error: &std::io::Error) -> Self {
        Self::usage(format!("{}: {error}", path.display()))
    }

    /// An emulator that doesn't start: its port or folder was the user's choice.
    pub(crate) fn emulator(error: &std::io::Error) -> Self {
        Self::usage(format!("the emulator cannot start: {error}"))
    }

    /// The user's wish to stop.
    pub(crate) fn interrupted() -> Self {
        Self {
            message: "interrupted".to_owned(),
            code: INTERRUPTED,
        }
    }

    pub(crate) fn code(&self) -> u8 {
        self.code
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        let code = match error.kind() {
            ErrorKind::InvalidInput | ErrorKind::Credentials | ErrorKind::Io => 2,
            ErrorKind::Cancelled => INTERRUPTED,
            _ => 1,
        };
        Self {
            message: error.to_string(),
            code,
        }
    }
}
