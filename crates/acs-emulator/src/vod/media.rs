//! GetVideoInfo and DeleteVideo.

use serde_json::{Value, json};

use super::upload::storage_location;
use super::{Result, comma_list, named_video, no_such_video};
use crate::clock;
use crate::error::ServiceError;
use crate::rpc::Call;

const MAX_VIDEO_IDS: usize = 20;

pub(super) fn info(call: &Call<'_>) -> Result<Value> {
    call.authorize_service("vod")?;
    let cloud = call.cloud;
    let video = named_video(call)?;
    let object = video.object(cloud);
    let modified = object
        .as_ref()
        .map_or(video.created, |object| object.modified);
    let mut answer = json!({
        "VideoId": video.id,
        "Title": video.title,
        "Description": video.description.clone().unwrap_or_default(),
        "Tags": video.tags.clone().unwrap_or_default(),
        "CateId": video.category,
        "CoverURL": video.cover_url.clone().unwrap_or_default(),
        "UserData": video.user_data,
        "ReferenceId": video.reference_id,
        "TemplateGroupId": video.template_group,
        "AppId": video.app_id,
        "Status": video.status(cloud).name(),
        "Size": object.map_or(0, |object| object.size),
        // The emulator opens no media file, so it knows no duration.
        "Duration": 0.0,
        "CreationTime": clock::iso_seconds(video.created),
        "ModificationTime": clock::iso_seconds(modified),
        "StorageLocation": storage_location(call),
        "RegionId": cloud.settings.region,
        "DownloadSwitch": "off",
        "AuditStatus": "Init",
        "StorageClass": "Standard",
        "Snapshots": { "Snapshot": [] },
    });
    if let Some(fields) = answer.as_object_mut() {
        fields.retain(|_, value| !value.is_null());
    }
    Ok(json!({ "Video": answer }))
}

pub(super) fn delete(call: &Call<'_>) -> Result<Value> {
    call.authorize_service("vod")?;
    let cloud = call.cloud;
    let videos = match (call.optional("VideoIds"), call.optional("ReferenceIds")) {
        (Some(ids), _) => named(ids, |id| cloud.videos.find(id)),
        (None, Some(ids)) => named(ids, |id| cloud.videos.find_reference(id)),
        (None, None) => return Err(ServiceError::missing("VideoIds")),
    };
    if videos.len() > MAX_VIDEO_IDS {
        return Err(ServiceError::invalid("VideoIds", "at most 20 at a time."));
    }
    let mut missing = Vec::new();
    for (id, video) in &videos {
        match video {
            Some(video) => {
                cloud.videos.remove(&video.id);
                cloud.store.delete(&cloud.settings.vod_bucket, &video.key);
            }
            None => missing.push(*id),
        }
    }
    if missing.len() == videos.len() {
        return Err(no_such_video());
    }
    Ok(json!({ "ForbiddenVideoIds": [], "NonExistVideoIds": missing }))
}

fn named<T>(ids: &str, find: impl Fn(&str) -> Option<T>) -> Vec<(&str, Option<T>)> {
    comma_list(ids)
        .into_iter()
        .map(|id| (id, find(id)))
        .collect()
}
