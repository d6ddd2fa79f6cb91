//! A scenario as data, with its placeholders filled in.

use std::path::Path;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

/// The time of a scenario's second 0.
pub(super) fn base_time() -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::seconds(1_795_248_000)
}

/// Where `$SERVER` is.
const SERVER: &str = "http://127.0.0.1:18999";

pub(super) struct Scenario {
    pub(super) construct: Value,
    pub(super) env: Vec<(String, String)>,
    pub(super) files: Vec<(String, Vec<u8>)>,
    pub(super) rules: Vec<Value>,
    pub(super) calls: Vec<Call>,
    pub(super) expected_calls: Vec<Value>,
    pub(super) requests: Option<Vec<String>>,
    pub(super) checks: Vec<Value>,
    pub(super) timing: Option<Value>,
}

pub(super) struct Call {
    /// Seconds after the base time.
    pub(super) at: u64,
    pub(super) parallel: usize,
    pub(super) settle: bool,
    pub(super) write: Vec<(String, Vec<u8>)>,
}

const KEYS: [&str; 12] = [
    "name",
    "construct",
    "env",
    "files",
    "http",
    "calls",
    "expect",
    "python",
    "node",
    "note",
    "skip",
    "verified",
];
const EXPECT_KEYS: [&str; 4] = ["calls", "requests", "checks", "timing"];
const CALL_KEYS: [&str; 4] = ["at", "write", "parallel", "settle"];

impl Scenario {
    /// Reads a scenario. A key that is not known fails: what is not understood is not checked.
    pub(super) fn read(vector: &Value, home: &Path) -> Result<Self, String> {
        let text = fill(&vector.to_string(), home);
        let vector: Value = serde_json::from_str(&text)
            .map_err(|error| format!("a placeholder spoils the scenario: {error}"))?;
        only_known(&vector, &KEYS, "the scenario")?;
        let expect = vector.get("expect").ok_or("there is no `expect`")?;
        only_known(expect, &EXPECT_KEYS, "`expect`")?;
        let list =
            |value: Option<&Value>| value.and_then(Value::as_array).cloned().unwrap_or_default();
        let calls = match vector.get("calls") {
            Some(calls) => list(Some(calls))
                .iter()
                .map(Call::read)
                .collect::<Result<_, _>>()?,
            None => vec![Call {
                at: 0,
                parallel: 1,
                settle: false,
                write: Vec::new(),
            }],
        };
        Ok(Self {
            construct: vector.get("construct").cloned().unwrap_or_default(),
            env: members(vector.get("env"))
                .map(|(name, value)| (name, plain(&value)))
                .collect(),
            files: files(vector.get("files")),
            rules: list(vector.get("http")),
            calls,
            expected_calls: list(expect.get("calls")),
            requests: expect
                .get("requests")
                .map(|requests| list(Some(requests)).iter().map(plain).collect()),
            checks: list(expect.get("checks")),
            timing: expect.get("timing").cloned(),
        })
    }
}

impl Call {
    fn read(call: &Value) -> Result<Self, String> {
        only_known(call, &CALL_KEYS, "a call")?;
        let number = |name: &str| call.get(name).and_then(Value::as_u64);
        let settle = call
            .get("settle")
            .is_some_and(|value| value.as_bool() != Some(false));
        Ok(Self {
            at: number("at").unwrap_or_default(),
            parallel: number("parallel")
                .and_then(|count| usize::try_from(count).ok())
                .unwrap_or(1)
                .max(1),
            settle,
            write: files(call.get("write")),
        })
    }
}

/// Fails on a member whose name is not known.
pub(super) fn only_known(value: &Value, known: &[&str], what: &str) -> Result<(), String> {
    match members(Some(value)).find(|(name, _)| !known.contains(&name.as_str())) {
        Some((name, _)) => Err(format!(
            "{what} has a key that this runner does not know: `{name}`"
        )),
        None => Ok(()),
    }
}

/// Returns the members of an object.
pub(super) fn members(value: Option<&Value>) -> impl Iterator<Item = (String, Value)> {
    value
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default()
        .into_iter()
}

/// Writes a value as a text: a string as it is, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn files(value: Option<&Value>) -> Vec<(String, Vec<u8>)> {
    members(value)
        .map(|(path, content)| (path, plain(&content).into_bytes()))
        .collect()
}

/// Fills the placeholders of a scenario's text in.
fn fill(text: &str, home: &Path) -> String {
    let home = serde_json::to_string(&home.display().to_string()).unwrap_or_default();
    let text = text
        .replace("$HOME", home.trim_matches('"'))
        .replace("$SERVER", SERVER);
    let text = replace_times(&text, "\"${U", "}\"", |time| time.timestamp().to_string());
    replace_times(&text, "${T", "}", |time| {
        time.format("%Y-%m-%dT%H:%M:%SZ").to_string()
    })
}

fn replace_times(
    text: &str,
    open: &str,
    close: &str,
    write: impl Fn(DateTime<Utc>) -> String,
) -> String {
    let mut made = String::new();
    let mut rest = text;
    while let Some((before, tail)) = rest.split_once(open) {
        made.push_str(before);
        let parsed = tail.split_once(close).and_then(|(number, after)| {
            let seconds: i64 = number.trim_start_matches('+').parse().ok()?;
            Some((base_time() + TimeDelta::seconds(seconds), after))
        });
        match parsed {
            Some((time, after)) => {
                made.push_str(&write(time));
                rest = after;
            }
            None => {
                made.push_str(open);
                rest = tail;
            }
        }
    }
    made.push_str(rest);
    made
}
