//! What can be typed. Secrets are not among it: they come from the environment.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Parser, Subcommand, ValueEnum};

/// Upload, play and transcode media on Alibaba Cloud, or on a local emulator.
///
/// Credentials come from ALIBABA_CLOUD_ACCESS_KEY_ID, ALIBABA_CLOUD_ACCESS_KEY_SECRET and, for an STS session,
/// ALIBABA_CLOUD_SECURITY_TOKEN; never from arguments.
///
/// Exit codes: 0 done; 1 the service, the network or the output failed; 2 the input must be corrected; 130 stopped
/// by a signal. The first signal lets the command tidy up, a second one ends it at once.
#[derive(Debug, Parser)]
#[command(name = "acs", version, propagate_version = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Do the whole job: upload a video, play it back, transcode it
    Demo(Demo),
    /// Say whose credentials these are
    Whoami(Whoami),
    /// ApsaraVideo VOD
    #[command(subcommand)]
    Vod(Vod),
    /// Serve a local cloud on loopback until stopped, which is exit code 0 here
    Emulator(Emulator),
}

#[derive(Debug, Subcommand)]
pub(crate) enum Vod {
    /// Upload a media file
    Upload(Upload),
}

/// The region when none is given.
pub(crate) const DEFAULT_REGION: &str = "cn-shanghai";

/// Where calls go, and how the result is printed.
#[derive(Args, Clone, Debug)]
pub(crate) struct Common {
    /// Region of the service; default: cn-shanghai, or for a demo on a running emulator its own
    #[arg(long, value_name = "ID")]
    pub(crate) region: Option<String>,
    /// A running emulator, in place of Alibaba Cloud (plain http for loopback only)
    #[arg(long, value_name = "URL")]
    pub(crate) endpoint: Option<String>,
    /// Print JSON: the last line of the output is one object
    #[arg(long)]
    pub(crate) json: bool,
}

impl Common {
    pub(crate) fn region(&self) -> &str {
        self.region.as_deref().unwrap_or(DEFAULT_REGION)
    }
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("elsewhere").args(["endpoint", "live"]))]
pub(crate) struct Demo {
    /// The video; without it, a small sample that ships with the program
    pub(crate) file: Option<PathBuf>,
    /// How the client that uploads gets its rights
    #[arg(long, value_enum, default_value_t = Method::Credential)]
    pub(crate) method: Method,
    /// Title of the video, at most 128 bytes; default: the file's name, cut to that
    #[arg(long)]
    pub(crate) title: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
    /// Keep the emulator's objects in this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["endpoint", "live"])]
    pub(crate) keep: Option<PathBuf>,
    /// Use Alibaba Cloud itself; this may cost money
    #[arg(long, conflicts_with = "endpoint")]
    pub(crate) live: bool,
    /// Own OSS bucket for the transcoding job (with --live or --endpoint)
    #[arg(long, requires = "elsewhere")]
    pub(crate) bucket: Option<String>,
    /// MPS pipeline for the transcoding job (with --live or --endpoint)
    #[arg(long, value_name = "ID", requires = "elsewhere")]
    pub(crate) pipeline: Option<String>,
    /// Role for --method sts (with --live or --endpoint)
    #[arg(long, value_name = "ARN", requires = "elsewhere")]
    pub(crate) role_arn: Option<String>,
    /// With --live: go on without asking
    #[arg(long, requires = "live")]
    pub(crate) yes: bool,
}

/// The two ways of VOD's documentation to hand an upload to a client.
#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum Method {
    /// The server asks VOD for an upload credential of one video, and the client uploads with it (recommended)
    Credential,
    /// The server assumes a role, and the client creates the upload itself with the session
    Sts,
}

impl Method {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Credential => "credential",
            Self::Sts => "sts",
        }
    }
}

#[derive(Args, Debug)]
pub(crate) struct Whoami {
    #[command(flatten)]
    pub(crate) common: Common,
    /// Say of every source of credentials what was found there, or why not
    #[arg(long)]
    pub(crate) explain: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Upload {
    /// The media file
    pub(crate) file: PathBuf,
    /// Title of the video, at most 128 bytes
    #[arg(long)]
    pub(crate) title: String,
    /// Tags, separated by commas
    #[arg(long)]
    pub(crate) tags: Option<String>,
    #[command(flatten)]
    pub(crate) common: Common,
}

#[derive(Args, Debug)]
pub(crate) struct Emulator {
    /// Port on 127.0.0.1; 0 picks a free one
    #[arg(long, default_value_t = 0)]
    pub(crate) port: u16,
    /// Region that the emulator plays
    #[arg(long, default_value = DEFAULT_REGION, value_name = "ID")]
    pub(crate) region: String,
    /// Keep objects in this folder
    #[arg(long, value_name = "DIR", conflicts_with = "discard_bodies")]
    pub(crate) keep: Option<PathBuf>,
    /// Check and count what is uploaded, but store nothing
    #[arg(long)]
    pub(crate) discard_bodies: bool,
}
