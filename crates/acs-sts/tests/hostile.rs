//! Values that nobody should ever give. No answer is wrong, but a panic, a hang, much memory, or an error that shows what
//! may be a secret.
#![allow(clippy::unwrap_used)]

use acs_core::Error;
use acs_sts::{
    AssumeRole, AssumeRoleWithOidc, AssumeRoleWithOidcRequired, AssumeRoleWithSaml,
    check_external_id, check_oidc_provider_arn, check_oidc_token, check_policy, check_role_arn,
    check_saml_assertion, check_saml_provider_arn, check_session_name, explain_code,
    session_name_for,
};

/// A check, and a value that it takes.
type Check = (&'static str, &'static str, fn(&str) -> Result<(), Error>);

const ROLE: &str = "acs:ram::1234567890123456:role/app";
const MAX_MEMORY: u64 = 64 << 20;

const CHECKS: [Check; 12] = [
    ("role ARN", ROLE, check_role_arn),
    (
        "OIDC provider ARN",
        "acs:ram::1:oidc-provider/k8s",
        check_oidc_provider_arn,
    ),
    (
        "SAML provider ARN",
        "acs:ram::1:saml-provider/idp",
        check_saml_provider_arn,
    ),
    ("session name", "alice@example.com", check_session_name),
    (
        "policy",
        r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}"#,
        check_policy,
    ),
    ("external id", "EXT:1/2", check_external_id),
    ("OIDC token", "head.body.sig", check_oidc_token),
    ("SAML assertion", "YXNzZXJ0aW9u", check_saml_assertion),
    ("AssumeRole", "alice", |name| {
        let request = AssumeRole::new(ROLE, name).external_id("EXT").policy("{}");
        request.checked(None).map(drop)
    }),
    ("AssumeRoleWithOIDC", "head.body.sig", |token| {
        let request = AssumeRoleWithOidc::new(AssumeRoleWithOidcRequired {
            oidc_provider_arn: "acs:ram::1:oidc-provider/k8s".to_owned(),
            role_arn: ROLE.to_owned(),
            oidc_token: token.to_owned(),
            role_session_name: "alice".to_owned(),
        });
        request.checked(None).map(drop)
    }),
    ("AssumeRoleWithSAML", "YXNzZXJ0aW9u", |assertion| {
        let request = AssumeRoleWithSaml::new("acs:ram::1:saml-provider/idp", ROLE, assertion);
        request.checked(None).map(drop)
    }),
    ("made session name", "user 7", |id| {
        check_session_name(&session_name_for(id)).unwrap();
        let _ = (explain_code(id, id), explain_code("InvalidParameter", id));
        // What is no session name is told apart, so that this has two answers like the others.
        check_session_name(&id.replace(' ', "")).map(drop)
    }),
];

/// What breaks checks, to be put in anywhere.
const PIECES: [&str; 16] = [
    "\0",
    "\r",
    "\n",
    "\u{1b}[31m",
    "\u{feff}",
    "\u{202e}",
    "课",
    " ",
    "\"",
    "\\",
    "{",
    "[[[[[[[[",
    ":",
    "/",
    "canary secret",
    "access_key_secret = canary",
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

fn mutate(seed: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = seed.chars().collect();
    for _ in 0..=random.below(3) {
        let at = random.below(chars.len() + 1);
        match random.below(4) {
            0 => chars.truncate(at),
            1 if at < chars.len() => drop(chars.remove(at)),
            2 => {
                let piece = PIECES[random.below(PIECES.len())];
                chars.splice(at..at, piece.chars());
            }
            _ => {
                let copies = [2, 100, 2_000][random.below(3)];
                let piece = chars[at..].to_vec().repeat(copies);
                chars.splice(at..at, piece.into_iter().take(30_000));
            }
        }
    }
    chars.into_iter().collect()
}

fn measured(check: fn(&str) -> Result<(), Error>, value: &str) -> (Result<(), String>, u64) {
    let mut answer = None;
    let used = allocation_counter::measure(|| answer = Some(check(value)));
    let answer = answer.unwrap().map_err(|error| {
        assert!(error.field().is_some(), "{error}");
        format!("{error} {error:?}")
    });
    (answer, used.bytes_max)
}

/// `ACS_FUZZ_RUNS` raises the number of inputs for each check: a million before a release.
#[allow(clippy::disallowed_methods, reason = "a setting of the test run")]
fn runs() -> usize {
    let runs = std::env::var("ACS_FUZZ_RUNS").ok();
    runs.and_then(|runs| runs.parse().ok()).unwrap_or(2_000)
}

#[test]
fn b1_no_value_breaks_a_check_or_is_shown_where_it_may_be_a_secret() {
    for (name, seed, check) in CHECKS {
        let mut random = Random(0x5eed);
        let (mut taken, mut refused, mut most) = (0, 0, 0);
        for _ in 0..runs() {
            let value = mutate(seed, &mut random);
            let (answer, memory) = measured(check, &value);
            most = most.max(memory);
            match answer {
                Ok(()) => taken += 1,
                Err(text) => {
                    refused += 1;
                    assert!(
                        !text.contains("canary") && !text.contains(char::is_control),
                        "{name}: {text:?}"
                    );
                    assert!(text.chars().count() < 2_000, "{name}: {text}");
                }
            }
        }
        println!(
            "B1: {name}: {taken} values taken, {refused} refused, 0 panics, {most} bytes at most"
        );
        assert!(taken > 0 && refused > 0, "{name}");
        assert!(most < MAX_MEMORY, "{name}: {most} bytes");
    }
}

#[test]
fn b2_values_of_10_mb_are_refused_in_little_memory_and_not_shown() {
    for (name, seed, check) in CHECKS {
        for value in [
            "canary".repeat((10 << 20) / 6),
            format!("{seed}{}", "x".repeat(200_000)),
            "[".repeat(200_000),
            "\0".repeat(200_000),
        ] {
            let (answer, memory) = measured(check, &value);
            let text = answer.unwrap_err();
            assert!(
                text.chars().count() < 2_000 && !text.contains("canary"),
                "{name}: {text}"
            );
            assert!(memory < MAX_MEMORY, "{name}: {memory} bytes");
        }
        println!("B2: {name}: 10 MB refused");
    }
}
