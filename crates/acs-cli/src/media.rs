//! The file to upload, looked at before anything is sent.

use std::fs;
use std::path::{Path, PathBuf};

use crate::failure::Failure;

/// A regular file that is not empty, can be read, and has a name that VOD can tell the format from.
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
        // To ask a FIFO or a device for its bytes can take for ever.
        if !facts.is_file() {
            return Err(Failure::usage(format!(
                "{shown}: this is not a regular file"
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
        if name.contains(char::is_control) {
            return Err(Failure::usage(format!(
                "{path:?}: the file's name holds control characters; rename it"
            )));
        }
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

/// Checks a title that the user chose; VOD's own limit is checked with the call.
pub(crate) fn check_title(title: &str) -> Result<(), Failure> {
    if title.trim().is_empty() {
        return Err(Failure::usage("--title: the title must not be empty"));
    }
    Ok(())
}

/// Makes a title of a file's name: its beginning, as much as VOD takes.
pub(crate) fn title_of(name: &str) -> &str {
    const LONGEST: usize = 128;
    let mut end = name.len().min(LONGEST);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    &name[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_of_a_long_name_is_its_beginning_in_whole_characters() {
        assert_eq!(title_of("clip.mp4"), "clip.mp4");
        assert_eq!(title_of(&"课".repeat(80)), "课".repeat(42)); // 126 bytes
        assert_eq!(title_of(&"a".repeat(128)), "a".repeat(128));
    }
}
