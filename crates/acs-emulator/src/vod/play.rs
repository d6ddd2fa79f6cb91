//! GetVideoPlayAuth and GetPlayInfo.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Result, Video, comma_list, named_video};
use crate::clock::{self, plus};
use crate::error::ServiceError;
use crate::identity::{PlayScope, Principal};
use crate::rpc::Call;
use crate::{cdn, random};

/// How long the key inside a PlayAuth lives; its `AuthInfo` ends sooner.
const PLAY_KEY_LIFETIME: Duration = Duration::from_secs(3600);
const DEFAULT_AUTH_INFO_SECONDS: u64 = 100;

pub(super) fn auth(call: &Call<'_>) -> Result<Value> {
    call.authorize_service("vod")?;
    let cloud = call.cloud;
    let seconds = match call.optional("AuthInfoTimeout") {
        None => DEFAULT_AUTH_INFO_SECONDS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| (100..=3000).contains(seconds))
            .ok_or_else(|| {
                ServiceError::invalid("AuthInfoTimeout", "it takes 100 to 3000 seconds.")
            })?,
    };
    let video = named_video(call)?;
    video.playable(cloud)?;
    let now = (cloud.now)();
    let auth_expires_at = plus(now, Duration::from_secs(seconds));
    let domain = play_domain(call);
    let auth_info = json!({
        "CI": STANDARD.encode(&cloud.identity.account_id),
        "Caller": STANDARD.encode(&cloud.identity.user.id),
        "ExpireTime": clock::iso_seconds(auth_expires_at),
        "MediaId": video.id,
        "PlayDomain": domain,
        "Signature": STANDARD.encode(cloud.random.alphanumeric(20)),
    })
    .to_string();
    let scope = PlayScope {
        video_id: video.id.clone(),
        auth_info: auth_info.clone(),
        auth_expires_at,
    };
    let session = cloud.identity.open_session(
        &cloud.random,
        Principal::Play(scope),
        now,
        PLAY_KEY_LIFETIME,
    );
    let meta = json!({
        "VideoId": video.id,
        "Title": video.title,
        "Status": "Normal",
        "CoverURL": video.cover_url.clone().unwrap_or_default(),
        "Duration": 0.0,
    });
    let play_auth = json!({
        "SecurityToken": session.token,
        "AuthInfo": auth_info,
        "VideoMeta": meta,
        "AccessKeyId": session.access_key_id,
        "PlayDomain": domain,
        "AccessKeySecret": session.secret,
        "Region": cloud.settings.region,
        "CustomerId": cloud.identity.account_id.parse::<u64>().unwrap_or_default(),
    });
    Ok(json!({
        "PlayAuth": STANDARD.encode(play_auth.to_string()),
        "VideoMeta": meta,
    }))
}

pub(super) fn info(call: &Call<'_>) -> Result<Value> {
    let cloud = call.cloud;
    let video = match call.principal {
        Principal::Play(scope) => ticketed_video(call, scope)?,
        _ => {
            call.authorize_service("vod")?;
            named_video(call)?
        }
    };
    if call
        .optional("OutputType")
        .is_some_and(|kind| kind != "cdn")
    {
        return Err(ServiceError::unsupported("OutputType other than cdn"));
    }
    let seconds = match call.optional("AuthTimeout") {
        None => cdn::DEFAULT_TTL_SECONDS,
        Some(text) => text
            .parse()
            .ok()
            .filter(|seconds| *seconds >= 1)
            .ok_or_else(|| ServiceError::invalid("AuthTimeout", "it takes 1 second or more."))?,
    };
    let object = video.playable(cloud)?;
    let (stream_type, media_type) = match video.extension.as_str() {
        "mp3" | "wma" | "wav" | "aac" | "ra" | "m4a" | "flac" | "ape" | "ac3" | "amr" | "caf"
        | "acm" => ("audio", "audio"),
        _ => ("video", "video"),
    };
    let wanted = |parameter: &str, have: &str| match call.optional(parameter) {
        None => true,
        Some(list) => comma_list(list)
            .iter()
            .any(|entry| entry.eq_ignore_ascii_case(have)),
    };
    if !(wanted("Formats", &video.extension)
        && wanted("Definition", "OD")
        && wanted("StreamType", stream_type))
    {
        return Err(ServiceError::not_found(
            "InvalidVideo.NoneStream",
            "The video has no stream to play for the request parameter: the emulator has the \
             original stream (OD) only.",
        ));
    }
    let expires_at = plus((cloud.now)(), Duration::from_secs(seconds));
    let uploaded = clock::iso_seconds(object.modified);
    Ok(json!({
        "VideoBase": {
            "VideoId": video.id,
            "Title": video.title,
            "Duration": "0.0000",
            "CoverURL": video.cover_url.clone().unwrap_or_default(),
            "Status": "Normal",
            "MediaType": media_type,
            "CreationTime": clock::iso_seconds(video.created),
            "StorageClass": "Standard",
        },
        "PlayInfoList": { "PlayInfo": [{
            "JobId": random::hex_lower(&object.crc64.to_be_bytes().repeat(2)),
            "Format": video.extension,
            "Definition": "OD",
            "Size": object.size,
            "Duration": "0.0000",
            "Encrypt": 0,
            "NarrowBandType": "0",
            "StreamType": stream_type,
            "Status": "Normal",
            "JobType": 1,
            "CreationTime": uploaded,
            "ModificationTime": uploaded,
            "PlayURL": cdn::play_url(cloud, &video, expires_at),
        }] },
    }))
}

/// Checks what a player that holds a PlayAuth must send along.
fn ticketed_video(call: &Call<'_>, scope: &PlayScope) -> Result<Video> {
    let video = named_video(call)?;
    if call.optional("AuthInfo") != Some(&scope.auth_info) || video.id != scope.video_id {
        call.authorize_service("vod")?;
    }
    if (call.cloud.now)() > scope.auth_expires_at {
        return Err(ServiceError::bad_request(
            "InvalidAuthInfo.ExpireTime",
            "The specified AuthInfo has expired.",
        ));
    }
    Ok(video)
}

/// Returns the host that plays: the emulator's own.
fn play_domain(call: &Call<'_>) -> String {
    let endpoint = &call.cloud.settings.endpoint;
    let host = endpoint.split_once("://").map(|(_, host)| host);
    host.unwrap_or(endpoint).to_owned()
}
