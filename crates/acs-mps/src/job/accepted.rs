use acs_core::{Error, ServiceError};

use crate::SubmitJobsOutput;
use crate::types::submit_jobs::{Job, JobResult};

impl SubmitJobsOutput {
    /// Returns the job of each output, in the order of the outputs, or why it was refused: one request can hold good
    /// and bad ones, and is answered with success all the same.
    ///
    /// # Errors
    /// Those in the list have the service's code and message, and the request's id.
    pub fn into_jobs(self) -> Vec<Result<Job, Error>> {
        let request_id = self.request_id;
        self.job_result_list
            .into_iter()
            .map(|result| accepted(result, request_id.as_deref()))
            .collect()
    }
}

fn accepted(result: JobResult, request_id: Option<&str>) -> Result<Job, Error> {
    if let (Some(job), Some(true) | None) = (result.job, result.success) {
        return Ok(job);
    }
    let mut refusal = ServiceError::default();
    refusal.status = 200;
    refusal.code = result.code.unwrap_or_default();
    refusal.message = result.message.unwrap_or_default();
    refusal.request_id = request_id.map(str::to_owned);
    Err(Error::service(refusal).with_action("SubmitJobs"))
}

#[cfg(test)]
mod tests {
    use acs_core::decode::decode;

    use super::*;

    #[test]
    fn a_refused_output_is_an_error_beside_the_accepted_ones() {
        let body = include_bytes!("../../tests/operations/answers/SubmitJobs.json");
        let mut output = SubmitJobsOutput::default();
        decode(&body.to_vec().into(), &mut output).unwrap();
        let jobs = output.into_jobs();
        let id = jobs[0].as_ref().unwrap().job_id.as_deref();
        assert_eq!(id, Some("c4e2a0869b7d4f51a3c5e7092b4d6f81"));
        let error = jobs[1].as_ref().unwrap_err();
        assert_eq!(error.code(), Some("InvalidParameter.TemplateNotFound"));
        assert_eq!(
            error.request_id(),
            Some("3A9F1023-7C3E-5A1D-9B42-6E8F0A2C4D23")
        );
    }
}
