//! Files and tickets that can't be used.

use std::path::Path;
use std::sync::Arc;

use crate::cloud::{Cloud, MIB};
use acs_core::{Credentials, Error, ErrorKind};
use acs_oss::{Bucket, ObjectHeaders};
use acs_vod::upload::{UploadTicket, Uploader};

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_changes_meanwhile_is_not_completed() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let changing = path.clone();
    let uploader = cloud.uploader().await.on_progress(move |progress| {
        if progress.parts == 2 {
            append(&changing, b"more");
        }
    });
    let error = uploader.upload_file(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("was changed while it was read"),
        "{error}"
    );
    assert_eq!(
        (
            cloud.count("AbortMultipartUpload"),
            cloud.count("CompleteMultipartUpload")
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_shrinks_is_named_in_the_error() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let shrinking = path.clone();
    let uploader = cloud.uploader().await.on_progress(move |progress| {
        if progress.parts == 1 {
            std::fs::OpenOptions::new()
                .write(true)
                .open(&shrinking)
                .unwrap()
                .set_len(5)
                .unwrap();
        }
    });
    let error = uploader.upload_file(&path).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.field()),
        (ErrorKind::Io, path.to_str())
    );
}

fn append(path: &Path, bytes: &[u8]) {
    use std::io::Write as _;
    std::fs::OpenOptions::new()
        .append(true)
        .open(path)
        .unwrap()
        .write_all(bytes)
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_files_and_tickets_send_nothing() {
    let cloud = Cloud::start().await;
    let path = |name: &str| cloud.folder.path().join(name);
    std::fs::write(path("empty.mp4"), b"").unwrap();
    std::fs::write(path("plain"), b"x").unwrap();
    std::fs::write(path("good.mp4"), b"x").unwrap();
    std::fs::create_dir(path("folder.mp4")).unwrap();
    for name in ["missing.mp4", "empty.mp4", "plain", "folder.mp4"] {
        let error = cloud
            .uploader()
            .await
            .upload_file(path(name))
            .await
            .unwrap_err();
        assert_eq!(error.field(), path(name).to_str(), "{error}");
    }
    for ticket in [
        UploadTicket::new("v", "", ""),
        UploadTicket::new("v", "e30=", "e30="),
        UploadTicket::new("v", "?", "?"),
    ] {
        let error = Uploader::new(ticket)
            .upload_file(path("good.mp4"))
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert!(
        cloud
            .actions()
            .keys()
            .all(|action| action == "CreateUploadVideo"),
        "{:?}",
        cloud.actions()
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_writes_its_own_object_and_no_other() {
    let cloud = Cloud::start().await;
    let (mine, other) = (cloud.ticket().await, cloud.ticket().await);
    let (path, _) = cloud.file(1_000);
    let crossed = UploadTicket::new(mine.video_id(), other.upload_address(), mine.upload_auth());
    let error = Uploader::new(crossed)
        .runtime(Arc::clone(&cloud.runtime))
        .upload_file(path)
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.status()),
        (Some("AccessDenied"), Some(403))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_secret_is_refused_and_not_shown() {
    let cloud = Cloud::start().await;
    let key = Credentials::access_key(cloud.emulator.access_key_id(), "canary-secret").unwrap();
    let bucket = Bucket::builder(cloud.emulator.bucket(), "cn-shanghai")
        .endpoint(cloud.emulator.endpoint())
        .credentials(key)
        .runtime(Arc::clone(&cloud.runtime))
        .build()
        .unwrap();
    let error: Error = bucket
        .put_object("k", "x", &ObjectHeaders::new())
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.attempts()),
        (Some("SignatureDoesNotMatch"), 1)
    );
    assert!(error.request_id().is_some());
    assert!(!format!("{error} {error:?}").contains("canary"));
}
