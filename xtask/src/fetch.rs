//! `cargo xtask metadata fetch`: the live document, as it is served.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::digest::file_stem;
use crate::document;
use crate::error::{Error, Result};
use crate::workspace;

/// Where Alibaba Cloud serves its metadata.
const BASE: &str = "https://api.aliyun.com/meta/v1";

/// Downloads a product's document and keeps it outside of version control: it holds prose that is not ours.
#[allow(clippy::print_stdout, reason = "the answer of the command")]
pub(crate) fn fetch(
    product: &str,
    version: &str,
    base: Option<&str>,
    out: Option<&Path>,
) -> Result<()> {
    for (what, name) in [("product", product), ("version", version)] {
        let is_name = !name.is_empty()
            && name
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if !is_name {
            return Err(Error::input(format!(
                "`{name}` is no {what}: letters, digits, `-`, `_` and `.`"
            )));
        }
    }
    #[allow(clippy::disallowed_methods, reason = "a task reads its environment")]
    let given = std::env::var("ACS_METADATA_BASE").ok();
    let base = base
        .or(given.as_deref())
        .unwrap_or(BASE)
        .trim_end_matches('/');
    let url = format!("{base}/products/{product}/versions/{version}/api-docs.json");
    let text = download(&url)?;
    let document = document::parse(&text).map_err(|error| error.in_file(&url))?;
    let path = out.map_or_else(|| default_path(product, version), Path::to_owned);
    workspace::write(&path, &text)?;
    println!(
        "{}: {} operations",
        path.display(),
        document.operations.len()
    );
    println!(
        "next: cargo xtask metadata import {0}, or cargo xtask codegen --metadata {0} --out DIR",
        path.display()
    );
    Ok(())
}

fn default_path(product: &str, version: &str) -> PathBuf {
    workspace::root().join("target/metadata").join(format!(
        "{}-{}.api-docs.json",
        file_stem(product),
        file_stem(version)
    ))
}

/// Fetches with curl: one download in a while is not worth a TLS stack in every build of these tasks.
fn download(url: &str) -> Result<String> {
    let output = Command::new("curl")
        .args(["--fail", "--silent", "--show-error", "--location", "--max-redirs", "3", "--max-time", "60", "--max-filesize", "67108864"])
        .args(["--proto", "=https,http", "--"])
        .arg(url)
        .output()
        .map_err(|error| Error::failed(format!("curl can't be started: {error}; download {url} yourself and use `cargo xtask metadata import FILE`")))?;
    if !output.status.success() {
        let reason = String::from_utf8_lossy(&output.stderr);
        return Err(Error::failed(format!(
            "{url} can't be fetched ({}). Without a network, download it elsewhere and use `cargo xtask metadata import FILE`; another server is named by `--base URL`",
            reason.trim()
        )));
    }
    String::from_utf8(output.stdout).map_err(|_| Error::input(format!("{url}: not UTF-8")))
}
