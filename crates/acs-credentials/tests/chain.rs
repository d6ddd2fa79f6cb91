//! Which step of the chain answers, what the others are said to have lacked, and who may see what.
#![allow(clippy::unwrap_used)]

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};

use acs_core::ReplayTransport;
use acs_credentials::{
    Chain, CliProfile, Context, CredentialsCache, Environment, FixedEnv, LoadError, Profile,
    RamRoleArn, Source, Static, StepOutcome, SystemFiles, from_fn, from_options,
};

const ROLE: &str = "acs:ram::1234567890123456:role/app";

fn env(home: &Path, variables: &[(&str, &str)]) -> Context {
    let mut env = FixedEnv::from([("HOME", home.as_os_str())]);
    env.set("ALIBABA_CLOUD_ECS_METADATA_DISABLED", "1");
    for (name, value) in variables {
        env.set(format!("ALIBABA_CLOUD_{name}"), *value);
    }
    Context::isolated().with_env(env).with_files(SystemFiles)
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    std::fs::write(path, text).unwrap();
}

fn config(home: &Path, profiles: &str) {
    write(
        &home.join(".aliyun/config.json"),
        &format!(r#"{{"current":"a","profiles":[{profiles}]}}"#),
    );
}

fn names(reports: &[acs_credentials::StepReport]) -> Vec<String> {
    reports
        .iter()
        .map(|report| report.name.to_string())
        .collect()
}

#[tokio::test]
async fn the_default_chain_has_the_order_of_the_official_sdks_and_tells_what_each_step_lacks() {
    let home = tempfile::tempdir().unwrap();
    let reports = Chain::standard().explain(&env(home.path(), &[])).await;
    assert_eq!(
        names(&reports),
        [
            "env",
            "oidc_role_arn",
            "cli_profile",
            "profile",
            "ecs_ram_role",
            "credential_uri"
        ]
    );
    for (report, expected) in reports.iter().zip([
        "ALIBABA_CLOUD_ACCESS_KEY_ID",
        "ALIBABA_CLOUD_OIDC_TOKEN_FILE",
        "config.json",
        "credentials.ini",
        "disabled by ALIBABA_CLOUD_ECS_METADATA_DISABLED",
        "ALIBABA_CLOUD_CREDENTIALS_URI",
    ]) {
        let StepOutcome::NotConfigured(reason) = &report.outcome else {
            panic!("{report}")
        };
        assert!(reason.contains(expected), "{report}");
    }
    let error = Chain::standard()
        .load(&env(home.path(), &[]))
        .await
        .unwrap_err()
        .into_failure();
    assert_eq!(error.as_chain().unwrap().steps().len(), 6);
    let text = error.to_string();
    assert!(
        !text.contains('\n') && names(&reports).iter().all(|name| text.contains(name)),
        "{text}"
    );
}

#[tokio::test]
async fn what_answered_is_told_with_its_file_and_what_was_passed_over_with_its_reason() {
    let home = tempfile::tempdir().unwrap();
    config(
        home.path(),
        r#"{"name":"a","mode":"AK","access_key_id":"LTAI","access_key_secret":"canary"}"#,
    );
    let reports = Chain::standard()
        .explain(&env(home.path(), &[("ACCESS_KEY_ID", "half")]))
        .await;
    let StepOutcome::NotConfigured(reason) = &reports[0].outcome else {
        panic!("{}", reports[0])
    };
    assert!(
        reason.starts_with("warning") && reason.contains("ALIBABA_CLOUD_ACCESS_KEY_SECRET is not"),
        "{reason}"
    );
    let StepOutcome::Found { origin, provider } = &reports[2].outcome else {
        panic!("{}", reports[2])
    };
    assert!(
        origin.contains("profile `a`") && origin.contains("config.json"),
        "{origin}"
    );
    assert_eq!(provider, "default/cli_profile/static_ak");
    assert!(matches!(reports[3].outcome, StepOutcome::NotAsked));
    assert!(!format!("{reports:?}").contains("canary"));
}

#[tokio::test]
async fn whatever_is_found_or_fails_is_told_with_the_file_or_variable_that_names_it() {
    const SESSION: &str = r#"{"AccessKeyId":"STS.U","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2999-01-01T00:00:00Z"}"#;
    const URI: &str = "http://127.0.0.1:1/x";
    let home = tempfile::tempdir().unwrap();
    config(
        home.path(),
        &format!(r#"{{"name":"a","mode":"CredentialsURI","credentials_uri":"{URI}"}}"#),
    );
    write(
        &home.path().join(".alibabacloud/credentials"),
        &format!("[default]\ntype=credentials_uri\nurl={URI}\n"),
    );
    let file = |name: &str| home.path().join(name).display().to_string();
    let sources: [(Box<dyn Source>, String); 3] = [
        (
            Box::new(CliProfile::current()),
            format!("the profile `a` of {}", file(".aliyun/config.json")),
        ),
        (
            Box::new(Profile::current()),
            format!(
                "the section [default] of {}",
                file(".alibabacloud/credentials")
            ),
        ),
        (
            Box::new(acs_credentials::CredentialsUri::from_env()),
            "ALIBABA_CLOUD_CREDENTIALS_URI".to_owned(),
        ),
    ];
    for (source, place) in sources {
        let transport = Arc::new(ReplayTransport::new());
        transport.answer(200, SESSION);
        transport.answer(500, "");
        let context = env(home.path(), &[("CREDENTIALS_URI", URI)])
            .with_transport(Arc::clone(&transport) as _);
        let found = source.load(&context).await.unwrap();
        assert!(found.origin.contains(&place), "{}", found.origin);
        let error = source.load(&context).await.unwrap_err().to_string();
        assert!(
            error.contains("HTTP 500")
                && (error.contains(&place) || source.name() == "credential_uri"),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_step_that_fails_ends_the_search_unless_that_is_asked_for() {
    let broken = || {
        from_fn("broken", || async {
            Err(acs_credentials::Failure::new("it is down").into())
        })
    };
    let other = || Static::access_key("LTAI", "secret").unwrap();
    let context = Context::isolated();
    let chain = Chain::empty("x").with(broken()).with(other());
    let error = chain.load(&context).await.unwrap_err().to_string();
    assert!(
        error.contains("broken: failed: it is down") && error.contains("static_ak: not asked"),
        "{error}"
    );
    let chain = Chain::empty("x")
        .with(broken())
        .with(other())
        .fall_through_on_error(true);
    assert_eq!(
        chain.load(&context).await.unwrap().credentials.provider(),
        "x/static_ak"
    );
}

#[tokio::test]
async fn steps_can_be_added_removed_and_put_in_another_order() {
    let nothing =
        |name: &'static str| from_fn(name, || async { Err(LoadError::not_configured("nothing")) });
    let chain = Chain::empty("x")
        .with(nothing("a"))
        .with(nothing("b"))
        .with(nothing("c"))
        .with_before("b", nothing("d"))
        .with_before("none", nothing("e"))
        .without("c")
        .reordered(&["b", "e"]);
    assert_eq!(
        names(&chain.explain(&Context::isolated()).await),
        ["b", "e", "a", "d"]
    );
}

#[tokio::test]
async fn a_chain_that_is_changed_forgets_which_step_answered() {
    let keys = |id: &str| Static::access_key(id, "s").unwrap();
    let named = |name: &'static str, id: &'static str| {
        from_fn(name, move || async move {
            Ok(acs_core::Credentials::access_key(id, "s")?)
        })
    };
    let chain = Chain::empty("x")
        .with(Environment::new())
        .with(named("a", "A"))
        .with(keys("LAST"));
    let context = Context::isolated();
    chain.load(&context).await.unwrap();
    // What was the second step is the third now.
    let chain = chain.with_before("a", named("b", "B"));
    let found = chain.load(&context).await.unwrap();
    assert_eq!(found.credentials.access_key_id(), "B");
    let chain = chain.without("env").reordered(&["static_ak"]);
    let found = chain.load(&context).await.unwrap();
    assert_eq!(found.credentials.access_key_id(), "LAST");
}

#[tokio::test]
async fn the_step_that_answered_is_asked_first_and_a_removed_key_starts_the_search_again() {
    let home = tempfile::tempdir().unwrap();
    let chain = Chain::empty("default")
        .with(Environment::new())
        .with(CliProfile::current())
        .with(Profile::current());
    write(
        &home.path().join(".alibabacloud/credentials"),
        "[default]\ntype=access_key\naccess_key_id=INI\naccess_key_secret=s\n",
    );
    let context = env(home.path(), &[]);
    assert_eq!(
        chain
            .load(&context)
            .await
            .unwrap()
            .credentials
            .access_key_id(),
        "INI"
    );
    // A profile that appears later does not take over.
    config(
        home.path(),
        r#"{"name":"a","mode":"AK","access_key_id":"CLI","access_key_secret":"s"}"#,
    );
    assert_eq!(
        chain
            .load(&context)
            .await
            .unwrap()
            .credentials
            .access_key_id(),
        "INI"
    );
    // The path is the same, whether the step was searched for or remembered.
    let again = chain.load(&context).await.unwrap();
    assert_eq!(again.credentials.provider(), "default/profile/static_ak");
    std::fs::remove_file(home.path().join(".alibabacloud/credentials")).unwrap();
    assert_eq!(
        chain
            .load(&context)
            .await
            .unwrap()
            .credentials
            .access_key_id(),
        "CLI"
    );
}

#[tokio::test]
async fn half_a_key_pair_falls_through_and_is_told_with_the_variable_that_is_missing() {
    let home = tempfile::tempdir().unwrap();
    config(
        home.path(),
        r#"{"name":"a","mode":"AK","access_key_id":"CLI","access_key_secret":"s"}"#,
    );
    for (set, missing) in [
        ("ACCESS_KEY_ID", "ACCESS_KEY_SECRET"),
        ("ACCESS_KEY_SECRET", "ACCESS_KEY_ID"),
    ] {
        let context = env(home.path(), &[(set, "canary")]);
        let found = Chain::standard().load(&context).await.unwrap();
        assert_eq!(found.credentials.access_key_id(), "CLI");
        let expected = format!(
            "env: not configured (warning, half a key pair: ALIBABA_CLOUD_{set} is set, but ALIBABA_CLOUD_{missing} is not"
        );
        let reports = Chain::standard().explain(&context).await;
        assert!(
            reports[0].to_string().starts_with(&expected),
            "{}",
            reports[0]
        );
        let chain = Chain::standard().without("cli_profile");
        let error = chain.load(&context).await.unwrap_err().to_string();
        assert!(
            error.contains(&expected) && !error.contains("canary"),
            "{error}"
        );
    }
    // Under the old names too, where they are read.
    let context = Context::isolated().with_env(FixedEnv::from([
        ("ALICLOUD_ACCESS_KEY", "x"),
        ("ALICLOUD_ACCESS_KEY_ID", "x"),
    ]));
    let source = Environment::new().legacy_names(true);
    let error = source.load(&context).await.unwrap_err().to_string();
    assert!(
        error.contains("ALIBABA_CLOUD_ACCESS_KEY_ID and")
            && error.contains("ALICLOUD_ACCESS_KEY_SECRET is not"),
        "{error}"
    );
}

#[tokio::test]
async fn a_part_of_the_variables_of_a_pods_role_is_told_with_a_warning() {
    let home = tempfile::tempdir().unwrap();
    let context = env(
        home.path(),
        &[("ROLE_ARN", ROLE), ("OIDC_TOKEN_FILE", "/t")],
    );
    let reports = Chain::standard().explain(&context).await;
    assert_eq!(
        reports[1].to_string(),
        "oidc_role_arn: not configured (warning, only a part of it is set; not set: ALIBABA_CLOUD_OIDC_PROVIDER_ARN)"
    );
}

#[tokio::test]
async fn when_the_remembered_step_fails_the_others_are_told_with_their_reasons() {
    let asked = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&asked);
    let first = from_fn("first", || async {
        Err(LoadError::not_configured("nobody set FIRST"))
    });
    let second = from_fn("second", move || {
        let number = counted.fetch_add(1, SeqCst);
        async move {
            match number {
                0 => Ok(acs_core::Credentials::access_key("LTAI", "s")?),
                _ => Err(acs_credentials::Failure::new("it is down").into()),
            }
        }
    });
    let chain = Chain::empty("x")
        .with(first)
        .with(second)
        .with(Static::access_key("OTHER", "s").unwrap());
    let context = Context::isolated();
    chain.load(&context).await.unwrap();
    for _ in 0..2 {
        let error = chain.load(&context).await.unwrap_err().into_failure();
        let steps: Vec<_> = error
            .as_chain()
            .unwrap()
            .steps()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(
            steps,
            [
                "first: not configured (nobody set FIRST)",
                "second: failed: it is down",
                "static_ak: not asked (an earlier step ended the search)"
            ]
        );
    }
    assert_eq!(asked.load(SeqCst), 3, "it is asked once for each load");
}

#[tokio::test]
async fn a_profile_that_is_asked_for_by_name_and_missing_is_an_error_and_not_another_identity() {
    let home = tempfile::tempdir().unwrap();
    config(
        home.path(),
        r#"{"name":"a","mode":"AK","access_key_id":"CLI","access_key_secret":"s"}"#,
    );
    let context = env(
        home.path(),
        &[
            ("PROFILE", "gone"),
            ("CREDENTIALS_URI", "http://127.0.0.1:1/x"),
        ],
    );
    let error = Chain::standard()
        .load(&context)
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("cli_profile: failed: unable to get profile with 'gone'"),
        "{error}"
    );
    assert!(error.contains("credential_uri: not asked"), "{error}");
}

#[tokio::test]
async fn a_section_that_is_named_and_has_no_keys_is_an_error_and_not_another_identity() {
    let home = tempfile::tempdir().unwrap();
    for (section, expected) in [
        (
            "enable=false\ntype=access_key\naccess_key_id=I\naccess_key_secret=s",
            "switched off",
        ),
        ("access_key_id=I", "there is no `type`"),
        (
            "type=access_key\naccess_key_id=I",
            "the access key secret is empty",
        ),
        (
            "type=credentials_uri",
            "ALIBABA_CLOUD_CREDENTIALS_URI is not set",
        ),
    ] {
        write(
            &home.path().join(".alibabacloud/credentials"),
            &format!("[p]\n{section}\n"),
        );
        let chain = || {
            let other = Static::access_key("OTHER", "s").unwrap();
            Chain::empty("x").with(Profile::current()).with(other)
        };
        let context = env(home.path(), &[("PROFILE", " p ")]);
        let error = chain().load(&context).await.unwrap_err().to_string();
        assert!(
            error.contains("profile: failed: ")
                && error.contains(expected)
                && error.contains("static_ak: not asked"),
            "{section}: {error}"
        );
        Profile::named("p")
            .load(&env(home.path(), &[]))
            .await
            .unwrap_err();
        // Nobody asked for the section: it is passed over, and the other one answers.
        let found = chain().load(&env(home.path(), &[])).await.unwrap();
        assert_eq!(found.credentials.access_key_id(), "OTHER");
    }
}

#[tokio::test]
async fn a_profile_or_section_that_is_set_up_and_finds_no_role_is_an_error_and_not_another_identity()
 {
    let home = tempfile::tempdir().unwrap();
    config(home.path(), r#"{"name":"a","mode":"EcsRamRole"}"#);
    write(
        &home.path().join(".alibabacloud/credentials"),
        "[default]\ntype=ecs_ram_role\n",
    );
    let mut env = FixedEnv::from([("HOME", home.path().as_os_str())]);
    env.set("ALIBABA_CLOUD_IMDSV1_DISABLED", "1");
    let sources: [Box<dyn Source>; 2] = [
        Box::new(CliProfile::current()),
        Box::new(Profile::current()),
    ];
    for source in sources {
        let transport = Arc::new(ReplayTransport::new());
        for _ in 0..2 {
            transport.answer(200, "TOKEN");
            transport.answer(404, "no role");
        }
        let context = Context::isolated()
            .with_env(env.clone())
            .with_files(SystemFiles)
            .with_transport(Arc::clone(&transport) as _);
        let error = source.load(&context).await.unwrap_err();
        assert!(
            matches!(&error, LoadError::Failed(failure) if failure.to_string().contains("404")),
            "{error}"
        );
    }
}

#[tokio::test]
async fn circles_of_profiles_and_sections_are_shown() {
    let home = tempfile::tempdir().unwrap();
    config(
        home.path(),
        &format!(
            r#"{{"name":"a","mode":"ChainableRamRoleArn","ram_role_arn":"{ROLE}","source_profile":"b"}},
               {{"name":"b","mode":"ChainableRamRoleArn","ram_role_arn":"{ROLE}","source_profile":"a"}}"#
        ),
    );
    let error = CliProfile::current()
        .load(&env(home.path(), &[]))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("a -> b -> a"), "{error}");
    write(
        &home.path().join(".alibabacloud/credentials"),
        &format!(
            "[default]\ntype=ram_role_arn\nrole_arn={ROLE}\nsource=other\n[other]\ntype=ram_role_arn\nrole_arn={ROLE}\nsource=default\n"
        ),
    );
    let error = Profile::current()
        .load(&env(home.path(), &[]))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("default -> other -> default"), "{error}");
}

#[tokio::test]
async fn a_legacy_name_is_read_only_where_that_is_asked_for() {
    let env = FixedEnv::from([
        ("ALICLOUD_ACCESS_KEY_ID", "L"),
        ("ALICLOUD_ACCESS_KEY_SECRET", "s"),
    ]);
    let context = Context::isolated().with_env(env);
    Environment::new().load(&context).await.unwrap_err();
    let found = Environment::new()
        .legacy_names(true)
        .load(&context)
        .await
        .unwrap();
    assert_eq!(found.credentials.access_key_id(), "L");
}

#[test]
fn options_are_checked_when_the_source_is_made() {
    for (options, expected) in [
        (vec![("type", "nope")], "type option, support"),
        (vec![], "there is no `type`"),
        (
            vec![
                ("type", "sts"),
                ("access_key_id", "a"),
                ("access_key_secret", "b"),
            ],
            "the security token is empty",
        ),
        (
            vec![("type", "access_key"), ("access_key_id", "a")],
            "the access key secret is empty",
        ),
        (vec![("type", "bearer")], "the bearer token is empty"),
        (vec![("type", "rsa_key_pair")], "not supported"),
        (
            vec![
                ("type", "ram_role_arn"),
                ("access_key_id", "a"),
                ("access_key_secret", "b"),
                ("role_session_expiration", "899"),
            ],
            "900s",
        ),
    ] {
        let error = from_options(options.clone()).unwrap_err().to_string();
        assert!(error.contains(expected), "{options:?}: {error}");
    }
}

#[test]
fn nothing_that_holds_a_secret_shows_it() {
    let keys = Static::sts("STS.canary-id", "canary-secret", "canary-token").unwrap();
    let env = FixedEnv::from([("X", "canary")]);
    let role = RamRoleArn::builder(ROLE)
        .source_of(keys.clone())
        .build()
        .unwrap();
    let cache = CredentialsCache::new(Static::access_key("LTAI", "canary").unwrap());
    let process = acs_credentials::ExternalProcess::new("tool --secret canary");
    let uri = acs_credentials::CredentialsUri::new("https://host/?key=canary");
    let command = acs_credentials::CommandLine::new("tool", vec!["canary".to_owned()]);
    let output = acs_credentials::ProcessOutput::new(Some(0), b"canary".to_vec());
    let text =
        format!("{keys:?} {env:?} {role:?} {cache:?} {process:?} {uri:?} {command:?} {output:?}");
    assert!(!text.contains("canary"), "{text}");
}
