use std::error::Error as StdError;
use std::fmt;
use std::time::Duration;

use crate::access_denied::AccessDenied;
use crate::text;

/// A boxed error of another library, as the source of ours.
pub type BoxError = Box<dyn StdError + Send + Sync + 'static>;

/// What went wrong, and what to do next: the one error of every client crate.
///
/// [`kind`](Self::kind) says what the caller does now; [`code`](Self::code),
/// [`request_id`](Self::request_id) and [`status`](Self::status) are what the service said;
/// [`field`](Self::field) is the parameter, setting or file at fault. No secret, signature or token is in
/// its text, its `Debug` form or its sources.
pub struct Error(Box<Inner>);

struct Inner {
    kind: ErrorKind,
    message: String,
    action: Option<String>,
    field: Option<String>,
    service: Option<ServiceError>,
    attempts: u32,
    source: Option<BoxError>,
}

/// The sort of an [`Error`]; each says what the caller does next.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ErrorKind {
    /// A parameter or setting is wrong; nothing was sent. Correct the [`field`](Error::field) and call again.
    InvalidInput,
    /// No credentials could be had; nothing was sent. Read the message: it names every source that was asked.
    Credentials,
    /// A local file could not be read or written. Correct the [`field`](Error::field), which names it.
    Io,
    /// An earlier attempt was accepted and its answer was lost: the repeat was refused as a duplicate. Fetch
    /// the result by the [`field`](Error::field), the parameter that kept the repeat from a second effect.
    AlreadyAccepted,
    /// The service was not reached (name look-up, connection, TLS handshake cut off); nothing was processed. Check
    /// endpoint and network, then call again.
    Connect,
    /// The certificate is not valid for the host, or no TLS is spoken there; nothing was sent. Check the endpoint, the
    /// machine's clock and its trusted certificates; a repeat would end the same.
    Tls,
    /// Time ran out, and the operation is one that can be repeated. Call again, later.
    Timeout,
    /// The connection broke before the whole answer was here, and the operation is one that can be
    /// repeated. Call again.
    Interrupted,
    /// A write may or may not have been carried out: the request went out, and no answer came back.
    /// Look at the state of the service before the call is repeated.
    OutcomeUnknown,
    /// The service refused, and said why: see [`code`](Error::code), [`request_id`](Error::request_id).
    Service,
    /// An answer came that is not what the operation promises. Report it with its request id.
    MalformedResponse,
    /// Bytes were damaged on their way: a checksum differs. Send or fetch them again.
    Integrity,
    /// The caller called the work off. Nothing more is sent; the message says what of it is left at the service.
    Cancelled,
    /// What was waited for ended badly at the service, or the service doesn't know it. Look at its last state, which the
    /// message names.
    Failed,
}

/// What an answer that reports an error said of it.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct ServiceError {
    /// HTTP status.
    pub status: u16,
    /// The service's code, `Throttling.User` say; empty where the answer held none.
    pub code: String,
    /// The service's message, cut to 512 characters, without control characters.
    pub message: String,
    /// The request's id, for Alibaba Cloud's support.
    pub request_id: Option<String>,
    /// Address of a page on this error, where the answer held one.
    pub recommend: Option<String>,
    /// Who may not do what, where access was denied.
    pub access_denied: Option<Box<AccessDenied>>,
    /// How long the service asks to wait (`x-acs-retry-after`, sent in milliseconds).
    pub retry_after: Option<Duration>,
    /// The string to sign as the server computed it, where the answer held it.
    pub string_to_sign: Option<String>,
}

impl Error {
    /// Makes an error of a kind with a message.
    pub fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self(Box::new(Inner {
            kind,
            message: message.into(),
            action: None,
            field: None,
            service: None,
            attempts: 0,
            source: None,
        }))
    }

    /// Makes the error of a parameter or setting that is wrong: `name` is its wire name or its path,
    /// `reason` says what is allowed. Neither may hold the value of a secret.
    pub fn invalid_parameter(name: impl Into<String>, reason: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidInput, reason).with_field(name)
    }

    /// Makes the error of an answer in which the service reports one.
    pub fn service(error: ServiceError) -> Self {
        let mut made = Self::new(ErrorKind::Service, String::new());
        made.0.service = Some(error);
        made
    }

    /// Names the parameter, setting or file at fault.
    #[must_use]
    pub fn with_field(mut self, field: impl Into<String>) -> Self {
        self.0.field = Some(field.into());
        self
    }

    /// Names the operation that failed.
    #[must_use]
    pub fn with_action(mut self, action: impl Into<String>) -> Self {
        self.0.action = Some(action.into());
        self
    }

    /// Adds the error behind this one. It must hold no secret.
    #[must_use]
    pub fn with_source(mut self, source: impl Into<BoxError>) -> Self {
        self.0.source = Some(source.into());
        self
    }

    /// Adds what the service said.
    #[must_use]
    pub fn with_service(mut self, service: ServiceError) -> Self {
        self.0.service = Some(service);
        self
    }

    /// Notes how often the request was sent.
    #[must_use]
    pub fn with_attempts(mut self, attempts: u32) -> Self {
        self.0.attempts = attempts;
        self
    }

    /// Changes the sort of error, and keeps all else.
    #[must_use]
    pub fn with_kind(mut self, kind: ErrorKind) -> Self {
        self.0.kind = kind;
        self
    }

    /// Says what sort of error this is, which tells what to do next.
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// Returns the service's code, if it gave one.
    pub fn code(&self) -> Option<&str> {
        let code = self.0.service.as_ref()?.code.as_str();
        (!code.is_empty()).then_some(code)
    }

    /// Returns the request id, if an answer held one.
    pub fn request_id(&self) -> Option<&str> {
        self.0.service.as_ref()?.request_id.as_deref()
    }

    /// Returns the HTTP status, if there was an answer.
    pub fn status(&self) -> Option<u16> {
        self.0.service.as_ref().map(|service| service.status)
    }

    /// Returns all that the service said of the error.
    pub fn service_error(&self) -> Option<&ServiceError> {
        self.0.service.as_ref()
    }

    /// Returns the parameter, setting or file at fault.
    pub fn field(&self) -> Option<&str> {
        self.0.field.as_deref()
    }

    /// Returns the operation that failed.
    pub fn action(&self) -> Option<&str> {
        self.0.action.as_deref()
    }

    /// Returns how often the request was sent: 0 when nothing was.
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Says whether the service refused because of too many requests.
    pub fn is_throttling(&self) -> bool {
        self.0
            .service
            .as_ref()
            .is_some_and(ServiceError::is_throttling)
    }

    /// Says whether time ran out.
    pub fn is_timeout(&self) -> bool {
        self.0.kind == ErrorKind::Timeout
    }

    /// Says whether the same call may succeed when it is made again, without a change and without the
    /// risk of carrying out a write twice.
    pub fn is_retryable(&self) -> bool {
        match self.0.kind {
            ErrorKind::Connect
            | ErrorKind::Timeout
            | ErrorKind::Interrupted
            | ErrorKind::Integrity => true,
            ErrorKind::Service => {
                self.is_throttling() || self.status().is_some_and(|status| status >= 500)
            }
            _ => false,
        }
    }

    /// Says whether the service refused the security token as expired or unknown, so that new
    /// credentials may help.
    pub fn is_expired_credentials(&self) -> bool {
        self.0
            .service
            .as_ref()
            .is_some_and(ServiceError::is_expired_credentials)
    }
}

impl ServiceError {
    /// Says whether the service refused because of too many requests.
    pub fn is_throttling(&self) -> bool {
        self.status == 429 || self.code == "Throttling" || self.code.starts_with("Throttling.")
    }

    /// Says whether the service refused the security token as expired or unknown.
    pub fn is_expired_credentials(&self) -> bool {
        self.code.starts_with("InvalidSecurityToken") || self.code == "SecurityTokenExpired"
    }
}

impl fmt::Display for Error {
    /// Writes one line: the action, what went wrong, the field at fault, code and request id.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        if let Some(action) = &inner.action {
            write!(f, "{}: ", text::Clean(action))?;
        }
        if let Some(field) = &inner.field {
            write!(f, "{}: ", text::Clean(field))?;
        }
        if !inner.message.is_empty() {
            write!(f, "{}", text::Clean(&inner.message))?;
        }
        if let Some(service) = &inner.service {
            if !inner.message.is_empty() {
                f.write_str(": ")?;
            }
            write!(f, "{service}")?;
        }
        if inner.kind == ErrorKind::OutcomeUnknown {
            f.write_str("; the request may have been carried out: check before it is sent again")?;
        }
        if inner.attempts > 1 {
            write!(f, " (after {} attempts)", inner.attempts)?;
        }
        Ok(())
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = if self.code.is_empty() {
            "error"
        } else {
            &self.code
        };
        write!(f, "{} (HTTP {})", text::Clean(code), self.status)?;
        if !self.message.is_empty() {
            write!(f, ": {}", text::Clean(&self.message))?;
        }
        if let Some(denied) = &self.access_denied {
            write!(f, "; {denied}")?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " [request id {}]", text::Clean(id))?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Error")
            .field("kind", &self.0.kind)
            .field("action", &self.0.action)
            .field("field", &self.0.field)
            .field("message", &self.0.message)
            .field("service", &self.0.service)
            .field("attempts", &self.0.attempts)
            .field("source", &self.0.source)
            .finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as _)
    }
}
