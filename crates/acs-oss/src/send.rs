//! One request, sent as often as it takes: sign, send, read, decide.

use acs_core::{Body, Credentials, Error, ErrorKind, TransportError, TransportErrorKind};
use acs_signer::{Buffer, oss_v4};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{HeaderName, HeaderValue};
use http::response::Parts;
use http::{Method, StatusCode};

use crate::answer::{self, Refusal};
use crate::bucket::Bucket;
use crate::key::check_key;
use crate::payload::{Payload, Sent};
use crate::timeouts::either;

/// How much of an answer's XML is read: a page of ListParts has 1000 entries of some 300 bytes.
const MAX_ANSWER_BYTES: usize = 4 << 20;

/// A request on an object, as an operation describes it.
#[derive(Debug)]
pub(crate) struct Call<'a> {
    pub(crate) action: &'static str,
    pub(crate) method: Method,
    pub(crate) key: &'a str,
    pub(crate) query: &'a [(&'a str, &'a str)],
    pub(crate) headers: &'a [(&'a str, &'a str)],
    pub(crate) payload: Payload,
    /// OSS tells the CRC-64 of what it stored: it must be that of what was sent.
    pub(crate) checks_crc: bool,
    /// The body of a success is left to be read by the caller.
    pub(crate) streams: bool,
}

/// A success: its head, its body, and the CRC-64 of what was sent.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) head: Parts,
    /// The whole body; empty for a call that streams.
    pub(crate) body: Bytes,
    /// The body of a call that streams; else empty.
    pub(crate) stream: Body,
    pub(crate) sent_crc: u64,
}

impl Answer {
    /// Returns the request id, for Alibaba Cloud's support; empty if the answer held none.
    pub(crate) fn request_id(&self) -> String {
        answer::header(&self.head.headers, "x-oss-request-id")
            .unwrap_or_default()
            .to_owned()
    }

    /// Makes the error of an answer that lacks what the operation promises.
    pub(crate) fn malformed(&self, reason: impl Into<String>) -> Error {
        Error::new(ErrorKind::MalformedResponse, reason).with_service(self.service())
    }

    /// Makes the error of bytes that were damaged on their way.
    pub(crate) fn damaged(&self, expected: u64, found: u64) -> Error {
        damaged(expected, found).with_service(self.service())
    }

    fn service(&self) -> acs_core::ServiceError {
        let mut service = acs_core::ServiceError::default();
        service.status = self.head.status.as_u16();
        service.request_id = Some(self.request_id()).filter(|id| !id.is_empty());
        service
    }
}

/// Makes the error of a checksum that differs.
pub(crate) fn damaged(expected: u64, found: u64) -> Error {
    Error::new(
        ErrorKind::Integrity,
        format!(
            "the bytes were damaged on their way: CRC-64 is {found}, and {expected} was expected"
        ),
    )
}

/// How an attempt failed, with what may heal the next.
struct Failure {
    error: Error,
    server_time: Option<DateTime<Utc>>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            server_time: None,
        }
    }
}

impl Bucket {
    /// Sends a request, again if need be, and reads the answer.
    pub(crate) async fn send(&self, call: &Call<'_>) -> Result<Answer, Error> {
        check_key(call.key)?;
        let mut repeats = Repeats::default();
        let mut attempts = 0;
        loop {
            let credentials = self
                .provider()
                .credentials()
                .await
                .map_err(|error| error.with_action(call.action))?;
            if let Some(error) = repeats.refused_again(&credentials) {
                return Err(error);
            }
            attempts += 1;
            let failure = match self.attempt(call, &credentials).await {
                Ok(answer) => return Ok(answer),
                Err(failure) => failure,
            };
            let error = |failure: Failure| {
                failure
                    .error
                    .with_action(call.action)
                    .with_attempts(attempts)
            };
            if repeats.corrects_time(self, &failure) {
                continue;
            }
            if repeats.may_replace(&failure.error) {
                self.provider().invalidate(&credentials);
                repeats.refused = Some((credentials, error(failure)));
                continue;
            }
            if !is_repeatable(&failure.error) || attempts >= self.retry().max_attempts {
                return Err(error(failure));
            }
            let is_throttled = is_throttled(&failure.error);
            let delay = self
                .retry()
                .delay(attempts, is_throttled, None, &**self.runtime());
            self.runtime().sleep(delay).await;
        }
    }

    async fn attempt(&self, call: &Call<'_>, credentials: &Credentials) -> Result<Answer, Failure> {
        let (body, sent) = call.payload.open();
        let request = self.signed(call, credentials, body)?;
        let answered = either(
            self.transport().send(request),
            self.timeouts().sending_stalled(&sent, &**self.runtime()),
        );
        let response = match answered.await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(self.unanswered(error, &sent).into()),
            Err(stalled) => return Err(stalled.into()),
        };
        let (head, body) = response.into_parts();
        // 203 is CallbackFailed: the object is stored, but what was asked for is not all done.
        if !head.status.is_success() || head.status == StatusCode::NON_AUTHORITATIVE_INFORMATION {
            let refusal =
                answer::read_refusal(&head, body, self.timeouts(), &**self.runtime()).await;
            return Err(refused(refusal));
        }
        let Some(sent_crc) = sent.crc64() else {
            let error = Error::new(
                ErrorKind::Interrupted,
                "the answer came before all was sent",
            );
            return Err(error.into());
        };
        if call.streams {
            return Ok(Answer {
                head,
                body: Bytes::new(),
                stream: body,
                sent_crc,
            });
        }
        let body =
            answer::read_body(body, MAX_ANSWER_BYTES, self.timeouts(), &**self.runtime()).await?;
        let answer = Answer {
            head,
            body,
            stream: Body::empty(),
            sent_crc,
        };
        match answer::crc64(&answer.head.headers) {
            None if call.checks_crc => Err(answer
                .malformed("the answer lacks the header x-oss-hash-crc64ecma")
                .into()),
            Some(stored) if call.checks_crc && stored != sent_crc => {
                Err(answer.damaged(sent_crc, stored).into())
            }
            _ => Ok(answer),
        }
    }

    /// Makes the error of a request without an answer; where the host was not reached, that is the field at fault.
    fn unanswered(&self, error: TransportError, sent: &Sent) -> Error {
        if let Some(cause) = sent.take_failure() {
            return Error::new(
                ErrorKind::Io,
                format!("the source of the body could not be read: {cause}"),
            )
            .with_source(cause);
        }
        let made = |kind| Error::new(kind, error.to_string());
        match error.kind() {
            TransportErrorKind::Request => made(ErrorKind::InvalidInput),
            TransportErrorKind::Connect | TransportErrorKind::ConnectTimeout => {
                made(ErrorKind::Connect).with_field(self.address().endpoint().to_string())
            }
            TransportErrorKind::Tls => {
                made(ErrorKind::Tls).with_field(self.address().endpoint().to_string())
            }
            _ => made(ErrorKind::Interrupted),
        }
        .with_source(error)
    }

    fn signed(
        &self,
        call: &Call<'_>,
        credentials: &Credentials,
        body: Body,
    ) -> Result<http::Request<Body>, Error> {
        let date = self.signing_time();
        let scoped_key = self.scoped_key(credentials, date)?;
        let request = oss_v4::Request {
            method: call.method.as_str(),
            bucket: Some(self.name()),
            key: Some(call.key),
            query: call.query,
            headers: call.headers,
            security_token: credentials.security_token(),
            ..oss_v4::Request::at(date)
        };
        let mut buffer = Buffer::new();
        let signed = oss_v4::sign(&request, &scoped_key, &mut buffer)
            .map_err(|error| Error::invalid_parameter(error.field(), error.to_string()))?;
        let uri = self.uri(signed.path(), signed.query());
        let mut built = http::Request::new(body);
        *built.method_mut() = call.method.clone();
        *built.uri_mut() = uri.parse().map_err(|_| {
            Error::invalid_parameter("object key", "the request's URI would be too long")
        })?;
        for (name, value) in call.headers {
            built
                .headers_mut()
                .insert(header_name(name)?, header_value(name, value)?);
        }
        for (name, value) in signed.headers() {
            let mut value = header_value(name, value)?;
            value.set_sensitive(true);
            built
                .headers_mut()
                .insert(HeaderName::from_static(name), value);
        }
        Ok(built)
    }

    /// Writes the URI of what was signed: `path` is the encoded key behind `/`.
    pub(crate) fn uri(&self, path: &str, query: &str) -> String {
        let address = self.address();
        let mark = if query.is_empty() { "" } else { "?" };
        format!(
            "{}{}{path}{mark}{query}",
            address.endpoint(),
            address.path_prefix()
        )
    }
}

/// What was tried to heal a request, each thing once.
#[derive(Default)]
struct Repeats {
    corrected_time: bool,
    refused: Option<(Credentials, Error)>,
}

impl Repeats {
    /// Says whether a request that failed for its date is to be dated anew, once: by the server's clock, if that is
    /// what was wrong, or because it was on its way for too long, through a sleep of the machine say.
    fn corrects_time(&mut self, bucket: &Bucket, failure: &Failure) -> bool {
        let Some(server_time) = failure.server_time else {
            return false;
        };
        if self.corrected_time || failure.error.code() != Some("RequestTimeTooSkewed") {
            return false;
        }
        self.corrected_time = true;
        bucket.learn_time(server_time);
        true
    }

    /// Says whether other credentials may help, once.
    fn may_replace(&self, error: &Error) -> bool {
        self.refused.is_none()
            && (error.is_expired_credentials() || error.code() == Some("InvalidAccessKeyId"))
    }

    /// Returns the refusal if the provider has nothing but the credentials that were refused.
    fn refused_again(&mut self, credentials: &Credentials) -> Option<Error> {
        let (refused, _) = self.refused.as_ref()?;
        if refused.is_same(credentials) {
            self.refused.take().map(|(_, error)| error)
        } else {
            None
        }
    }
}

/// Every operation here can be repeated: at worst an upload is begun that nobody goes on with.
fn is_repeatable(error: &Error) -> bool {
    error.is_retryable() || error.status() == Some(408) || error.code() == Some("RequestTimeout")
}

/// Says whether OSS asks to slow down, which it does with the status 503.
fn is_throttled(error: &Error) -> bool {
    let is_limit = |code: &str| code == "ServerBusy" || code.ends_with("LimitExceeded");
    error.is_throttling() || error.code().is_some_and(is_limit)
}

fn refused(refusal: Refusal) -> Failure {
    let is_stored = refusal.service.status == 203;
    let error = Error::service(refusal.service);
    let error = if is_stored {
        Error::new(
            ErrorKind::Service,
            "the object is stored, but its callback failed: don't send it again",
        )
        .with_service(error.service_error().cloned().unwrap_or_default())
    } else {
        error
    };
    Failure {
        error,
        server_time: refusal.server_time,
    }
}

fn header_name(name: &str) -> Result<HeaderName, Error> {
    name.parse()
        .map_err(|_| Error::invalid_parameter(format!("header {name}"), "is no header name"))
}

fn header_value(name: &str, value: &str) -> Result<HeaderValue, Error> {
    HeaderValue::from_str(value).map_err(|_| {
        Error::invalid_parameter(
            format!("header {name}"),
            "holds characters that a header can't",
        )
    })
}
