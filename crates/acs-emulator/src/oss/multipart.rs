//! Multipart uploads: initiate, upload and list parts, complete, abort.

use http::{Response, StatusCode};
use hyper::body::Incoming;

use super::object::{may_overwrite, metadata, receive, set_checksums};
use super::store::{Object, Part, Upload};
use super::xml::{self, Element};
use super::{Request, Result, invalid_argument, xml_reply};
use crate::body::{self, Body};
use crate::error::ServiceError;
use crate::{clock, query};

/// The least that a part may hold unless it is the last: 100 KiB, checked at the end.
const MIN_PART_BYTES: u64 = 100 * 1024;
/// The most parts that an upload may have, and that one page of ListParts shows.
const MAX_PARTS: u16 = 10_000;
const MAX_PAGE: usize = 1000;
/// Room for 10,000 parts of about 200 bytes each.
const MAX_LIST_BYTES: usize = 4 << 20;

pub(super) fn initiate(request: &Request<'_>) -> Response<Body> {
    let upload_id = request.cloud.random.hex(16).to_uppercase();
    let upload = Upload {
        bucket: request.bucket.clone(),
        key: request.key.clone(),
        metadata: metadata(request),
        parts: Default::default(),
    };
    request.cloud.store.begin_upload(upload_id.clone(), upload);
    let result = named(request).text("UploadId", &upload_id);
    xml_reply(result.document("InitiateMultipartUploadResult"))
}

pub(super) async fn upload_part(
    request: &Request<'_>,
    body: &mut Incoming,
) -> Result<Response<Body>> {
    let upload_id = upload_id(request);
    let number = request.query.value("partNumber").unwrap_or_default();
    let number = number
        .parse()
        .ok()
        .filter(|number| (1..=MAX_PARTS).contains(number))
        .ok_or_else(|| {
            invalid_argument("Part number must be an integer between 1 and 10000, inclusive.")
        })?;
    let store = &request.cloud.store;
    store.with_upload(upload_id, request.object_id(), |_| ())?;
    let blob = receive(request, body).await?;
    let mut response = Response::new(Body::empty());
    set_checksums(&mut response, &blob.etag(), blob.crc64);
    let part = Part {
        blob,
        modified: (request.cloud.now)(),
    };
    // The upload may have been completed or aborted while the part came in.
    store.with_upload(upload_id, request.object_id(), |upload| {
        upload.parts.insert(number, part);
    })?;
    Ok(response)
}

pub(super) fn list_parts(request: &Request<'_>) -> Result<Response<Body>> {
    let upload_id = upload_id(request);
    let marker = number(request, "part-number-marker", 0, u16::MAX.into())? as u16;
    let page = number(request, "max-parts", MAX_PAGE, MAX_PAGE)?;
    let store = &request.cloud.store;
    let result = store.with_upload(upload_id, request.object_id(), |upload| {
        let mut after = upload.parts.range(marker.saturating_add(1)..).peekable();
        let mut next = marker;
        let mut parts = Vec::new();
        while let Some((&number, part)) = after.next_if(|_| parts.len() < page) {
            next = number;
            let element = Element::new()
                .text("PartNumber", &number.to_string())
                .text("LastModified", &clock::iso_millis(part.modified))
                .text("ETag", &format!("\"{}\"", part.blob.etag()))
                .text("HashCrc64ecma", &part.blob.crc64.to_string())
                .text("Size", &part.blob.size.to_string());
            parts.push(element);
        }
        let result = named(request)
            .text("UploadId", upload_id)
            .text("StorageClass", "Standard")
            .text("PartNumberMarker", &marker.to_string())
            .text("NextPartNumberMarker", &next.to_string())
            .text("MaxParts", &page.to_string())
            .text("IsTruncated", &after.peek().is_some().to_string());
        parts
            .iter()
            .fold(result, |result, part| result.child("Part", part))
    })?;
    Ok(xml_reply(result.document("ListPartsResult")))
}

pub(super) async fn complete(request: &Request<'_>, body: &mut Incoming) -> Result<Response<Body>> {
    let upload_id = upload_id(request);
    let store = &request.cloud.store;
    let text = body::collect(body, MAX_LIST_BYTES).await;
    // An unknown upload is reported before a bad list of parts.
    store.with_upload(upload_id, request.object_id(), |_| ())?;
    let listed = text
        .as_deref()
        .and_then(|text| std::str::from_utf8(text).ok())
        .and_then(xml::completed_parts)
        .ok_or_else(|| {
            ServiceError::bad_request(
                "MalformedXML",
                "The XML you provided was not well-formed or did not validate against our \
                 published schema.",
            )
        })?;
    let upload = store.take_upload(upload_id, request.object_id(), |upload| {
        check_parts(upload, &listed)
    })?;
    let numbers: Vec<u16> = listed.iter().map(|(number, _)| *number).collect();
    match finish(request, &upload, &numbers).await {
        Ok(response) => Ok(response),
        Err(error) => {
            // The client may try again: nothing that it sent is lost.
            store.begin_upload(upload_id.to_owned(), upload);
            Err(error)
        }
    }
}

pub(super) fn abort(request: &Request<'_>) -> Result<Response<Body>> {
    let upload_id = upload_id(request);
    let store = &request.cloud.store;
    store.take_upload(upload_id, request.object_id(), |_| Ok(()))?;
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}

async fn finish(request: &Request<'_>, upload: &Upload, numbers: &[u16]) -> Result<Response<Body>> {
    let store = &request.cloud.store;
    let blob = store.join(upload, numbers).await?;
    let object = Object {
        size: blob.size,
        etag: format!("{}-{}", blob.etag(), numbers.len()),
        crc64: blob.crc64,
        kind: "Multipart",
        modified: (request.cloud.now)(),
        metadata: upload.metadata.clone(),
        path: None,
    };
    let object = store.commit(request.object_id(), blob, object, may_overwrite(request))?;
    let location = format!(
        "{}/{}/{}",
        request.cloud.settings.endpoint,
        request.bucket,
        query::encode(&request.key).replace("%2F", "/")
    );
    let result = named(request)
        .text("Location", &location)
        .text("ETag", &format!("\"{}\"", object.etag));
    let mut response = xml_reply(result.document("CompleteMultipartUploadResult"));
    set_checksums(&mut response, &object.etag, object.crc64);
    Ok(response)
}

/// Holds the list of parts against the parts that came in: order, ETags, sizes.
fn check_parts(upload: &Upload, listed: &[(u16, String)]) -> Result<()> {
    if !listed.is_sorted_by(|a, b| a.0 < b.0) {
        return Err(ServiceError::bad_request(
            "InvalidPartOrder",
            "The list of parts was not in ascending order. \
             Parts list must specified in order by part number.",
        ));
    }
    for (number, etag) in listed {
        let known = upload.parts.get(number);
        if !known.is_some_and(|part| part.blob.etag().eq_ignore_ascii_case(etag)) {
            return Err(ServiceError::bad_request(
                "InvalidPart",
                "One or more of the specified parts could not be found or the specified entity \
                 tag might not have matched the part's entity tag.",
            )
            .with("PartNumber", number.to_string()));
        }
    }
    let all_but_last = &listed[..listed.len().saturating_sub(1)];
    for (number, _) in all_but_last {
        if let Some(part) = upload.parts.get(number)
            && part.blob.size < MIN_PART_BYTES
        {
            return Err(ServiceError::bad_request(
                "EntityTooSmall",
                "Your proposed upload smaller than the minimum allowed size.",
            )
            .with("MinSizeAllowed", MIN_PART_BYTES.to_string())
            .with("ProposedSize", part.blob.size.to_string())
            .with("PartNumber", number.to_string()));
        }
    }
    Ok(())
}

fn upload_id<'a>(request: &'a Request<'_>) -> &'a str {
    request.query.value("uploadId").unwrap_or_default()
}

/// Reads a number from the query; `default` if it is absent.
fn number(request: &Request<'_>, name: &str, default: usize, max: usize) -> Result<usize> {
    let Some(text) = request.query.value(name).filter(|text| !text.is_empty()) else {
        return Ok(default);
    };
    text.parse()
        .ok()
        .filter(|number| *number <= max)
        .ok_or_else(|| invalid_argument(&format!("{name} must be an integer between 0 and {max}.")))
}

/// Starts a result with the object's name, encoded if the client asked for it.
fn named(request: &Request<'_>) -> Element {
    let element = Element::new();
    match request.query.value("encoding-type") {
        Some("url") => element
            .text("EncodingType", "url")
            .text("Bucket", &request.bucket)
            .text("Key", &query::encode(&request.key)),
        _ => element
            .text("Bucket", &request.bucket)
            .text("Key", &request.key),
    }
}
