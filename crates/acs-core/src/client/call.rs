//! One call: attempts, each with its own date, nonce and signature, until one succeeds or no more makes sense.

use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::Duration;

use chrono::TimeDelta;
use http::HeaderMap;
use tracing::field::Empty;
use tracing::{Instrument as _, Span};

use super::answer::{Answer, CutOff, Reading};
use super::bucket::RetryBucket;
use super::clock::ClockOffset;
use super::decide::{Circumstances, Failure, Next, decide};
use super::limit::Limiter;
use super::observe::{AttemptReport, CallReport, Observer};
use super::pace::{MinThroughput, Way, keep_pace};
use super::redact::Secrets;
use super::settings::{CallOptions, Settings};
use super::sign::{Buffers, Fresh, sign};
use super::target::Target;
use crate::body::{Body, Taken};
use crate::credentials::{Credentials, SharedCredentialsProvider};
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::error::{Error, ErrorKind};
use crate::operation::Security;
use crate::runtime::{self, BoxFuture, SharedRuntime};
use crate::transport::{ConnectTimeout, SharedTransport, TransportError};

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
    /// What the attempt under way added to the local clock.
    dated_with: TimeDelta,
}

impl Inner {
    /// Sends a request until it succeeds or its failure is final. Boxed, so that what is moved with it is small.
    pub(super) fn call<'a>(
        &'a self,
        target: Target<'a>,
        request: Encoded,
        options: Option<&'a CallOptions>,
    ) -> BoxFuture<'a, Result<Answer, Error>> {
        Box::pin(async move { self.call_with(target, &request, options).await })
    }

    async fn call_with(
        &self,
        target: Target<'_>,
        request: &Encoded,
        options: Option<&CallOptions>,
    ) -> Result<Answer, Error> {
        let overridden = options.map(|options| options.apply(&self.settings));
        let settings = overridden.as_ref().unwrap_or(&self.settings);
        let start = self.runtime.elapsed();
        let is_guarded = target.duplicate_guard.is_some_and(|guard| {
            let mut query = request.query.iter();
            query.any(|(name, value)| name == guard && !value.is_empty())
        });
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
            dated_with: TimeDelta::zero(),
        };
        let span = tracing::debug_span!("acs_call", product = target.product.product, action = target.action, region = %self.region);
        match call.run().instrument(span).await {
            Ok(answer) => Ok(Answer { start, ..answer }),
            Err(error) => {
                self.report(target.action, start, error.attempts(), Some(&error));
                Err(error)
            }
        }
    }

    /// Tells the observer that a call has ended: an answer that was had may still turn out to be malformed.
    pub(super) fn report(
        &self,
        action: &str,
        start: Duration,
        attempts: u32,
        error: Option<&Error>,
    ) {
        if let Some(observer) = &self.observer {
            observer.call(&CallReport {
                action,
                attempts,
                error: error.map(Error::kind),
                elapsed: self.runtime.elapsed().saturating_sub(start),
            });
        }
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
        let mut refused: Option<(Credentials, Failure)> = None;
        loop {
            self.wait_for_turn().await?;
            let credentials = self.credentials().await?;
            if let (Some(new), Some((old, failure))) = (&credentials, refused.take())
                && new.is_same(&old)
            {
                return Err(self.give_up(failure, Next::Stop));
            }
            self.dated_with = self.inner.clock.get();
            let now = self.inner.runtime.elapsed();
            if now >= self.end {
                return Err(self.out_of_time("it is over"));
            }
            self.attempt += 1;
            let failure = match self.attempt(credentials.as_ref(), now).await {
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
            // The wait ends in time: `delay_before_next` saw to that.
            if !delay.is_zero() {
                self.inner.runtime.sleep(delay).await;
            }
            if let (Next::AgainWithNewCredentials, Some(old)) = (next, credentials) {
                refused = Some((old, failure));
            }
        }
    }

    async fn wait_for_turn(&self) -> Result<(), Error> {
        let Some(limiter) = &self.inner.limiter else {
            return Ok(());
        };
        let now = self.inner.runtime.elapsed();
        let Some(wait) = limiter.reserve(self.target.action, now, self.end) else {
            return Err(self.out_of_time("its turn under the rate limit would come later"));
        };
        if !wait.is_zero() {
            self.inner.runtime.sleep(wait).await;
        }
        Ok(())
    }

    async fn credentials(&self) -> Result<Option<Credentials>, Error> {
        // The usual case: at hand, without a box or a timer.
        let is_signed = self.target.security != Security::Anonymous;
        if let Some(credentials) = self
            .inner
            .credentials
            .as_ref()
            .filter(|_| is_signed)
            .and_then(|it| it.cached())
        {
            return Ok(Some(credentials));
        }
        let left = self.end.saturating_sub(self.inner.runtime.elapsed());
        if left.is_zero() {
            return Err(self.out_of_time("it is over"));
        }
        let work = pin!(self.inner.credentials_for(self.target));
        match Timer::new(left, &*self.inner.runtime).in_time(work).await {
            Some(result) => result.map_err(|error| self.unless_unknown(error)),
            None => Err(self.out_of_time("the credentials took it all")),
        }
    }

    /// Makes the error of a call whose time ends before it is sent, or sent again.
    fn out_of_time(&self, why: &str) -> Error {
        let text = format!("the call has {:?}, and {why}", self.settings.call_timeout);
        self.unless_unknown(Error::new(ErrorKind::Timeout, text))
    }

    /// Finishes the error of a call that is not sent again. An attempt before may have done what the call was for: that is
    /// said, whatever came after it.
    fn unless_unknown(&self, error: Error) -> Error {
        let error = error.with_attempts(self.attempt);
        if self.is_outcome_unknown() {
            error.with_kind(ErrorKind::OutcomeUnknown)
        } else {
            error
        }
    }

    fn is_outcome_unknown(&self) -> bool {
        self.is_fate_unknown && !self.circumstances.is_idempotent
    }

    /// Prepares another attempt and returns the wait before it; nothing if there is to be none.
    fn delay_before_next(
        &mut self,
        failure: &Failure,
        next: Next,
        credentials: Option<&Credentials>,
    ) -> Option<Duration> {
        let most = self.settings.retry.max_attempts;
        if self.attempt >= most && !next.is_free() {
            return None;
        }
        let delay = match next {
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
                let has_changed = self.inner.clock.learn(
                    failure.headers()?,
                    self.dated_with,
                    &*self.inner.runtime,
                );
                has_changed.then_some(Duration::ZERO)
            }
        };
        // Where repeats are off, what was learnt is for the next call.
        delay.filter(|_| most > 1)
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
        let next = if self.is_outcome_unknown() {
            Next::StopUnknown
        } else {
            next
        };
        let error = failure.into_error(next).with_attempts(self.attempt);
        if matches!(error.kind(), ErrorKind::Connect | ErrorKind::Tls) {
            return error.with_field(self.inner.endpoint.to_string());
        }
        error
    }

    async fn attempt(
        &self,
        credentials: Option<&Credentials>,
        start: Duration,
    ) -> Result<Answer, Failure> {
        let left = self.end.saturating_sub(start);
        let limit = self.settings.attempt_timeout.min(left);
        let span = tracing::debug_span!(
            "acs_attempt",
            attempt = self.attempt,
            status = Empty,
            code = Empty,
            request_id = Empty,
            bytes = Empty,
            elapsed = Empty,
        );
        let result = match span.in_scope(|| self.send(credentials)) {
            Ok(sent) => sent.answer(limit).instrument(span.clone()).await,
            Err(failure) => Err(failure),
        };
        let now = self.inner.runtime.elapsed();
        if let Some(limiter) = &self.inner.limiter {
            let is_throttled = matches!(&result, Err(failure) if failure.is_throttling());
            limiter.learn(self.target.action, is_throttled, now);
        }
        self.report(&result, now.saturating_sub(start), &span);
        result
    }

    /// Signs the request and starts to send it. This is no `async fn`, so that nothing of it is held while the
    /// answer is waited for.
    fn send<'s>(&'s self, credentials: Option<&'s Credentials>) -> Result<Sent<'s>, Failure> {
        let inner = self.inner;
        let now = inner.runtime.now();
        let nonce = runtime::nonce(&*inner.runtime, now);
        let fresh = Fresh {
            date: now.checked_add_signed(self.dated_with).unwrap_or(now),
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
        let signed = signed.map_err(Failure::Local)?;
        let mut request = signed.request;
        if let Some(limit) = self.settings.connect_timeout {
            request.extensions_mut().insert(ConnectTimeout(limit));
        }
        Ok(Sent {
            response: inner.transport.send(request),
            taken: signed.taken,
            floor: self.settings.min_throughput,
            runtime: &*inner.runtime,
            reading: Reading {
                max_bytes: self.settings.max_response_bytes,
                is_secret: self.target.is_secret,
                secrets: Secrets {
                    credentials: credentials.cloned(),
                    signature: signed.signature,
                },
            },
        })
    }

    fn report(&self, result: &Result<Answer, Failure>, elapsed: Duration, span: &Span) {
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
                    status: failure.status(),
                    code: service
                        .map(|error| error.code.as_str())
                        .filter(|code| !code.is_empty()),
                    request_id: failure.request_id(),
                    response_bytes: failure.response_bytes(),
                    elapsed,
                }
            }
        };
        span.record("status", report.status)
            .record("code", report.code)
            .record("request_id", report.request_id)
            .record("bytes", report.response_bytes)
            .record("elapsed", tracing::field::debug(elapsed));
        tracing::debug!(parent: span, "attempt ended");
        if let Some(observer) = &self.inner.observer {
            observer.attempt(&report);
        }
    }
}

/// A request on its way.
struct Sent<'a> {
    response: BoxFuture<'a, Result<http::Response<Body>, TransportError>>,
    /// What of its body is gone, where that is watched.
    taken: Option<Arc<Taken>>,
    floor: MinThroughput,
    runtime: &'a dyn runtime::Runtime,
    reading: Reading,
}

impl Sent<'_> {
    /// Waits for the whole answer, but not longer than `limit`.
    async fn answer(self, limit: Duration) -> Result<Answer, Failure> {
        let mut timer = Timer::new(limit, self.runtime);
        let taken = || self.taken.as_ref().and_then(|taken| taken.so_far());
        let response = {
            let moving = keep_pace(self.floor, Way::Up, taken, self.runtime, self.response);
            timer.in_time(pin!(moving)).await
        };
        let response = response
            .ok_or(Failure::TimedOut(limit, None))?
            .map_err(|stall| Failure::Stalled(stall, None))?
            .map_err(Failure::Transport)?;
        let (head, body) = response.into_parts();
        let arrived = AtomicU64::new(0);
        let raw = {
            let collecting = body.collect_counted(self.reading.limit(head.status), &arrived);
            // Until the first byte, which wakes this task, there is nothing to watch, and no timer is spent.
            let arrived = || Some(arrived.load(Ordering::Relaxed)).filter(|bytes| *bytes > 0);
            let moving = keep_pace(self.floor, Way::Down, arrived, self.runtime, collecting);
            timer.in_time(pin!(moving)).await
        };
        // Gives the connection's task a turn to hand it back, so that the next call finds it and opens no other.
        tokio::task::yield_now().await;
        let cut_off = match raw {
            Some(Ok(raw)) => return Answer::read(head.status, head.headers, raw, self.reading),
            Some(Err(stall)) => CutOff::Stalled(stall),
            None => CutOff::TimedOut(limit),
        };
        Err(self.reading.cut_off(head.status, head.headers, cut_off))
    }
}

/// The end of some time, which several things may share.
struct Timer(BoxFuture<'static, ()>);

impl Timer {
    fn new(limit: Duration, runtime: &dyn runtime::Runtime) -> Self {
        Self(runtime.sleep(limit))
    }

    /// Waits for `work`, but not beyond the end.
    async fn in_time<T>(&mut self, mut work: Pin<&mut impl Future<Output = T>>) -> Option<T> {
        poll_fn(|context| match work.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending => self.0.as_mut().poll(context).map(|()| None),
        })
        .await
    }
}

impl Failure {
    fn headers(&self) -> Option<&HeaderMap> {
        match self {
            Self::Service(refusal) => Some(&refusal.headers),
            _ => None,
        }
    }
}
