use std::fmt;

use acs_core::Error;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::{Serialize, Serializer};

use crate::{SubmitJobs, SubmitJobsRequired};

/// Where an OSS bucket is, as MPS spells it: `oss-cn-shanghai` for the region `cn-shanghai`.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct OssLocation(String);

impl OssLocation {
    /// Makes the location of a region.
    ///
    /// # Errors
    /// The text is no region id, or is a location already.
    pub fn of_region(region: &str) -> Result<Self, Error> {
        acs_core::check_region(region)?;
        Ok(Self(format!("oss-{region}")))
    }

    /// Returns the location as MPS spells it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for OssLocation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The object that a job reads.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobInput {
    bucket: String,
    #[serde(serialize_with = "as_text")]
    location: OssLocation,
    #[serde(serialize_with = "encoded")]
    object: String,
}

impl JobInput {
    /// Names an object by its plain key, not percent-encoded.
    pub fn new(
        bucket: impl Into<String>,
        location: OssLocation,
        object: impl Into<String>,
    ) -> Self {
        Self {
            bucket: bucket.into(),
            location,
            object: object.into(),
        }
    }
}

/// One output of a job.
#[derive(Clone, Debug, Eq, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub struct JobOutput {
    #[serde(serialize_with = "encoded")]
    output_object: String,
    template_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_data: Option<String>,
}

impl JobOutput {
    /// Writes to an object, named by its plain key, with a template: one of [`preset`](crate::job::preset) or your own.
    pub fn new(output_object: impl Into<String>, template_id: impl Into<String>) -> Self {
        Self {
            output_object: output_object.into(),
            template_id: template_id.into(),
            user_data: None,
        }
    }

    /// Adds a text that comes back with the job, at most 1,024 bytes.
    #[must_use]
    pub fn user_data(mut self, text: impl Into<String>) -> Self {
        self.user_data = Some(text.into());
        self
    }
}

/// A typed `SubmitJobs`: one input, up to 30 outputs, one job each.
///
/// ```
/// use acs_mps::job::{JobInput, JobOutput, OssLocation, TranscodeRequest, preset};
///
/// # fn main() -> Result<(), acs_core::Error> {
/// let location = OssLocation::of_region("cn-shanghai")?;
/// let submit = TranscodeRequest::new("pipeline-id", JobInput::new("in-bucket", location.clone(), "raw/课程 1.mp4"))
///     .to_bucket("out-bucket", location)
///     .output(JobOutput::new("ld/课程 1.mp4", preset::MP4_LD))
///     .build()?;
/// assert!(submit.input.contains("raw%2F%E8%AF%BE%E7%A8%8B%201.mp4"));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct TranscodeRequest {
    pipeline_id: String,
    output_bucket: String,
    output_location: OssLocation,
    input: JobInput,
    outputs: Vec<JobOutput>,
}

impl TranscodeRequest {
    /// Starts with an input; the outputs go to its bucket, until [`to_bucket`](Self::to_bucket) says otherwise.
    pub fn new(pipeline_id: impl Into<String>, input: JobInput) -> Self {
        Self {
            pipeline_id: pipeline_id.into(),
            output_bucket: input.bucket.clone(),
            output_location: input.location.clone(),
            input,
            outputs: Vec::new(),
        }
    }

    /// Sets the bucket of the outputs. It must be in the region of the pipeline.
    pub fn to_bucket(mut self, bucket: impl Into<String>, location: OssLocation) -> Self {
        self.output_bucket = bucket.into();
        self.output_location = location;
        self
    }

    /// Adds an output.
    pub fn output(mut self, output: JobOutput) -> Self {
        self.outputs.push(output);
        self
    }

    /// Makes the operation to send. It always names `OutputLocation`, whose default is Hangzhou in any region.
    ///
    /// # Errors
    /// No output, more than 30, or `UserData` of more than 1,024 bytes.
    pub fn build(self) -> Result<SubmitJobs, Error> {
        if self.outputs.is_empty() || self.outputs.len() > 30 {
            let reason = format!("must hold 1 to 30 outputs, not {}", self.outputs.len());
            return Err(Error::invalid_parameter("Outputs", reason));
        }
        if self.outputs.iter().any(|output| {
            output
                .user_data
                .as_ref()
                .is_some_and(|text| text.len() > 1_024)
        }) {
            return Err(Error::invalid_parameter(
                "Outputs.UserData",
                "must have at most 1,024 bytes",
            ));
        }
        let submit = SubmitJobs::new(SubmitJobsRequired {
            input: json(&self.input)?,
            outputs: json(&self.outputs)?,
            output_bucket: self.output_bucket,
            pipeline_id: self.pipeline_id,
        });
        Ok(submit.output_location(self.output_location.0))
    }
}

fn json(value: &impl Serialize) -> Result<String, Error> {
    serde_json::to_string(value)
        .map_err(|error| Error::invalid_parameter("Input", error.to_string()))
}

fn as_text<S: Serializer>(location: &OssLocation, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&location.0)
}

fn encoded<S: Serializer>(key: &str, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&encode_object(key))
}

/// What MPS wants percent-encoded in an object name inside its JSON: all but RFC 3986's unreserved characters, so
/// `/` too, and blanks as `%20`.
const OBJECT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~');

fn encode_object(key: &str) -> String {
    utf8_percent_encode(key, OBJECT).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn object_names_are_encoded_once_inside_the_json() {
        // Names that broke other SDKs: brackets, plus, percent, hash, question mark, Chinese.
        let key = "a b/[1]+%#?课程.mp4";
        assert_eq!(
            encode_object(key),
            "a%20b%2F%5B1%5D%2B%25%23%3F%E8%AF%BE%E7%A8%8B.mp4"
        );
    }

    #[test]
    fn the_output_location_is_always_named() {
        let location = OssLocation::of_region("cn-shanghai").unwrap();
        let submit = TranscodeRequest::new("p", JobInput::new("b", location, "in.mp4"))
            .output(JobOutput::new("out.mp4", preset_id()))
            .build()
            .unwrap();
        assert_eq!(submit.output_location.as_deref(), Some("oss-cn-shanghai"));
        assert_eq!(
            submit.input,
            r#"{"Bucket":"b","Location":"oss-cn-shanghai","Object":"in.mp4"}"#
        );
        assert_eq!(
            submit.outputs,
            r#"[{"OutputObject":"out.mp4","TemplateId":"S00000001-200010"}]"#
        );
    }

    #[test]
    fn a_request_without_outputs_is_refused_before_it_is_sent() {
        let location = OssLocation::of_region("cn-shanghai").unwrap();
        let error = TranscodeRequest::new("p", JobInput::new("b", location, "in.mp4"))
            .build()
            .unwrap_err();
        assert_eq!(error.field(), Some("Outputs"));
    }

    fn preset_id() -> &'static str {
        crate::job::preset::MP4_LD
    }
}
