//! AssumeRole and GetCallerIdentity.

use crate::support::{Cloud, Keys, STS, fixture, text};

/// Assumes the emulator's role and returns the session's keys.
pub(crate) async fn assume(cloud: &Cloud, extra: &[(&str, &str)]) -> Keys {
    let role_arn = cloud.emulator.role_arn();
    let mut parameters = vec![
        ("RoleArn", role_arn.as_str()),
        ("RoleSessionName", "user-42"),
    ];
    parameters.extend(extra);
    let reply = cloud
        .call(&cloud.user(), STS, "AssumeRole", &parameters)
        .await;
    let credentials = &reply.ok().json()["Credentials"];
    Keys {
        id: text(&credentials["AccessKeyId"]),
        secret: text(&credentials["AccessKeySecret"]),
        token: Some(text(&credentials["SecurityToken"])),
    }
}

fn same_shape(answer: &serde_json::Value, fixture_name: &str) {
    let real: serde_json::Value = serde_json::from_str(&fixture(fixture_name)).unwrap();
    let names = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(answer), names(&real));
    for (name, value) in real.as_object().unwrap() {
        if value.is_object() {
            assert_eq!(names(&answer[name]), names(value));
        }
    }
}

#[tokio::test]
async fn a_session_is_minted_with_an_expiry_and_its_own_identity() {
    let cloud = Cloud::start().await;
    let role_arn = cloud.emulator.role_arn();
    let parameters = [
        ("RoleArn", role_arn.as_str()),
        ("RoleSessionName", "user-42@example.com"),
        ("DurationSeconds", "1800"),
    ];
    let reply = cloud
        .call(&cloud.user(), STS, "AssumeRole", &parameters)
        .await;
    let answer = reply.ok().json();
    same_shape(&answer, "sts.AssumeRole.json");
    assert_eq!(answer["Credentials"]["Expiration"], "2026-11-20T08:45:30Z");
    assert!(text(&answer["Credentials"]["AccessKeyId"]).starts_with("STS."));
    assert_eq!(
        text(&answer["AssumedRoleUser"]["Arn"]),
        format!("{role_arn}/user-42@example.com")
    );

    let user = cloud
        .call(&cloud.user(), STS, "GetCallerIdentity", &[])
        .await
        .ok()
        .json();
    same_shape(&user, "sts.GetCallerIdentity.ram_user.json");
    assert_eq!(user["IdentityType"], "RAMUser");
    let session = assume(&cloud, &[]).await;
    let session = cloud
        .call(&session, STS, "GetCallerIdentity", &[])
        .await
        .ok()
        .json();
    same_shape(&session, "sts.GetCallerIdentity.assumed_role.json");
    assert_eq!(session["IdentityType"], "AssumedRoleUser");
    assert_eq!(text(&session["AccountId"]), cloud.emulator.account_id());
}

#[tokio::test]
async fn parameters_of_assume_role_are_checked_with_the_documented_codes() {
    let cloud = Cloud::start().await;
    let role_arn = cloud.emulator.role_arn();
    let other_role = role_arn.replace("vod-uploader", "nobody");
    let long = "x".repeat(2049);
    let arn = ("RoleArn", role_arn.as_str());
    let name = ("RoleSessionName", "ok");
    let session_name = |name| [arn, ("RoleSessionName", name)];
    let long_name = "n".repeat(65);
    for (parameters, status, code) in [
        (vec![name], 400, "MissingRoleArn"),
        (vec![arn], 400, "MissingRoleSessionName"),
        (
            vec![("RoleArn", "vod-uploader"), name],
            400,
            "InvalidParameter.RoleArn",
        ),
        (
            vec![("RoleArn", "acs:ram::x:role/r"), name],
            400,
            "InvalidParameter.RoleArn",
        ),
        (
            vec![("RoleArn", &other_role), name],
            404,
            "EntityNotExist.Role",
        ),
        (
            session_name("a").to_vec(),
            400,
            "InvalidParameter.RoleSessionName",
        ),
        (
            session_name("a b").to_vec(),
            400,
            "InvalidParameter.RoleSessionName",
        ),
        (
            session_name(&long_name).to_vec(),
            400,
            "InvalidParameter.RoleSessionName",
        ),
        (
            vec![arn, name, ("DurationSeconds", "899")],
            400,
            "InvalidParameter.DurationSeconds",
        ),
        (
            vec![arn, name, ("DurationSeconds", "3601")],
            400,
            "InvalidParameter.DurationSeconds",
        ),
        (
            vec![arn, name, ("DurationSeconds", "1h")],
            400,
            "InvalidParameter.DurationSeconds",
        ),
        (
            vec![arn, name, ("ExternalId", "a")],
            400,
            "InvalidParameter.ExternalId",
        ),
        (
            vec![arn, name, ("Policy", "{}")],
            400,
            "InvalidParameter.PolicyGrammar",
        ),
        (
            vec![arn, name, ("Policy", &long)],
            400,
            "InvalidParameter.PolicySize",
        ),
    ] {
        let reply = cloud
            .call(&cloud.user(), STS, "AssumeRole", &parameters)
            .await;
        reply.refused(status, code);
    }
}
