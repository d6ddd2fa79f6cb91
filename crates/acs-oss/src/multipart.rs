//! Multipart upload: an object in parts, which can be sent at once and again.

use acs_core::{Error, ErrorKind};
use http::Method;

use crate::answer;
use crate::bucket::Bucket;
use crate::crc64::Crc64;
use crate::object::{ObjectHeaders, StoredObject};
use crate::payload::Payload;
use crate::send::{Answer, Call};
use crate::xml::{self, Element};

/// The most parts an upload can have.
pub const MAX_PARTS: u32 = 10_000;
/// The largest part, and the largest object that can be put in one request: 5 GiB.
pub const MAX_PART_BYTES: u64 = 5 << 30;
/// The smallest part but for the last: 100 KiB. OSS checks it when the upload is completed.
pub const MIN_PART_BYTES: u64 = 100 << 10;

/// A multipart upload that was begun.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct MultipartUpload {
    /// The object key.
    pub key: String,
    /// OSS's id of the upload.
    pub upload_id: String,
}

/// A part that OSS has.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Part {
    /// Number of the part, from 1 to [`MAX_PARTS`]; the object is put together in its order.
    pub number: u32,
    /// Entity tag, without quotes.
    pub etag: String,
    /// Size in bytes.
    pub size: u64,
    /// CRC-64 of the part; `None` if OSS didn't tell.
    pub crc64: Option<u64>,
}

impl Part {
    /// Makes the record of a part, as it was noted in a checkpoint say.
    pub fn new(number: u32, etag: impl Into<String>, size: u64, crc64: Option<u64>) -> Self {
        Self {
            number,
            etag: etag.into(),
            size,
            crc64,
        }
    }
}

impl Bucket {
    /// Begins a multipart upload (InitiateMultipartUpload). If its answer is lost, the repeat begins another one, and
    /// the first stays unused.
    ///
    /// # Errors
    /// A wrong key; what OSS refuses.
    pub async fn initiate_multipart_upload(
        &self,
        key: &str,
        headers: &ObjectHeaders,
    ) -> Result<MultipartUpload, Error> {
        let call = Call {
            query: &[("uploads", "")],
            headers: &headers.pairs(),
            ..Call::empty("InitiateMultipartUpload", Method::POST, key)
        };
        let answer = self.send(&call).await?;
        let root = parse(&answer, &call)?;
        let Some(upload_id) = root.child_text("UploadId") else {
            return Err(answer
                .malformed("the answer lacks an UploadId")
                .with_action(call.action));
        };
        Ok(MultipartUpload {
            key: key.to_owned(),
            upload_id: upload_id.to_owned(),
        })
    }

    /// Sends a part (UploadPart); one of the same number is overwritten.
    ///
    /// # Errors
    /// A wrong part number; what OSS refuses; [`ErrorKind::Integrity`] when OSS stored other bytes than were sent,
    /// several times over; [`ErrorKind::Io`] when the payload's file can't be read.
    pub async fn upload_part(
        &self,
        upload: &MultipartUpload,
        number: u32,
        payload: impl Into<Payload>,
    ) -> Result<Part, Error> {
        check_number(number)?;
        let payload = payload.into();
        let call = Call {
            query: &[
                ("partNumber", &number.to_string()),
                ("uploadId", &upload.upload_id),
            ],
            payload,
            checks_crc: true,
            ..Call::empty("UploadPart", Method::PUT, &upload.key)
        };
        let answer = self.send(&call).await?;
        let Some(etag) = answer::etag(&answer.head.headers) else {
            return Err(answer
                .malformed("the answer lacks an ETag")
                .with_action(call.action));
        };
        Ok(Part {
            number,
            etag,
            size: call.payload.len(),
            crc64: Some(answer.sent_crc),
        })
    }

    /// Puts the parts together (CompleteMultipartUpload), in the order of their numbers, and compares OSS's CRC-64 of
    /// the whole with the one combined from the parts.
    ///
    /// A lost answer does no harm: if the repeat finds the upload gone, the object itself tells whether it was done.
    ///
    /// # Errors
    /// Nothing is sent if there is no part, a number is wrong or comes twice, or an entity tag is missing. What OSS
    /// refuses; [`ErrorKind::Integrity`] when the stored object differs; [`ErrorKind::OutcomeUnknown`] when the upload
    /// is gone and the object can't be looked at.
    pub async fn complete_multipart_upload(
        &self,
        upload: &MultipartUpload,
        parts: &[Part],
    ) -> Result<StoredObject, Error> {
        let mut parts: Vec<&Part> = parts.iter().collect();
        parts.sort_by_key(|part| part.number);
        check_parts(&parts)?;
        let whole = Whole::of(&parts);
        let body = xml::complete_body(parts.iter().map(|part| (part.number, part.etag.as_str())));
        let call = Call {
            query: &[("uploadId", &upload.upload_id)],
            headers: &[("content-type", "application/xml")],
            payload: Payload::from(body),
            ..Call::empty("CompleteMultipartUpload", Method::POST, &upload.key)
        };
        let answer = match self.send(&call).await {
            Ok(answer) => answer,
            Err(error) if error.code() == Some("NoSuchUpload") => {
                return self.completed_before(upload, whole, error).await;
            }
            Err(error) => return Err(error),
        };
        let root = parse(&answer, &call)?;
        let etag = root
            .child_text("ETag")
            .map(answer::unquoted)
            .or_else(|| answer::etag(&answer.head.headers));
        let Some(etag) = etag else {
            return Err(answer
                .malformed("the answer lacks an ETag")
                .with_action(call.action));
        };
        let Some(stored) = answer::crc64(&answer.head.headers) else {
            return Err(answer
                .malformed("the answer lacks the header x-oss-hash-crc64ecma")
                .with_action(call.action));
        };
        match whole.crc64 {
            Some(expected) if expected != stored => {
                Err(answer.damaged(expected, stored).with_action(call.action))
            }
            _ => Ok(StoredObject {
                size: whole.size,
                etag,
                crc64: stored,
                request_id: answer.request_id(),
            }),
        }
    }

    /// Gives a multipart upload up (AbortMultipartUpload): OSS forgets its parts. That it is gone already is a
    /// success too.
    ///
    /// # Errors
    /// What OSS refuses.
    pub async fn abort_multipart_upload(&self, upload: &MultipartUpload) -> Result<(), Error> {
        let call = Call {
            query: &[("uploadId", &upload.upload_id)],
            ..Call::empty("AbortMultipartUpload", Method::DELETE, &upload.key)
        };
        match self.send(&call).await {
            Err(error) if error.code() != Some("NoSuchUpload") => Err(error),
            _ => Ok(()),
        }
    }

    /// Asks for the parts that OSS has of an upload (ListParts), in the order of their numbers: all pages of 1000.
    ///
    /// # Errors
    /// What OSS refuses: `NoSuchUpload` when the upload was completed, given up or never begun.
    pub async fn list_parts(&self, upload: &MultipartUpload) -> Result<Vec<Part>, Error> {
        let mut parts = Vec::new();
        let mut marker = 0;
        loop {
            let call = Call {
                query: &[
                    ("max-parts", "1000"),
                    ("part-number-marker", &marker.to_string()),
                    ("uploadId", &upload.upload_id),
                ],
                ..Call::empty("ListParts", Method::GET, &upload.key)
            };
            let answer = self.send(&call).await?;
            let root = parse(&answer, &call)?;
            let malformed = |reason: &str| answer.malformed(reason).with_action(call.action);
            for part in root.children_named("Part") {
                parts.push(
                    read_part(part).ok_or_else(|| malformed("a part of the list is incomplete"))?,
                );
            }
            if root.child_text("IsTruncated") != Some("true") {
                return Ok(parts);
            }
            let next = root
                .child_text("NextPartNumberMarker")
                .and_then(|text| text.parse().ok());
            marker = next
                .filter(|next| *next > marker && *next <= MAX_PARTS)
                .ok_or_else(|| {
                    malformed("the list has more pages, but does not say where they begin")
                })?;
        }
    }

    /// Looks at the object after an upload was found gone: an earlier try may have completed it.
    async fn completed_before(
        &self,
        upload: &MultipartUpload,
        whole: Whole,
        gone: Error,
    ) -> Result<StoredObject, Error> {
        let Some(crc64) = whole.crc64 else {
            return Err(gone);
        };
        match self.head_object(&upload.key).await {
            Ok(meta) if meta.size == whole.size && meta.crc64 == Some(crc64) => Ok(StoredObject {
                size: meta.size,
                etag: meta.etag.unwrap_or_default(),
                crc64,
                request_id: meta.request_id,
            }),
            Ok(_) => Err(gone),
            Err(error) if error.status() == Some(404) => Err(gone),
            // The upload is gone, whoever ended it; a credential for writing only can't look.
            Err(_) => Err(gone.with_kind(ErrorKind::OutcomeUnknown)),
        }
    }
}

/// Size and CRC-64 of an object, from those of its parts.
#[derive(Clone, Copy)]
struct Whole {
    size: u64,
    crc64: Option<u64>,
}

impl Whole {
    fn of(parts: &[&Part]) -> Self {
        let empty = Self {
            size: 0,
            crc64: Some(0),
        };
        parts.iter().fold(empty, |whole, part| Self {
            size: whole.size + part.size,
            crc64: whole
                .crc64
                .zip(part.crc64)
                .map(|(first, second)| Crc64::combine(first, second, part.size)),
        })
    }
}

fn check_number(number: u32) -> Result<(), Error> {
    if (1..=MAX_PARTS).contains(&number) {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        "partNumber",
        format!("is {number}, and 1 to {MAX_PARTS} are allowed"),
    ))
}

fn check_parts(parts: &[&Part]) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::invalid_parameter("parts", reason));
    if parts.is_empty() {
        return refuse("there is none: an upload has at least one part".to_owned());
    }
    for part in parts {
        check_number(part.number)?;
        if part.etag.is_empty() {
            return refuse(format!("part {} has no ETag", part.number));
        }
    }
    match parts
        .windows(2)
        .find(|pair| pair[0].number == pair[1].number)
    {
        Some(pair) => refuse(format!("part {} is there twice", pair[0].number)),
        None => Ok(()),
    }
}

fn read_part(part: &Element) -> Option<Part> {
    Some(Part {
        number: part.child_text("PartNumber")?.parse().ok()?,
        etag: answer::unquoted(part.child_text("ETag")?),
        size: part.child_text("Size")?.parse().ok()?,
        crc64: part
            .child_text("HashCrc64ecma")
            .and_then(|text| text.parse().ok()),
    })
}

/// Reads the XML of a success; one that holds an error after all is that error.
fn parse(answer: &Answer, call: &Call<'_>) -> Result<Element, Error> {
    match Element::parse(&answer.body) {
        Ok(root) if root.name == "Error" => Err(Error::service(
            answer::refusal(&answer.head, &answer.body).service,
        )
        .with_action(call.action)),
        Ok(root) => Ok(root),
        Err(error) => Err(answer
            .malformed("the answer is not the XML that was asked for")
            .with_source(error)
            .with_action(call.action)),
    }
}
