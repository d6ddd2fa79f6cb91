//! CreateUploadVideo, RefreshUploadVideo, GetUploadDetails.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::{Result, Status, Video, comma_list, named_video, no_such_video};
use crate::clock;
use crate::error::ServiceError;
use crate::identity::{Principal, UploadScope};
use crate::rpc::Call;

/// Names of files that VOD takes as video or audio, from the upload overview of its user guide.
const EXTENSIONS: [&str; 41] = [
    "3gp", "aac", "ac3", "acm", "amr", "ape", "asf", "avi", "caf", "dat", "dv", "f4v", "flac",
    "flv", "gif", "m2t", "m3u8", "m4a", "m4v", "mj2", "mjpeg", "mkv", "mov", "mp3", "mp4", "mpe",
    "mpeg", "mpg", "mts", "ogg", "qt", "ra", "rm", "rmvb", "swf", "ts", "vob", "wav", "webm",
    "wma", "wmv",
];
const MAX_TITLE_BYTES: usize = 128;
const MAX_DESCRIPTION_BYTES: usize = 1024;
const MAX_TAGS: usize = 16;
const MAX_TAG_BYTES: usize = 32;
const MAX_MEDIA_IDS: usize = 20;
/// The template group that leaves a file as it is; the emulated account has no other.
const NO_TRANSCODING: &str = "VOD_NO_TRANSCODE";

pub(super) fn create(call: &Call<'_>) -> Result<Value> {
    let cloud = call.cloud;
    let video = requested_video(call)?;
    call.authorize_service("vod")?;
    let answer = ticket(call, &video);
    cloud.videos.insert(video);
    Ok(answer)
}

pub(super) fn refresh(call: &Call<'_>) -> Result<Value> {
    call.authorize_service("vod")?;
    let video = named_video(call)?;
    Ok(ticket(call, &video))
}

pub(super) fn details(call: &Call<'_>) -> Result<Value> {
    call.authorize_service("vod")?;
    let ids = comma_list(call.required("MediaIds")?);
    if ids.len() > MAX_MEDIA_IDS {
        return Err(ServiceError::bad_request(
            "LimitExceeded.MediaIds",
            "The input parameter \"MediaIds\" Exceed the limit.",
        ));
    }
    if call
        .optional("MediaType")
        .is_some_and(|kind| kind != "video")
    {
        return Err(ServiceError::invalid("MediaType", "the one type is video."));
    }
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match call.cloud.videos.find(id) {
            Some(video) => found.push(detail(call, &video)),
            None => missing.push(id),
        }
    }
    if found.is_empty() {
        return Err(no_such_video());
    }
    Ok(json!({
        "UploadDetails": found,
        "NonExistMediaIds": missing,
        "ForbiddenMediaIds": [],
    }))
}

/// Checks the parameters of CreateUploadVideo and makes the video that they ask for.
fn requested_video(call: &Call<'_>) -> Result<Video> {
    let cloud = call.cloud;
    let title = checked_text(call, "Title", MAX_TITLE_BYTES)?;
    let description = checked_text(call, "Description", MAX_DESCRIPTION_BYTES)?;
    let tags = call.optional("Tags");
    if let Some(tags) = tags {
        check_tags(tags)?;
    }
    let extension = extension(call.required("FileName")?)?;
    if let Some(storage) = call.optional("StorageLocation")
        && storage != storage_location(call)
    {
        return Err(ServiceError::not_found(
            "InvalidStorage.NotFound",
            "The StorageLocation does not exist.",
        ));
    }
    if call.optional("WorkflowId").is_some() {
        return Err(ServiceError::unsupported("VOD workflows"));
    }
    let template_group = call.optional("TemplateGroupId");
    if template_group.is_some_and(|id| id != NO_TRANSCODING) {
        return Err(ServiceError::not_found(
            "InvalidTemplateGroupId.NotFound",
            "The TemplateGroupId does not exist.",
        ));
    }
    let reference_id = call.optional("ReferenceId");
    if let Some(reference_id) = reference_id {
        check_reference_id(call, reference_id)?;
    }
    let name = format!("{}-{}", cloud.random.hex(4), cloud.random.hex(6));
    let owned = |text: Option<&str>| text.map(str::to_owned);
    Ok(Video {
        id: cloud.random.hex(16),
        key: format!("sv/{name}/{name}.{extension}"),
        prefix: (extension == "m3u8").then(|| format!("sv/{name}/")),
        title: title.unwrap_or_default().to_owned(),
        description: owned(description),
        tags: owned(tags),
        category: parsed(call, "CateId")?,
        cover_url: owned(call.optional("CoverURL")),
        user_data: owned(call.optional("UserData")),
        reference_id: owned(reference_id),
        template_group: owned(template_group),
        app_id: call.optional("AppId").unwrap_or("app-1000000").to_owned(),
        announced_size: parsed(call, "FileSize")?,
        created: (cloud.now)(),
        extension,
    })
}

/// Mints an UploadAuth for the video's object, and says where the object goes.
fn ticket(call: &Call<'_>, video: &Video) -> Value {
    let cloud = call.cloud;
    let settings = &cloud.settings;
    let scope = UploadScope {
        bucket: settings.vod_bucket.clone(),
        key: video.key.clone(),
        prefix: video.prefix.clone(),
    };
    let session = cloud.identity.open_session(
        &cloud.random,
        Principal::Upload(scope),
        (cloud.now)(),
        settings.upload_ttl,
    );
    let mut address = json!({
        "Endpoint": settings.endpoint,
        "Bucket": settings.vod_bucket,
        "FileName": video.key,
    });
    if let Some(prefix) = &video.prefix {
        address["ObjectPrefix"] = prefix.as_str().into();
    }
    let auth = json!({
        "SecurityToken": session.token,
        "AccessKeyId": session.access_key_id,
        "ExpireUTCTime": clock::iso_seconds(session.expires_at),
        "AccessKeySecret": session.secret,
        "Expiration": settings.upload_ttl.as_secs().to_string(),
        "Region": settings.region,
    });
    json!({
        "VideoId": video.id,
        "UploadAddress": STANDARD.encode(address.to_string()),
        "UploadAuth": STANDARD.encode(auth.to_string()),
    })
}

fn detail(call: &Call<'_>, video: &Video) -> Value {
    let cloud = call.cloud;
    let status = video.status(cloud).name();
    let object = video.object(cloud);
    let uploaded = match &object {
        Some(object) => object.size,
        None => cloud
            .store
            .bytes_in_progress(&cloud.settings.vod_bucket, &video.key),
    };
    let size = match (&object, video.announced_size) {
        (Some(object), _) => object.size,
        (None, Some(announced)) => announced,
        (None, None) => 0,
    };
    let ratio = match (&object, size) {
        (Some(_), _) => 1.0,
        (None, 0) => 0.0,
        (None, size) => uploaded as f64 / size as f64,
    };
    let upload_status = match video.status(cloud) {
        Status::Uploading => "Uploading",
        _ => "UploadSucc",
    };
    let completed = object.map(|object| clock::iso_seconds(object.modified));
    json!({
        "MediaId": video.id,
        "Title": video.title,
        "Status": status,
        "UploadStatus": upload_status,
        "UploadSize": uploaded,
        "FileSize": size,
        "UploadRatio": ratio,
        "CreationTime": clock::iso_seconds(video.created),
        "ModificationTime": completed.clone().unwrap_or_else(|| clock::iso_seconds(video.created)),
        "CompletionTime": completed.unwrap_or_default(),
    })
}

/// Reads the extension of a file's name: after the last dot of the last path segment.
fn extension(file_name: &str) -> Result<String> {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    let extension = name
        .rsplit_once('.')
        .map(|(_, extension)| extension.to_ascii_lowercase());
    extension
        .filter(|extension| EXTENSIONS.contains(&extension.as_str()))
        .ok_or_else(|| {
            ServiceError::bad_request(
                "InvalidFileName.Extension",
                "The specified FileName's extension is illegal.",
            )
        })
}

fn checked_text<'a>(call: &'a Call<'_>, name: &str, max_bytes: usize) -> Result<Option<&'a str>> {
    let text = call.optional(name);
    if let Some(text) = text {
        check_text(name, text, max_bytes)?;
    }
    Ok(text)
}

fn check_text(name: &str, text: &str, max_bytes: usize) -> Result<()> {
    if text.len() > max_bytes {
        return Err(ServiceError::bad_request(
            "LengthExceededMax",
            format!("The specified {name} length has exceeded {max_bytes} bytes."),
        ));
    }
    if text.chars().any(is_emoticon) {
        return Err(ServiceError::bad_request(
            "IllegalCharacters",
            format!("The specified {name} contains illegal emoticon or special characters."),
        ));
    }
    Ok(())
}

fn check_tags(tags: &str) -> Result<()> {
    let tags = comma_list(tags);
    if tags.len() > MAX_TAGS {
        return Err(ServiceError::bad_request(
            "TagsExceededMax",
            "The specified Tags count has exceeded 16.",
        ));
    }
    tags.iter()
        .try_for_each(|tag| check_text("Tags", tag, MAX_TAG_BYTES))
}

fn check_reference_id(call: &Call<'_>, id: &str) -> Result<()> {
    let well_formed = (6..=64).contains(&id.len())
        && id
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b));
    if !well_formed {
        return Err(ServiceError::invalid(
            "ReferenceId",
            "it takes 6 to 64 letters, digits, underscores and hyphens.",
        ));
    }
    if call.cloud.videos.find_reference(id).is_some() {
        return Err(ServiceError::invalid("ReferenceId", "it is already used."));
    }
    Ok(())
}

fn is_emoticon(c: char) -> bool {
    matches!(c, '\u{1F000}'..='\u{1FAFF}' | '\u{2600}'..='\u{27BF}' | '\u{FE0F}')
}

fn parsed<T: std::str::FromStr>(call: &Call<'_>, name: &str) -> Result<Option<T>> {
    let number = call.optional(name).map(str::parse).transpose();
    number.map_err(|_| ServiceError::invalid(name, "it takes an integer."))
}

/// The name of VOD's storage, as `StorageLocation` and GetVideoInfo write it.
pub(super) fn storage_location(call: &Call<'_>) -> String {
    let settings = &call.cloud.settings;
    format!(
        "{}.oss-{}.aliyuncs.com",
        settings.vod_bucket, settings.region
    )
}
