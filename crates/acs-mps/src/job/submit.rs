use std::fmt;

use acs_core::Error;

use crate::types::{Input, Output};
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

/// The object that a job reads: an [`Input`] whose location can't be a region by mistake.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobInput {
    bucket: String,
    location: OssLocation,
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

impl From<JobInput> for Input {
    fn from(input: JobInput) -> Self {
        Self::new(input.bucket, input.location.0, input.object)
    }
}

/// One output of a job; [`Output`] has all that it can be.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct JobOutput {
    output_object: String,
    template_id: String,
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

impl From<JobOutput> for Output {
    fn from(output: JobOutput) -> Self {
        let mut made = Self::new(output.output_object, output.template_id);
        made.user_data = output.user_data;
        made
    }
}

/// A `SubmitJobs` that can't leave the outputs' location to its default: one input, up to 30 outputs, one job each.
///
/// ```
/// use acs_mps::job::{JobInput, JobOutput, OssLocation, TranscodeRequest, preset};
/// use acs_mps::types::{Output, Video};
///
/// # fn main() -> Result<(), acs_core::Error> {
/// let location = OssLocation::of_region("cn-shanghai")?;
/// let input = JobInput::new("in-bucket", location.clone(), "raw/课程 1.mp4");
/// let narrow = Output::new("narrow/课程 1.mp4", preset::MP4_LD).video(Video::new().width("640"));
/// let submit = TranscodeRequest::new("pipeline-id", input)
///     .to_bucket("out-bucket", location)
///     .output(JobOutput::new("ld/课程 1.mp4", preset::MP4_LD))
///     .output(narrow)
///     .build()?;
/// assert_eq!(submit.outputs.typed().map(Vec::len), Some(2));
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
    outputs: Vec<Output>,
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

    /// Adds an output: a [`JobOutput`], or an [`Output`] with more.
    pub fn output(mut self, output: impl Into<Output>) -> Self {
        self.outputs.push(output.into());
        self
    }

    /// Makes the operation to send. It always names `OutputLocation`, whose default is Hangzhou in any region.
    ///
    /// # Errors
    /// No output, or more than 30.
    pub fn build(self) -> Result<SubmitJobs, Error> {
        if self.outputs.is_empty() || self.outputs.len() > 30 {
            let reason = format!("must hold 1 to 30 outputs, not {}", self.outputs.len());
            return Err(Error::invalid_parameter("Outputs", reason));
        }
        let submit = SubmitJobs::new(SubmitJobsRequired {
            input: Input::from(self.input).into(),
            outputs: self.outputs.into(),
            output_bucket: self.output_bucket,
            pipeline_id: self.pipeline_id,
        });
        Ok(submit.output_location(self.output_location.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_output_location_is_always_named() {
        let location = OssLocation::of_region("cn-shanghai").unwrap();
        let submit = TranscodeRequest::new("p", JobInput::new("b", location, "in.mp4"))
            .output(JobOutput::new("out.mp4", crate::job::preset::MP4_LD))
            .build()
            .unwrap();
        assert_eq!(submit.output_location.as_deref(), Some("oss-cn-shanghai"));
    }

    #[test]
    fn a_request_without_outputs_is_refused_before_it_is_sent() {
        let location = OssLocation::of_region("cn-shanghai").unwrap();
        let error = TranscodeRequest::new("p", JobInput::new("b", location, "in.mp4"))
            .build()
            .unwrap_err();
        assert_eq!(error.field(), Some("Outputs"));
    }
}
