//! What the `acs` command promises, seen from outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

const SECRET: &str = "canary-secret-of-the-user";

#[test]
fn the_demo_does_the_whole_job_by_both_methods() {
    for method in ["credential", "sts"] {
        let output = acs(&["demo", "--method", method, "--json"])
            .output()
            .unwrap();
        assert!(output.status.success(), "{output:?}");
        let result = last_line(&output);
        let sample =
            std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/media/sample.mp4")).unwrap();
        assert_eq!(result["method"], method);
        assert_eq!(result["bytes"], sample.len());
        assert_eq!(result["played_bytes"], sample.len());
        // Computed with a table of its own, by another program.
        assert_eq!(result["crc64"], "3685220349448185586");
        assert_eq!(result["job_state"], "TranscodeSuccess");
        assert_eq!(result["parts"], 1);
        for name in [
            "video_id",
            "object",
            "play_auth_expires_at",
            "play_url",
            "job_id",
        ] {
            assert!(
                result[name].as_str().is_some_and(|text| !text.is_empty()),
                "{name}: {result}"
            );
        }
        assert!(result["requests"].as_u64().unwrap() >= 8, "{result}");
    }
}

#[test]
fn a_large_file_goes_in_parts_and_is_kept_byte_for_byte() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("large.mp4");
    let bytes: Vec<u8> = (0..40_u32 << 20)
        .map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8)
        .collect();
    std::fs::write(&file, &bytes).unwrap();
    let keep = folder.path().join("keep");
    let output = acs(&["demo", "--json"])
        .arg(&file)
        .arg("--keep")
        .arg(&keep)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    let result = last_line(&output);
    assert!(result["parts"].as_u64().unwrap() > 1, "{result}");
    let object = keep
        .join(result["bucket"].as_str().unwrap())
        .join(result["object"].as_str().unwrap());
    assert!(std::fs::read(object).unwrap() == bytes);
}

#[test]
fn a_file_that_cannot_be_uploaded_is_named_before_anything_is_sent() {
    let folder = TempDir::new().unwrap();
    let (empty, no_extension) = (folder.path().join("empty.mp4"), folder.path().join("clip"));
    std::fs::write(&empty, "").unwrap();
    std::fs::write(&no_extension, "x").unwrap();
    let missing = folder.path().join("missing.mp4");
    for (path, word) in [
        (missing.as_path(), "No such file"),
        (&empty, "empty"),
        (folder.path(), "directory"),
        (&no_extension, "extension"),
    ] {
        for command in [&["demo"][..], &["vod", "upload", "--title", "t"]] {
            let output = acs(command).arg(path).output().unwrap();
            let line = refused(&output, 2);
            assert!(
                line.contains(path.to_str().unwrap()) && line.contains(word),
                "{line}"
            );
        }
    }
}

#[test]
fn a_title_over_the_limit_is_refused_before_anything_is_sent() {
    let emulator = Emulator::start();
    let title = "课".repeat(43); // 129 bytes
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/media/sample.mp4");
    let output = emulator
        .acs(&["vod", "upload", sample, "--title", &title])
        .output()
        .unwrap();
    let line = refused(&output, 2);
    assert!(line.contains("Title") && line.contains("128"), "{line}");
    let demo = acs(&["demo", "--title", &title]).output().unwrap();
    assert!(refused(&demo, 2).contains("Title"));
}

#[test]
fn half_a_credential_is_refused_with_the_variable_that_is_missing() {
    let without_secret = acs(&["whoami"])
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAItest")
        .output()
        .unwrap();
    let line = refused(&without_secret, 2);
    assert!(line.contains("ALIBABA_CLOUD_ACCESS_KEY_SECRET"), "{line}");

    let without_token = with_key(acs(&["whoami"]), "STS.test", SECRET)
        .output()
        .unwrap();
    let line = refused(&without_token, 2);
    assert!(line.contains("ALIBABA_CLOUD_SECURITY_TOKEN"), "{line}");
}

#[test]
fn no_credentials_at_all_is_an_error_that_says_where_they_were_looked_for() {
    let output = acs(&["whoami"])
        .env("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "true")
        .output()
        .unwrap();
    let line = refused(&output, 2);
    assert!(line.contains("ALIBABA_CLOUD_ACCESS_KEY_ID"), "{line}");
}

#[test]
fn an_unknown_region_and_a_wrong_endpoint_are_the_users_mistakes() {
    for (arguments, word) in [
        (
            &["whoami", "--region", "oss-cn-shanghai"][..],
            "cn-shanghai",
        ),
        (
            &[
                "vod",
                "upload",
                "SAMPLE",
                "--title",
                "t",
                "--region",
                "cn-nowhere",
            ],
            "cn-nowhere",
        ),
        (&["demo", "--region", "Shanghai"], "region"),
        (
            &[
                "whoami",
                "--endpoint",
                "http://vod.cn-shanghai.aliyuncs.com",
            ],
            "http",
        ),
        (&["whoami", "--endpoint", "not a host"], "endpoint"),
    ] {
        let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/media/sample.mp4");
        let arguments: Vec<&str> = arguments
            .iter()
            .map(|it| if *it == "SAMPLE" { sample } else { it })
            .collect();
        let output = with_key(acs(&arguments), "LTAItest", SECRET)
            .output()
            .unwrap();
        let line = refused(&output, 2);
        assert!(line.contains(word), "{arguments:?}: {line}");
    }
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let output = with_key(
        acs(&["whoami", "--endpoint", "http://127.0.0.1:9"]),
        "LTAItest",
        SECRET,
    )
    .output()
    .unwrap();
    let line = refused(&output, 1);
    assert!(
        line.contains("127.0.0.1:9") && line.contains("refused"),
        "{line}"
    );
}

#[test]
fn a_wrong_secret_shows_the_servers_answer_and_never_the_secret() {
    let emulator = Emulator::start();
    let id = emulator.fact("access_key_id");
    let output = with_key(emulator.acs(&["whoami"]), &id, SECRET)
        .output()
        .unwrap();
    let line = refused(&output, 1);
    assert!(
        line.contains("SignatureDoesNotMatch") && line.contains("request id"),
        "{line}"
    );
}

#[test]
fn a_running_emulator_serves_every_command() {
    let emulator = Emulator::start();
    for name in [
        "endpoint",
        "access_key_id",
        "access_key_secret",
        "role_arn",
        "bucket",
        "pipeline_id",
    ] {
        assert!(!emulator.fact(name).is_empty(), "{name}");
    }
    assert_eq!(emulator.fact("region"), "cn-shanghai");

    let who = emulator.acs(&["whoami", "--json"]).output().unwrap();
    assert!(who.status.success(), "{who:?}");
    assert_eq!(last_line(&who)["identity_type"], "RAMUser");

    let explained = emulator.acs(&["whoami", "--explain"]).output().unwrap();
    let text = String::from_utf8(explained.stdout).unwrap();
    assert!(
        text.contains("env: found in") && text.contains("ALIBABA_CLOUD_ACCESS_KEY_ID"),
        "{text}"
    );
    assert!(text.contains("cli_profile: not asked"), "{text}");
    assert!(!text.contains(&emulator.fact("access_key_secret")));

    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/media/sample.mp4");
    let upload = emulator
        .acs(&["vod", "upload", sample, "--title", "T", "--json"])
        .output()
        .unwrap();
    assert!(upload.status.success(), "{upload:?}");
    assert_eq!(last_line(&upload)["crc64"], "3685220349448185586");

    let demo = emulator.acs(&["demo", "--json"]).output().unwrap();
    assert!(demo.status.success(), "{demo:?}");
    assert_eq!(last_line(&demo)["job_state"], "TranscodeSuccess");
}

#[test]
fn no_argument_takes_a_secret() {
    for command in [
        &["demo"][..],
        &["whoami"],
        &["vod", "upload"],
        &["emulator"],
    ] {
        let help = acs(command).arg("--help").output().unwrap();
        let text = String::from_utf8(help.stdout).unwrap();
        for word in ["--secret", "--access-key", "--token", "--password"] {
            assert!(!text.contains(word), "{command:?} takes {word}");
        }
    }
}

/// The command, with nothing of the tester's own environment that could change it.
fn acs(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_acs"));
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy().to_uppercase();
        if text.starts_with("ALIBABA") || text.contains("PROXY") {
            command.env_remove(&name);
        }
    }
    command
        .env("HOME", "/nonexistent")
        .env("USERPROFILE", "/nonexistent")
        .args(arguments);
    command
}

fn with_key(mut command: Command, id: &str, secret: &str) -> Command {
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret);
    command
}

/// The one line of a refusal; it must not hold the secret.
fn refused(output: &Output, code: i32) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(!line.contains(SECRET), "{line}");
    line
}

fn last_line(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(text.trim_end().lines().next_back().unwrap()).unwrap()
}

/// A running `acs emulator`; it is stopped when dropped.
struct Emulator {
    child: Child,
    facts: Value,
}

impl Emulator {
    fn start() -> Self {
        let mut child = acs(&["emulator", "--port", "0"])
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        Self {
            child,
            facts: serde_json::from_str(&line).unwrap(),
        }
    }

    fn fact(&self, name: &str) -> String {
        self.facts[name].as_str().unwrap_or_default().to_owned()
    }

    fn acs(&self, arguments: &[&str]) -> Command {
        let command = acs(arguments);
        let mut command = with_key(
            command,
            &self.fact("access_key_id"),
            &self.fact("access_key_secret"),
        );
        command.arg("--endpoint").arg(self.fact("endpoint"));
        command
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // It may have ended already, which is fine here.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}
