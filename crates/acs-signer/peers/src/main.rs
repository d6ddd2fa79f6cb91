//! Prints what a signature costs: ours, the floor and the peers, on one request.
//!
//! Nanoseconds are CPU time of the thread, the least of 40 batches: they hold on a busy machine, where means of the
//! wall clock do not. Allocations are those of the binary `allocations`, which this one builds and runs: an allocator
//! that counts would slow down the rows that allocate.

#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::time::Duration;

use acs_signer_peers::{Kind, Row, rows};
use rustix::time::{ClockId, clock_gettime};

fn main() {
    let allocations = allocations();
    println!("| scheme | signer | ns | allocs | bytes | note |\n|---|---|---:|---:|---:|---|");
    let mut timed = Vec::new();
    for mut row in rows() {
        let nanoseconds = least_nanoseconds(&mut row);
        let key = format!("{}\t{}", row.scheme, row.signer);
        let (calls, bytes) = &allocations[&key];
        let Row {
            scheme,
            signer,
            note,
            ..
        } = &row;
        println!("| {scheme} | {signer} | {nanoseconds:.0} | {calls} | {bytes} | {note} |");
        timed.push((row, nanoseconds));
    }
    println!();
    for (row, _) in timed.iter().filter(|(row, _)| row.kind == Kind::Floor) {
        println!("{}", verdict(row.scheme, &timed));
    }
}

/// Counts per `scheme\tsigner`.
fn allocations() -> HashMap<String, (String, String)> {
    let mut command = Command::new(env!("CARGO"));
    command.args([
        "run",
        "--release",
        "--quiet",
        "--no-default-features",
        "--bin",
        "allocations",
    ]);
    command.args([
        "--manifest-path",
        concat!(env!("CARGO_MANIFEST_DIR"), "/Cargo.toml"),
    ]);
    if cfg!(feature = "http-stacks") {
        command.args(["--features", "http-stacks"]);
    }
    if cfg!(feature = "openssl") {
        command.args(["--features", "openssl"]);
    }
    let output = command.stderr(Stdio::inherit()).output().unwrap();
    assert!(output.status.success(), "the binary `allocations` fails");
    let read = |line: &str| {
        let (rest, bytes) = line.rsplit_once('\t')?;
        let (row, calls) = rest.rsplit_once('\t')?;
        Some((row.to_owned(), (calls.to_owned(), bytes.to_owned())))
    };
    let lines = String::from_utf8(output.stdout).unwrap();
    lines.lines().filter_map(read).collect()
}

/// The CPU time of one signature.
fn least_nanoseconds(row: &mut Row) -> f64 {
    const BATCHES: usize = 40;
    const BATCH: Duration = Duration::from_millis(4);
    let mut time = |count: u32| {
        let start = thread_time();
        for _ in 0..count {
            black_box((row.sign)());
        }
        (thread_time() - start).as_nanos() as f64 / f64::from(count)
    };
    time(20);
    let count = (BATCH.as_nanos() as f64 / time(100).max(1.0)).clamp(3.0, 100_000.0) as u32;
    (0..BATCHES).map(|_| time(count)).fold(f64::MAX, f64::min)
}

fn thread_time() -> Duration {
    clock_gettime(ClockId::ThreadCPUTime).try_into().unwrap()
}

/// Says whether ours is the fastest signer of a scheme: the slowest row of ours beside the fastest peer, so that where
/// ours has a row that derives its key each time, as peers do, it is that one which counts.
fn verdict(scheme: &str, timed: &[(Row, f64)]) -> String {
    let of = |kind| {
        let rows = timed
            .iter()
            .filter(move |(row, _)| row.scheme == scheme && row.kind == kind);
        rows.map(|(row, nanoseconds)| (row, *nanoseconds))
    };
    let by_time = |a: &(&Row, f64), b: &(&Row, f64)| a.1.total_cmp(&b.1);
    let (Some((_, floor)), Some((_, least)), Some((_, most))) = (
        of(Kind::Floor).min_by(by_time),
        of(Kind::Ours).min_by(by_time),
        of(Kind::Ours).max_by(by_time),
    ) else {
        return format!("{scheme}: not measured");
    };
    let over_floor = format!("{:.2} times its floor", least / floor);
    match of(Kind::Peer).min_by(by_time) {
        None => format!("{scheme}: ours is {over_floor}; no peer lets its signer be called"),
        Some((peer, theirs)) if most < theirs => format!(
            "{scheme}: ours is the fastest, {over_floor}; next is {}, {:.1} times as long ({})",
            peer.signer,
            theirs / most,
            peer.note
        ),
        Some((peer, theirs)) => format!(
            "{scheme}: ours is NOT the fastest, {over_floor}; {} takes {:.2} of its time ({})",
            peer.signer,
            theirs / most,
            peer.note
        ),
    }
}
