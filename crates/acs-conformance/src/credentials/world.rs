//! What a scenario's provider lives in: variables, files in a folder of its own, a scripted server, a clock that jumps.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use acs_core::{Body, BoxFuture, Runtime, Transport, TransportError, TransportErrorKind};
use acs_credentials::{CommandLine, Context, FixedEnv, ProcessOutput, Processes, SystemFiles};
use chrono::{DateTime, TimeDelta, Utc};
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use serde_json::Value;

use super::scenario::{Scenario, base_time, members, plain};

/// How long background work gets, on the scenario's clock.
const SETTLE: Duration = Duration::from_millis(500);

pub(super) struct World {
    context: Context,
    server: Arc<Server>,
    clock: Arc<Clock>,
}

impl World {
    pub(super) fn new(scenario: &Scenario, home: &Path) -> Result<Self, String> {
        let clock = Arc::new(Clock {
            start: tokio::time::Instant::now(),
        });
        let server = Arc::new(Server {
            rules: Mutex::new(
                scenario
                    .rules
                    .iter()
                    .map(Rule::read)
                    .collect::<Result<_, _>>()?,
            ),
            seen: Mutex::default(),
        });
        let mut env = FixedEnv::default();
        env.set("HOME", home.as_os_str());
        let mut is_rewritten = true;
        for (name, value) in &scenario.env {
            is_rewritten &= name != "X_NO_REWRITE";
            env.set(name.clone(), value.clone());
        }
        // Without rewriting, fixed addresses are as far away as they are: only a proxy would lead to the server.
        let direct: Arc<dyn Transport> = if is_rewritten {
            Arc::clone(&server) as _
        } else {
            Arc::new(Nobody)
        };
        let context = Context::isolated()
            .with_env(env)
            .with_files(SystemFiles)
            .with_processes(Scripts)
            .with_runtime(Arc::clone(&clock) as _)
            .with_transports(Arc::clone(&server) as _, direct);
        let world = Self {
            context,
            server,
            clock,
        };
        world.write_files(&scenario.files)?;
        Ok(world)
    }

    pub(super) fn context(&self) -> Context {
        self.context.clone()
    }

    /// Waits until so many seconds after the base time.
    pub(super) async fn go_to(&self, seconds: u64) {
        tokio::time::sleep_until(self.clock.start + Duration::from_secs(seconds)).await;
    }

    pub(super) async fn settle(&self) {
        tokio::time::sleep(SETTLE).await;
    }

    pub(super) fn elapsed_ms(&self) -> u128 {
        self.clock.start.elapsed().as_millis()
    }

    pub(super) fn seen(&self) -> Vec<Seen> {
        self.server
            .seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    pub(super) fn write_files(&self, files: &[(String, Vec<u8>)]) -> Result<(), String> {
        files
            .iter()
            .try_for_each(|(path, bytes)| write_file(Path::new(path), bytes))
            .map_err(|error| format!("the scenario's files cannot be written: {error}"))
    }
}

/// Writes a file as if long ago, so that nobody takes it for one that is being written.
fn write_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.create(true).truncate(true).write(true);
    #[cfg(unix)]
    {
        let mode = if bytes.starts_with(b"#!") {
            0o700
        } else {
            0o600
        };
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, mode);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    file.set_modified(base_time().into())
}

/// The scenario's clock: tokio's own, which stands still and jumps. Randomness is all zeros, so that jitter is none.
#[derive(Debug)]
struct Clock {
    start: tokio::time::Instant,
}

impl Runtime for Clock {
    fn now(&self) -> DateTime<Utc> {
        base_time() + TimeDelta::from_std(self.elapsed()).unwrap_or_default()
    }

    fn elapsed(&self) -> Duration {
        self.start.elapsed()
    }

    fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        Box::pin(tokio::time::sleep(duration))
    }

    fn fill_random(&self, bytes: &mut [u8]) {
        bytes.fill(0);
    }
}

/// A request that reached the server.
#[derive(Clone)]
pub(super) struct Seen {
    pub(super) method: String,
    pub(super) scheme: String,
    pub(super) host: String,
    pub(super) path: String,
    pub(super) query: Vec<(String, String)>,
    pub(super) form: Vec<(String, String)>,
    pub(super) headers: HeaderMap,
    pub(super) body: Vec<u8>,
}

impl Seen {
    /// Returns a parameter of the form or the query.
    pub(super) fn parameter(&self, name: &str) -> Option<&str> {
        let find = |list: &'_ [(String, String)]| list.iter().position(|(given, _)| given == name);
        find(&self.form)
            .map(|index| self.form[index].1.as_str())
            .or_else(|| find(&self.query).map(|index| self.query[index].1.as_str()))
    }

    pub(super) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }
}

struct Rule {
    host: String,
    path: String,
    method: Option<String>,
    params: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    absent_headers: Vec<String>,
    /// `None`: any number of times.
    times_left: Option<u64>,
    reply: Reply,
}

#[derive(Clone)]
struct Reply {
    status: u16,
    body: String,
    headers: Vec<(String, String)>,
    delay: Duration,
    is_reset: bool,
}

const RULE_KEYS: [&str; 8] = [
    "host",
    "path",
    "method",
    "params",
    "headers",
    "absent_headers",
    "times",
    "reply",
];
const REPLY_KEYS: [&str; 5] = ["status", "body", "headers", "delay_ms", "fault"];

impl Rule {
    fn read(rule: &Value) -> Result<Self, String> {
        super::scenario::only_known(rule, &RULE_KEYS, "a rule of `http`")?;
        let text = |name: &str| rule.get(name).map(plain);
        let pairs = |name: &str| {
            members(rule.get(name))
                .map(|(key, value)| (key, plain(&value)))
                .collect()
        };
        let reply = rule.get("reply").ok_or("a rule of `http` has no reply")?;
        super::scenario::only_known(reply, &REPLY_KEYS, "a reply")?;
        let is_reset = match reply.get("fault").and_then(Value::as_str) {
            None => false,
            Some("reset") => true,
            Some(other) => return Err(format!("a reply has an unknown fault: `{other}`")),
        };
        let status = reply.get("status").and_then(Value::as_u64).unwrap_or(200);
        Ok(Self {
            host: text("host").unwrap_or_default(),
            path: text("path").unwrap_or_else(|| "/".to_owned()),
            method: text("method"),
            params: pairs("params"),
            headers: pairs("headers"),
            absent_headers: rule
                .get("absent_headers")
                .and_then(Value::as_array)
                .map(|names| names.iter().map(plain).collect())
                .unwrap_or_default(),
            times_left: rule
                .get("times")
                .and_then(Value::as_u64)
                .filter(|times| *times > 0),
            reply: Reply {
                status: u16::try_from(status).map_err(|_| "a reply has no such status")?,
                body: reply.get("body").map(plain).unwrap_or_default(),
                headers: members(reply.get("headers"))
                    .map(|(name, value)| (name, plain(&value)))
                    .collect(),
                delay: Duration::from_millis(
                    reply
                        .get("delay_ms")
                        .and_then(Value::as_u64)
                        .unwrap_or_default(),
                ),
                is_reset,
            },
        })
    }

    fn matches(&self, seen: &Seen) -> bool {
        self.times_left != Some(0)
            && self.host == seen.host
            && self.path == seen.path
            && self
                .method
                .as_ref()
                .is_none_or(|method| *method == seen.method)
            && self
                .params
                .iter()
                .all(|(name, value)| seen.parameter(name) == Some(value))
            && self
                .headers
                .iter()
                .all(|(name, value)| seen.header(name) == Some(value))
            && self
                .absent_headers
                .iter()
                .all(|name| seen.header(name).is_none())
    }
}

/// Answers every host by the scenario's rules, and keeps what it saw.
struct Server {
    rules: Mutex<Vec<Rule>>,
    seen: Mutex<Vec<Seen>>,
}

impl Server {
    fn answer(&self, seen: Seen) -> Reply {
        let mut rules = self.rules.lock().unwrap_or_else(PoisonError::into_inner);
        let reply = rules
            .iter_mut()
            .find(|rule| rule.matches(&seen))
            .map(|rule| {
                rule.times_left = rule.times_left.map(|left| left - 1);
                rule.reply.clone()
            });
        self.seen
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(seen);
        reply.unwrap_or_else(|| Reply {
            status: 404,
            body: "no rule".to_owned(),
            headers: Vec::new(),
            delay: Duration::ZERO,
            is_reset: false,
        })
    }
}

impl Transport for Server {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let broken =
                |reason: &str| TransportError::new(TransportErrorKind::Interrupted, reason);
            let (head, body) = request.into_parts();
            let body = body
                .collect(1 << 24)
                .await
                .map_err(|_| broken("the request has no whole body"))?;
            let is_form = head
                .headers
                .get(http::header::CONTENT_TYPE)
                .is_some_and(|value| {
                    value
                        .as_bytes()
                        .starts_with(b"application/x-www-form-urlencoded")
                });
            let form = if is_form {
                pairs(&String::from_utf8_lossy(&body))
            } else {
                Vec::new()
            };
            let reply = self.answer(Seen {
                method: head.method.to_string(),
                scheme: head.uri.scheme_str().unwrap_or_default().to_owned(),
                host: head
                    .uri
                    .authority()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                path: head.uri.path().to_owned(),
                query: pairs(head.uri.query().unwrap_or_default()),
                form,
                headers: head.headers,
                body: body.to_vec(),
            });
            tokio::time::sleep(reply.delay).await;
            if reply.is_reset {
                return Err(broken("the scenario resets the connection"));
            }
            let mut response = http::Response::builder().status(reply.status);
            for (name, value) in &reply.headers {
                response = response.header(name, value);
            }
            response
                .body(Body::from(reply.body.into_bytes()))
                .map_err(|_| broken("the scenario's reply is malformed"))
        })
    }
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Server").finish_non_exhaustive()
    }
}

/// Reaches nobody.
#[derive(Debug)]
struct Nobody;

impl Transport for Nobody {
    fn send(
        &self,
        _: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let error = TransportError::new(
            TransportErrorKind::ConnectTimeout,
            "nobody is at this address",
        );
        Box::pin(std::future::ready(Err(error)))
    }
}

/// Runs the scenario's own programs, on a thread: while one is busy, the clock that jumps stands still.
#[derive(Debug)]
struct Scripts;

impl Processes for Scripts {
    fn run(&self, command: CommandLine, _: usize) -> BoxFuture<'_, io::Result<ProcessOutput>> {
        Box::pin(async move {
            let work = move || {
                std::process::Command::new(&command.program)
                    .args(&command.args)
                    .stdin(Stdio::null())
                    .stderr(Stdio::null())
                    .output()
            };
            let output = tokio::task::spawn_blocking(work)
                .await
                .map_err(io::Error::other)??;
            Ok(ProcessOutput::new(output.status.code(), output.stdout))
        })
    }
}

fn pairs(text: &str) -> Vec<(String, String)> {
    let decode = |part: &str| {
        percent_decode_str(&part.replace('+', " "))
            .decode_utf8_lossy()
            .into_owned()
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode(name), decode(value))
        })
        .collect()
}
