//! MPS 2014-06-18 (`mts`): transcoding jobs over the objects of the user's bucket.
//!
//! A job's output is a copy of its input's bytes: the emulator has no codec.

mod job;
mod preset;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value, json};

use self::job::{End, Job};
pub(crate) use self::job::{Jobs, settle};
use self::preset::is_preset;
use crate::error::ServiceError;
use crate::oss::store::check_key;
use crate::rpc::Call;
use crate::state::Cloud;

type Result<T> = std::result::Result<T, ServiceError>;

const MAX_OUTPUTS: usize = 30;
const MAX_QUERY_IDS: usize = 10;
const MAX_USER_DATA_BYTES: usize = 1024;

pub(crate) fn call(call: &Call<'_>) -> Result<Value> {
    call.authorize_service("mts")?;
    match call.action {
        "SubmitJobs" => submit(call),
        "QueryJobList" => query_list(call),
        "CancelJob" => cancel(call),
        "SearchPipeline" => search_pipeline(call),
        other => Err(ServiceError::unsupported(other)),
    }
}

fn submit(call: &Call<'_>) -> Result<Value> {
    let cloud = call.cloud;
    let Some(Value::Object(input)) = json_parameter(call, "Input")? else {
        return Err(bad_json("Input", "JsonObject"));
    };
    let Some(Value::Array(outputs)) = json_parameter(call, "Outputs")? else {
        return Err(bad_json("Outputs", "JsonArray"));
    };
    check_pipeline(call)?;
    let source = source(cloud, &input)?;
    let location = call.optional("OutputLocation").unwrap_or("oss-cn-hangzhou");
    check_location(cloud, location)?;
    let output_bucket = call.required("OutputBucket")?;
    check_bucket(cloud, output_bucket)?;
    if outputs.is_empty() || outputs.len() > MAX_OUTPUTS {
        return Err(ServiceError::bad_request(
            "InvalidParameter.OutOfRange",
            "The specified parameter \"Outputs\" is out of range.",
        ));
    }
    let input = Value::Object(input);
    let results: Vec<Value> = outputs
        .iter()
        .map(|output| {
            let job = job(call, &input, &source, output_bucket, output);
            match job {
                Ok(job) => {
                    let shown = job.to_json(cloud);
                    cloud.jobs.lock().push(job);
                    json!({ "Success": true, "Code": "", "Message": "", "Job": shown })
                }
                Err(error) => json!({
                    "Success": false,
                    "Code": error.code,
                    "Message": error.message,
                }),
            }
        })
        .collect();
    Ok(json!({ "JobResultList": { "JobResult": results } }))
}

fn query_list(call: &Call<'_>) -> Result<Value> {
    let ids: Vec<&str> = call.required("JobIds")?.split(',').map(str::trim).collect();
    if ids.len() > MAX_QUERY_IDS {
        return Err(ServiceError::bad_request(
            "InvalidParameter.OutOfRange",
            "The specified parameter \"JobIds\" is out of range.",
        ));
    }
    let jobs = call.cloud.jobs.lock();
    let (mut found, mut missing) = (Vec::new(), Vec::new());
    for id in ids {
        match jobs.iter().find(|job| job.id == id) {
            Some(job) => found.push(job.to_json(call.cloud)),
            None => missing.push(id),
        }
    }
    Ok(json!({ "JobList": { "Job": found }, "NonExistJobIds": { "String": missing } }))
}

fn cancel(call: &Call<'_>) -> Result<Value> {
    let id = call.required("JobId")?;
    let now = (call.cloud.now)();
    let mut jobs = call.cloud.jobs.lock();
    let job = jobs.iter_mut().find(|job| job.id == id);
    let job = job.ok_or_else(|| not_found(id))?;
    let refusal = match (job.state(call.cloud), &job.end) {
        ("Submitted", _) => {
            job.end = Some(End::Cancelled { at: now });
            return Ok(json!({ "JobId": id }));
        }
        ("Transcoding", _) => ("JobInRunning", "running"),
        (_, Some(End::Failure { .. })) => ("JobInFailure", "failure"),
        _ => ("JobInComplete", "complete"),
    };
    let (code, state) = refusal;
    Err(ServiceError::forbidden(
        format!("PermissionDenied.{code}"),
        format!("The Job operated \"{id}\" is {state}, cannot cancel."),
    ))
}

fn search_pipeline(call: &Call<'_>) -> Result<Value> {
    let listed = match call.optional("State").unwrap_or("All") {
        "All" | "Active" => vec![json!({
            "Id": call.cloud.settings.pipeline_id,
            "Name": "mts-service-pipeline",
            "State": "Active",
            "Speed": "Standard",
            "SpeedLevel": 0,
            "QuotaAllocate": 10,
            "Role": "AliyunMTSDefaultRole",
            "NotifyConfig": { "QueueName": "", "Topic": "" },
        })],
        _ => Vec::new(),
    };
    Ok(json!({
        "TotalCount": listed.len(),
        "PageNumber": 1,
        "PageSize": 10,
        "PipelineList": { "Pipeline": listed },
    }))
}

/// Makes the job of one output; its refusal concerns this output only.
fn job(
    call: &Call<'_>,
    input: &Value,
    source: &(String, String),
    output_bucket: &str,
    output: &Value,
) -> Result<Job> {
    let text = |name: &str| {
        let value = output.get(name).and_then(Value::as_str);
        value.filter(|value| !value.is_empty()).ok_or_else(|| {
            ServiceError::bad_request(
                "InvalidParameter.NullValue",
                format!("The specified parameter \"{name}\" cannot be null."),
            )
        })
    };
    if !output.is_object() {
        return Err(bad_json("Outputs", "JsonObject"));
    }
    let output_key = output_key(text("OutputObject")?, &source.1)?;
    let template_id = text("TemplateId")?;
    if !is_preset(template_id) {
        return Err(ServiceError::bad_request(
            "InvalidParameter.TemplateNotFound",
            format!("The Template operated \"{template_id}\" cannot be found."),
        ));
    }
    let user_data = output.get("UserData").and_then(Value::as_str);
    if user_data.is_some_and(|data| data.len() > MAX_USER_DATA_BYTES) {
        return Err(ServiceError::bad_request(
            "InvalidParameter.OutOfRange",
            "The specified parameter \"UserData\" is out of range.",
        ));
    }
    let priority = output.get("Priority").and_then(Value::as_str);
    Ok(Job {
        id: call.cloud.random.hex(16),
        submitted: (call.cloud.now)(),
        input: input.clone(),
        source: source.clone(),
        output_bucket: output_bucket.to_owned(),
        output_key,
        template_id: template_id.to_owned(),
        priority: priority.unwrap_or("6").to_owned(),
        user_data: user_data.map(str::to_owned),
        end: None,
    })
}

/// Reads a parameter that holds JSON text; `None` if it is no JSON.
fn json_parameter(call: &Call<'_>, name: &str) -> Result<Option<Value>> {
    call.required(name)
        .map(|text| serde_json::from_str(text).ok())
}

/// The refusal of a parameter that is not a `JsonObject` or `JsonArray`.
fn bad_json(name: &str, kind: &str) -> ServiceError {
    let words = match kind {
        "JsonArray" => "JSON Array",
        _ => "JSON Object",
    };
    ServiceError::bad_request(
        format!("InvalidParameter.{kind}FormatInvalid"),
        format!("The parameter \"{name}\" does not conform to the {words} specification."),
    )
}

/// Finds the object that `Input` names: its name is percent-encoded once inside the JSON.
fn source(cloud: &Cloud, input: &Map<String, Value>) -> Result<(String, String)> {
    let text = |name: &str| {
        let value = input.get(name).and_then(Value::as_str);
        value.filter(|value| !value.is_empty()).ok_or_else(|| {
            ServiceError::bad_request(
                "InvalidParameter.NullValue",
                format!("The specified parameter \"{name}\" cannot be null."),
            )
        })
    };
    let bucket = text("Bucket")?;
    check_location(cloud, text("Location")?)?;
    check_bucket(cloud, bucket)?;
    let object = text("Object")?;
    let key = decoded_key(object)?;
    match cloud.store.object(bucket, &key) {
        Some(_) => Ok((bucket.to_owned(), key)),
        None => Err(not_found(object)),
    }
}

fn check_pipeline(call: &Call<'_>) -> Result<()> {
    let id = call.required("PipelineId")?;
    if id == call.cloud.settings.pipeline_id {
        return Ok(());
    }
    Err(not_found(id))
}

fn check_location(cloud: &Cloud, given: &str) -> Result<()> {
    let own = location(cloud);
    if given == own {
        return Ok(());
    }
    Err(ServiceError::bad_request(
        "InvalidParameter.LocationInvalid",
        format!("The location \"{given}\" is invalid. The buckets of this emulator are in {own}."),
    ))
}

fn check_bucket(cloud: &Cloud, bucket: &str) -> Result<()> {
    if bucket == cloud.settings.user_bucket {
        return Ok(());
    }
    Err(ServiceError::forbidden(
        "PermissionDenied.ResourceAccess",
        format!("MTS not authorized to operate on the specified resource \"{bucket}\"."),
    ))
}

fn location(cloud: &Cloud) -> String {
    format!("oss-{}", cloud.settings.region)
}

fn decoded_key(object: &str) -> Result<String> {
    let key = percent_decode_str(object).decode_utf8();
    key.ok()
        .filter(|key| check_key(key).is_ok())
        .map(std::borrow::Cow::into_owned)
        .ok_or_else(|| {
            ServiceError::bad_request(
                "InvalidParameter.ObjectKeyInvalid",
                format!("The object key \"{object}\" is invalid."),
            )
        })
}

/// Fills in the placeholders of an `OutputObject` from the name of the input.
fn output_key(object: &str, source_key: &str) -> Result<String> {
    let pattern = decoded_key(object)?;
    let (prefix, file) = match source_key.rfind('/') {
        Some(slash) => source_key.split_at(slash + 1),
        None => ("", source_key),
    };
    let (name, extension) = file.rsplit_once('.').unwrap_or((file, ""));
    let key = pattern
        .replace("{ObjectPrefix}", prefix)
        .replace("{FileName}", name)
        .replace("{ExtName}", extension);
    if pattern.contains("{DestMd5}") || pattern.contains("{DestAvgBitrate}") {
        return Err(ServiceError::bad_request(
            "InvalidParameter.NotSupported",
            "The specified parameter \"OutputObject\" is not supported: the emulator knows \
             {ObjectPrefix}, {FileName} and {ExtName}.",
        ));
    }
    Ok(key)
}

fn not_found(what: &str) -> ServiceError {
    ServiceError::bad_request(
        "InvalidParameter.ResourceNotFound",
        format!("The resource operated \"{what}\" cannot be found."),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_filled_from_the_inputs_name() {
        let key = |object| output_key(object, "in/课程 +1.mp4").unwrap();
        assert_eq!(key("out%2F%7BFileName%7D.m3u8"), "out/课程 +1.m3u8");
        assert_eq!(key("%7BObjectPrefix%7Dx.%7BExtName%7D"), "in/x.mp4");
        assert_eq!(key("plain.mp4"), "plain.mp4");
        assert_eq!(
            output_key("%7BDestMd5%7D.mp4", "a.mp4").unwrap_err().code,
            "InvalidParameter.NotSupported"
        );
        assert_eq!(
            output_key("%FF", "a.mp4").unwrap_err().code,
            "InvalidParameter.ObjectKeyInvalid"
        );
    }
}
