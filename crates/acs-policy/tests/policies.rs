//! What policies allow, in the words of the official examples.
#![allow(clippy::unwrap_used)]

use acs_policy::system::{Need, Product, of_product};
use acs_policy::{
    Condition, Decision, Operator, Policy, Request, Statement, Verdict, evaluate, evaluate_session,
    presets,
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
fn a_value_that_its_operator_cannot_read_is_refused_by_statement_operator_and_key() {
    let first = r#"{"Effect":"Allow","Action":"*","Resource":"*"}"#;
    for (condition, place) in [
        (
            r#"{"IpAddress":{"acs:SourceIp":["10.0.0.0/8","10.0.0.0/33"]}}"#,
            "IpAddress.acs:SourceIp",
        ),
        (
            r#"{"DateLessThan":{"acs:CurrentTime":"tomorrow"}}"#,
            "DateLessThan.acs:CurrentTime",
        ),
        (
            r#"{"NumericLessThan":{"ecs:Count":"many"}}"#,
            "NumericLessThan.ecs:Count",
        ),
        (
            r#"{"Bool":{"acs:SecureTransport":1}}"#,
            "Bool.acs:SecureTransport",
        ),
        (r#"{"StringEquals":{"k":[]}}"#, "StringEquals.k"),
        (r#"{"StringEquals":{"k":null}}"#, "StringEquals.k"),
        (r#"{"StringEquals":{"":"v"}}"#, "StringEquals."),
    ] {
        let deny = format!(
            r#"{{"Effect":"Deny","Action":"vod:Delete*","Resource":"*","Condition":{condition}}}"#
        );
        let text = format!(r#"{{"Version":"1","Statement":[{first},{deny}]}}"#);
        let error = Policy::parse(&text).unwrap_err();
        assert_eq!(
            error.place(),
            format!("Statement[1].Condition.{place}"),
            "{error}"
        );
    }
}

#[test]
fn a_deny_whose_condition_was_made_unreadable_denies_and_an_allow_does_not_allow() {
    let mut conditions = vec![Condition::source_ip(["10.0.0.0/8"]).unwrap()];
    conditions[0].values = vec!["10.0.0.0/33".to_owned()];
    let mut allow = Statement::allow(["vod:*"]);
    allow.conditions = conditions.clone();
    let mut deny = Statement::deny(["vod:*"]);
    deny.conditions = conditions;
    let request = vod("GetPlayInfo").with("acs:SourceIp", "10.1.1.1");
    let allow = Policy::new().with(allow);
    assert_eq!(
        evaluate([&allow], &request).decision(),
        Decision::ImplicitDeny
    );
    let deny = Policy::new().with(deny);
    assert_eq!(
        evaluate([&deny], &request).decision(),
        Decision::ExplicitDeny
    );
    for policy in [allow, deny] {
        assert_eq!(
            policy.to_json().unwrap_err().place(),
            "Statement[0].Condition.IpAddress.acs:SourceIp"
        );
    }
}

#[test]
fn numbers_and_blank_texts_are_no_actions_resources_or_principals() {
    for value in ["5", "true", "null", r#""""#, r#"" ""#, r#"["*",""]"#, "[]"] {
        for (statement, place) in [
            (
                format!(r#"{{"Effect":"Allow","Action":{value},"Resource":"*"}}"#),
                "Action",
            ),
            (
                format!(r#"{{"Effect":"Allow","NotAction":{value},"Resource":"*"}}"#),
                "NotAction",
            ),
            (
                format!(r#"{{"Effect":"Allow","Action":"*","Resource":{value}}}"#),
                "Resource",
            ),
            (
                format!(r#"{{"Effect":"Allow","Action":"*","NotResource":{value}}}"#),
                "NotResource",
            ),
            (
                format!(r#"{{"Effect":"Allow","Action":"*","Principal":{{"RAM":{value}}}}}"#),
                "Principal",
            ),
        ] {
            let text = format!(r#"{{"Version":"1","Statement":[{statement}]}}"#);
            let error = Policy::parse(&text).unwrap_err();
            // An empty list is written as none at all, so that its statement is at fault.
            let is_at = error.place().contains(place) || error.place() == "Statement[0]";
            assert!(is_at, "{text}: {error}");
        }
    }
    for built in [
        Statement::allow([""; 0]),
        Statement::allow([" "]),
        Statement::allow(["*"]).on([""; 0]),
        Statement::allow(["*"]).on([""]),
    ] {
        Policy::new().with(built).to_json().unwrap_err();
    }
    Policy::new().to_json().unwrap_err();
}

#[test]
fn a_name_that_is_twice_in_an_object_is_refused() {
    for text in [
        r#"{"Version":"1","Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Deny","Effect":"Allow","Action":"*","Resource":"*"}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",
            "Condition":{"Bool":{"k":"true"},"Bool":{"k":"false"}}}]}"#,
        r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*",
            "Condition":{"Bool":{"k":"true","k":"false"}}}]}"#,
    ] {
        let error = Policy::parse(text).unwrap_err();
        assert!(error.to_string().contains("already"), "{text}: {error}");
    }
    // Keys are compared without regard to case.
    let text = r#"{"Version":"1","Statement":[{"Effect":"Deny","Action":"*","Resource":"*","Condition":{"Bool":{"k":"true","K":"true"}}}]}"#;
    let error = Policy::parse(text).unwrap_err();
    assert!(
        error.place().starts_with("Statement[0].Condition.Bool."),
        "{error}"
    );
}

#[test]
fn two_conditions_of_one_operator_and_key_are_refused_and_not_merged() {
    let within = |networks: &[&str]| Condition::source_ip(networks.iter().copied()).unwrap();
    let statement = Statement::allow(["vod:*"]).when(within(&["10.0.0.0/8"]));
    let both = statement.clone().when(within(&["10.1.0.0/16"]));
    let policy = Policy::new().with(Statement::deny(["oss:*"])).with(both);
    for error in [
        policy.to_json().unwrap_err(),
        policy.to_inline_json().unwrap_err(),
    ] {
        assert_eq!(
            error.place(),
            "Statement[1].Condition.IpAddress.acs:SourceIp"
        );
    }
    let other_operator =
        Condition::new(Operator::NotIpAddress, "acs:SourceIp", ["10.9.0.0/16"]).unwrap();
    let policy = Policy::new().with(statement.when(other_operator));
    assert_eq!(Policy::parse(&policy.to_json().unwrap()).unwrap(), policy);
}

#[test]
fn an_error_is_one_short_line_whatever_the_document_names() {
    let name = r"x\n\u001b[31m".repeat(1_000);
    for text in [
        format!(r#"{{"{name}":1}}"#),
        format!(r#"{{"Version":"1","Statement":[{{"{name}":1}}]}}"#),
    ] {
        let error = Policy::parse(&text).unwrap_err().to_string();
        assert!(
            error.chars().count() < 400 && !error.contains(char::is_control),
            "{error:?}"
        );
    }
}

#[test]
fn an_inline_policy_has_at_most_2048_characters() {
    let of_length = |length: usize| {
        let shortest = Policy::new().with(Statement::allow(["a"]));
        let rest = shortest.to_json().unwrap().len() - 1;
        Policy::new().with(Statement::allow(["a".repeat(length - rest)]))
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
    assert_eq!(Policy::parse(&trust.to_json().unwrap()).unwrap(), trust);
}

/// Conditions with few operators, keys and values, so that statements often have two that are alike.
fn conditions() -> impl Strategy<Value = Vec<Condition>> {
    let condition = prop_oneof![
        (
            prop::sample::select(vec![Operator::IpAddress, Operator::NotIpAddress]),
            prop::sample::subsequence(vec!["10.0.0.0/8", "10.1.0.0/16", "192.0.2.1"], 1..3),
        )
            .prop_map(|(operator, networks)| Condition::new(
                operator,
                "acs:SourceIp",
                networks
            )),
        (
            prop::sample::select(vec![
                Operator::StringEquals,
                Operator::StringNotEquals,
                Operator::StringLike
            ]),
            prop::sample::select(vec!["acs:SourceIp", "k", "K"]),
            prop::sample::subsequence(vec!["a", "b", "1*", "*"], 1..3),
        )
            .prop_map(|(operator, key, values)| Condition::new(operator, key, values)),
    ];
    prop::collection::vec(condition.prop_map(Result::unwrap), 0..4)
}

fn statements() -> impl Strategy<Value = Statement> {
    let names = || prop::collection::vec("[a-z]{1,2}:[*?A-C]{1,3}", 1..3);
    let deny_and_negations = any::<[bool; 3]>();
    (names(), names(), conditions(), deny_and_negations).prop_map(
        |(actions, resources, conditions, [deny, not_actions, not_resources])| {
            let mut statement = if deny {
                Statement::deny(actions)
            } else {
                Statement::allow(actions)
            };
            statement = statement.on(resources);
            statement.all_but_actions = not_actions;
            statement.all_but_resources = not_resources;
            statement.conditions = conditions;
            statement
        },
    )
}

fn requests() -> impl Strategy<Value = Request> {
    let address = prop::sample::select(vec!["10.1.2.3", "10.2.2.3", "192.0.2.1", "a"]);
    let value = prop::option::of(prop::sample::select(vec!["a", "b", "10"]));
    (
        "[a-z]{1,2}:[A-C]{1,2}",
        "[a-z]{1,2}:[A-C]{1,2}",
        prop::option::of(address),
        value,
    )
        .prop_map(|(action, resource, address, value)| {
            let mut request = Request::new(action, resource);
            if let Some(address) = address {
                request = request.with("acs:SourceIp", address);
            }
            if let Some(value) = value {
                request = request.with("k", value);
            }
            request
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn what_is_written_reads_as_the_same_policy_or_is_not_written(
        statements in prop::collection::vec(statements(), 1..4),
        requests in prop::collection::vec(requests(), 20),
    ) {
        let has_twins = statements.iter().any(|statement| {
            let names: Vec<_> = statement
                .conditions
                .iter()
                .map(|condition| (condition.operator, condition.key.to_lowercase()))
                .collect();
            (1..names.len()).any(|index| names[..index].contains(&names[index]))
        });
        let policy = Policy { statements };
        match policy.to_json() {
            Err(error) => prop_assert!(has_twins && error.place().contains(".Condition."), "{error}"),
            Ok(text) => {
                prop_assert!(!has_twins, "{text}");
                let read = Policy::parse(&text).unwrap();
                for request in &requests {
                    prop_assert_eq!(
                        evaluate([&policy], request).decision(),
                        evaluate([&read], request).decision(),
                        "{} {:?}", text, request
                    );
                }
                prop_assert_eq!(read.to_json().unwrap(), text);
            }
        }
    }
}
