//! `acs demo`: the whole job, from a file to a video that plays and is transcoded.

mod live;
mod stage;
mod transcode;
mod video;

use std::path::Path;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::stage::Stage;
use self::transcode::Objects;
use crate::args::Demo;
use crate::failure::Failure;
use crate::media::MediaFile;
use crate::report::Report;

/// Ships with the program: see `media/README.md`.
const SAMPLE: &[u8] = include_bytes!("../../media/sample.mp4");

pub(crate) async fn run(args: &Demo) -> Result<(), Failure> {
    let report = Report::new(args.common.json);
    let sample = TempDir::new()
        .map_err(|error| Failure::service(format!("no temporary folder can be made: {error}")))?;
    let media = match &args.file {
        Some(file) => MediaFile::open(file)?,
        None => write_sample(sample.path())?,
    };
    if args.live {
        live::ask(args, &report)?;
    }
    let stage = Stage::set_up(args).await?;
    let title = args.title.as_deref().unwrap_or(&media.name);
    let result = job(&stage, args, title, &media, &report).await;
    stage.tear_down().await;
    report.result(&result?);
    Ok(())
}

fn write_sample(folder: &Path) -> Result<MediaFile, Failure> {
    let path = folder.join("sample.mp4");
    std::fs::write(&path, SAMPLE).map_err(|error| Failure::file(&path, &error))?;
    MediaFile::open(&path)
}

async fn job(
    stage: &Stage,
    args: &Demo,
    title: &str,
    media: &MediaFile,
    report: &Report,
) -> Result<Value, Failure> {
    let uploaded = video::upload(stage, args.method, title, media, report).await?;
    report.step(format!(
        "uploaded in {} part(s), crc64 {}",
        uploaded.parts, uploaded.crc64
    ));
    let objects = Objects::of(&uploaded.video_id, media);
    let rest = play_and_transcode(stage, &uploaded.video_id, &objects, media, report).await;
    if args.live {
        live::clean_up(stage, &uploaded.video_id, &objects, report).await;
    }
    let (played, finished) = rest?;
    // On Alibaba Cloud the stream that plays is a transcoded one.
    if !args.live && (played.bytes, played.crc64) != (uploaded.size, uploaded.crc64) {
        return Err(Failure::service("what was played is not what was uploaded"));
    }
    Ok(json!({
        "method": args.method.name(),
        "video_id": uploaded.video_id,
        "bytes": uploaded.size,
        "crc64": uploaded.crc64.to_string(),
        "bucket": uploaded.bucket,
        "object": uploaded.key,
        "parts": uploaded.parts,
        "play_auth_expires_at": played.play_auth_expires_at.to_rfc3339_opts(chrono::SecondsFormat::Secs, true),
        "play_url": played.play_url,
        "played_bytes": played.bytes,
        "job_id": finished.job.job_id,
        "job_state": finished.state.as_str(),
        "requests": stage.verified_requests().await,
    }))
}

async fn play_and_transcode(
    stage: &Stage,
    video_id: &str,
    objects: &Objects,
    media: &MediaFile,
    report: &Report,
) -> Result<(video::Played, acs_mps::job::FinishedJob), Failure> {
    let vod = stage.place.vod(stage.credentials.clone())?;
    video::wait_until_normal(&vod, video_id, report).await?;
    let played = video::play(stage, &vod, video_id).await?;
    report.step(format!("played {} bytes from the play URL", played.bytes));
    let finished = transcode::transcode(stage, objects, media, report).await?;
    Ok((played, finished))
}
