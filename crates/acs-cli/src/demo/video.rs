//! The VOD leg: a file goes up with rights to it alone, and is played back.

use std::sync::Arc;
use std::time::Duration;

use acs_core::{Body, Credentials, SharedTransport};
use acs_oss::Crc64;
use acs_sts::AssumeRole;
use acs_vod::upload::UploadTicket;
use acs_vod::{Client, CreateUploadVideo, GetPlayInfo, GetVideoInfo, GetVideoPlayAuth, PlayAuth};
use chrono::{DateTime, Utc};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use super::LONGEST_SILENCE;
use super::stage::Stage;
use crate::args::Method;
use crate::failure::Failure;
use crate::media::MediaFile;
use crate::report::Report;

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

/// A video that was created, whose file is still to be sent.
#[derive(Debug)]
pub(super) struct Created {
    pub(super) ticket: UploadTicket,
    /// Who is asked for another ticket: the server, which an application reaches over the network, or the session.
    pub(super) refresh: Client,
}

/// Creates the video in the way that was asked for.
pub(super) async fn create(
    stage: &Stage,
    method: Method,
    title: &str,
    media: &MediaFile,
    report: &Report,
) -> Result<Created, Failure> {
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
) -> Result<Created, Failure> {
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
    Ok(Created {
        ticket,
        refresh: server,
    })
}

/// The STS method. The server's part hands out a session, and the client's part does the rest with it.
async fn by_session(
    stage: &Stage,
    title: &str,
    media: &MediaFile,
    report: &Report,
) -> Result<Created, Failure> {
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
    Ok(Created {
        ticket: UploadTicket::from(created.into_inner()),
        refresh: client,
    })
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
    let (bytes, crc64) = fetch(&stage.place.transport, &play_url).await?;
    Ok(Played {
        play_auth_expires_at: play_auth.expires_at,
        play_url,
        bytes,
        crc64,
    })
}

/// Fetches a play URL to its end: how many bytes came, and their CRC-64.
async fn fetch(transport: &SharedTransport, url: &str) -> Result<(u64, u64), Failure> {
    let unplayable =
        |what: String| Failure::service(format!("the play URL cannot be fetched: {what}"));
    let late = |_| unplayable(format!("nothing came for {LONGEST_SILENCE:?}"));
    let request = http::Request::get(url)
        .body(Body::empty())
        .map_err(|error| unplayable(error.to_string()))?;
    let response = timeout(LONGEST_SILENCE, transport.send(request))
        .await
        .map_err(late)?
        .map_err(|error| unplayable(error.to_string()))?;
    if !response.status().is_success() {
        return Err(unplayable(format!("HTTP {}", response.status())));
    }
    let (mut bytes, mut crc) = (0, Crc64::new());
    let mut body = response.into_body();
    while let Some(frame) = timeout(LONGEST_SILENCE, body.frame()).await.map_err(late)? {
        let frame = frame.map_err(|_| unplayable("the stream broke off".to_owned()))?;
        if let Some(data) = frame.data_ref() {
            bytes += data.len() as u64;
            crc.update(data);
        }
    }
    Ok((bytes, crc.value()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::demo::silence::Silent;

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_stands_still_is_given_up() {
        for silent in [Silent::BeforeHead, Silent::BeforeBody] {
            let transport: SharedTransport = Arc::new(silent);
            let failure = fetch(&transport, "http://127.0.0.1/x.mp4").await;
            let text = failure.unwrap_err().to_string();
            assert!(text.contains("nothing came for 10s"), "{text}");
        }
    }
}
