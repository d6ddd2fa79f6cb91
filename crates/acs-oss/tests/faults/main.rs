//! What a request comes to when the network or OSS misbehaves, over real sockets.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]
#![cfg(feature = "rustls")]

mod multipart;
mod requests;
mod support;

use acs_oss::{MultipartUpload, ObjectHeaders};

const NO_HEADERS: fn() -> ObjectHeaders = ObjectHeaders::new;

fn upload() -> MultipartUpload {
    MultipartUpload {
        key: "sv/a.mp4".to_owned(),
        upload_id: "U1".to_owned(),
    }
}
