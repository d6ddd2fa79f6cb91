//! Many calls, and what they leave behind.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests")]

use std::collections::HashSet;
use std::sync::{Arc, Mutex};

use acs_core::{Credentials, HyperTransport, ReqwestTransport, Transport};
use acs_tests::bare::BareServer;
use acs_vod::{Client, GetPlayInfo};
use tokio::sync::Semaphore;

const ANSWER: &str = include_str!("../fixtures/vod.GetPlayInfo.json");

/// Calls at a time, and the most sockets that they may need.
const IN_FLIGHT: usize = 64;

#[tokio::test]
async fn l7_ten_thousand_calls_leave_nothing_behind() {
    // One after the other: memory is that of the process.
    l7(10_000, ReqwestTransport::builder().build().unwrap()).await;
    l7(10_000, HyperTransport::builder().build().unwrap()).await;
}

/// Run by `.ci/run`: `cargo test -p acs-tests --test load -- --ignored`.
#[tokio::test]
#[ignore = "takes half a minute; the gate runs it"]
async fn l7_a_hundred_thousand_calls_leave_nothing_behind() {
    l7(100_000, ReqwestTransport::builder().build().unwrap()).await;
}

async fn l7(calls: usize, transport: impl Transport + 'static) {
    // Room from the start: what the server remembers is no growth of the client.
    let nonces = Arc::new(Mutex::new(HashSet::<u128>::with_capacity(
        2 * (calls + 10_000),
    )));
    let repeated = Arc::new(Mutex::new(0_usize));
    let server = {
        let (nonces, repeated) = (Arc::clone(&nonces), Arc::clone(&repeated));
        BareServer::start(ANSWER, IN_FLIGHT, move |request| {
            let nonce = request.headers()["x-acs-signature-nonce"].to_str().unwrap();
            let is_new = nonces
                .lock()
                .unwrap()
                .insert(u128::from_str_radix(nonce, 16).unwrap());
            if !is_new {
                *repeated.lock().unwrap() += 1;
            }
        })
        .unwrap()
    };
    let client = Client::builder("cn-shanghai")
        .endpoint(server.endpoint())
        .transport(Arc::new(transport))
        .credentials(Credentials::access_key("LTAItest", "secret").unwrap())
        .build()
        .unwrap();
    let warm_up = run(&client, 5_000).await;
    let before = resident_bytes();
    let errors = warm_up + run(&client, calls).await;
    let growth = resident_bytes().saturating_sub(before);
    let repeated = *repeated.lock().unwrap();
    println!(
        "L7: {calls} calls, {errors} errors, {repeated} repeated nonces, {growth} bytes of growth, {} sockets",
        server.connections()
    );
    assert_eq!((errors, repeated), (0, 0));
    assert_eq!(nonces.lock().unwrap().len(), calls + 5_000);
    assert!(growth < 5 << 20, "{growth} bytes of growth");
    let sockets = server.connections();
    assert!(sockets <= IN_FLIGHT, "{sockets} sockets");
}

/// Sends calls, `IN_FLIGHT` at a time; returns how many failed.
async fn run(client: &Client, calls: usize) -> usize {
    let turns = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks = tokio::task::JoinSet::new();
    let mut errors = 0;
    for _ in 0..calls {
        let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
        let client = client.clone();
        tasks.spawn(async move {
            let result = client
                .send(GetPlayInfo::new().video_id("93ab850b4f6f44eab54b6e91d24d81d4"))
                .await;
            drop(turn);
            result.is_err()
        });
        while let Some(failed) = tasks.try_join_next() {
            errors += usize::from(failed.unwrap());
        }
    }
    while let Some(failed) = tasks.join_next().await {
        errors += usize::from(failed.unwrap());
    }
    errors
}

/// Resident memory of this process; 0 where the system doesn't tell in this way.
fn resident_bytes() -> usize {
    let Ok(text) = std::fs::read_to_string("/proc/self/statm") else {
        return 0;
    };
    let pages: usize = text
        .split_whitespace()
        .nth(1)
        .and_then(|word| word.parse().ok())
        .unwrap_or(0);
    pages * 4_096
}
