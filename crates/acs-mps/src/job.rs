//! Transcoding jobs: a request with the mistakes taken out, preset templates, and a watcher that waits for the end.

mod accepted;
pub mod preset;
mod state;
mod submit;
mod watch;

pub use state::JobState;
pub use submit::{JobInput, JobOutput, OssLocation, TranscodeRequest};
pub use watch::{FinishedJob, JobWatcher};
