//! Credentials that end before the upload does.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use crate::cloud::{Cloud, MIB};
use crate::network::{Fate, Network};
use acs_core::{ErrorKind, SharedTransport};
use acs_oss::Crc64;
use acs_vod::upload::{UploadTicket, refresh_by};
use chrono::TimeDelta;

#[tokio::test(flavor = "multi_thread")]
async fn a_credential_that_is_about_to_end_is_replaced_before_the_next_part() {
    let cloud = Cloud::start().await;
    let (path, content) = cloud.file(20 * MIB);
    // 2500 of 3000 seconds: the credential is still valid, but in its last fifth.
    let network = clock_jumps(&cloud, 0, Duration::from_secs(2_500));
    let uploader = cloud
        .uploader()
        .await
        .parallel(1)
        .refresh(cloud.vod())
        .transport(network);
    let uploaded = uploader.upload_file(&path).await.unwrap();
    assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
    assert_eq!(cloud.count("RefreshUploadVideo"), 1);
    // The part whose date was 2500 seconds old when it arrived is the one that was sent twice.
    assert_eq!(cloud.count("UploadPart"), uploaded.parts as usize + 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn f9_a_credential_that_ends_in_mid_upload_costs_at_most_the_parts_under_way() {
    // The client's clock is 14 minutes behind, so that it does not see the end coming.
    let cloud = Cloud::start_behind(TimeDelta::minutes(14)).await;
    let (path, content) = cloud.file(20 * MIB);
    let clock = cloud.clock.clone();
    let jumped = Arc::new(AtomicUsize::new(0));
    let once = Arc::clone(&jumped);
    // A part is refused once for its date, which is from before the jump, and once for its credential: parts are
    // counted, not requests.
    let sent_again = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&sent_again);
    let network = Network::with(move |action, _, repeat| {
        if (action, repeat) == ("UploadPart", 1) {
            counted.fetch_add(1, Ordering::SeqCst);
        }
        Fate::Arrives
    });
    // When four parts are confirmed and others are under way: 3001 seconds of 3000 have gone.
    let uploader = cloud
        .uploader()
        .await
        .refresh(cloud.vod())
        .transport(network)
        .on_progress(move |progress| {
            if progress.parts == 4 && once.fetch_add(1, Ordering::SeqCst) == 0 {
                clock.advance(Duration::from_secs(3_001));
            }
        });
    let uploaded = uploader.upload_file(&path).await.unwrap();
    assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
    assert_eq!(uploaded.crc64, Crc64::of(&content));
    let again = sent_again.load(Ordering::SeqCst);
    println!(
        "F9: {again} parts sent again, {} refreshes",
        cloud.count("RefreshUploadVideo")
    );
    assert!(again <= 4, "{again}");
    assert_eq!(cloud.count("RefreshUploadVideo"), 1);
    assert_eq!(
        cloud.count("InitiateMultipartUpload"),
        1,
        "the upload goes on, it does not start over"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_without_a_key_asks_its_server_for_the_next_ticket() {
    let cloud = Cloud::start().await;
    let (path, content) = cloud.file(17 * MIB);
    let vod = cloud.vod();
    let source = refresh_by(move |video_id| {
        let vod = vod.clone();
        async move {
            use acs_vod::upload::RefreshTicket as _;
            let over_the_wire = vod.refresh_ticket(&video_id).await?.to_json();
            UploadTicket::from_json(&over_the_wire)
        }
    });
    cloud.clock.advance(Duration::from_secs(1));
    let uploader = cloud.uploader().await.refresh(source);
    cloud.clock.advance(Duration::from_secs(2_900));
    // The ticket is received now by the uploader, but its own text tells when it ends.
    let uploaded = uploader.upload_file(&path).await.unwrap();
    assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
    assert_eq!(cloud.count("RefreshUploadVideo"), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ended_ticket_without_a_source_says_what_to_do() {
    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(17 * MIB);
    let uploader = cloud.uploader().await;
    cloud.clock.advance(Duration::from_secs(3_001));
    let error = uploader.upload_file(&path).await.unwrap_err();
    assert_eq!(
        (error.kind(), error.code()),
        (ErrorKind::Service, Some("SecurityTokenExpired"))
    );
    assert!(error.to_string().contains("Uploader::refresh"), "{error}");
    assert!(error.request_id().is_some());
}

/// Moves the clock when a part is about to be sent, once.
fn clock_jumps(cloud: &Cloud, at_part: usize, by: Duration) -> SharedTransport {
    let clock = cloud.clock.clone();
    Network::with(move |action, number, _| {
        if (action, number) == ("UploadPart", at_part) {
            clock.advance(by);
        }
        Fate::Arrives
    })
}
