//! Uploads in parts: from the first request to the object.

use acs_core::ErrorKind;
use acs_oss::{Crc64, Part};

use crate::support::{Reply, Request, Server};
use crate::{NO_HEADERS, upload};

fn two_parts() -> [Part; 2] {
    [
        Part::new(2, "E2", 6, Some(Crc64::of(b"second"))),
        Part::new(1, "E1", 5, Some(Crc64::of(b"first"))),
    ]
}

fn completed(crc: u64) -> Reply {
    Reply::Answer {
        status: 200,
        headers: vec![("x-oss-hash-crc64ecma", crc.to_string())],
        body:
            b"<CompleteMultipartUploadResult><ETag>\"W-2\"</ETag></CompleteMultipartUploadResult>"
                .to_vec(),
    }
}

#[tokio::test]
async fn parts_are_put_together_in_order_and_compared_as_a_whole() {
    let whole = Crc64::of(b"firstsecond");
    let server = Server::start(move |number, _| completed(whole + number as u64)).await;
    let bucket = server.bucket().build().unwrap();
    let stored = bucket
        .complete_multipart_upload(&upload(), &two_parts())
        .await
        .unwrap();
    assert_eq!(
        (stored.size, stored.crc64, stored.etag.as_str()),
        (11, whole, "W-2")
    );
    let sent = String::from_utf8(server.requests()[0].body.clone()).unwrap();
    assert_eq!(
        sent,
        "<CompleteMultipartUpload><Part><PartNumber>1</PartNumber><ETag>E1</ETag></Part>\
         <Part><PartNumber>2</PartNumber><ETag>E2</ETag></Part></CompleteMultipartUpload>"
    );
    let error = bucket
        .complete_multipart_upload(&upload(), &two_parts())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), server.requests().len()),
        (ErrorKind::Integrity, 2)
    );
}

#[tokio::test]
async fn parts_that_cannot_be_put_together_are_refused_before_anything_is_sent() {
    let server = Server::start(|_, _| Reply::status(200)).await;
    let bucket = server.bucket().build().unwrap();
    let part = |number, etag: &str| Part::new(number, etag, 1, Some(0));
    for parts in [
        vec![],
        vec![part(1, "")],
        vec![part(0, "E")],
        vec![part(10_001, "E")],
        vec![part(1, "E"), part(1, "F")],
    ] {
        let error = bucket
            .complete_multipart_upload(&upload(), &parts)
            .await
            .unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
    }
    assert!(bucket.upload_part(&upload(), 0, "x").await.is_err());
    assert!(server.requests().is_empty());
}

#[tokio::test]
async fn a_lost_answer_to_complete_is_settled_by_the_object() {
    let whole = Crc64::of(b"firstsecond");
    let object = |size: usize, crc: u64| Reply::Answer {
        status: 200,
        headers: vec![
            ("etag", "\"W-2\"".to_owned()),
            ("content-length", size.to_string()),
            ("x-oss-hash-crc64ecma", crc.to_string()),
        ],
        body: vec![],
    };
    let lost = move |last: fn(usize, u64) -> Reply, size: usize, crc: u64| {
        move |number: usize, _: &Request| match number {
            0 => Reply::ResetAfterReading,
            1 => Reply::error(404, "NoSuchUpload"),
            _ => last(size, crc),
        }
    };
    let server = Server::start(lost(object, 11, whole)).await;
    let stored = server
        .bucket()
        .build()
        .unwrap()
        .complete_multipart_upload(&upload(), &two_parts())
        .await
        .unwrap();
    assert_eq!(
        (stored.size, stored.crc64, stored.etag.as_str()),
        (11, whole, "W-2")
    );

    // Another object of that key: the upload is gone, and this is not it.
    let server = Server::start(lost(object, 11, whole + 1)).await;
    let error = server
        .bucket()
        .build()
        .unwrap()
        .complete_multipart_upload(&upload(), &two_parts())
        .await
        .unwrap_err();
    assert_eq!(error.code(), Some("NoSuchUpload"));

    // A credential that may only write: nobody can tell.
    let server = Server::start(lost(|_, _| Reply::status(403), 0, 0)).await;
    let error = server
        .bucket()
        .build()
        .unwrap()
        .complete_multipart_upload(&upload(), &two_parts())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::OutcomeUnknown);
}

#[tokio::test]
async fn all_pages_of_parts_are_listed() {
    let page = |from: u32, to: u32, rest: &str| {
        let parts: String = (from..=to)
            .map(|n| format!("<Part><PartNumber>{n}</PartNumber><ETag>\"E{n}\"</ETag><Size>9</Size><HashCrc64ecma>{n}</HashCrc64ecma></Part>"))
            .collect();
        Reply::xml(
            200,
            format!("<ListPartsResult>{parts}{rest}</ListPartsResult>"),
        )
    };
    let script = move |_, request: &Request| {
        if request.target.contains("part-number-marker=0&") {
            page(
                1,
                1_000,
                "<IsTruncated>true</IsTruncated><NextPartNumberMarker>1000</NextPartNumberMarker>",
            )
        } else {
            page(1_001, 1_500, "<IsTruncated>false</IsTruncated>")
        }
    };
    let server = Server::start(script).await;
    let parts = server
        .bucket()
        .build()
        .unwrap()
        .list_parts(&upload())
        .await
        .unwrap();
    assert_eq!(parts.len(), 1_500);
    assert_eq!(parts[1_499], Part::new(1_500, "E1500", 9, Some(1_500)));

    // A page that points back to itself must not be read for ever.
    let server = Server::start(move |_, _| {
        page(
            1,
            1,
            "<IsTruncated>true</IsTruncated><NextPartNumberMarker>0</NextPartNumberMarker>",
        )
    })
    .await;
    let error = server
        .bucket()
        .build()
        .unwrap()
        .list_parts(&upload())
        .await
        .unwrap_err();
    assert_eq!(
        (error.kind(), server.requests().len()),
        (ErrorKind::MalformedResponse, 1)
    );
}

#[tokio::test]
async fn giving_up_an_upload_that_is_gone_is_a_success() {
    let server = Server::start(|_, _| Reply::error(404, "NoSuchUpload")).await;
    server
        .bucket()
        .build()
        .unwrap()
        .abort_multipart_upload(&upload())
        .await
        .unwrap();
    assert_eq!(
        (
            server.requests()[0].method.as_str(),
            server.requests()[0].target.as_str()
        ),
        ("DELETE", "/media-in/sv/a.mp4?uploadId=U1")
    );
}

#[tokio::test]
async fn an_upload_without_an_id_is_an_error() {
    let server = Server::start(|number, _| {
        let id = if number == 0 {
            "<UploadId>U-1</UploadId>"
        } else {
            ""
        };
        Reply::xml(
            200,
            format!("<InitiateMultipartUploadResult>{id}</InitiateMultipartUploadResult>"),
        )
    })
    .await;
    let bucket = server.bucket().build().unwrap();
    let upload = bucket
        .initiate_multipart_upload("k", &NO_HEADERS())
        .await
        .unwrap();
    assert_eq!(
        (upload.key.as_str(), upload.upload_id.as_str()),
        ("k", "U-1")
    );
    assert_eq!(server.requests()[0].target, "/media-in/k?uploads");
    let error = bucket
        .initiate_multipart_upload("k", &NO_HEADERS())
        .await
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::MalformedResponse);
}
