//! Where an attempt's time ends.

use std::sync::Arc;
use std::time::Duration;

use acs_core::{CallOptions, ErrorKind, MinThroughput, ReplayTransport, RetryPolicy};

use crate::support::{GetBook, PutBook, Unending, builder};

fn impatient() -> CallOptions {
    CallOptions::new()
        .attempt_timeout(Duration::from_secs(3))
        .min_throughput(MinThroughput::off())
}

#[tokio::test(start_paused = true)]
async fn an_attempt_whose_time_ends_within_the_body_tells_the_request_id() {
    let client = builder(Arc::new(Unending(200))).build().unwrap();
    let write = client.send_with(PutBook::default(), &impatient()).await;
    let once = impatient().retry(RetryPolicy::none());
    let read = client.send_with(GetBook::default(), &once).await;
    for (failed, kind) in [
        (write.unwrap_err(), ErrorKind::OutcomeUnknown),
        (read.unwrap_err(), ErrorKind::Timeout),
    ] {
        assert_eq!(failed.kind(), kind, "{failed}");
        assert_eq!(
            (failed.status(), failed.request_id()),
            (Some(200), Some("R-1"))
        );
        assert!(failed.to_string().contains("3s"), "{failed}");
    }
}

#[tokio::test(start_paused = true)]
async fn limits_of_any_length_end_a_call_without_a_panic() {
    for limit in [Duration::ZERO, Duration::from_nanos(1), Duration::MAX] {
        for rate in [0, 1, u32::MAX] {
            let options = CallOptions::new()
                .attempt_timeout(limit)
                .connect_timeout(limit)
                .min_throughput(MinThroughput::new(rate, limit));
            let client = builder(Arc::new(Unending(200))).build().unwrap();
            let failed = client.send_with(GetBook::default(), &options).await;
            assert_eq!(failed.unwrap_err().kind(), ErrorKind::Timeout);
            let options = options.call_timeout(limit);
            let answers = Arc::new(ReplayTransport::new());
            answers.answer(200, "{}");
            let client = builder(answers).build().unwrap();
            let got = client.send_with(GetBook::default(), &options).await;
            assert_eq!(got.is_ok(), !limit.is_zero(), "{limit:?}: {got:?}");
        }
    }
}

/// The status says that nothing was done; the details are not worth an unknown outcome.
#[tokio::test(start_paused = true)]
async fn a_refusal_whose_body_never_ends_is_a_refusal() {
    for floor in [MinThroughput::off(), MinThroughput::default()] {
        let client = builder(Arc::new(Unending(403))).build().unwrap();
        let options = impatient()
            .min_throughput(floor)
            .attempt_timeout(Duration::from_secs(8));
        let failed = client.send_with(PutBook::default(), &options).await;
        let failed = failed.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::Service, "{failed}");
        assert_eq!(
            (failed.status(), failed.request_id(), failed.attempts()),
            (Some(403), Some("R-1"), 1)
        );
    }
}
