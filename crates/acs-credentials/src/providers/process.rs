//! Credentials from a program that is run.

use std::borrow::Cow;
use std::fmt;
use std::time::Duration;

use acs_core::BoxFuture;
use zeroize::Zeroizing;

use crate::context::http::within;
use crate::context::{CommandLine, Context};
use crate::failure::{Failure, LoadError};
use crate::providers::keys::RawKeys;
use crate::session::{self, take_text};
use crate::source::{Found, Source};

const TIME: Duration = Duration::from_secs(60);
const MAX_OUTPUT: usize = 64 << 10;
/// How long a session is kept whose end the program does not tell.
const KEEP_SESSION: Duration = Duration::from_secs(15 * 60);

/// A program that writes credentials to its standard output, as JSON with `mode`, `access_key_id`,
/// `access_key_secret`, `sts_token` and `expiration`.
///
/// It is run without a shell, for 60 s at most, with nothing on its standard input; its standard error is dropped, and of
/// its output 64 KiB are read. Nothing is written back to a file. A session without an end is kept for 15 minutes, a key
/// pair until it is refused. `ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS` and [`Context::allow_process`] forbid it.
pub struct ExternalProcess {
    command: Zeroizing<String>,
}

impl ExternalProcess {
    /// Runs a command line, which is split as a POSIX shell would: quotes and `\`, and nothing else.
    pub fn new(command: impl Into<String>) -> Self {
        Self {
            command: Zeroizing::new(command.into()),
        }
    }

    async fn run(&self, context: &Context) -> Result<Found, LoadError> {
        context.check_process_allowed("the program of the profile is not run")?;
        let mut words = split(&self.command, cfg!(windows))?;
        if words.is_empty() {
            return Err(Failure::new("process_command is empty").into());
        }
        let command = CommandLine::new(words.remove(0), words);
        let failed =
            |reason: &str| Failure::new(format!("failed to execute external command: {reason}"));
        let output = within(context, TIME, context.processes().run(command, MAX_OUTPUT))
            .await
            .ok_or_else(|| failed("it did not end within 60 s and was stopped"))?
            .map_err(|error| failed(&error.to_string()))?;
        if output.stdout.len() > MAX_OUTPUT {
            return Err(failed("it wrote more than 64 KiB").into());
        }
        if !output.is_success {
            let code = output
                .code
                .map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
            return Err(failed(&format!("it ended with {code}; run it by hand to see why")).into());
        }
        Ok(read_output(&output.stdout, context)?)
    }
}

fn read_output(stdout: &[u8], context: &Context) -> Result<Found, Failure> {
    let mut map = session::parse_object(stdout, "its output").map_err(|error| {
        Failure::new(format!("failed to parse external command output: {error}"))
    })?;
    let mut take = |name: &str| take_text(&mut map, &[name]);
    let mode = take("mode");
    let (id, secret) = (take("access_key_id"), take("access_key_secret"));
    let (token, expiration) = (take("sts_token"), take("expiration"));
    let (Some(mut id), Some(secret)) = (id, secret) else {
        return Err(Failure::new(
            "invalid credential response: access_key_id or access_key_secret is empty",
        ));
    };
    if token.is_none()
        && mode
            .as_deref()
            .is_some_and(|mode| mode.eq_ignore_ascii_case("StsToken"))
    {
        return Err(Failure::new(
            "invalid StsToken credential response: sts_token is empty",
        ));
    }
    let expires_at = match expiration {
        None => None,
        Some(text) => Some(session::parse_time(&text).ok_or_else(|| {
            Failure::new(
                "invalid credential response: expiration is no time like 2026-11-20T09:05:30Z",
            )
        })?),
    };
    if expires_at.is_some_and(|end| end <= context.now()) {
        return Err(Failure::new(
            "invalid credential response: the credentials have already expired",
        ));
    }
    let is_session = token.is_some();
    let keys = RawKeys {
        id: std::mem::take(&mut *id),
        secret,
        token,
        expires_at,
    };
    let found = Found::new(
        keys.into_credentials("external")?,
        "the output of the profile's program",
    );
    Ok(match (is_session, expires_at) {
        (true, None) => found.keep_for(KEEP_SESSION),
        _ => found,
    })
}

/// Splits a command line. On Windows `\` stands for itself, but for `\"`.
pub(crate) fn split(command: &str, is_windows: bool) -> Result<Vec<String>, Failure> {
    let invalid = |what: &str| Failure::new(format!("invalid process_command: {what}"));
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut quote: Option<char> = None;
    let mut chars = command.chars().peekable();
    while let Some(c) = chars.next() {
        match (c, quote) {
            ('\\', None | Some('"')) if is_windows => {
                let is_escape = chars.next_if_eq(&'"').is_some();
                word.get_or_insert_default()
                    .push(if is_escape { '"' } else { '\\' });
            }
            ('\\', None) => match chars.next() {
                Some('\n') => {}
                Some(escaped) => word.get_or_insert_default().push(escaped),
                None => return Err(invalid("trailing backslash")),
            },
            ('\\', Some('"')) => match chars.next() {
                Some('\n') => {}
                Some(escaped @ ('"' | '\\' | '$' | '`')) => {
                    word.get_or_insert_default().push(escaped);
                }
                Some(other) => word.get_or_insert_default().extend(['\\', other]),
                None => return Err(invalid("unclosed quote")),
            },
            (c, Some(open)) if c == open => quote = None,
            (c, Some(_)) => word.get_or_insert_default().push(c),
            ('"' | '\'', None) => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (c, None) if c.is_ascii_whitespace() => words.extend(word.take()),
            (c, None) => word.get_or_insert_default().push(c),
        }
    }
    if quote.is_some() {
        return Err(invalid("unclosed quote"));
    }
    words.extend(word);
    Ok(words)
}

impl Source for ExternalProcess {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("external")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.run(context))
    }
}

impl fmt::Debug for ExternalProcess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ExternalProcess").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_command_is_split_as_posix_says() {
        for (command, expected) in [
            ("a b  c", &["a", "b", "c"][..]),
            ("'a b' \"c d\"", &["a b", "c d"]),
            (r#"a\ b "c\"d" 'e\f'"#, &["a b", "c\"d", "e\\f"]),
            (r#""\$x\`y\z""#, &["$x`y\\z"]),
            ("a'b'\"c\"", &["abc"]),
            ("'' \"\"", &["", ""]),
            ("a\\\nb \"c\\\nd\"", &["ab", "cd"]),
            (" \t\n", &[]),
            ("a;b|c&d $e", &["a;b|c&d", "$e"]),
        ] {
            assert_eq!(split(command, false).unwrap(), expected, "{command:?}");
        }
        assert_eq!(
            split(r#"C:\x\y.exe "a\b" \"q\""#, true).unwrap(),
            [r"C:\x\y.exe", r"a\b", "\"q\""]
        );
    }

    #[test]
    fn an_open_end_is_an_error_that_shows_nothing() {
        for (command, expected) in [
            ("\"canary", "unclosed quote"),
            ("'canary", "unclosed quote"),
            ("canary\\", "trailing backslash"),
        ] {
            let error = split(command, false).unwrap_err().to_string();
            assert!(
                error.contains(expected) && !error.contains("canary"),
                "{error}"
            );
        }
    }

    proptest! {
        #[test]
        fn what_is_quoted_comes_back(words in prop::collection::vec("[ -~\n]{0,20}", 0..6)) {
            let quoted: Vec<String> = words.iter().map(|word| format!("'{}'", word.replace('\'', r"'\''"))).collect();
            prop_assert_eq!(split(&quoted.join(" "), false).unwrap(), words);
        }
    }
}
