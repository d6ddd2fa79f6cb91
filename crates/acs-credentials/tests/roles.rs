//! Roles: with whose keys they are assumed, what is sent, and what is refused before anything is sent.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use acs_core::{ReplayTransport, TransportErrorKind};
use acs_credentials::{
    Context, CredentialsCache, FixedEnv, OidcRoleArn, Profile, RamRoleArn, SamlRoleArn, Source,
    Static, SystemFiles, from_options,
};

const ROLE: &str = "acs:ram::1234567890123456:role/app";
const SAML_PROVIDER: &str = "acs:ram::1234567890123456:saml-provider/idp";
const OIDC_PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/k8s";
const SESSION: &str = r#"{"Credentials":{"AccessKeyId":"STS.A","AccessKeySecret":"canary-secret","SecurityToken":"canary-token","Expiration":"2999-01-01T00:00:00Z"}}"#;

fn env(home: &Path, variables: &[(&str, &str)]) -> Context {
    let mut env = FixedEnv::from([("HOME", home.as_os_str())]);
    for (name, value) in variables {
        env.set(format!("ALIBABA_CLOUD_{name}"), *value);
    }
    Context::isolated().with_env(env).with_files(SystemFiles)
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

/// Loads, and returns the form that was sent.
async fn form_sent(source: &dyn Source, context: Context) -> Result<String, String> {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, SESSION);
    let context = context.with_transport(Arc::clone(&transport) as _);
    match source.load(&context).await {
        Ok(_) => Ok(String::from_utf8(transport.sent()[0].body.to_vec()).unwrap()),
        Err(error) => {
            assert!(transport.sent().is_empty(), "{error}");
            Err(error.to_string())
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_is_not_had_is_tried_three_times_and_a_wrong_certificate_once() {
    for (kind, attempts) in [
        (TransportErrorKind::Connect, 3),
        (TransportErrorKind::ConnectTimeout, 3),
        (TransportErrorKind::Interrupted, 3),
        (TransportErrorKind::Tls, 1),
        (TransportErrorKind::Request, 1),
    ] {
        let transport = Arc::new(ReplayTransport::new());
        for _ in 0..5 {
            transport.fail(kind);
        }
        let role = RamRoleArn::builder(ROLE)
            .source_of(Static::access_key("LTAI", "s").unwrap())
            .build()
            .unwrap();
        let context = env(Path::new("/"), &[]).with_transport(Arc::clone(&transport) as _);
        role.load(&context).await.unwrap_err();
        assert_eq!(transport.sent().len(), attempts, "{kind:?}");
    }
}

#[tokio::test]
async fn every_way_to_a_role_takes_a_policy_a_duration_and_a_region() {
    let home = tempfile::tempdir().unwrap();
    let proof = home.path().join("proof");
    write(&proof, "cHJvb2Y=");
    let (long, short) = (Duration::from_secs(7200), Duration::from_secs(900));
    let policy = r#"{"Version":"1"}"#;
    let keys = || Static::access_key("LTAI", "s").unwrap();
    let ram = || RamRoleArn::builder(ROLE).source_of(keys());
    let oidc = || OidcRoleArn::builder(ROLE, OIDC_PROVIDER, &proof);
    let saml = || SamlRoleArn::builder(ROLE, SAML_PROVIDER).assertion_file(&proof);
    /// Sets all that the builders have in common.
    macro_rules! set {
        ($builder:expr) => {
            $builder
                .policy(policy)
                .duration(long)
                .max_session_duration(long)
                .sts_region("cn-shanghai")
                .vpc(true)
                .build()
                .unwrap()
        };
    }
    let sources: [Box<dyn Source>; 3] = [
        Box::new(set!(ram().session_name("alice"))),
        Box::new(set!(oidc().session_name("alice"))),
        Box::new(set!(saml())),
    ];
    for source in sources {
        let transport = Arc::new(ReplayTransport::new());
        transport.answer(200, SESSION);
        let context = env(home.path(), &[]).with_transport(Arc::clone(&transport) as _);
        source.load(&context).await.unwrap();
        let sent = &transport.sent()[0];
        assert_eq!(sent.uri.host(), Some("sts-vpc.cn-shanghai.aliyuncs.com"));
        let form = String::from_utf8(sent.body.to_vec()).unwrap();
        assert!(
            form.contains("DurationSeconds=7200")
                && form.contains("Policy=%7B%22Version%22%3A%221%22%7D"),
            "{form}"
        );
        assert_eq!(
            form.contains("RoleSessionName=alice"),
            source.name() != "saml_role_arn"
        );
    }
    // What STS would refuse is refused before, everywhere.
    let field = |error: acs_core::Error| error.field().unwrap_or_default().to_owned();
    for (duration, error) in [
        (long, "DurationSeconds"),
        (Duration::from_secs(899), "DurationSeconds"),
    ] {
        assert_eq!(field(ram().duration(duration).build().unwrap_err()), error);
        assert_eq!(field(oidc().duration(duration).build().unwrap_err()), error);
        assert_eq!(field(saml().duration(duration).build().unwrap_err()), error);
    }
    saml().duration(short).build().unwrap();
    assert_eq!(field(oidc().policy("[]").build().unwrap_err()), "Policy");
    assert_eq!(field(saml().policy("[]").build().unwrap_err()), "Policy");
    let one_character = oidc().session_name("a").build().unwrap_err();
    assert_eq!(field(one_character), "RoleSessionName");
    let without = SamlRoleArn::builder(ROLE, SAML_PROVIDER).build();
    assert_eq!(field(without.unwrap_err()), "SAMLAssertion");
}

#[tokio::test]
async fn a_duration_of_a_file_is_900_s_at_least_and_one_that_no_role_allows_is_left_to_sts() {
    let options = |seconds: &str| {
        from_options([
            ("type", "ram_role_arn"),
            ("access_key_id", "LTAI"),
            ("access_key_secret", "s"),
            ("role_arn", ROLE),
            ("role_session_expiration", seconds),
        ])
    };
    for (seconds, sent) in [
        ("0", "3600"),
        ("900", "900"),
        ("43200", "43200"),
        ("43201", "43201"),
    ] {
        let form = form_sent(&options(seconds).unwrap(), env(Path::new("/"), &[]))
            .await
            .unwrap();
        assert!(form.contains(&format!("DurationSeconds={sent}")), "{form}");
    }
    for seconds in ["899", "-1", "x", "1e3"] {
        let error = options(seconds).unwrap_err().to_string();
        assert!(
            error.contains("900s") || error.contains("whole number"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn the_session_name_is_that_of_the_environment_as_it_is_now() {
    let role = RamRoleArn::builder(ROLE)
        .source_of(Static::access_key("LTAI", "s").unwrap())
        .build()
        .unwrap();
    let named = |name: &str| env(Path::new("/"), &[("ROLE_SESSION_NAME", name)]);
    for name in ["first", "second", " ab ", "a"] {
        let form = form_sent(&role, named(name)).await.unwrap();
        let expected = format!("RoleSessionName={}&", name.trim());
        assert!(form.contains(&expected), "{form}");
    }
    for name in ["a b", &"x".repeat(65)] {
        let error = form_sent(&role, named(name)).await.unwrap_err();
        assert!(
            error.contains("ALIBABA_CLOUD_ROLE_SESSION_NAME") && error.contains("2 to 64"),
            "{error}"
        );
    }
    // One that is made stays as it is, so that the audit log shows one session after the other.
    let first = form_sent(&role, env(Path::new("/"), &[])).await.unwrap();
    tokio::time::sleep(Duration::from_millis(5)).await;
    let second = form_sent(&role, env(Path::new("/"), &[])).await.unwrap();
    assert!(
        first.contains("RoleSessionName=credentials-rust-"),
        "{first}"
    );
    assert_eq!(first, second);
}

#[tokio::test]
async fn a_session_name_of_a_file_or_option_is_checked_and_one_character_is_left_to_sts() {
    let options = |name: &str| {
        from_options([
            ("type", "ram_role_arn"),
            ("access_key_id", "LTAI"),
            ("access_key_secret", "s"),
            ("role_arn", ROLE),
            ("role_session_name", name),
        ])
    };
    for name in ["a b", "名", &"x".repeat(65)] {
        assert_eq!(
            options(name).unwrap_err().field(),
            Some("RoleSessionName"),
            "{name}"
        );
    }
    // As the official libraries do, whose vectors have such names.
    let form = form_sent(&options("s").unwrap(), env(Path::new("/"), &[]))
        .await
        .unwrap();
    assert!(form.contains("RoleSessionName=s&"), "{form}");
}

#[tokio::test]
async fn a_section_takes_the_keys_of_another_as_its_source() {
    let home = tempfile::tempdir().unwrap();
    write(
        &home.path().join(".alibabacloud/credentials"),
        &format!(
            "[default]\ntype=ram_role_arn\nrole_arn={ROLE}\nsource=keys\nexternal_id=EXT\nrole_session_expiration=1800\n[keys]\ntype=access_key\naccess_key_id=K\naccess_key_secret=s\n"
        ),
    );
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, SESSION);
    let context = env(home.path(), &[]).with_transport(Arc::clone(&transport) as _);
    let found = Profile::current().load(&context).await.unwrap();
    assert_eq!(
        found.credentials.provider(),
        "profile/ram_role_arn/static_ak"
    );
    let sent = &transport.sent()[0];
    assert!(sent.uri.query().unwrap().contains("AccessKeyId=K&"));
    let form = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(
        form.contains("ExternalId=EXT") && form.contains("DurationSeconds=1800"),
        "{form}"
    );
}

#[tokio::test]
async fn a_saml_assertion_goes_in_the_body_of_an_unsigned_request() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, SESSION);
    let source = SamlRoleArn::builder(ROLE, SAML_PROVIDER)
        .assertion_from(|| async { Ok("Y2FuYXJ5LWFzc2VydGlvbg==".to_owned()) })
        .build()
        .unwrap();
    let context = Context::isolated().with_transport(Arc::clone(&transport) as _);
    let found = source.load(&context).await.unwrap();
    assert_eq!(found.credentials.provider(), "saml_role_arn");
    let sent = &transport.sent()[0];
    let query = sent.uri.query().unwrap();
    assert!(
        query.contains("Action=AssumeRoleWithSAML") && !query.contains("Signature"),
        "{query}"
    );
    assert!(!query.contains("Y2Fu") && !sent.headers.contains_key("authorization"));
    let form = String::from_utf8(sent.body.to_vec()).unwrap();
    assert!(
        form.contains("SAMLAssertion=Y2FuYXJ5LWFzc2VydGlvbg%3D%3D")
            && !form.contains("RoleSessionName"),
        "{form}"
    );
    for assertion in ["x", "white space"] {
        let source = SamlRoleArn::builder(ROLE, SAML_PROVIDER)
            .assertion_from(move || async move { Ok(assertion.to_owned()) })
            .build()
            .unwrap();
        source.load(&context).await.unwrap_err();
    }
    assert_eq!(transport.sent().len(), 1);
}

#[tokio::test]
async fn acs3_is_signed_where_it_is_asked_for() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, SESSION);
    let role = RamRoleArn::builder(ROLE)
        .source(acs_core::Credentials::sts("STS.S", "secret", "source-token").unwrap())
        .signature(acs_credentials::StsSignature::Acs3)
        .build()
        .unwrap();
    role.load(&Context::isolated().with_transport(Arc::clone(&transport) as _))
        .await
        .unwrap();
    let sent = &transport.sent()[0];
    let header = |name: &str| sent.headers.get(name).unwrap().to_str().unwrap().to_owned();
    assert!(header("authorization").starts_with("ACS3-HMAC-SHA256 Credential=STS.S,"));
    assert_eq!(
        (header("x-acs-action"), header("x-acs-security-token")),
        ("AssumeRole".to_owned(), "source-token".to_owned())
    );
    assert_eq!(sent.uri.query(), None);
}

#[tokio::test]
async fn no_permission_tells_which_two_policies_to_look_at() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(
        403,
        r#"{"Code":"NoPermission","Message":"not authorized","RequestId":"R-7","Secret":"canary"}"#,
    );
    let role = RamRoleArn::builder(ROLE)
        .source(
            Static::access_key("LTAI", "s")
                .map(CredentialsCache::new)
                .unwrap(),
        )
        .build()
        .unwrap();
    let cache = CredentialsCache::builder(role)
        .context(Context::isolated().with_transport(Arc::clone(&transport) as _))
        .build();
    let error = cache.get().await.unwrap_err();
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("NoPermission"), Some("R-7"))
    );
    let text = format!("{error} {error:?}");
    assert!(
        text.contains("sts:AssumeRole")
            && text.contains("trust policy")
            && !text.contains("canary"),
        "{text}"
    );
    assert_eq!(transport.sent().len(), 1, "a refusal is not repeated");
}

#[tokio::test]
async fn sts_is_never_asked_over_plain_http_beyond_this_machine() {
    let context = Context::isolated().with_transport(Arc::new(ReplayTransport::new()));
    let keys = acs_core::Credentials::access_key("LTAI", "s").unwrap();
    let role = RamRoleArn::builder(ROLE)
        .source(keys)
        .sts_endpoint("http://sts.aliyuncs.com")
        .build()
        .unwrap();
    let error = role.load(&context).await.unwrap_err().to_string();
    assert!(
        error.contains("plain http is for a loopback address only"),
        "{error}"
    );
}
