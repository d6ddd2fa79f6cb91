//! Starting and stopping an emulator, and what it tells of itself.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::clock::{self, ManualClock, Now};
use crate::identity::Identity;
use crate::log::{RequestRecord, Totals};
use crate::oss::store::Store;
use crate::random::Random;
use crate::server;
use crate::state::{Cloud, Settings};

/// A local Alibaba Cloud on a port of 127.0.0.1.
///
/// It serves from [`start`](Builder::start) until it is dropped or [shut down](Self::shutdown),
/// on the Tokio runtime on which it was started.
pub struct Emulator {
    cloud: Arc<Cloud>,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    /// Where objects are, unless the user keeps them; removed on drop.
    _folder: Option<TempDir>,
}

/// Settings of an [`Emulator`] that is to start.
#[must_use]
pub struct Builder {
    port: u16,
    region: String,
    keep: Option<PathBuf>,
    discard_bodies: bool,
    access_key: Option<(String, String)>,
    now: Now,
    seed: Option<[u8; 32]>,
    upload_ttl: Duration,
    step: Duration,
}

impl Emulator {
    /// Returns the settings of an emulator on any free port, in `cn-shanghai`, with new keys.
    pub fn builder() -> Builder {
        Builder {
            port: 0,
            region: "cn-shanghai".to_owned(),
            keep: None,
            discard_bodies: false,
            access_key: None,
            now: clock::system(),
            seed: None,
            upload_ttl: Duration::from_secs(3000),
            step: Duration::from_millis(500),
        }
    }

    /// Returns `http://127.0.0.1:PORT`, the endpoint of every service.
    pub fn endpoint(&self) -> &str {
        &self.cloud.settings.endpoint
    }

    /// Returns the AccessKey id of the RAM user.
    pub fn access_key_id(&self) -> &str {
        &self.cloud.identity.user.access_key_id
    }

    /// Returns the AccessKey secret of the RAM user.
    pub fn access_key_secret(&self) -> &str {
        &self.cloud.identity.user.access_key_secret
    }

    /// Returns the ARN of the role that the user may assume, for at most 3600 seconds.
    pub fn role_arn(&self) -> String {
        self.cloud.identity.role_arn()
    }

    /// Returns the id of the account, sixteen digits.
    pub fn account_id(&self) -> &str {
        &self.cloud.identity.account_id
    }

    /// Returns the name of the user's own bucket, for MPS.
    pub fn bucket(&self) -> &str {
        &self.cloud.settings.user_bucket
    }

    /// Returns the id of the MPS pipeline.
    pub fn pipeline_id(&self) -> &str {
        &self.cloud.settings.pipeline_id
    }

    /// Returns the region of every service, for example `cn-shanghai`.
    pub fn region(&self) -> &str {
        &self.cloud.settings.region
    }

    /// Returns the time by the emulator's clock (UTC).
    pub fn now(&self) -> DateTime<Utc> {
        (self.cloud.now)()
    }

    /// Returns the last requests, oldest first; at most a thousand.
    pub fn requests(&self) -> Vec<RequestRecord> {
        self.cloud.log.records()
    }

    /// Returns how many requests came since the start.
    pub fn totals(&self) -> Totals {
        self.cloud.log.totals()
    }

    /// Returns how many requests had a signature that held.
    pub fn verified_requests(&self) -> u64 {
        self.totals().verified
    }

    /// Stops the server, ends its connections and removes its temporary folder.
    ///
    /// Dropping the emulator does the same without waiting for the connections to end.
    pub async fn shutdown(mut self) {
        // The receiver is gone only if the server has ended already.
        let _ = self.stop.send(true);
        let _ = (&mut self.server).await;
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("endpoint", &self.endpoint())
            .field("region", &self.region())
            .field("access_key_id", &self.access_key_id())
            .finish_non_exhaustive()
    }
}

impl Builder {
    /// Listens on `port` of 127.0.0.1; 0, the default, takes any free port.
    pub fn port(mut self, port: u16) -> Self {
        self.port = port;
        self
    }

    /// Puts every service into `region`, a plain region id without `oss-`.
    pub fn region(mut self, region: impl Into<String>) -> Self {
        self.region = region.into();
        self
    }

    /// Keeps objects as files `FOLDER/<bucket>/<key>`, also after the end.
    ///
    /// The folder is made if it is not there. Objects of an earlier run in it are not served.
    pub fn keep(mut self, folder: impl Into<PathBuf>) -> Self {
        self.keep = Some(folder.into());
        self
    }

    /// Checks and counts the bytes that come in and stores none of them.
    ///
    /// Reading such an object is refused with `Emulator.BodyDiscarded`.
    pub fn discard_bodies(mut self, discard: bool) -> Self {
        self.discard_bodies = discard;
        self
    }

    /// Gives the RAM user this AccessKey instead of a new one.
    pub fn access_key(mut self, id: impl Into<String>, secret: impl Into<String>) -> Self {
        self.access_key = Some((id.into(), secret.into()));
        self
    }

    /// Tells the time by `now` instead of the system's clock.
    pub fn clock(mut self, now: Now) -> Self {
        self.now = now;
        self
    }

    /// Tells the time by a clock that a test moves.
    pub fn manual_clock(self, clock: &ManualClock) -> Self {
        self.clock(clock.as_now())
    }

    /// Draws every id and secret from `seed`, so that two runs give the same.
    ///
    /// For tests only: who knows the seed knows the secrets.
    pub fn seed(mut self, seed: [u8; 32]) -> Self {
        self.seed = Some(seed);
        self
    }

    /// Ends upload credentials after `ttl` instead of 3000 seconds.
    pub fn upload_ttl(mut self, ttl: Duration) -> Self {
        self.upload_ttl = ttl;
        self
    }

    /// Keeps videos and jobs in each state for `step` instead of half a second.
    ///
    /// A video plays two steps after its upload; a job succeeds three steps after its submission.
    pub fn step(mut self, step: Duration) -> Self {
        self.step = step;
        self
    }

    /// Starts the emulator on the current Tokio runtime.
    ///
    /// # Errors
    /// If the port is taken, the folder can't be made, or the system gives no randomness. The text names the
    /// port or the folder.
    pub async fn start(self) -> io::Result<Emulator> {
        let random = match self.seed {
            Some(seed) => Random::from_seed(seed),
            None => Random::from_system()?,
        };
        let listener = server::bind(self.port).await?;
        let settings = Settings {
            endpoint: format!("http://{}", listener.local_addr()?),
            region: self.region,
            vod_bucket: format!("outin-{}", random.hex(16)),
            user_bucket: format!("media-{}", random.hex(4)),
            pipeline_id: random.hex(16),
            upload_ttl: self.upload_ttl,
            step: self.step,
        };
        let (root, folder) = match self.keep {
            Some(root) => (root, None),
            None => {
                let folder = tempfile::Builder::new().prefix("acs-emulator-").tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        let buckets = [settings.vod_bucket.as_str(), &settings.user_bucket];
        let cloud = Arc::new(Cloud {
            store: Store::open(root, self.discard_bodies, &buckets)?,
            identity: Identity::new(&random, self.access_key),
            cdn_key: random.alphanumeric(32),
            random,
            settings,
            now: self.now,
            nonces: Default::default(),
            videos: Default::default(),
            jobs: Default::default(),
            log: Default::default(),
        });
        let (stop, stopped) = watch::channel(false);
        let server = tokio::spawn(server::serve(listener, Arc::clone(&cloud), stopped));
        Ok(Emulator {
            cloud,
            stop,
            server,
            _folder: folder,
        })
    }
}

impl fmt::Debug for Builder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Builder")
            .field("port", &self.port)
            .field("region", &self.region)
            .field("keep", &self.keep)
            .field("discard_bodies", &self.discard_bodies)
            .field("upload_ttl", &self.upload_ttl)
            .field("step", &self.step)
            .finish_non_exhaustive()
    }
}
