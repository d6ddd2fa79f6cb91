use std::collections::HashMap;
use std::time::Duration;

use acs_core::{Error, ErrorKind};

use super::JobState;
use crate::types::query_job_list::Job;
use crate::{Client, QueryJobList};

/// `QueryJobList` takes no more ids at once.
const MOST_IDS: usize = 10;

/// A watcher does not ask more often than this, whatever it is told.
const SHORTEST_WAIT: Duration = Duration::from_millis(100);

/// Waits for transcoding jobs to end, asking for ten at once and less and less often.
///
/// Dropping the future that waits ends the waiting; the jobs go on.
#[derive(Clone, Debug)]
#[must_use]
pub struct JobWatcher {
    client: Client,
    first_wait: Duration,
    longest_wait: Duration,
    deadline: Duration,
}

/// A job that has ended, well or badly.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct FinishedJob {
    /// How it ended.
    pub state: JobState,
    /// All that the service says of it.
    pub job: Job,
}

impl JobWatcher {
    /// Makes a watcher that asks at once, again after 2 s, then less often, at least every 30 s, for six hours at
    /// most.
    pub fn new(client: Client) -> Self {
        Self {
            client,
            first_wait: Duration::from_secs(2),
            longest_wait: Duration::from_secs(30),
            deadline: Duration::from_secs(6 * 3_600),
        }
    }

    /// Sets the first and the longest wait between two questions.
    pub fn waits(mut self, first: Duration, longest: Duration) -> Self {
        self.first_wait = first;
        self.longest_wait = longest;
        self
    }

    /// Sets how long is waited in all.
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }

    /// Waits until a job has ended. `progress` is told its state and how far it is, in percent, at each question.
    ///
    /// # Errors
    /// The service has no such job; a question failed for good; the deadline passed ([`ErrorKind::Timeout`]).
    pub async fn wait(
        &self,
        job_id: &str,
        mut progress: impl FnMut(&JobState, Option<i64>) + Send,
    ) -> Result<FinishedJob, Error> {
        let mut finished = self
            .wait_all_with(&[job_id], &mut |job| progress(&state(job), percent(job)))
            .await?;
        // Invariant: one id was asked for, and the wait ends only when all have ended.
        finished
            .pop()
            .ok_or_else(|| Error::new(ErrorKind::MalformedResponse, "the service lost the job"))
    }

    /// Waits until all jobs have ended, and returns them in the order of `job_ids`.
    ///
    /// # Errors
    /// As for [`wait`](Self::wait).
    pub async fn wait_all(&self, job_ids: &[&str]) -> Result<Vec<FinishedJob>, Error> {
        self.wait_all_with(job_ids, &mut |_| {}).await
    }

    async fn wait_all_with(
        &self,
        job_ids: &[&str],
        progress: &mut (dyn FnMut(&Job) + Send),
    ) -> Result<Vec<FinishedJob>, Error> {
        let runtime = self.client.runtime();
        let end = runtime.elapsed().saturating_add(self.deadline);
        let mut finished: HashMap<&str, FinishedJob> = HashMap::new();
        let mut wait = self.first_wait.max(SHORTEST_WAIT);
        loop {
            let mut open: Vec<&str> = job_ids
                .iter()
                .copied()
                .filter(|id| !finished.contains_key(id))
                .collect();
            open.sort_unstable();
            open.dedup();
            if open.is_empty() {
                return Ok(job_ids
                    .iter()
                    .filter_map(|id| finished.get(id).cloned())
                    .collect());
            }
            for ids in open.chunks(MOST_IDS) {
                let jobs = match self.query(ids).await {
                    Ok(jobs) => jobs,
                    // A cut of the network is no end of a job: the next question may be answered.
                    Err(error)
                        if error.is_retryable() && runtime.elapsed().saturating_add(wait) < end =>
                    {
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                for job in jobs {
                    progress(&job);
                    let state = state(&job);
                    if let Some(id) = ids
                        .iter()
                        .find(|id| **id == job.job_id)
                        .filter(|_| state.is_final())
                    {
                        finished.insert(id, FinishedJob { state, job });
                    }
                }
            }
            if job_ids.iter().all(|id| finished.contains_key(id)) {
                continue;
            }
            if runtime.elapsed().saturating_add(wait) >= end {
                let text = format!("not all jobs have ended within {:?}", self.deadline);
                return Err(Error::new(ErrorKind::Timeout, text).with_action("QueryJobList"));
            }
            runtime.sleep(wait).await;
            wait = (wait.saturating_mul(3) / 2)
                .min(self.longest_wait)
                .max(SHORTEST_WAIT);
        }
    }

    async fn query(&self, ids: &[&str]) -> Result<Vec<Job>, Error> {
        let answer = self
            .client
            .send(QueryJobList::new().job_ids(ids.join(",")))
            .await?;
        let missing = answer
            .non_exist_job_ids
            .iter()
            .flatten()
            .find(|id| ids.contains(&id.as_str()));
        if let Some(id) = missing {
            let error = Error::invalid_parameter(
                "JobIds",
                format!("the service knows no job `{id}` in this region"),
            );
            return Err(error.with_action("QueryJobList"));
        }
        Ok(answer.into_inner().job_list)
    }
}

fn state(job: &Job) -> JobState {
    JobState::parse(&job.state)
}

fn percent(job: &Job) -> Option<i64> {
    job.percent
}
