//! What a call is before it is awaited.

use std::sync::Arc;

use acs_core::{CallOptions, ReplayTransport};

use crate::support::{GetBook, PutBook, client};

/// A program holds one for each call under way, and moves it about.
#[tokio::test(start_paused = true)]
async fn a_call_is_a_small_future_whatever_it_sends() {
    let client = client(&Arc::new(ReplayTransport::new()));
    let options = CallOptions::new();
    for size in [
        size_of_val(&client.send(GetBook::default())),
        size_of_val(&client.send_with(PutBook::guarded(), &options)),
    ] {
        assert!(size <= 128, "{size} bytes");
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_sent_before_a_call_is_awaited() {
    let transport = Arc::new(ReplayTransport::new());
    let client = client(&transport);
    drop(client.send(PutBook::guarded()));
    drop(client.call("PutBook").send());
    assert!(transport.sent().is_empty());
    transport.answer(200, "{}");
    let later = client.send(PutBook::guarded());
    tokio::task::yield_now().await;
    assert!(transport.sent().is_empty());
    later.await.unwrap();
    assert_eq!(transport.sent().len(), 1);
}
