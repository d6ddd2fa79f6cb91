//! Every parser of the crate, fed with what nobody should ever write. No answer is wrong, but a panic, a hang, an
//! error that shows a secret, or one that takes long.

#![allow(clippy::unwrap_used)]

use std::time::Duration;

use self::parsers::{PARSERS, Parser};

mod parsers;

/// The most memory that any input may take, in bytes.
const MAX_MEMORY: u64 = 64 << 20;

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

/// Changes an input here and there. The secret is not copied to where a name stands, which messages do show.
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
                if !piece
                    .windows(3)
                    .any(|window| b"canary".windows(3).any(|part| part == window))
                {
                    bytes.splice(at..at, piece);
                }
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
        .unwrap_or(1_000)
}

/// Parses, and returns how many bytes were in use at most meanwhile.
fn measured(parser: &Parser, input: &[u8]) -> (Result<String, String>, u64) {
    let mut answer = None;
    let used = allocation_counter::measure(|| answer = Some((parser.parse)(input)));
    (answer.unwrap(), used.bytes_max)
}

#[test]
fn b1_no_input_breaks_a_parser_or_shows_a_secret() {
    for parser in PARSERS {
        let (answer, _) = measured(parser, parser.seed);
        answer.unwrap_or_else(|error| panic!("{} refuses its seed: {error}", parser.name));
        let mut random = Random(0x5eed);
        let (mut taken, mut refused, mut most) = (0, 0, 0);
        for _ in 0..runs() {
            let input = mutate(parser.seed, &mut random);
            let (answer, memory) = measured(parser, &input);
            most = most.max(memory);
            match &answer {
                Ok(_) => taken += 1,
                Err(_) => refused += 1,
            }
            let (Ok(text) | Err(text)) = answer;
            assert!(!text.contains("canary"), "{}: {text}", parser.name);
            assert!(
                !text.contains(char::is_control),
                "{}: {text:?}",
                parser.name
            );
        }
        println!(
            "B1: {}: {taken} inputs taken, {refused} refused, 0 panics, {most} bytes at most",
            parser.name
        );
        assert!(taken > 0 && refused > 0, "{}", parser.name);
        assert!(most < MAX_MEMORY, "{}: {most} bytes", parser.name);
    }
}

/// Measures what the parser costs, and not what the machine does besides: time on the processor where that is told.
fn timed(work: impl Fn() -> Result<String, String>) -> (Result<String, String>, Duration) {
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
fn thread_time() -> Duration {
    Context::isolated().runtime().elapsed()
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
    let file = |filler: &str, separator: &str| {
        let mut bytes = Vec::with_capacity(1 << 20);
        while bytes.len() + filler.len() + separator.len() <= (1 << 20) - 200 {
            bytes.extend_from_slice(filler.as_bytes());
            bytes.extend_from_slice(separator.as_bytes());
        }
        String::from_utf8(bytes).unwrap()
    };
    let (sections_of_3, keys_of_2) = (file("[]", "\n"), format!("[a]\n{}", file("=", "\n")));
    let (profiles, zeros) = (
        format!("{{\"profiles\":[{}{{}}]}}", file("{}", ",")),
        format!(
            "{{\"profiles\":[{{\"expired_seconds\":[{}0]}}]}}",
            file("0", ",")
        ),
    );
    let unknown = format!("{{\"profiles\":[],\"x\":[{}0]}}", file("0", ","));
    #[cfg(feature = "oauth")]
    let oauth = format!(
        r#"{{"x":[{}0],"current":"o","profiles":[{{"name":"o","mode":"OAuth","oauth_site_type":"CN","oauth_refresh_token":"canary"}}]}}"#,
        file("0", ",")
    );
    let chain: String = (0..5_000)
        .map(|number| format!(r#"{{"name":"{number}","mode":"ChainableRamRoleArn","source_profile":"{}","ram_role_arn":"acs:ram::1:role/r"}},"#, number + 1))
        .take(4_000)
        .collect();
    let chain = format!(
        r#"{{"current":"0","profiles":[{}]}}"#,
        chain.trim_end_matches(',')
    );
    let chain_of_sections: String = (0..5_000)
        .map(|number| {
            format!(
                "[{number}]\ntype=ram_role_arn\nrole_arn=acs:ram::1:role/r\nsource={}\n",
                number + 1
            )
        })
        .collect();
    let chain_of_sections = chain_of_sections.replacen("[0]", "[default]", 1);
    let (ini, json, keys) = ("ini file", "config.json", "session keys");
    let (ini_role, json_role) = (
        "ini file, as a role on another section",
        "config.json, as a role on another profile",
    );
    #[cfg(feature = "oauth")]
    let written = "config.json, as OAuth that is written back";
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
        ("350,000 sections", ini, sections_of_3.as_bytes(), None),
        ("500,000 keys", ini, keys_of_2.as_bytes(), None),
        (
            "350,000 profiles",
            json,
            profiles.as_bytes(),
            Some("line 1"),
        ),
        (
            "500,000 numbers for one",
            json,
            zeros.as_bytes(),
            Some("line 1"),
        ),
        ("500,000 unknown numbers", json, unknown.as_bytes(), None),
        #[cfg(feature = "oauth")]
        ("500,000 unknown numbers", written, oauth.as_bytes(), None),
        (
            "4,000 profiles that name each other",
            json_role,
            chain.as_bytes(),
            Some("more than 16"),
        ),
        (
            "5,000 sections that name each other",
            ini_role,
            chain_of_sections.as_bytes(),
            Some("more than 16"),
        ),
    ] {
        let parser = PARSERS.iter().find(|known| known.name == parser).unwrap();
        let file = parser.name;
        let (answer, took) = timed(|| (parser.parse)(input));
        let (_, memory) = measured(parser, input);
        println!(
            "B2: {file}: {name}: {:?} after {took:.1?}, {memory} bytes",
            answer.as_ref().err()
        );
        assert!(memory < MAX_MEMORY, "{file}: {name}: {memory} bytes");
        match (expected, answer) {
            (None, Ok(_)) => {}
            (Some(line), Err(error)) => {
                assert!(
                    error.contains(line) && !error.contains("canary"),
                    "{file}: {name}: {error}"
                );
            }
            (expected, answer) => panic!("{file}: {name}: {answer:?}, expected {expected:?}"),
        }
        // A build without optimisation is given twenty times as long.
        let limit = Duration::from_millis(if cfg!(debug_assertions) { 2_000 } else { 100 });
        assert!(took <= limit, "{file}: {name}: {took:?}");
    }
}
