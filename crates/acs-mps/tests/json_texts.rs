//! The JSON that MPS takes in texts, as its documentation writes it.
#![allow(clippy::unwrap_used, reason = "a test")]

use acs_core::encode::encode;
use acs_core::model::JsonText;
use acs_core::operation::Operation;
use acs_mps::types::{
    Activity, Clip, Encryption, EncryptionRequired, Input, NotifyConfig, OssObject, Output,
    SnapshotConfig, TimeSpan, Topology, Video, WaterMark,
};
use acs_mps::{AddMediaWorkflow, AddPipeline, SubmitJobs, SubmitJobsRequired, SubmitSnapshotJob};
use serde_json::{Value, json};

/// What is sent under a name.
fn sent<O: Operation>(operation: &O, name: &str) -> String {
    let encoded = encode(operation, O::INFO).unwrap();
    let pair = encoded.query.into_iter().find(|(it, _)| it == name);
    pair.unwrap().1
}

fn parsed<O: Operation>(operation: &O, name: &str) -> Value {
    serde_json::from_str(&sent(operation, name)).unwrap()
}

fn submit(
    input: impl Into<JsonText<Input>>,
    outputs: impl Into<JsonText<Vec<Output>>>,
) -> SubmitJobs {
    SubmitJobs::new(SubmitJobsRequired {
        input: input.into(),
        outputs: outputs.into(),
        output_bucket: "out".to_owned(),
        pipeline_id: "p".to_owned(),
    })
}

fn input() -> Input {
    Input::new("in", "oss-cn-shanghai", "in.mp4")
}

#[test]
fn outputs_are_written_as_the_documentation_has_them() {
    let logo = OssObject::new("example-bucket", "oss-cn-hangzhou", "example-logo.png");
    let key = Encryption::new(EncryptionRequired {
        r#type: "hls-aes-128".to_owned(),
        key: "ZW5jcnlwdGlvbmtleTEyMw".to_owned(),
        key_type: "Base64".to_owned(),
        key_uri: "aHR0cDovL2FsaXl1bi5jb20vZG9jdW1lbnQvaGxzMTI4LmtleQ==".to_owned(),
    });
    let output = Output::new("{ObjectPrefix}{FileName}test.mp4", "S00000001-200010")
        .water_marks([WaterMark::new()
            .input_file(logo)
            .water_mark_template_id("88c6ca184c0e47098a5b665e2a126797")])
        .clip(Clip::new().time_span(TimeSpan::new().seek("123.45").duration("3.45")))
        .video(Video::new().bitrate("900"))
        .encryption(key);
    let request = submit(input(), [output]);
    assert_eq!(
        parsed(&request, "Outputs"),
        json!([{
            "OutputObject": "%7BObjectPrefix%7D%7BFileName%7Dtest.mp4",
            "TemplateId": "S00000001-200010",
            "WaterMarks": [{
                "InputFile": {"Bucket": "example-bucket", "Location": "oss-cn-hangzhou", "Object": "example-logo.png"},
                "WaterMarkTemplateId": "88c6ca184c0e47098a5b665e2a126797",
            }],
            "Clip": {"TimeSpan": {"Seek": "123.45", "Duration": "3.45"}},
            "Video": {"Bitrate": "900"},
            "Encryption": {
                "Type": "hls-aes-128",
                "Key": "ZW5jcnlwdGlvbmtleTEyMw",
                "KeyType": "Base64",
                "KeyUri": "aHR0cDovL2FsaXl1bi5jb20vZG9jdW1lbnQvaGxzMTI4LmtleQ==",
            },
        }])
    );
    assert!(!format!("{request:?}").contains("ZW5jcnlw"), "{request:?}");
}

/// Names that broke other SDKs: brackets, plus, percent, hash, question mark, Chinese.
#[test]
fn object_names_are_encoded_once_inside_the_json() {
    let request = submit(
        Input::new("in", "oss-cn-shanghai", "a b/[1]+%#?课程.mp4"),
        [Output::new("out.mp4", "t")],
    );
    assert_eq!(
        parsed(&request, "Input"),
        json!({
            "Bucket": "in",
            "Location": "oss-cn-shanghai",
            "Object": "a%20b%2F%5B1%5D%2B%25%23%3F%E8%AF%BE%E7%A8%8B.mp4",
        })
    );
}

#[test]
fn a_text_of_ones_own_is_sent_as_it_is_and_not_shown() {
    let text = r#"[{"OutputObject":"a","TemplateId":"t","New":{"Key":"secret"}}]"#;
    let request = submit(r#"{ "Bucket": "b" }"#, text);
    assert_eq!(sent(&request, "Outputs"), text);
    assert_eq!(sent(&request, "Input"), r#"{ "Bucket": "b" }"#);
    let shown = format!("{request:?}");
    assert!(
        shown.contains(&format!("Outputs: <JSON of {} bytes>", text.len())),
        "{shown}"
    );
    assert!(!shown.contains("secret"), "{shown}");
}

#[test]
fn what_is_wrong_inside_is_found_before_it_is_sent() {
    let refused = |request: &SubmitJobs| {
        let error = encode(request, SubmitJobs::INFO).unwrap_err();
        error.field().unwrap().to_owned()
    };
    let outputs = || [Output::new("out.mp4", "t")];
    let region = Input::new("in", "cn-shanghai", "in.mp4");
    assert_eq!(refused(&submit(region, outputs())), "Input.Location");
    assert_eq!(refused(&submit(input(), Vec::new())), "Outputs");
    let long = "x".repeat(1_025);
    let output = Output::new("out.mp4", "t").user_data(long);
    assert_eq!(refused(&submit(input(), [output])), "Outputs[0].UserData");
    let output = Output::new("out.mp4", "t").video(Video::new().bitrate("5"));
    assert_eq!(
        refused(&submit(input(), [output])),
        "Outputs[0].Video.Bitrate"
    );
}

#[test]
fn other_operations_take_typed_json_too() {
    let config = SnapshotConfig::new(OssObject::new("b", "oss-cn-shanghai", "{Count}.jpg"))
        .num("3")
        .interval("10");
    assert_eq!(
        parsed(&SubmitSnapshotJob::new(input(), config), "SnapshotConfig"),
        json!({
            "OutputFile": {"Bucket": "b", "Location": "oss-cn-shanghai", "Object": "%7BCount%7D.jpg"},
            "Num": "3",
            "Interval": "10",
        })
    );
    let pipeline = AddPipeline::new("name").notify_config(NotifyConfig::new().queue_name("q"));
    assert_eq!(parsed(&pipeline, "NotifyConfig"), json!({"QueueName": "q"}));
    let activities = [
        ("Act-Start".to_owned(), Activity::new("Start")),
        ("Act-Report".to_owned(), Activity::new("Report")),
    ];
    let topology = Topology::new(
        activities.into(),
        [("Act-Start".to_owned(), vec!["Act-Report".to_owned()])].into(),
    );
    assert_eq!(
        parsed(&AddMediaWorkflow::new("name", topology), "Topology"),
        json!({
            "Activities": {"Act-Start": {"Type": "Start"}, "Act-Report": {"Type": "Report"}},
            "Dependencies": {"Act-Start": ["Act-Report"]},
        })
    );
}
