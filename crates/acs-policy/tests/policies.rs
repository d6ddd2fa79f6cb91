//! What policies allow, in the words of the official examples.
#![allow(clippy::unwrap_used)]

use acs_policy::system::{Need, Product, of_product};
use acs_policy::{
    Condition, Decision, Policy, Request, Statement, Verdict, evaluate, evaluate_session, presets,
};
use proptest::prelude::*;

fn policy(statements: &str) -> Policy {
    Policy::parse(&format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)).unwrap()
}

fn vod(action: &str) -> Request {
    Request::new(format!("vod:{action}"), "*")
}

#[test]
fn a_deny_wins_over_every_allow_wherever_it_stands() {
    let allow = r#"{"Effect":"Allow","Action":"vod:*","Resource":"*"}"#;
    let deny = r#"{"Effect":"Deny","Action":["vod:Delete*"],"Resource":"*"}"#;
    for statements in [format!("{allow},{deny}"), format!("{deny},{allow}")] {
        let policy = policy(&statements);
        assert_eq!(
            evaluate([&policy], &vod("GetPlayInfo")).decision(),
            Decision::Allow
        );
        assert_eq!(
            evaluate([&policy], &vod("DeleteVideo")).decision(),
            Decision::ExplicitDeny
        );
    }
    let apart = [policy(deny), policy(allow)];
    assert_eq!(
        evaluate(&apart, &vod("DeleteVideo")).decision(),
        Decision::ExplicitDeny
    );
}

#[test]
fn a_session_may_do_what_both_its_role_and_its_policy_allow() {
    let role = [policy(
        r#"{"Effect":"Allow","Action":["vod:CreateUploadVideo","vod:GetPlayInfo"],"Resource":"*"}"#,
    )];
    let session = policy(
        r#"{"Effect":"Allow","Action":["vod:CreateUploadVideo","vod:DeleteVideo"],"Resource":"*"}"#,
    );
    let decide = |session: Option<&Policy>, action| {
        evaluate_session(&role, session, &vod(action)).decision()
    };
    assert_eq!(decide(Some(&session), "CreateUploadVideo"), Decision::Allow);
    // Each allows one of these, and that is not enough: a session policy never adds rights.
    assert_eq!(
        decide(Some(&session), "GetPlayInfo"),
        Decision::ImplicitDeny
    );
    assert_eq!(
        decide(Some(&session), "DeleteVideo"),
        Decision::ImplicitDeny
    );
    assert_eq!(decide(None, "GetPlayInfo"), Decision::Allow);
    let deny = policy(r#"{"Effect":"Deny","Action":"vod:GetPlayInfo","Resource":"*"}"#);
    assert_eq!(decide(Some(&deny), "GetPlayInfo"), Decision::ExplicitDeny);
}

#[test]
fn the_reasons_name_what_each_statement_had_to_say() {
    let policy = policy(
        r#"{"Effect":"Allow","Action":"oss:*","Resource":"*"},
           {"Effect":"Allow","Action":"vod:*","Resource":"acs:vod:*:*:other"},
           {"Effect":"Allow","Action":"vod:*","Resource":"*","Condition":{"IpAddress":{"acs:SourceIp":["10.0.0.0/8"]}}}"#,
    );
    let evaluation = evaluate(
        [&policy],
        &vod("GetPlayInfo").with("acs:SourceIp", "192.0.2.1"),
    );
    let verdicts: Vec<_> = evaluation
        .reasons()
        .iter()
        .map(|reason| reason.verdict.clone())
        .collect();
    assert_eq!(
        verdicts[..2],
        [Verdict::OtherAction, Verdict::OtherResource]
    );
    assert!(
        matches!(&verdicts[2], Verdict::ConditionFails(text) if text.contains("192.0.2.1")),
        "{evaluation}"
    );
    assert_eq!(evaluation.to_string().lines().count(), 4, "{evaluation}");
    assert!(
        evaluate(
            [&policy],
            &vod("GetPlayInfo").with("acs:sourceip", "10.9.9.9")
        )
        .is_allowed()
    );
}

#[test]
fn all_but_turns_actions_and_resources_round() {
    let policy =
        policy(r#"{"Effect":"Allow","NotAction":["ram:*"],"NotResource":"acs:oss:*:*:secret/*"}"#);
    let decide = |action: &str, resource: &str| {
        evaluate([&policy], &Request::new(action, resource)).is_allowed()
    };
    assert!(decide("oss:GetObject", "acs:oss:*:*:open/a"));
    assert!(!decide("oss:GetObject", "acs:oss:*:*:secret/a"));
    assert!(!decide("ram:CreateUser", "*"));
}

#[test]
fn actions_know_no_case_and_resources_do() {
    let policy =
        policy(r#"{"Effect":"Allow","Action":"VOD:getplayinfo","Resource":"acs:vod:*:*:A"}"#);
    assert!(evaluate([&policy], &Request::new("vod:GetPlayInfo", "acs:vod:*:*:A")).is_allowed());
    assert!(!evaluate([&policy], &Request::new("vod:GetPlayInfo", "acs:vod:*:*:a")).is_allowed());
}

#[test]
fn what_is_not_understood_is_refused_by_its_place() {
    for (text, place) in [
        ("{", "line 1, column 1"),
        ("[]", "policy"),
        (r#"{"Version":"2","Statement":[]}"#, "Version"),
        (r#"{"Version":"1","Statement":[]}"#, "Statement"),
        (
            r#"{"Version":"1","Statement":[{"Effect":"allow","Action":"a","Resource":"*"}]}"#,
            "Statement[0].Effect",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Resource":"*"}]}"#,
            "Statement[0]",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"a"}]}"#,
            "Statement[0]",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":[],"Resource":"*"}]}"#,
            "Statement[0].Action",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"a","Resource":"*","Sid":"x"}]}"#,
            "Statement[0].Sid",
        ),
        (
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"a","Resource":"*","Condition":{"Maybe":{"k":"v"}}}]}"#,
            "Statement[0].Condition.Maybe",
        ),
    ] {
        assert_eq!(Policy::parse(text).unwrap_err().place(), place, "{text}");
    }
}

#[test]
fn an_inline_policy_has_at_most_2048_characters() {
    let of_length = |length: usize| {
        let empty = Policy::new().with(Statement::allow([""])).to_json().len();
        Policy::new().with(Statement::allow(["a".repeat(length - empty)]))
    };
    assert_eq!(of_length(2048).to_inline_json().unwrap().len(), 2048);
    assert!(
        of_length(2049)
            .to_inline_json()
            .unwrap_err()
            .to_string()
            .contains("2049")
    );
}

#[test]
fn the_presets_allow_what_their_names_say_and_nothing_else() {
    let actions = [
        "CreateUploadVideo",
        "RefreshUploadVideo",
        "CreateUploadImage",
        "GetPlayInfo",
        "GetVideoPlayAuth",
        "GetVideoPlayInfo",
        "GetVideoInfo",
        "DeleteVideo",
    ];
    for (preset, allowed) in [
        (presets::vod_create_upload_video_only(), &actions[..1]),
        (presets::vod_create_and_refresh_uploads(), &actions[..2]),
        (presets::vod_play_any_video(), &actions[3..7]),
    ] {
        let given: Vec<_> = actions
            .into_iter()
            .filter(|action| evaluate([&preset], &vod(action)).is_allowed())
            .collect();
        assert_eq!(given, allowed);
        assert!(!evaluate([&preset], &Request::new("oss:PutObject", "*")).is_allowed());
        assert_eq!(
            Policy::parse(&preset.to_inline_json().unwrap()).unwrap(),
            preset
        );
    }
}

#[test]
fn mps_takes_its_system_policy_and_no_other() {
    let rows: Vec<_> = of_product(Product::Mps).collect();
    assert_eq!(rows.len(), 1);
    assert_eq!(
        (rows[0].name, rows[0].need, rows[0].custom_policy_allowed),
        ("AliyunMTSFullAccess", Need::Required, false)
    );
    let oss: Vec<_> = of_product(Product::Oss).collect();
    assert_eq!(
        (oss[0].need, oss[0].custom_policy_allowed),
        (Need::Required, true)
    );
    for product in [Product::Mns, Product::Cdn] {
        assert!(
            of_product(product).all(|row| row.need == Need::Optional),
            "{product:?}"
        );
    }
}

#[test]
fn a_trust_policy_is_read_too() {
    let trust = policy(
        r#"{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["mts.aliyuncs.com"]}}"#,
    );
    assert_eq!(
        trust.statements[0].principal.as_ref().unwrap().service,
        ["mts.aliyuncs.com"]
    );
    assert_eq!(Policy::parse(&trust.to_json()).unwrap(), trust);
}

proptest! {
    #[test]
    fn what_is_written_is_read(
        actions in prop::collection::vec("[a-z]{1,4}:[A-Za-z*?]{1,8}", 1..4),
        resources in prop::collection::vec("[ -~]{1,20}", 1..4),
        networks in prop::collection::vec("[0-9./]{1,12}", 1..3),
        deny in any::<bool>(),
    ) {
        let statement = if deny { Statement::deny(actions) } else { Statement::allow(actions) };
        let policy = Policy::new().with(statement.on(resources).when(Condition::source_ip(networks)));
        prop_assert_eq!(Policy::parse(&policy.to_json()).unwrap(), policy);
    }

    #[test]
    fn any_text_gives_an_answer(text in ".{0,200}") {
        let _ = Policy::parse(&text);
    }
}
