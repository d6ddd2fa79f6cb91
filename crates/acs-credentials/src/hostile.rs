//! Every parser of the crate, fed with what nobody should ever write. No answer is wrong, but a panic, a hang, an
//! error that shows a secret, or one that takes long.

#![allow(clippy::unwrap_used)]

use std::time::{Duration, Instant};

use http::HeaderMap;

use crate::config::cli::CliConfig;
use crate::config::ini::Ini;
use crate::context::http::Answer;
use crate::providers::split_command;
use crate::session::{self, Clocks};
use crate::{Context, Failure, FixedEnv};

/// A parser, and an input that it takes: mutations begin there.
struct Parser {
    name: &'static str,
    seed: &'static [u8],
    parse: fn(&[u8]) -> Result<(), String>,
}

const PARSERS: [Parser; 8] = [
    Parser {
        name: "credentials (ini)",
        seed: b"[default]\ntype = access_key # c\naccess_key_id = I\naccess_key_secret = canary\n\n[p2]\r\ntype=sts\r\nsecurity_token=canary\r\n",
        parse: |bytes| match Ini::parse(bytes) {
            Ok(ini) => {
                let _ = (ini.value("default", "access_key_secret"), format!("{ini:?}"));
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        },
    },
    Parser {
        name: "config.json",
        seed: br#"{"current":"a","profiles":[{"name":"a","mode":"AK","access_key_id":"I","access_key_secret":"canary","expired_seconds":900,"enable_vpc":true,"sts_expiration":"1"}]}"#,
        parse: |bytes| CliConfig::parse(bytes).map(drop),
    },
    Parser {
        name: "session keys (JSON)",
        seed: br#"{"Code":"Success","AccessKeyId":"I","AccessKeySecret":"canary","SecurityToken":"canary","Expiration":"2999-11-20T09:05:30Z"}"#,
        parse: |bytes| {
            let read = || {
                let mut map = session::parse_object(bytes, "the answer")?;
                session::check_code(&map, "the answer", false)?;
                let headers = HeaderMap::new();
                let clocks = Clocks { what: "the answer", now: chrono::DateTime::UNIX_EPOCH, headers: &headers };
                session::take_session(&mut map, "x".to_owned(), &clocks)
            };
            read().map(drop).map_err(|error: Failure| error.to_string())
        },
    },
    Parser {
        name: "error body",
        seed: br#"{"Code":"NoPermission","Message":"m","RequestId":"R","secret":"canary"}"#,
        parse: |bytes| {
            let answer = Answer { status: 400, headers: HeaderMap::new(), body: bytes.to_vec().into() };
            let error = crate::sts::read_error(&answer);
            assert!(error.message.chars().count() <= 512 && !error.to_string().contains('\n'));
            Ok(())
        },
    },
    Parser {
        name: "time",
        seed: b"2026-11-20T09:05:30.123+08:00",
        parse: |bytes| {
            let _ = session::parse_time(&String::from_utf8_lossy(bytes));
            Ok(())
        },
    },
    Parser {
        name: "process_command",
        seed: b"\"/opt/my tool\" --secret 'canary' a\\ b \"\\$x\"",
        parse: |bytes| {
            let text = String::from_utf8_lossy(bytes);
            for is_windows in [false, true] {
                split_command(&text, is_windows).map(drop).map_err(|error| error.to_string())?;
            }
            Ok(())
        },
    },
    Parser {
        name: "environment",
        seed: b"canary",
        parse: |bytes| {
            let env = FixedEnv::from([
                ("ALIBABA_CLOUD_ACCESS_KEY_ID", os_string(bytes)),
                ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", os_string(bytes)),
            ]);
            let context = Context::isolated().with_env(env);
            crate::from_env(&context).map(drop).map_err(|error| error.to_string())
        },
    },
    Parser {
        name: "STS endpoint",
        seed: b"https://sts.cn-shanghai.aliyuncs.com/",
        parse: |bytes| {
            let address = crate::sts::StsAddress {
                endpoint: Some(String::from_utf8_lossy(bytes).into_owned()),
                ..Default::default()
            };
            address.resolve(&Context::isolated()).map(drop).map_err(|error| error.to_string())
        },
    },
];

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> std::ffi::OsString {
    String::from_utf8_lossy(bytes).into_owned().into()
}

/// A small generator of pseudo-random numbers (xorshift), so that each run is the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (bound.max(1) as u64)).unwrap()
    }
}

/// What breaks parsers, to be put in anywhere.
const PIECES: [&[u8]; 16] = [
    b"\0",
    b"\r",
    b"\n",
    b"\r\n",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\xed\xa0\x80",
    b"\"",
    b"\\",
    b"[",
    b"]",
    b"{",
    b"=",
    b" #",
    b"null",
    b"99999999999999999999",
];

fn mutate(seed: &[u8], random: &mut Random) -> Vec<u8> {
    let mut bytes = seed.to_vec();
    for _ in 0..=random.below(4) {
        let at = random.below(bytes.len() + 1);
        match random.below(5) {
            0 => bytes.truncate(at),
            1 => {
                let piece = PIECES[random.below(PIECES.len())];
                bytes.splice(at..at, piece.iter().copied());
            }
            2 if at < bytes.len() => bytes[at] = u8::try_from(random.below(256)).unwrap(),
            3 if at < bytes.len() => drop(bytes.remove(at)),
            _ => {
                let from = random.below(bytes.len() + 1);
                let piece = bytes[from.min(at)..from.max(at)].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// `ACS_FUZZ_RUNS` raises the number of inputs for each parser: a million before a release.
#[allow(clippy::disallowed_methods, reason = "a setting of the test run")]
fn runs() -> usize {
    std::env::var("ACS_FUZZ_RUNS")
        .ok()
        .and_then(|runs| runs.parse().ok())
        .unwrap_or(20_000)
}

#[test]
fn b1_no_input_breaks_a_parser() {
    for parser in &PARSERS {
        (parser.parse)(parser.seed)
            .unwrap_or_else(|error| panic!("{} refuses its seed: {error}", parser.name));
        let mut random = Random(0x5eed);
        let (mut taken, mut refused) = (0, 0);
        for _ in 0..runs() {
            let input = mutate(parser.seed, &mut random);
            match (parser.parse)(&input) {
                Ok(()) => taken += 1,
                Err(error) => {
                    assert!(
                        parser.name == "STS endpoint" || !error.contains("canary"),
                        "{}: {error}",
                        parser.name
                    );
                    refused += 1;
                }
            }
        }
        println!(
            "B1: {}: {taken} inputs taken, {refused} refused, 0 panics",
            parser.name
        );
    }
}

#[allow(clippy::disallowed_methods, reason = "measures the parser itself")]
fn timed(work: impl Fn() -> Result<(), String>) -> (Result<(), String>, Duration) {
    // The best of three: what is measured is the parser, not the machine's other work.
    let runs = (0..3).map(|_| {
        let start = Instant::now();
        (work(), start.elapsed())
    });
    runs.min_by_key(|(_, took)| *took).unwrap()
}

#[test]
fn b2_hostile_files_are_answered_in_time_with_the_line_and_without_the_secret() {
    let sections: String = (0..100_000)
        .map(|number| format!("[s{number}]\n"))
        .collect();
    let large_ini = format!("[default]\naccess_key_secret = {}\n", "x".repeat(10 << 20));
    let large_json = format!(
        r#"{{"profiles":[{{"access_key_secret":"{}"}}]}}"#,
        "x".repeat(10 << 20)
    );
    let deep = "[".repeat(1 << 20);
    let ini = 0;
    let json = 1;
    let keys = 2;
    for (name, parser, input, expected) in [
        (
            "invalid UTF-8",
            ini,
            &b"[default]\naccess_key_secret = canary\xff"[..],
            Some("line 2"),
        ),
        (
            "NUL",
            ini,
            b"[default]\nx=y\naccess_key_secret = can\0ary",
            Some("line 3"),
        ),
        (
            "CR LF",
            ini,
            b"[default]\r\naccess_key_secret = canary\r\n",
            None,
        ),
        (
            "CR only",
            ini,
            b"[default]\raccess_key_secret = canary\rcanary\r",
            Some("line 3"),
        ),
        (
            "byte order mark",
            ini,
            b"\xef\xbb\xbf[default]\naccess_key_secret = canary",
            None,
        ),
        ("value of 10 MB", ini, large_ini.as_bytes(), None),
        ("100,000 sections", ini, sections.as_bytes(), None),
        (
            "invalid UTF-8",
            json,
            b"{\n\"profiles\":[{\"access_key_secret\":\"canary\xff\"}]}",
            Some("line 2"),
        ),
        (
            "NUL",
            json,
            b"{\"profiles\":[{\"access_key_secret\":\"can\0ary\"}]}",
            Some("line 1"),
        ),
        (
            "CR LF",
            json,
            b"{\r\n\"profiles\":[{\"access_key_secret\":\"canary\"}]\r\n}\r\ncanary",
            Some("line 4"),
        ),
        (
            "byte order mark",
            json,
            b"\xef\xbb\xbf{\"profiles\":[]}",
            None,
        ),
        ("value of 10 MB", json, large_json.as_bytes(), None),
        ("a million brackets", json, deep.as_bytes(), Some("line 1")),
        ("a million brackets", keys, deep.as_bytes(), Some("line 1")),
        (
            "invalid UTF-8",
            keys,
            b"{\"AccessKeySecret\":\"canary\xff\"}",
            Some("line 1"),
        ),
    ] {
        let Parser {
            name: file, parse, ..
        } = PARSERS[parser];
        let (answer, took) = timed(|| parse(input));
        println!(
            "B2: {file}: {name}: {:?} after {took:.1?}",
            answer.as_ref().err()
        );
        match (expected, answer) {
            (None, Ok(())) => {}
            (Some(line), Err(error)) => {
                assert!(
                    error.contains(line) && !error.contains("canary"),
                    "{file}: {name}: {error}"
                );
            }
            (expected, answer) => panic!("{file}: {name}: {answer:?}, expected {expected:?}"),
        }
        // A build without optimisation is given ten times as long.
        let limit = Duration::from_millis(if cfg!(debug_assertions) { 1_000 } else { 100 });
        assert!(took <= limit, "{file}: {name}: {took:?}");
    }
}
