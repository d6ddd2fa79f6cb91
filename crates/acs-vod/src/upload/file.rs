//! The file that is uploaded: what it must be, and that it stays the same meanwhile.

use std::fs::{File, Metadata};
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use acs_core::{Error, ErrorKind};
use acs_oss::Payload;
use bytes::Bytes;
use tokio::task::spawn_blocking;

use super::plan::MAX_FILE_BYTES;

/// Checks that a file's name has an extension, by which VOD knows the format.
///
/// # Errors
/// There is none, as in `clip`, `clip.` and `.mp4`, or it has other characters than letters and digits.
pub fn check_file_name(name: &str) -> Result<(), Error> {
    let extension = Path::new(name)
        .extension()
        .and_then(|extension| extension.to_str());
    match extension {
        Some(extension)
            if !extension.is_empty()
                && extension.bytes().all(|byte| byte.is_ascii_alphanumeric()) =>
        {
            Ok(())
        }
        _ => Err(Error::invalid_parameter(
            "FileName",
            format!("`{name}` has no extension: VOD knows the format by it, as in `clip.mp4`"),
        )),
    }
}

/// A file that can be uploaded, opened.
#[derive(Debug)]
pub(super) struct LocalFile {
    path: PathBuf,
    file: Arc<File>,
    state: State,
}

/// What tells that a file was written to.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct State {
    size: u64,
    modified: Option<SystemTime>,
}

impl LocalFile {
    /// Opens a file and checks that it can be uploaded.
    pub(super) async fn open(path: PathBuf) -> Result<Self, Error> {
        let shown = path.display().to_string();
        check_file_name(&shown).map_err(|error| error.with_field(&shown))?;
        let opening = path.clone();
        let opened = blocking(move || {
            // A directory can be opened on some systems and not on others: ask first.
            let found = std::fs::metadata(&opening)?;
            let file = if found.is_file() {
                Some(File::open(&opening)?)
            } else {
                None
            };
            let metadata = file.as_ref().map(File::metadata).transpose()?;
            Ok((found, file.zip(metadata)))
        });
        let (found, opened) = opened.await.map_err(|error| file_error(&path, error))?;
        let refuse = |reason: &str| Err(Error::invalid_parameter(&shown, reason));
        let Some((file, metadata)) = opened else {
            return refuse(if found.is_dir() {
                "is a directory: give a file"
            } else {
                "is no regular file"
            });
        };
        let state = State::of(&metadata);
        if state.size == 0 {
            return refuse("is empty: VOD takes no empty files");
        }
        if state.size > MAX_FILE_BYTES {
            return refuse(&format!(
                "has {} bytes, and {MAX_FILE_BYTES} (48.8 TiB) are allowed",
                state.size
            ));
        }
        Ok(Self {
            path,
            file: Arc::new(file),
            state,
        })
    }

    /// Returns the size in bytes.
    pub(super) fn size(&self) -> u64 {
        self.state.size
    }

    /// Returns the path as text, to name the file in errors.
    pub(super) fn shown(&self) -> String {
        self.path.display().to_string()
    }

    /// Returns a stretch of the file, to be read when it is sent.
    pub(super) fn stretch(&self, offset: u64, length: u64) -> Payload {
        Payload::file(Arc::clone(&self.file), offset, length)
    }

    /// Reads the whole file.
    pub(super) async fn read_all(&self) -> Result<Bytes, Error> {
        let file = Arc::clone(&self.file);
        let size = self.state.size;
        let all = blocking(move || {
            let mut all = Vec::with_capacity(usize::try_from(size).map_err(io::Error::other)?);
            // One byte more shows that the file grew.
            (&*file).take(size + 1).read_to_end(&mut all)?;
            Ok(all)
        });
        let all = all.await.map_err(|error| file_error(&self.path, error))?;
        if all.len() as u64 != size {
            return Err(self.changed());
        }
        self.check_unchanged().await?;
        Ok(all.into())
    }

    /// Checks that the file is what it was when it was opened: size and time of change.
    pub(super) async fn check_unchanged(&self) -> Result<(), Error> {
        let file = Arc::clone(&self.file);
        let metadata = blocking(move || file.metadata())
            .await
            .map_err(|error| file_error(&self.path, error))?;
        if State::of(&metadata) == self.state {
            Ok(())
        } else {
            Err(self.changed())
        }
    }

    fn changed(&self) -> Error {
        Error::new(
            ErrorKind::Io,
            "was changed while it was read: upload it again once it is complete",
        )
        .with_field(self.shown())
    }
}

impl State {
    fn of(metadata: &Metadata) -> Self {
        Self {
            size: metadata.len(),
            modified: metadata.modified().ok(),
        }
    }
}

fn file_error(path: &Path, error: io::Error) -> Error {
    let reason = match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        io::ErrorKind::PermissionDenied => "may not be read".to_owned(),
        _ => error.to_string(),
    };
    Error::new(ErrorKind::Io, reason)
        .with_field(path.display().to_string())
        .with_source(error)
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    spawn_blocking(work).await.map_err(io::Error::other)?
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_name_needs_an_extension() {
        for name in ["clip.mp4", "a/b.c/clip.MP4", "课程.mkv", "a.b.ts"] {
            check_file_name(name).unwrap();
        }
        for name in [
            "",
            "clip",
            "clip.",
            ".mp4",
            "a.mp4/clip",
            "clip.m p4",
            "clip.课",
        ] {
            assert_eq!(
                check_file_name(name).unwrap_err().field(),
                Some("FileName"),
                "{name}"
            );
        }
    }

    #[tokio::test]
    async fn what_cannot_be_uploaded_is_refused_by_name() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        std::fs::create_dir(path("folder.mp4")).unwrap();
        std::fs::write(path("empty.mp4"), b"").unwrap();
        std::fs::write(path("plain"), b"x").unwrap();
        for (name, kind, reason) in [
            ("missing.mp4", ErrorKind::Io, "there is no such file"),
            ("folder.mp4", ErrorKind::InvalidInput, "is a directory"),
            ("empty.mp4", ErrorKind::InvalidInput, "is empty"),
            ("plain", ErrorKind::InvalidInput, "has no extension"),
        ] {
            let error = LocalFile::open(path(name)).await.unwrap_err();
            assert_eq!(error.kind(), kind, "{error}");
            assert!(error.to_string().contains(reason), "{error}");
            assert!(error.field().unwrap().ends_with(name), "{error:?}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_written_to_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.mp4");
        std::fs::write(&path, b"content").unwrap();
        let file = LocalFile::open(path.clone()).await.unwrap();
        file.check_unchanged().await.unwrap();
        assert_eq!(&file.read_all().await.unwrap()[..], b"content");
        let mut writer = std::fs::OpenOptions::new()
            .append(true)
            .open(&path)
            .unwrap();
        writer.write_all(b"more").unwrap();
        assert!(
            file.check_unchanged()
                .await
                .unwrap_err()
                .to_string()
                .contains("was changed")
        );
    }
}
