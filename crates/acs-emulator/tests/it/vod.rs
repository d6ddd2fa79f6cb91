//! The life of a video: upload credential, upload, statuses, playback.

use std::time::Duration;

use serde_json::Value;

use crate::support::{Cloud, Keys, Ticket, VOD, decoded, fixture, noise, text};

async fn create(cloud: &Cloud, file_name: &str) -> Ticket {
    let parameters = [("Title", "Launch talk"), ("FileName", file_name)];
    let reply = cloud
        .call(&cloud.user(), VOD, "CreateUploadVideo", &parameters)
        .await;
    Ticket::of(&reply.ok())
}

async fn status(cloud: &Cloud, video_id: &str) -> String {
    let reply = cloud
        .call(&cloud.user(), VOD, "GetVideoInfo", &[("VideoId", video_id)])
        .await;
    text(&reply.ok().json()["Video"]["Status"])
}

async fn playable(cloud: &Cloud, bytes: &[u8]) -> Ticket {
    let ticket = create(cloud, "clip.mp4").await;
    let put = cloud.oss(&ticket.keys, "PUT", ticket.object(), &[], bytes);
    put.await.ok();
    cloud.clock.advance(Duration::from_secs(20));
    ticket
}

#[tokio::test]
async fn an_upload_credential_decodes_to_the_real_ones_fields() {
    let cloud = Cloud::start().await;
    let ticket = create(&cloud, "D:\\videos\\clip.MP4").await;
    let real: Value = serde_json::from_str(&fixture("vod.UploadAuth.decoded.json")).unwrap();
    for name in real.as_object().unwrap().keys() {
        assert!(ticket.auth[name].is_string(), "{name}");
    }
    assert_eq!(ticket.auth["Expiration"], "3000");
    assert_eq!(ticket.auth["ExpireUTCTime"], "2026-11-20T09:05:30Z");
    assert_eq!(ticket.auth["Region"], "cn-shanghai");
    assert_eq!(ticket.endpoint, cloud.emulator.endpoint());
    assert!(ticket.key.starts_with("sv/") && ticket.key.ends_with(".mp4"));
}

#[tokio::test]
async fn an_upload_credential_opens_one_object_for_writing_and_nothing_else() {
    let cloud = Cloud::start().await;
    let ticket = create(&cloud, "a.mp4").await;
    let other = create(&cloud, "b.mp4").await;
    let with_ticket = async |method: &str, object: (&str, &str)| {
        cloud.oss(&ticket.keys, method, object, &[], b"").await
    };
    with_ticket("PUT", ticket.object()).await.ok();
    for (method, object) in [
        ("PUT", other.object()),
        ("PUT", (ticket.bucket.as_str(), "sv/x.mp4")),
        ("PUT", (cloud.emulator.bucket(), ticket.key.as_str())),
        ("GET", ticket.object()),
        ("DELETE", ticket.object()),
    ] {
        let reply = with_ticket(method, object).await;
        reply.oss_refused(403, "AccessDenied");
    }
    let reply = cloud
        .call(&ticket.keys, VOD, "GetVideoInfo", &[("VideoId", "x")])
        .await;
    reply.refused(403, "Forbidden");
}

#[tokio::test]
async fn vods_storage_opens_to_no_users_key() {
    let cloud = Cloud::start().await;
    let ticket = create(&cloud, "a.mp4").await;
    for method in ["PUT", "GET"] {
        let reply = cloud
            .oss(&cloud.user(), method, ticket.object(), &[], b"x")
            .await;
        reply.oss_refused(403, "AccessDenied");
    }
}

#[tokio::test]
async fn a_playlists_credential_opens_its_segments_too() {
    let cloud = Cloud::start().await;
    let parameters = [("Title", "t"), ("FileName", "list.m3u8")];
    let reply = cloud
        .call(&cloud.user(), VOD, "CreateUploadVideo", &parameters)
        .await
        .ok();
    let prefix = text(&decoded(&reply.json()["UploadAddress"])["ObjectPrefix"]);
    let ticket = Ticket::of(&reply);
    let segment = format!("{prefix}seg-1.ts");
    for key in [segment.as_str(), &ticket.key] {
        let object = (ticket.bucket.as_str(), key);
        cloud.oss(&ticket.keys, "PUT", object, &[], b"x").await.ok();
    }
}

#[tokio::test]
async fn parameters_of_create_upload_video_are_checked_with_the_documented_codes() {
    let cloud = Cloud::start().await;
    let title_129 = "t".repeat(129);
    let title_chinese = "课".repeat(43);
    let description = "d".repeat(1025);
    let tags_17 = ["t"; 17].join(",");
    let tag_33 = "t".repeat(33);
    let title = ("Title", "t");
    let file = ("FileName", "a.mp4");
    for (parameters, status, code) in [
        (vec![file], 400, "MissingTitle"),
        (vec![title], 400, "MissingFileName"),
        (vec![("Title", &title_129), file], 400, "LengthExceededMax"),
        (
            vec![("Title", &title_chinese), file],
            400,
            "LengthExceededMax",
        ),
        (vec![("Title", "party 🎉"), file], 400, "IllegalCharacters"),
        (
            vec![title, file, ("Description", &description)],
            400,
            "LengthExceededMax",
        ),
        (
            vec![title, file, ("Tags", &tags_17)],
            400,
            "TagsExceededMax",
        ),
        (
            vec![title, file, ("Tags", &tag_33)],
            400,
            "LengthExceededMax",
        ),
        (
            vec![title, ("FileName", "clip")],
            400,
            "InvalidFileName.Extension",
        ),
        (
            vec![title, ("FileName", "a.b/clip")],
            400,
            "InvalidFileName.Extension",
        ),
        (
            vec![title, ("FileName", "clip.exe")],
            400,
            "InvalidFileName.Extension",
        ),
        (
            vec![title, file, ("StorageLocation", "x")],
            404,
            "InvalidStorage.NotFound",
        ),
        (
            vec![title, file, ("TemplateGroupId", "x")],
            404,
            "InvalidTemplateGroupId.NotFound",
        ),
        (
            vec![title, file, ("ReferenceId", "short")],
            400,
            "InvalidParameter",
        ),
        (
            vec![title, file, ("FileSize", "big")],
            400,
            "InvalidParameter",
        ),
        (
            vec![title, file, ("WorkflowId", "x")],
            400,
            "Emulator.Unsupported",
        ),
    ] {
        let reply = cloud
            .call(&cloud.user(), VOD, "CreateUploadVideo", &parameters)
            .await;
        reply.refused(status, code);
    }
    let title_128 = "t".repeat(128);
    let tags_16 = ["t"; 16].join(",");
    let limits = [("Title", title_128.as_str()), file, ("Tags", &tags_16)];
    let reply = cloud
        .call(&cloud.user(), VOD, "CreateUploadVideo", &limits)
        .await;
    reply.ok();
}

#[tokio::test]
async fn a_video_becomes_normal_by_the_clock_once_its_object_is_there() {
    let cloud = Cloud::start().await;
    let ticket = create(&cloud, "clip.mp4").await;
    cloud.clock.advance(Duration::from_secs(100));
    assert_eq!(status(&cloud, &ticket.video_id).await, "Uploading");
    let put = cloud.oss(&ticket.keys, "PUT", ticket.object(), &[], b"bytes");
    put.await.ok();
    for expected in ["UploadSucc", "Transcoding", "Normal", "Normal"] {
        assert_eq!(status(&cloud, &ticket.video_id).await, expected);
        cloud.clock.advance(Duration::from_secs(10));
    }
}

#[tokio::test]
async fn only_a_normal_video_plays() {
    let cloud = Cloud::start().await;
    let ticket = create(&cloud, "clip.mp4").await;
    let id = [("VideoId", ticket.video_id.as_str())];
    for action in ["GetVideoPlayAuth", "GetPlayInfo"] {
        let reply = cloud.call(&cloud.user(), VOD, action, &id).await;
        let refusal = reply.refused(403, "Forbidden.IllegalStatus");
        assert_eq!(
            refusal["Message"],
            "Status of the video is illegal. Current Status is Uploading."
        );
        let nobody = [("VideoId", "ffffffffffffffffffffffffffffffff")];
        let reply = cloud.call(&cloud.user(), VOD, action, &nobody).await;
        reply.refused(404, "InvalidVideo.NotFound");
        let reply = cloud.call(&cloud.user(), VOD, action, &[]).await;
        reply.refused(400, "MissingVideoId");
    }
}

#[tokio::test]
async fn a_play_url_serves_the_uploaded_bytes_until_it_ends() {
    let cloud = Cloud::start().await;
    let bytes = noise(300_000, 1);
    let ticket = playable(&cloud, &bytes).await;
    let parameters = [("VideoId", ticket.video_id.as_str()), ("AuthTimeout", "60")];
    let reply = cloud
        .call(&cloud.user(), VOD, "GetPlayInfo", &parameters)
        .await
        .ok();
    let url = text(&reply.json()["PlayInfoList"]["PlayInfo"][0]["PlayURL"]);
    let target = url.strip_prefix(cloud.emulator.endpoint()).unwrap();
    let played = cloud.get(target).await.ok();
    assert_eq!(played.body, bytes);
    assert_eq!(played.header("content-type"), "video/mp4");

    let (path, _) = target.split_once('?').unwrap();
    assert_eq!(cloud.get(path).await.status, 403);
    let forged = target.replace(path, &path.replace("-od", "-hd"));
    let refused = cloud.get(&forged).await;
    assert_eq!(refused.status, 403);
    assert_eq!(
        refused.header("x-tengine-error"),
        "denied by req auth: invalid md5hash"
    );
    cloud.clock.advance(Duration::from_secs(61));
    let ended = cloud.get(target).await;
    assert_eq!(ended.status, 403);
    assert_eq!(
        ended.header("x-tengine-error"),
        "denied by req auth: expired timestamp"
    );
}

#[tokio::test]
async fn streams_that_are_not_there_are_not_invented() {
    let cloud = Cloud::start().await;
    let ticket = playable(&cloud, b"bytes").await;
    let id = ("VideoId", ticket.video_id.as_str());
    for filter in [
        ("Formats", "m3u8"),
        ("Definition", "HD"),
        ("StreamType", "audio"),
    ] {
        let reply = cloud
            .call(&cloud.user(), VOD, "GetPlayInfo", &[id, filter])
            .await;
        reply.refused(404, "InvalidVideo.NoneStream");
    }
    let matching = [id, ("Formats", "m3u8,mp4"), ("Definition", "OD,HD")];
    let reply = cloud
        .call(&cloud.user(), VOD, "GetPlayInfo", &matching)
        .await;
    reply.ok();
}

#[tokio::test]
async fn a_play_credential_asks_for_its_own_video_until_it_ends() {
    let cloud = Cloud::start().await;
    let ticket = playable(&cloud, b"bytes").await;
    let other = playable(&cloud, b"other").await;
    let id = ("VideoId", ticket.video_id.as_str());
    let reply = cloud
        .call(&cloud.user(), VOD, "GetVideoPlayAuth", &[id])
        .await
        .ok();
    let play_auth = decoded(&reply.json()["PlayAuth"]);
    let real: Value = serde_json::from_str(&fixture("vod.PlayAuth.decoded.json")).unwrap();
    for name in real.as_object().unwrap().keys() {
        assert!(!play_auth[name].is_null(), "{name}");
    }
    assert!(play_auth["CustomerId"].is_u64());
    let auth_info = text(&play_auth["AuthInfo"]);
    let parsed: Value = serde_json::from_str(&auth_info).unwrap();
    // A hundred seconds after the upload's twenty and the other's twenty.
    assert_eq!(parsed["ExpireTime"], "2026-11-20T08:17:50Z");
    let keys = Keys {
        id: text(&play_auth["AccessKeyId"]),
        secret: text(&play_auth["AccessKeySecret"]),
        token: Some(text(&play_auth["SecurityToken"])),
    };
    let ask =
        async |parameters: &[(&str, &str)]| cloud.call(&keys, VOD, "GetPlayInfo", parameters).await;
    let info = ("AuthInfo", auth_info.as_str());
    ask(&[id, info]).await.ok();
    ask(&[id]).await.refused(403, "Forbidden");
    ask(&[("VideoId", &other.video_id), info])
        .await
        .refused(403, "Forbidden");
    cloud.clock.advance(Duration::from_secs(101));
    ask(&[id, info])
        .await
        .refused(400, "InvalidAuthInfo.ExpireTime");
}

#[tokio::test]
async fn upload_details_tell_how_far_an_upload_is() {
    let cloud = Cloud::start().await;
    let parameters = [
        ("Title", "t"),
        ("FileName", "a.mp4"),
        ("FileSize", "400000"),
    ];
    let reply = cloud
        .call(&cloud.user(), VOD, "CreateUploadVideo", &parameters)
        .await;
    let ticket = Ticket::of(&reply.ok());
    let started = cloud
        .oss(
            &ticket.keys,
            "POST",
            ticket.object(),
            &[("uploads", "")],
            b"",
        )
        .await
        .ok();
    let upload_id = started.xml("UploadId");
    let query = [("partNumber", "1"), ("uploadId", upload_id.as_str())];
    let bytes = noise(100_000, 2);
    let part = cloud.oss(&ticket.keys, "PUT", ticket.object(), &query, &bytes);
    part.await.ok();
    let ids = format!("{},nobody", ticket.video_id);
    let reply = cloud
        .call(
            &cloud.user(),
            VOD,
            "GetUploadDetails",
            &[("MediaIds", &ids)],
        )
        .await
        .ok();
    let answer = reply.json();
    let detail = &answer["UploadDetails"][0];
    assert_eq!(detail["UploadSize"], 100_000);
    assert_eq!(detail["FileSize"], 400_000);
    assert_eq!(detail["UploadRatio"], 0.25);
    assert_eq!(answer["NonExistMediaIds"][0], "nobody");
}

#[tokio::test]
async fn a_deleted_video_is_gone_with_its_file() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start_with(|b| b.keep(folder.path())).await;
    let ticket = playable(&cloud, b"bytes").await;
    let file = folder.path().join(&ticket.bucket).join(&ticket.key);
    assert_eq!(std::fs::read(&file).unwrap(), b"bytes");
    let ids = format!("{},nobody", ticket.video_id);
    let reply = cloud
        .call(&cloud.user(), VOD, "DeleteVideo", &[("VideoIds", &ids)])
        .await
        .ok();
    assert_eq!(reply.json()["NonExistVideoIds"][0], "nobody");
    assert!(!file.exists());
    let id = [("VideoId", ticket.video_id.as_str())];
    for action in ["GetVideoInfo", "RefreshUploadVideo"] {
        let reply = cloud.call(&cloud.user(), VOD, action, &id).await;
        reply.refused(404, "InvalidVideo.NotFound");
    }
}

#[tokio::test]
async fn a_video_is_found_by_its_reference_id_and_the_id_is_taken_once() {
    let cloud = Cloud::start().await;
    let parameters = [
        ("Title", "t"),
        ("FileName", "a.mp4"),
        ("ReferenceId", "order-20261120"),
    ];
    let create = || {
        let user = cloud.user();
        let cloud = &cloud;
        async move {
            cloud
                .call(&user, VOD, "CreateUploadVideo", &parameters)
                .await
        }
    };
    let ticket = Ticket::of(&create().await.ok());
    create().await.refused(400, "InvalidParameter");
    let reply = cloud
        .call(
            &cloud.user(),
            VOD,
            "GetVideoInfo",
            &[("ReferenceId", "order-20261120")],
        )
        .await
        .ok();
    assert_eq!(text(&reply.json()["Video"]["VideoId"]), ticket.video_id);
}
