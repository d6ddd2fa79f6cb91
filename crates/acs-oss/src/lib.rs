#![doc = include_str!("../README.md")]
#![forbid(unsafe_code)]

mod address;
mod answer;
mod bucket;
mod crc64;
mod key;
mod multipart;
mod object;
mod payload;
mod presign;
mod send;
mod timeouts;
mod xml;

pub use address::{Network, region_of_endpoint};
pub use bucket::{Bucket, BucketBuilder};
pub use crc64::Crc64;
pub use multipart::{MAX_PART_BYTES, MAX_PARTS, MIN_PART_BYTES, MultipartUpload, Part};
pub use object::{ObjectHeaders, ObjectMeta, ObjectStream, StoredObject};
pub use payload::Payload;
pub use presign::PresignedUrl;
pub use timeouts::Timeouts;

#[cfg(test)]
mod static_assertions {
    use super::*;

    /// Compiles only while these cross threads.
    #[allow(dead_code)]
    fn values_cross_threads(bucket: &Bucket, upload: &MultipartUpload) {
        fn check<T: Send>(_: T) {}
        check(bucket.clone());
        check(bucket.put_object("k", "v", &ObjectHeaders::new()));
        check(bucket.upload_part(upload, 1, "v"));
        check(bucket.complete_multipart_upload(upload, &[]));
        check(bucket.list_parts(upload));
        check(async { bucket.get_object("k").await?.collect(1).await });
    }
}
