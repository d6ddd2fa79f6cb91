//! `cargo run --release [FILTER]`: one table of what a signature costs, ours beside the peers'.
//!
//! Each row signs the request of `benches/fixture`, its parameters in no order. Time is the least of many batches, so
//! that a busy machine shows as little as it can; allocations are those of one call.

#[path = "../../benches/fixture/mod.rs"]
mod fixture;
mod floor;
#[cfg(feature = "http-stacks")]
mod http_stacks;
mod ours;
mod sans_io;

use std::time::Instant;

/// One signer of one scheme.
struct Row {
    scheme: &'static str,
    signer: &'static str,
    /// What one call does beside signing, or leaves out.
    note: &'static str,
    sign: Box<dyn FnMut()>,
}

fn row(scheme: &'static str, signer: &'static str, note: &'static str, sign: impl FnMut() + 'static) -> Row {
    Row {
        scheme,
        signer,
        note,
        sign: Box::new(sign),
    }
}

fn main() {
    let filter = std::env::args().nth(1).unwrap_or_default();
    let mut rows = Vec::new();
    rows.extend(floor::rows());
    rows.extend(ours::rows());
    rows.extend(sans_io::rows());
    #[cfg(feature = "http-stacks")]
    rows.extend(http_stacks::rows());
    rows.sort_by_key(|row| row.scheme);

    println!("| scheme | signer | ns | allocations | bytes | what one call does |");
    println!("|---|---|--:|--:|--:|---|");
    for mut row in rows {
        if !format!("{}/{}", row.scheme, row.signer).contains(&filter) {
            continue;
        }
        let least = least_time(&mut row.sign);
        let counted = allocation_counter::measure(&mut row.sign);
        println!(
            "| {} | {} | {least:.0} | {} | {} | {} |",
            row.scheme, row.signer, counted.count_total, counted.bytes_total, row.note
        );
    }
}

/// The least time of one call in nanoseconds, of batches of about two milliseconds.
fn least_time(sign: &mut dyn FnMut()) -> f64 {
    const BATCHES: u32 = 200;
    const WARM_UP: u32 = 50;
    let start = Instant::now();
    for _ in 0..WARM_UP {
        sign();
    }
    let once = start.elapsed().as_nanos() / u128::from(WARM_UP);
    let count = (2_000_000 / once.max(1)).clamp(2, 50_000) as u32;
    let batches = (0..BATCHES).map(|_| {
        let start = Instant::now();
        for _ in 0..count {
            sign();
        }
        start.elapsed().as_nanos() as f64 / f64::from(count)
    });
    batches.fold(f64::MAX, f64::min)
}
