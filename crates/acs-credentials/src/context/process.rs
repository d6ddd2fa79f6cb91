use std::fmt;
use std::io;
use std::sync::Arc;

use acs_core::BoxFuture;
use zeroize::Zeroizing;

/// A program and its arguments. Its `Debug` text shows neither, since arguments can hold secrets.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct CommandLine {
    /// The program: a path, or a name that is looked up in `PATH`.
    pub program: String,
    /// The arguments, one by one: no shell reads them.
    pub args: Vec<String>,
}

impl CommandLine {
    /// Makes a command line.
    pub fn new(program: impl Into<String>, args: Vec<String>) -> Self {
        Self {
            program: program.into(),
            args,
        }
    }
}

impl fmt::Debug for CommandLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandLine")
            .field("args", &self.args.len())
            .finish_non_exhaustive()
    }
}

/// What a process left behind. Its `Debug` text does not show the output.
#[non_exhaustive]
pub struct ProcessOutput {
    /// It exited with status 0.
    pub is_success: bool,
    /// The exit code, if it had one.
    pub code: Option<i32>,
    /// What it wrote to its standard output, one byte more than the limit at most.
    pub stdout: Zeroizing<Vec<u8>>,
}

impl ProcessOutput {
    /// Makes the output of a process.
    pub fn new(code: Option<i32>, stdout: Vec<u8>) -> Self {
        Self {
            is_success: code == Some(0),
            code,
            stdout: Zeroizing::new(stdout),
        }
    }
}

impl fmt::Debug for ProcessOutput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProcessOutput")
            .field("code", &self.code)
            .field("stdout_bytes", &self.stdout.len())
            .finish()
    }
}

/// Runs programs.
pub trait Processes: fmt::Debug + Send + Sync {
    /// Runs a program to its end and returns at most `limit` + 1 bytes of its standard output. A future that is dropped
    /// kills the process.
    ///
    /// # Errors
    /// It could not be started.
    fn run(&self, command: CommandLine, limit: usize) -> BoxFuture<'_, io::Result<ProcessOutput>>;
}

/// Runs nothing.
#[derive(Clone, Copy, Debug)]
pub struct NoProcesses;

impl Processes for NoProcesses {
    fn run(&self, _: CommandLine, _: usize) -> BoxFuture<'_, io::Result<ProcessOutput>> {
        Box::pin(std::future::ready(Err(io::Error::new(
            io::ErrorKind::Unsupported,
            "processes cannot be started here (the feature `process` is off?)",
        ))))
    }
}

#[cfg(feature = "process")]
pub(super) fn system() -> Arc<dyn Processes> {
    Arc::new(SystemProcesses)
}

#[cfg(not(feature = "process"))]
pub(super) fn system() -> Arc<dyn Processes> {
    Arc::new(NoProcesses)
}

/// The operating system's processes, without a shell, with nothing on standard input and standard error dropped.
#[cfg(feature = "process")]
#[derive(Clone, Copy, Debug)]
pub struct SystemProcesses;

#[cfg(feature = "process")]
impl Processes for SystemProcesses {
    fn run(&self, command: CommandLine, limit: usize) -> BoxFuture<'_, io::Result<ProcessOutput>> {
        use std::process::Stdio;
        use tokio::io::AsyncReadExt as _;

        Box::pin(async move {
            // tokio would panic.
            if tokio::runtime::Handle::try_current().is_err() {
                return Err(io::Error::new(
                    io::ErrorKind::Unsupported,
                    "there is no tokio runtime here, and a process needs one: call this within one",
                ));
            }
            let mut child = tokio::process::Command::new(&command.program)
                .args(&command.args)
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .kill_on_drop(true)
                .spawn()?;
            let mut stdout = Zeroizing::new(Vec::new());
            if let Some(pipe) = child.stdout.take() {
                let most = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
                pipe.take(most).read_to_end(&mut stdout).await?;
            }
            if stdout.len() > limit {
                // Whoever writes without end never exits by itself.
                child.kill().await?;
            }
            let status = child.wait().await?;
            Ok(ProcessOutput {
                is_success: status.success(),
                code: status.code(),
                stdout,
            })
        })
    }
}
