use std::sync::Arc;

use acs_core::{Error, ErrorKind};
use tokio::sync::watch;

/// Calls an upload off from elsewhere, a button or a signal handler say. Clones share the state; it can't be undone.
#[derive(Clone, Debug, Default)]
pub struct CancelToken(Arc<watch::Sender<bool>>);

impl CancelToken {
    /// Makes a token that is not cancelled.
    pub fn new() -> Self {
        Self::default()
    }

    /// Calls the upload off: no more parts are sent, and what OSS has of it is given up.
    pub fn cancel(&self) {
        self.0.send_replace(true);
    }

    /// Says whether it was called off.
    pub fn is_cancelled(&self) -> bool {
        *self.0.borrow()
    }

    /// Waits until it is called off.
    pub async fn cancelled(&self) {
        let mut changes = self.0.subscribe();
        if changes
            .wait_for(|is_cancelled| *is_cancelled)
            .await
            .is_err()
        {
            // The sender lives in `self`, so this is not reached; if it were, nobody could cancel any more.
            std::future::pending::<()>().await;
        }
    }
}

/// Makes the error of an upload that was called off.
pub(super) fn cancelled() -> Error {
    Error::new(
        ErrorKind::Cancelled,
        "the upload was cancelled, and OSS is told to forget what it has of it",
    )
}
