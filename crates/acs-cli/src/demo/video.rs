//! The VOD leg: a file goes up with rights to it alone, and is played back.

use std::sync::Arc;
use std::time::Duration;

use acs_core::{Body, Credentials};
use acs_oss::Crc64;
use acs_sts::AssumeRole;
use acs_vod::upload::{RefreshTicket as _, UploadTicket, Uploaded, refresh_by};
use acs_vod::{Client, CreateUploadVideo, GetPlayInfo, GetVideoInfo, GetVideoPlayAuth, PlayAuth};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt as _;

use super::stage::Stage;
use crate::args::Method;
use crate::failure::Failure;
use crate::media::MediaFile;
use crate::report::Report;
use crate::upload::send_file;

/// What the session of the STS method may do, and no more. VOD rights are per API: it could reach every video
/// of the account, which is why the credential method is the better one.
const UPLOAD_POLICY: &str = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":["vod:CreateUploadVideo","vod:RefreshUploadVideo"],"Resource":"*"}]}"#;

/// What playing the video showed.
#[derive(Debug)]
pub(super) struct Played {
    pub(super) play_auth_expires_at: DateTime<Utc>,
    pub(super) play_url: String,
    pub(super) bytes: u64,
    pub(super) crc64: u64,
}

/// Uploads the file in the way that was asked for.
pub(super) async fn upload(
    stage: &Stage,
    method: Method,
    title: &str,
    media: &MediaFile,
    report: &Report,
) -> Result<Uploaded, Failure> {
    match method {
        Method::Credential => by_credential(stage, title, media, report).await,
        Method::Sts => by_session(stage, title, media, report).await,
    }
}

/// The credential method. The server's part holds the key; the client's part gets JSON text, and nothing else.
async fn by_credential(
    stage: &Stage,
    title: &str,
    media: &MediaFile,
    report: &Report,
) -> Result<Uploaded, Failure> {
    let server = stage.place.vod(stage.credentials.clone())?;
    let created = server
        .send(CreateUploadVideo::new(title, &media.name))
        .await?;
    report.step(format!(
        "server: video {} created, its upload credential goes to the client",
        created.video_id
    ));
    let sent_to_client = UploadTicket::from(created.into_inner()).to_json();

    let ticket = UploadTicket::from_json(&sent_to_client)?;
    report.step(format!(
        "client: uploading {} ({} bytes), without a key of its own",
        media.name, media.size
    ));
    let ask_server = refresh_by(move |video_id: String| {
        let server = server.clone();
        async move { server.refresh_ticket(&video_id).await }
    });
    send_file(ticket, ask_server, media, &stage.place.transport, report).await
}

/// The STS method. The server's part hands out a session, and the client's part does the rest with it.
async fn by_session(
    stage: &Stage,
    title: &str,
    media: &MediaFile,
    report: &Report,
) -> Result<Uploaded, Failure> {
    let role = stage
        .role_arn
        .as_deref()
        .ok_or_else(|| Failure::usage("--method sts needs --role-arn"))?;
    let sts = stage.place.sts(stage.credentials.clone())?;
    let session = AssumeRole::new(role, "acs-demo")
        .policy(UPLOAD_POLICY)
        .duration_seconds(3_600);
    let session = sts.send(session).await?.into_inner().credentials;
    report.step(format!(
        "server: role {role} assumed, the session goes to the client"
    ));

    let credentials = Credentials::sts(
        session.access_key_id,
        session.access_key_secret,
        session.security_token,
    )?;
    let client = stage.place.vod(credentials)?;
    let created = client
        .send(CreateUploadVideo::new(title, &media.name))
        .await?;
    report.step(format!(
        "client: video {} created by the session; uploading {} bytes",
        created.video_id, media.size
    ));
    let ticket = UploadTicket::from(created.into_inner());
    send_file(ticket, client, media, &stage.place.transport, report).await
}

/// Waits until the video can be played.
pub(super) async fn wait_until_normal(
    vod: &Client,
    video_id: &str,
    report: &Report,
) -> Result<(), Failure> {
    const LONGEST: Duration = Duration::from_secs(3_600);
    let runtime = Arc::clone(vod.runtime());
    let end = runtime.elapsed() + LONGEST;
    let mut wait = Duration::from_millis(200);
    let mut last = String::new();
    while runtime.elapsed() < end {
        let status = vod
            .send(GetVideoInfo::new().video_id(video_id))
            .await?
            .into_inner()
            .video
            .status;
        if status != last {
            report.step(format!("video {video_id}: {status}"));
        }
        match status.as_str() {
            "Normal" => return Ok(()),
            "UploadFail" | "TranscodeFail" | "Blocked" => {
                return Err(Failure::service(format!(
                    "video {video_id} ended as {status}"
                )));
            }
            _ => last = status,
        }
        runtime.sleep(wait).await;
        wait = wait.mul_f64(1.5).min(Duration::from_secs(10));
    }
    Err(Failure::service(format!(
        "video {video_id} was not playable within {LONGEST:?}"
    )))
}

/// Gets a play credential, then plays: fetches the first stream to its end.
pub(super) async fn play(stage: &Stage, vod: &Client, video_id: &str) -> Result<Played, Failure> {
    let answer = vod.send(GetVideoPlayAuth::new().video_id(video_id)).await?;
    let play_auth = PlayAuth::decode(&answer.play_auth)?;
    let streams = vod
        .send(GetPlayInfo::new().video_id(video_id))
        .await?
        .into_inner()
        .play_info_list;
    let Some(play_url) = streams.into_iter().find_map(|stream| stream.play_url) else {
        return Err(Failure::service(format!(
            "video {video_id} has no stream to play"
        )));
    };
    let unplayable =
        |what: String| Failure::service(format!("the play URL cannot be fetched: {what}"));
    let request = http::Request::get(&play_url)
        .body(Body::empty())
        .map_err(|error| unplayable(error.to_string()))?;
    let response = stage
        .place
        .transport
        .send(request)
        .await
        .map_err(|error| unplayable(error.to_string()))?;
    if !response.status().is_success() {
        return Err(unplayable(format!("HTTP {}", response.status())));
    }
    let (mut bytes, mut crc) = (0, Crc64::new());
    let mut body = response.into_body();
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| unplayable("the stream broke off".to_owned()))?;
        if let Some(data) = frame.data_ref() {
            bytes += data.len() as u64;
            crc.update(data);
        }
    }
    Ok(Played {
        play_auth_expires_at: play_auth.expires_at,
        play_url,
        bytes,
        crc64: crc.value(),
    })
}
