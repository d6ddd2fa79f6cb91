use std::any::Any;
use std::fmt;
use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use acs_core::BoxFuture;
use zeroize::Zeroizing;

#[cfg(feature = "oauth")]
use super::shared_file;

/// How old a file must be to be taken as whole after one look: a writer that works in place may be half-way.
const SETTLED: Duration = Duration::from_millis(100);
/// How often a file that is being written is read before that is an error.
const MAX_READS: u32 = 3;

/// Reads the files that hold credentials, and writes the one that must be written.
pub trait Files: fmt::Debug + Send + Sync {
    /// Returns the bytes of a regular file.
    ///
    /// # Errors
    /// It can't be read, has more than `limit` bytes, or is being rewritten all the time.
    fn read<'a>(
        &'a self,
        path: &'a Path,
        limit: usize,
    ) -> BoxFuture<'a, io::Result<Zeroizing<Vec<u8>>>>;

    /// Keeps everyone else who asks for the lock of a file waiting, in this process and in others, until what it returns
    /// is dropped.
    ///
    /// # Errors
    /// Somebody else holds it for too long ([`io::ErrorKind::WouldBlock`]), or it can't be had at all, which is the answer
    /// of who does not implement it.
    fn lock<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<FileLock>> {
        let _ = path;
        Box::pin(std::future::ready(Err(io::ErrorKind::Unsupported.into())))
    }

    /// Replaces a file as a whole, readable by its owner only. Whoever calls it holds its lock.
    ///
    /// # Errors
    /// It can't be written, which is the answer of who does not implement it; it is then as it was.
    fn replace<'a>(
        &'a self,
        path: &'a Path,
        bytes: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, io::Result<()>> {
        let _ = (path, bytes);
        Box::pin(std::future::ready(Err(io::ErrorKind::Unsupported.into())))
    }

    /// Says whether others than its owner may read the file.
    fn is_exposed(&self, path: &Path) -> bool {
        let _ = path;
        false
    }
}

/// The lock of a file, which is let go when this is dropped.
pub struct FileLock(#[allow(dead_code, reason = "held, not read")] Box<dyn Any + Send + Sync>);

impl FileLock {
    /// Makes a lock of what is to be dropped when it ends.
    pub fn new(held: impl Any + Send + Sync) -> Self {
        Self(Box::new(held))
    }
}

impl fmt::Debug for FileLock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileLock")
    }
}

/// No files at all.
#[derive(Clone, Copy, Debug)]
pub struct NoFiles;

impl Files for NoFiles {
    fn read<'a>(&'a self, _: &'a Path, _: usize) -> BoxFuture<'a, io::Result<Zeroizing<Vec<u8>>>> {
        Box::pin(std::future::ready(Err(io::ErrorKind::NotFound.into())))
    }
}

/// The files of the system.
///
/// A file that changed within the last 100 ms is read again until it holds still, so that a writer that works in place
/// is not seen half-way. Where tokio runs, the work is done on its blocking threads.
#[derive(Clone, Copy, Debug)]
pub struct SystemFiles;

impl Files for SystemFiles {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        limit: usize,
    ) -> BoxFuture<'a, io::Result<Zeroizing<Vec<u8>>>> {
        let path = path.to_owned();
        Box::pin(blocking(move || read_settled(&path, limit)))
    }

    #[cfg(feature = "oauth")]
    fn lock<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, io::Result<FileLock>> {
        let path = path.to_owned();
        Box::pin(blocking(move || shared_file::wait_for_lock(&path)))
    }

    #[cfg(feature = "oauth")]
    fn replace<'a>(
        &'a self,
        path: &'a Path,
        bytes: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, io::Result<()>> {
        let path = path.to_owned();
        Box::pin(blocking(move || shared_file::replace(&path, &bytes)))
    }

    #[cfg(unix)]
    fn is_exposed(&self, path: &Path) -> bool {
        use std::os::unix::fs::PermissionsExt as _;
        fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0)
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    if tokio::runtime::Handle::try_current().is_err() {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(_) => Err(io::Error::other("the reading thread was stopped")),
    }
}

/// What tells two states of a file apart without its bytes.
#[derive(Eq, PartialEq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(metadata: &fs::Metadata) -> Self {
        Self {
            length: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }

    #[allow(clippy::disallowed_methods)] // held against a time that the file system made, not the program's
    fn is_settled(&self) -> bool {
        // Not every file system dates the truncation that comes before the first byte.
        self.length > 0
            && self
                .modified
                .and_then(|modified| SystemTime::now().duration_since(modified).ok())
                .is_some_and(|age| age >= SETTLED)
    }
}

fn read_settled(path: &Path, limit: usize) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut last: Option<(Stamp, Zeroizing<Vec<u8>>)> = None;
    for _ in 0..MAX_READS {
        let (stamp, bytes, held_still) = read_once(path, limit)?;
        let is_same_as_last = last
            .as_ref()
            .is_some_and(|(old, old_bytes)| *old == stamp && *old_bytes == bytes);
        if held_still && (stamp.is_settled() || is_same_as_last) {
            return Ok(bytes);
        }
        last = Some((stamp, bytes));
        std::thread::sleep(SETTLED);
    }
    Err(io::Error::new(
        io::ErrorKind::ResourceBusy,
        "the file is being rewritten all the time",
    ))
}

/// Reads once, and says whether the file was the same before and after.
fn read_once(path: &Path, limit: usize) -> io::Result<(Stamp, Zeroizing<Vec<u8>>, bool)> {
    // Looked at before it is opened: opening a pipe would wait for its writer.
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::new(
            io::ErrorKind::InvalidInput,
            "this is not a regular file",
        ));
    }
    let mut file = fs::File::open(path)?;
    let before = Stamp::of(&file.metadata()?);
    let size = usize::try_from(before.length).unwrap_or(usize::MAX);
    if size > limit {
        return Err(too_large(limit));
    }
    // Room for all of it at once: a buffer that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(size.saturating_add(1)));
    let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
    (&mut file).take(most).read_to_end(&mut bytes)?;
    if bytes.len() > limit {
        return Err(too_large(limit));
    }
    let after = Stamp::of(&file.metadata()?);
    let held_still = before == after && after.length == bytes.len() as u64;
    Ok((after, bytes, held_still))
}

fn too_large(limit: usize) -> io::Error {
    io::Error::new(
        io::ErrorKind::FileTooLarge,
        format!("the file has more than {limit} bytes"),
    )
}
