//! The user's own bucket, by the user's own key.

use std::sync::Arc;
use std::time::Duration;

use crate::cloud::{Cloud, MIB};
use acs_core::{Body, ReqwestTransport, Transport as _};
use acs_oss::{Crc64, MultipartUpload, ObjectHeaders, Payload};

#[tokio::test(flavor = "multi_thread")]
async fn objects_of_an_own_bucket_come_back_as_they_went() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket();
    for key in [
        "a.mp4",
        "课程/第 [1]+%2e#?&=.mp4",
        "a//b",
        "%2e%2e/a",
        "~*'()!",
    ] {
        let headers = ObjectHeaders::new()
            .content_type("video/mp4")
            .with("x-oss-meta-a", " b ");
        let stored = bucket
            .put_object(key, key.as_bytes().to_vec(), &headers)
            .await
            .unwrap_or_else(|error| panic!("{key}: {error}"));
        let meta = bucket.head_object(key).await.unwrap();
        assert_eq!(
            (meta.size, meta.crc64),
            (key.len() as u64, Some(stored.crc64)),
            "{key}"
        );
        assert_eq!(
            (meta.etag.as_deref(), meta.content_type.as_deref()),
            (Some(stored.etag.as_str()), Some("video/mp4"))
        );
        let content = bucket
            .get_object(key)
            .await
            .unwrap()
            .collect(1_000)
            .await
            .unwrap();
        assert_eq!(content, key.as_bytes(), "{key}");
        let range = bucket
            .get_object_range(key, 1..3)
            .await
            .unwrap()
            .collect(2)
            .await
            .unwrap();
        assert_eq!(range, key.as_bytes()[1..3], "{key}");
        bucket.delete_object(key).await.unwrap();
        assert_eq!(
            bucket.head_object(key).await.unwrap_err().status(),
            Some(404),
            "{key}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_multipart_upload_goes_through_all_its_steps() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket();
    let (path, content) = cloud.file(3 * MIB);
    let file = Arc::new(std::fs::File::open(path).unwrap());
    let upload = bucket
        .initiate_multipart_upload("a b.mp4", &ObjectHeaders::new())
        .await
        .unwrap();
    for number in [3, 1, 2] {
        let payload = Payload::file(
            Arc::clone(&file),
            u64::from(number - 1) * MIB as u64,
            MIB as u64,
        );
        bucket.upload_part(&upload, number, payload).await.unwrap();
    }
    let parts = bucket.list_parts(&upload).await.unwrap();
    assert_eq!(
        parts
            .iter()
            .map(|part| (part.number, part.size))
            .collect::<Vec<_>>(),
        [(1, MIB as u64), (2, MIB as u64), (3, MIB as u64)]
    );
    let stored = bucket
        .complete_multipart_upload(&upload, &parts)
        .await
        .unwrap();
    assert_eq!(
        (stored.size, stored.crc64),
        (content.len() as u64, Crc64::of(&content))
    );
    // Complete is repeated after its answer was lost: the object itself tells that it was done.
    let again = bucket
        .complete_multipart_upload(&upload, &parts)
        .await
        .unwrap();
    assert_eq!(
        (again.size, again.crc64, &again.etag),
        (stored.size, stored.crc64, &stored.etag)
    );

    let unknown = MultipartUpload {
        key: "a b.mp4".to_owned(),
        upload_id: "0".repeat(32),
    };
    assert_eq!(
        bucket.list_parts(&unknown).await.unwrap_err().code(),
        Some("NoSuchUpload")
    );
    bucket.abort_multipart_upload(&unknown).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_presigned_url_works_without_a_key_until_it_ends() {
    let cloud = Cloud::start().await;
    let bucket = cloud.bucket();
    let http = ReqwestTransport::builder().without_proxy().build().unwrap();
    let ask = async |method: &str, url: &str, headers: &[(&str, &str)], body: &'static str| {
        let mut request = http::Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.as_bytes().to_vec())).unwrap();
        let answer = http.send(request).await.unwrap();
        let status = answer.status().as_u16();
        (status, answer.into_body().collect(10_000).await.unwrap())
    };
    let key = "课程/a b+c.txt";
    let headers = ObjectHeaders::new().content_type("text/plain");
    let hour = Duration::from_secs(3_600);
    let put = bucket.presign_put(key, hour, &headers).await.unwrap();
    let (status, _) = ask(
        "PUT",
        put.as_str(),
        &[("content-type", "text/plain")],
        "content",
    )
    .await;
    assert_eq!(status, 200);
    assert_eq!(
        ask(
            "PUT",
            put.as_str(),
            &[("content-type", "text/html")],
            "content"
        )
        .await
        .0,
        403
    );

    let get = bucket.presign_get(key, hour).await.unwrap();
    assert_eq!(
        ask("GET", get.as_str(), &[], "").await,
        (200, "content".into())
    );
    assert_eq!(get.expires_at(), cloud.clock.now() + hour);
    assert!(!format!("{get:?}").contains("http"));
    cloud.clock.advance(hour + Duration::from_secs(1));
    assert_eq!(ask("GET", get.as_str(), &[], "").await.0, 403);

    for lifetime in [Duration::ZERO, Duration::from_secs(604_801)] {
        let error = bucket.presign_get(key, lifetime).await.unwrap_err();
        assert_eq!(error.field(), Some("lifetime"));
    }
}
