//! Parts in parallel: the sending of them, and what becomes of the upload when it fails.

use std::time::Duration;

use acs_core::{Error, ErrorKind, SharedRuntime};
use acs_oss::{Bucket, MultipartUpload, ObjectHeaders, Part, StoredObject};
use tokio::task::JoinSet;

use super::cancel::{CancelToken, cancelled};
use super::credential::TicketCredentials;
use super::file::LocalFile;
use super::plan::PartPlan;

/// How long the giving up of an upload may take: it is the last thing before the caller gets its error.
const ABORT_TIMEOUT: Duration = Duration::from_secs(10);

/// A multipart upload of one file.
pub(super) struct Multipart<'a> {
    pub(super) bucket: &'a Bucket,
    pub(super) credentials: &'a TicketCredentials,
    pub(super) runtime: &'a SharedRuntime,
    pub(super) file: &'a LocalFile,
    pub(super) plan: PartPlan,
    pub(super) parallel: usize,
    pub(super) cancel: &'a CancelToken,
    /// Told of each part that OSS has confirmed.
    pub(super) on_part: &'a (dyn Fn(&Part) + Send + Sync),
}

impl Multipart<'_> {
    /// Sends the file. On failure, when it is cancelled, and when the future is dropped, OSS is told to forget the
    /// parts.
    pub(super) async fn send(&self) -> Result<StoredObject, Error> {
        let key = &self.credentials.address().key;
        let upload = self
            .bucket
            .initiate_multipart_upload(key, &ObjectHeaders::new())
            .await?;
        let mut abandoned = AbortOnDrop(Some((self.bucket.clone(), upload.clone())));
        let sent = tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(cancelled()),
            sent = self.send_parts(&upload) => sent,
        };
        let (completed, is_left) = match sent {
            Ok(parts) => {
                let completed = self.bucket.complete_multipart_upload(&upload, &parts).await;
                let is_left = completed.as_ref().is_err_and(is_refusal);
                (completed, is_left)
            }
            Err(error) => (Err(error), true),
        };
        if is_left {
            self.abort(&upload).await;
        }
        // Not before: this future can be dropped at each of the waits above. What has become an object by then is not
        // undone by giving the upload up.
        abandoned.disarm();
        completed
    }

    async fn send_parts(&self, upload: &MultipartUpload) -> Result<Vec<Part>, Error> {
        let mut waiting = self.plan.parts();
        let mut sending = JoinSet::new();
        let mut parts = Vec::with_capacity(self.plan.count() as usize);
        loop {
            while sending.len() < self.parallel {
                let Some((number, range)) = waiting.next() else {
                    break;
                };
                let (bucket, upload) = (self.bucket.clone(), upload.clone());
                let payload = self.file.stretch(range.start, range.end - range.start);
                sending.spawn(async move {
                    let sent = bucket.upload_part(&upload, number, payload).await;
                    sent.map_err(|error| (number, error))
                });
            }
            match sending.join_next().await {
                None => break,
                Some(Ok(Ok(part))) => {
                    (self.on_part)(&part);
                    parts.push(part);
                }
                Some(Ok(Err((number, error)))) => return Err(self.part_error(number, error)),
                Some(Err(failed)) => match failed.try_into_panic() {
                    Ok(panic) => std::panic::resume_unwind(panic),
                    Err(_) => {
                        return Err(Error::new(
                            ErrorKind::Cancelled,
                            "the runtime is shutting down",
                        ));
                    }
                },
            }
        }
        self.file.check_unchanged().await?;
        self.credentials.settle().await?;
        Ok(parts)
    }

    /// Names the part at fault, or the file if that is what could not be read.
    fn part_error(&self, number: u32, error: Error) -> Error {
        match (error.kind(), error.field()) {
            (ErrorKind::Io, _) => error.with_field(self.file.shown()),
            (_, None) => error.with_field(format!("part {number}")),
            _ => error,
        }
    }

    /// Gives the upload up. That this fails is no reason for another error: OSS drops such parts after seven days.
    async fn abort(&self, upload: &MultipartUpload) {
        tokio::select! {
            _ = self.bucket.abort_multipart_upload(upload) => {}
            () = self.runtime.sleep(ABORT_TIMEOUT) => {}
        }
    }
}

/// Says whether OSS refused to put the parts together, so that they are still there.
fn is_refusal(error: &Error) -> bool {
    error
        .status()
        .is_some_and(|status| (400..500).contains(&status))
        && error.code() != Some("NoSuchUpload")
}

/// Gives an upload up in the background when the caller drops the future that sends it.
struct AbortOnDrop(Option<(Bucket, MultipartUpload)>);

impl AbortOnDrop {
    fn disarm(&mut self) {
        self.0 = None;
    }
}

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        let Some((bucket, upload)) = self.0.take() else {
            return;
        };
        // Without a runtime nothing can be sent any more: OSS drops the parts after seven days.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move { bucket.abort_multipart_upload(&upload).await });
        }
    }
}
