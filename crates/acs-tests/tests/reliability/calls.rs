//! The ways to make a call, and what sees it.

use std::sync::{Arc, Mutex};

use acs_core::{AttemptReport, BlockingClient, CallReport, ErrorKind, Observer, ReplayTransport};

use crate::support::{PLAY_INFO, builder, credentials, error, read, replaying};

#[tokio::test(start_paused = true)]
async fn an_observer_sees_each_attempt_and_each_call() {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(503, error("ServiceUnavailable"));
    transport.answer(200, PLAY_INFO);
    let client = builder()
        .transport(Arc::clone(&transport) as _)
        .observer(Recorder(Arc::clone(&seen)))
        .build()
        .unwrap();
    client.send(read()).await.unwrap();
    let expected = [
        "GetPlayInfo 1 Some(503) Some(\"ServiceUnavailable\")",
        "GetPlayInfo 2 Some(200) None",
        "GetPlayInfo: 2 attempts, None",
    ];
    assert_eq!(*seen.lock().unwrap(), expected);
}

#[tokio::test(start_paused = true)]
async fn an_operation_by_name_is_sent_like_a_typed_one() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, PLAY_INFO);
    let parameters = serde_json::json!({"VideoId": "v1", "Tag": [{"Key": "a b"}], "Absent": null});
    let client = replaying(&transport);
    let got = client
        .call("GetPlayInfo")
        .parameters(parameters)
        .send()
        .await
        .unwrap();
    assert_eq!(got["VideoBase"]["VideoId"], "v1");
    assert_eq!(got.request_id(), "R-1");
    let sent = &transport.sent()[0];
    assert_eq!(sent.uri.query(), Some("Tag.1.Key=a%20b&VideoId=v1"));
    assert_eq!(
        (
            &sent.headers["x-acs-action"],
            &sent.headers["x-acs-version"]
        ),
        (
            &"GetPlayInfo".parse().unwrap(),
            &"2017-03-21".parse().unwrap()
        )
    );
}

#[tokio::test(start_paused = true)]
async fn pages_are_fetched_as_their_items_are_asked_for() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, r#"{"Groups":{"Group":[{"GroupName":"a"},{"GroupName":"b"}]},"Marker":"m1","IsTruncated":true}"#);
    transport.answer(
        200,
        r#"{"Groups":{"Group":[{"GroupName":"c"}]},"IsTruncated":false}"#,
    );
    let client = acs_ims::Client::builder("cn-hangzhou")
        .endpoint("http://127.0.0.1:1")
        .credentials(credentials());
    let client = client
        .transport(Arc::clone(&transport) as _)
        .build()
        .unwrap();
    let mut items = client.items(acs_ims::ListGroups::new());
    assert_eq!(transport.sent().len(), 0);
    let mut names = Vec::new();
    while let Some(item) = items.next().await {
        names.push(item.unwrap().group_name.unwrap());
    }
    assert_eq!(names, ["a", "b", "c"]);
    let queries: Vec<_> = transport
        .sent()
        .iter()
        .map(|sent| sent.uri.query().unwrap_or("").to_owned())
        .collect();
    assert_eq!(queries, ["", "Marker=m1"]);
    // The list of answers is used up: an error, once, and then the end.
    let mut items = client.items(acs_ims::ListGroups::new());
    assert!(items.next().await.unwrap().is_err() && items.next().await.is_none());
}

#[test]
fn a_blocking_client_waits_and_refuses_to_do_so_in_async_code() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, PLAY_INFO);
    let client = BlockingClient::new(replaying(&transport)).unwrap();
    assert_eq!(client.send(read()).unwrap().request_id(), "R-1");
    transport.answer(200, PLAY_INFO);
    let by_name = client
        .run(async |client| client.call("GetPlayInfo").send().await)
        .unwrap();
    assert_eq!(by_name.request_id(), "R-1");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .build()
        .unwrap();
    runtime.block_on(async {
        let failed = client.send(read()).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidInput);
        let failed = client.run(async |_| Ok(())).unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::InvalidInput);
        drop(client);
    });
    assert_eq!(transport.sent().len(), 2);
}

/// Writes down what it is told.
#[derive(Debug)]
struct Recorder(Arc<Mutex<Vec<String>>>);

impl Observer for Recorder {
    fn attempt(&self, attempt: &AttemptReport<'_>) {
        let text = format!(
            "{} {} {:?} {:?}",
            attempt.action, attempt.attempt, attempt.status, attempt.code
        );
        self.0.lock().unwrap().push(text);
    }

    fn call(&self, call: &CallReport<'_>) {
        let text = format!(
            "{}: {} attempts, {:?}",
            call.action, call.attempts, call.error
        );
        self.0.lock().unwrap().push(text);
    }
}
