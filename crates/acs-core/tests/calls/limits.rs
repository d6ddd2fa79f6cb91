//! Where an attempt's time ends.

use std::sync::Arc;
use std::time::Duration;

use acs_core::{CallOptions, ErrorKind, MinThroughput, RetryPolicy};

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
