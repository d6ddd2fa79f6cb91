//! Programs that hand out credentials: run without a shell, bounded in time and output, and killed.
#![cfg(all(unix, feature = "process"))]
#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use std::time::Duration;

use acs_credentials::{
    CommandLine, Context, ExternalProcess, FixedEnv, Processes as _, Source as _, SystemProcesses,
};

fn script(folder: &Path, text: &str) -> PathBuf {
    use std::os::unix::fs::PermissionsExt as _;
    let path = folder.join("a tool.sh");
    std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o700)).unwrap();
    path
}

async fn run(text: &str, arguments: &str) -> Result<acs_credentials::Found, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = script(folder.path(), text);
    let context = Context::isolated().with_processes(SystemProcesses);
    let command = format!("'{}' {arguments}", path.display());
    ExternalProcess::new(command)
        .load(&context)
        .await
        .map_err(|error| error.to_string())
}

#[tokio::test]
async fn the_output_of_a_program_is_taken_and_no_shell_reads_its_arguments() {
    let text = r#"printf '{"access_key_id":"%s","access_key_secret":"s","sts_token":"t"}' "$1""#;
    let found = run(text, "'$HOME;`id`'").await.unwrap();
    assert_eq!(found.credentials.access_key_id(), "$HOME;`id`");
    assert_eq!(found.keep_for, Some(Duration::from_secs(900)));
    let found = run(
        r#"echo '{"mode":"AK","access_key_id":"A","access_key_secret":"s"}'"#,
        "",
    )
    .await
    .unwrap();
    assert_eq!(
        (found.credentials.security_token(), found.keep_for),
        (None, None)
    );
}

#[tokio::test]
async fn what_a_program_does_wrong_is_told_without_its_output() {
    for (text, expected) in [
        (
            "echo canary; exit 3",
            "failed to execute external command: it ended with exit code 3",
        ),
        ("echo canary", "failed to parse external command output"),
        (
            "head -c 100000 /dev/zero | tr '\\0' 'c'; echo canary",
            "more than 64 KiB",
        ),
        ("kill -9 $$", "a signal"),
        (
            r#"echo '{"access_key_id":"canary"}'"#,
            "access_key_id or access_key_secret is empty",
        ),
        (
            r#"echo '{"mode":"StsToken","access_key_id":"canary","access_key_secret":"canary"}'"#,
            "sts_token is empty",
        ),
        (
            r#"echo '{"access_key_id":"canary","access_key_secret":"s","expiration":"soon"}'"#,
            "expiration is no time",
        ),
        (
            r#"echo '{"access_key_id":"canary","access_key_secret":"s","expiration":"2020-01-01T00:00:00Z"}'"#,
            "expired",
        ),
    ] {
        let error = run(text, "").await.unwrap_err();
        assert!(
            error.contains(expected) && !error.contains("canary"),
            "{text}: {error}"
        );
    }
    let error = ExternalProcess::new("/no/such/program")
        .load(&Context::isolated().with_processes(SystemProcesses))
        .await;
    assert!(error.unwrap_err().to_string().contains("No such file"));
}

#[tokio::test]
async fn a_program_that_is_given_up_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("marker");
    let path = script(folder.path(), "sleep 1; echo late > \"$1\"");
    let command = CommandLine::new(
        path.to_str().unwrap(),
        vec![marker.to_str().unwrap().to_owned()],
    );
    let given_up = tokio::time::timeout(
        Duration::from_millis(100),
        SystemProcesses.run(command, 1024),
    )
    .await;
    assert!(given_up.is_err());
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert!(!marker.exists(), "the program went on");
}

#[tokio::test]
async fn a_variable_forbids_programs() {
    let env = FixedEnv::from([("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS", "1")]);
    let context = Context::isolated()
        .with_processes(SystemProcesses)
        .with_env(env);
    let error = ExternalProcess::new("/bin/true")
        .load(&context)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS forbids it"),
        "{error}"
    );
}
