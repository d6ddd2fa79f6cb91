//! Operations on whole objects.

use std::fmt;
use std::ops::{Bound, RangeBounds};

use acs_core::{Body, Error, ErrorKind, SharedRuntime};
use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LAST_MODIFIED};
use http::response::Parts;
use http::{Method, StatusCode};

use crate::answer;
use crate::bucket::Bucket;
use crate::crc64::Crc64;
use crate::payload::Payload;
use crate::send::{Call, damaged};
use crate::timeouts::{ArrivalWatch, Timeouts};

/// What is stored with an object: its content type and further headers.
#[derive(Clone, Default)]
pub struct ObjectHeaders(Vec<(String, String)>);

/// A stored object, as OSS confirmed it.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct StoredObject {
    /// Size in bytes.
    pub size: u64,
    /// Entity tag, without quotes. It is the MD5 of an object that was put in one piece only.
    pub etag: String,
    /// CRC-64 (ECMA-182, as XZ) of the content: computed here, and the same as OSS's own.
    pub crc64: u64,
    /// The request's id, for Alibaba Cloud's support.
    pub request_id: String,
}

/// What OSS tells of an object.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct ObjectMeta {
    /// Size of the whole object in bytes.
    pub size: u64,
    /// Entity tag, without quotes.
    pub etag: Option<String>,
    /// CRC-64 of the whole object.
    pub crc64: Option<u64>,
    /// Content type.
    pub content_type: Option<String>,
    /// When the object was written last (UTC, whole seconds).
    pub last_modified: Option<DateTime<Utc>>,
    /// The request's id, for Alibaba Cloud's support.
    pub request_id: String,
}

/// The content of an object, as it arrives: read it by [`chunk`](Self::chunk) or [`collect`](Self::collect).
pub struct ObjectStream {
    meta: ObjectMeta,
    length: u64,
    arrived: u64,
    body: Body,
    /// The CRC so far and the one expected; for a whole object only.
    check: Option<(Crc64, u64)>,
    watch: ArrivalWatch,
    timeouts: Timeouts,
    runtime: SharedRuntime,
}

impl ObjectHeaders {
    /// Starts with none.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets the content type, `video/mp4` say.
    #[must_use]
    pub fn content_type(self, value: impl Into<String>) -> Self {
        self.with("content-type", value)
    }

    /// Adds a header by name, `x-oss-meta-origin` or `x-oss-callback` say. It is signed if OSS acts on it.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.0.push((name.into(), value.into()));
        self
    }

    pub(crate) fn pairs(&self) -> Vec<(&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.trim()))
            .collect()
    }
}

impl fmt::Debug for ObjectHeaders {
    /// Shows names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|(name, _)| name))
            .finish()
    }
}

impl Bucket {
    /// Stores an object in one request (PutObject), 5 GB at most; one of the same key is overwritten.
    ///
    /// # Errors
    /// A wrong key; what OSS refuses; [`ErrorKind::Integrity`] when OSS stored other bytes than were sent, several
    /// times over. With the status 203 the object is stored, and only its callback failed.
    pub async fn put_object(
        &self,
        key: &str,
        payload: impl Into<Payload>,
        headers: &ObjectHeaders,
    ) -> Result<StoredObject, Error> {
        let payload = payload.into();
        let call = Call {
            action: "PutObject",
            method: Method::PUT,
            key,
            query: &[],
            headers: &headers.pairs(),
            payload,
            checks_crc: true,
            streams: false,
        };
        let answer = self.send(&call).await?;
        let Some(etag) = answer::etag(&answer.head.headers) else {
            return Err(answer
                .malformed("the answer lacks an ETag")
                .with_action(call.action));
        };
        Ok(StoredObject {
            size: call.payload.len(),
            etag,
            crc64: answer.sent_crc,
            request_id: answer.request_id(),
        })
    }

    /// Asks what there is of an object (HeadObject).
    ///
    /// # Errors
    /// A wrong key; what OSS refuses: status 404 when there is no such object.
    pub async fn head_object(&self, key: &str) -> Result<ObjectMeta, Error> {
        let call = Call::empty("HeadObject", Method::HEAD, key);
        let answer = self.send(&call).await?;
        let size = answer::header(&answer.head.headers, CONTENT_LENGTH.as_str())
            .and_then(|text| text.parse().ok())
            .ok_or_else(|| {
                answer
                    .malformed("the answer lacks a Content-Length")
                    .with_action(call.action)
            })?;
        Ok(meta(&answer.head, size))
    }

    /// Reads a whole object (GetObject). Its CRC-64 is checked when its last byte has arrived.
    ///
    /// # Errors
    /// A wrong key; what OSS refuses: status 404 when there is no such object.
    pub async fn get_object(&self, key: &str) -> Result<ObjectStream, Error> {
        self.get(key, None).await
    }

    /// Reads a stretch of an object (GetObject with a range): `..1024`, or `5..=9`, say.
    ///
    /// # Errors
    /// As [`get_object`](Self::get_object); a stretch that is empty, or lies beyond the object (status 416).
    pub async fn get_object_range(
        &self,
        key: &str,
        range: impl RangeBounds<u64>,
    ) -> Result<ObjectStream, Error> {
        let header = range_header(&range)?;
        self.get(key, Some(&header)).await
    }

    /// Deletes an object (DeleteObject); that there is none is a success too.
    ///
    /// # Errors
    /// A wrong key; what OSS refuses.
    pub async fn delete_object(&self, key: &str) -> Result<(), Error> {
        self.send(&Call::empty("DeleteObject", Method::DELETE, key))
            .await
            .map(drop)
    }

    async fn get(&self, key: &str, range: Option<&str>) -> Result<ObjectStream, Error> {
        // Without the second header OSS answers a wrong range with the whole object.
        let headers = range.map(|range| [("range", range), ("x-oss-range-behavior", "standard")]);
        let call = Call {
            headers: headers.as_ref().map_or(&[], |pairs| pairs.as_slice()),
            streams: true,
            ..Call::empty("GetObject", Method::GET, key)
        };
        let answer = self.send(&call).await?;
        if range.is_some() && answer.head.status != StatusCode::PARTIAL_CONTENT {
            return Err(answer
                .malformed("the range was ignored")
                .with_action(call.action));
        }
        let length = answer::header(&answer.head.headers, CONTENT_LENGTH.as_str())
            .and_then(|text| text.parse().ok());
        let Some(length) = length else {
            return Err(answer
                .malformed("the answer lacks a Content-Length")
                .with_action(call.action));
        };
        let size = whole_size(&answer.head).unwrap_or(length);
        let meta = meta(&answer.head, size);
        let check = if range.is_none() {
            meta.crc64.map(|expected| (Crc64::new(), expected))
        } else {
            None
        };
        Ok(ObjectStream {
            meta,
            length,
            arrived: 0,
            body: answer.stream,
            check,
            watch: ArrivalWatch::default(),
            timeouts: self.timeouts().clone(),
            runtime: SharedRuntime::clone(self.runtime()),
        })
    }
}

impl<'a> Call<'a> {
    /// Describes a request without a body.
    pub(crate) fn empty(action: &'static str, method: Method, key: &'a str) -> Self {
        Self {
            action,
            method,
            key,
            query: &[],
            headers: &[],
            payload: Payload::from(Bytes::new()),
            checks_crc: false,
            streams: false,
        }
    }
}

impl ObjectStream {
    /// Returns what OSS tells of the object.
    pub fn meta(&self) -> &ObjectMeta {
        &self.meta
    }

    /// Returns how many bytes come: fewer than the object's size for a range.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Waits for the next bytes; `None` once all have come and, for a whole object, its checksum is right.
    ///
    /// # Errors
    /// The connection broke, nothing came for too long, or the checksum differs ([`ErrorKind::Integrity`]): then
    /// what was read is to be thrown away.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Error> {
        let next = answer::next_piece(
            &mut self.body,
            &mut self.watch,
            &self.timeouts,
            &*self.runtime,
        );
        let piece = next.await.map_err(|error| error.with_action("GetObject"))?;
        let Some(piece) = piece else {
            return self
                .checked()
                .map(|()| None)
                .map_err(|error| error.with_action("GetObject"));
        };
        self.arrived += piece.len() as u64;
        if let Some((crc, _)) = &mut self.check {
            crc.update(&piece);
        }
        Ok(Some(piece))
    }

    /// Reads all into memory, `limit` bytes at most.
    ///
    /// # Errors
    /// As [`chunk`](Self::chunk); there are more bytes than `limit`, and then none is read.
    pub async fn collect(mut self, limit: usize) -> Result<Bytes, Error> {
        let too_large = || {
            Error::invalid_parameter(
                "limit",
                format!("{limit} bytes are allowed, and {} come", self.length),
            )
        };
        let length = usize::try_from(self.length)
            .ok()
            .filter(|length| *length <= limit)
            .ok_or_else(too_large)?;
        let mut all = Vec::with_capacity(length);
        while let Some(piece) = self.chunk().await? {
            all.extend_from_slice(&piece);
        }
        Ok(all.into())
    }

    fn checked(&self) -> Result<(), Error> {
        if self.arrived != self.length {
            return Err(Error::new(
                ErrorKind::Interrupted,
                format!(
                    "the answer broke off at byte {} of {}",
                    self.arrived, self.length
                ),
            ));
        }
        match &self.check {
            Some((crc, expected)) if crc.value() != *expected => {
                Err(damaged(*expected, crc.value()))
            }
            _ => Ok(()),
        }
    }
}

impl fmt::Debug for ObjectStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ObjectStream")
            .field("meta", &self.meta)
            .field("length", &self.length)
            .field("arrived", &self.arrived)
            .finish_non_exhaustive()
    }
}

fn meta(head: &Parts, size: u64) -> ObjectMeta {
    let header = |name: &str| answer::header(&head.headers, name);
    ObjectMeta {
        size,
        etag: answer::etag(&head.headers),
        crc64: answer::crc64(&head.headers),
        content_type: header(CONTENT_TYPE.as_str()).map(str::to_owned),
        last_modified: header(LAST_MODIFIED.as_str())
            .and_then(|text| DateTime::parse_from_rfc2822(text).ok())
            .map(|time| time.with_timezone(&Utc)),
        request_id: header("x-oss-request-id").unwrap_or_default().to_owned(),
    }
}

/// Reads the size behind the `/` of `Content-Range: bytes 0-9/100`.
fn whole_size(head: &Parts) -> Option<u64> {
    answer::header(&head.headers, "content-range")?
        .rsplit_once('/')?
        .1
        .parse()
        .ok()
}

fn range_header(range: &impl RangeBounds<u64>) -> Result<String, Error> {
    let empty = || Error::invalid_parameter("range", "is empty");
    let first = match range.start_bound() {
        Bound::Included(first) => *first,
        Bound::Excluded(before) => before.checked_add(1).ok_or_else(empty)?,
        Bound::Unbounded => 0,
    };
    let last = match range.end_bound() {
        Bound::Included(last) => *last,
        Bound::Excluded(end) => end.checked_sub(1).ok_or_else(empty)?,
        Bound::Unbounded => return Ok(format!("bytes={first}-")),
    };
    if last < first {
        Err(empty())
    } else {
        Ok(format!("bytes={first}-{last}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_written_with_both_ends_inside() {
        assert_eq!(range_header(&(0..10)).unwrap(), "bytes=0-9");
        assert_eq!(range_header(&(5..=9)).unwrap(), "bytes=5-9");
        assert_eq!(range_header(&(7..)).unwrap(), "bytes=7-");
        assert_eq!(range_header(&(..)).unwrap(), "bytes=0-");
        for error in [range_header(&(5..5)), range_header(&(0..0))] {
            assert_eq!(error.unwrap_err().field(), Some("range"));
        }
    }
}
