//! Objects and multipart uploads of OSS.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest as _, Md5};

use crate::support::{Cloud, Reply, noise};

const MIN_PART: usize = 100 * 1024;

fn crc64(bytes: &[u8]) -> String {
    let mut digest = crc64fast::Digest::new();
    digest.write(bytes);
    digest.sum64().to_string()
}

fn etag(bytes: &[u8]) -> String {
    let hex: String = Md5::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02X}"))
        .collect();
    format!("\"{hex}\"")
}

/// A multipart upload into the user's bucket.
struct Upload<'a> {
    cloud: &'a Cloud,
    key: &'static str,
    id: String,
}

impl<'a> Upload<'a> {
    async fn start(cloud: &'a Cloud, key: &'static str) -> Self {
        let object = (cloud.emulator.bucket(), key);
        let reply = cloud
            .oss(&cloud.user(), "POST", object, &[("uploads", "")], b"")
            .await;
        let id = reply.ok().xml("UploadId");
        assert_eq!(id.len(), 32);
        Self { cloud, key, id }
    }

    fn object(&self) -> (&str, &str) {
        (self.cloud.emulator.bucket(), self.key)
    }

    async fn part(&self, number: &str, bytes: &[u8]) -> Reply {
        let query = [("partNumber", number), ("uploadId", self.id.as_str())];
        let user = self.cloud.user();
        self.cloud
            .oss(&user, "PUT", self.object(), &query, bytes)
            .await
    }

    async fn complete(&self, parts: &[(u16, &str)]) -> Reply {
        let parts: String = parts
            .iter()
            .map(|(number, etag)| {
                let etag = etag.replace('"', "&quot;");
                format!("<Part><PartNumber>{number}</PartNumber><ETag>{etag}</ETag></Part>")
            })
            .collect();
        self.complete_with(&format!(
            "<CompleteMultipartUpload>{parts}</CompleteMultipartUpload>"
        ))
        .await
    }

    async fn complete_with(&self, body: &str) -> Reply {
        let query = [("uploadId", self.id.as_str())];
        let user = self.cloud.user();
        self.cloud
            .oss(&user, "POST", self.object(), &query, body.as_bytes())
            .await
    }

    async fn list(&self, more: &[(&str, &str)]) -> Reply {
        let mut query = vec![("uploadId", self.id.as_str())];
        query.extend(more);
        let user = self.cloud.user();
        self.cloud
            .oss(&user, "GET", self.object(), &query, b"")
            .await
    }
}

#[tokio::test]
async fn an_object_comes_back_byte_for_byte_with_its_checksums() {
    let cloud = Cloud::start().await;
    let bytes = noise(700_001, 4);
    let object = (cloud.emulator.bucket(), "in/课程 +1%.mp4");
    let headers = [("content-type", "video/mp4"), ("x-oss-meta-take", "two")];
    let user = cloud.user();
    let put = cloud
        .oss_with(&user, "PUT", object, &[], &headers, &bytes)
        .await
        .ok();
    assert_eq!(put.header("x-oss-hash-crc64ecma"), crc64(&bytes));
    assert_eq!(put.header("etag"), etag(&bytes));
    let get = cloud.oss(&user, "GET", object, &[], b"").await.ok();
    assert!(get.body == bytes);
    let head = cloud.oss(&user, "HEAD", object, &[], b"").await.ok();
    assert!(head.body.is_empty());
    for reply in [&get, &head] {
        assert_eq!(reply.header("content-length"), "700001");
        assert_eq!(reply.header("content-type"), "video/mp4");
        assert_eq!(reply.header("x-oss-meta-take"), "two");
        assert_eq!(reply.header("x-oss-object-type"), "Normal");
        assert_eq!(reply.header("x-oss-hash-crc64ecma"), crc64(&bytes));
        assert_eq!(
            reply.header("last-modified"),
            "Fri, 20 Nov 2026 08:15:30 GMT"
        );
    }
    let delete = cloud.oss(&user, "DELETE", object, &[], b"").await;
    assert_eq!(delete.status, 204);
    let gone = cloud.oss(&user, "GET", object, &[], b"").await;
    gone.oss_refused(404, "NoSuchKey");
    let delete_again = cloud.oss(&user, "DELETE", object, &[], b"").await;
    assert_eq!(delete_again.status, 204);
}

#[tokio::test]
async fn a_range_comes_back_as_that_range() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let user = cloud.user();
    let put = cloud.oss(&user, "PUT", object, &[], b"0123456789");
    put.await.ok();
    let get = async |headers: &[(&str, &str)]| {
        cloud
            .oss_with(&user, "GET", object, &[], headers, b"")
            .await
    };
    let reply = get(&[("range", "bytes=2-4")]).await;
    assert_eq!((reply.status, reply.text()), (206, "234"));
    assert_eq!(reply.header("content-range"), "bytes 2-4/10");
    // OSS sends the whole object instead, unless the client asks for the standard's way.
    let reply = get(&[("range", "bytes=10-")]).await;
    assert_eq!((reply.status, reply.text()), (200, "0123456789"));
    let strict = [("range", "bytes=10-"), ("x-oss-range-behavior", "standard")];
    get(&strict).await.oss_refused(416, "InvalidRange");
}

#[tokio::test]
async fn a_body_that_is_not_its_content_md5_is_refused_and_not_stored() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let user = cloud.user();
    let md5 = STANDARD.encode(Md5::digest(b"right"));
    let put = async |body: &[u8]| {
        let headers = [("content-md5", md5.as_str())];
        cloud
            .oss_with(&user, "PUT", object, &[], &headers, body)
            .await
    };
    put(b"wrong").await.oss_refused(400, "InvalidDigest");
    let get = cloud.oss(&user, "GET", object, &[], b"").await;
    get.oss_refused(404, "NoSuchKey");
    put(b"right").await.ok();
}

#[tokio::test]
async fn an_object_may_be_kept_from_being_overwritten() {
    let cloud = Cloud::start().await;
    let object = (cloud.emulator.bucket(), "k");
    let user = cloud.user();
    let headers = [("x-oss-forbid-overwrite", "true")];
    let put = async || {
        cloud
            .oss_with(&user, "PUT", object, &[], &headers, b"x")
            .await
    };
    put().await.ok();
    put().await.oss_refused(409, "FileAlreadyExists");
}

#[tokio::test]
async fn parts_make_one_object_whose_checksum_is_the_whole_files() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start_with(|b| b.keep(folder.path())).await;
    let bytes = noise(2 * MIN_PART + 12_345, 5);
    let upload = Upload::start(&cloud, "dir/big.bin").await;
    let mut etags = Vec::new();
    // Out of order, with gaps, and one part twice: as parallel uploads with retries go.
    let parts: Vec<(u16, &[u8])> = [1_u16, 5, 9]
        .into_iter()
        .zip(bytes.chunks(MIN_PART))
        .collect();
    upload.part("5", b"an earlier attempt").await.ok();
    for (number, part) in parts.iter().rev() {
        let reply = upload.part(&number.to_string(), part).await.ok();
        assert_eq!(reply.header("x-oss-hash-crc64ecma"), crc64(part));
        assert_eq!(reply.header("etag"), etag(part));
        etags.insert(0, (*number, reply.header("etag").to_owned()));
    }
    let list: Vec<(u16, &str)> = etags.iter().map(|(n, etag)| (*n, etag.as_str())).collect();
    let done = upload.complete(&list).await.ok();
    assert_eq!(done.header("x-oss-hash-crc64ecma"), crc64(&bytes));
    assert!(done.xml("ETag").ends_with("-3\""), "{}", done.text());
    assert_eq!(done.xml("Key"), "dir/big.bin");

    let file = folder
        .path()
        .join(cloud.emulator.bucket())
        .join("dir/big.bin");
    assert!(std::fs::read(file).unwrap() == bytes);
    let head = cloud
        .oss(&cloud.user(), "HEAD", upload.object(), &[], b"")
        .await;
    assert_eq!(head.ok().header("x-oss-object-type"), "Multipart");
    upload
        .part("2", b"late")
        .await
        .oss_refused(404, "NoSuchUpload");
    upload
        .complete(&list)
        .await
        .oss_refused(404, "NoSuchUpload");
}

#[tokio::test]
async fn parts_below_100_kib_are_refused_at_complete() {
    let cloud = Cloud::start().await;
    let upload = Upload::start(&cloud, "k").await;
    let small = noise(MIN_PART - 1, 6);
    let first = upload.part("1", &small).await.ok();
    let last = upload.part("2", b"the last part may be small").await.ok();
    let list = [(1, first.header("etag")), (2, last.header("etag"))];
    let refusal = upload.complete(&list).await;
    refusal.oss_refused(400, "EntityTooSmall");
    // Nothing is lost: the part can be sent again.
    let first = upload.part("1", &noise(MIN_PART, 6)).await.ok();
    let list = [(1, first.header("etag")), (2, last.header("etag"))];
    upload.complete(&list).await.ok();
}

#[tokio::test]
async fn a_list_of_parts_that_does_not_fit_is_refused() {
    let cloud = Cloud::start().await;
    let upload = Upload::start(&cloud, "k").await;
    let bytes = noise(MIN_PART, 7);
    let reply = upload.part("1", &bytes).await.ok();
    upload.part("2", &bytes).await.ok();
    let etag = reply.header("etag");
    let complete = async |list: &[(u16, &str)]| upload.complete(list).await;
    complete(&[(2, etag), (1, etag)])
        .await
        .oss_refused(400, "InvalidPartOrder");
    complete(&[(1, etag), (1, etag)])
        .await
        .oss_refused(400, "InvalidPartOrder");
    complete(&[(1, etag), (3, etag)])
        .await
        .oss_refused(400, "InvalidPart");
    complete(&[(1, "\"00000000000000000000000000000000\"")])
        .await
        .oss_refused(400, "InvalidPart");
    complete(&[]).await.oss_refused(400, "MalformedXML");
    let reply = upload.complete_with("<CompleteMultipartUpload>").await;
    reply.oss_refused(400, "MalformedXML");
    // An ETag counts without quotes too, as some clients send it.
    complete(&[(1, etag.trim_matches('"')), (2, etag)])
        .await
        .ok();
}

#[tokio::test]
async fn part_numbers_run_from_1_to_10000() {
    let cloud = Cloud::start().await;
    let upload = Upload::start(&cloud, "k").await;
    for number in ["0", "10001", "-1", "one", ""] {
        let reply = upload.part(number, b"x").await;
        reply.oss_refused(400, "InvalidArgument");
    }
    for number in ["1", "10000"] {
        upload.part(number, b"x").await.ok();
    }
}

#[tokio::test]
async fn parts_are_listed_in_pages() {
    let cloud = Cloud::start().await;
    let upload = Upload::start(&cloud, "k").await;
    for number in ["7", "1", "3"] {
        upload.part(number, number.as_bytes()).await.ok();
    }
    let numbers = |reply: &Reply| -> Vec<String> {
        let text = reply.text();
        text.split("<PartNumber>")
            .skip(1)
            .map(|rest| rest.split('<').next().unwrap().to_owned())
            .collect()
    };
    let page = upload.list(&[("max-parts", "2")]).await.ok();
    assert_eq!(numbers(&page), ["1", "3"]);
    assert_eq!(page.xml("IsTruncated"), "true");
    assert_eq!(page.xml("NextPartNumberMarker"), "3");
    assert_eq!(page.xml("Size"), "1");
    assert_eq!(page.xml("ETag"), etag(b"1"));
    let page = upload
        .list(&[("max-parts", "2"), ("part-number-marker", "3")])
        .await
        .ok();
    assert_eq!(numbers(&page), ["7"]);
    assert_eq!(page.xml("IsTruncated"), "false");
    let reply = upload.list(&[("max-parts", "1001")]).await;
    reply.oss_refused(400, "InvalidArgument");
}

#[tokio::test]
async fn more_than_a_thousand_parts_take_more_than_one_page() {
    let cloud = Cloud::start().await;
    let upload = Upload::start(&cloud, "k").await;
    for number in 1..=1001 {
        upload.part(&number.to_string(), b"").await.ok();
    }
    let page = upload.list(&[]).await.ok();
    assert_eq!(page.xml("IsTruncated"), "true");
    assert_eq!(page.xml("NextPartNumberMarker"), "1000");
    assert_eq!(page.text().matches("<Part>").count(), 1000);
}

#[tokio::test]
async fn an_aborted_upload_is_gone() {
    let cloud = Cloud::start().await;
    let upload = Upload::start(&cloud, "k").await;
    upload.part("1", b"x").await.ok();
    let query = [("uploadId", upload.id.as_str())];
    let abort = async || {
        let user = cloud.user();
        cloud
            .oss(&user, "DELETE", upload.object(), &query, b"")
            .await
    };
    assert_eq!(abort().await.status, 204);
    abort().await.oss_refused(404, "NoSuchUpload");
    upload
        .part("1", b"x")
        .await
        .oss_refused(404, "NoSuchUpload");
    upload.list(&[]).await.oss_refused(404, "NoSuchUpload");
    let other_key = (cloud.emulator.bucket(), "other");
    let upload = Upload::start(&cloud, "k").await;
    let query = [("uploadId", upload.id.as_str())];
    let user = cloud.user();
    let reply = cloud.oss(&user, "GET", other_key, &query, b"").await;
    reply.oss_refused(404, "NoSuchUpload");
}

#[tokio::test]
async fn a_key_that_climbs_out_of_its_bucket_stays_in_it() {
    let folder = tempfile::tempdir().unwrap();
    let keep = folder.path().join("deep/keep");
    let cloud = Cloud::start_with(|b| b.keep(&keep)).await;
    let user = cloud.user();
    for key in ["../../escaped", "a/../../../escaped", "b/.."] {
        let object = (cloud.emulator.bucket(), key);
        cloud.oss(&user, "PUT", object, &[], b"x").await.ok();
        let get = cloud.oss(&user, "GET", object, &[], b"").await;
        assert_eq!(get.ok().body, b"x");
    }
    assert!(!folder.path().join("escaped").exists());
    assert!(!folder.path().join("deep/escaped").exists());
    assert!(!keep.join("escaped").exists());
    let object = (cloud.emulator.bucket(), "/absolute");
    let reply = cloud.oss(&user, "PUT", object, &[], b"x").await;
    reply.oss_refused(400, "InvalidObjectName");
}

#[tokio::test]
async fn an_object_in_the_place_of_a_folder_is_refused_and_the_folder_stays() {
    let cloud = Cloud::start().await;
    let user = cloud.user();
    let nested = (cloud.emulator.bucket(), "a/b");
    cloud.oss(&user, "PUT", nested, &[], b"x").await.ok();
    let folder = (cloud.emulator.bucket(), "a");
    let reply = cloud.oss(&user, "PUT", folder, &[], b"y").await;
    reply.oss_refused(409, "FileAlreadyExists");
    let get = cloud.oss(&user, "GET", nested, &[], b"").await;
    assert_eq!(get.ok().body, b"x");
    // With the last object, its folder goes, and the name is free.
    cloud.oss(&user, "DELETE", nested, &[], b"").await.ok();
    cloud.oss(&user, "PUT", folder, &[], b"y").await.ok();
}

#[tokio::test]
async fn discarded_bodies_are_checked_and_counted_and_never_served() {
    let folder = tempfile::tempdir().unwrap();
    let cloud = Cloud::start_with(|b| b.keep(folder.path()).discard_bodies(true)).await;
    let bytes = noise(2 * MIN_PART, 8);
    let upload = Upload::start(&cloud, "k").await;
    let (a, b) = bytes.split_at(MIN_PART);
    let first = upload.part("1", a).await.ok();
    let second = upload.part("2", b).await.ok();
    let list = [(1, first.header("etag")), (2, second.header("etag"))];
    let done = upload.complete(&list).await.ok();
    assert_eq!(done.header("x-oss-hash-crc64ecma"), crc64(&bytes));
    let user = cloud.user();
    let head = cloud.oss(&user, "HEAD", upload.object(), &[], b"").await;
    assert_eq!(head.ok().header("content-length"), bytes.len().to_string());
    let get = cloud.oss(&user, "GET", upload.object(), &[], b"").await;
    get.oss_refused(409, "Emulator.BodyDiscarded");
    assert!(!folder.path().join(cloud.emulator.bucket()).exists());
}

#[tokio::test]
async fn what_is_not_emulated_is_never_a_fake_success() {
    let cloud = Cloud::start().await;
    let user = cloud.user();
    let object = (cloud.emulator.bucket(), "k");
    let put = cloud.oss(&user, "PUT", object, &[], b"x");
    put.await.ok();
    for (method, query) in [
        ("GET", ("acl", "")),
        ("PUT", ("tagging", "")),
        ("POST", ("append", "")),
        ("GET", ("x-oss-process", "video/snapshot")),
    ] {
        let reply = cloud.oss(&user, method, object, &[query], b"").await;
        reply.oss_refused(501, "NotImplemented");
    }
    let headers = [("x-oss-callback", "e30=")];
    let reply = cloud
        .oss_with(&user, "PUT", object, &[], &headers, b"x")
        .await;
    reply.oss_refused(501, "NotImplemented");
    let reply = cloud
        .oss(&user, "GET", ("no-such-bucket", "k"), &[], b"")
        .await;
    reply.oss_refused(404, "NoSuchBucket");
}
