//! Allocations of a call beside plain reqwest: `cargo bench -p acs-tests --bench allocations`.
//!
//! Counted in a program of its own, since counting costs both sides time.

#![allow(clippy::print_stdout, clippy::unwrap_used)] // a benchmark prints

mod support;

use std::alloc::System;

use acs_tests::bare::BareServer;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};
use support::{Over, Plain, call};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    let server = BareServer::start(support::answer(), 1, |_| {}).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let by_reqwest = support::ours(&server, Over::Reqwest);
        let by_hyper = support::ours(&server, Over::Hyper);
        let plain = Plain::new(&server);
        println!(
            "allocations a call: ours {:.1} over reqwest and {:.1} over hyper, plain reqwest {:.1}",
            allocations(|| call(by_reqwest.clone())).await,
            allocations(|| call(by_hyper.clone())).await,
            allocations(|| plain.call()).await
        );
    });
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
