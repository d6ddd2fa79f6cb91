//! What a session may do: what both the role and its inline policy allow.

use std::time::Duration;

use serde_json::{Value, json};

use crate::sts::assume;
use crate::support::{Cloud, Keys, Reply, STS, VOD, text};

/// Assumes the role with an inline policy of these statements.
async fn session_of(cloud: &Cloud, statements: Value) -> Keys {
    let policy = json!({ "Version": "1", "Statement": statements });
    assume(cloud, &[("Policy", &policy.to_string())]).await
}

/// Calls an operation that every right on VOD covers.
async fn create_video(cloud: &Cloud, session: &Keys) -> Reply {
    let parameters = [("Title", "t"), ("FileName", "a.mp4")];
    cloud
        .call(session, VOD, "CreateUploadVideo", &parameters)
        .await
}

/// Asserts a refusal by policy and of which type it is.
fn denied(reply: &Reply, no_permission_type: &str) {
    let refusal = reply.refused(403, "Forbidden");
    let detail = &refusal["AccessDeniedDetail"];
    assert_eq!(detail["NoPermissionType"], no_permission_type, "{refusal}");
    assert_eq!(detail["PolicyType"], "SessionPolicy");
}

#[tokio::test]
async fn a_session_limited_to_create_upload_video_is_refused_elsewhere() {
    let cloud = Cloud::start().await;
    let policy = json!({ "Version": "1", "Statement": [{
        "Effect": "Allow", "Action": ["vod:CreateUploadVideo"], "Resource": "*",
    }] });
    let session = assume(&cloud, &[("Policy", &policy.to_string())]).await;
    let parameters = [("Title", "t"), ("FileName", "a.mp4")];
    let created = cloud
        .call(&session, VOD, "CreateUploadVideo", &parameters)
        .await
        .ok();
    let video_id = text(&created.json()["VideoId"]);

    let refusal = cloud
        .call(
            &session,
            VOD,
            "RefreshUploadVideo",
            &[("VideoId", &video_id)],
        )
        .await
        .refused(403, "Forbidden");
    let detail = &refusal["AccessDeniedDetail"];
    assert_eq!(detail["AuthAction"], "vod:RefreshUploadVideo");
    assert_eq!(detail["AuthPrincipalType"], "AssumedRoleUser");
    assert_eq!(detail["NoPermissionType"], "ImplicitDeny");
    assert_eq!(detail["PolicyType"], "SessionPolicy");
    let object = (cloud.emulator.bucket(), "k");
    let reply = cloud.oss(&session, "PUT", object, &[], b"x").await;
    reply.oss_refused(403, "AccessDenied");
}

#[tokio::test]
async fn the_inline_policy_never_widens_the_role() {
    let cloud = Cloud::start().await;
    let all = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#;
    let session = assume(&cloud, &[("Policy", all)]).await;
    let role_arn = cloud.emulator.role_arn();
    let parameters = [("RoleArn", role_arn.as_str()), ("RoleSessionName", "again")];
    let refusal = cloud
        .call(&session, STS, "AssumeRole", &parameters)
        .await
        .refused(403, "NoPermission");
    assert_eq!(
        refusal["AccessDeniedDetail"]["AuthAction"],
        "sts:AssumeRole"
    );
}

#[tokio::test]
async fn a_deny_in_the_session_policy_wins_whatever_the_order() {
    let cloud = Cloud::start().await;
    let bucket = cloud.emulator.bucket();
    let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*" });
    let deny_deletion = json!({ "Effect": "Deny", "Action": "vod:Delete*", "Resource": "*" });
    let deny_folder = json!({
        "Effect": "Deny", "Action": "oss:Put?bject", "Resource": format!("acs:oss:*:*:{bucket}/locked/*"),
    });
    for statements in [
        json!([allow, deny_deletion, deny_folder]),
        json!([deny_folder, deny_deletion, allow]),
    ] {
        let session = session_of(&cloud, statements).await;
        create_video(&cloud, &session).await.ok();
        let parameters = [("VideoIds", "x")];
        let reply = cloud.call(&session, VOD, "DeleteVideo", &parameters).await;
        denied(&reply, "ExplicitDeny");
        let put = async |key| cloud.oss(&session, "PUT", (bucket, key), &[], b"x").await;
        put("open/k").await.ok();
        put("locked/k").await.oss_refused(403, "AccessDenied");
    }
}

#[tokio::test]
async fn a_condition_on_time_ends_a_sessions_right() {
    let cloud = Cloud::start().await;
    let until = json!({ "DateLessThan": { "acs:CurrentTime": "2026-11-20T16:20:30+08:00" } });
    let allow = json!({ "Effect": "Allow", "Action": "*", "Resource": "*", "Condition": until });
    let session = session_of(&cloud, json!([allow])).await;
    let object = (cloud.emulator.bucket(), "k");
    cloud.clock.advance(Duration::from_secs(299));
    create_video(&cloud, &session).await.ok();
    cloud.oss(&session, "PUT", object, &[], b"x").await.ok();

    cloud.clock.advance(Duration::from_secs(1));
    denied(&create_video(&cloud, &session).await, "ImplicitDeny");
    let reply = cloud.oss(&session, "PUT", object, &[], b"x").await;
    reply.oss_refused(403, "AccessDenied");
    // The session itself lives on.
    let reply = cloud.call(&session, STS, "GetCallerIdentity", &[]).await;
    reply.ok();
}

#[tokio::test]
async fn conditions_see_a_plain_connection_from_the_loopback_address() {
    let cloud = Cloud::start().await;
    for (condition, allows) in [
        (
            json!({ "IpAddress": { "acs:SourceIp": ["10.0.0.0/8", "127.0.0.1"] } }),
            true,
        ),
        (
            json!({ "IpAddress": { "acs:SourceIp": "10.0.0.0/8" } }),
            false,
        ),
        (
            json!({ "NotIpAddress": { "acs:SourceIp": "127.0.0.0/8" } }),
            false,
        ),
        (json!({ "Bool": { "acs:SecureTransport": "false" } }), true),
        (json!({ "Bool": { "acs:SecureTransport": true } }), false),
        // All of them must hold; keys have no case.
        (
            json!({
                "IpAddress": { "ACS:sourceip": "127.0.0.1" },
                "Bool": { "acs:SecureTransport": "true" },
            }),
            false,
        ),
    ] {
        let allow = json!({ "Effect": "Allow", "Action": "vod:*", "Resource": "*", "Condition": condition });
        let session = session_of(&cloud, json!([allow])).await;
        let reply = create_video(&cloud, &session).await;
        match allows {
            true => drop(reply.ok()),
            false => denied(&reply, "ImplicitDeny"),
        }
    }
}

#[tokio::test]
async fn not_action_allows_all_but_what_it_names() {
    let cloud = Cloud::start().await;
    let allow = json!({ "Effect": "Allow", "NotAction": "vod:Delete*", "Resource": "*" });
    let session = session_of(&cloud, json!([allow])).await;
    create_video(&cloud, &session).await.ok();
    let parameters = [("VideoIds", "x")];
    let reply = cloud.call(&session, VOD, "DeleteVideo", &parameters).await;
    denied(&reply, "ImplicitDeny");
}

#[tokio::test]
async fn not_resource_allows_all_but_what_it_names() {
    let cloud = Cloud::start().await;
    let bucket = cloud.emulator.bucket();
    let allow = json!({
        "Effect": "Allow", "Action": "oss:*", "NotResource": format!("acs:oss:*:*:{bucket}/locked/*"),
    });
    let session = session_of(&cloud, json!([allow])).await;
    let put = async |key| cloud.oss(&session, "PUT", (bucket, key), &[], b"x").await;
    put("open/k").await.ok();
    put("locked/k").await.oss_refused(403, "AccessDenied");
}

#[tokio::test]
async fn a_policy_that_could_only_be_guessed_at_is_refused_by_the_element_at_fault() {
    let cloud = Cloud::start().await;
    let role_arn = cloud.emulator.role_arn();
    let unfilled = r#""Resource":"*","Condition":{"Bool":{"acs:MFAPresent":"true"}}"#;
    let operator = r#""Resource":"*","Condition":{"DateBefore":{"acs:CurrentTime":"2026"}}"#;
    for (rest, code, named) in [
        (unfilled, "Emulator.Unsupported", "acs:MFAPresent"),
        (
            operator,
            "InvalidParameter.PolicyGrammar",
            "Statement[0].Condition.DateBefore",
        ),
        (
            r#""Principal":{"RAM":"*"}"#,
            "InvalidParameter.PolicyGrammar",
            "Principal",
        ),
        (
            r#""Resource":"*","Sid":"a""#,
            "InvalidParameter.PolicyGrammar",
            "Statement[0].Sid",
        ),
    ] {
        let policy =
            format!(r#"{{"Version":"1","Statement":[{{"Effect":"Deny","Action":"*",{rest}}}]}}"#);
        let parameters = [
            ("RoleArn", role_arn.as_str()),
            ("RoleSessionName", "ok"),
            ("Policy", policy.as_str()),
        ];
        let reply = cloud
            .call(&cloud.user(), STS, "AssumeRole", &parameters)
            .await;
        let refusal = reply.refused(400, code);
        assert!(text(&refusal["Message"]).contains(named), "{refusal}");
    }
}
