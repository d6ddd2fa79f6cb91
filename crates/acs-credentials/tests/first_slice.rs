//! What a program needs first: keys from the environment, and a role assumed with them.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use acs_core::{Credentials, ProvideCredentials as _, ReplayTransport};
use acs_credentials::{Context, CredentialsCache, FixedEnv, RamRoleArn};

const ROLE: &str = "acs:ram::1234567890123456:role/app";

fn env(variables: &[(&str, &str)]) -> Context {
    let variables = variables
        .iter()
        .map(|(name, value)| (format!("ALIBABA_CLOUD_{name}"), *value));
    Context::isolated().with_env(variables.collect::<FixedEnv>())
}

#[test]
fn a_key_without_its_secret_is_refused_by_the_name_of_the_variable() {
    let error = acs_credentials::from_env(&env(&[("ACCESS_KEY_ID", "LTAI")])).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("ALIBABA_CLOUD_ACCESS_KEY_SECRET"),
        "{error}"
    );
    assert!(!error.to_string().contains('\n'), "{error}");
}

#[test]
fn a_session_key_without_its_token_is_refused_by_the_name_of_the_variable() {
    let context = env(&[("ACCESS_KEY_ID", "STS.x"), ("ACCESS_KEY_SECRET", "canary")]);
    let error = acs_credentials::from_env(&context).unwrap_err();
    assert_eq!(error.field(), Some("ALIBABA_CLOUD_SECURITY_TOKEN"));
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
}

#[test]
fn a_secret_with_its_line_end_is_refused_and_not_shown() {
    let context = env(&[("ACCESS_KEY_ID", "LTAI"), ("ACCESS_KEY_SECRET", "canary\n")]);
    let error = acs_credentials::from_env(&context).unwrap_err();
    assert!(
        error.to_string().contains("ALIBABA_CLOUD_ACCESS_KEY_ID"),
        "{error}"
    );
    assert!(error.to_string().contains("line break"), "{error}");
    assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
}

#[tokio::test]
async fn a_role_is_assumed_once_for_many_calls() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(
        200,
        r#"{"RequestId":"R-1","Credentials":{"AccessKeyId":"STS.AK","AccessKeySecret":"SK","SecurityToken":"TOK","Expiration":"2999-01-01T00:00:00Z"}}"#,
    );
    let role = RamRoleArn::builder(ROLE)
        .source(Credentials::access_key("LTAI", "secret").unwrap())
        .session_name("alice")
        .build()
        .unwrap();
    let cache = CredentialsCache::builder(role)
        .context(Context::isolated().with_transport(Arc::clone(&transport) as _))
        .build();
    for _ in 0..3 {
        let keys = cache.credentials().await.unwrap();
        assert_eq!(keys.access_key_id(), "STS.AK");
        assert_eq!(keys.security_token(), Some("TOK"));
        assert_eq!(keys.provider(), "ram_role_arn/static");
    }
    let sent = transport.sent();
    assert_eq!(sent.len(), 1);
    let query = sent[0].uri.query().unwrap();
    assert!(
        query.contains("Action=AssumeRole") && query.contains("AccessKeyId=LTAI"),
        "{query}"
    );
    let form = String::from_utf8(sent[0].body.to_vec()).unwrap();
    assert!(form.contains("RoleSessionName=alice"), "{form}");
}

#[test]
fn settings_that_sts_would_refuse_are_refused_before_anything_is_sent() {
    let keys = || Credentials::access_key("LTAI", "secret").unwrap();
    for (role, field) in [
        (RamRoleArn::builder("").source(keys()), "RoleArn"),
        (
            RamRoleArn::builder(ROLE).source(keys()).session_name("a b"),
            "RoleSessionName",
        ),
        (
            RamRoleArn::builder(ROLE).source(keys()).policy("{"),
            "Policy",
        ),
        (
            RamRoleArn::builder(ROLE)
                .source(keys())
                .duration(std::time::Duration::from_secs(7200)),
            "DurationSeconds",
        ),
        (
            RamRoleArn::builder(ROLE).source(keys()).external_id("x"),
            "ExternalId",
        ),
        (RamRoleArn::builder(ROLE), "source"),
    ] {
        assert_eq!(role.build().unwrap_err().field(), Some(field));
    }
}
