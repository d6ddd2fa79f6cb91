//! One error value for every service; each front writes it in its own format.

use std::borrow::Cow;
use std::io;

use http::StatusCode;
use serde_json::{Map, Value};

/// A refusal, as the service would word it.
#[derive(Debug)]
pub(crate) struct ServiceError {
    pub(crate) status: StatusCode,
    pub(crate) code: Cow<'static, str>,
    pub(crate) message: String,
    /// What a code carries besides: `AccessDeniedDetail`, `ServerTime`, `StringToSign`.
    /// Boxed: few refusals hold any, and every result would be as large as the map.
    pub(crate) details: Box<Map<String, Value>>,
}

impl ServiceError {
    pub(crate) fn new(
        status: StatusCode,
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            status,
            code: code.into(),
            message: message.into(),
            details: Box::default(),
        }
    }

    pub(crate) fn bad_request(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    pub(crate) fn forbidden(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::FORBIDDEN, code, message)
    }

    pub(crate) fn not_found(
        code: impl Into<Cow<'static, str>>,
        message: impl Into<String>,
    ) -> Self {
        Self::new(StatusCode::NOT_FOUND, code, message)
    }

    /// The gateway's answer to a required parameter that is absent.
    pub(crate) fn missing(parameter: &str) -> Self {
        Self::bad_request(
            format!("Missing{parameter}"),
            format!("{parameter} is mandatory for this action."),
        )
    }

    /// The general answer to a value that its own rule refuses.
    pub(crate) fn invalid(parameter: &str, why: &str) -> Self {
        Self::bad_request(
            "InvalidParameter",
            format!("The specified parameter \"{parameter}\" is not valid: {why}"),
        )
    }

    /// Something that the real service does and the emulator does not.
    ///
    /// The code is the emulator's own, so that nobody takes it for the service's answer.
    pub(crate) fn unsupported(what: &str) -> Self {
        Self::bad_request(
            "Emulator.Unsupported",
            format!("The emulator does not support {what}."),
        )
    }

    pub(crate) fn internal(source: &io::Error) -> Self {
        Self::new(
            StatusCode::INTERNAL_SERVER_ERROR,
            "InternalError",
            format!("The emulator could not read or write its folder: {source}"),
        )
    }

    pub(crate) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        self.details.insert(name.to_owned(), value.into());
        self
    }
}
