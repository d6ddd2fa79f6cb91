//! The rates that the services publish, in calls a second of one account, over all of its users and programs.
//!
//! VOD: "QPS limits on API operations". MPS and STS: the page "Limits" of each. All read in 2026-11.

/// Returns the published rate of an operation; `None` where none is known.
pub(super) fn per_second(product: &str, action: &str, region: &str) -> Option<f64> {
    let rate = match (product, action) {
        ("vod", "CreateUploadVideo" | "RefreshUploadVideo") => match region {
            "cn-beijing" | "cn-shanghai" | "cn-shenzhen" | "ap-southeast-1" => 80,
            _ => 40,
        },
        ("vod", "GetPlayInfo" | "GetVideoPlayAuth") => 360,
        (
            "vod",
            "CreateUploadImage"
            | "CreateUploadAttachedMedia"
            | "GetURLUploadInfos"
            | "GetUploadDetails",
        ) => 100,
        ("vod", "RegisterMedia" | "SearchMedia") => 50,
        ("vod", "DeleteMultipartUpload") => 10,
        ("mts", "SubmitMediaInfoJob" | "SubmitSnapshotJob") => 50,
        ("mts" | "sts", _) => 100,
        _ => return None,
    };
    Some(f64::from(rate))
}
