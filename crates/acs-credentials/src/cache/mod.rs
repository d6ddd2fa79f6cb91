//! Remembers what a source gave, and renews it in time: once for all callers.

mod entry;
mod flight;

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use acs_core::{BoxFuture, Credentials, Error, ProvideCredentials};
use arc_swap::ArcSwapOption;
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

use self::entry::{Entry, State};
use self::flight::{Flight, Landing};
use crate::context::{Context, http};
use crate::failure::Failure;
use crate::source::{SharedSource, Source};

/// How long a caller without a runtime to spawn on waits for a renewal that isn't urgent.
const INLINE_RENEWAL: Duration = Duration::from_secs(2);
/// The first pause after a failed load; it doubles with each further one, up to [`LONGEST_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);

/// The credentials of a source, remembered and renewed ahead of time. Cheap to clone; clones share everything.
///
/// With L the lifetime as received, the *advisory* window is the last min(15 min, L/4) of it and the *mandatory* window
/// the last min(3 min, L/10). In the advisory window a call gets the remembered credentials and starts one renewal
/// behind its back; in the mandatory window calls wait for that one renewal, all together. It goes on when the call
/// that started it is cancelled. A renewal that fails leaves the old credentials in use until they expire, and the next
/// one is tried after 1 s, then 2 s, up to 60 s (each ±25 %). A renewal whose runtime was shut down is noticed and
/// started anew.
///
/// Reading remembered credentials takes no lock.
#[derive(Clone)]
pub struct CredentialsCache(Arc<Shared>);

/// Settings of a [`CredentialsCache`].
#[derive(Debug)]
#[must_use]
pub struct CredentialsCacheBuilder {
    source: SharedSource,
    context: Context,
    advisory: Duration,
    mandatory: Duration,
    grace: Duration,
}

struct Shared {
    source: SharedSource,
    context: Context,
    windows: entry::Windows,
    current: ArcSwapOption<Entry>,
    desk: Mutex<Desk>,
}

/// What changes with a load. The lock is held for a few instructions, never over a load.
#[derive(Default)]
struct Desk {
    flight: Option<Arc<Flight>>,
    pause: Option<Pause>,
}

/// The time after a failed load in which nobody tries again.
struct Pause {
    /// On the clock that never goes back.
    until: Duration,
    failures: u32,
    failure: Failure,
}

impl CredentialsCache {
    /// Makes a cache of a source, with the system's context.
    pub fn new(source: impl Source + 'static) -> Self {
        Self::builder(source).build()
    }

    /// Starts with the default settings.
    pub fn builder(source: impl Source + 'static) -> CredentialsCacheBuilder {
        CredentialsCacheBuilder {
            source: Arc::new(source),
            context: Context::system(),
            advisory: Duration::from_secs(15 * 60),
            mandatory: Duration::from_secs(3 * 60),
            grace: Duration::ZERO,
        }
    }

    /// Returns the remembered credentials if they need no renewal yet, and never waits: the fast path of
    /// [`get`](Self::get), without an allocation.
    #[inline]
    pub fn cached(&self) -> Option<Credentials> {
        let entry = self.0.current.load();
        let entry = entry.as_ref()?;
        (self.0.state_of(entry) == State::Fresh).then(|| entry.credentials.clone())
    }

    /// Returns credentials that are valid now.
    ///
    /// # Errors
    /// The source has none, or failed and what it gave before has expired.
    pub async fn get(&self) -> Result<Credentials, Error> {
        if let Some(credentials) = self.cached() {
            return Ok(credentials);
        }
        match self.entry().await {
            Ok(entry) => Ok(entry.credentials.clone()),
            Err(failure) => Err(failure.to_error()),
        }
    }

    /// Returns where the credentials come from: the variable, file or address, for people to read.
    ///
    /// # Errors
    /// As [`get`](Self::get).
    pub async fn origin(&self) -> Result<String, Error> {
        match self.entry().await {
            Ok(entry) => Ok(entry.origin.clone()),
            Err(failure) => Err(failure.to_error()),
        }
    }

    /// Forgets what is remembered, and the pause after a failure: the next call asks the source.
    pub fn clear(&self) {
        let mut desk = self.0.desk();
        desk.pause = None;
        self.0.current.store(None);
    }

    async fn entry(&self) -> Result<Arc<Entry>, Failure> {
        let shared = &self.0;
        loop {
            let current = shared.current.load_full();
            let state = current
                .as_ref()
                .map_or(State::Expired, |entry| shared.state_of(entry));
            let ended = current.as_ref().and_then(|entry| entry.ended(state));
            let usable = current.filter(|_| state != State::Expired);
            if let (Some(entry), State::Fresh) = (&usable, state) {
                return Ok(Arc::clone(entry));
            }
            let flight = match (shared.board(), usable) {
                (Boarding::Flight(flight), Some(entry)) if state == State::Advisory => {
                    if !flight.is_driven() {
                        http::within(&shared.context, INLINE_RENEWAL, flight.land(shared)).await;
                    }
                    return Ok(entry);
                }
                (Boarding::Flight(flight), _) => flight,
                (Boarding::Paused(_), Some(entry)) => return Ok(entry),
                (Boarding::Paused(failure), None) => return Err(told(&failure, ended)),
            };
            match flight.land(shared).await {
                Landing::Landed(Ok(entry)) => return Ok(entry),
                Landing::Landed(Err(failure)) => {
                    return shared.what_is_left().ok_or_else(|| told(&failure, ended));
                }
                Landing::Lost => shared.write_off(&flight),
            }
        }
    }
}

impl CredentialsCacheBuilder {
    /// Sets environment, files, network, time and randomness.
    pub fn context(mut self, context: Context) -> Self {
        self.context = context;
        self
    }

    /// Sets the longest advisory window; a quarter of the lifetime stays its other bound. Default: 15 minutes.
    pub fn advisory_window(mut self, longest: Duration) -> Self {
        self.advisory = longest;
        self
    }

    /// Sets the longest mandatory window; a tenth of the lifetime stays its other bound. Default: 3 minutes.
    pub fn mandatory_window(mut self, longest: Duration) -> Self {
        self.mandatory = longest;
        self
    }

    /// Keeps serving credentials for a time after they expired, if they cannot be renewed: for an outage of the
    /// instance metadata service where the services are known to be lenient. Default: not at all.
    pub fn allow_expired_for(mut self, grace: Duration) -> Self {
        self.grace = grace;
        self
    }

    /// Makes the cache. Nothing is loaded yet.
    pub fn build(self) -> CredentialsCache {
        CredentialsCache(Arc::new(Shared {
            source: self.source,
            context: self.context,
            windows: entry::Windows {
                advisory: self.advisory,
                mandatory: self.mandatory,
                grace: self.grace,
            },
            current: ArcSwapOption::empty(),
            desk: Mutex::default(),
        }))
    }
}

/// Tells a failure to a caller: after what, if there were credentials before.
fn told(failure: &Failure, ended: Option<DateTime<Utc>>) -> Failure {
    match ended {
        Some(end) => failure.after(format!(
            "the credentials expired at {}, and could not be renewed",
            end.format("%Y-%m-%dT%H:%M:%SZ")
        )),
        None => failure.clone(),
    }
}

/// What a caller that needs a load is told.
enum Boarding {
    /// There is one under way, perhaps its own.
    Flight(Arc<Flight>),
    /// The last one failed, and it is too early for the next.
    Paused(Failure),
}

impl Shared {
    fn state_of(&self, entry: &Entry) -> State {
        if entry.never_ends() {
            return State::Fresh;
        }
        entry.state(self.context.now())
    }

    /// Joins the load that is under way, or starts one.
    fn board(self: &Arc<Self>) -> Boarding {
        let mut desk = self.desk();
        if let Some(flight) = &desk.flight {
            return Boarding::Flight(Arc::clone(flight));
        }
        if let Some(pause) = &desk.pause
            && self.context.runtime().elapsed() < pause.until
        {
            return Boarding::Paused(pause.failure.clone());
        }
        let flight = Arc::new(Flight::new(Self::load(Arc::downgrade(self))));
        desk.flight = Some(Arc::clone(&flight));
        drop(desk);
        if let Ok(handle) = Handle::try_current() {
            let (flight, shared) = (Arc::clone(&flight), Arc::clone(self));
            handle.spawn(async move {
                flight.land(&shared).await;
            });
        }
        Boarding::Flight(flight)
    }

    async fn load(shared: Weak<Self>) -> Result<Arc<Entry>, Failure> {
        let Some(shared) = shared.upgrade() else {
            return Err(Failure::new("the cache was dropped"));
        };
        let found = shared
            .source
            .load(&shared.context)
            .await
            .map_err(crate::LoadError::into_failure)?;
        let entry = Entry::new(found, &shared.windows, &shared.context)?;
        Ok(Arc::new(entry))
    }

    /// Notes the end of a load: only that which is under way now, not one that was written off.
    fn note(&self, flight: &Flight, outcome: &Result<Arc<Entry>, Failure>) {
        let mut desk = self.desk();
        if !desk.is_under_way(flight) {
            return;
        }
        desk.flight = None;
        match outcome {
            Ok(entry) => {
                desk.pause = None;
                self.current.store(Some(Arc::clone(entry)));
            }
            Err(failure) => {
                let failures = desk.pause.as_ref().map_or(0, |pause| pause.failures) + 1;
                desk.pause = Some(Pause {
                    until: self.context.runtime().elapsed() + self.pause_after(failures),
                    failures,
                    failure: failure.clone(),
                });
            }
        }
    }

    fn pause_after(&self, failures: u32) -> Duration {
        let doublings = failures.saturating_sub(1).min(6);
        let pause = (FIRST_PAUSE * (1 << doublings)).min(LONGEST_PAUSE);
        pause.mul_f64(0.75 + self.context.random_share() / 2.0)
    }

    /// Gives up a load whose runtime is gone, so that the next caller starts another.
    fn write_off(&self, flight: &Flight) {
        let mut desk = self.desk();
        if desk.is_under_way(flight) {
            desk.flight = None;
        }
    }

    /// Returns the remembered credentials if they still hold.
    fn what_is_left(&self) -> Option<Arc<Entry>> {
        let entry = self.current.load_full()?;
        (self.state_of(&entry) != State::Expired).then_some(entry)
    }

    fn desk(&self) -> MutexGuard<'_, Desk> {
        // Every change to it is complete, so that a panic elsewhere leaves nothing half-done.
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Desk {
    fn is_under_way(&self, flight: &Flight) -> bool {
        self.flight
            .as_ref()
            .is_some_and(|current| std::ptr::eq(Arc::as_ptr(current), flight))
    }
}

impl ProvideCredentials for CredentialsCache {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        match self.cached() {
            Some(credentials) => Box::pin(std::future::ready(Ok(credentials))),
            None => Box::pin(self.get()),
        }
    }

    fn cached(&self) -> Option<Credentials> {
        // The inherent one.
        Self::cached(self)
    }

    fn invalidate(&self, rejected: &Credentials) {
        let is_current = |entry: &Entry| {
            let current = &entry.credentials;
            current.is_same(rejected)
                || current.access_key_id() == rejected.access_key_id()
                    && current.security_token() == rejected.security_token()
                    && current.bearer() == rejected.bearer()
        };
        // Under the lock, so that what a load stores meanwhile is not taken for what was refused.
        let mut desk = self.0.desk();
        if self
            .0
            .current
            .load()
            .as_ref()
            .is_some_and(|entry| is_current(entry))
        {
            desk.pause = None;
            self.0.current.store(None);
        }
    }
}

impl fmt::Debug for CredentialsCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsCache")
            .field("source", &self.0.source)
            .field("current", &self.0.current.load())
            .finish_non_exhaustive()
    }
}
