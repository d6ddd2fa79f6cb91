//! What is different on Alibaba Cloud itself: consent before, and cleaning up after.

use std::io::{IsTerminal as _, Write as _};

use acs_vod::DeleteVideo;
use tokio::sync::oneshot;

use super::stage::Stage;
use super::transcode::{Objects, bucket};
use crate::args::{Demo, Method};
use crate::failure::Failure;
use crate::report::Report;

const NEEDS: &str = "\
--live runs on Alibaba Cloud. It needs, in the region of --region:
  - a RAM user's key in the environment, with AliyunVODFullAccess, AliyunMTSFullAccess and AliyunOSSFullAccess
    (a custom OSS policy for the bucket will do), and sts:AssumeRole on the role for --method sts
  - VOD and MPS turned on, and the service role AliyunMTSDefaultRole
  - --bucket NAME     an OSS bucket of yours, bound to MPS as input and output
  - --pipeline ID     an active MPS pipeline
  - --role-arn ARN    for --method sts: a role that trusts your account and may vod:CreateUploadVideo
It may cost: storage and traffic of the file in VOD and OSS, and one low-definition transcoding of its length.
At the end it deletes the video and both objects.";

/// Lists what the demo needs and may cost, and asks whether to go on.
pub(super) async fn ask(args: &Demo) -> Result<(), Failure> {
    let mut out = std::io::stderr();
    // On standard error, so that it is read also where the output is JSON for a program.
    _ = writeln!(out, "{NEEDS}");
    let has_all = args.bucket.is_some()
        && args.pipeline.is_some()
        && (args.method == Method::Credential || args.role_arn.is_some());
    if !has_all || args.yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::usage(
            "--live asks before it begins, and here is nobody to answer: add --yes",
        ));
    }
    // If the question can't be shown, the answer below is still asked for.
    _ = write!(out, "Go on? [y/N] ").and_then(|()| out.flush());
    // A thread of its own, which the end of the process doesn't wait for: Ctrl-C may come in place of an answer.
    let (tell, told) = oneshot::channel();
    std::thread::spawn(move || {
        let mut answer = String::new();
        let read = std::io::stdin().read_line(&mut answer);
        _ = tell.send(read.map(|_| answer));
    });
    if let Ok(Ok(answer)) = told.await
        && matches!(answer.trim(), "y" | "Y" | "yes")
    {
        return Ok(());
    }
    Err(Failure::usage("stopped before anything was sent"))
}

/// Deletes what the demo made. It goes on after a failure, and reports each.
pub(super) async fn clean_up(stage: &Stage, video_id: &str, objects: &Objects, report: &Report) {
    let delete_video = async {
        let vod = stage.place.vod(stage.credentials.clone())?;
        vod.send(DeleteVideo::new().video_ids([video_id])).await?;
        Ok::<_, Failure>(())
    };
    tell(&format!("video {video_id}"), delete_video.await, report);
    for key in [&objects.input, &objects.output] {
        let delete_object = async { Ok::<_, Failure>(bucket(stage)?.delete_object(key).await?) };
        tell(&format!("object {key}"), delete_object.await, report);
    }
}

fn tell(what: &str, result: Result<(), Failure>, report: &Report) {
    match result {
        Ok(()) => report.step(format!("{what} deleted")),
        Err(failure) => report.warning(&format!("{what} is left: {failure}")),
    }
}
