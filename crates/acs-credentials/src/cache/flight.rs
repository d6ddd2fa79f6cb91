use std::fmt;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, OnceLock};
use std::task::Poll;
use std::time::Duration;

use acs_core::BoxFuture;
use tokio::runtime::Handle;
use tokio::sync::Mutex;

use super::Shared;
use super::entry::Entry;
use crate::context::http;
use crate::failure::Failure;

/// How long a caller of another runtime leaves a load alone that nobody has begun to drive.
const MOMENT: Duration = Duration::from_millis(5);

type Outcome = Result<Arc<Entry>, Failure>;

/// How long a runtime may take to run an empty task, before it is taken for one that nobody drives any more.
const SIGN_OF_LIFE: Duration = Duration::from_millis(250);

/// One load, which any number of callers wait for.
///
/// Whoever holds the lock drives it: a task on the runtime that it was started on, and without a runtime the callers
/// themselves. A driver that is dropped lets the lock go with the load as it stands, and the next one drives on.
pub(super) struct Flight {
    /// The runtime that the load's sockets and timers belong to.
    home: Option<Handle>,
    load: Mutex<Option<BoxFuture<'static, Outcome>>>,
    outcome: OnceLock<Outcome>,
}

/// How waiting for a flight ended.
pub(super) enum Landing {
    Landed(Outcome),
    /// Its runtime is gone, or stands still: nobody drives it any more.
    Lost,
}

impl Flight {
    pub(super) fn new(load: impl Future<Output = Outcome> + Send + 'static) -> Self {
        Self {
            home: Handle::try_current().ok(),
            load: Mutex::new(Some(Box::pin(load))),
            outcome: OnceLock::new(),
        }
    }

    /// Says whether a task of a runtime drives it, so that nobody has to wait for that.
    pub(super) fn is_driven(&self) -> bool {
        self.home.is_some()
    }

    /// Drives the load, or waits for whoever does, to its end.
    pub(super) async fn land(&self, shared: &Shared) -> Landing {
        if self.is_at_home() {
            return self.drive(shared).await;
        }
        loop {
            let waited = http::within(&shared.context, SIGN_OF_LIFE, self.drive(shared)).await;
            if let Some(landed @ Landing::Landed(_)) = waited {
                return landed;
            }
            // Nobody drove it when this caller looked, or not to its end: it may be about to begin.
            if !self.home_is_alive(shared).await {
                return Landing::Lost;
            }
            shared.context.sleep(MOMENT).await;
        }
    }

    async fn drive(&self, shared: &Shared) -> Landing {
        let mut load = self.load.lock().await;
        if let Some(outcome) = self.outcome.get() {
            return Landing::Landed(outcome.clone());
        }
        // Sockets and timers of another runtime fail or stand still here: a load is driven at home, or not at all.
        let Some(future) = load.as_mut().filter(|_| self.is_at_home()) else {
            return Landing::Lost;
        };
        let outcome = without_panic(future).await;
        *load = None;
        shared.note(self, &outcome);
        Landing::Landed(self.outcome.get_or_init(|| outcome).clone())
    }

    fn is_at_home(&self) -> bool {
        match (&self.home, Handle::try_current()) {
            (Some(home), Ok(here)) => home.id() == here.id(),
            (None, _) => true,
            (Some(_), Err(_)) => false,
        }
    }

    /// Asks the runtime of the load for a sign of life.
    async fn home_is_alive(&self, shared: &Shared) -> bool {
        let Some(home) = &self.home else { return true };
        let sign = home.spawn(std::future::ready(()));
        http::within(&shared.context, SIGN_OF_LIFE, sign)
            .await
            .is_some_and(|sign| sign.is_ok())
    }
}

/// Turns a panic of a provider into its failure: the callers that wait must not wait for ever, nor panic with it.
async fn without_panic(future: &mut BoxFuture<'static, Outcome>) -> Outcome {
    poll_fn(
        |context| match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(polled) => polled,
            Err(_) => Poll::Ready(Err(Failure::new("the provider panicked"))),
        },
    )
    .await
}

impl fmt::Debug for Flight {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flight")
            .field("has_landed", &self.outcome.get().is_some())
            .finish_non_exhaustive()
    }
}
