use std::fmt;
use std::ops::Deref;

use bytes::Bytes;

/// A successful answer: the typed value, the request id and the raw body. It dereferences to the value.
#[derive(Clone)]
pub struct Response<T> {
    value: T,
    request_id: String,
    status: u16,
    raw: Bytes,
    attempts: u32,
}

impl<T> Response<T> {
    pub(crate) fn new(
        value: T,
        request_id: String,
        status: u16,
        raw: Bytes,
        attempts: u32,
    ) -> Self {
        Self {
            value,
            request_id,
            status,
            raw,
            attempts,
        }
    }

    /// Returns the value, and lets the rest go.
    pub fn into_inner(self) -> T {
        self.value
    }

    /// Returns the request id, for Alibaba Cloud's support; empty if the answer held none.
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// Returns the HTTP status.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// Returns the body as it came, with the fields that this version of the crate doesn't know. It can
    /// hold secrets where the operation returns some.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// Returns how often the request was sent: 1 where nothing had to be repeated.
    pub fn attempts(&self) -> u32 {
        self.attempts
    }
}

impl<T> Deref for Response<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

impl<T: fmt::Debug> fmt::Debug for Response<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Response")
            .field("value", &self.value)
            .field("request_id", &self.request_id)
            .field("status", &self.status)
            .field("raw_bytes", &self.raw.len())
            .field("attempts", &self.attempts)
            .finish()
    }
}
