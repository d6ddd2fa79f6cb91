//! Signals: what is under way ends, and nothing is left behind.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::support::{Emulator, SECRET, acs, refused, with_key};

#[test]
fn a_stopped_emulator_leaves_nothing_behind() {
    for signal in ["-INT", "-TERM", "-HUP"] {
        if is_ignored(signal) {
            continue;
        }
        let temporary = TempDir::new().unwrap();
        let mut emulator = Emulator::start_with(&[], Some(&temporary));
        assert_eq!(entries(&temporary), 1);
        // Its line is out: from here on it must know what to do.
        send_signal(&emulator.child, signal);
        assert_eq!(emulator.child.wait().unwrap().code(), Some(0), "{signal}");
        assert_eq!(entries(&temporary), 0, "{signal}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn an_emulator_that_is_to_outlive_its_terminal_does() {
    let mut nohup = Command::new("sh");
    let program = env!("CARGO_BIN_EXE_acs");
    let mut child = nohup
        .args(["-c", "trap '' HUP; exec \"$0\" emulator", program])
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap())
        .read_line(&mut line)
        .unwrap();
    let emulator = Emulator {
        child,
        facts: serde_json::from_str(&line).unwrap(),
    };
    send_signal(&emulator.child, "-HUP");
    assert!(emulator.acs(&["whoami"]).status().unwrap().success());
}

#[test]
fn a_demo_is_stopped_wherever_it_is_and_leaves_nothing_behind() {
    for (signal, at) in [
        ("-INT", "uploaded in"),
        ("-TERM", "client: uploading"),
        ("-HUP", "mps: job"),
    ] {
        if is_ignored(signal) {
            continue;
        }
        let temporary = TempDir::new().unwrap();
        let mut demo = acs(&["demo"])
            .env("TMPDIR", temporary.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(demo.stdout.take().unwrap()).lines();
        assert!(
            lines.any(|line| line.unwrap().starts_with(at)),
            "{at} was never reached"
        );
        send_signal(&demo, signal);
        // Read on, so that the demo is not held up by a full pipe.
        lines.for_each(drop);
        let output = demo.wait_with_output().unwrap();
        refused(&output, 130);
        assert_eq!(entries(&temporary), 0, "{signal}");
    }
}

#[test]
fn a_call_that_is_never_answered_can_be_stopped() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/media/sample.mp4");
    for arguments in [
        &["whoami"][..],
        &["demo"],
        &["vod", "upload", sample, "--title", "t"],
    ] {
        let mut command = with_key(acs(arguments), "LTAItest", SECRET);
        let child = command
            .args(["--endpoint", &endpoint])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let connection = listener.accept().unwrap();
        send_signal(&child, "-INT");
        refused(&child.wait_with_output().unwrap(), 130);
        drop(connection);
    }
}

fn send_signal(child: &Child, signal: &str) {
    let id = child.id().to_string();
    assert!(
        Command::new("kill")
            .args([signal, &id])
            .status()
            .unwrap()
            .success()
    );
}

/// Whether the tests themselves run under `nohup`, which their children inherit.
fn is_ignored(signal: &str) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    signal == "-HUP"
        && mask.is_some_and(|mask| {
            mask.trim()
                .ends_with(['1', '3', '5', '7', '9', 'b', 'd', 'f'])
        })
}

fn entries(folder: &TempDir) -> usize {
    std::fs::read_dir(folder.path()).unwrap().count()
}
