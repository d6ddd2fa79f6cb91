//! One call: attempts, each with its own date, nonce and signature, until one succeeds or no more makes sense.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::Poll;
use std::time::Duration;

use acs_signer::{Buffer, Payload, acs3};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::decide::{Circumstances, Failure, Next, decide};
use crate::body::{Body, CollectError};
use crate::credentials::{Credentials, SharedCredentialsProvider};
use crate::encode::Encoded;
use crate::endpoint::Endpoint;
use crate::error::{BoxError, Error, ErrorKind, ServiceError};
use crate::operation::{ApiStyle, OperationInfo, Security};
use crate::retry::RetryPolicy;
use crate::runtime::{self, SharedRuntime};
use crate::service_error;
use crate::text;
use crate::transport::SharedTransport;

/// How much of an answer that reports an error is read.
const MAX_ERROR_BYTES: usize = 1 << 20;

pub(super) struct Inner {
    pub(super) region: String,
    pub(super) endpoint: Endpoint,
    pub(super) credentials: Option<SharedCredentialsProvider>,
    pub(super) transport: SharedTransport,
    pub(super) runtime: SharedRuntime,
    pub(super) retry: RetryPolicy,
    pub(super) attempt_timeout: Duration,
    pub(super) max_response_bytes: usize,
    pub(super) buffers: Buffers,
}

/// A successful answer, not decoded yet.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) request_id: String,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
    pub(super) attempts: u32,
}

impl Answer {
    /// Makes the error of an answer that can't be decoded.
    pub(super) fn malformed(&self, cause: impl Into<BoxError>) -> Error {
        let service = ServiceError {
            status: self.status,
            message: text::excerpt(&self.body),
            request_id: Some(self.request_id.clone()).filter(|id| !id.is_empty()),
            ..ServiceError::default()
        };
        let cause = cause.into();
        Error::new(
            ErrorKind::MalformedResponse,
            format!("the answer is not what the operation promises: {cause}"),
        )
        .with_service(service)
        .with_source(cause)
    }
}

impl Inner {
    /// Sends a request until it succeeds or its failure is final.
    pub(super) async fn call(
        &self,
        info: &'static OperationInfo,
        request: Encoded,
    ) -> Result<Answer, Error> {
        let mut attempt = 0;
        let mut were_credentials_replaced = false;
        loop {
            let credentials = self.credentials_for(info).await?;
            attempt += 1;
            let failure = match self
                .attempt_in_time(info, &request, credentials.as_ref())
                .await
            {
                Ok(answer) => {
                    return Ok(Answer {
                        attempts: attempt,
                        ..answer
                    });
                }
                Err(failure) => failure,
            };
            let next = decide(
                &failure,
                Circumstances {
                    is_idempotent: info.is_idempotent,
                    are_credentials_temporary: credentials
                        .as_ref()
                        .is_some_and(|it| it.security_token().is_some()),
                    were_credentials_replaced,
                },
            );
            let give_up = |failure: Failure| Err(failure.into_error(next).with_attempts(attempt));
            if attempt >= self.retry.max_attempts {
                return give_up(failure);
            }
            match next {
                Next::Stop | Next::StopUnknown => return give_up(failure),
                Next::Again { is_throttled, hint } => {
                    let delay = self
                        .retry
                        .delay(attempt, is_throttled, hint, &*self.runtime);
                    self.runtime.sleep(delay).await;
                }
                Next::AgainWithNewCredentials => {
                    if let (Some(provider), Some(rejected)) = (&self.credentials, &credentials) {
                        provider.invalidate(rejected);
                    }
                    were_credentials_replaced = true;
                }
            }
        }
    }

    async fn credentials_for(
        &self,
        info: &'static OperationInfo,
    ) -> Result<Option<Credentials>, Error> {
        if info.security == Security::Anonymous {
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

    async fn attempt_in_time(
        &self,
        info: &'static OperationInfo,
        request: &Encoded,
        credentials: Option<&Credentials>,
    ) -> Result<Answer, Failure> {
        let mut work = pin!(self.attempt(info, request, credentials));
        let mut end = self.runtime.sleep(self.attempt_timeout);
        poll_fn(|context| {
            if let Poll::Ready(answer) = work.as_mut().poll(context) {
                return Poll::Ready(answer);
            }
            end.as_mut()
                .poll(context)
                .map(|()| Err(Failure::TimedOut(self.attempt_timeout)))
        })
        .await
    }

    async fn attempt(
        &self,
        info: &'static OperationInfo,
        request: &Encoded,
        credentials: Option<&Credentials>,
    ) -> Result<Answer, Failure> {
        let signed = self
            .sign(info, request, credentials)
            .map_err(Failure::Local)?;
        let response = self
            .transport
            .send(signed)
            .await
            .map_err(Failure::Transport)?;
        let (head, body) = response.into_parts();
        let status = head.status.as_u16();
        let limit = if head.status.is_success() {
            self.max_response_bytes
        } else {
            MAX_ERROR_BYTES
        };
        let body = match body.collect(limit).await {
            Ok(body) => body,
            Err(CollectError::Read(source)) => return Err(Failure::BrokenAnswer(source)),
            Err(error @ CollectError::TooLarge { .. }) => {
                let request_id = request_id(&head.headers, &[]);
                let answer = Answer {
                    status,
                    request_id,
                    headers: head.headers,
                    body: Bytes::new(),
                    attempts: 0,
                };
                return Err(Failure::Malformed(answer.malformed(error)));
            }
        };
        if head.status.is_success() {
            let request_id = request_id(&head.headers, &body);
            return Ok(Answer {
                status,
                request_id,
                headers: head.headers,
                body,
                attempts: 0,
            });
        }
        Err(Failure::Service(service_error::read(
            status,
            &head.headers,
            &body,
        )))
    }

    fn sign(
        &self,
        info: &'static OperationInfo,
        request: &Encoded,
        credentials: Option<&Credentials>,
    ) -> Result<http::Request<Body>, Error> {
        let nonce = runtime::nonce(&*self.runtime);
        // Invariant: a nonce is made of hexadecimal digits.
        let nonce = std::str::from_utf8(&nonce).unwrap_or_default();
        let host = host(&self.endpoint, &request.host);
        let query: Vec<(&str, &str)> = pairs(&request.query).collect();
        let content_type = request
            .body
            .as_ref()
            .map(|body| ("content-type", body.content_type));
        let headers: Vec<(&str, &str)> = [("accept", "application/json")]
            .into_iter()
            .chain(content_type)
            .chain(pairs(&request.headers))
            .collect();
        let body = request
            .body
            .as_ref()
            .map(|body| body.bytes.clone())
            .unwrap_or_default();
        let to_sign = acs3::Request {
            method: request.method.as_str(),
            host: &host,
            path: &request.path,
            query: &query,
            headers: &headers,
            payload: if body.is_empty() {
                Payload::Empty
            } else {
                Payload::Bytes(&body)
            },
            action: info.action,
            version: info.product.version,
            security_token: credentials.and_then(Credentials::security_token),
            ..acs3::Request::at(self.runtime.now(), nonce)
        };
        let style = match info.style {
            ApiStyle::Rpc => acs3::Style::Rpc,
            ApiStyle::Roa => acs3::Style::Roa,
        };
        let mut buffer = self.buffers.take();
        let uri = |query: &str| {
            let mark = if query.is_empty() { "" } else { "?" };
            format!(
                "{}://{host}{}{mark}{query}",
                self.endpoint.scheme(),
                request.path
            )
        };
        let key = credentials.and_then(Credentials::signing_key);
        let bearer = credentials.and_then(Credentials::bearer);
        let made = if let Some(key) = key {
            let signed = acs3::sign(&to_sign, key, &mut buffer).map_err(refused)?;
            assemble(
                request,
                &uri(signed.query()),
                &headers,
                signed.headers(),
                body,
            )
        } else {
            let unsigned = match bearer {
                Some(token) => acs3::bearer(&to_sign, style, token, &mut buffer),
                None => acs3::anonymous(&to_sign, style, &mut buffer),
            }
            .map_err(refused)?;
            assemble(
                request,
                &uri(unsigned.query()),
                &headers,
                unsigned.headers(),
                body,
            )
        };
        self.buffers.give_back(buffer);
        made
    }
}

fn pairs(list: &[(String, String)]) -> impl Iterator<Item = (&str, &str)> {
    list.iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
}

fn host(endpoint: &Endpoint, labels: &[String]) -> String {
    let mut host = String::new();
    for label in labels {
        host.push_str(label);
        host.push('.');
    }
    host.push_str(endpoint.authority());
    host
}

/// The signer's errors name the field at fault and never its value.
fn refused(error: acs_signer::Error) -> Error {
    Error::new(ErrorKind::InvalidInput, error.to_string()).with_source(error)
}

fn assemble<'a>(
    request: &Encoded,
    uri: &str,
    own: &[(&str, &str)],
    added: impl Iterator<Item = (&'static str, &'a str)>,
    body: Bytes,
) -> Result<http::Request<Body>, Error> {
    let unusable = |what: &str| {
        Error::new(
            ErrorKind::InvalidInput,
            format!("the {what} cannot be written into a request"),
        )
    };
    let mut made = http::Request::new(Body::from(body));
    *made.method_mut() = request.method.clone();
    *made.uri_mut() = uri.parse().map_err(|_| unusable("path or query"))?;
    let own = own.iter().map(|&(name, value)| (name, value));
    for (name, value) in own.chain(added.map(|(name, value)| -> (&str, &str) { (name, value) })) {
        let name =
            HeaderName::from_bytes(name.as_bytes()).map_err(|_| unusable("name of a header"))?;
        let mut value =
            HeaderValue::from_str(value).map_err(|_| unusable(&format!("header `{name}`")))?;
        value.set_sensitive(name == "authorization" || name.as_str().ends_with("-token"));
        made.headers_mut().append(name, value);
    }
    Ok(made)
}

/// From the header, which every answer of the gateway has; else from the body.
fn request_id(headers: &HeaderMap, body: &[u8]) -> String {
    service_error::header(headers, "x-acs-request-id")
        .or_else(|| request_id_in(body))
        .unwrap_or_default()
}

fn request_id_in(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Named {
        #[serde(rename = "RequestId", alias = "requestId")]
        request_id: String,
    }
    serde_json::from_slice::<Named>(body)
        .ok()
        .map(|named| named.request_id)
}

/// Buffers that signing reuses, so that it allocates nothing once it has run.
#[derive(Default)]
pub(super) struct Buffers(Mutex<Vec<Buffer>>);

impl Buffers {
    /// Enough for the calls that sign at the same moment on a large machine.
    const MOST_KEPT: usize = 64;

    fn take(&self) -> Buffer {
        self.0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .pop()
            .unwrap_or_default()
    }

    fn give_back(&self, buffer: Buffer) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() < Self::MOST_KEPT {
            kept.push(buffer);
        }
    }
}
