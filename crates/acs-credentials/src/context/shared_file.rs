//! The one file that is written, and that programs share.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::files::FileLock;

/// How long another process may hold the lock of a file: for a request whose answer it writes, and a little more.
const LOCK_PATIENCE: Duration = Duration::from_secs(15);

/// Locks a file beside the file, since that is itself replaced. A link is followed: what it points to is locked.
pub(super) fn wait_for_lock(path: &Path) -> io::Result<FileLock> {
    let pause = Duration::from_millis(50);
    let mut lock_path = fs::canonicalize(path)?.into_os_string();
    lock_path.push(".lock");
    let file = private_file(Path::new(&lock_path))?;
    let mut waited = Duration::ZERO;
    loop {
        match fs4::FileExt::try_lock(&file) {
            // It is let go when the file is closed.
            Ok(()) => return Ok(FileLock::new(file)),
            Err(fs4::TryLockError::Error(error)) => return Err(error),
            Err(fs4::TryLockError::WouldBlock) if waited < LOCK_PATIENCE => {}
            Err(fs4::TryLockError::WouldBlock) => {
                return Err(io::Error::new(
                    io::ErrorKind::WouldBlock,
                    format!(
                        "another process holds the lock of the file for more than {} s",
                        LOCK_PATIENCE.as_secs()
                    ),
                ));
            }
        }
        std::thread::sleep(pause);
        waited += pause;
    }
}

/// Replaces a file as a whole, readable by its owner only.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> io::Result<()> {
    // A link stays a link: what it points to is replaced.
    let path = fs::canonicalize(path)?;
    let directory = path.parent().map_or_else(PathBuf::new, Path::to_owned);
    // tempfile makes its files readable by their owner only.
    let mut temporary = tempfile::Builder::new()
        .prefix(".acs-")
        .tempfile_in(directory)?;
    temporary.write_all(bytes)?;
    temporary.as_file().sync_all()?;
    temporary.persist(&path).map_err(|error| error.error)?;
    Ok(())
}

fn private_file(path: &Path) -> io::Result<fs::File> {
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(false).write(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
