//! What the client costs beside plain reqwest: `cargo bench -p acs-tests --bench throughput`.
//!
//! Both send to the same bare server, 64 in flight, turn by turn in one run: our `GetPlayInfo`, signed and decoded,
//! and ready-made bytes of the same request, whose answer is only read. It is done on tokio's runtime of several
//! threads, which programs have unless they ask for another, and on that of one.

#![allow(clippy::disallowed_methods, clippy::print_stdout, clippy::unwrap_used)] // a benchmark reads the clock and prints

mod support;

use std::sync::Arc;
use std::time::{Duration, Instant};

use acs_tests::bare::BareServer;
use acs_vod::Client;
use support::{Plain, call};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Semaphore;

const IN_FLIGHT: usize = 64;
/// Many short turns, so that what else the machine does falls on both sides alike.
const CALLS_A_TURN: usize = 1_000;
const TURNS: usize = 61;

fn main() {
    let server = BareServer::start(support::answer(), 1, |_| {}).unwrap();
    let words: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let one_thread = runtime(&mut Builder::new_current_thread());
    // For callgrind: `throughput ours 1000` makes calls one after another, and nothing else.
    if let [who @ ("ours" | "plain"), count] = words.as_slice() {
        return one_thread.block_on(repeat(who, count.parse().unwrap(), &server));
    }
    let several_threads = runtime(&mut Builder::new_multi_thread());
    for (name, runtime) in [
        ("several threads", several_threads),
        ("one thread", one_thread),
    ] {
        println!("tokio's runtime of {name}");
        runtime.block_on(compare(&support::ours(&server), &Plain::new(&server)));
    }
}

fn runtime(builder: &mut Builder) -> Runtime {
    builder.enable_all().build().unwrap()
}

async fn repeat(who: &str, count: usize, server: &BareServer) {
    let ours = support::ours(server);
    let plain = Plain::new(server);
    for _ in 0..count {
        if who == "ours" {
            call(ours.clone()).await;
        } else {
            plain.call().await;
        }
    }
}

async fn compare(ours: &Client, plain: &Plain) {
    let mut ratios = Vec::new();
    let (mut plain_total, mut our_total) = (Duration::ZERO, Duration::ZERO);
    for turn in 0..=TURNS {
        let plain_time = time(|| plain.call()).await;
        let our_time = time(|| call(ours.clone())).await;
        // The first turn warms up.
        if turn > 0 {
            ratios.push(plain_time.as_secs_f64() / our_time.as_secs_f64());
            plain_total += plain_time;
            our_total += our_time;
        }
    }
    ratios.sort_by(f64::total_cmp);
    let rate = |total: Duration| (CALLS_A_TURN * TURNS) as f64 / total.as_secs_f64();
    println!(
        "{TURNS} pairs: reqwest {:.0}/s, ours {:.0}/s",
        rate(plain_total),
        rate(our_total)
    );
    println!(
        "throughput of plain reqwest's: median {:.3}, quartiles {:.3} and {:.3}",
        ratios[TURNS / 2],
        ratios[TURNS / 4],
        ratios[TURNS * 3 / 4]
    );
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
