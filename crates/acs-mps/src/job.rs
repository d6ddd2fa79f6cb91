//! Transcoding jobs: the JSON that `SubmitJobs` takes as text, typed, and a watcher that waits for the end.

pub mod preset;
mod state;
mod submit;
mod watch;

pub use state::JobState;
pub use submit::{JobInput, JobOutput, OssLocation, TranscodeRequest};
pub use watch::{FinishedJob, JobWatcher};
