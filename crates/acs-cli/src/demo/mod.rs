//! `acs demo`: the whole job, from a file to a video that plays and is transcoded.

mod live;
#[cfg(test)]
mod silence;
mod stage;
mod transcode;
mod video;

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;

use self::stage::Stage;
use self::transcode::Objects;
use crate::args::Demo;
use crate::connect::check_place;
use crate::failure::Failure;
use crate::media::{MediaFile, check_title, title_of};
use crate::report::Report;
use crate::stop::Stop;
use crate::upload::send_file;

/// Ships with the program: see `media/README.md`.
const SAMPLE: &[u8] = include_bytes!("../../media/sample.mp4");

/// The most that OSS takes in one request, in bytes.
const LARGEST_PUT: u64 = 5 << 30;

/// How long a server may be silent while something unsigned is fetched from it.
const LONGEST_SILENCE: Duration = Duration::from_secs(10);

pub(crate) async fn run(args: &Demo, stop: &Stop) -> Result<(), Failure> {
    let report = Report::new(args.common.json);
    check_place(&args.common)?;
    if let Some(title) = &args.title {
        check_title(title)?;
    }
    // Its folder is there until the command ends.
    let (media, _folder) = match &args.file {
        Some(file) => (MediaFile::open(file)?, None),
        None => {
            let (media, folder) = sample()?;
            (media, Some(folder))
        }
    };
    if media.size > LARGEST_PUT {
        return Err(Failure::usage(format!(
            "{}: {} bytes, and the demo puts the file into a bucket in one request, which takes 5 GiB; \
             `acs vod upload` takes larger ones",
            media.path.display(),
            media.size
        )));
    }
    let stage = stop
        .or(async {
            if args.live {
                live::ask(args).await?;
            }
            Stage::set_up(args).await
        })
        .await?;
    let result = job(&stage, args, &media, &report, stop).await;
    stage.tear_down().await;
    report.result(&result?)
}

fn sample() -> Result<(MediaFile, TempDir), Failure> {
    let folder = TempDir::new()
        .map_err(|error| Failure::service(format!("no temporary folder can be made: {error}")))?;
    let path = folder.path().join("sample.mp4");
    std::fs::write(&path, SAMPLE).map_err(|error| Failure::file(&path, &error))?;
    Ok((MediaFile::open(&path)?, folder))
}

/// Does the job, and on Alibaba Cloud deletes what it made, whichever way it ended.
async fn job(
    stage: &Stage,
    args: &Demo,
    media: &MediaFile,
    report: &Report,
    stop: &Stop,
) -> Result<Value, Failure> {
    let title = args
        .title
        .as_deref()
        .unwrap_or_else(|| title_of(&media.name));
    let creating = video::create(stage, args.method, title, media, report);
    // On Alibaba Cloud its answer is waited for in any case: without the id, the video could not be deleted.
    let created = match args.live {
        true => creating.await?,
        false => stop.or(creating).await?,
    };
    let objects = Objects::of(created.ticket.video_id(), media);
    let video_id = created.ticket.video_id().to_owned();
    let result = with_video(stage, args, created, &objects, media, report, stop).await;
    if args.live {
        live::clean_up(stage, &video_id, &objects, report).await;
    }
    result
}

async fn with_video(
    stage: &Stage,
    args: &Demo,
    created: video::Created,
    objects: &Objects,
    media: &MediaFile,
    report: &Report,
    stop: &Stop,
) -> Result<Value, Failure> {
    let video::Created { ticket, refresh } = created;
    let uploaded = send_file(ticket, refresh, media, &stage.place.transport, report, stop).await?;
    report.step(format!(
        "uploaded in {} part(s), crc64 {}",
        uploaded.parts, uploaded.crc64
    ));
    let rest = play_and_transcode(stage, &uploaded.video_id, objects, media, report);
    let (played, finished) = stop.or(rest).await?;
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

#[cfg(test)]
mod tests {
    use acs_emulator::Emulator;
    use clap::Parser as _;

    use super::*;
    use crate::args::{Cli, Command};
    use crate::failure::INTERRUPTED;

    #[tokio::test]
    async fn a_live_demo_whose_upload_fails_deletes_its_video() {
        let (media, folder) = sample().unwrap();
        drop(folder);
        let stage = Stage::rehearsal().await;
        let failure = job(
            &stage,
            &live_args(),
            &media,
            &Report::new(true),
            &Stop::default(),
        )
        .await;
        assert_eq!(failure.unwrap_err().code(), 2);
        assert!(
            did(stage.own(), "DeleteVideo"),
            "{:?}",
            stage.own().requests()
        );
    }

    #[tokio::test]
    async fn a_live_demo_that_is_stopped_deletes_its_video() {
        let (media, _folder) = sample().unwrap();
        let (args, report, stop) = (live_args(), Report::new(true), Stop::default());
        let stage = Stage::rehearsal().await;
        let stop_once_created = async {
            while !did(stage.own(), "CreateUploadVideo") {
                tokio::task::yield_now().await;
            }
            stop.token().cancel();
        };
        let (result, ()) = tokio::join!(
            job(&stage, &args, &media, &report, &stop),
            stop_once_created
        );
        assert_eq!(result.unwrap_err().code(), INTERRUPTED);
        assert!(
            did(stage.own(), "DeleteVideo"),
            "{:?}",
            stage.own().requests()
        );
    }

    fn live_args() -> Demo {
        let cli = Cli::parse_from(["acs", "demo", "--live", "--json"]);
        let Command::Demo(args) = cli.command else {
            unreachable!("it was asked for")
        };
        args
    }

    fn did(emulator: &Emulator, action: &str) -> bool {
        let requests = emulator.requests();
        requests
            .iter()
            .any(|request| request.action == action && request.status == 200)
    }
}
