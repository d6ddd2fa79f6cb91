//! One call: attempts, each with its own date, nonce and signature, until one succeeds or no more makes sense.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::task::Poll;
use std::time::Duration;

use http::HeaderMap;
use tracing::Instrument as _;

use super::answer::Answer;
use super::bucket::RetryBucket;
use super::clock::ClockOffset;
use super::decide::{Circumstances, Failure, Next, decide};
use super::limit::Limiter;
use super::observe::{AttemptReport, CallReport, Observer};
use super::settings::{CallOptions, Settings};
use super::sign::{Buffers, Fresh, sign};
use super::target::Target;
use crate::credentials::{Credentials, SharedCredentialsProvider};
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::Security;
use crate::runtime::{self, SharedRuntime};
use crate::transport::SharedTransport;

/// What all clones of a client share.
pub(super) struct Inner {
    pub(super) region: String,
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Option<SharedCredentialsProvider>,
    pub(super) transport: SharedTransport,
    pub(super) runtime: SharedRuntime,
    pub(super) settings: Settings,
    pub(super) observer: Option<Box<dyn Observer>>,
    pub(super) limiter: Option<Limiter>,
    pub(super) clock: ClockOffset,
    pub(super) bucket: RetryBucket,
    pub(super) buffers: Buffers,
}

/// One call under way.
struct Call<'a> {
    inner: &'a Inner,
    target: Target<'a>,
    request: &'a Encoded,
    settings: &'a Settings,
    /// When the call's time is up, on the runtime's clock.
    end: Duration,
    attempt: u32,
    /// What a repeat may do that the first attempt may not, learnt on the way.
    circumstances: Circumstances,
    /// An earlier attempt's fate is unknown.
    is_fate_unknown: bool,
}

impl Inner {
    /// Sends a request until it succeeds or its failure is final.
    pub(super) async fn call(
        &self,
        target: Target<'_>,
        request: &Encoded,
        options: Option<&CallOptions>,
    ) -> Result<Answer, Error> {
        let overridden = options.map(|options| options.apply(&self.settings));
        let settings = overridden.as_ref().unwrap_or(&self.settings);
        let start = self.runtime.elapsed();
        let is_guarded = target
            .duplicate_guard
            .is_some_and(|guard| request.query.iter().any(|(name, _)| name == guard));
        let call = Call {
            inner: self,
            target,
            request,
            settings,
            end: start.saturating_add(settings.call_timeout),
            attempt: 0,
            circumstances: Circumstances {
                is_idempotent: options
                    .and_then(CallOptions::is_idempotent)
                    .unwrap_or(target.is_idempotent),
                is_guarded,
                ..Circumstances::default()
            },
            is_fate_unknown: false,
        };
        let span = tracing::debug_span!("acs_call", product = target.product.product, action = target.action, region = %self.region);
        let result = call.run().instrument(span).await;
        if let Some(observer) = &self.observer {
            let elapsed = self.runtime.elapsed().saturating_sub(start);
            observer.call(&match &result {
                Ok(answer) => CallReport {
                    action: target.action,
                    attempts: answer.attempts,
                    error: None,
                    elapsed,
                },
                Err(error) => CallReport::failed(target.action, error, elapsed),
            });
        }
        result
    }

    async fn credentials_for(&self, target: Target<'_>) -> Result<Option<Credentials>, Error> {
        if target.security == Security::Anonymous {
            return Ok(None);
        }
        let Some(provider) = &self.credentials else {
            return Err(Error::new(
                ErrorKind::Credentials,
                "the client has no credentials: give its builder some, `acs_credentials::default_chain()` say",
            ));
        };
        provider.credentials().await.map(Some)
    }
}

impl Call<'_> {
    async fn run(mut self) -> Result<Answer, Error> {
        loop {
            if let Some(limiter) = &self.inner.limiter {
                let wait = limiter.reserve(self.target.action, self.inner.runtime.elapsed());
                self.sleep_within_time(wait).await?;
            }
            let credentials = self
                .inner
                .credentials_for(self.target)
                .await
                .map_err(|error| error.with_attempts(self.attempt))?;
            self.attempt += 1;
            let failure = match self.attempt(credentials.as_ref()).await {
                Ok(answer) => {
                    self.inner.bucket.give_back();
                    return Ok(Answer {
                        attempts: self.attempt,
                        ..answer
                    });
                }
                Err(failure) => failure,
            };
            self.circumstances.are_credentials_temporary = credentials
                .as_ref()
                .is_some_and(|credentials| credentials.security_token().is_some());
            let next = decide(&failure, self.circumstances);
            let Some(delay) = self.delay_before_next(&failure, next, credentials.as_ref()) else {
                return Err(self.give_up(failure, next));
            };
            self.is_fate_unknown |= failure.is_fate_unknown();
            tracing::debug!(attempt = self.attempt, ?delay, "sending again");
            self.sleep_within_time(delay).await?;
        }
    }

    /// Prepares another attempt and returns the wait before it; nothing if there is to be none.
    fn delay_before_next(
        &mut self,
        failure: &Failure,
        next: Next,
        credentials: Option<&Credentials>,
    ) -> Option<Duration> {
        if self.attempt >= self.settings.retry.max_attempts && !next.is_free() {
            return None;
        }
        match next {
            Next::Stop | Next::StopUnknown => None,
            Next::Again { is_throttled, hint } => {
                let runtime = &*self.inner.runtime;
                let delay = self
                    .settings
                    .retry
                    .delay(self.attempt, is_throttled, hint, runtime);
                let is_in_time = runtime.elapsed().saturating_add(delay) < self.end;
                (is_in_time && self.inner.bucket.take(is_throttled)).then_some(delay)
            }
            Next::AgainWithNewCredentials => {
                self.circumstances.were_credentials_replaced = true;
                self.inner.credentials.as_ref()?.invalidate(credentials?);
                Some(Duration::ZERO)
            }
            Next::AgainWithNewClock => {
                self.circumstances.was_clock_corrected = true;
                let has_changed = self
                    .inner
                    .clock
                    .learn(failure.headers()?, &*self.inner.runtime);
                has_changed.then_some(Duration::ZERO)
            }
        }
    }

    fn give_up(&self, failure: Failure, next: Next) -> Error {
        // The repeat of a guarded write was refused as a duplicate: the first one had been accepted.
        if self.is_fate_unknown && self.circumstances.is_guarded && failure.is_duplicate() {
            let guard = self.target.duplicate_guard.unwrap_or_default();
            let error = Error::new(
                ErrorKind::AlreadyAccepted,
                "an earlier attempt was accepted and its answer was lost: fetch the result by this parameter",
            );
            return error
                .with_field(guard)
                .with_source(failure.into_error(next))
                .with_attempts(self.attempt);
        }
        let next = if self.is_fate_unknown && !self.circumstances.is_idempotent {
            Next::StopUnknown
        } else {
            next
        };
        let error = failure.into_error(next).with_attempts(self.attempt);
        if error.kind() == ErrorKind::Connect {
            return error.with_field(self.inner.endpoint.to_string());
        }
        error
    }

    async fn sleep_within_time(&self, delay: Duration) -> Result<(), Error> {
        if delay.is_zero() {
            return Ok(());
        }
        if self.inner.runtime.elapsed().saturating_add(delay) >= self.end {
            let text = format!(
                "the call's time of {:?} would end while it waits for its turn",
                self.settings.call_timeout
            );
            return Err(Error::new(ErrorKind::Timeout, text).with_attempts(self.attempt));
        }
        self.inner.runtime.sleep(delay).await;
        Ok(())
    }

    async fn attempt(&self, credentials: Option<&Credentials>) -> Result<Answer, Failure> {
        let start = self.inner.runtime.elapsed();
        let limit = self
            .settings
            .attempt_timeout
            .min(self.end.saturating_sub(start));
        let result = in_time(self.send(credentials), limit, &*self.inner.runtime).await;
        if let Some(limiter) = &self.inner.limiter {
            let is_throttled = matches!(&result, Err(failure) if failure.is_throttling());
            limiter.learn(
                self.target.action,
                is_throttled,
                self.inner.runtime.elapsed(),
            );
        }
        self.report(&result, self.inner.runtime.elapsed().saturating_sub(start));
        result
    }

    async fn send(&self, credentials: Option<&Credentials>) -> Result<Answer, Failure> {
        let inner = self.inner;
        let nonce = runtime::nonce(&*inner.runtime);
        let fresh = Fresh {
            date: inner.clock.now(&*inner.runtime),
            // Invariant: a nonce is made of hexadecimal digits.
            nonce: std::str::from_utf8(&nonce).unwrap_or_default(),
            credentials,
        };
        let mut buffer = inner.buffers.take();
        let signed = sign(
            self.target,
            &inner.endpoint,
            self.request,
            &fresh,
            &mut buffer,
        );
        inner.buffers.give_back(buffer);
        let response = inner
            .transport
            .send(signed.map_err(Failure::Local)?)
            .await
            .map_err(Failure::Transport)?;
        Answer::read(response, self.settings.max_response_bytes).await
    }

    fn report(&self, result: &Result<Answer, Failure>, elapsed: Duration) {
        let report = match result {
            Ok(answer) => AttemptReport {
                action: self.target.action,
                attempt: self.attempt,
                status: Some(answer.status),
                code: None,
                request_id: Some(answer.request_id.as_str()).filter(|id| !id.is_empty()),
                response_bytes: answer.body.len(),
                elapsed,
            },
            Err(failure) => {
                let service = failure.service();
                AttemptReport {
                    action: self.target.action,
                    attempt: self.attempt,
                    status: service.map(|error| error.status),
                    code: service
                        .map(|error| error.code.as_str())
                        .filter(|code| !code.is_empty()),
                    request_id: service.and_then(|error| error.request_id.as_deref()),
                    response_bytes: 0,
                    elapsed,
                }
            }
        };
        tracing::debug!(
            attempt = report.attempt,
            status = report.status,
            code = report.code,
            request_id = report.request_id,
            bytes = report.response_bytes,
            ?elapsed,
            "attempt ended"
        );
        if let Some(observer) = &self.inner.observer {
            observer.attempt(&report);
        }
    }
}

async fn in_time(
    work: impl Future<Output = Result<Answer, Failure>>,
    limit: Duration,
    runtime: &dyn runtime::Runtime,
) -> Result<Answer, Failure> {
    let mut work = pin!(work);
    let mut end = runtime.sleep(limit);
    poll_fn(|context| {
        if let Poll::Ready(answer) = work.as_mut().poll(context) {
            return Poll::Ready(answer);
        }
        end.as_mut()
            .poll(context)
            .map(|()| Err(Failure::TimedOut(limit)))
    })
    .await
}

impl Failure {
    fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Service(refusal) => Some(&refusal.headers),
            _ => None,
        }
    }
}
