//! `acs vod upload`: one media file, with a key of one's own.

use std::sync::Arc;

use acs_core::SharedTransport;
use acs_vod::upload::{UploadTicket, Uploaded, Uploader};
use acs_vod::{Client, CreateUploadVideo};
use serde_json::json;

use crate::args::Upload;
use crate::connect::Place;
use crate::failure::Failure;
use crate::media::{MediaFile, check_title};
use crate::report::Report;
use crate::stop::Stop;

pub(crate) async fn run(args: &Upload, stop: &Stop) -> Result<(), Failure> {
    let report = Report::new(args.common.json);
    check_title(&args.title)?;
    let media = MediaFile::open(&args.file)?;
    let place = Place::of(&args.common)?;
    let vod = place.vod(acs_credentials::default_chain())?;
    let create = CreateUploadVideo::new(&args.title, &media.name);
    let create = match &args.tags {
        Some(tags) => create.tags(tags),
        None => create,
    };
    let ticket = UploadTicket::from(
        stop.or(async { Ok(vod.send(create).await?) })
            .await?
            .into_inner(),
    );
    report.step(format!(
        "uploading {} ({} bytes) as video {}",
        media.name,
        media.size,
        ticket.video_id()
    ));
    let uploaded = send_file(ticket, vod, &media, &place.transport, &report, stop).await?;
    report.result(&json!({
        "video_id": uploaded.video_id,
        "bucket": uploaded.bucket,
        "object": uploaded.key,
        "bytes": uploaded.size,
        "parts": uploaded.parts,
        "crc64": uploaded.crc64.to_string(),
        "request_id": uploaded.request_id,
    }))
}

/// Uploads with a ticket; the wish to stop calls the upload off, and leaves no parts behind.
pub(crate) async fn send_file(
    ticket: UploadTicket,
    refresh: Client,
    media: &MediaFile,
    transport: &SharedTransport,
    report: &Report,
    stop: &Stop,
) -> Result<Uploaded, Failure> {
    let bar = report.bytes_bar(media.size);
    let shown = bar.clone();
    let result = Uploader::new(ticket)
        .refresh(refresh)
        .transport(Arc::clone(transport))
        .on_progress(move |progress| {
            shown.set_position(progress.bytes);
            shown.set_message(format!(
                "part {} of {}",
                progress.parts, progress.total_parts
            ));
        })
        .cancel(stop.token())
        .upload_file(&media.path)
        .await;
    bar.finish_and_clear();
    Ok(result?)
}
