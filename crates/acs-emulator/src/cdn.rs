//! The playback domain: serves what a signed play URL points at.
//!
//! URLs are signed as CDN type A: `?auth_key={ts}-{rand}-{uid}-{md5}` over path, time, `rand`,
//! `uid` and the domain's key. Here `ts` is the moment at which the URL ends.

use chrono::{DateTime, Utc};
use http::request::Parts;
use http::{Method, Response, StatusCode};
use md5::{Digest as _, Md5};

use crate::body::Body;
use crate::error::ServiceError;
use crate::oss::{object, set};
use crate::query::Query;
use crate::random;
use crate::state::Cloud;
use crate::trace::Trace;
use crate::vod::Video;

/// How long a play URL lasts unless the caller says otherwise, in seconds.
pub(crate) const DEFAULT_TTL_SECONDS: u64 = 1800;

/// Returns the URL of the uploaded file of `video`, good until `expires_at`.
pub(crate) fn play_url(cloud: &Cloud, video: &Video, expires_at: DateTime<Utc>) -> String {
    let path = path_of(video);
    let ts = expires_at.timestamp().to_string();
    let hash = hash(&path, &ts, "0", "0", &cloud.cdn_key);
    let endpoint = &cloud.settings.endpoint;
    format!("{endpoint}{path}?auth_key={ts}-0-0-{hash}")
}

/// Tells whether a path is one of a play URL, signed or not.
pub(crate) fn is_play_path(path: &str) -> bool {
    let first = path.split('/').nth(1).unwrap_or_default();
    first.len() == 32 && first.bytes().all(|b| b.is_ascii_hexdigit())
}

/// Answers a request to the playback domain.
pub(crate) async fn handle(cloud: &Cloud, parts: &Parts, trace: &mut Trace) -> Response<Body> {
    "cdn".clone_into(&mut trace.service);
    "Play".clone_into(&mut trace.action);
    trace.request_id = cloud.random.oss_request_id();
    let query = Query::parse(parts.uri.query().unwrap_or_default()).unwrap_or_default();
    let path = parts.uri.path();
    if let Err(why) = verify(cloud, path, query.value("auth_key").unwrap_or_default()) {
        trace.not_verified(why);
        let mut response = text(StatusCode::FORBIDDEN, why);
        let denied = format!("denied by req auth: {why}");
        set(&mut response, "x-tengine-error", &denied);
        return response;
    }
    trace.verified();
    if !matches!(parts.method, Method::GET | Method::HEAD) {
        return text(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD");
    }
    let video = cloud
        .videos
        .find(path.split('/').nth(1).unwrap_or_default());
    let object = video
        .filter(|video| path_of(video) == path)
        .and_then(|video| {
            let bucket = &cloud.settings.vod_bucket;
            Some((cloud.store.object(bucket, &video.key)?, video))
        });
    let Some((object, video)) = object else {
        return text(StatusCode::NOT_FOUND, "no such video");
    };
    let range = parts
        .headers
        .get("range")
        .and_then(|range| range.to_str().ok());
    match object::serve(&object, range, true).await {
        Ok(mut response) => {
            set(
                &mut response,
                "content-type",
                content_type(&video.extension),
            );
            response
        }
        Err(ServiceError {
            status, message, ..
        }) => text(status, &message),
    }
}

fn verify(cloud: &Cloud, path: &str, auth_key: &str) -> Result<(), &'static str> {
    let mut fields = auth_key.splitn(4, '-');
    let mut next = || fields.next().filter(|field| !field.is_empty());
    let (Some(ts), Some(rand), Some(uid), Some(given)) = (next(), next(), next(), next()) else {
        return Err("invalid auth_key");
    };
    if hash(path, ts, rand, uid, &cloud.cdn_key) != given.to_ascii_lowercase() {
        return Err("invalid md5hash");
    }
    let ends = ts.parse::<i64>().map_err(|_| "invalid auth_key")?;
    if (cloud.now)().timestamp() > ends {
        return Err("expired timestamp");
    }
    Ok(())
}

fn hash(path: &str, ts: &str, rand: &str, uid: &str, key: &str) -> String {
    let signed = format!("{path}-{ts}-{rand}-{uid}-{key}");
    random::hex_lower(&Md5::digest(signed))
}

/// The file of the original stream (`od`); its name carries a digest, as real ones do.
fn path_of(video: &Video) -> String {
    let name = random::hex_lower(&Md5::digest(&video.key));
    format!("/{}/{name}-od.{}", video.id, video.extension)
}

fn content_type(extension: &str) -> &'static str {
    match extension {
        "mp4" | "m4v" => "video/mp4",
        "m3u8" => "application/vnd.apple.mpegurl",
        "ts" => "video/mp2t",
        "flv" => "video/x-flv",
        "webm" => "video/webm",
        "mp3" => "audio/mpeg",
        "m4a" | "aac" => "audio/aac",
        _ => "application/octet-stream",
    }
}

fn text(status: StatusCode, message: &str) -> Response<Body> {
    let mut response = Response::new(Body::from(message.to_owned()));
    *response.status_mut() = status;
    set(&mut response, "content-type", "text/plain; charset=utf-8");
    response
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_hash_of_the_documented_example_is_reproduced() {
        assert_eq!(
            super::hash(
                "/video/standard/1K.html",
                "1444435200",
                "0",
                "0",
                "aliyuncdnexp1234"
            ),
            "80cd3862d699b7118eed99103f2a3a4f"
        );
    }
}
