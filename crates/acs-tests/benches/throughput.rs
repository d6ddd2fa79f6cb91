//! What the client costs beside plain reqwest: `cargo bench -p acs-tests --bench throughput`.
//!
//! All send to the same bare server, 64 in flight, turn by turn in one run: our `GetPlayInfo`, signed and decoded, over
//! reqwest (the default) and over hyper, and plain reqwest with ready-made bytes of the same request, whose answer is only
//! read. It is done on tokio's runtime of several threads, which programs have unless they ask for another, and on that of one.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)] // a benchmark reads the clock and prints

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use acs_tests::bare::BareServer;
use acs_vod::Client;
use support::{Over, Plain, call};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

const IN_FLIGHT: usize = 64;
/// Many short turns, so that what else the machine does falls on all alike.
const CALLS_A_TURN: usize = 1_000;
const TURNS: usize = 61;

fn main() {
    let server = BareServer::start(support::answer(), 1, |_| {}).unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let one_thread = runtime(&mut Builder::new_current_thread());
    // For callgrind: `throughput reqwest 1000` makes calls one after another, and nothing else.
    if let [who @ ("reqwest" | "hyper" | "plain"), count] = words.as_slice() {
        return one_thread.block_on(repeat(who, count.parse().unwrap(), &server));
    }
    let several_threads = runtime(&mut Builder::new_multi_thread());
    for (name, runtime) in [
        ("several threads", several_threads),
        ("one thread", one_thread),
    ] {
        println!("tokio's runtime of {name}");
        runtime.block_on(compare(&server));
    }
}

fn runtime(builder: &mut Builder) -> Runtime {
    builder.enable_all().build().unwrap()
}

async fn repeat(who: &str, count: usize, server: &BareServer) {
    let over = match who {
        "reqwest" => Over::Reqwest,
        "hyper" => Over::Hyper,
        _ => {
            let plain = Plain::new(server);
            for _ in 0..count {
                plain.call().await;
            }
            return;
        }
    };
    let ours = support::ours(server, over);
    for _ in 0..count {
        call(ours.clone()).await;
    }
}

async fn compare(server: &BareServer) {
    let plain = Plain::new(server);
    let mut plain_total = Duration::ZERO;
    let mut ours = [Over::Reqwest, Over::Hyper].map(|over| Ours::new(server, over));
    for turn in 0..=TURNS {
        let plain_time = time(|| plain.call()).await;
        for ours in &mut ours {
            let our_time = time(|| call(ours.client.clone())).await;
            // The first turn warms up.
            if turn > 0 {
                ours.total += our_time;
                ours.ratios
                    .push(plain_time.as_secs_f64() / our_time.as_secs_f64());
            }
        }
        if turn > 0 {
            plain_total += plain_time;
        }
    }
    println!("plain reqwest: {:.0}/s in {TURNS} turns", rate(plain_total));
    for ours in ours {
        ours.print();
    }
}

/// Our client over one of its transports, and its times.
struct Ours {
    over: Over,
    client: Client,
    total: Duration,
    ratios: Vec<f64>,
}

impl Ours {
    fn new(server: &BareServer, over: Over) -> Self {
        Self {
            over,
            client: support::ours(server, over),
            total: Duration::ZERO,
            ratios: Vec::new(),
        }
    }

    fn print(mut self) {
        self.ratios.sort_by(f64::total_cmp);
        println!(
            "ours over {:?}: {:.0}/s; of plain reqwest's in the same turn: median {:.3}, quartiles {:.3} and {:.3}",
            self.over,
            rate(self.total),
            self.ratios[TURNS / 2],
            self.ratios[TURNS / 4],
            self.ratios[TURNS * 3 / 4]
        );
    }
}

fn rate(total: Duration) -> f64 {
    (CALLS_A_TURN * TURNS) as f64 / total.as_secs_f64()
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
