//! PutObject, GetObject, HeadObject, DeleteObject.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderName, HeaderValue, Response, StatusCode};
use hyper::body::Incoming;

use super::store::{Blob, Metadata, Object};
use super::{Request, Result, set};
use crate::body::{Body, FileBody};
use crate::clock;
use crate::error::ServiceError;

/// The most that one PutObject or one part may hold: 5 GB.
pub(crate) const MAX_PUT_BYTES: u64 = 5 << 30;

pub(crate) async fn put(request: &Request<'_>, body: &mut Incoming) -> Result<Response<Body>> {
    let blob = receive(request, body).await?;
    let object = Object {
        size: blob.size,
        etag: blob.etag(),
        crc64: blob.crc64,
        kind: "Normal",
        modified: (request.cloud.now)(),
        metadata: metadata(request),
        path: None,
    };
    let store = &request.cloud.store;
    let object = store.commit(request.object_id(), blob, object, may_overwrite(request))?;
    let mut response = Response::new(Body::empty());
    set_checksums(&mut response, &object.etag, object.crc64);
    Ok(response)
}

pub(crate) async fn get(request: &Request<'_>) -> Result<Response<Body>> {
    let object = find(request)?;
    let range = request.header("range");
    let strict = request.header("x-oss-range-behavior") == Some("standard");
    let mut response = serve(&object, range, strict).await?;
    describe(&mut response, &object);
    Ok(response)
}

pub(crate) fn head(request: &Request<'_>) -> Result<Response<Body>> {
    let object = find(request)?;
    let mut response = Response::new(Body::empty());
    set(&mut response, "content-length", &object.size.to_string());
    describe(&mut response, &object);
    Ok(response)
}

pub(crate) fn delete(request: &Request<'_>) -> Response<Body> {
    request.cloud.store.delete(&request.bucket, &request.key);
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    response
}

/// Takes in the body of a PUT and compares it with its `Content-MD5`.
pub(crate) async fn receive(request: &Request<'_>, body: &mut Incoming) -> Result<Blob> {
    let headers = &request.parts.headers;
    if !headers.contains_key("content-length") && !headers.contains_key("transfer-encoding") {
        return Err(ServiceError::new(
            StatusCode::LENGTH_REQUIRED,
            "MissingContentLength",
            "You must provide the Content-Length HTTP header.",
        ));
    }
    let blob = request.cloud.store.receive(body, MAX_PUT_BYTES).await?;
    if let Some(expected) = request.header("content-md5")
        && STANDARD.decode(expected.trim()).ok().as_deref() != Some(&blob.md5)
    {
        return Err(ServiceError::bad_request(
            "InvalidDigest",
            "The Content-MD5 you specified did not match what we received.",
        ));
    }
    Ok(blob)
}

/// Answers with the whole object, or with the one range that `range` asks for.
///
/// OSS ignores a range that it can't satisfy unless the client asks for standard behaviour.
pub(crate) async fn serve(
    object: &Object,
    range: Option<&str>,
    strict: bool,
) -> Result<Response<Body>> {
    let Some(path) = &object.path else {
        return Err(ServiceError::new(
            StatusCode::CONFLICT,
            "Emulator.BodyDiscarded",
            "The emulator was started to discard bodies: it knows this object's size and \
             checksums, and no longer its bytes.",
        ));
    };
    let (status, first, length) = match range.map(|range| slice(range, object.size)) {
        None | Some(Slice::Ignore) => (StatusCode::OK, 0, object.size),
        Some(Slice::Of(first, last)) => (StatusCode::PARTIAL_CONTENT, first, last - first + 1),
        Some(Slice::Unsatisfiable) if strict => {
            return Err(ServiceError::new(
                StatusCode::RANGE_NOT_SATISFIABLE,
                "InvalidRange",
                "The requested range cannot be satisfied.",
            ));
        }
        Some(Slice::Unsatisfiable) => (StatusCode::OK, 0, object.size),
    };
    let body = FileBody::open(path, first, length)
        .await
        .map_err(|error| ServiceError::internal(&error))?;
    let mut response = Response::new(Body::File(body));
    *response.status_mut() = status;
    if status == StatusCode::PARTIAL_CONTENT {
        let range = format!("bytes {first}-{}/{}", first + length - 1, object.size);
        set(&mut response, "content-range", &range);
    }
    set(&mut response, "accept-ranges", "bytes");
    Ok(response)
}

/// Reads what the client says of the object that it is writing.
pub(crate) fn metadata(request: &Request<'_>) -> Metadata {
    let user = request.parts.headers.iter().filter_map(|(name, value)| {
        let value = value.to_str().ok()?;
        let name = name.as_str();
        name.starts_with("x-oss-meta-")
            .then(|| (name.to_owned(), value.to_owned()))
    });
    Metadata {
        content_type: request.header("content-type").map(str::to_owned),
        user: user.collect(),
    }
}

pub(crate) fn may_overwrite(request: &Request<'_>) -> bool {
    request.header("x-oss-forbid-overwrite") != Some("true")
}

pub(crate) fn set_checksums(response: &mut Response<Body>, etag: &str, crc64: u64) {
    set(response, "etag", &format!("\"{etag}\""));
    set(response, "x-oss-hash-crc64ecma", &crc64.to_string());
}

fn find(request: &Request<'_>) -> Result<Object> {
    let store = &request.cloud.store;
    store.object(&request.bucket, &request.key).ok_or_else(|| {
        ServiceError::not_found("NoSuchKey", "The specified key does not exist.")
            .with("Key", request.key.as_str())
    })
}

fn describe(response: &mut Response<Body>, object: &Object) {
    let content_type = object.metadata.content_type.as_deref();
    set(
        response,
        "content-type",
        content_type.unwrap_or("application/octet-stream"),
    );
    set(
        response,
        "last-modified",
        &clock::http_date(object.modified),
    );
    set(response, "x-oss-object-type", object.kind);
    set_checksums(response, &object.etag, object.crc64);
    for (name, value) in &object.metadata.user {
        if let (Ok(name), Ok(value)) = (
            HeaderName::try_from(name.as_str()),
            HeaderValue::try_from(value.as_str()),
        ) {
            response.headers_mut().insert(name, value);
        }
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Slice {
    /// Not a single range of bytes: answered with the whole object.
    Ignore,
    Unsatisfiable,
    /// First and last byte, both inclusive.
    Of(u64, u64),
}

fn slice(range: &str, size: u64) -> Slice {
    let Some((first, last)) = range
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
    else {
        return Slice::Ignore;
    };
    match (first.parse::<u64>(), last.parse::<u64>()) {
        (Ok(first), Ok(last)) if first > last => Slice::Ignore,
        (Ok(first), _) if first >= size => Slice::Unsatisfiable,
        (Ok(first), Ok(last)) => Slice::Of(first, last.min(size - 1)),
        (Ok(first), Err(_)) if last.is_empty() => Slice::Of(first, size - 1),
        (Err(_), Ok(0)) if first.is_empty() => Slice::Unsatisfiable,
        (Err(_), Ok(_)) if first.is_empty() && size == 0 => Slice::Unsatisfiable,
        (Err(_), Ok(count)) if first.is_empty() => Slice::Of(size.saturating_sub(count), size - 1),
        _ => Slice::Ignore,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_as_http_defines_them() {
        for (range, expected) in [
            ("bytes=0-0", Slice::Of(0, 0)),
            ("bytes=2-", Slice::Of(2, 9)),
            ("bytes=-3", Slice::Of(7, 9)),
            ("bytes=-99", Slice::Of(0, 9)),
            ("bytes=5-99", Slice::Of(5, 9)),
            ("bytes=10-", Slice::Unsatisfiable),
            ("bytes=-0", Slice::Unsatisfiable),
            ("bytes=5-2", Slice::Ignore),
            ("bytes=0-1,4-5", Slice::Ignore),
            ("lines=0-1", Slice::Ignore),
            ("bytes=-", Slice::Ignore),
        ] {
            assert_eq!(slice(range, 10), expected, "{range}");
        }
        assert_eq!(slice("bytes=0-", 0), Slice::Unsatisfiable);
        assert_eq!(slice("bytes=-1", 0), Slice::Unsatisfiable);
    }
}
