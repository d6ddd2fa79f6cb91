//! An emulator that keeps its objects, and clients of it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use acs_core::{BoxFuture, Credentials, RetryPolicy, Runtime, SharedRuntime, SystemRuntime};
use acs_emulator::{Emulator, ManualClock};
use acs_oss::Bucket;
use acs_vod::upload::{UploadTicket, Uploader};
use acs_vod::{Client, CreateUploadVideo};
use chrono::{DateTime, TimeDelta, Utc};
use tempfile::TempDir;

pub(crate) const MIB: usize = 1 << 20;

/// An emulator that keeps its objects, with a clock that the test moves and the client shares.
pub(crate) struct Cloud {
    pub(crate) emulator: Emulator,
    pub(crate) clock: ManualClock,
    pub(crate) runtime: SharedRuntime,
    pub(crate) folder: TempDir,
}

impl Cloud {
    pub(crate) async fn start() -> Self {
        Self::start_behind(TimeDelta::zero()).await
    }

    /// Starts with a client whose clock is behind the emulator's.
    pub(crate) async fn start_behind(lag: TimeDelta) -> Self {
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

    pub(crate) fn vod(&self) -> Client {
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
    pub(crate) fn bucket(&self) -> Bucket {
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

    pub(crate) async fn ticket(&self) -> UploadTicket {
        self.vod()
            .send(CreateUploadVideo::new("A title", "clip.mp4"))
            .await
            .unwrap()
            .into_inner()
            .into()
    }

    /// An uploader of a new ticket, by a client that has no key, with short waits.
    pub(crate) async fn uploader(&self) -> Uploader {
        let mut retry = RetryPolicy::attempts(6);
        retry.base_delay = Duration::from_millis(1);
        let ticket = UploadTicket::from_json(&self.ticket().await.to_json()).unwrap();
        Uploader::new(ticket)
            .runtime(Arc::clone(&self.runtime))
            .retry(retry)
    }

    /// Writes a file of bytes that differ from stretch to stretch.
    pub(crate) fn file(&self, size: usize) -> (PathBuf, Vec<u8>) {
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

    pub(crate) fn stored(&self, bucket: &str, key: &str) -> Vec<u8> {
        std::fs::read(self.folder.path().join("kept").join(bucket).join(key)).unwrap()
    }

    /// How often each operation of OSS and VOD was asked for, whatever came of it.
    pub(crate) fn actions(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for record in self.emulator.requests() {
            *counts.entry(record.action).or_default() += 1;
        }
        counts
    }

    pub(crate) fn count(&self, action: &str) -> usize {
        self.actions().get(action).copied().unwrap_or(0)
    }

    /// Waits until an operation was asked for.
    pub(crate) async fn seen(&self, action: &str) {
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
