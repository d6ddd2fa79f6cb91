//! Uploads a file to ApsaraVideo VOD.
//!
//! `CreateUploadVideo` returns a video id, an UploadAddress (which object) and an UploadAuth (a credential for that
//! object alone). The three together are an [`UploadTicket`]: whoever holds it can upload, and needs no key of its
//! own. A server makes tickets and hands them out; an [`Uploader`] takes one and a file. The ticket lasts some 50
//! minutes; for a longer upload the uploader is told whom to [ask](RefreshTicket) for a new one.
//!
//! ```no_run
//! use acs_vod::upload::{UploadTicket, Uploader, refresh_by};
//!
//! # async fn ask_my_server(video_id: String) -> Result<UploadTicket, acs_core::Error> { unimplemented!() }
//! # async fn run(answer_of_my_server: &str) -> Result<(), acs_core::Error> {
//! let ticket = UploadTicket::from_json(answer_of_my_server)?;
//! let uploaded = Uploader::new(ticket)
//!     .refresh(refresh_by(ask_my_server))
//!     .on_progress(|progress| println!("{} of {} bytes", progress.bytes, progress.total_bytes))
//!     .upload_file("holiday.mp4")
//!     .await?;
//! println!("{}: {} bytes in {} parts", uploaded.video_id, uploaded.size, uploaded.parts);
//! # Ok(())
//! # }
//! ```

mod address;
mod auth;
mod cancel;
mod credential;
mod file;
mod multipart;
mod plan;
mod ticket;
mod uploader;
mod vod;

pub use address::UploadAddress;
pub use auth::UploadAuth;
pub use cancel::CancelToken;
pub use file::check_file_name;
pub use plan::PartPlan;
pub use ticket::{RefreshTicket, UploadTicket, refresh_by};
pub use uploader::{Progress, Uploaded, Uploader};
