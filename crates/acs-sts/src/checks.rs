//! What STS refuses, refused before anything is sent.

use std::time::Duration;

use acs_core::Error;

/// The shortest session, in seconds.
pub const MIN_SESSION_SECONDS: u64 = 900;
/// The longest session that every role allows, in seconds.
pub const DEFAULT_MAX_SESSION_SECONDS: u64 = 3600;
/// The longest session that a role can be made to allow, in seconds.
pub const MAX_SESSION_SECONDS: u64 = 43_200;
/// The most characters that an inline policy may have.
pub const MAX_POLICY_CHARS: usize = 2048;

const MAX_ARN_CHARS: usize = 256;

/// Checks that a text is the ARN of a role, `acs:ram::123456789012****:role/name`.
///
/// # Errors
/// It is empty, or is no such ARN: the message shows its form.
pub fn check_role_arn(arn: &str) -> Result<(), Error> {
    check_arn("RoleArn", arn, "role", "the role ARN is empty")
}

/// Checks that a text is the ARN of an OIDC provider, `acs:ram::123456789012****:oidc-provider/name`.
///
/// # Errors
/// It is empty, or is no such ARN: the message shows its form.
pub fn check_oidc_provider_arn(arn: &str) -> Result<(), Error> {
    check_arn(
        "OIDCProviderArn",
        arn,
        "oidc-provider",
        "the OIDC provider ARN is empty",
    )
}

/// Checks that a text is the ARN of a SAML provider, `acs:ram::123456789012****:saml-provider/name`.
///
/// # Errors
/// It is empty, or is no such ARN: the message shows its form.
pub fn check_saml_provider_arn(arn: &str) -> Result<(), Error> {
    check_arn(
        "SAMLProviderArn",
        arn,
        "saml-provider",
        "the SAML provider ARN is empty",
    )
}

fn check_arn(field: &'static str, arn: &str, kind: &str, empty: &str) -> Result<(), Error> {
    if arn.is_empty() {
        return Err(Error::invalid_parameter(field, empty));
    }
    let is_well_formed = arn.len() <= MAX_ARN_CHARS
        && arn
            .strip_prefix("acs:ram::")
            .and_then(|rest| rest.split_once(':'))
            .and_then(|(account, resource)| Some((account, resource.split_once('/')?)))
            .is_some_and(|(account, (given, name))| {
                !account.is_empty()
                    && account.bytes().all(|byte| byte.is_ascii_digit())
                    && given == kind
                    && !name.is_empty()
                    && name.bytes().all(|byte| {
                        byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-' | b'/')
                    })
            });
    if is_well_formed {
        return Ok(());
    }
    // What is no ARN at all may be anything, a secret too.
    let is_shown = arn.len() <= MAX_ARN_CHARS
        && arn
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b":/._-".contains(&byte));
    let shown = if is_shown { arn } else { "this" };
    Err(Error::invalid_parameter(
        field,
        format!(
            "`{shown}` is not of the form `acs:ram::<account id>:{kind}/<name>`; the RAM console shows it"
        ),
    ))
}

/// Checks a session name: 2 to 64 letters, digits and `.@_-`.
///
/// [`session_name_for`](crate::session_name_for) makes one of any user id.
///
/// # Errors
/// It is too short or too long, or holds another character: the message names it.
pub fn check_session_name(name: &str) -> Result<(), Error> {
    check_session_name_characters(name)?;
    if name.len() < 2 {
        return Err(Error::invalid_parameter(
            "RoleSessionName",
            "must have 2 to 64 characters",
        ));
    }
    Ok(())
}

/// Checks all of a session name but its lower bound, for the names of files and variables: the official libraries
/// send those of one character, and leave them to the server.
#[doc(hidden)]
pub fn check_session_name_characters(name: &str) -> Result<(), Error> {
    let allowed = "letters, digits and `.@_-`";
    if let Some(other) = name.chars().find(|c| !is_session_name_char(*c)) {
        return Err(Error::invalid_parameter(
            "RoleSessionName",
            format!("{other:?} is not allowed: use 2 to 64 {allowed}"),
        ));
    }
    if name.is_empty() || name.len() > 64 {
        return Err(Error::invalid_parameter(
            "RoleSessionName",
            format!("has {} characters: use 2 to 64 {allowed}", name.len()),
        ));
    }
    Ok(())
}

pub(crate) fn is_session_name_char(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '.' | '@' | '_' | '-')
}

/// Checks an inline policy: 1 to 2048 characters, a JSON object.
///
/// # Errors
/// It is empty or too long (the message gives both sizes), or is no JSON object (the message gives line and column).
pub fn check_policy(policy: &str) -> Result<(), Error> {
    let chars = policy.chars().count();
    if chars == 0 || chars > MAX_POLICY_CHARS {
        return Err(Error::invalid_parameter(
            "Policy",
            format!("has {chars} characters: an inline policy may have 1 to {MAX_POLICY_CHARS}"),
        ));
    }
    match serde_json::from_str::<serde_json::Value>(policy) {
        Ok(serde_json::Value::Object(_)) => Ok(()),
        Ok(_) => Err(Error::invalid_parameter(
            "Policy",
            "must be a JSON object with `Version` and `Statement`",
        )),
        Err(error) => Err(Error::invalid_parameter(
            "Policy",
            format!(
                "is not JSON: line {}, column {}",
                error.line(),
                error.column()
            ),
        )),
    }
}

/// Checks an external id: 2 to 1224 letters, digits and `_+=,.@:/-`.
///
/// # Errors
/// It is too short or too long, or holds another character.
pub fn check_external_id(id: &str) -> Result<(), Error> {
    let is_allowed = |c: char| c.is_ascii_alphanumeric() || "_+=,.@:/-".contains(c);
    if (2..=1224).contains(&id.len()) && id.chars().all(is_allowed) {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        "ExternalId",
        "must have 2 to 1224 letters, digits and `_+=,.@:/-`",
    ))
}

/// Checks how long a session is to last: whole seconds, 900 to 3600. `role_maximum` is the role's own
/// `MaxSessionDuration`, where the caller knows it: it raises the upper bound, to 43,200 s at most.
///
/// # Errors
/// The duration is out of range: the message gives the range and what raises it.
pub fn check_duration(duration: Duration, role_maximum: Option<Duration>) -> Result<u64, Error> {
    let longest = match role_maximum.map(|maximum| maximum.as_secs()) {
        None => DEFAULT_MAX_SESSION_SECONDS,
        Some(maximum @ DEFAULT_MAX_SESSION_SECONDS..=MAX_SESSION_SECONDS) => maximum,
        Some(maximum) => {
            return Err(Error::invalid_parameter(
                "MaxSessionDuration",
                format!(
                    "{maximum} s: a role allows {DEFAULT_MAX_SESSION_SECONDS} to {MAX_SESSION_SECONDS} s"
                ),
            ));
        }
    };
    let seconds = duration.as_secs();
    if (MIN_SESSION_SECONDS..=longest).contains(&seconds) && duration.subsec_nanos() == 0 {
        return Ok(seconds);
    }
    let remedy = if role_maximum.is_none() {
        "; where the role allows longer sessions, state its MaxSessionDuration"
    } else {
        ""
    };
    Err(Error::invalid_parameter(
        "DurationSeconds",
        format!(
            "session duration should be in the range of {MIN_SESSION_SECONDS}s to {longest}s, not {duration:?}{remedy}"
        ),
    ))
}

/// Checks an OIDC token: 4 to 20,000 characters, none of them white space.
///
/// # Errors
/// It is too short or too long, or holds white space. The token is not shown.
pub fn check_oidc_token(token: &str) -> Result<(), Error> {
    check_proof("OIDCToken", token, 20_000)
}

/// Checks a SAML assertion in base64: 4 to 100,000 characters, none of them white space.
///
/// # Errors
/// It is too short or too long, or holds white space. The assertion is not shown.
pub fn check_saml_assertion(assertion: &str) -> Result<(), Error> {
    check_proof("SAMLAssertion", assertion, 100_000)
}

/// Checks that a token holds no white space: its length is left to the server, whose limits are its own.
#[doc(hidden)]
pub fn check_oidc_token_characters(token: &str) -> Result<(), Error> {
    check_proof_characters("OIDCToken", token)
}

fn check_proof(field: &'static str, proof: &str, longest: usize) -> Result<(), Error> {
    if !(4..=longest).contains(&proof.len()) {
        return Err(Error::invalid_parameter(
            field,
            format!("has {} characters: 4 to {longest} are allowed", proof.len()),
        ));
    }
    check_proof_characters(field, proof)
}

fn check_proof_characters(field: &'static str, proof: &str) -> Result<(), Error> {
    if proof.chars().any(|c| c.is_whitespace() || c.is_control()) {
        return Err(Error::invalid_parameter(
            field,
            "must hold no white space and no control characters",
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_role_arn_has_an_account_and_a_name() {
        for arn in [
            "acs:ram::1234567890123456:role/app",
            "acs:ram::1:role/aliyun/a.b_c-d",
        ] {
            check_role_arn(arn).unwrap();
        }
        for arn in [
            "",
            "acs:ram::1:user/app",
            "acs:ram:::role/app",
            "acs:ram::1:role/",
            "acs:ram::1:role/a b",
            "acs:ram::one:role/app",
            "arn:aws:iam::1:role/app",
        ] {
            assert_eq!(
                check_role_arn(arn).unwrap_err().field(),
                Some("RoleArn"),
                "{arn}"
            );
        }
    }

    #[test]
    fn a_session_name_has_2_to_64_of_the_allowed_characters() {
        for name in ["ab", "a@b.c_d-e", &"x".repeat(64)] {
            check_session_name(name).unwrap();
        }
        for name in ["", "a", "a b", "名字", "a/b", &"x".repeat(65)] {
            assert_eq!(
                check_session_name(name).unwrap_err().field(),
                Some("RoleSessionName"),
                "{name}"
            );
        }
    }

    #[test]
    fn a_policy_is_a_json_object_of_at_most_2048_characters() {
        let largest = format!(r#"{{"a":"{}"}}"#, "课".repeat(2048 - 8));
        assert_eq!(largest.chars().count(), 2048);
        check_policy(&largest).unwrap();
        let larger = format!("{largest} ");
        assert!(
            check_policy(&larger)
                .unwrap_err()
                .to_string()
                .contains("2049")
        );
        for policy in ["", "[]", "{", r#"{"canary":"#] {
            let error = check_policy(policy).unwrap_err().to_string();
            assert!(!error.contains("canary"), "{error}");
        }
    }

    #[test]
    fn a_session_lasts_900_to_3600_s_unless_the_role_is_said_to_allow_more() {
        let seconds = Duration::from_secs;
        for (duration, maximum, is_allowed) in [
            (900, None, true),
            (899, None, false),
            (3600, None, true),
            (3601, None, false),
            (43_200, Some(43_200), true),
            (7201, Some(7200), false),
            (3600, Some(43_201), false),
            (3600, Some(3599), false),
        ] {
            let checked = check_duration(seconds(duration), maximum.map(seconds));
            assert_eq!(checked.is_ok(), is_allowed, "{duration} of {maximum:?}");
        }
        assert!(check_duration(Duration::from_millis(900_500), None).is_err());
    }

    #[test]
    fn an_external_id_has_2_to_1224_of_the_allowed_characters() {
        for id in ["EXT", "a:b/c=d,e@f+g-h_i.j", &"x".repeat(1224)] {
            check_external_id(id).unwrap();
        }
        for id in ["", "x", "a b", "é!", &"x".repeat(1225)] {
            check_external_id(id).unwrap_err();
        }
    }

    #[test]
    fn a_proof_is_never_shown() {
        for token in ["cn", "canary token", &"canary".repeat(20_000)] {
            for error in [
                check_oidc_token(token).unwrap_err(),
                check_saml_assertion(token).unwrap_err(),
            ] {
                assert!(!format!("{error} {error:?}").contains("canary"));
            }
        }
    }
}
