//! Uploads to the emulator: whole files, over real sockets, with credentials that end and answers that get lost.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{
    Body, BoxFuture, Credentials, Error, ErrorKind, ReqwestTransport, RetryPolicy, Runtime,
    SharedRuntime, SharedTransport, SystemRuntime, Transport, TransportError, TransportErrorKind,
};
use acs_emulator::{Emulator, ManualClock};
use acs_oss::{Bucket, Crc64, MultipartUpload, ObjectHeaders, Payload};
use acs_vod::upload::{CancelToken, Progress, UploadTicket, Uploader, refresh_by};
use acs_vod::{Client, CreateUploadVideo};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

const MIB: usize = 1 << 20;

/// An emulator that keeps its objects, with a clock that the test moves and the client shares.
struct Cloud {
    emulator: Emulator,
    clock: ManualClock,
    runtime: SharedRuntime,
    folder: TempDir,
}

impl Cloud {
    async fn start() -> Self {
        Self::start_behind(TimeDelta::zero()).await
    }

    /// Starts with a client whose clock is behind the emulator's.
    async fn start_behind(lag: TimeDelta) -> Self {
        let start: DateTime<Utc> = "2026-11-20T08:15:30Z".parse().unwrap();
        let clock = ManualClock::new(start);
        let folder = tempfile::tempdir().unwrap();
        let emulator = Emulator::builder()
            .manual_clock(&clock)
            .keep(folder.path().join("kept"))
            .start()
            .await
            .unwrap();
        let runtime = Arc::new(SharedClock {
            clock: clock.clone(),
            start,
            lag,
        });
        Self {
            emulator,
            clock,
            runtime,
            folder,
        }
    }

    fn vod(&self) -> Client {
        let key = Credentials::access_key(
            self.emulator.access_key_id(),
            self.emulator.access_key_secret(),
        )
        .unwrap();
        Client::builder("cn-shanghai")
            .endpoint(self.emulator.endpoint())
            .credentials(key)
            .runtime(Arc::clone(&self.runtime))
            .build()
            .unwrap()
    }

    /// The user's own bucket, by the user's key.
    fn bucket(&self) -> Bucket {
        let key = Credentials::access_key(
            self.emulator.access_key_id(),
            self.emulator.access_key_secret(),
        )
        .unwrap();
        Bucket::builder(self.emulator.bucket(), "cn-shanghai")
            .endpoint(self.emulator.endpoint())
            .credentials(key)
            .runtime(Arc::clone(&self.runtime))
            .build()
            .unwrap()
    }

    async fn ticket(&self) -> UploadTicket {
        self.vod()
            .send(CreateUploadVideo::new("A title", "clip.mp4"))
            .await
            .unwrap()
            .into_inner()
            .into()
    }

    /// An uploader of a new ticket, by a client that has no key, with short waits.
    async fn uploader(&self) -> Uploader {
        let mut retry = RetryPolicy::attempts(6);
        retry.base_delay = Duration::from_millis(1);
        let ticket = UploadTicket::from_json(&self.ticket().await.to_json()).unwrap();
        Uploader::new(ticket)
            .runtime(Arc::clone(&self.runtime))
            .retry(retry)
    }

    /// Writes a file of bytes that differ from stretch to stretch.
    fn file(&self, size: usize) -> (PathBuf, Vec<u8>) {
        let mut state = 0x2545_f491_4f6c_dd1d_u64;
        let content: Vec<u8> = (0..size)
            .map(|_| {
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                state.to_le_bytes()[0]
            })
            .collect();
        let path = self.folder.path().join("clip.mp4");
        std::fs::write(&path, &content).unwrap();
        (path, content)
    }

    fn stored(&self, bucket: &str, key: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join("kept").join(bucket).join(key)).unwrap()
    }

    /// How often each operation of OSS and VOD was asked for, whatever came of it.
    fn actions(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for record in self.emulator.requests() {
            *counts.entry(record.action).or_default() += 1;
        }
        counts
    }

    fn count(&self, action: &str) -> usize {
        self.actions().get(action).copied().unwrap_or(0)
    }

    /// Waits until an operation was asked for.
    async fn seen(&self, action: &str) {
        for _ in 0..2_000 {
            if self.count(action) > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        panic!("{action} was not asked for: {:?}", self.actions());
    }
}

/// The emulator's clock as the client sees it.
#[derive(Debug)]
struct SharedClock {
    clock: ManualClock,
    start: DateTime<Utc>,
    lag: TimeDelta,
}

impl Runtime for SharedClock {
    fn now(&self) -> DateTime<Utc> {
        self.clock.now() - self.lag
    }

    fn elapsed(&self) -> Duration {
        (self.clock.now() - self.start).to_std().unwrap()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        SystemRuntime::new().fill_random(bytes);
    }
}

/// What happens to a request on its way.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    Arrives,
    NeverArrives,
    AnswerIsLost,
    /// Nothing is heard of it again.
    Hangs,
}

type Fates = dyn Fn(&str, usize, usize) -> Fate + Send + Sync;

/// A network with a will: it is asked for each request to OSS, by operation, by how many of that operation there were
/// before, and by how many of the very same request (of that part, say).
struct Network {
    inner: ReqwestTransport,
    counts: Mutex<BTreeMap<String, usize>>,
    fates: Box<Fates>,
}

impl Network {
    fn with(fates: impl Fn(&str, usize, usize) -> Fate + Send + Sync + 'static) -> SharedTransport {
        Arc::new(Self {
            inner: ReqwestTransport::builder().without_proxy().build().unwrap(),
            counts: Mutex::default(),
            fates: Box::new(fates),
        })
    }
}

impl Transport for Network {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let query = request.uri().query().unwrap_or_default();
        let action = match request.method().as_str() {
            "PUT" if query.contains("partNumber") => "UploadPart",
            "POST" if query == "uploads" => "Initiate",
            "POST" => "Complete",
            "PUT" => "Put",
            "DELETE" => "Abort",
            _ => "Other",
        };
        let before = |name: &str| {
            let mut counts = self.counts.lock().unwrap();
            let count = counts.entry(name.to_owned()).or_default();
            *count += 1;
            *count - 1
        };
        let (number, repeat) = (before(action), before(&format!("{action} {query}")));
        let lost = || TransportError::new(TransportErrorKind::Interrupted, "a reset of the test");
        match (self.fates)(action, number, repeat) {
            Fate::Arrives => self.inner.send(request),
            Fate::NeverArrives => Box::pin(std::future::ready(Err(lost()))),
            Fate::Hangs => Box::pin(std::future::pending()),
            Fate::AnswerIsLost => Box::pin(async move {
                let _ = self.inner.send(request).await?;
                Err(lost())
            }),
        }
    }
}

impl std::fmt::Debug for Network {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Network")
    }
}

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

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_an_own_bucket_come_back_as_they_went() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket();
    for key in [
        "a.mp4",
        "课程/第 [1]+%2e#?&=.mp4",
        "a//b",
        "%2e%2e/a",
        "~*'()!",
    ] {
        let headers = ObjectHeaders::new()
            .content_type("video/mp4")
            .with("x-oss-meta-a", " b ");
        let stored = bucket
            .put_object(key, key.as_bytes().to_vec(), &headers)
            .await
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        let meta = bucket.head_object(key).await.unwrap();
        assert_eq!(
            (meta.size, meta.crc64),
            (key.len() as u64, Some(stored.crc64)),
            "{key}"
        );
        assert_eq!(
            (meta.etag.as_deref(), meta.content_type.as_deref()),
            (Some(stored.etag.as_str()), Some("video/mp4"))
        );
        let content = bucket
            .get_object(key)
            .await
            .unwrap()
            .collect(1_000)
            .await
            .unwrap();
        assert_eq!(content, key.as_bytes(), "{key}");
        let range = bucket
            .get_object_range(key, 1..3)
            .await
            .unwrap()
            .collect(2)
            .await
            .unwrap();
        assert_eq!(range, key.as_bytes()[1..3], "{key}");
        bucket.delete_object(key).await.unwrap();
        assert_eq!(
            bucket.head_object(key).await.unwrap_err().status(),
            Some(404),
            "{key}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multipart_upload_goes_through_all_its_steps() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket();
    let (path, content) = cloud.file(3 * MIB);
    let file = Arc::new(std::fs::File::open(path).unwrap());
    let upload = bucket
        .initiate_multipart_upload("a b.mp4", &ObjectHeaders::new())
        .await
        .unwrap();
    for number in [3, 1, 2] {
        let payload = Payload::file(
            Arc::clone(&file),
            u64::from(number - 1) * MIB as u64,
            MIB as u64,
        );
        bucket.upload_part(&upload, number, payload).await.unwrap();
    }
    let parts = bucket.list_parts(&upload).await.unwrap();
    assert_eq!(
        parts
            .iter()
            .map(|part| (part.number, part.size))
            .collect::<Vec<_>>(),
        [(1, MIB as u64), (2, MIB as u64), (3, MIB as u64)]
    );
    let stored = bucket
        .complete_multipart_upload(&upload, &parts)
        .await
        .unwrap();
    assert_eq!(
        (stored.size, stored.crc64),
        (content.len() as u64, Crc64::of(&content))
    );
    // Complete is repeated after its answer was lost: the object itself tells that it was done.
    let again = bucket
        .complete_multipart_upload(&upload, &parts)
        .await
        .unwrap();
    assert_eq!(
        (again.size, again.crc64, &again.etag),
        (stored.size, stored.crc64, &stored.etag)
    );

    let unknown = MultipartUpload {
        key: "a b.mp4".to_owned(),
        upload_id: "0".repeat(32),
    };
    assert_eq!(
        bucket.list_parts(&unknown).await.unwrap_err().code(),
        Some("NoSuchUpload")
    );
    bucket.abort_multipart_upload(&unknown).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_works_without_a_key_until_it_ends() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket();
    let http = ReqwestTransport::builder().without_proxy().build().unwrap();
    let ask = async |method: &str, url: &str, headers: &[(&str, &str)], body: &'static str| {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.as_bytes().to_vec())).unwrap();
        let answer = http.send(request).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().collect(10_000).await.unwrap())
    };
    let key = "课程/a b+c.txt";
    let headers = ObjectHeaders::new().content_type("text/plain");
    let hour = Duration::from_secs(3_600);
    let put = bucket.presign_put(key, hour, &headers).await.unwrap();
    let (status, _) = ask(
        "PUT",
        put.as_str(),
        &[("content-type", "text/plain")],
        "content",
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        ask(
            "PUT",
            put.as_str(),
            &[("content-type", "text/html")],
            "content"
        )
        .await
        .0,
        403
    );

    let get = bucket.presign_get(key, hour).await.unwrap();
    assert_eq!(
        ask("GET", get.as_str(), &[], "").await,
        (200, "content".into())
    );
    assert_eq!(get.expires_at(), cloud.clock.now() + hour);
    assert!(!format!("{get:?}").contains("http"));
    cloud.clock.advance(hour + Duration::from_secs(1));
    assert_eq!(ask("GET", get.as_str(), &[], "").await.0, 403);

    for lifetime in [Duration::ZERO, Duration::from_secs(604_801)] {
        let error = bucket.presign_get(key, lifetime).await.unwrap_err();
        assert_eq!(error.field(), Some("lifetime"));
    }
}
