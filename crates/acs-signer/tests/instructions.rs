//! Counts of instructions under callgrind, which noise cannot move. They need valgrind, and are skipped without it.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "not a library")]

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

#[test]
fn a_signature_wrong_in_its_first_byte_costs_the_same_as_one_wrong_in_its_last() {
    let Some(measure) = measure() else { return };
    assert_eq!(
        instructions(measure, "verify/head"),
        instructions(measure, "verify/tail"),
        "the place of the wrong byte shows in the time that verification takes"
    );
}

#[test]
fn signing_acs3_stays_in_its_budget() {
    hold_budget("acs3", 9_950);
}

#[test]
fn signing_rpc_v1_stays_in_its_budget() {
    hold_budget("rpc_v1", 6_730);
}

#[test]
fn signing_oss_v4_stays_in_its_budget() {
    hold_budget("oss_v4", 4_450);
}

/// Holds that a signature takes at most `budget` instructions above its floor, the hashes and the HMAC.
fn hold_budget(scheme: &str, budget: u64) {
    let Some(measure) = measure() else { return };
    let sign = instructions(measure, &format!("{scheme}/sign"));
    let floor = instructions(measure, &format!("{scheme}/floor"));
    let above = sign.saturating_sub(floor);
    println!("{scheme}: {above} instructions above the floor of {floor}, of {budget}");
    assert!(
        above <= budget,
        "{scheme} takes {above} instructions above its floor, more than {budget}"
    );
}

/// The instructions of one operation: the difference between many and few, without what starting costs.
fn instructions(measure: &Path, case: &str) -> u64 {
    const COUNT: u64 = 100;
    (total(measure, case, COUNT + 1) - total(measure, case, 1)) / COUNT
}

fn total(measure: &Path, case: &str, count: u64) -> u64 {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(measure)
        .args([case, &count.to_string()])
        .output()
        .unwrap();
    let report = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{report}");
    let (_, refs) = report
        .split_once("refs:")
        .expect("callgrind counts instructions");
    let digits: String = refs
        .trim_start()
        .chars()
        .take_while(|c| !c.is_whitespace())
        .filter(char::is_ascii_digit)
        .collect();
    digits.parse().unwrap()
}

/// The example `measure` of this crate, built for release; `None` if valgrind is not at hand.
fn measure() -> Option<&'static Path> {
    static MEASURE: OnceLock<Option<PathBuf>> = OnceLock::new();
    MEASURE
        .get_or_init(|| {
            if !Command::new("valgrind")
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
            {
                println!("skipped: valgrind is not at hand");
                return None;
            }
            let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("measure");
            let status = Command::new(env!("CARGO"))
                .args([
                    "build",
                    "--quiet",
                    "--release",
                    "--package",
                    "acs-signer",
                    "--example",
                    "measure",
                ])
                .arg("--target-dir")
                .arg(&target)
                .current_dir(env!("CARGO_MANIFEST_DIR"))
                .status()
                .unwrap();
            assert!(status.success(), "the example does not build");
            Some(target.join("release/examples/measure"))
        })
        .as_deref()
}
