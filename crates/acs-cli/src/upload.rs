//! `acs vod upload`: one media file, with a key of one's own.

use std::sync::Arc;

use acs_core::SharedTransport;
use acs_vod::CreateUploadVideo;
use acs_vod::upload::{CancelToken, RefreshTicket, UploadTicket, Uploaded, Uploader};
use serde_json::json;

use crate::args::Upload;
use crate::connect::Place;
use crate::failure::Failure;
use crate::media::MediaFile;
use crate::report::Report;

pub(crate) async fn run(args: &Upload) -> Result<(), Failure> {
    let report = Report::new(args.common.json);
    let media = MediaFile::open(&args.file)?;
    let place = Place::of(&args.common)?;
    let vod = place.vod(acs_credentials::default_chain())?;
    let create = CreateUploadVideo::new(&args.title, &media.name);
    let create = match &args.tags {
        Some(tags) => create.tags(tags),
        None => create,
    };
    let ticket = UploadTicket::from(vod.send(create).await?.into_inner());
    report.step(format!(
        "uploading {} ({} bytes) as video {}",
        media.name,
        media.size,
        ticket.video_id()
    ));
    let uploaded = send_file(ticket, vod, &media, &place.transport, &report).await?;
    report.result(&json!({
        "video_id": uploaded.video_id,
        "bucket": uploaded.bucket,
        "object": uploaded.key,
        "bytes": uploaded.size,
        "parts": uploaded.parts,
        "crc64": uploaded.crc64.to_string(),
        "request_id": uploaded.request_id,
    }));
    Ok(())
}

/// Uploads with a ticket; Ctrl-C calls the upload off, and leaves no parts behind.
pub(crate) async fn send_file(
    ticket: UploadTicket,
    refresh: impl RefreshTicket + 'static,
    media: &MediaFile,
    transport: &SharedTransport,
    report: &Report,
) -> Result<Uploaded, Failure> {
    let bar = report.bytes_bar(media.size);
    let shown = bar.clone();
    let cancel = CancelToken::new();
    let on_interrupt = tokio::spawn(cancel_on_interrupt(cancel.clone()));
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
        .cancel(&cancel)
        .upload_file(&media.path)
        .await;
    on_interrupt.abort();
    bar.finish_and_clear();
    Ok(result?)
}

async fn cancel_on_interrupt(cancel: CancelToken) {
    // Without a handler the signal ends the process by itself.
    if tokio::signal::ctrl_c().await.is_ok() {
        cancel.cancel();
    }
}
