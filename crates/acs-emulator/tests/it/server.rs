//! HTTP itself, the log, starting and stopping.

use std::time::Duration;

use acs_emulator::Emulator;
use serde_json::Value;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::support::{Call, Cloud, Keys, Reply, STS, VOD, noise};

#[tokio::test]
async fn a_body_waits_for_100_continue_and_is_not_sent_after_a_refusal() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let mut call = cloud.signed_oss(&cloud.user(), "PUT", object, &[], &[], b"later");
    call.set("expect", "100-continue");
    let mut stream = TcpStream::connect(cloud.host()).await.unwrap();
    stream.write_all(&call.head()).await.unwrap();
    let mut go = [0; 25];
    stream.read_exact(&mut go).await.unwrap();
    assert_eq!(&go, b"HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(b"later").await.unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).await.unwrap();
    Reply::parse(&raw).ok();

    call.set("authorization", "OSS4-HMAC-SHA256 nonsense");
    let mut stream = TcpStream::connect(cloud.host()).await.unwrap();
    stream.write_all(&call.head()).await.unwrap();
    let mut raw = Vec::new();
    stream.read_to_end(&mut raw).await.unwrap();
    Reply::parse(&raw).oss_refused(400, "InvalidArgument");
}

#[tokio::test]
async fn a_refusal_arrives_although_the_client_is_still_sending() {
    let cloud = Cloud::start().await;
    let wrong = Keys {
        secret: "wrong".to_owned(),
        ..cloud.user()
    };
    let object = (cloud.emulator.bucket(), "k");
    let body = noise(8 << 20, 9);
    let reply = cloud.oss(&wrong, "PUT", object, &[], &body).await;
    reply.oss_refused(403, "SignatureDoesNotMatch");
}

#[tokio::test]
async fn a_connection_serves_more_than_one_request() {
    let cloud = Cloud::start().await;
    let mut stream = TcpStream::connect(cloud.host()).await.unwrap();
    for _ in 0..3 {
        let head = format!(
            "GET /_emulator/requests HTTP/1.1\r\nhost: {}\r\n\r\n",
            cloud.host()
        );
        stream.write_all(head.as_bytes()).await.unwrap();
        let mut read = vec![0; 64 * 1024];
        let length = stream.read(&mut read).await.unwrap();
        assert!(read[..length].starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[tokio::test]
async fn a_chunked_body_is_taken_and_one_without_a_length_is_not() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let user = cloud.user();
    let send = async |framing: &str| {
        let call = cloud.signed_oss(&user, "PUT", object, &[], &[], b"");
        let head = String::from_utf8(call.head()).unwrap();
        let raw = head.replace("content-length: 0\r\n", "").replace(
            "connection: close\r\n\r\n",
            &format!("connection: close\r\n{framing}"),
        );
        let mut stream = TcpStream::connect(cloud.host()).await.unwrap();
        stream.write_all(raw.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        Reply::parse(&answer)
    };
    send("\r\n").await.oss_refused(411, "MissingContentLength");
    send("transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n")
        .await
        .ok();
    let get = cloud.oss(&user, "GET", object, &[], b"").await;
    assert_eq!(get.ok().body, b"abcde");
}

#[tokio::test]
async fn a_body_that_breaks_off_leaves_no_object_behind() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let user = cloud.user();
    let call = cloud.signed_oss(&user, "PUT", object, &[], &[], &noise(1000, 10));
    let mut stream = TcpStream::connect(cloud.host()).await.unwrap();
    stream.write_all(&call.head()).await.unwrap();
    stream.write_all(&call.body[..500]).await.unwrap();
    drop(stream);
    let get = cloud.oss(&user, "GET", object, &[], b"").await;
    get.oss_refused(404, "NoSuchKey");
}

#[tokio::test]
async fn a_bucket_in_the_host_name_is_understood() {
    let cloud = Cloud::start().await;
    let bucket = cloud.emulator.bucket();
    let mut call = cloud.signed_oss(&cloud.user(), "PUT", (bucket, "a/b"), &[], &[], b"x");
    call.set("host", &format!("{bucket}.{}", cloud.host()));
    call.target = "/a/b".to_owned();
    cloud.send(call).await.ok();
    let get = cloud
        .oss(&cloud.user(), "GET", (bucket, "a/b"), &[], b"")
        .await;
    assert_eq!(get.ok().body, b"x");
}

#[tokio::test]
async fn the_log_tells_what_was_verified_and_why_not() {
    let cloud = Cloud::start().await;
    let wrong = Keys {
        secret: "wrong".to_owned(),
        ..cloud.user()
    };
    let user = cloud.user();
    cloud.call(&user, STS, "GetCallerIdentity", &[]).await.ok();
    cloud.call(&wrong, STS, "GetCallerIdentity", &[]).await;
    let missing = cloud
        .call(&user, VOD, "GetVideoInfo", &[("VideoId", "x")])
        .await;
    missing.refused(404, "InvalidVideo.NotFound");
    let object = (cloud.emulator.bucket(), "k");
    let query = [("partNumber", "2"), ("uploadId", "none")];
    cloud.oss(&user, "PUT", object, &query, b"").await;

    let log: Value = cloud.get("/_emulator/requests").await.ok().json();
    assert_eq!(
        (&log["total"], &log["verified"], &log["rejected"]),
        (&4.into(), &3.into(), &1.into())
    );
    let told: Vec<(String, String, u64, bool, String)> = log["requests"]
        .as_array()
        .unwrap()
        .iter()
        .map(|record| {
            let text = |name: &str| record[name].as_str().unwrap_or_default().to_owned();
            (
                format!("{}:{}", text("service"), text("action")),
                text("path"),
                record["status"].as_u64().unwrap(),
                record["verified"].as_bool().unwrap(),
                text("not_verified_because"),
            )
        })
        .collect();
    let part_path = format!("/{}/k?partNumber=2&uploadId=none", cloud.emulator.bucket());
    let row = |name: &str, path: &str, status, verified, why: &str| {
        (
            name.to_owned(),
            path.to_owned(),
            status,
            verified,
            why.to_owned(),
        )
    };
    assert_eq!(
        told,
        [
            row("sts:GetCallerIdentity", "/", 200, true, ""),
            row(
                "sts:GetCallerIdentity",
                "/",
                400,
                false,
                "SignatureDoesNotMatch"
            ),
            row("vod:GetVideoInfo", "/", 404, true, ""),
            row("oss:UploadPart", &part_path, 404, true, ""),
        ]
    );
    assert_eq!(cloud.emulator.verified_requests(), 3);
    let records = cloud.emulator.requests();
    assert_eq!(records[2].code.as_deref(), Some("InvalidVideo.NotFound"));
    assert_eq!(records.len(), 5, "the log's own request is in it by now");
}

#[tokio::test]
async fn an_action_or_version_that_is_not_emulated_is_not_found() {
    let cloud = Cloud::start().await;
    let user = cloud.user();
    let call = async |version: &str, action: &str| cloud.call(&user, version, action, &[]).await;
    call(VOD, "SearchMedia")
        .await
        .refused(404, "InvalidAction.NotFound");
    call(VOD, "NoSuchThing")
        .await
        .refused(404, "InvalidAction.NotFound");
    call(VOD, "AssumeRole").await.refused(400, "InvalidVersion");
}

#[tokio::test]
async fn parameters_may_come_in_a_form() {
    let cloud = Cloud::start().await;
    let (version, action) = (VOD, "CreateUploadVideo");
    let body = b"Title=%E8%AF%BE+1&FileName=a.mp4";
    let date = cloud.clock.now();
    let request = acs_signer::acs3::Request {
        host: cloud.host(),
        action,
        version,
        headers: &[("content-type", "application/x-www-form-urlencoded")],
        payload: acs_signer::Payload::Bytes(body),
        ..acs_signer::acs3::Request::at(date, "form")
    };
    let keys = cloud.user();
    let key = acs_signer::SigningKey::new(&keys.id, &keys.secret).unwrap();
    let mut buffer = acs_signer::Buffer::new();
    let signed = acs_signer::acs3::sign(&request, &key, &mut buffer).unwrap();
    let mut call = cloud.signed_call(&keys, date, "unused", (version, action), &[]);
    call.headers = signed
        .headers()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    call.set("host", cloud.host());
    call.set("content-type", "application/x-www-form-urlencoded");
    call.target = "/".to_owned();
    call.body = body.to_vec();
    cloud.send(call).await.ok();
}

#[tokio::test]
async fn a_stopped_emulator_serves_nobody_and_leaves_no_folder() {
    let emulator = Emulator::builder().start().await.unwrap();
    let address = emulator
        .endpoint()
        .strip_prefix("http://")
        .unwrap()
        .to_owned();
    let idle = TcpStream::connect(&address).await.unwrap();
    emulator.shutdown().await;
    assert!(TcpStream::connect(&address).await.is_err());
    let mut idle = idle;
    let mut rest = Vec::new();
    let ended = tokio::time::timeout(Duration::from_secs(5), idle.read_to_end(&mut rest)).await;
    assert!(ended.is_ok(), "the connection is still open");
}

#[tokio::test]
async fn a_kept_folder_holds_the_objects_and_nothing_else_after_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start_with(|b| b.keep(folder.path())).await;
    let user = cloud.user();
    let object = (cloud.emulator.bucket(), "k");
    cloud.oss(&user, "PUT", object, &[], b"x").await.ok();
    let unfinished = (cloud.emulator.bucket(), "unfinished");
    let started = cloud
        .oss(&user, "POST", unfinished, &[("uploads", "")], b"")
        .await
        .ok();
    let upload_id = started.xml("UploadId");
    let query = [("partNumber", "1"), ("uploadId", upload_id.as_str())];
    cloud.oss(&user, "PUT", unfinished, &query, b"x").await.ok();
    let bucket = cloud.emulator.bucket().to_owned();
    cloud.emulator.shutdown().await;
    let names = |folder: &std::path::Path| -> Vec<String> {
        let entries = std::fs::read_dir(folder).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    };
    assert_eq!(names(folder.path()), [bucket.as_str()]);
    assert_eq!(names(&folder.path().join(&bucket)), ["k"]);
}

#[tokio::test]
async fn each_start_has_keys_of_its_own_unless_told_otherwise() {
    let a = Emulator::builder().start().await.unwrap();
    let b = Emulator::builder().start().await.unwrap();
    assert_ne!(a.access_key_secret(), b.access_key_secret());
    assert_ne!(a.access_key_id(), b.access_key_id());
    let seeded = || Emulator::builder().seed([7; 32]).start();
    let (a, b) = (seeded().await.unwrap(), seeded().await.unwrap());
    assert_eq!(a.access_key_secret(), b.access_key_secret());
    let given = Emulator::builder()
        .access_key("id", "secret")
        .start()
        .await
        .unwrap();
    assert_eq!(
        (given.access_key_id(), given.access_key_secret()),
        ("id", "secret")
    );
}

#[tokio::test]
async fn a_taken_port_is_an_error_not_another_port() {
    let first = Emulator::builder().start().await.unwrap();
    let port: u16 = first
        .endpoint()
        .rsplit(':')
        .next()
        .unwrap()
        .parse()
        .unwrap();
    let second = Emulator::builder().port(port).start().await;
    let error = second.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::AddrInUse);
    assert!(error.to_string().contains(&port.to_string()), "{error}");
}

#[tokio::test]
async fn a_folder_that_cannot_be_made_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("a-file");
    std::fs::write(&taken, "x").unwrap();
    let error = Emulator::builder().keep(&taken).start().await.unwrap_err();
    assert!(
        error.to_string().contains(taken.to_str().unwrap()),
        "{error}"
    );
}

#[tokio::test]
async fn its_own_pages_answer_get_only() {
    let cloud = Cloud::start().await;
    for page in ["/_emulator/requests", "/_emulator/account"] {
        cloud.get(page).await.ok();
        for method in ["POST", "PUT", "DELETE"] {
            let reply = cloud
                .send(Call {
                    method: method.to_owned(),
                    target: page.to_owned(),
                    headers: vec![("host".to_owned(), cloud.host().to_owned())],
                    body: Vec::new(),
                })
                .await;
            assert_eq!(reply.status, 405, "{method} {page}");
        }
    }
}

#[tokio::test]
async fn the_account_page_says_whether_bodies_are_discarded_and_never_the_secret() {
    for discard in [false, true] {
        let cloud = Cloud::start_with(|b| b.discard_bodies(discard)).await;
        let reply = cloud.get("/_emulator/account").await.ok();
        let text = String::from_utf8(reply.body.clone()).unwrap();
        assert!(!text.contains(cloud.emulator.access_key_secret()));
        assert_eq!(reply.json()["discard_bodies"], discard);
    }
}
