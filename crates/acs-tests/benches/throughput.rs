//! What the client costs beside plain reqwest: `cargo bench -p acs-tests --bench throughput`.
//!
//! Both send to the same bare server, 64 in flight, turn by turn in one run: our `GetPlayInfo`, signed and decoded,
//! and ready-made bytes of the same request, whose answer is only read.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)] // a benchmark reads the clock and prints

use std::alloc::System;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use acs_core::Credentials;
use acs_tests::bare::BareServer;
use acs_vod::{Client, GetPlayInfo};
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use tokio::sync::Semaphore;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const ANSWER: &str = include_str!("../fixtures/vod.GetPlayInfo.json");
const IN_FLIGHT: usize = 64;
const CALLS_A_TURN: usize = 4_000;
const TURNS: usize = 9;

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = BareServer::start(ANSWER, 1, |_| {}).unwrap();
        let ours = Client::builder("cn-shanghai")
            .endpoint(server.endpoint())
            .credentials(
                Credentials::access_key(
                    "LTAI5tExampleKeyId000000",
                    "ExampleSecretExampleSecret0000",
                )
                .unwrap(),
            )
            .build()
            .unwrap();
        let plain = Plain::new(&server);
        // For callgrind: `throughput ours 1000` makes calls one after another, and nothing else.
        let words: Vec<String> = std::env::args().skip(1).collect();
        if let [who @ ("ours" | "plain"), count] = words
            .iter()
            .map(String::as_str)
            .collect::<Vec<_>>()
            .as_slice()
        {
            for _ in 0..count.parse::<usize>().unwrap() {
                if *who == "ours" {
                    call(ours.clone()).await;
                } else {
                    plain.call().await;
                }
            }
            return;
        }
        let mut ratios = Vec::new();
        for turn in 0..=TURNS {
            let plain_time = time(|| plain.call()).await;
            let our_time = time(|| call(ours.clone())).await;
            let ratio = plain_time.as_secs_f64() / our_time.as_secs_f64();
            // The first turn warms up.
            if turn > 0 {
                let rate = |time: Duration| CALLS_A_TURN as f64 / time.as_secs_f64();
                println!(
                    "turn {turn}: reqwest {:.0}/s, ours {:.0}/s, ratio {ratio:.3}",
                    rate(plain_time),
                    rate(our_time)
                );
                ratios.push(ratio);
            }
        }
        ratios.sort_by(f64::total_cmp);
        println!(
            "throughput of plain reqwest's: median {:.3}, best {:.3}",
            ratios[TURNS / 2],
            ratios[TURNS - 1]
        );
        println!(
            "allocations a call: ours {:.1}, reqwest {:.1}",
            allocations(|| call(ours.clone())).await,
            allocations(|| plain.call()).await
        );
    });
}

async fn call(client: Client) {
    let answer = client
        .send(GetPlayInfo::new().video_id("93ab850b4f6f44eab54b6e91d24d81d4"))
        .await
        .unwrap();
    black_box(answer.play_info_list.len());
}

/// The same request, made beforehand.
#[derive(Clone)]
struct Plain {
    client: reqwest::Client,
    url: reqwest::Url,
    headers: reqwest::header::HeaderMap,
}

impl Plain {
    fn new(server: &BareServer) -> Self {
        let url = format!(
            "{}/?VideoId=93ab850b4f6f44eab54b6e91d24d81d4",
            server.endpoint()
        );
        let authorization = format!(
            "ACS3-HMAC-SHA256 Credential=LTAI5tExampleKeyId000000,SignedHeaders=host;x-acs-action;x-acs-content-sha256;x-acs-date;x-acs-signature-nonce;x-acs-version,Signature={}",
            "0".repeat(64)
        );
        let headers = [
            ("accept", "application/json"),
            ("accept-encoding", "gzip"),
            ("x-acs-action", "GetPlayInfo"),
            (
                "x-acs-content-sha256",
                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
            ),
            ("x-acs-date", "2026-11-21T23:30:00Z"),
            ("x-acs-signature-nonce", "9e6f0a523f0d4c5b8f437a4b6e3c1d20"),
            ("x-acs-version", "2017-03-21"),
            ("authorization", &authorization),
        ];
        let headers = headers
            .iter()
            .map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()))
            .collect();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .pool_max_idle_per_host(IN_FLIGHT)
            .tcp_nodelay(true)
            .user_agent("acs-sdk-rust/0.1.0")
            .build()
            .unwrap();
        Self {
            client,
            url: url.parse().unwrap(),
            headers,
        }
    }

    fn call(&self) -> impl Future<Output = ()> + Send + use<> {
        let request = self
            .client
            .post(self.url.clone())
            .headers(self.headers.clone());
        async move {
            black_box(request.send().await.unwrap().bytes().await.unwrap().len());
        }
    }
}

async fn time<F: Future<Output = ()> + Send + 'static>(mut call: impl FnMut() -> F) -> Duration {
    let turns = Arc::new(Semaphore::new(IN_FLIGHT));
    let mut tasks = tokio::task::JoinSet::new();
    let start = Instant::now();
    for _ in 0..CALLS_A_TURN {
        let turn = Arc::clone(&turns).acquire_owned().await.unwrap();
        let call = call();
        tasks.spawn(async move {
            call.await;
            drop(turn);
        });
        while tasks.try_join_next().is_some() {}
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap();
    }
    start.elapsed()
}

/// Counts allocations of the whole process, the server's included, which are the same for both.
async fn allocations<F: Future<Output = ()> + Send + 'static>(mut call: impl FnMut() -> F) -> f64 {
    const CALLS: usize = 1_000;
    call().await;
    let region = Region::new(ALLOCATOR);
    for _ in 0..CALLS {
        call().await;
    }
    region.change().allocations as f64 / CALLS as f64
}
