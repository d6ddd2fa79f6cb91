//! Alibaba Cloud ApsaraVideo Media Processing, MPS (2014-06-18): every operation, typed.
//!
//! MPS takes much of what it is told as JSON in texts. Here those are structs of [`types`], whose object keys are plain
//! and are percent-encoded on their way; a text of your own does as well, for what the structs don't know. Jobs are
//! waited for with the `UNTIL_ENDED` of the operations that query them, or with a [`job::JobWatcher`].
//!
//! ```no_run
//! use acs_mps::job::{JobInput, JobOutput, JobWatcher, OssLocation, TranscodeRequest, preset};
//! use acs_mps::types::{Input, OssObject, SnapshotConfig};
//! use acs_mps::{QuerySnapshotJobList, SubmitSnapshotJob};
//!
//! # async fn example(credentials: acs_core::Credentials) -> Result<(), acs_core::Error> {
//! let mps = acs_mps::Client::builder("cn-shanghai").credentials(credentials).build()?;
//!
//! let location = OssLocation::of_region("cn-shanghai")?;
//! let submit = TranscodeRequest::new("pipeline-id", JobInput::new("bucket", location, "raw/课程 1.mp4"))
//!     .output(JobOutput::new("ld/课程 1.mp4", preset::MP4_LD))
//!     .build()?;
//! for job in mps.send(submit).await?.into_inner().into_jobs() {
//!     let id = job?.job_id.unwrap_or_default();
//!     let finished = JobWatcher::new(mps.clone()).wait(&id, |state, _| println!("{state}")).await?;
//!     println!("{id}: {}", finished.state);
//! }
//!
//! let input = Input::new("bucket", "oss-cn-shanghai", "raw/课程 1.mp4");
//! let covers = SnapshotConfig::new(OssObject::new("bucket", "oss-cn-shanghai", "cover/{Count}.jpg")).num("3");
//! let snapshots = mps.send(SubmitSnapshotJob::new(input, covers)).await?;
//! let query = QuerySnapshotJobList::new().snapshot_job_ids([&snapshots.snapshot_job.id]);
//! mps.wait_for(query, QuerySnapshotJobList::UNTIL_ENDED).await?;
//! # Ok(())
//! # }
//! ```
#![forbid(unsafe_code)]

mod generated;
pub mod job;

pub use generated::*;

/// A client of this product: see [`acs_core::Client`].
pub type Client = acs_core::Client<Mps>;
