//! Why a source gave no credentials.

use std::fmt;
use std::sync::Arc;

use acs_core::{Error, ErrorKind, ServiceError};

use crate::chain::ChainError;
use crate::shown;

/// What a [`Source`](crate::Source) answers when it has no credentials.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum LoadError {
    /// Nobody set this source up; the reason says what is missing. A chain asks the next one.
    NotConfigured(String),
    /// It is set up, and it failed. A chain stops: another source would be another identity.
    Failed(Failure),
}

impl LoadError {
    /// Makes the answer of a source that nobody set up.
    pub fn not_configured(reason: impl Into<String>) -> Self {
        Self::NotConfigured(shown::one_line(reason.into()))
    }

    /// Turns it into a failure, for a source that was asked for by name.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::NotConfigured(reason) => Failure::new(reason),
            Self::Failed(failure) => failure,
        }
    }
}

impl From<Failure> for LoadError {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<Error> for LoadError {
    fn from(error: Error) -> Self {
        Self::Failed(error.into())
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotConfigured(reason) => f.write_str(reason),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

/// One failure, which many callers may be told of. No secret is in its text.
#[derive(Clone)]
pub struct Failure(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    /// What led to it, before the message.
    before: String,
    message: String,
    field: Option<String>,
    service: Option<ServiceError>,
    chain: Option<ChainError>,
    source: Option<Arc<Error>>,
}

impl Failure {
    /// Makes a failure with a message, which must hold no secret.
    pub fn new(message: impl Into<String>) -> Self {
        let message = shown::one_line(message.into());
        Self::of(ErrorKind::Credentials, message, |_| {})
    }

    /// Makes the failure of a setting: a variable, a file, or a field of one.
    pub(crate) fn input(field: impl Into<String>, message: impl Into<String>) -> Self {
        let field = shown::one_line(field.into());
        let message = shown::one_line(message.into());
        Self::of(ErrorKind::Credentials, message, |inner| {
            inner.field = Some(field);
        })
    }

    /// Makes the failure of a service that refused.
    pub(crate) fn service(message: impl Into<String>, service: ServiceError) -> Self {
        let message = shown::one_line(message.into());
        Self::of(ErrorKind::Credentials, message, |inner| {
            inner.service = Some(service);
        })
    }

    /// Makes the failure of a whole chain.
    pub(crate) fn chain(error: ChainError) -> Self {
        Self::of(ErrorKind::Credentials, error.to_string(), |inner| {
            inner.chain = Some(error);
        })
    }

    /// Adds what led to it.
    #[must_use]
    pub(crate) fn after(&self, before: impl Into<String>) -> Self {
        let mut inner = Inner::clone(&self.0);
        inner.before = format!("{}: {}", before.into(), inner.before);
        Self(Arc::new(inner))
    }

    fn of(kind: ErrorKind, message: String, change: impl FnOnce(&mut Inner)) -> Self {
        let mut inner = Inner {
            kind,
            before: String::new(),
            message,
            field: None,
            service: None,
            chain: None,
            source: None,
        };
        change(&mut inner);
        Self(Arc::new(inner))
    }

    /// Returns the service's code, if it gave one.
    pub fn code(&self) -> Option<&str> {
        match &self.0.source {
            Some(error) => error.code(),
            None => {
                let code = self.0.service.as_ref()?.code.as_str();
                (!code.is_empty()).then_some(code)
            }
        }
    }

    /// Returns the request id, if an answer held one.
    pub fn request_id(&self) -> Option<&str> {
        match &self.0.source {
            Some(error) => error.request_id(),
            None => self.0.service.as_ref()?.request_id.as_deref(),
        }
    }

    /// Returns what each step of the chain said, if this is the failure of one.
    pub fn as_chain(&self) -> Option<&ChainError> {
        self.0.chain.as_ref()
    }

    /// Returns the failure as the error of a call.
    pub fn to_error(&self) -> Error {
        let inner = &self.0;
        let (message, field, service) = match &inner.source {
            Some(error) => {
                // The field stands before the text, and would stand there twice.
                let text = error.to_string();
                let field = error.field();
                let rest = field
                    .and_then(|field| text.strip_prefix(field)?.strip_prefix(": "))
                    .unwrap_or(&text);
                let is_shown_anyway = rest.len() == text.len();
                (
                    format!("{}{rest}", inner.before),
                    field.filter(|_| !is_shown_anyway),
                    None,
                )
            }
            None => (
                format!("{}{}", inner.before, inner.message),
                inner.field.as_deref(),
                inner.service.as_ref(),
            ),
        };
        let mut error = Error::new(inner.kind, message).with_source(self.clone());
        if let Some(field) = field {
            error = error.with_field(field);
        }
        if let Some(service) = service {
            error = error.with_service(service.clone());
        }
        error
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::of(error.kind(), String::new(), |inner| {
            inner.source = Some(Arc::new(error));
        })
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let inner = &self.0;
        f.write_str(&inner.before)?;
        if let Some(error) = &inner.source {
            return error.fmt(f);
        }
        if let Some(field) = &inner.field {
            write!(f, "{field}: ")?;
        }
        f.write_str(&inner.message)?;
        match &inner.service {
            Some(service) => write!(f, ": {service}"),
            None => Ok(()),
        }
    }
}

impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Failure")
            .field("kind", &self.0.kind)
            .field("text", &format_args!("{self}"))
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Failure {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match (&self.0.chain, &self.0.source) {
            (Some(chain), _) => Some(chain),
            (None, Some(error)) => error.source(),
            (None, None) => None,
        }
    }
}
