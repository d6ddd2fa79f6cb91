//! Requests and answers that get lost, and uploads that are given up.

use std::sync::{Arc, Mutex};

use crate::cloud::{Cloud, MIB};
use crate::network::{Fate, Network};
use acs_core::{Credentials, ErrorKind, RetryPolicy};
use acs_oss::{Bucket, ObjectHeaders};
use acs_vod::upload::CancelToken;

#[tokio::test(flavor = "multi_thread")]
async fn lost_parts_are_sent_again() {
    let cloud = Cloud::start().await;
    let (path, content) = cloud.file(20 * MIB);
    let network = Network::with(|action, _, repeat| match (action, repeat) {
        ("UploadPart" | "Initiate", 0) => Fate::AnswerIsLost,
        ("UploadPart", 1) => Fate::NeverArrives,
        _ => Fate::Arrives,
    });
    let uploaded = cloud
        .uploader()
        .await
        .transport(network)
        .upload_file(&path)
        .await
        .unwrap();
    assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_part_that_cannot_be_sent_ends_the_upload_and_leaves_nothing_behind() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let network = Network::with(|action, number, _| match action {
        "UploadPart" if number >= 3 => Fate::NeverArrives,
        _ => Fate::Arrives,
    });
    let error = cloud
        .uploader()
        .await
        .transport(network)
        .upload_file(&path)
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), error.attempts()),
        (ErrorKind::Interrupted, 6)
    );
    assert!(error.field().unwrap().starts_with("part "), "{error}");
    assert_eq!(
        (
            cloud.count("AbortMultipartUpload"),
            cloud.count("CompleteMultipartUpload")
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_to_the_last_request_is_reported_as_unknown() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(17 * MIB);
    let network = Network::with(|action, number, _| match (action, number) {
        ("Complete", 0) => Fate::AnswerIsLost,
        _ => Fate::Arrives,
    });
    // The ticket's credential may write the object, not look at it.
    let error = cloud
        .uploader()
        .await
        .transport(network)
        .upload_file(&path)
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown, "{error}");
    assert_eq!(
        (
            cloud.count("AbortMultipartUpload"),
            cloud.count("CompleteMultipartUpload")
        ),
        (0, 2)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cancelled_upload_is_given_up_at_oss() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let token = CancelToken::new();
    let canceller = token.clone();
    let uploader = cloud
        .uploader()
        .await
        .cancel(&token)
        .on_progress(move |progress| {
            if progress.parts == 2 {
                canceller.cancel();
            }
        });
    let error = uploader.upload_file(&path).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Cancelled);
    assert_eq!(
        (
            cloud.count("AbortMultipartUpload"),
            cloud.count("CompleteMultipartUpload")
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_future_is_dropped_is_given_up_at_oss() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let uploading = tokio::spawn(cloud.uploader().await.upload_file(path));
    cloud.seen("UploadPart").await;
    uploading.abort();
    assert!(uploading.await.unwrap_err().is_cancelled());
    cloud.seen("AbortMultipartUpload").await;
    assert_eq!(cloud.count("CompleteMultipartUpload"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_upload_whose_future_is_dropped_while_it_is_given_up_is_given_up_all_the_same() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let (begun, is_given_up) = tokio::sync::oneshot::channel();
    let begun = Mutex::new(Some(begun));
    let network = Network::with(move |action, number, _| match (action, number) {
        ("Abort", 0) => {
            begun.lock().unwrap().take().unwrap().send(()).unwrap();
            Fate::Hangs
        }
        _ => Fate::Arrives,
    });
    let token = CancelToken::new();
    let canceller = token.clone();
    let uploader = cloud
        .uploader()
        .await
        .transport(network)
        .cancel(&token)
        .on_progress(move |progress| {
            if progress.parts == 2 {
                canceller.cancel();
            }
        });
    let uploading = tokio::spawn(uploader.upload_file(path));
    is_given_up.await.unwrap();
    uploading.abort();
    assert!(uploading.await.unwrap_err().is_cancelled());
    cloud.seen("AbortMultipartUpload").await;
    assert_eq!(cloud.count("CompleteMultipartUpload"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_storage_that_is_not_there_is_named_by_its_host() {
    let cloud = Cloud::start().await;
    let bucket = Bucket::builder("photos", "cn-shanghai")
        .endpoint("http://127.0.0.1:9")
        .credentials(Credentials::access_key("LTAItest", "secret").unwrap())
        .runtime(Arc::clone(&cloud.runtime))
        .retry(RetryPolicy::none())
        .build()
        .unwrap();
    let failed = bucket
        .put_object("a.jpg", "bytes", &ObjectHeaders::new())
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Connect);
    assert!(
        failed.to_string().contains("http://127.0.0.1:9"),
        "{failed}"
    );
}
