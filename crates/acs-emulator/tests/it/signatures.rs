//! Whom the emulator believes: signatures, dates, nonces, tokens.

use std::time::Duration;

use chrono::TimeDelta;

use crate::support::{Cloud, Keys, STS, Ticket, VOD, fixture, nonce};

const WHOAMI: (&str, &str) = (STS, "GetCallerIdentity");

#[tokio::test]
async fn a_wrong_secret_is_refused_with_the_servers_string_to_sign() {
    let cloud = Cloud::start().await;
    let keys = Keys {
        secret: "another secret".to_owned(),
        ..cloud.user()
    };
    let refusal = cloud
        .call(&keys, STS, "GetCallerIdentity", &[])
        .await
        .refused(400, "SignatureDoesNotMatch");
    let message = refusal["Message"].as_str().unwrap();
    assert!(
        message.contains("server string to sign is:ACS3-HMAC-SHA256\n"),
        "{message}"
    );
    assert!(!message.contains(cloud.emulator.access_key_secret()));

    let object = (cloud.emulator.bucket(), "k");
    let refusal = cloud.oss(&keys, "PUT", object, &[], b"x").await;
    refusal.oss_refused(403, "SignatureDoesNotMatch");
    assert!(
        refusal
            .xml("StringToSign")
            .starts_with("OSS4-HMAC-SHA256\n")
    );
    assert_eq!(cloud.emulator.verified_requests(), 0);
}

#[tokio::test]
async fn refusals_have_the_fields_of_the_real_ones() {
    let cloud = Cloud::start().await;
    let keys = Keys {
        id: "LTAI5tNobody".to_owned(),
        ..cloud.user()
    };
    let refusal = cloud
        .call(&keys, VOD, "GetVideoInfo", &[("VideoId", "x")])
        .await
        .refused(404, "InvalidAccessKeyId.NotFound");
    let real: serde_json::Value =
        serde_json::from_str(&fixture("error.InvalidAccessKeyId.NotFound.json")).unwrap();
    let names = |value: &serde_json::Value| {
        let mut names: Vec<String> = value.as_object().unwrap().keys().cloned().collect();
        names.sort();
        names
    };
    assert_eq!(names(&refusal), names(&real));
    for same in ["Code", "Message", "Recommend"] {
        assert_eq!(refusal[same], real[same]);
    }
}

#[tokio::test]
async fn a_replayed_nonce_is_refused() {
    let cloud = Cloud::start().await;
    let now = cloud.clock.now();
    let call = || cloud.signed_call(&cloud.user(), now, "once", WHOAMI, &[]);
    cloud.send(call()).await.ok();
    cloud.send(call()).await.refused(400, "SignatureNonceUsed");
    assert_eq!(cloud.emulator.verified_requests(), 1);
}

#[tokio::test]
async fn a_refused_signature_does_not_use_up_a_nonce() {
    let cloud = Cloud::start().await;
    let wrong = Keys {
        secret: "wrong".to_owned(),
        ..cloud.user()
    };
    let now = cloud.clock.now();
    let call = |keys| cloud.signed_call(keys, now, "once", WHOAMI, &[]);
    cloud
        .send(call(&wrong))
        .await
        .refused(400, "SignatureDoesNotMatch");
    cloud.send(call(&cloud.user())).await.ok();
}

#[tokio::test]
async fn a_date_outside_of_fifteen_minutes_is_refused_on_either_side() {
    let cloud = Cloud::start().await;
    let now = cloud.clock.now();
    for minutes in [-15, 15] {
        let date = now + TimeDelta::minutes(minutes);
        let call = cloud.signed_call(&cloud.user(), date, &nonce(), WHOAMI, &[]);
        cloud.send(call).await.ok();
    }
    for seconds in [-901, 901] {
        let date = now + TimeDelta::seconds(seconds);
        let call = cloud.signed_call(&cloud.user(), date, &nonce(), WHOAMI, &[]);
        let reply = cloud.send(call).await;
        reply.refused(400, "InvalidTimeStamp.Expired");
        // What a client needs to correct itself.
        assert_eq!(reply.header("date"), "Fri, 20 Nov 2026 08:15:30 GMT");
    }
}

#[tokio::test]
async fn a_skewed_oss_date_is_refused_with_the_servers_time() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let call = cloud.signed_oss(&cloud.user(), "GET", object, &[], &[], b"");
    cloud.clock.advance(Duration::from_secs(901));
    let refusal = cloud.send(call).await;
    refusal.oss_refused(403, "RequestTimeTooSkewed");
    assert_eq!(refusal.xml("RequestTime"), "2026-11-20T08:15:30.000Z");
    assert_eq!(refusal.xml("ServerTime"), "2026-11-20T08:30:31.000Z");
    assert_eq!(refusal.xml("MaxAllowedSkewMilliseconds"), "900000");
}

#[tokio::test]
async fn an_unreadable_date_is_refused_as_such() {
    let cloud = Cloud::start().await;
    let now = cloud.clock.now();
    let mut call = cloud.signed_call(&cloud.user(), now, &nonce(), WHOAMI, &[]);
    call.set("x-acs-date", "2026-11-20 08:15:30");
    cloud
        .send(call)
        .await
        .refused(400, "InvalidTimeStamp.Format");
}

#[tokio::test]
async fn a_changed_parameter_body_or_header_breaks_the_signature() {
    let cloud = Cloud::start().await;
    let now = cloud.clock.now();
    let call = || {
        let parameters = [("VideoId", "a")];
        cloud.signed_call(
            &cloud.user(),
            now,
            &nonce(),
            (VOD, "GetVideoInfo"),
            &parameters,
        )
    };
    let mut changed = call();
    changed.target = "/?VideoId=b".to_owned();
    cloud
        .send(changed)
        .await
        .refused(400, "SignatureDoesNotMatch");
    let mut changed = call();
    changed.body = b"Title=sneaked+in".to_vec();
    cloud
        .send(changed)
        .await
        .refused(400, "SignatureDoesNotMatch");
    let mut changed = call();
    changed.set("x-acs-action", "DeleteVideo");
    cloud
        .send(changed)
        .await
        .refused(400, "SignatureDoesNotMatch");
    let mut unsigned_header = call();
    unsigned_header.set("x-acs-extra", "1");
    cloud
        .send(unsigned_header)
        .await
        .refused(400, "IncompleteSignature");
}

#[tokio::test]
async fn an_object_request_on_another_key_or_part_is_refused() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "mine.bin");
    let call = || cloud.signed_oss(&cloud.user(), "PUT", object, &[], &[], b"x");
    let mut changed = call();
    changed.target = changed.target.replace("mine", "yours");
    let reply = cloud.send(changed).await;
    reply.oss_refused(403, "SignatureDoesNotMatch");
    let mut changed = call();
    changed.target.push_str("?partNumber=1&uploadId=X");
    let reply = cloud.send(changed).await;
    reply.oss_refused(403, "SignatureDoesNotMatch");
    cloud.send(call()).await.ok();
}

#[tokio::test]
async fn an_unsigned_request_is_refused_everywhere() {
    let cloud = Cloud::start().await;
    let reply = cloud
        .get("/?Action=GetCallerIdentity&Version=2015-04-01")
        .await;
    reply.refused(400, "IncompleteSignature");
    let target = format!("/{}/k", cloud.emulator.bucket());
    cloud.get(&target).await.oss_refused(403, "AccessDenied");
    assert_eq!(cloud.emulator.totals().rejected, 0);
}

#[tokio::test]
async fn signature_schemes_that_are_not_emulated_say_so() {
    let cloud = Cloud::start().await;
    let now = cloud.clock.now();
    let mut call = cloud.signed_call(&cloud.user(), now, &nonce(), WHOAMI, &[]);
    call.set("authorization", "ACS3-RSA-SHA256 Credential=a,Signature=b");
    let reply = cloud.send(call).await;
    reply.refused(400, "Emulator.Unsupported");
    let object = (cloud.emulator.bucket(), "k");
    let mut call = cloud.signed_oss(&cloud.user(), "GET", object, &[], &[], b"");
    call.set("authorization", "AWS4-HMAC-SHA256 Credential=a");
    let reply = cloud.send(call).await;
    reply.oss_refused(501, "NotImplemented");
}

#[tokio::test]
async fn a_temporary_key_without_its_own_token_is_refused() {
    let cloud = Cloud::start().await;
    let session = crate::sts::assume(&cloud, &[]).await;
    let other = crate::sts::assume(&cloud, &[]).await;
    let with = |token: Option<&str>| Keys {
        token: token.map(str::to_owned),
        ..session.clone()
    };
    let call = async |keys: &Keys| cloud.call(keys, STS, "GetCallerIdentity", &[]).await;

    call(&session).await.ok();
    call(&with(None)).await.refused(400, "MissingSecurityToken");
    call(&with(other.token.as_deref()))
        .await
        .refused(400, "InvalidSecurityToken.MismatchWithAccessKey");
    call(&with(Some("CAISnobody")))
        .await
        .refused(400, "InvalidSecurityToken.Malformed");
    let user_with_token = Keys {
        token: session.token.clone(),
        ..cloud.user()
    };
    call(&user_with_token)
        .await
        .refused(400, "InvalidSecurityToken.MismatchWithAccessKey");

    let object = (cloud.emulator.bucket(), "k");
    let put = async |keys: &Keys| cloud.oss(keys, "PUT", object, &[], b"x").await;
    put(&session).await.ok();
    put(&with(None))
        .await
        .oss_refused(403, "InvalidAccessKeyId");
    put(&with(other.token.as_deref()))
        .await
        .oss_refused(403, "InvalidSecurityToken");
}

#[tokio::test]
async fn an_expired_session_is_refused() {
    let cloud = Cloud::start().await;
    let session = crate::sts::assume(&cloud, &[("DurationSeconds", "900")]).await;
    cloud.clock.advance(Duration::from_secs(899));
    let reply = cloud.call(&session, STS, "GetCallerIdentity", &[]).await;
    reply.ok();
    cloud.clock.advance(Duration::from_secs(1));
    let reply = cloud.call(&session, STS, "GetCallerIdentity", &[]).await;
    reply.refused(400, "InvalidSecurityToken.Expired");
}

#[tokio::test]
async fn an_expired_upload_credential_is_refused() {
    let cloud = Cloud::start_with(|b| b.upload_ttl(Duration::from_secs(60))).await;
    let parameters = [("Title", "t"), ("FileName", "a.mp4")];
    let reply = cloud
        .call(&cloud.user(), VOD, "CreateUploadVideo", &parameters)
        .await;
    let ticket = Ticket::of(&reply.ok());
    cloud.clock.advance(Duration::from_secs(60));
    let refusal = cloud
        .oss(&ticket.keys, "PUT", ticket.object(), &[], b"x")
        .await;
    refusal.oss_refused(403, "SecurityTokenExpired");
    assert!(
        !refusal
            .text()
            .contains(ticket.keys.token.as_deref().unwrap())
    );

    let refreshed = cloud
        .call(
            &cloud.user(),
            VOD,
            "RefreshUploadVideo",
            &[("VideoId", &ticket.video_id)],
        )
        .await;
    let refreshed = Ticket::of(&refreshed.ok());
    assert_eq!(refreshed.object(), ticket.object());
    cloud
        .oss(&refreshed.keys, "PUT", refreshed.object(), &[], b"x")
        .await
        .ok();
}

#[tokio::test]
async fn a_presigned_url_serves_until_it_ends() {
    use acs_signer::{Buffer, SigningKey, oss_v4};
    let cloud = Cloud::start().await;
    let user = cloud.user();
    let object = (cloud.emulator.bucket(), "a b.mp4");
    cloud.oss(&user, "PUT", object, &[], b"bytes").await.ok();
    let date = cloud.clock.now();
    let request = oss_v4::Request {
        bucket: Some(object.0),
        key: Some(object.1),
        ..oss_v4::Request::at(date)
    };
    let key = SigningKey::new(&user.id, &user.secret).unwrap();
    let key = oss_v4::ScopedKey::new(&key, date, "cn-shanghai", "oss").unwrap();
    let mut buffer = Buffer::new();
    let signed = oss_v4::presign(&request, 3600, &key, &mut buffer).unwrap();
    let target = format!("{}?{}", signed.bucket_path(), signed.query());
    cloud.clock.advance(Duration::from_secs(3600));
    assert_eq!(cloud.get(&target).await.ok().body, b"bytes");
    let forged = target.replace("x-oss-expires=3600", "x-oss-expires=7200");
    let reply = cloud.get(&forged).await;
    reply.oss_refused(403, "SignatureDoesNotMatch");
    cloud.clock.advance(Duration::from_secs(1));
    cloud.get(&target).await.oss_refused(403, "AccessDenied");
}

#[tokio::test]
async fn a_scope_of_another_region_is_refused() {
    let beijing = Cloud::start_with(|b| b.region("cn-beijing").access_key("id", "secret")).await;
    let shanghai = Cloud::start_with(|b| b.access_key("id", "secret")).await;
    let object = (beijing.emulator.bucket(), "k");
    let mut call = shanghai.signed_oss(&shanghai.user(), "GET", object, &[], &[], b"");
    call.set("host", beijing.host());
    let reply = beijing.send(call).await;
    reply.oss_refused(400, "InvalidArgument");
}

#[tokio::test]
async fn no_secret_or_token_is_logged() {
    let cloud = Cloud::start().await;
    let session = crate::sts::assume(&cloud, &[]).await;
    let object = (cloud.emulator.bucket(), "k");
    cloud.oss(&session, "PUT", object, &[], b"x").await.ok();
    let log = cloud.get("/_emulator/requests").await;
    let log = log.text();
    for secret in [
        cloud.emulator.access_key_secret(),
        &session.secret,
        session.token.as_deref().unwrap(),
    ] {
        assert!(!log.contains(secret));
        assert!(!format!("{:?}", cloud.emulator).contains(secret));
    }
}
