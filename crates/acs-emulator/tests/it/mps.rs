//! Transcoding jobs: what SubmitJobs takes, and how jobs come to their ends.

use std::time::Duration;

use serde_json::{Value, json};

use crate::support::{Cloud, MPS, noise, text};

const PRESET: &str = "S00000001-200030";

/// Puts `key` into the user's bucket.
async fn put(cloud: &Cloud, key: &str, bytes: &[u8]) {
    let object = (cloud.emulator.bucket(), key);
    cloud
        .oss(&cloud.user(), "PUT", object, &[], bytes)
        .await
        .ok();
}

fn input(cloud: &Cloud, object: &str) -> Value {
    json!({ "Bucket": cloud.emulator.bucket(), "Location": "oss-cn-shanghai", "Object": object })
}

struct Submit {
    input: String,
    outputs: String,
    bucket: String,
    location: Option<String>,
    pipeline: String,
}

impl Submit {
    fn new(cloud: &Cloud, object: &str, outputs: &Value) -> Self {
        Self {
            input: input(cloud, object).to_string(),
            outputs: outputs.to_string(),
            bucket: cloud.emulator.bucket().to_owned(),
            location: Some("oss-cn-shanghai".to_owned()),
            pipeline: cloud.emulator.pipeline_id().to_owned(),
        }
    }

    async fn send(&self, cloud: &Cloud) -> crate::support::Reply {
        let mut parameters = vec![
            ("Input", self.input.as_str()),
            ("Outputs", &self.outputs),
            ("OutputBucket", &self.bucket),
            ("PipelineId", &self.pipeline),
        ];
        if let Some(location) = &self.location {
            parameters.push(("OutputLocation", location));
        }
        cloud
            .call(&cloud.user(), MPS, "SubmitJobs", &parameters)
            .await
    }
}

async fn query(cloud: &Cloud, ids: &str) -> Value {
    let reply = cloud
        .call(&cloud.user(), MPS, "QueryJobList", &[("JobIds", ids)])
        .await;
    reply.ok().json()
}

async fn submit_one(cloud: &Cloud, object: &str, output: &str) -> String {
    let outputs = json!([{ "OutputObject": output, "TemplateId": PRESET }]);
    let answer = Submit::new(cloud, object, &outputs).send(cloud).await.ok();
    text(&answer.json()["JobResultList"]["JobResult"][0]["Job"]["JobId"])
}

#[tokio::test]
async fn a_job_moves_through_its_states_by_the_clock_and_copies_the_bytes() {
    let cloud = Cloud::start().await;
    let bytes = noise(150_000, 3);
    put(&cloud, "in/课程 +1.mp4", &bytes).await;
    let encoded = "in%2F%E8%AF%BE%E7%A8%8B%20%2B1.mp4";
    let job_id = submit_one(&cloud, encoded, "out%2F%7BFileName%7D.mp4").await;
    let output = (cloud.emulator.bucket(), "out/课程 +1.mp4");
    for (state, percent) in [
        ("Submitted", 0),
        ("Transcoding", 0),
        ("Transcoding", 50),
        ("TranscodeSuccess", 100),
    ] {
        let job = &query(&cloud, &job_id).await["JobList"]["Job"][0];
        assert_eq!(
            (text(&job["State"]).as_str(), &job["Percent"]),
            (state, &json!(percent))
        );
        let reply = cloud.oss(&cloud.user(), "GET", output, &[], b"").await;
        assert_eq!(reply.status == 200, state == "TranscodeSuccess");
        cloud.clock.advance(Duration::from_secs(10));
    }
    let copied = cloud.oss(&cloud.user(), "GET", output, &[], b"").await;
    assert_eq!(copied.ok().body, bytes);
    let answer = query(&cloud, &job_id).await;
    let job = &answer["JobList"]["Job"][0];
    assert_eq!(job["FinishTime"], "2026-11-20T08:16:00Z");
    assert_eq!(job["Input"]["Object"], encoded);
    assert_eq!(
        job["Output"]["OutputFile"]["Object"],
        "out/%E8%AF%BE%E7%A8%8B%20%2B1.mp4"
    );
    assert_eq!(job["Output"]["Properties"]["FileSize"], "150000");
}

#[tokio::test]
async fn an_output_is_replaced_without_touching_its_input() {
    let cloud = Cloud::start().await;
    put(&cloud, "a.mp4", b"first").await;
    submit_one(&cloud, "a.mp4", "b.mp4").await;
    cloud.clock.advance(Duration::from_secs(30));
    put(&cloud, "b.mp4", b"second").await;
    let object = (cloud.emulator.bucket(), "a.mp4");
    let input = cloud.oss(&cloud.user(), "GET", object, &[], b"").await;
    assert_eq!(input.ok().body, b"first");
}

#[tokio::test]
async fn each_output_has_a_result_of_its_own() {
    let cloud = Cloud::start().await;
    put(&cloud, "a.mp4", b"x").await;
    let outputs = json!([
        { "OutputObject": "ok.mp4", "TemplateId": PRESET, "UserData": "order-1" },
        { "OutputObject": "x.mp4", "TemplateId": "S00000001-999999" },
        { "TemplateId": PRESET },
        { "OutputObject": "x.mp4" },
        "no object",
    ]);
    let answer = Submit::new(&cloud, "a.mp4", &outputs)
        .send(&cloud)
        .await
        .ok();
    let answer = answer.json();
    let results = answer["JobResultList"]["JobResult"].as_array().unwrap();
    let codes: Vec<String> = results.iter().map(|result| text(&result["Code"])).collect();
    assert_eq!(
        codes,
        [
            "",
            "InvalidParameter.TemplateNotFound",
            "InvalidParameter.NullValue",
            "InvalidParameter.NullValue",
            "InvalidParameter.JsonObjectFormatInvalid",
        ]
    );
    assert_eq!(results[0]["Success"], true);
    assert_eq!(results[0]["Job"]["Output"]["UserData"], "order-1");
    assert!(results[1..].iter().all(|result| result["Success"] == false));
    assert_eq!(
        results[1]["Message"],
        "The Template operated \"S00000001-999999\" cannot be found."
    );
}

#[tokio::test]
async fn what_submit_jobs_cannot_use_is_refused_with_the_documented_codes() {
    let cloud = Cloud::start().await;
    put(&cloud, "a.mp4", b"x").await;
    let good = || {
        let outputs = json!([{ "OutputObject": "b.mp4", "TemplateId": PRESET }]);
        Submit::new(&cloud, "a.mp4", &outputs)
    };
    let many = vec![json!({ "OutputObject": "b.mp4", "TemplateId": PRESET }); 31];
    let mut cases = Vec::new();
    let mut case = |status: u16, code: &'static str, change: &dyn Fn(&mut Submit)| {
        let mut submit = good();
        change(&mut submit);
        cases.push((submit, status, code));
    };
    case(400, "InvalidParameter.JsonObjectFormatInvalid", &|s| {
        s.input = "{".into();
    });
    case(400, "InvalidParameter.JsonObjectFormatInvalid", &|s| {
        s.input = "[]".into();
    });
    case(400, "InvalidParameter.JsonArrayFormatInvalid", &|s| {
        s.outputs = "{}".into();
    });
    case(400, "InvalidParameter.OutOfRange", &|s| {
        s.outputs = "[]".into();
    });
    case(400, "InvalidParameter.OutOfRange", &|s| {
        s.outputs = json!(many).to_string();
    });
    case(400, "InvalidParameter.ResourceNotFound", &|s| {
        s.pipeline = "p".into();
    });
    case(400, "InvalidParameter.ResourceNotFound", &|s| {
        s.input = input(&cloud, "absent.mp4").to_string();
    });
    case(400, "InvalidParameter.ObjectKeyInvalid", &|s| {
        s.input = input(&cloud, "%FF").to_string();
    });
    case(403, "PermissionDenied.ResourceAccess", &|s| {
        s.bucket = "theirs".into();
    });
    case(400, "InvalidParameter.LocationInvalid", &|s| {
        s.location = Some("cn-shanghai".into());
    });
    // The default is Hangzhou, wherever the buckets are.
    case(400, "InvalidParameter.LocationInvalid", &|s| {
        s.location = None;
    });
    case(400, "MissingPipelineId", &|s| {
        s.pipeline.clear();
    });
    for (submit, status, code) in cases {
        submit.send(&cloud).await.refused(status, code);
    }
    good().send(&cloud).await.ok();
}

#[tokio::test]
async fn a_job_whose_input_has_gone_fails() {
    let cloud = Cloud::start().await;
    put(&cloud, "a.mp4", b"x").await;
    let job_id = submit_one(&cloud, "a.mp4", "b.mp4").await;
    let object = (cloud.emulator.bucket(), "a.mp4");
    let user = cloud.user();
    cloud.oss(&user, "DELETE", object, &[], b"").await.ok();
    cloud.clock.advance(Duration::from_secs(30));
    let job = &query(&cloud, &job_id).await["JobList"]["Job"][0];
    assert_eq!(job["State"], "TranscodeFail");
    assert_eq!(job["Code"], "InvalidParameter.ResourceNotFound");
}

#[tokio::test]
async fn only_a_submitted_job_can_be_cancelled() {
    let cloud = Cloud::start().await;
    put(&cloud, "a.mp4", b"x").await;
    let cancel = async |id: &str| {
        cloud
            .call(&cloud.user(), MPS, "CancelJob", &[("JobId", id)])
            .await
    };
    let cancelled = submit_one(&cloud, "a.mp4", "b.mp4").await;
    cancel(&cancelled).await.ok();
    let job_id = submit_one(&cloud, "a.mp4", "c.mp4").await;
    cloud.clock.advance(Duration::from_secs(10));
    cancel(&job_id)
        .await
        .refused(403, "PermissionDenied.JobInRunning");
    cloud.clock.advance(Duration::from_secs(20));
    cancel(&job_id)
        .await
        .refused(403, "PermissionDenied.JobInComplete");
    cancel("nobody")
        .await
        .refused(400, "InvalidParameter.ResourceNotFound");
    let job = &query(&cloud, &cancelled).await["JobList"]["Job"][0];
    assert_eq!(job["State"], "TranscodeCancelled");
    let object = (cloud.emulator.bucket(), "b.mp4");
    let reply = cloud.oss(&cloud.user(), "GET", object, &[], b"").await;
    reply.oss_refused(404, "NoSuchKey");
}

#[tokio::test]
async fn ten_jobs_are_asked_for_at_most_and_unknown_ones_are_listed() {
    let cloud = Cloud::start().await;
    put(&cloud, "a.mp4", b"x").await;
    let job_id = submit_one(&cloud, "a.mp4", "b.mp4").await;
    let answer = query(&cloud, &format!("{job_id},nobody")).await;
    assert_eq!(answer["JobList"]["Job"].as_array().unwrap().len(), 1);
    assert_eq!(answer["NonExistJobIds"]["String"], json!(["nobody"]));
    let eleven = ["x"; 11].join(",");
    let reply = cloud
        .call(&cloud.user(), MPS, "QueryJobList", &[("JobIds", &eleven)])
        .await;
    reply.refused(400, "InvalidParameter.OutOfRange");
}

#[tokio::test]
async fn the_pipeline_is_found() {
    let cloud = Cloud::start().await;
    let reply = cloud.call(&cloud.user(), MPS, "SearchPipeline", &[]).await;
    let answer = reply.ok().json();
    let pipeline = &answer["PipelineList"]["Pipeline"][0];
    assert_eq!(text(&pipeline["Id"]), cloud.emulator.pipeline_id());
    assert_eq!(pipeline["State"], "Active");
}
