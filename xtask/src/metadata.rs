//! `cargo xtask metadata import`: our digests.

use std::path::Path;

use crate::digest::digest;
use crate::error::Result;
use crate::workspace;

/// Writes our digest of a document.
#[allow(clippy::print_stdout, reason = "the answer of the command")]
pub(crate) fn import(file: &Path) -> Result<()> {
    let text = workspace::read(file)?;
    let digest = digest(&text).map_err(|error| error.in_file(&file.display().to_string()))?;
    let path = workspace::metadata().join(digest.name);
    workspace::write(&path, &digest.text)?;
    for note in digest.notes {
        println!("left out: {note}");
    }
    println!("{}", path.display());
    Ok(())
}
