//! Buckets, objects and uploads in progress: bytes in files, everything else in memory.
//!
//! An object is written to a staging file first and moved into place when it is whole, so that
//! nobody ever sees half of one.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::{fs, io};

use chrono::{DateTime, Utc};
use http::StatusCode;
use http_body_util::BodyExt as _;
use hyper::body::Incoming;
use md5::{Digest as _, Md5};
use tempfile::TempPath;
use tokio::io::AsyncWriteExt as _;

use crate::error::ServiceError;

/// The folder for staging files, beside the buckets' folders.
const STAGING: &str = ".emulator";

pub(crate) struct Store {
    root: PathBuf,
    discard: bool,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    buckets: BTreeSet<String>,
    objects: HashMap<(String, String), Object>,
    uploads: HashMap<String, Upload>,
}

/// A whole object.
#[derive(Clone, Debug)]
pub(crate) struct Object {
    pub(crate) size: u64,
    /// Upper-case hex, without quotes.
    pub(crate) etag: String,
    pub(crate) crc64: u64,
    /// `Normal` or `Multipart`.
    pub(crate) kind: &'static str,
    pub(crate) modified: DateTime<Utc>,
    pub(crate) metadata: Metadata,
    /// Where the bytes are; `None` if they were discarded.
    pub(crate) path: Option<PathBuf>,
}

/// What a client says of an object when it writes it, to be told on reading.
#[derive(Clone, Debug, Default)]
pub(crate) struct Metadata {
    pub(crate) content_type: Option<String>,
    /// `x-oss-meta-*` and their values.
    pub(crate) user: Vec<(String, String)>,
}

/// A multipart upload in progress.
pub(crate) struct Upload {
    pub(crate) bucket: String,
    pub(crate) key: String,
    pub(crate) metadata: Metadata,
    pub(crate) parts: BTreeMap<u16, Part>,
}

pub(crate) struct Part {
    pub(crate) blob: Blob,
    pub(crate) modified: DateTime<Utc>,
}

/// Bytes that have come in whole, with their checksums; the staging file goes when this does.
pub(crate) struct Blob {
    pub(crate) size: u64,
    pub(crate) md5: [u8; 16],
    pub(crate) crc64: u64,
    path: Option<TempPath>,
}

impl Store {
    /// Opens a store under `root`, which is made if it is not there. An error names it.
    pub(crate) fn open(root: PathBuf, discard: bool, buckets: &[&str]) -> io::Result<Self> {
        fs::create_dir_all(root.join(STAGING)).map_err(|error| {
            io::Error::new(error.kind(), format!("{}: {error}", root.display()))
        })?;
        let inner = Inner {
            buckets: buckets.iter().map(|&bucket| bucket.to_owned()).collect(),
            ..Inner::default()
        };
        Ok(Self {
            root,
            discard,
            inner: Mutex::new(inner),
        })
    }

    pub(crate) fn discards_bodies(&self) -> bool {
        self.discard
    }

    pub(crate) fn has_bucket(&self, bucket: &str) -> bool {
        self.lock().buckets.contains(bucket)
    }

    pub(crate) fn object(&self, bucket: &str, key: &str) -> Option<Object> {
        let inner = self.lock();
        inner.objects.get(&id(bucket, key)).cloned()
    }

    /// Takes in a request body of at most `limit` bytes.
    pub(crate) async fn receive(
        &self,
        body: &mut Incoming,
        limit: u64,
    ) -> Result<Blob, ServiceError> {
        let (mut file, path) = match self.discard {
            true => (None, None),
            false => {
                let (file, path) = tempfile::NamedTempFile::new_in(self.root.join(STAGING))
                    .map_err(|error| ServiceError::internal(&error))?
                    .into_parts();
                (Some(tokio::fs::File::from_std(file)), Some(path))
            }
        };
        let mut size = 0;
        let mut md5 = Md5::new();
        let mut crc64 = crc64fast::Digest::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| {
                ServiceError::bad_request("IncompleteBody", "The request body broke off.")
            })?;
            let Ok(data) = frame.into_data() else {
                continue;
            };
            size += data.len() as u64;
            if size > limit {
                return Err(ServiceError::bad_request(
                    "EntityTooLarge",
                    "Your proposed upload exceeds the maximum allowed size.",
                ));
            }
            md5.update(&data);
            crc64.write(&data);
            if let Some(file) = &mut file {
                file.write_all(&data)
                    .await
                    .map_err(|error| ServiceError::internal(&error))?;
            }
        }
        if let Some(file) = &mut file {
            file.flush()
                .await
                .map_err(|error| ServiceError::internal(&error))?;
        }
        Ok(Blob {
            size,
            md5: md5.finalize().into(),
            crc64: crc64.sum64(),
            path,
        })
    }

    /// Makes `blob` the object `key`, in place of an older one unless `overwrite` is false.
    pub(crate) fn commit(
        &self,
        (bucket, key): (&str, &str),
        blob: Blob,
        mut object: Object,
        overwrite: bool,
    ) -> Result<Object, ServiceError> {
        let target = self.path_of(bucket, key)?;
        let mut inner = self.lock();
        if !overwrite && inner.objects.contains_key(&id(bucket, key)) {
            return Err(already_exists());
        }
        if let Some(staged) = blob.path {
            place(&target, |target| {
                staged.persist(target).map_err(|error| error.error)
            })?;
            object.path = Some(target);
        }
        inner.objects.insert(id(bucket, key), object.clone());
        Ok(object)
    }

    /// Makes `to` a copy of `source`: a hard link where the file system has them.
    ///
    /// Objects are replaced whole and never written in place, so two may share one file.
    pub(crate) fn copy(
        &self,
        source: &Object,
        (bucket, key): (&str, &str),
        modified: DateTime<Utc>,
    ) -> Result<(), ServiceError> {
        let target = self.path_of(bucket, key)?;
        let mut object = Object {
            modified,
            ..source.clone()
        };
        let mut inner = self.lock();
        if let Some(from) = &source.path
            && *from != target
        {
            place(&target, |target| {
                match fs::remove_file(target) {
                    Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                    _ => {}
                }
                fs::hard_link(from, target).or_else(|_| fs::copy(from, target).map(drop))
            })?;
            object.path = Some(target);
        }
        inner.objects.insert(id(bucket, key), object);
        Ok(())
    }

    /// Removes an object and the folders that it leaves empty; an absent one is no error.
    pub(crate) fn delete(&self, bucket: &str, key: &str) {
        let mut inner = self.lock();
        let removed = inner.objects.remove(&id(bucket, key));
        let Some(path) = removed.and_then(|object| object.path) else {
            return;
        };
        // What can't be removed is only clutter in a folder that the user sees.
        let _ = fs::remove_file(&path);
        let bucket = self.root.join(bucket);
        for folder in path.ancestors().skip(1).take_while(|dir| **dir != bucket) {
            if fs::remove_dir(folder).is_err() {
                break;
            }
        }
    }

    pub(crate) fn begin_upload(&self, upload_id: String, upload: Upload) {
        self.lock().uploads.insert(upload_id, upload);
    }

    /// Runs `read` on the upload that `upload_id` and the object's name agree on.
    pub(crate) fn with_upload<T>(
        &self,
        upload_id: &str,
        (bucket, key): (&str, &str),
        read: impl FnOnce(&mut Upload) -> T,
    ) -> Result<T, ServiceError> {
        let mut inner = self.lock();
        inner
            .uploads
            .get_mut(upload_id)
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .map(read)
            .ok_or_else(no_such_upload)
    }

    /// Takes an upload out if `check` accepts it, so that nobody else can add to it.
    pub(crate) fn take_upload(
        &self,
        upload_id: &str,
        (bucket, key): (&str, &str),
        check: impl FnOnce(&Upload) -> Result<(), ServiceError>,
    ) -> Result<Upload, ServiceError> {
        let mut inner = self.lock();
        let upload = inner.uploads.remove(upload_id).ok_or_else(no_such_upload)?;
        let checked = if upload.bucket == bucket && upload.key == key {
            check(&upload)
        } else {
            Err(no_such_upload())
        };
        match checked {
            Ok(()) => Ok(upload),
            Err(error) => {
                inner.uploads.insert(upload_id.to_owned(), upload);
                Err(error)
            }
        }
    }

    /// Returns how many bytes have come in for uploads of `key` that are not complete.
    pub(crate) fn bytes_in_progress(&self, bucket: &str, key: &str) -> u64 {
        let inner = self.lock();
        let uploads = inner.uploads.values();
        uploads
            .filter(|upload| upload.bucket == bucket && upload.key == key)
            .flat_map(|upload| upload.parts.values())
            .map(|part| part.blob.size)
            .sum()
    }

    /// Joins the parts that `numbers` name into one blob, in that order.
    pub(crate) async fn join(
        &self,
        upload: &Upload,
        numbers: &[u16],
    ) -> Result<Blob, ServiceError> {
        let parts: Vec<&Part> = numbers
            .iter()
            .filter_map(|number| upload.parts.get(number))
            .collect();
        let sources: Vec<PathBuf> = parts
            .iter()
            .filter_map(|part| part.blob.path.as_ref().map(|path| path.to_path_buf()))
            .collect();
        let path = match self.discard {
            true => None,
            false => Some(self.concatenate(sources).await?),
        };
        Ok(Blob {
            size: parts.iter().map(|part| part.blob.size).sum(),
            md5: md5_of_etags(&parts),
            crc64: parts.iter().fold(0, |crc, part| {
                super::crc::combine(crc, part.blob.crc64, part.blob.size)
            }),
            path,
        })
    }

    async fn concatenate(&self, sources: Vec<PathBuf>) -> Result<TempPath, ServiceError> {
        let staging = self.root.join(STAGING);
        let joined = tokio::task::spawn_blocking(move || {
            let mut joined = tempfile::NamedTempFile::new_in(staging)?;
            for source in sources {
                io::copy(&mut fs::File::open(source)?, joined.as_file_mut())?;
            }
            Ok(joined.into_temp_path())
        });
        match joined.await {
            Ok(joined) => joined.map_err(|error: io::Error| ServiceError::internal(&error)),
            Err(error) => Err(ServiceError::internal(&io::Error::other(error))),
        }
    }

    /// Returns the file of an object: always below the bucket's folder.
    fn path_of(&self, bucket: &str, key: &str) -> Result<PathBuf, ServiceError> {
        check_key(key)?;
        let mut path = self.root.join(bucket);
        for segment in key.split('/') {
            let name = file_name(segment);
            if name.len() > 255 {
                return Err(ServiceError::bad_request(
                    "InvalidObjectName",
                    "The emulator keeps objects as files, and a file name has at most 255 bytes.",
                ));
            }
            path.push(name);
        }
        Ok(path)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        // Parts of unfinished uploads go first; the folder may then be removed.
        let mut inner = self.lock();
        inner.uploads.clear();
        drop(inner);
        let _ = fs::remove_dir(self.root.join(STAGING));
    }
}

impl Blob {
    pub(crate) fn etag(&self) -> String {
        crate::random::hex_upper(&self.md5)
    }
}

/// Fails unless `key` is a name that OSS takes: 1 to 1,023 bytes, not led by a slash.
pub(crate) fn check_key(key: &str) -> Result<(), ServiceError> {
    if key.is_empty() || key.len() > 1023 || key.starts_with(['/', '\\']) {
        return Err(ServiceError::bad_request(
            "InvalidObjectName",
            "The specified object is not valid.",
        ));
    }
    Ok(())
}

fn no_such_upload() -> ServiceError {
    ServiceError::not_found(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, \
         or the upload may have been aborted or completed.",
    )
}

fn already_exists() -> ServiceError {
    ServiceError::new(
        StatusCode::CONFLICT,
        "FileAlreadyExists",
        "The object you specified already exists and can not be overwritten.",
    )
}

fn id(bucket: &str, key: &str) -> (String, String) {
    (bucket.to_owned(), key.to_owned())
}

/// Makes room for `target` and puts a file there.
fn place(target: &Path, put: impl FnOnce(&Path) -> io::Result<()>) -> Result<(), ServiceError> {
    let parent = target.parent().map_or(Ok(()), fs::create_dir_all);
    parent.and_then(|()| put(target)).map_err(|error| {
        use io::ErrorKind::{AlreadyExists, DirectoryNotEmpty, IsADirectory, NotADirectory};
        match error.kind() {
            // One object's name is another's folder: the rule of a bucket with a hierarchical
            // namespace, which files impose.
            AlreadyExists | DirectoryNotEmpty | IsADirectory | NotADirectory => already_exists(),
            _ => ServiceError::internal(&error),
        }
    })
}

/// Writes one segment of a key as a file name: itself, unless the file system would read it
/// otherwise. No two segments share a name, because `%` itself is escaped.
fn file_name(segment: &str) -> String {
    match segment {
        "" => "%".to_owned(),
        "." => "%2E".to_owned(),
        ".." => "%2E%2E".to_owned(),
        _ => segment
            .chars()
            .map(|c| match c {
                '%' | '\\' | '\0'..='\x1f' | '\x7f' => format!("%{:02X}", u32::from(c)),
                _ => c.to_string(),
            })
            .collect(),
    }
}

/// The ETag of a multipart object: not the MD5 of its bytes, as on the real OSS.
fn md5_of_etags(parts: &[&Part]) -> [u8; 16] {
    let mut md5 = Md5::new();
    for part in parts {
        md5.update(part.blob.etag());
    }
    md5.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn store() -> (tempfile::TempDir, Store) {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path().to_owned(), false, &["b"]).unwrap();
        (folder, store)
    }

    #[test]
    fn no_key_leads_out_of_its_buckets_folder() {
        let (folder, store) = store();
        let bucket = folder.path().join("b");
        for key in [
            "../x",
            "a/../../x",
            "..",
            "./x",
            "a//b",
            "a/",
            "x\0y",
            "..\\x",
            "C:\\x",
        ] {
            let path = store.path_of("b", key).unwrap();
            assert!(path.starts_with(&bucket), "{key:?} became {path:?}");
            let plain = path.components().all(|part| {
                matches!(
                    part,
                    std::path::Component::Normal(_) | std::path::Component::RootDir
                )
            });
            assert!(plain, "{key:?} became {path:?}");
        }
        for key in ["", "/etc/passwd", "\\x"] {
            assert_eq!(
                store.path_of("b", key).unwrap_err().code,
                "InvalidObjectName"
            );
        }
    }

    #[test]
    fn an_ordinary_key_is_its_own_path_and_no_two_keys_share_one() {
        let (folder, store) = store();
        assert_eq!(
            store.path_of("b", "sv/课程 1.mp4").unwrap(),
            folder.path().join("b/sv/课程 1.mp4")
        );
        let keys = ["a/../b", "a/%2E%2E/b", "a//b", "a/%/b", "a/./b", "a/%2E/b"];
        let paths: BTreeSet<_> = keys
            .iter()
            .map(|key| store.path_of("b", key).unwrap())
            .collect();
        assert_eq!(paths.len(), keys.len());
    }
}
