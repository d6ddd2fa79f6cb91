//! Jobs: their states by the clock, and their ends.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::{Result, location, not_found};
use crate::clock::{self, plus};
use crate::oss::store::Object;
use crate::query;
use crate::state::Cloud;

/// The jobs of the account, oldest first.
#[derive(Default)]
pub(crate) struct Jobs(Mutex<Vec<Job>>);

/// One output of SubmitJobs.
pub(super) struct Job {
    pub(super) id: String,
    pub(super) submitted: DateTime<Utc>,
    /// `Input` as it was sent.
    pub(super) input: Value,
    /// Bucket and key of the input.
    pub(super) source: (String, String),
    pub(super) output_bucket: String,
    pub(super) output_key: String,
    pub(super) template_id: String,
    pub(super) priority: String,
    pub(super) user_data: Option<String>,
    pub(super) end: Option<End>,
}

/// How a job ended.
pub(super) enum End {
    Success { size: u64 },
    Failure { code: String, message: String },
    Cancelled { at: DateTime<Utc> },
}

/// Ends the jobs whose time has come: their outputs appear.
///
/// Runs before every request, so that a job ends by the clock and not by being looked at.
pub(crate) fn settle(cloud: &Cloud) {
    let now = (cloud.now)();
    let mut jobs = cloud.jobs.lock();
    for job in jobs.iter_mut().filter(|job| job.end.is_none()) {
        let finished = job.finishes(cloud.settings.step);
        if now < finished {
            continue;
        }
        job.end = Some(match job.write_output(cloud, finished) {
            Ok(object) => End::Success { size: object.size },
            Err(error) => End::Failure {
                code: error.code.into_owned(),
                message: error.message,
            },
        });
    }
}

impl Jobs {
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<Job>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Job {
    fn finishes(&self, step: Duration) -> DateTime<Utc> {
        plus(self.submitted, step * 3)
    }

    fn write_output(&self, cloud: &Cloud, finished: DateTime<Utc>) -> Result<Object> {
        let (bucket, key) = &self.source;
        let source = cloud.store.object(bucket, key);
        let source = source.ok_or_else(|| not_found(key))?;
        let target = (self.output_bucket.as_str(), self.output_key.as_str());
        cloud.store.copy(&source, target, finished)?;
        Ok(source)
    }

    pub(super) fn state(&self, cloud: &Cloud) -> &'static str {
        match self.end {
            Some(End::Success { .. }) => "TranscodeSuccess",
            Some(End::Failure { .. }) => "TranscodeFail",
            Some(End::Cancelled { .. }) => "TranscodeCancelled",
            None if self.age(cloud) < cloud.settings.step => "Submitted",
            None => "Transcoding",
        }
    }

    fn percent(&self, cloud: &Cloud) -> u32 {
        let step = cloud.settings.step.as_secs_f64();
        match self.state(cloud) {
            "TranscodeSuccess" => 100,
            // One step of waiting, then two of work.
            "Transcoding" if step > 0.0 => {
                let done = (self.age(cloud).as_secs_f64() - step) / (2.0 * step);
                (done * 100.0).clamp(0.0, 99.0) as u32
            }
            _ => 0,
        }
    }

    fn age(&self, cloud: &Cloud) -> Duration {
        let age = (cloud.now)() - self.submitted;
        age.to_std().unwrap_or_default()
    }

    pub(super) fn to_json(&self, cloud: &Cloud) -> Value {
        let (code, message) = match &self.end {
            Some(End::Failure { code, message }) => (code.as_str(), message.as_str()),
            _ => ("", ""),
        };
        let mut output = json!({
            "OutputFile": {
                "Bucket": self.output_bucket,
                "Location": location(cloud),
                "Object": query::encode(&self.output_key).replace("%2F", "/"),
            },
            "TemplateId": self.template_id,
            "Priority": self.priority,
        });
        if let Some(user_data) = &self.user_data {
            output["UserData"] = user_data.as_str().into();
        }
        if let Some(End::Success { size }) = self.end {
            output["Properties"] = json!({ "FileSize": size.to_string() });
        }
        let mut job = json!({
            "JobId": self.id,
            "PipelineId": cloud.settings.pipeline_id,
            "State": self.state(cloud),
            "Code": code,
            "Message": message,
            "Percent": self.percent(cloud),
            "CreationTime": clock::iso_seconds(self.submitted),
            "Input": self.input,
            "Output": output,
        });
        let finished = match &self.end {
            None => None,
            Some(End::Cancelled { at }) => Some(*at),
            Some(_) => Some(self.finishes(cloud.settings.step)),
        };
        if let Some(finished) = finished {
            job["FinishTime"] = clock::iso_seconds(finished).into();
        }
        job
    }
}
