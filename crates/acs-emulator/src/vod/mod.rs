//! ApsaraVideo VOD 2017-03-21: uploads, the lives of videos, playback.

mod media;
mod play;
mod upload;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::error::ServiceError;
use crate::oss::store::Object;
use crate::rpc::Call;
use crate::state::Cloud;

pub(crate) type Result<T> = std::result::Result<T, ServiceError>;

/// The videos of the account, by id.
#[derive(Default)]
pub(crate) struct Videos(Mutex<HashMap<String, Video>>);

/// What CreateUploadVideo was told, and where the file goes.
#[derive(Clone)]
pub(crate) struct Video {
    pub(crate) id: String,
    /// The object in the VOD bucket.
    pub(crate) key: String,
    /// For a playlist: where its segments go.
    pub(crate) prefix: Option<String>,
    /// Lower case, without the dot.
    pub(crate) extension: String,
    title: String,
    description: Option<String>,
    tags: Option<String>,
    category: Option<i64>,
    cover_url: Option<String>,
    user_data: Option<String>,
    reference_id: Option<String>,
    template_group: Option<String>,
    app_id: String,
    announced_size: Option<u64>,
    created: DateTime<Utc>,
}

/// Where a video is on its way to being playable.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Status {
    Uploading,
    UploadSucc,
    Transcoding,
    Normal,
}

pub(crate) fn call(call: &Call<'_>) -> Result<Value> {
    match call.action {
        "CreateUploadVideo" => upload::create(call),
        "RefreshUploadVideo" => upload::refresh(call),
        "GetUploadDetails" => upload::details(call),
        "GetVideoInfo" => media::info(call),
        "DeleteVideo" => media::delete(call),
        "GetVideoPlayAuth" => play::auth(call),
        "GetPlayInfo" => play::info(call),
        other => Err(ServiceError::unsupported(other)),
    }
}

impl Videos {
    pub(crate) fn find(&self, id: &str) -> Option<Video> {
        self.lock().get(id).cloned()
    }

    fn find_reference(&self, reference_id: &str) -> Option<Video> {
        let videos = self.lock();
        let mut all = videos.values();
        all.find(|video| video.reference_id.as_deref() == Some(reference_id))
            .cloned()
    }

    fn insert(&self, video: Video) {
        self.lock().insert(video.id.clone(), video);
    }

    fn remove(&self, id: &str) {
        self.lock().remove(id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Video>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Video {
    fn object(&self, cloud: &Cloud) -> Option<Object> {
        cloud.store.object(&cloud.settings.vod_bucket, &self.key)
    }

    /// Works out the status from the object's age: an upload on top of it starts over.
    fn status(&self, cloud: &Cloud) -> Status {
        let Some(object) = self.object(cloud) else {
            return Status::Uploading;
        };
        let age = (cloud.now)() - object.modified;
        let age = age.to_std().unwrap_or_default();
        let step = cloud.settings.step;
        match age {
            age if age < step => Status::UploadSucc,
            age if age < step * 2 => Status::Transcoding,
            _ => Status::Normal,
        }
    }

    /// Returns the object of a video that plays; VOD's refusal if it is not there yet.
    fn playable(&self, cloud: &Cloud) -> Result<Object> {
        let status = self.status(cloud);
        match self.object(cloud) {
            Some(object) if status == Status::Normal => Ok(object),
            _ => Err(ServiceError::forbidden(
                "Forbidden.IllegalStatus",
                format!(
                    "Status of the video is illegal. Current Status is {}.",
                    status.name()
                ),
            )),
        }
    }
}

impl Status {
    fn name(self) -> &'static str {
        match self {
            Self::Uploading => "Uploading",
            Self::UploadSucc => "UploadSucc",
            Self::Transcoding => "Transcoding",
            Self::Normal => "Normal",
        }
    }
}

/// Finds the video that `VideoId` or `ReferenceId` names.
fn named_video(call: &Call<'_>) -> Result<Video> {
    let videos = &call.cloud.videos;
    let found = match (call.optional("VideoId"), call.optional("ReferenceId")) {
        (Some(id), _) => videos.find(id),
        (None, Some(reference_id)) => videos.find_reference(reference_id),
        (None, None) => return Err(ServiceError::missing("VideoId")),
    };
    found.ok_or_else(no_such_video)
}

fn no_such_video() -> ServiceError {
    ServiceError::not_found("InvalidVideo.NotFound", "The video does not exist.")
}

/// Splits a comma list; empty entries don't count.
fn comma_list(text: &str) -> Vec<&str> {
    let entries = text.split(',').map(str::trim);
    entries.filter(|entry| !entry.is_empty()).collect()
}
