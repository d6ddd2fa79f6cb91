use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use acs_core::{Error, RetryPolicy, SharedRuntime, SharedTransport, SystemRuntime};
use acs_oss::{
    Bucket, MAX_PART_BYTES, Network, ObjectHeaders, Part, StoredObject, Timeouts,
    region_of_endpoint,
};

use super::cancel::{CancelToken, cancelled};
use super::credential::TicketCredentials;
use super::file::LocalFile;
use super::multipart::Multipart;
use super::plan::PartPlan;
use super::ticket::{RefreshTicket, UploadTicket};

/// Sends one file to VOD with an [`UploadTicket`].
///
/// Up to 16 MiB go in one request, larger files in parts: four at once, each read from the file while it is sent, so
/// that memory does not grow with the file. Each part is compared with what OSS stored (CRC-64) and sent again up to
/// five times; so is the whole. The credential is replaced before it ends, once for all parts.
///
/// When the upload fails, is cancelled, or its future is dropped, OSS is told to forget the parts (for a dropped
/// future in the background, as far as the tokio runtime still runs).
#[must_use]
pub struct Uploader {
    ticket: UploadTicket,
    source: Option<Arc<dyn RefreshTicket>>,
    network: Network,
    transport: Option<SharedTransport>,
    runtime: SharedRuntime,
    retry: RetryPolicy,
    timeouts: Timeouts,
    parallel: usize,
    part_size: Option<u64>,
    multipart_threshold: u64,
    on_progress: Option<Arc<ProgressListener>>,
    cancel: CancelToken,
}

type ProgressListener = dyn Fn(Progress) + Send + Sync;

/// How far an upload is: what OSS has confirmed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Bytes that OSS has, checked.
    pub bytes: u64,
    /// Bytes of the file.
    pub total_bytes: u64,
    /// Parts that OSS has, checked.
    pub parts: u32,
    /// Parts of the file; 1 if it goes in one request.
    pub total_parts: u32,
}

/// A file that was uploaded, as OSS confirmed it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Uploaded {
    /// The video's id.
    pub video_id: String,
    /// The bucket.
    pub bucket: String,
    /// The object key.
    pub key: String,
    /// Size in bytes.
    pub size: u64,
    /// How many parts it went in; 1 for a single request.
    pub parts: u32,
    /// CRC-64 (ECMA-182, as XZ) of the file: computed here, and the same as OSS's own.
    pub crc64: u64,
    /// The object's entity tag, without quotes.
    pub etag: String,
    /// Id of the request that made the object, for Alibaba Cloud's support.
    pub request_id: String,
}

impl Uploader {
    /// Starts with the default settings.
    pub fn new(ticket: UploadTicket) -> Self {
        Self {
            ticket,
            source: None,
            network: Network::default(),
            transport: None,
            runtime: Arc::new(SystemRuntime::new()),
            // The first try and five more.
            retry: RetryPolicy::attempts(6),
            timeouts: Timeouts::default(),
            parallel: 4,
            part_size: None,
            multipart_threshold: 16 << 20,
            on_progress: None,
            cancel: CancelToken::new(),
        }
    }

    /// Sets who is asked for a new ticket: before a part when less than a fifth of the ticket's life or 5 minutes are
    /// left, and when OSS refuses the old one. Without it the upload must end while the first ticket lasts.
    pub fn refresh(mut self, source: impl RefreshTicket + 'static) -> Self {
        self.source = Some(Arc::new(source));
        self
    }

    /// Sets the network that OSS is reached by. Default: the public one.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets how many parts are sent at once, at least 1. Default: 4.
    pub fn parallel(mut self, parts: usize) -> Self {
        self.parallel = parts.max(1);
        self
    }

    /// Sets the size of the parts in bytes: see [`PartPlan::with_part_size`] for its limits. Default: see
    /// [`PartPlan::new`].
    pub fn part_size(mut self, bytes: u64) -> Self {
        self.part_size = Some(bytes);
        self
    }

    /// Sets from which size on, in bytes, a file goes in parts; a smaller one is read into memory and goes in one
    /// request, which OSS takes up to 5 GiB. Default: 16 MiB.
    pub fn multipart_threshold(mut self, bytes: u64) -> Self {
        self.multipart_threshold = bytes.min(MAX_PART_BYTES);
        self
    }

    /// Sets when a part is sent again. Default: six attempts in all.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets how long a transfer may stand still.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
        self
    }

    /// Sets who is told of the progress: at the beginning, and each time OSS has confirmed a part. It must not block.
    pub fn on_progress(mut self, listener: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        self.on_progress = Some(Arc::new(listener));
        self
    }

    /// Sets what calls the upload off. The last request, which makes the object of its parts, is not called off.
    pub fn cancel(mut self, token: &CancelToken) -> Self {
        self.cancel = token.clone();
        self
    }

    /// Sets the transport, in place of reqwest.
    pub fn transport(mut self, transport: SharedTransport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets where time and randomness come from: for tests.
    pub fn runtime(mut self, runtime: SharedRuntime) -> Self {
        self.runtime = runtime;
        self
    }

    /// Uploads a file. It must run on a tokio runtime.
    ///
    /// # Errors
    /// Nothing is sent if the file is missing, empty, no regular file or too large, if its name has no extension, or
    /// if the ticket is broken. [`ErrorKind::Io`](acs_core::ErrorKind::Io) when the file can't be read or changes meanwhile; what OSS refuses;
    /// [`ErrorKind::Integrity`](acs_core::ErrorKind::Integrity) when OSS has other bytes than the file; [`ErrorKind::Cancelled`](acs_core::ErrorKind::Cancelled);
    /// [`ErrorKind::OutcomeUnknown`](acs_core::ErrorKind::OutcomeUnknown) when the answer to the last request was lost and the object can't be looked at:
    /// then VOD's `GetVideoInfo` tells.
    pub async fn upload_file(self, path: impl Into<PathBuf>) -> Result<Uploaded, Error> {
        let file = LocalFile::open(path.into()).await?;
        let credentials =
            TicketCredentials::new(&self.ticket, self.source.clone(), Arc::clone(&self.runtime))?;
        let credentials = Arc::new(credentials);
        let bucket = self.bucket(&credentials)?;
        let (sent, parts) = if file.size() < self.multipart_threshold {
            (self.put(&bucket, &credentials, &file).await, 1)
        } else {
            let plan = self.plan(file.size())?;
            (
                self.send_in_parts(&bucket, &credentials, &file, plan).await,
                plan.count(),
            )
        };
        let stored = sent.map_err(|error| explained(error, &credentials))?;
        let address = credentials.address();
        Ok(Uploaded {
            video_id: self.ticket.video_id().to_owned(),
            bucket: address.bucket.clone(),
            key: address.key.clone(),
            size: stored.size,
            parts,
            crc64: stored.crc64,
            etag: stored.etag,
            request_id: stored.request_id,
        })
    }

    /// Makes the handle on the ticket's bucket.
    fn bucket(&self, credentials: &Arc<TicketCredentials>) -> Result<Bucket, Error> {
        let address = credentials.address();
        let named = region_of_endpoint(&address.endpoint);
        let region = credentials
            .region()
            .map(|region| region.trim_start_matches("oss-").to_owned())
            .or_else(|| named.map(str::to_owned));
        let Some(region) = region else {
            return Err(Error::invalid_parameter(
                "UploadAuth.Region",
                "is missing, and the endpoint names no region",
            ));
        };
        let mut builder = Bucket::builder(&address.bucket, region)
            .credentials(Arc::clone(credentials))
            .retry(self.retry.clone())
            .timeouts(self.timeouts.clone())
            .runtime(Arc::clone(&self.runtime));
        // Only OSS's own public endpoint has siblings on other networks.
        builder = match (self.network, named) {
            (Network::Public, _) | (_, None) => builder.endpoint(&address.endpoint),
            (network, Some(_)) => builder.network(network),
        };
        if let Some(transport) = &self.transport {
            builder = builder.transport(Arc::clone(transport));
        }
        builder.build()
    }

    fn plan(&self, size: u64) -> Result<PartPlan, Error> {
        match self.part_size {
            Some(wished) => PartPlan::with_part_size(size, wished),
            None => PartPlan::new(size, self.parallel),
        }
    }

    async fn put(
        &self,
        bucket: &Bucket,
        credentials: &TicketCredentials,
        file: &LocalFile,
    ) -> Result<StoredObject, Error> {
        let content = file.read_all().await?;
        let progress = |bytes, parts| Progress {
            bytes,
            total_bytes: file.size(),
            parts,
            total_parts: 1,
        };
        self.report(progress(0, 0));
        credentials.settle().await?;
        let headers = ObjectHeaders::new();
        let stored = tokio::select! {
            biased;
            () = self.cancel.cancelled() => return Err(cancelled()),
            stored = bucket.put_object(&credentials.address().key, content, &headers) => stored?,
        };
        self.report(progress(file.size(), 1));
        Ok(stored)
    }

    async fn send_in_parts(
        &self,
        bucket: &Bucket,
        credentials: &TicketCredentials,
        file: &LocalFile,
        plan: PartPlan,
    ) -> Result<StoredObject, Error> {
        let (bytes, parts) = (AtomicU64::new(0), AtomicU32::new(0));
        let on_part = |part: Option<&Part>| {
            let size = part.map_or(0, |part| part.size);
            self.report(Progress {
                bytes: bytes.fetch_add(size, Ordering::Relaxed) + size,
                total_bytes: file.size(),
                parts: parts.fetch_add(u32::from(part.is_some()), Ordering::Relaxed)
                    + u32::from(part.is_some()),
                total_parts: plan.count(),
            });
        };
        on_part(None);
        let multipart = Multipart {
            bucket,
            credentials,
            runtime: &self.runtime,
            file,
            plan,
            parallel: self.parallel,
            cancel: &self.cancel,
            on_part: &|part| on_part(Some(part)),
        };
        multipart.send().await
    }

    fn report(&self, progress: Progress) {
        if let Some(listener) = &self.on_progress {
            listener(progress);
        }
    }
}

/// Says what to do about a ticket that ended.
fn explained(error: Error, credentials: &TicketCredentials) -> Error {
    let has_ended = error.is_expired_credentials() && !credentials.can_refresh();
    let Some(service) = error.service_error().filter(|_| has_ended).cloned() else {
        return error;
    };
    Error::new(
        error.kind(),
        "the upload ticket has ended, and there is nobody to ask for another: set a source with `Uploader::refresh`",
    )
    .with_action(error.action().unwrap_or_default().to_owned())
    .with_attempts(error.attempts())
    .with_service(service)
}

impl fmt::Debug for Uploader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Uploader")
            .field("ticket", &self.ticket)
            .field("network", &self.network)
            .field("parallel", &self.parallel)
            .field("part_size", &self.part_size)
            .field("multipart_threshold", &self.multipart_threshold)
            .finish_non_exhaustive()
    }
}
