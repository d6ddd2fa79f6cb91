//! URLs that carry their own signature: for whoever reads or writes an object without a key.

use std::fmt;
use std::time::Duration;

use acs_core::Error;
use acs_signer::{Buffer, oss_v4};
use chrono::{DateTime, TimeDelta, Utc};
use zeroize::Zeroizing;

use crate::bucket::Bucket;
use crate::key::check_key;
use crate::object::ObjectHeaders;

/// The longest life of a URL: 7 days.
const MAX_LIFETIME: Duration = Duration::from_secs(604_800);

/// A URL that works without a key until it ends. Whoever has it may use it: its `Debug` text does not show it.
#[derive(Clone, Eq, PartialEq)]
pub struct PresignedUrl {
    url: Zeroizing<String>,
    expires_at: DateTime<Utc>,
}

impl PresignedUrl {
    /// Returns the URL. It is not to be logged.
    pub fn as_str(&self) -> &str {
        &self.url
    }

    /// Returns when the URL ends (UTC): with the credentials that signed it, if they end sooner.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }
}

impl fmt::Debug for PresignedUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PresignedUrl")
            .field("expires_at", &self.expires_at)
            .finish_non_exhaustive()
    }
}

impl Bucket {
    /// Makes a URL to read an object with, for `lifetime`: whole seconds, 7 days at most. Nothing is sent.
    ///
    /// # Errors
    /// A wrong key or lifetime; there are no credentials.
    pub async fn presign_get(&self, key: &str, lifetime: Duration) -> Result<PresignedUrl, Error> {
        self.presign("GET", key, lifetime, &ObjectHeaders::new())
            .await
    }

    /// Makes a URL to store an object with, for `lifetime`: whole seconds, 7 days at most. Nothing is sent. The request
    /// that uses it must have exactly these headers.
    ///
    /// # Errors
    /// A wrong key or lifetime; there are no credentials.
    pub async fn presign_put(
        &self,
        key: &str,
        lifetime: Duration,
        headers: &ObjectHeaders,
    ) -> Result<PresignedUrl, Error> {
        self.presign("PUT", key, lifetime, headers).await
    }

    async fn presign(
        &self,
        method: &str,
        key: &str,
        lifetime: Duration,
        headers: &ObjectHeaders,
    ) -> Result<PresignedUrl, Error> {
        check_key(key)?;
        if lifetime < Duration::from_secs(1) || lifetime > MAX_LIFETIME {
            return Err(Error::invalid_parameter(
                "lifetime",
                "must be from 1 second to 7 days",
            ));
        }
        let credentials = self.provider().credentials().await?;
        // What was learnt of the server's clock is not used: the URL's end is a promise by our own.
        let date = self.runtime().now();
        let scoped_key = self.scoped_key(&credentials, date)?;
        let request = oss_v4::Request {
            method,
            bucket: Some(self.name()),
            key: Some(key),
            headers: &headers.pairs(),
            security_token: credentials.security_token(),
            ..oss_v4::Request::at(date)
        };
        // At most `MAX_LIFETIME`, which fits.
        let seconds = u32::try_from(lifetime.as_secs()).unwrap_or(u32::MAX);
        let mut buffer = Buffer::new();
        let signed = oss_v4::presign(&request, seconds, &scoped_key, &mut buffer)
            .map_err(|error| Error::invalid_parameter(error.field(), error.to_string()))?;
        let ends = date + TimeDelta::seconds(i64::from(seconds));
        Ok(PresignedUrl {
            url: Zeroizing::new(self.uri(signed.path(), signed.query())),
            expires_at: credentials
                .expires_at()
                .map_or(ends, |session| ends.min(session)),
        })
    }
}
