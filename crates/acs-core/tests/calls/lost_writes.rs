//! A write whose fate is unknown stays unknown, whatever becomes of its repeats.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use acs_core::{
    BoxFuture, Credentials, Error, ErrorKind, ProvideCredentials, ReplayTransport,
    TransportErrorKind,
};

use crate::support::{GetBook, PutBook, builder, client, refusal};

#[tokio::test(start_paused = true)]
async fn a_lost_write_is_not_forgotten_when_its_repeats_find_no_connection() {
    for kind in [
        TransportErrorKind::Connect,
        TransportErrorKind::ConnectTimeout,
        TransportErrorKind::Tls,
    ] {
        let transport = Arc::new(ReplayTransport::new());
        for kind in [TransportErrorKind::Interrupted, kind, kind] {
            transport.fail(kind);
        }
        let failed = client(&transport)
            .send(PutBook::guarded())
            .await
            .unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown, "{failed}");
        assert!(!failed.is_retryable());
    }
    // Of a read there is nothing to be known.
    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    let failed = client(&transport)
        .send(GetBook::default())
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::Connect, "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_write_is_not_forgotten_when_credentials_run_out() {
    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    let client = builder(Arc::clone(&transport)).credentials(Once::default());
    let client = client.build().unwrap();
    let failed = client.send(PutBook::guarded()).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown, "{failed}");
    assert!(failed.to_string().contains("the well is dry"), "{failed}");
}

#[tokio::test(start_paused = true)]
async fn a_lost_write_is_not_forgotten_when_its_repeat_is_refused() {
    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    transport.answer_with(refusal(403, &[], "Forbidden"));
    let failed = client(&transport)
        .send(PutBook::guarded())
        .await
        .unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown, "{failed}");
    assert_eq!(failed.code(), Some("Forbidden"));
}

#[tokio::test(start_paused = true)]
async fn an_empty_guard_is_none() {
    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    let put = PutBook::guarded_by("");
    let failed = client(&transport).send(put).await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown, "{failed}");
    assert_eq!(transport.sent().len(), 1);
}

/// Gives credentials once.
#[derive(Debug, Default)]
struct Once(AtomicBool);

impl ProvideCredentials for Once {
    fn credentials(&self) -> BoxFuture<'_, Result<Credentials, Error>> {
        let is_dry = self.0.swap(true, Ordering::SeqCst);
        Box::pin(async move {
            if is_dry {
                return Err(Error::new(ErrorKind::Credentials, "the well is dry"));
            }
            Credentials::access_key("LTAItest", "secret")
        })
    }
}
