//! The credential of an upload, replaced on the way: once for all parts, before it ends.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use acs_core::{
    BoxFuture, Credentials, Error, ErrorKind, ProvideCredentials, ServiceError, SharedRuntime,
};
use chrono::TimeDelta;

use super::address::UploadAddress;
use super::auth::UploadAuth;
use super::ticket::{RefreshTicket, UploadTicket};

/// A credential that ends sooner than this is replaced.
const SHORTEST_REST: Duration = Duration::from_secs(300);
/// After a refresh, successful or not, nobody asks again for this long, unless OSS refuses the credential: a local
/// clock that is off must not make every part ask.
const HOLD: Duration = Duration::from_secs(30);

/// Hands out the credential of a ticket, and has the ticket replaced in time.
pub(super) struct TicketCredentials {
    video_id: String,
    address: UploadAddress,
    source: Option<Arc<dyn RefreshTicket>>,
    runtime: SharedRuntime,
    state: Mutex<State>,
    /// Held by the one that asks for a new ticket.
    turn: tokio::sync::Mutex<()>,
}

struct State {
    auth: UploadAuth,
    is_refused: bool,
    /// The object is being completed, or is complete: a new ticket would be one to overwrite it.
    is_settled: bool,
    /// How often a new ticket was asked for.
    asked: u64,
    held_until: Duration,
    last_failure: Option<Failure>,
}

/// A failure that several parts wait for: errors can't be cloned.
struct Failure {
    kind: ErrorKind,
    message: String,
    service: Option<ServiceError>,
}

/// How urgent a new ticket is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Need {
    None,
    Soon,
    Now,
}

impl TicketCredentials {
    /// Starts with a ticket that was received now.
    pub(super) fn new(
        ticket: &UploadTicket,
        source: Option<Arc<dyn RefreshTicket>>,
        runtime: SharedRuntime,
    ) -> Result<Self, Error> {
        Ok(Self {
            video_id: ticket.video_id().to_owned(),
            address: ticket.address()?,
            source,
            state: Mutex::new(State {
                auth: ticket.auth(runtime.now())?,
                is_refused: false,
                is_settled: false,
                asked: 0,
                held_until: Duration::ZERO,
                last_failure: None,
            }),
            runtime,
            turn: tokio::sync::Mutex::new(()),
        })
    }

    /// Returns where the upload goes.
    pub(super) fn address(&self) -> &UploadAddress {
        &self.address
    }

    /// Returns the region that the credential names.
    pub(super) fn region(&self) -> Option<String> {
        self.state().auth.region.clone()
    }

    /// Says whether there is anybody to ask for a new ticket.
    pub(super) fn can_refresh(&self) -> bool {
        self.source.is_some()
    }

    /// Makes sure of a fresh credential, and asks for no new one from now on unless OSS refuses it: the next request
    /// makes the object, and a ticket that is refreshed after that is one to overwrite it.
    pub(super) async fn settle(&self) -> Result<(), Error> {
        self.current().await?;
        self.state().is_settled = true;
        Ok(())
    }

    async fn current(&self) -> Result<Credentials, Error> {
        let (need, asked) = self.need();
        let Some(source) = self.source.as_deref().filter(|_| need != Need::None) else {
            return Ok(self.state().auth.credentials.clone());
        };
        let _turn = self.turn.lock().await;
        if self.state().asked != asked {
            // Another part has asked meanwhile: its answer is ours.
            let state = self.state();
            return match (&state.last_failure, state.is_refused || need == Need::Now) {
                (Some(failure), true) => Err(failure.to_error()),
                _ => Ok(state.auth.credentials.clone()),
            };
        }
        let answer = match source.refresh_ticket(&self.video_id).await {
            Ok(ticket) => self.checked(&ticket),
            Err(error) => Err(error),
        };
        let mut state = self.state();
        state.asked += 1;
        state.held_until = self.runtime.elapsed() + HOLD;
        match answer {
            Ok(auth) => {
                state.auth = auth;
                state.is_refused = false;
                state.last_failure = None;
            }
            Err(error) => {
                state.last_failure = Some(Failure::of(&error));
                if need == Need::Now {
                    return Err(error);
                }
            }
        }
        Ok(state.auth.credentials.clone())
    }

    fn need(&self) -> (Need, u64) {
        let state = self.state();
        let need = if state.is_refused {
            Need::Now
        } else if state.is_settled || self.runtime.elapsed() < state.held_until {
            Need::None
        } else {
            let rest = state.auth.expires_at - self.runtime.now();
            if rest <= TimeDelta::zero() {
                Need::Now
            } else if rest.to_std().unwrap_or_default() < shortest_rest(state.auth.lifetime) {
                Need::Soon
            } else {
                Need::None
            }
        };
        (need, state.asked)
    }

    /// Accepts a new ticket only if it is for the same object: the parts so far are there.
    fn checked(&self, ticket: &UploadTicket) -> Result<UploadAuth, Error> {
        let address = ticket.address()?;
        let is_same = ticket.video_id() == self.video_id
            && address.bucket == self.address.bucket
            && address.key == self.address.key;
        if !is_same {
            return Err(Error::new(
                ErrorKind::MalformedResponse,
                format!(
                    "the refreshed ticket is for another object than that of the video {}",
                    self.video_id
                ),
            )
            .with_field("UploadAddress"));
        }
        ticket.auth(self.runtime.now())
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ProvideCredentials for TicketCredentials {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        Box::pin(self.current())
    }

    fn invalidate(&self, rejected: &Credentials) {
        let mut state = self.state();
        // A part that began with an older credential must not have the newer one replaced.
        if state.auth.credentials.is_same(rejected) {
            state.is_refused = true;
        }
    }
}

impl fmt::Debug for TicketCredentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TicketCredentials")
            .field("video_id", &self.video_id)
            .finish_non_exhaustive()
    }
}

impl Failure {
    fn of(error: &Error) -> Self {
        Self {
            kind: error.kind(),
            message: if error.service_error().is_some() {
                String::new()
            } else {
                error.to_string()
            },
            service: error.service_error().cloned(),
        }
    }

    fn to_error(&self) -> Error {
        let error = Error::new(self.kind, self.message.clone());
        match &self.service {
            Some(service) => error.with_service(service.clone()),
            None => error,
        }
    }
}

/// A fifth of the lifetime, and 5 minutes at least, but never more than half of it.
fn shortest_rest(lifetime: Duration) -> Duration {
    SHORTEST_REST.max(lifetime / 5).min(lifetime / 2)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use acs_core::Runtime;
    use chrono::{DateTime, Utc};

    use super::super::ticket::refresh_by;
    use super::*;
    use crate::encoded_json::encode;

    /// A clock that a test moves, in seconds.
    #[derive(Debug, Default)]
    struct Clock(AtomicU64);

    impl Runtime for Clock {
        fn now(&self) -> DateTime<Utc> {
            DateTime::UNIX_EPOCH + self.elapsed()
        }

        fn elapsed(&self) -> Duration {
            Duration::from_secs(self.0.load(Ordering::Relaxed))
        }

        fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
            Box::pin(tokio::time::sleep(duration))
        }

        fn fill_random(&self, bytes: &mut [u8]) {
            bytes.fill(0);
        }
    }

    fn ticket(number: u64, key: &str) -> UploadTicket {
        let address = format!(r#"{{"Endpoint":"e","Bucket":"bucket","FileName":"{key}"}}"#);
        let auth = format!(
            r#"{{"AccessKeyId":"STS.{number}","AccessKeySecret":"s","SecurityToken":"t","Expiration":"3000"}}"#
        );
        UploadTicket::new("v1", encode(&address), encode(&auth))
    }

    struct Fixture {
        clock: Arc<Clock>,
        asked: Arc<AtomicU64>,
        credentials: TicketCredentials,
    }

    /// A source that gives ticket 1, 2, ... or fails; it takes a moment, so that callers meet in it.
    fn fixture(answer: fn(u64) -> Result<UploadTicket, Error>) -> Fixture {
        let (clock, asked) = (Arc::new(Clock::default()), Arc::new(AtomicU64::new(0)));
        let counter = Arc::clone(&asked);
        let source = refresh_by(move |_| {
            let counter = Arc::clone(&counter);
            async move {
                tokio::task::yield_now().await;
                answer(counter.fetch_add(1, Ordering::Relaxed) + 1)
            }
        });
        let runtime: SharedRuntime = Arc::clone(&clock) as _;
        let credentials =
            TicketCredentials::new(&ticket(0, "k.mp4"), Some(Arc::new(source)), runtime).unwrap();
        Fixture {
            clock,
            asked,
            credentials,
        }
    }

    impl Fixture {
        fn at(&self, seconds: u64) -> &Self {
            self.clock.0.store(seconds, Ordering::Relaxed);
            self
        }

        async fn id(&self) -> Result<String, Error> {
            self.credentials
                .credentials()
                .await
                .map(|credentials| credentials.access_key_id().to_owned())
        }

        fn asked(&self) -> u64 {
            self.asked.load(Ordering::Relaxed)
        }
    }

    fn next(number: u64) -> Result<UploadTicket, Error> {
        Ok(ticket(number, "k.mp4"))
    }

    fn down(_: u64) -> Result<UploadTicket, Error> {
        Err(Error::new(ErrorKind::Connect, "VOD is not there"))
    }

    #[tokio::test]
    async fn a_credential_is_replaced_in_its_last_fifth_and_not_before() {
        let fixture = fixture(next);
        assert_eq!(fixture.at(2_399).id().await.unwrap(), "STS.0");
        assert_eq!(fixture.at(2_401).id().await.unwrap(), "STS.1");
        assert_eq!(fixture.at(2_500).id().await.unwrap(), "STS.1");
        assert_eq!(fixture.asked(), 1);
    }

    #[tokio::test]
    async fn a_ticket_that_is_received_late_is_replaced_as_one_that_is_old() {
        let auth = r#"{"AccessKeyId":"STS.0","AccessKeySecret":"s","SecurityToken":"t","Expiration":"3000",
            "ExpireUTCTime":"1970-01-01T00:50:00Z"}"#;
        let late = UploadTicket::new("v1", ticket(0, "k.mp4").upload_address(), encode(auth));
        let clock = Arc::new(Clock::default());
        clock.0.store(2_900, Ordering::Relaxed);
        let source = refresh_by(|_| std::future::ready(next(1)));
        let credentials = TicketCredentials::new(&late, Some(Arc::new(source)), clock).unwrap();
        let taken = credentials.credentials().await.unwrap();
        assert_eq!(taken.access_key_id(), "STS.1");
    }

    #[tokio::test]
    async fn parts_that_need_one_at_once_share_one_refresh() {
        for answer in [next, down] {
            let fixture = Arc::new(fixture(answer));
            fixture.at(5_000);
            let parts: Vec<_> = (0..50)
                .map(|_| {
                    let fixture = Arc::clone(&fixture);
                    tokio::spawn(async move { fixture.id().await.map_err(|error| error.kind()) })
                })
                .collect();
            for part in parts {
                let expected = answer(1)
                    .map(|_| "STS.1".to_owned())
                    .map_err(|error| error.kind());
                assert_eq!(part.await.unwrap(), expected);
            }
            assert_eq!(fixture.asked(), 1);
        }
    }

    #[tokio::test]
    async fn while_a_refresh_fails_what_is_still_valid_serves() {
        let fixture = fixture(down);
        assert_eq!(fixture.at(2_500).id().await.unwrap(), "STS.0");
        assert_eq!(fixture.at(2_501).id().await.unwrap(), "STS.0");
        assert_eq!(fixture.asked(), 1, "nobody asks again at once");
        assert_eq!(
            fixture.at(3_000).id().await.unwrap_err().kind(),
            ErrorKind::Connect
        );
    }

    #[tokio::test]
    async fn a_refused_credential_is_replaced_at_once_but_never_for_an_older_one() {
        let fixture = fixture(next);
        let first = fixture.credentials.credentials().await.unwrap();
        fixture.credentials.invalidate(&first);
        assert_eq!(fixture.id().await.unwrap(), "STS.1");
        fixture.credentials.invalidate(&first);
        assert_eq!(fixture.id().await.unwrap(), "STS.1");
        assert_eq!(fixture.asked(), 1);
    }

    #[tokio::test]
    async fn once_settled_no_new_ticket_is_asked_for() {
        let fixture = fixture(next);
        fixture.at(2_500).credentials.settle().await.unwrap();
        assert_eq!(fixture.asked(), 1);
        assert_eq!(fixture.at(9_000).id().await.unwrap(), "STS.1");
        assert_eq!(fixture.asked(), 1);
    }

    #[tokio::test]
    async fn a_ticket_for_another_object_is_refused() {
        let fixture = fixture(|number| Ok(ticket(number, "other.mp4")));
        let error = fixture.at(5_000).id().await.unwrap_err();
        assert_eq!(
            (error.kind(), error.field()),
            (ErrorKind::MalformedResponse, Some("UploadAddress"))
        );
    }

    #[tokio::test]
    async fn a_clock_that_is_far_off_does_not_make_every_part_ask() {
        // By this clock every ticket has ended when it arrives.
        let ended = |number| {
            let mut auth = format!(
                r#"{{"AccessKeyId":"STS.{number}","AccessKeySecret":"s","SecurityToken":"t"}}"#
            );
            auth.insert_str(1, r#""ExpireUTCTime":"1970-01-01T00:00:10Z","#);
            Ok(UploadTicket::new(
                "v1",
                ticket(0, "k.mp4").upload_address(),
                encode(&auth),
            ))
        };
        let fixture = fixture(ended);
        fixture.at(5_000);
        for _ in 0..100 {
            fixture.id().await.unwrap();
        }
        assert_eq!(fixture.asked(), 1);
    }

    #[tokio::test]
    async fn without_a_source_the_first_credential_serves() {
        let clock = Arc::new(Clock::default());
        clock.0.store(5_000, Ordering::Relaxed);
        let credentials = TicketCredentials::new(&ticket(0, "k.mp4"), None, clock).unwrap();
        assert_eq!(
            credentials.credentials().await.unwrap().access_key_id(),
            "STS.0"
        );
    }
}
