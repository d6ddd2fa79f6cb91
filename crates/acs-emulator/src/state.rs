//! The whole emulated cloud behind one port.

use std::time::Duration;

use crate::clock::Now;
use crate::identity::Identity;
use crate::log::RequestLog;
use crate::mps::Jobs;
use crate::nonces::Nonces;
use crate::oss::store::Store;
use crate::random::Random;
use crate::vod::Videos;

pub(crate) struct Cloud {
    pub(crate) settings: Settings,
    pub(crate) now: Now,
    pub(crate) random: Random,
    pub(crate) identity: Identity,
    pub(crate) nonces: Nonces,
    pub(crate) store: Store,
    pub(crate) videos: Videos,
    pub(crate) jobs: Jobs,
    pub(crate) log: RequestLog,
    /// Signs play URLs, as the key of a CDN domain does.
    pub(crate) cdn_key: String,
}

/// What stays the same from start to stop.
pub(crate) struct Settings {
    pub(crate) region: String,
    /// `http://127.0.0.1:PORT`.
    pub(crate) endpoint: String,
    /// VOD's storage: written with an UploadAuth only.
    pub(crate) vod_bucket: String,
    /// A bucket of the user's own.
    pub(crate) user_bucket: String,
    pub(crate) pipeline_id: String,
    pub(crate) upload_ttl: Duration,
    /// How long a video or job stays in each of its states.
    pub(crate) step: Duration,
}
