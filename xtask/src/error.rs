use std::fmt;
use std::io;
use std::path::Path;

/// What keeps a task from its end: one line that names the place at fault.
#[derive(Debug)]
pub(crate) struct Error {
    pub(crate) message: String,
    /// 2 for the user's mistakes and documents at fault, 1 for all else.
    pub(crate) exit_code: u8,
}

pub(crate) type Result<T> = std::result::Result<T, Error>;

impl Error {
    /// A mistake of the user, or a document at fault.
    pub(crate) fn input(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 2,
        }
    }

    /// Something else that went wrong.
    pub(crate) fn failed(message: impl Into<String>) -> Self {
        Self {
            message: message.into(),
            exit_code: 1,
        }
    }

    pub(crate) fn io(path: &Path, error: &io::Error) -> Self {
        let message = format!("{}: {error}", path.display());
        match error.kind() {
            io::ErrorKind::NotFound
            | io::ErrorKind::InvalidData
            | io::ErrorKind::IsADirectory
            | io::ErrorKind::NotADirectory => Self::input(message),
            _ => Self::failed(message),
        }
    }

    /// Puts the file in front.
    pub(crate) fn in_file(self, file: &str) -> Self {
        Self {
            message: format!("{file}: {}", self.message),
            ..self
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}
