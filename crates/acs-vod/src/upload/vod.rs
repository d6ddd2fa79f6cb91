//! Tickets from VOD itself, for a program with a key of its own.

use acs_core::{BoxFuture, Error};

use super::ticket::{RefreshTicket, UploadTicket};
use crate::{Client, CreateUploadVideoOutput, RefreshUploadVideo};

impl From<CreateUploadVideoOutput> for UploadTicket {
    fn from(output: CreateUploadVideoOutput) -> Self {
        Self::new(output.video_id, output.upload_address, output.upload_auth)
    }
}

impl RefreshTicket for Client {
    fn refresh_ticket<'a>(
        &'a self,
        video_id: &'a str,
    ) -> BoxFuture<'a, Result<UploadTicket, Error>> {
        Box::pin(async move {
            let output = self
                .send(RefreshUploadVideo::new().video_id(video_id))
                .await?
                .into_inner();
            let video_id = output.video_id.unwrap_or_else(|| video_id.to_owned());
            Ok(UploadTicket::new(
                video_id,
                output.upload_address,
                output.upload_auth,
            ))
        })
    }
}
