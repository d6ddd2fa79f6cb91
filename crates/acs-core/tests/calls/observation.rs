//! What an observer and a log are told.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{
    AttemptReport, CallOptions, CallReport, MinThroughput, Observer, ReplayTransport, RetryPolicy,
};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{GetBook, Unending, builder, refusal};

#[tokio::test(start_paused = true)]
async fn an_observer_is_told_status_request_id_and_bytes_of_each_answer() {
    let told = Told::default();
    let transport = Arc::new(ReplayTransport::new());
    let client = builder(Arc::clone(&transport)).observer(told.clone());
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    transport.answer(200, r#"{"RequestId":"R-1"}"#);
    client.send(GetBook::default()).await.unwrap();
    transport.answer_with(refusal(403, &[], "Forbidden"));
    client.send(GetBook::default()).await.unwrap_err();
    transport.answer_with(gzip_of_nothing());
    client.send(GetBook::default()).await.unwrap_err();
    client.send(GetBook::default()).await.unwrap_err();

    let client = builder(Arc::new(Unending(200))).observer(told.clone());
    let client = client.retry(RetryPolicy::none()).build().unwrap();
    client.send(GetBook::default()).await.unwrap_err();
    let unwatched = CallOptions::new().min_throughput(MinThroughput::off());
    let timed_out = client.send_with(GetBook::default(), &unwatched).await;
    timed_out.unwrap_err();
    let expected = [
        "1 Some(200) None Some(\"R-1\") 19 bytes",
        "1 Some(403) Some(\"Forbidden\") Some(\"R-9\") 53 bytes",
        "1 Some(200) None Some(\"R-2\") 0 bytes",
        "1 None None None 0 bytes",
        "1 Some(200) None Some(\"R-1\") 0 bytes",
        "1 Some(200) None Some(\"R-1\") 0 bytes",
    ];
    assert_eq!(*told.attempts.lock().unwrap(), expected);
}

fn gzip_of_nothing() -> http::Response<bytes::Bytes> {
    http::Response::builder()
        .header("content-encoding", "gzip")
        .header("x-acs-request-id", "R-2")
        .body("no gzip".into())
        .unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_is_malformed_is_told_as_a_failed_call() {
    let told = Told::default();
    let transport = Arc::new(ReplayTransport::new());
    let client = builder(Arc::clone(&transport)).observer(told.clone());
    let client = client.build().unwrap();
    transport.answer(200, r#"{"Pages":"many"}"#);
    let typed = client.send(GetBook::default()).await.unwrap_err();
    transport.answer(200, "<html>");
    let by_name = client.call("GetBook").send().await.unwrap_err();
    assert_eq!((typed.attempts(), by_name.attempts()), (1, 1));
    transport.answer(200, "{}");
    client.send(GetBook::default()).await.unwrap();
    let expected = [
        "GetBook 1 Some(MalformedResponse)",
        "GetBook 1 Some(MalformedResponse)",
        "GetBook 1 None",
    ];
    assert_eq!(*told.calls.lock().unwrap(), expected);
}

#[test]
fn a_span_of_a_call_and_of_each_attempt_says_what_was_sent_and_answered() {
    let log = Log::default();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    tracing::subscriber::with_default(log.clone(), || {
        let transport = Arc::new(ReplayTransport::new());
        transport.answer_with(refusal(503, &[], "ServiceUnavailable"));
        transport.answer(200, r#"{"RequestId":"R-1"}"#);
        let client = builder(transport).build().unwrap();
        runtime.block_on(client.send(GetBook::default())).unwrap();
    });
    let spans = log.0.lock().unwrap();
    let expected: [(&str, &[&str]); 3] = [
        (
            "acs_call",
            &["product=shelf", "action=GetBook", "region=cn-shanghai"],
        ),
        (
            "acs_attempt",
            &[
                "attempt=1",
                "status=503",
                "code=ServiceUnavailable",
                "request_id=R-9",
                "bytes=62",
                "elapsed=",
            ],
        ),
        (
            "acs_attempt",
            &[
                "attempt=2",
                "status=200",
                "request_id=R-1",
                "bytes=19",
                "elapsed=",
            ],
        ),
    ];
    assert_eq!(spans.len(), expected.len(), "{spans:?}");
    for (span, (name, fields)) in spans.iter().zip(expected) {
        assert!(span.starts_with(name), "{span}");
        for field in fields {
            assert!(span.contains(&format!(" {field}")), "{span}: {field}");
        }
    }
}

/// Writes down what an observer is told.
#[derive(Clone, Debug, Default)]
struct Told {
    attempts: Arc<Mutex<Vec<String>>>,
    calls: Arc<Mutex<Vec<String>>>,
}

impl Observer for Told {
    fn attempt(&self, it: &AttemptReport<'_>) {
        assert!(it.elapsed < Duration::from_secs(16));
        self.attempts.lock().unwrap().push(format!(
            "{} {:?} {:?} {:?} {} bytes",
            it.attempt, it.status, it.code, it.request_id, it.response_bytes
        ));
    }

    fn call(&self, it: &CallReport<'_>) {
        let text = format!("{} {} {:?}", it.action, it.attempts, it.error);
        self.calls.lock().unwrap().push(text);
    }
}

/// Writes down spans with their fields.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target().starts_with("acs_core")
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let mut spans = self.0.lock().unwrap();
        let mut text = Text(span.metadata().name().to_owned());
        span.record(&mut text);
        spans.push(text.0);
        Id::from_u64(spans.len() as u64)
    }

    fn record(&self, id: &Id, values: &Record<'_>) {
        let mut spans = self.0.lock().unwrap();
        let span = &mut spans[id.into_u64() as usize - 1];
        let mut text = Text(std::mem::take(span));
        values.record(&mut text);
        *span = text.0;
    }

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, _: &Event<'_>) {}

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}

struct Text(String);

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        self.record_debug(field, &format_args!("{value}"));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0.push_str(&format!(" {}={value:?}", field.name()));
    }
}
