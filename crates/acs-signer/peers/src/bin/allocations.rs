//! Prints the allocations and the bytes of each row's signature. Not for the clock: counting costs time.

#![forbid(unsafe_code)]

use std::alloc::System;
use std::hint::black_box;

use acs_signer_peers::rows;
use stats_alloc::{INSTRUMENTED_SYSTEM, Region, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() {
    for mut row in rows() {
        // Buffers that are kept grow at first.
        for _ in 0..20 {
            black_box((row.sign)());
        }
        let region = Region::new(ALLOCATOR);
        black_box((row.sign)());
        let stats = region.change();
        let calls = stats.allocations + stats.reallocations;
        println!(
            "{}\t{}\t{calls}\t{}",
            row.scheme, row.signer, stats.bytes_allocated
        );
    }
}
