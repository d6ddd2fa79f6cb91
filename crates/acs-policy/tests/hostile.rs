//! Documents that nobody should ever write. No answer is wrong, but a panic, a hang, much memory, or an error that shows
//! what the document holds.
#![allow(clippy::unwrap_used)]

use std::time::Duration;

use acs_policy::{Policy, Request, evaluate};

const SEED: &str = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":["vod:canary*","oss:*"],"Resource":"acs:oss:*:*:canary/*",
    "Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8"]},"DateLessThan":{"acs:CurrentTime":"2026-11-20T09:05:30Z"},
    "Bool":{"acs:SecureTransport":true},"NumericLessThan":{"k":5}}},
    {"Effect":"Allow","Action":"sts:AssumeRole","Principal":{"RAM":["acs:ram::1:root"],"Service":"mts.aliyuncs.com"}}]}"#;
const MAX_MEMORY: u64 = 64 << 20;

/// What breaks readers, to be put in anywhere.
const PIECES: [&str; 20] = [
    "\0",
    "\r",
    "\n",
    "\u{feff}",
    "\"",
    "\\",
    "[",
    "]",
    "{",
    "}",
    ",",
    ":",
    "null",
    "-1e999",
    "99999999999999999999",
    "\\ud800",
    "\"Effect\":\"Deny\",",
    "\"NotAction\":\"*\",",
    "****",
    "10.0.0.0/99",
];

/// Pseudo-random numbers (xorshift), so that each run is the same.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % (bound.max(1) as u64)).unwrap()
    }
}

fn mutate(random: &mut Random) -> String {
    let mut chars: Vec<char> = SEED.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(chars.len() + 1);
        match random.below(4) {
            0 => chars.truncate(at),
            1 if at < chars.len() => drop(chars.remove(at)),
            2 => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
            _ => {
                let from = random.below(chars.len() + 1);
                let piece = chars[from.min(at)..from.max(at)].to_vec();
                chars.splice(at..at, piece);
            }
        }
    }
    chars.into_iter().collect()
}

/// `ACS_FUZZ_RUNS` raises the number of inputs: a million before a release.
#[allow(clippy::disallowed_methods, reason = "a setting of the test run")]
fn runs() -> usize {
    let runs = std::env::var("ACS_FUZZ_RUNS").ok();
    runs.and_then(|runs| runs.parse().ok()).unwrap_or(5_000)
}

#[test]
fn b1_no_document_breaks_the_parser_and_what_is_taken_is_written_as_it_was() {
    Policy::parse(SEED).unwrap();
    let mut random = Random(0x5eed);
    let (mut taken, mut refused, mut most) = (0, 0, 0);
    let request =
        Request::new("vod:canary", "acs:oss:1:2:canary/x").with("acs:SourceIp", "10.1.1.1");
    for _ in 0..runs() {
        let input = mutate(&mut random);
        let mut answer = None;
        let used = allocation_counter::measure(|| answer = Some(Policy::parse(&input)));
        most = most.max(used.bytes_max);
        match answer.unwrap() {
            Ok(policy) => {
                let read = Policy::parse(&policy.to_json().unwrap()).unwrap();
                let decision = evaluate([&policy], &request).decision();
                assert_eq!(decision, evaluate([&read], &request).decision(), "{input}");
                taken += 1;
            }
            Err(error) => {
                // The place may hold a name of the document; the rest is ours.
                let text = error.to_string();
                let fault = &text[error.place().len()..];
                assert!(
                    !fault.contains("canary") && !text.contains(char::is_control),
                    "{error:?}"
                );
                refused += 1;
            }
        }
    }
    println!("B1: policy: {taken} inputs taken, {refused} refused, 0 panics, {most} bytes at most");
    assert!(taken > 0 && refused > 0 && most < MAX_MEMORY);
}

/// Measures what the parser costs, and not what the machine does besides: time on the processor where that is told.
fn timed<T>(work: impl Fn() -> T) -> (T, Duration) {
    let runs = (0..3).map(|_| {
        let start = thread_time();
        (work(), thread_time().saturating_sub(start))
    });
    runs.min_by_key(|(_, took)| *took).unwrap()
}

#[cfg(target_os = "linux")]
fn thread_time() -> Duration {
    let times = std::fs::read_to_string("/proc/thread-self/schedstat").unwrap();
    Duration::from_nanos(times.split(' ').next().unwrap().parse().unwrap())
}

#[cfg(not(target_os = "linux"))]
#[allow(clippy::disallowed_methods, reason = "measures the parser itself")]
fn thread_time() -> Duration {
    use std::sync::LazyLock;
    static START: LazyLock<std::time::Instant> = LazyLock::new(std::time::Instant::now);
    START.elapsed()
}

#[test]
fn b2_hostile_documents_are_answered_in_time_and_in_little_memory() {
    let in_statement = |inner: &str| {
        format!(
            r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"*","Resource":"*",{inner}}}]}}"#
        )
    };
    let statement = r#"{"Effect":"Allow","Action":"*","Resource":"*"},"#;
    let names: String = (0..60_000)
        .map(|number| format!("\"n{number}\":0,"))
        .collect();
    let keys: String = (0..40_000)
        .map(|number| format!("\"k{number}\":\"v\","))
        .collect();
    for (name, text, expected) in [
        (
            "byte order mark",
            format!("\u{feff}{SEED}"),
            Some("line 1, column 1"),
        ),
        ("NUL", "{\"Version\":\"1\0\"}".to_owned(), Some("line 1")),
        ("CR LF", SEED.replace('\n', "\r\n"), None),
        ("a million brackets", "[".repeat(1 << 20), Some("line 1")),
        (
            "value of 10 MB",
            in_statement(&"x".repeat(10 << 20)),
            Some("policy: has"),
        ),
        (
            "half a million zeros",
            format!("[{}0]", "0,".repeat((1 << 19) - 2)),
            Some("policy: must be"),
        ),
        (
            "60,000 names",
            format!("{{{names}\"x\":0}}"),
            Some("policy.n0"),
        ),
        (
            "40,000 keys",
            in_statement(&format!(
                "\"Condition\":{{\"StringEquals\":{{{keys}\"x\":\"y\"}}}}"
            )),
            None,
        ),
        (
            "20,000 statements",
            format!(
                "{{\"Version\":\"1\",\"Statement\":[{}{}]}}",
                statement.repeat(20_000),
                statement.trim_end_matches(',')
            ),
            None,
        ),
    ] {
        let mut answer = None;
        let used = allocation_counter::measure(|| answer = Some(Policy::parse(&text).map(drop)));
        let (_, took) = timed(|| Policy::parse(&text).is_ok());
        let answer = answer.unwrap();
        println!(
            "B2: policy: {name}: {:?} after {took:.1?}, {} bytes",
            answer.as_ref().err(),
            used.bytes_max
        );
        match (expected, answer) {
            (None, Ok(())) => {}
            (Some(start), Err(error)) => {
                assert!(error.to_string().starts_with(start), "{name}: {error}");
            }
            (expected, answer) => panic!("{name}: {answer:?}, expected {expected:?}"),
        }
        // A build without optimisation is given twenty times as long.
        let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 100 });
        assert!(took <= limit, "{name}: {took:?}");
        assert!(
            used.bytes_max < MAX_MEMORY,
            "{name}: {} bytes",
            used.bytes_max
        );
    }
}

#[test]
fn b2_patterns_of_many_stars_are_matched_in_time() {
    let stars = format!("{}b", "*a".repeat(1_000));
    let policy = Policy::parse(&format!(
        r#"{{"Version":"1","Statement":[{{"Effect":"Allow","Action":"{stars}","Resource":"*"}}]}}"#
    ))
    .unwrap();
    let request = Request::new("a".repeat(2_000), "*");
    let (decision, took) = timed(|| evaluate([&policy], &request).is_allowed());
    println!("B2: policy: 1,000 stars against 2,000 characters after {took:.1?}");
    assert!(!decision && took < Duration::from_secs(1), "{took:?}");
}
