//! Waiting for jobs, on tokio's virtual time.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::sync::Arc;
use std::time::Duration;

use acs_core::wait::WaitError;
use acs_core::{Credentials, Error, ErrorKind, ReplayTransport, TransportErrorKind};
use acs_mps::job::{JobState, JobWatcher};
use acs_mps::{Client, QueryAnalysisJobList, QueryJobList};
use tokio::time::Instant;

fn client(answers: &[&str]) -> (Client, Arc<ReplayTransport>) {
    let transport = Arc::new(ReplayTransport::new());
    for answer in answers {
        transport.answer(200, (*answer).to_owned());
    }
    let client = Client::builder("cn-shanghai")
        .credentials(Credentials::access_key("LTAItest", "secret").unwrap())
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    (client, transport)
}

fn jobs(states: &[(&str, &str)]) -> String {
    let job = |(id, state): &(&str, &str)| format!(r#"{{"JobId":"{id}","State":"{state}"}}"#);
    let jobs: Vec<String> = states.iter().map(job).collect();
    format!(
        r#"{{"RequestId":"R","JobList":{{"Job":[{}]}}}}"#,
        jobs.join(",")
    )
}

#[tokio::test(start_paused = true)]
async fn a_waiter_asks_less_and_less_often_until_all_jobs_have_ended() {
    let running = jobs(&[("a", "Submitted"), ("b", "Transcoding")]);
    let ended = jobs(&[("a", "TranscodeSuccess"), ("b", "TranscodeSuccess")]);
    let (client, transport) = client(&[&running, &running, &running, &ended]);
    let start = Instant::now();
    let query = QueryJobList::new().job_ids(["a", "b"]);
    let answer = client
        .wait_for(query, QueryJobList::UNTIL_ENDED)
        .await
        .unwrap();
    assert_eq!(answer.job_list.len(), 2);
    assert_eq!(transport.sent().len(), 4);
    // 2, 3 and 4.5 seconds, each shortened by up to a quarter.
    let waited = start.elapsed().as_secs_f64();
    assert!((7.1..=9.6).contains(&waited), "{waited}");
}

#[tokio::test(start_paused = true)]
async fn a_failed_job_is_an_error_that_keeps_the_answer() {
    let ended = jobs(&[("a", "TranscodeSuccess"), ("b", "TranscodeCancelled")]);
    let (client, _) = client(&[&ended, &ended]);
    let query = QueryJobList::new().job_ids(["a", "b"]);
    let error = client
        .wait_for(query.clone(), QueryJobList::UNTIL_ENDED)
        .await
        .unwrap_err();
    let WaitError::Failed { state, response } = error else {
        panic!("{error}");
    };
    assert_eq!(state, "TranscodeCancelled");
    assert_eq!(response.job_list[0].state, "TranscodeSuccess");
    let error: Error = client
        .wait_for(query, QueryJobList::UNTIL_ENDED)
        .await
        .unwrap_err()
        .into();
    assert_eq!(error.kind(), ErrorKind::Failed);
    assert!(error.to_string().contains("TranscodeCancelled"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn the_deadline_ends_the_waiting_and_tells_the_last_state() {
    let running =
        r#"{"RequestId":"R","AnalysisJobList":{"AnalysisJob":[{"Id":"a","State":"Analyzing"}]}}"#;
    let (client, transport) = client(&[running; 20]);
    let start = Instant::now();
    let waiter = QueryAnalysisJobList::UNTIL_ENDED
        .waits(Duration::from_secs(1), Duration::from_secs(1))
        .deadline(Duration::from_secs(5));
    let error = client
        .wait_for(QueryAnalysisJobList::new("a"), waiter)
        .await
        .unwrap_err();
    let WaitError::TimedOut { state, .. } = &error else {
        panic!("{error}");
    };
    assert_eq!(state, "Analyzing");
    assert!(start.elapsed() <= Duration::from_secs(5));
    assert!(transport.sent().len() >= 5);
    assert!(Error::from(error).is_timeout());
}

#[tokio::test(start_paused = true)]
async fn an_unknown_job_is_not_waited_for() {
    let unknown = r#"{"RequestId":"R","JobList":{"Job":[]},"NonExistJobIds":{"String":["a"]}}"#;
    let (client, transport) = client(&[unknown, unknown]);
    let error = client
        .wait_for(
            QueryJobList::new().job_ids(["a"]),
            QueryJobList::UNTIL_ENDED,
        )
        .await
        .unwrap_err();
    assert!(error.to_string().contains("knows no `a`"), "{error}");
    let error = JobWatcher::new(client)
        .wait("a", |_, _| {})
        .await
        .unwrap_err();
    assert_eq!(error.field(), Some("JobIds"));
    assert_eq!(transport.sent().len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_watcher_tells_of_progress_and_returns_failed_jobs_too() {
    let running =
        r#"{"RequestId":"R","JobList":{"Job":[{"JobId":"a","State":"Transcoding","Percent":40}]}}"#;
    let ended = jobs(&[("a", "TranscodeFail")]);
    let (client, _) = client(&[running, &ended]);
    let mut seen = Vec::new();
    let finished = JobWatcher::new(client)
        .wait("a", |state, percent| seen.push((state.clone(), percent)))
        .await
        .unwrap();
    assert_eq!(finished.state, JobState::TranscodeFail);
    assert_eq!(seen[0], (JobState::Transcoding, Some(40)));
    assert_eq!(seen.len(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_cut_of_the_network_does_not_end_the_waiting() {
    let (client, transport) = client(&[&jobs(&[("a", "Transcoding")])]);
    for _ in 0..4 {
        transport.fail(TransportErrorKind::Connect);
    }
    transport.answer(200, jobs(&[("a", "TranscodeSuccess")]));
    let answer = client
        .wait_for(
            QueryJobList::new().job_ids(["a"]),
            QueryJobList::UNTIL_ENDED.waits(Duration::MAX, Duration::MAX),
        )
        .await;
    // Waits of any length are taken, and the next question then comes after the deadline.
    assert!(matches!(answer, Err(WaitError::TimedOut { .. })));
    let answer = client
        .wait_for(
            QueryJobList::new().job_ids(["a"]),
            QueryJobList::UNTIL_ENDED,
        )
        .await
        .unwrap();
    assert_eq!(answer.job_list[0].state, "TranscodeSuccess");
}

#[tokio::test(start_paused = true)]
async fn a_cut_of_the_network_does_not_end_the_watching() {
    let (client, transport) = client(&[&jobs(&[("a", "Transcoding")])]);
    for _ in 0..4 {
        transport.fail(TransportErrorKind::Connect);
    }
    transport.answer(200, jobs(&[("a", "TranscodeSuccess")]));
    let finished = JobWatcher::new(client).wait("a", |_, _| {}).await.unwrap();
    assert_eq!(finished.state, JobState::TranscodeSuccess);
    assert_eq!(transport.sent().len(), 6);
}
