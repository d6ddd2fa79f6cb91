//! The MPS leg: the file in a bucket of one's own, transcoded with a preset template.

use std::fs::File;
use std::sync::Arc;
use std::time::Duration;

use acs_mps::job::{
    FinishedJob, JobInput, JobOutput, JobState, JobWatcher, OssLocation, TranscodeRequest, preset,
};
use acs_oss::{Bucket, ObjectHeaders, Payload};

use super::stage::Stage;
use crate::failure::Failure;
use crate::media::MediaFile;
use crate::report::Report;

/// The objects that the leg leaves in the bucket.
#[derive(Clone, Debug)]
pub(super) struct Objects {
    pub(super) input: String,
    pub(super) output: String,
}

impl Objects {
    pub(super) fn of(video_id: &str, media: &MediaFile) -> Self {
        Self {
            input: format!("acs-demo/{video_id}/{}", media.name),
            output: format!("acs-demo/{video_id}/ld.mp4"),
        }
    }
}

/// Puts the file into the bucket, submits a job and watches it to its end.
pub(super) async fn transcode(
    stage: &Stage,
    objects: &Objects,
    media: &MediaFile,
    report: &Report,
) -> Result<FinishedJob, Failure> {
    let file = File::open(&media.path).map_err(|error| Failure::file(&media.path, &error))?;
    let payload = Payload::file(Arc::new(file), 0, media.size);
    bucket(stage)?
        .put_object(&objects.input, payload, &ObjectHeaders::new())
        .await?;
    report.step(format!(
        "mps: {} put into bucket {}",
        objects.input, stage.bucket
    ));

    let mps = stage.place.mps(stage.credentials.clone())?;
    let location = OssLocation::of_region(&stage.place.region)?;
    let submit = TranscodeRequest::new(
        &stage.pipeline_id,
        JobInput::new(&stage.bucket, location, &objects.input),
    )
    .output(JobOutput::new(&objects.output, preset::MP4_LD))
    .build()?;
    let results = mps.send(submit).await?.into_inner().job_result_list;
    let Some(result) = results.into_iter().next() else {
        return Err(Failure::service("SubmitJobs answered without a job"));
    };
    // One request can hold good and bad outputs: each says for itself how it fared.
    let Some(job) = result.job.filter(|_| result.success != Some(false)) else {
        let (code, message) = (
            result.code.unwrap_or_default(),
            result.message.unwrap_or_default(),
        );
        return Err(Failure::service(format!("SubmitJobs: {code}: {message}")));
    };
    let job_id = job.job_id.unwrap_or_default();
    report.step(format!(
        "mps: job {job_id} submitted with template {}",
        preset::MP4_LD
    ));

    let mut last = None;
    let finished = JobWatcher::new(mps)
        .waits(Duration::from_millis(500), Duration::from_secs(30))
        .wait(&job_id, |state, percent| {
            let now = Some((state.clone(), percent));
            if last != now {
                report.step(format!(
                    "mps: job {job_id}: {state}, {}%",
                    percent.unwrap_or(0)
                ));
                last = now;
            }
        })
        .await?;
    if finished.state == JobState::TranscodeSuccess {
        return Ok(finished);
    }
    let (code, message) = (
        finished.job.code.unwrap_or_default(),
        finished.job.message.unwrap_or_default(),
    );
    Err(Failure::service(format!(
        "job {job_id} ended as {}: {code} {message}",
        finished.state
    )))
}

/// The bucket that the account has ready.
pub(super) fn bucket(stage: &Stage) -> Result<Bucket, Failure> {
    let builder = Bucket::builder(&stage.bucket, &stage.place.region)
        .credentials(stage.credentials.clone())
        .transport(Arc::clone(&stage.place.transport));
    let builder = match &stage.place.endpoint {
        Some(endpoint) => builder.endpoint(endpoint),
        None => builder,
    };
    Ok(builder.build()?)
}
