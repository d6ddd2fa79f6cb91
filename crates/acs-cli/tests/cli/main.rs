//! What the `acs` command promises, seen from outside.

#![allow(clippy::unwrap_used, reason = "helpers of tests")]

#[cfg(unix)]
mod stop;
mod support;

use std::io::{Read as _, Write as _};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::support::{Emulator, SECRET, acs, last_line, refused, with_key};

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
    #[cfg(unix)]
    let fifo = folder.path().join("fifo.mp4");
    #[cfg(unix)]
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .unwrap()
            .success()
    );
    for (path, word) in [
        (missing.as_path(), "No such file"),
        (&empty, "empty"),
        (folder.path(), "directory"),
        (&no_extension, "extension"),
        #[cfg(unix)]
        (std::path::Path::new("/dev/zero"), "not a regular file"),
        #[cfg(unix)]
        (&fifo, "not a regular file"),
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

#[cfg(unix)]
#[test]
fn a_name_with_control_characters_is_refused_and_shown_harmlessly() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("a\u{1b}[2J\n.mp4");
    std::fs::write(&path, "x").unwrap();
    for command in [&["demo"][..], &["vod", "upload", "--title", "t"]] {
        let line = refused(&acs(command).arg(&path).output().unwrap(), 2);
        assert!(line.contains("control characters"), "{line}");
        assert!(!line.trim_end().contains(char::is_control), "{line:?}");
    }
}

#[test]
fn a_file_that_is_too_large_for_the_demo_is_refused() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("large.mp4");
    // Sparse: it takes no room.
    let file = std::fs::File::create(&path).unwrap();
    file.set_len((5 << 30) + 1).unwrap();
    let line = refused(&acs(&["demo"]).arg(&path).output().unwrap(), 2);
    assert!(line.contains("5 GiB"), "{line}");
}

#[test]
fn a_title_is_not_empty_and_one_of_a_long_name_is_cut() {
    let folder = TempDir::new().unwrap();
    let path = folder.path().join(format!("{}.mp4", "课".repeat(80))); // 244 bytes
    std::fs::write(&path, "x").unwrap();
    for command in [&["demo"][..], &["vod", "upload"]] {
        let output = acs(command).arg(&path).args(["--title", ""]).output();
        assert!(refused(&output.unwrap(), 2).contains("title"));
    }
    let demo = acs(&["demo"]).arg(&path).output().unwrap();
    assert!(demo.status.success(), "{demo:?}");
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
        (&["demo", "--region", "mars-1"], "cn-shanghai"),
        (&["whoami", "--region", "mars-1"], "cn-shanghai"),
        (&["emulator", "--region", "mars-1"], "cn-shanghai"),
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
fn the_demo_takes_the_region_of_a_running_emulator() {
    let emulator = Emulator::start_with(&["--region", "cn-beijing"], None);
    let demo = emulator.acs(&["demo", "--json"]).output().unwrap();
    assert!(demo.status.success(), "{demo:?}");
    let other = emulator.acs(&["demo", "--region", "cn-shanghai"]).output();
    let line = refused(&other.unwrap(), 2);
    assert!(
        line.contains("cn-beijing") && line.contains("cn-shanghai"),
        "{line}"
    );
}

#[test]
fn an_emulator_that_discards_bodies_is_no_stage_for_the_demo() {
    let emulator = Emulator::start_with(&["--discard-bodies"], None);
    let line = refused(&emulator.acs(&["demo"]).output().unwrap(), 2);
    assert!(line.contains("--discard-bodies"), "{line}");
}

#[test]
fn a_server_that_is_no_emulator_is_told_from_one() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            // A page of its own, with what an emulator would say.
            let page = r#"{"bucket":"b","pipeline_id":"p","region":"cn-shanghai"}"#;
            let mut request = [0; 4096];
            _ = stream.read(&mut request);
            _ = write!(
                stream,
                "HTTP/1.1 404 Not Found\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{page}",
                page.len()
            );
        }
    });
    let output = with_key(acs(&["demo", "--endpoint", &endpoint]), "LTAItest", SECRET).output();
    let line = refused(&output.unwrap(), 1);
    assert!(line.contains("not an emulator"), "{line}");
}

#[test]
fn a_demo_with_a_file_and_a_running_emulator_needs_no_temporary_folder() {
    let emulator = Emulator::start();
    let sample = concat!(env!("CARGO_MANIFEST_DIR"), "/media/sample.mp4");
    let mut demo = emulator.acs(&["demo", sample, "--json"]);
    for name in ["TMPDIR", "TMP", "TEMP"] {
        demo.env(name, "/nonexistent");
    }
    let output = demo.output().unwrap();
    assert!(output.status.success(), "{output:?}");
}

#[test]
fn what_an_own_emulator_brings_cannot_be_chosen() {
    for flag in ["--bucket", "--pipeline", "--role-arn"] {
        let output = acs(&["demo", flag, "x"]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{output:?}");
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            text.contains("--endpoint") && text.contains("--live"),
            "{text}"
        );
    }
}

#[test]
fn a_live_demo_lists_what_it_needs_also_beside_json() {
    let output = acs(&["demo", "--live", "--json"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(text.contains("It may cost"), "{text}");
}

#[test]
fn a_port_and_a_folder_that_cannot_be_had_are_named() {
    let emulator = Emulator::start();
    let endpoint = emulator.fact("endpoint");
    let port = endpoint.rsplit(':').next().unwrap();
    let output = acs(&["emulator", "--port", port]).output().unwrap();
    assert!(refused(&output, 2).contains(port));

    let folder = TempDir::new().unwrap();
    let taken = folder.path().join("a-file");
    std::fs::write(&taken, "x").unwrap();
    for command in ["emulator", "demo"] {
        let output = acs(&[command, "--keep"]).arg(&taken).output().unwrap();
        let line = refused(&output, 2);
        assert!(line.contains(taken.to_str().unwrap()), "{line}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn output_that_cannot_be_written_is_a_failure() {
    let emulator = Emulator::start();
    let full = || std::fs::File::options().write(true).open("/dev/full");
    for mut command in [
        emulator.acs(&["whoami"]),
        emulator.acs(&["whoami", "--json"]),
        acs(&["emulator"]),
    ] {
        let output = command.stdout(full().unwrap()).output().unwrap();
        let line = refused(&output, 1);
        assert!(line.contains("cannot be written"), "{line}");
    }
}

#[test]
fn a_reader_that_went_away_is_no_failure() {
    let emulator = Emulator::start();
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let mut whoami = emulator.acs(&["whoami"]);
    assert!(whoami.stdout(writer).status().unwrap().success());
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
