//! The file to upload, looked at before anything is sent.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A media file that is there, is not empty, and has a name that VOD can tell the format from.
#[derive(Clone, Debug)]
pub(crate) struct MediaFile {
    pub(crate) path: PathBuf,
    pub(crate) name: String,
    pub(crate) size: u64,
}

impl MediaFile {
    pub(crate) fn open(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let facts = fs::metadata(path).map_err(|error| Failure::file(path, &error))?;
        if facts.is_dir() {
            return Err(Failure::usage(format!(
                "{shown}: this is a directory; name one media file"
            )));
        }
        if facts.len() == 0 {
            return Err(Failure::usage(format!("{shown}: the file is empty")));
        }
        let Some(name) = path.file_name().and_then(|name| name.to_str()) else {
            return Err(Failure::usage(format!(
                "{shown}: the file's name is not UTF-8; rename it"
            )));
        };
        acs_vod::upload::check_file_name(name)
            .map_err(|error| Failure::usage(format!("{shown}: {error}")))?;
        // Whether it can be read is better known now than after a video was created for it.
        fs::File::open(path).map_err(|error| Failure::file(path, &error))?;
        Ok(Self {
            path: path.to_owned(),
            name: name.to_owned(),
            size: facts.len(),
        })
    }
}
