//! The older signatures: RPC V1 of API calls, OSS V1 in headers and presigned URLs.

use std::time::Duration;

use acs_emulator::{Emulator, ManualClock};
use acs_signer::rpc_v1::Carrier;
use acs_signer::{Buffer, SigningKey, oss_v1, rpc_v1};
use chrono::{DateTime, TimeDelta, Utc};

use crate::sts::assume;
use crate::support::{Call, Cloud, Keys, STS, VOD, nonce, text};

const WHOAMI: (&str, &str) = (STS, "GetCallerIdentity");
const FORM: &str = "application/x-www-form-urlencoded";

/// Signs an API call of which all parameters are in one place.
fn rpc_call(
    cloud: &Cloud,
    keys: &Keys,
    carrier: Carrier,
    (version, action): (&str, &str),
    parameters: &[(&str, &str)],
) -> Call {
    let nonce = nonce();
    let date = cloud.clock.now();
    let (query, form) = match carrier {
        Carrier::Query => (parameters, &[][..]),
        Carrier::Form => (&[][..], parameters),
    };
    signed_rpc(
        cloud,
        keys,
        &rpc_v1::Request {
            method: "POST",
            action,
            version,
            query,
            form,
            carrier,
            security_token: keys.token.as_deref(),
            ..rpc_v1::Request::at(date, &nonce)
        },
    )
}

fn signed_rpc(cloud: &Cloud, keys: &Keys, request: &rpc_v1::Request<'_>) -> Call {
    let key = SigningKey::new(&keys.id, &keys.secret).unwrap();
    let mut buffer = Buffer::new();
    let signed = rpc_v1::sign(request, &key, &mut buffer).unwrap();
    let mut call = Call {
        method: request.method.to_owned(),
        target: format!("/?{}", signed.query()),
        headers: vec![("host".to_owned(), cloud.host().to_owned())],
        body: signed.form().as_bytes().to_vec(),
    };
    if !call.body.is_empty() {
        call.set("content-type", FORM);
    }
    call
}

/// Signs a request on an object, path style.
fn oss_call(
    cloud: &Cloud,
    keys: &Keys,
    method: &str,
    (bucket, key): (&str, &str),
    query: &[(&str, &str)],
    body: &[u8],
) -> Call {
    let request = oss_v1::Request {
        method,
        bucket: Some(bucket),
        key: Some(key),
        query,
        security_token: keys.token.as_deref(),
        ..oss_v1::Request::at(cloud.clock.now())
    };
    let signing_key = SigningKey::new(&keys.id, &keys.secret).unwrap();
    let mut buffer = Buffer::new();
    let signed = oss_v1::sign(&request, &signing_key, &mut buffer).unwrap();
    let mut call = Call {
        method: method.to_owned(),
        target: match signed.query() {
            "" => signed.bucket_path().to_owned(),
            query => format!("{}?{query}", signed.bucket_path()),
        },
        headers: vec![("host".to_owned(), cloud.host().to_owned())],
        body: body.to_vec(),
    };
    for (name, value) in signed.headers() {
        call.set(name, value);
    }
    call
}

/// Signs a URL to read an object.
fn presigned(cloud: &Cloud, keys: &Keys, (bucket, key): (&str, &str), expires: u32) -> String {
    let request = oss_v1::Request {
        bucket: Some(bucket),
        key: Some(key),
        security_token: keys.token.as_deref(),
        ..oss_v1::Request::at(cloud.clock.now())
    };
    let signing_key = SigningKey::new(&keys.id, &keys.secret).unwrap();
    let mut buffer = Buffer::new();
    let signed = oss_v1::presign(&request, expires, &signing_key, &mut buffer).unwrap();
    format!("{}?{}", signed.bucket_path(), signed.query())
}

/// An emulator with the key and the time of a published example.
async fn cloud_of_example(id: &str, secret: &str, date: &str) -> Cloud {
    let clock = ManualClock::new(date.parse::<DateTime<Utc>>().unwrap());
    let builder = Emulator::builder().access_key(id, secret);
    let emulator = builder.manual_clock(&clock).start().await.unwrap();
    Cloud { emulator, clock }
}

fn wrong_secret(cloud: &Cloud) -> Keys {
    Keys {
        secret: "wrong".to_owned(),
        ..cloud.user()
    }
}

#[tokio::test]
async fn the_published_rpc_v1_example_is_believed() {
    let date = "2017-10-10T12:02:54Z";
    let cloud = cloud_of_example("testAccessKeyId", "testAccessKeySecret", date).await;
    // Official document of VOD: "Request signatures".
    let target = "/?AccessKeyId=testAccessKeyId&Action=GetVideoPlayAuth&Format=JSON\
        &SignatureMethod=HMAC-SHA1&SignatureNonce=8f8a035d-6496-4268-afd4-67c22837e38d\
        &SignatureVersion=1.0&Timestamp=2017-10-10T12%3A02%3A54Z&Version=2017-03-21\
        &VideoId=5aed81b74ba84920be578cdfe004af4b&Signature=Ibgh7y8Vp47LBuAsf5Xhi1SvDss%3D";
    let reply = cloud.get(target).await;
    reply.refused(404, "InvalidVideo.NotFound");
    assert_eq!(cloud.emulator.verified_requests(), 1);
}

#[tokio::test]
async fn the_published_oss_v1_example_is_believed() {
    let (id, secret) = (
        "44CF9590006BF252F707",
        "OtxrzxIsfpFjA7SwPzILwy8Bw21TLhquhboDYROV",
    );
    let cloud = cloud_of_example(id, secret, "2005-11-17T18:49:58Z").await;
    // Official document of OSS: "Include a V1 signature".
    let headers = [
        ("host", cloud.host()),
        (
            "content-md5",
            "ODBGOERFMDMzQTczRUY3NUE3NzA5QzdFNUYzMDQxNEM=",
        ),
        ("content-type", "text/html"),
        ("date", "Thu, 17 Nov 2005 18:49:58 GMT"),
        ("x-oss-magic", "abracadabra"),
        ("x-oss-meta-author", "foo@bar.com"),
        (
            "authorization",
            "OSS 44CF9590006BF252F707:26NBxoKdsyly4EDv6inkoDft/yA=",
        ),
    ];
    let owned = |(name, value): (&str, &str)| (name.to_owned(), value.to_owned());
    let call = Call {
        method: "PUT".to_owned(),
        target: "/oss-example/nelson".to_owned(),
        headers: headers.map(owned).to_vec(),
        body: Vec::new(),
    };
    cloud.send(call).await.oss_refused(404, "NoSuchBucket");
    assert_eq!(cloud.emulator.verified_requests(), 1);
}

#[tokio::test]
async fn an_rpc_v1_call_is_served_from_a_query_and_from_a_form() {
    let cloud = Cloud::start().await;
    let session = assume(&cloud, &[]).await;
    let parameters = [("Title", "a b&c=小"), ("FileName", "a.mp4")];
    for carrier in [Carrier::Query, Carrier::Form] {
        for keys in [cloud.user(), session.clone()] {
            let call = rpc_call(
                &cloud,
                &keys,
                carrier,
                (VOD, "CreateUploadVideo"),
                &parameters,
            );
            let created = cloud.send(call).await.ok();
            let video_id = text(&created.json()["VideoId"]);
            let parameters = [("VideoId", video_id.as_str())];
            let call = rpc_call(&cloud, &keys, carrier, (VOD, "GetVideoInfo"), &parameters);
            let video = cloud.send(call).await.ok();
            assert_eq!(video.json()["Video"]["Title"], "a b&c=小");
        }
    }
}

#[tokio::test]
async fn an_rpc_v1_signature_by_another_secret_is_refused_without_its_token() {
    let cloud = Cloud::start().await;
    let session = assume(&cloud, &[]).await;
    let keys = Keys {
        secret: "wrong".to_owned(),
        ..session
    };
    let reply = cloud
        .send(rpc_call(&cloud, &keys, Carrier::Query, WHOAMI, &[]))
        .await;
    let refusal = reply.refused(400, "SignatureDoesNotMatch");
    let message = text(&refusal["Message"]);
    assert!(message.contains("is:POST&%2F&AccessKeyId%3D"), "{message}");
    assert!(message.contains("%26SecurityToken%3D***%26"), "{message}");
}

#[tokio::test]
async fn an_rpc_v1_parameter_that_was_not_signed_is_never_taken() {
    let cloud = Cloud::start().await;
    let user = cloud.user();
    let parameters = [("VideoId", "a")];
    let call = |carrier| rpc_call(&cloud, &user, carrier, (VOD, "GetVideoInfo"), &parameters);

    let mut changed = call(Carrier::Query);
    changed.target = changed.target.replace("VideoId=a", "VideoId=b");
    let reply = cloud.send(changed).await;
    reply.refused(400, "SignatureDoesNotMatch");

    let mut changed = call(Carrier::Form);
    changed.body.extend(b"&Extra=1");
    let reply = cloud.send(changed).await;
    reply.refused(400, "SignatureDoesNotMatch");

    let mut shadowed = call(Carrier::Query);
    shadowed.body = b"VideoId=b".to_vec();
    shadowed.set(
        "content-type",
        "Application/X-WWW-Form-urlencoded; charset=utf-8",
    );
    let reply = cloud.send(shadowed).await;
    reply.refused(400, "SignatureDoesNotMatch");

    let mut no_form = call(Carrier::Query);
    no_form.body = b"VideoId=b&Action=DeleteVideo".to_vec();
    no_form.set("content-type", "application/x-www-form-urlencoded-not");
    cloud
        .send(no_form)
        .await
        .refused(404, "InvalidVideo.NotFound");
}

#[tokio::test]
async fn a_header_does_not_choose_the_operation_of_an_rpc_v1_call() {
    let cloud = Cloud::start().await;
    let mut call = rpc_call(&cloud, &cloud.user(), Carrier::Query, WHOAMI, &[]);
    call.set("x-acs-action", "DeleteVideo");
    call.set("x-acs-version", VOD);
    let answer = cloud.send(call).await.ok().json();
    assert_eq!(answer["IdentityType"], "RAMUser");
}

#[tokio::test]
async fn an_rpc_v1_call_is_refused_when_replayed_stale_or_incomplete() {
    let cloud = Cloud::start().await;
    let user = cloud.user();
    let now = cloud.clock.now();
    let at = |date, nonce| {
        let request = rpc_v1::Request {
            action: WHOAMI.1,
            version: WHOAMI.0,
            ..rpc_v1::Request::at(date, nonce)
        };
        signed_rpc(&cloud, &user, &request)
    };
    cloud.send(at(now, "once")).await.ok();
    let reply = cloud.send(at(now, "once")).await;
    reply.refused(400, "SignatureNonceUsed");
    for seconds in [-901, 901] {
        let reply = cloud
            .send(at(now + TimeDelta::seconds(seconds), "stale"))
            .await;
        reply.refused(400, "InvalidTimeStamp.Expired");
    }
    for (signed, sent, code) in [
        ("&SignatureNonce=n", "", "MissingSignatureNonce"),
        ("T08%3A15%3A30Z", "", "InvalidTimeStamp.Format"),
        ("HMAC-SHA1", "HMAC-SHA256", "Emulator.Unsupported"),
        (
            "&SignatureNonce=n",
            "&SignatureNonce=n&SignatureNonce=n",
            "IncompleteSignature",
        ),
    ] {
        let mut call = at(now, "n");
        assert!(call.target.contains(signed), "{}", call.target);
        call.target = call.target.replace(signed, sent);
        cloud.send(call).await.refused(400, code);
    }
    let session = assume(&cloud, &[]).await;
    let without_token = Keys {
        token: None,
        ..session
    };
    let call = rpc_call(&cloud, &without_token, Carrier::Form, WHOAMI, &[]);
    cloud.send(call).await.refused(400, "MissingSecurityToken");
}

#[tokio::test]
async fn a_call_that_asks_for_xml_is_refused_rather_than_answered_in_json() {
    let cloud = Cloud::start().await;
    let request = rpc_v1::Request {
        action: WHOAMI.1,
        version: WHOAMI.0,
        format: "XML",
        ..rpc_v1::Request::at(cloud.clock.now(), "n")
    };
    let call = signed_rpc(&cloud, &cloud.user(), &request);
    cloud.send(call).await.refused(400, "Emulator.Unsupported");
}

#[tokio::test]
async fn an_object_is_written_and_read_with_oss_v1() {
    let cloud = Cloud::start().await;
    let session = assume(&cloud, &[]).await;
    for keys in [cloud.user(), session] {
        let object = (cloud.emulator.bucket(), "a b/小.mp4");
        let call = oss_call(&cloud, &keys, "PUT", object, &[], b"bytes");
        cloud.send(call).await.ok();
        let call = oss_call(&cloud, &keys, "GET", object, &[], b"");
        assert_eq!(cloud.send(call).await.ok().body, b"bytes");
        let call = oss_call(&cloud, &keys, "POST", object, &[("uploads", "")], b"");
        assert!(!cloud.send(call).await.ok().xml("UploadId").is_empty());
    }
}

#[tokio::test]
async fn an_oss_v1_signature_is_bound_to_key_sub_resource_date_and_token() {
    let cloud = Cloud::start().await;
    let session = assume(&cloud, &[]).await;
    let object = (cloud.emulator.bucket(), "mine.bin");
    let call = |keys: &Keys| oss_call(&cloud, keys, "PUT", object, &[], b"x");
    let mismatch = async |call: Call| {
        let reply = cloud.send(call).await;
        reply.oss_refused(403, "SignatureDoesNotMatch");
        reply
    };

    mismatch(call(&wrong_secret(&cloud))).await;
    let mut changed = call(&cloud.user());
    changed.target = changed.target.replace("mine", "yours");
    mismatch(changed).await;
    let mut changed = call(&cloud.user());
    changed.target.push_str("?partNumber=1&uploadId=X");
    mismatch(changed).await;
    let mut changed = call(&session);
    changed.set("x-oss-meta-extra", "1");
    let reply = mismatch(changed).await;
    assert!(
        reply
            .xml("StringToSign")
            .contains("x-oss-security-token:***\n")
    );
    assert!(!reply.text().contains(session.token.as_deref().unwrap()));

    let mut no_date = call(&cloud.user());
    no_date.headers.retain(|(name, _)| name != "date");
    cloud.send(no_date).await.oss_refused(403, "AccessDenied");
    let late = call(&cloud.user());
    cloud.clock.advance(Duration::from_secs(901));
    cloud
        .send(late)
        .await
        .oss_refused(403, "RequestTimeTooSkewed");
    assert_eq!(cloud.emulator.verified_requests(), 1); // AssumeRole
}

#[tokio::test]
async fn an_oss_v1_url_serves_until_it_ends() {
    let cloud = Cloud::start().await;
    let session = assume(&cloud, &[]).await;
    let object = (cloud.emulator.bucket(), "a b.mp4");
    let call = oss_call(&cloud, &session, "PUT", object, &[], b"bytes");
    cloud.send(call).await.ok();
    let expires = cloud.clock.now().timestamp() + 3000;
    for keys in [cloud.user(), session] {
        let target = presigned(&cloud, &keys, object, 3000);
        assert_eq!(cloud.get(&target).await.ok().body, b"bytes");
        let later = format!("Expires={}", expires + 1);
        let forged = target.replace(&format!("Expires={expires}"), &later);
        assert_ne!(forged, target);
        let reply = cloud.get(&forged).await;
        reply.oss_refused(403, "SignatureDoesNotMatch");
    }
    let target = presigned(&cloud, &cloud.user(), object, 3000);
    cloud.clock.advance(Duration::from_secs(3000));
    assert_eq!(cloud.get(&target).await.ok().body, b"bytes");
    cloud.clock.advance(Duration::from_secs(1));
    cloud.get(&target).await.oss_refused(403, "AccessDenied");
}
