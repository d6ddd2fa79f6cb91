//! Files that arrive whole: in one request, or in parts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::cloud::{Cloud, MIB};
use acs_core::{
    Body, BoxFuture, HyperTransport, ReqwestTransport, SharedTransport, Transport, TransportError,
};
use acs_oss::Crc64;
use acs_vod::upload::Progress;

#[tokio::test(flavor = "multi_thread")]
async fn a_large_file_arrives_in_parts_byte_for_byte() {
    let cloud = Cloud::start().await;
    let (path, content) = cloud.file(20 * MIB + 7);
    let seen: Arc<Mutex<Vec<Progress>>> = Arc::default();
    let listener = Arc::clone(&seen);
    let uploader = cloud
        .uploader()
        .await
        .on_progress(move |progress| listener.lock().unwrap().push(progress));
    let uploaded = uploader.upload_file(&path).await.unwrap();

    assert_eq!((uploaded.size, uploaded.parts), (content.len() as u64, 11));
    assert_eq!(uploaded.crc64, Crc64::of(&content));
    assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
    assert_eq!(cloud.count("UploadPart"), 11);
    assert!(
        cloud
            .emulator
            .requests()
            .iter()
            .all(|request| request.verified)
    );

    let seen = seen.lock().unwrap();
    assert_eq!((seen[0].bytes, seen.len()), (0, 12));
    assert!(
        seen.windows(2)
            .all(|pair| pair[0].bytes < pair[1].bytes && pair[0].parts + 1 == pair[1].parts)
    );
    let last = seen.last().unwrap();
    assert_eq!(
        (last.bytes, last.parts),
        (last.total_bytes, last.total_parts)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn files_arrive_over_the_second_transport_too() {
    for size in [1_000_003, 20 * MIB + 7] {
        let cloud = Cloud::start().await;
        let (path, content) = cloud.file(size);
        let transport = Arc::new(HyperTransport::builder().build().unwrap());
        let uploader = cloud.uploader().await.transport(transport);
        let uploaded = uploader.upload_file(&path).await.unwrap();
        assert_eq!(uploaded.crc64, Crc64::of(&content));
        assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_small_file_goes_in_one_request() {
    let cloud = Cloud::start().await;
    let (path, content) = cloud.file(1_000_003);
    let uploaded = cloud.uploader().await.upload_file(&path).await.unwrap();
    assert_eq!((uploaded.parts, uploaded.crc64), (1, Crc64::of(&content)));
    assert!(cloud.stored(&uploaded.bucket, &uploaded.key) == content);
    assert_eq!(
        (
            cloud.count("PutObject"),
            cloud.count("InitiateMultipartUpload")
        ),
        (1, 0)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn several_parts_are_under_way_at_once_and_never_more_than_allowed() {
    #[derive(Debug)]
    struct Counting {
        inner: ReqwestTransport,
        now: AtomicUsize,
        most: AtomicUsize,
    }

    impl Transport for Counting {
        fn send(
            &self,
            request: http::Request<Body>,
        ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
            Box::pin(async move {
                let now = self.now.fetch_add(1, Ordering::SeqCst) + 1;
                self.most.fetch_max(now, Ordering::SeqCst);
                // Long enough for the others to begin, whatever the machine is busy with.
                tokio::time::sleep(Duration::from_millis(20)).await;
                let answer = self.inner.send(request).await;
                self.now.fetch_sub(1, Ordering::SeqCst);
                answer
            })
        }
    }

    let cloud = Cloud::start().await;
    let (path, _) = cloud.file(20 * MIB);
    let inner = ReqwestTransport::builder().without_proxy().build().unwrap();
    let transport = Arc::new(Counting {
        inner,
        now: AtomicUsize::new(0),
        most: AtomicUsize::new(0),
    });
    let uploader = cloud
        .uploader()
        .await
        .parallel(3)
        .transport(Arc::clone(&transport) as SharedTransport);
    uploader.upload_file(&path).await.unwrap();
    assert_eq!(transport.most.load(Ordering::SeqCst), 3);
}
