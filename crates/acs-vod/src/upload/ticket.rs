use std::fmt;
use std::future::Future;

use acs_core::{BoxFuture, Error};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::address::UploadAddress;
use super::auth::UploadAuth;

/// The right to upload one file: a video id, and the two opaque texts that VOD gave for it.
///
/// This is what a server hands to a client that holds no key: as JSON with the names `VideoId`, `UploadAddress` and
/// `UploadAuth`, as in the answer of `CreateUploadVideo` itself. Treat the whole as a secret; it lasts some 50
/// minutes. Its `Debug` text shows the video id only.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct UploadTicket {
    #[serde(alias = "videoId", alias = "video_id")]
    video_id: String,
    #[serde(alias = "uploadAddress", alias = "upload_address")]
    upload_address: String,
    #[serde(alias = "uploadAuth", alias = "upload_auth")]
    upload_auth: Zeroizing<String>,
}

impl UploadTicket {
    /// Makes a ticket of what `CreateUploadVideo` or `RefreshUploadVideo` returned.
    pub fn new(
        video_id: impl Into<String>,
        upload_address: impl Into<String>,
        upload_auth: impl Into<String>,
    ) -> Self {
        Self {
            video_id: video_id.into(),
            upload_address: upload_address.into(),
            upload_auth: Zeroizing::new(upload_auth.into()),
        }
    }

    /// Reads a ticket from JSON; names that it doesn't know are ignored.
    ///
    /// # Errors
    /// The text is no JSON object with the three names.
    pub fn from_json(json: &str) -> Result<Self, Error> {
        serde_json::from_str(json).map_err(|error| {
            // The error's own text can quote a value.
            Error::invalid_parameter(
                "UploadTicket",
                format!(
                    "must be a JSON object with the texts VideoId, UploadAddress and UploadAuth: see line {}, column {}",
                    error.line(),
                    error.column()
                ),
            )
        })
    }

    /// Writes the ticket as JSON, for the client that is to upload. It is not to be logged.
    pub fn to_json(&self) -> String {
        serde_json::json!({
            "VideoId": self.video_id,
            "UploadAddress": self.upload_address,
            "UploadAuth": *self.upload_auth,
        })
        .to_string()
    }

    /// Returns the video's id.
    pub fn video_id(&self) -> &str {
        &self.video_id
    }

    /// Returns the UploadAddress as VOD returned it.
    pub fn upload_address(&self) -> &str {
        &self.upload_address
    }

    /// Returns the UploadAuth as VOD returned it. It is not to be logged.
    pub fn upload_auth(&self) -> &str {
        &self.upload_auth
    }

    /// Decodes the UploadAddress.
    ///
    /// # Errors
    /// As [`UploadAddress::decode`].
    pub fn address(&self) -> Result<UploadAddress, Error> {
        UploadAddress::decode(&self.upload_address)
    }

    /// Decodes the UploadAuth, which was received at `received_at`.
    ///
    /// # Errors
    /// As [`UploadAuth::decode`].
    pub fn auth(&self, received_at: DateTime<Utc>) -> Result<UploadAuth, Error> {
        UploadAuth::decode(&self.upload_auth, received_at)
    }
}

impl fmt::Debug for UploadTicket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("UploadTicket")
            .field("video_id", &self.video_id)
            .finish_non_exhaustive()
    }
}

/// Who can be asked for a new ticket for the same video, when the old one is about to end.
///
/// A program with a key of its own asks VOD (`RefreshUploadVideo`): the VOD client implements this. A client without
/// one asks the server that gave it the first ticket: see [`refresh_by`].
pub trait RefreshTicket: Send + Sync {
    /// Asks for a new ticket for the video.
    ///
    /// # Errors
    /// There is none to be had; the upload goes on with the old one while that lasts.
    fn refresh_ticket<'a>(
        &'a self,
        video_id: &'a str,
    ) -> BoxFuture<'a, Result<UploadTicket, Error>>;
}

/// Makes a source of tickets of an async function that takes the video's id.
///
/// ```
/// use acs_core::{Error, ErrorKind};
/// use acs_vod::upload::{UploadTicket, refresh_by};
///
/// let source = refresh_by(|video_id: String| async move {
///     let json = format!(r#"{{"VideoId":"{video_id}","UploadAddress":"...","UploadAuth":"..."}}"#); // ask your server
///     UploadTicket::from_json(&json)
/// });
/// # let _ = source;
/// ```
pub fn refresh_by<F, A>(ask: F) -> impl RefreshTicket
where
    F: Fn(String) -> A + Send + Sync,
    A: Future<Output = Result<UploadTicket, Error>> + Send + 'static,
{
    Asking(ask)
}

struct Asking<F>(F);

impl<F, A> RefreshTicket for Asking<F>
where
    F: Fn(String) -> A + Send + Sync,
    A: Future<Output = Result<UploadTicket, Error>> + Send + 'static,
{
    fn refresh_ticket<'a>(
        &'a self,
        video_id: &'a str,
    ) -> BoxFuture<'a, Result<UploadTicket, Error>> {
        Box::pin((self.0)(video_id.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticket_survives_its_json() {
        let ticket = UploadTicket::new("v1", "address", "auth");
        let read = UploadTicket::from_json(&ticket.to_json()).unwrap();
        assert_eq!(
            (read.video_id(), read.upload_address(), read.upload_auth()),
            ("v1", "address", "auth")
        );
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"{"VideoId":"v1","UploadAddress":"address","UploadAuth":"auth"}"#
        );
    }

    #[test]
    fn the_answer_of_create_upload_video_is_a_ticket() {
        let ticket = UploadTicket::from_json(include_str!(
            "../../tests/fixtures/vod.CreateUploadVideo.json"
        ))
        .unwrap();
        assert_eq!(ticket.video_id(), "5f0c7e2a91d64b3f8a1e6c4d2b7f9034");
        assert_eq!(
            ticket.address().unwrap().bucket,
            "outin-3f9a1c7e5b2d11f0a6c400163e1a2b3c"
        );
        let auth = ticket.auth(DateTime::UNIX_EPOCH).unwrap();
        assert_eq!(auth.credentials.access_key_id(), "STS.NTexampleUpload01");
    }

    #[test]
    fn a_broken_ticket_is_refused_without_showing_it() {
        for json in [
            "",
            "canary",
            r#"{"VideoId":"canary"}"#,
            r#"{"VideoId":["canary"],"UploadAddress":"a","UploadAuth":"b"}"#,
        ] {
            let error = UploadTicket::from_json(json).unwrap_err();
            assert_eq!(error.field(), Some("UploadTicket"));
            assert!(
                !format!("{error} {error:?}").contains("canary"),
                "{error:?}"
            );
        }
        let shown = format!("{:?}", UploadTicket::new("v1", "canary", "canary"));
        assert!(shown.contains("v1") && !shown.contains("canary"));
    }
}
