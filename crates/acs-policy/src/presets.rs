//! Policies for the sessions that media applications hand out.
//!
//! Rights in VOD are per API, not per video: whoever may call `vod:GetPlayInfo` may call it for every video of the
//! account. A session with one of these policies narrows *what* its holder can do, never *to which video*. Where that
//! matters, use the credential method instead: `CreateUploadVideo` on the server gives a ticket for one object, and
//! `GetVideoPlayAuth` a play credential for one video.

use crate::document::{Policy, Statement};

/// Allows `vod:CreateUploadVideo` and nothing else: the example of the official document on STS tokens for uploads.
///
/// Its holder can start uploads of new videos, any number of them. It can't refresh the credential of an upload that
/// takes longer than that credential lasts (50 minutes): for that, take [`vod_create_and_refresh_uploads`]. Rights in VOD
/// are per API: see the [module](self).
pub fn vod_create_upload_video_only() -> Policy {
    Policy::new().with(Statement::allow(["vod:CreateUploadVideo"]))
}

/// Allows to start uploads of videos and to refresh their credentials.
///
/// `vod:RefreshUploadVideo` takes the id of any video of the account, and a refreshed credential can overwrite that
/// video's file: give this to clients that you trust with that. Rights in VOD are per API: see the [module](self).
pub fn vod_create_and_refresh_uploads() -> Policy {
    Policy::new().with(Statement::allow([
        "vod:CreateUploadVideo",
        "vod:RefreshUploadVideo",
    ]))
}

/// Allows what a player needs: the four actions of the system policy `AliyunVODPlayAuth`.
///
/// Its holder can play every video of the account whose id it knows. Rights in VOD are per API: see the
/// [module](self).
pub fn vod_play_any_video() -> Policy {
    Policy::new().with(Statement::allow([
        "vod:GetPlayInfo",
        "vod:GetVideoPlayAuth",
        "vod:GetVideoPlayInfo",
        "vod:GetVideoInfo",
    ]))
}
