//! The command as tests run it, and an emulator of their own.

use std::io::{BufRead as _, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

pub(crate) const SECRET: &str = "canary-secret-of-the-user";

/// The command, with nothing of the tester's own environment that could change it.
pub(crate) fn acs(arguments: &[&str]) -> Command {
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

pub(crate) fn with_key(mut command: Command, id: &str, secret: &str) -> Command {
    command
        .env("ALIBABA_CLOUD_ACCESS_KEY_ID", id)
        .env("ALIBABA_CLOUD_ACCESS_KEY_SECRET", secret);
    command
}

/// The one line of a refusal; it must not hold the secret.
pub(crate) fn refused(output: &Output, code: i32) -> String {
    let line = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(output.status.code(), Some(code), "{line}");
    assert_eq!(line.trim_end().lines().count(), 1, "{line}");
    assert!(!line.contains(SECRET), "{line}");
    line
}

pub(crate) fn last_line(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    serde_json::from_str(text.trim_end().lines().next_back().unwrap()).unwrap()
}

/// A running `acs emulator`; it is stopped when dropped.
pub(crate) struct Emulator {
    pub(crate) child: Child,
    pub(crate) facts: Value,
}

impl Emulator {
    pub(crate) fn start() -> Self {
        Self::start_with(&[], None)
    }

    pub(crate) fn start_with(arguments: &[&str], temporary: Option<&TempDir>) -> Self {
        let mut command = acs(&["emulator", "--port", "0"]);
        if let Some(folder) = temporary {
            command.env("TMPDIR", folder.path());
        }
        let mut child = command
            .args(arguments)
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

    pub(crate) fn fact(&self, name: &str) -> String {
        self.facts[name].as_str().unwrap_or_default().to_owned()
    }

    pub(crate) fn acs(&self, arguments: &[&str]) -> Command {
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
