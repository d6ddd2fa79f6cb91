//! The one way out of this crate: environment, files, network, processes, time and randomness.

mod env;
mod files;
pub(crate) mod http;
mod process;
#[cfg(feature = "oauth")]
mod shared_file;
mod timer;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use acs_core::{BoxFuture, SharedRuntime, SharedTransport, SystemRuntime};
use chrono::{DateTime, Utc};
use tokio::runtime::Handle;

pub use self::env::{Env, FixedEnv, SystemEnv};
pub use self::files::{FileLock, Files, NoFiles, SystemFiles};
#[cfg(feature = "process")]
pub use self::process::SystemProcesses;
pub use self::process::{CommandLine, NoProcesses, ProcessOutput, Processes};
use crate::failure::Failure;
use crate::vars;

/// Everything that providers reach the outside by. Cheap to clone.
///
/// [`system`](Self::system) is that of a real program; [`isolated`](Self::isolated) reaches nothing, and is what a test
/// starts from:
///
/// ```
/// use acs_credentials::{Context, FixedEnv};
///
/// let context = Context::isolated().with_env(FixedEnv::from([
///     ("ALIBABA_CLOUD_ACCESS_KEY_ID", "LTAI-example"),
///     ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", "example"),
/// ]));
/// let credentials = acs_credentials::from_env(&context)?;
/// assert_eq!(credentials.access_key_id(), "LTAI-example");
/// # Ok::<(), acs_core::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Context {
    env: Arc<dyn Env>,
    files: Arc<dyn Files>,
    processes: Arc<dyn Processes>,
    runtime: SharedRuntime,
    /// The runtime is the system's, whose timers need tokio.
    is_runtime_system: bool,
    transports: http::Transports,
    allow_process: bool,
    imds_v2_only: bool,
}

impl Context {
    /// Makes the context of a real program: the process's environment, files and network, the system's clock.
    pub fn system() -> Self {
        Self {
            env: Arc::new(SystemEnv),
            files: Arc::new(SystemFiles),
            processes: process::system(),
            runtime: Arc::new(SystemRuntime::new()),
            is_runtime_system: true,
            transports: http::Transports::system(),
            allow_process: true,
            imds_v2_only: false,
        }
    }

    /// Makes a context without variables, files, processes and network; time and randomness are the system's.
    pub fn isolated() -> Self {
        Self {
            env: Arc::new(FixedEnv::default()),
            files: Arc::new(NoFiles),
            processes: Arc::new(NoProcesses),
            runtime: Arc::new(SystemRuntime::new()),
            is_runtime_system: true,
            transports: http::Transports::none(),
            allow_process: true,
            imds_v2_only: false,
        }
    }

    /// Replaces the environment.
    #[must_use]
    pub fn with_env(mut self, env: impl Env + 'static) -> Self {
        self.env = Arc::new(env);
        self
    }

    /// Replaces the files.
    #[must_use]
    pub fn with_files(mut self, files: impl Files + 'static) -> Self {
        self.files = Arc::new(files);
        self
    }

    /// Replaces what starts processes.
    #[must_use]
    pub fn with_processes(mut self, processes: impl Processes + 'static) -> Self {
        self.processes = Arc::new(processes);
        self
    }

    /// Replaces time, sleep and randomness.
    #[must_use]
    pub fn with_runtime(mut self, runtime: SharedRuntime) -> Self {
        self.runtime = runtime;
        self.is_runtime_system = false;
        self
    }

    /// Replaces the network, for every request of this crate.
    #[must_use]
    pub fn with_transport(mut self, transport: SharedTransport) -> Self {
        self.transports = http::Transports::given(Arc::clone(&transport), transport);
        self
    }

    /// Replaces the network by two transports: `direct` takes the instance metadata service and credentials URIs, and
    /// must use no proxy; `general` takes all else (https), and may use one.
    #[must_use]
    pub fn with_transports(mut self, general: SharedTransport, direct: SharedTransport) -> Self {
        self.transports = http::Transports::given(general, direct);
        self
    }

    /// Forbids, with `false`, what `ALIBABA_CLOUD_DISABLE_EXTERNAL_PROCESS` forbids: to run a program, and to ask an
    /// address that a profile or options name. Whoever can write the file then can't make this program do either.
    #[must_use]
    pub fn allow_process(mut self, allow: bool) -> Self {
        self.allow_process = allow;
        self
    }

    /// Never asks version 1 of the instance metadata service, as `ALIBABA_CLOUD_IMDSV1_DISABLED` does: recommended.
    #[must_use]
    pub fn imds_v2_only(mut self) -> Self {
        self.imds_v2_only = true;
        self
    }

    /// Returns the wall-clock time.
    pub fn now(&self) -> DateTime<Utc> {
        self.runtime.now()
    }

    /// Returns time, sleep and randomness.
    pub fn runtime(&self) -> &SharedRuntime {
        &self.runtime
    }

    /// Returns the files.
    pub(crate) fn files(&self) -> &dyn Files {
        self.files.as_ref()
    }

    /// Returns what starts processes.
    pub(crate) fn processes(&self) -> &dyn Processes {
        self.processes.as_ref()
    }

    pub(crate) fn transports(&self) -> &http::Transports {
        &self.transports
    }

    /// Fails where what a profile asks of others is forbidden; `what` is not done then.
    pub(crate) fn check_process_allowed(&self, what: &str) -> Result<(), Failure> {
        let by = if !self.allow_process {
            "the program"
        } else if self.switch(vars::DISABLE_EXTERNAL_PROCESS)? {
            vars::DISABLE_EXTERNAL_PROCESS
        } else {
            return Ok(());
        };
        Err(Failure::new(format!("{what}: {by} forbids it")))
    }

    /// Says whether version 1 of the instance metadata service must not be asked.
    pub(crate) fn is_imds_v2_only(&self) -> Result<bool, Failure> {
        Ok(self.imds_v2_only || self.switch(vars::IMDSV1_DISABLED)?)
    }

    /// Reads a variable; one that is blank counts as not set.
    ///
    /// # Errors
    /// Its value is not UTF-8.
    pub(crate) fn var(&self, name: &str) -> Result<Option<String>, Failure> {
        let Some(value) = self.env.var(name) else {
            return Ok(None);
        };
        let value = value
            .into_string()
            .map_err(|_| Failure::input(name, "the variable's value is not UTF-8"))?;
        Ok((!value.trim().is_empty()).then_some(value))
    }

    /// Reads a switch: `true` or `1`, in any case, is on.
    ///
    /// # Errors
    /// Its value is not UTF-8.
    pub(crate) fn switch(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.var(name)?.is_some_and(|value| is_true(&value)))
    }

    /// Returns the user's home folder: `HOME`, and on Windows `USERPROFILE`, else `HOMEDRIVE` with `HOMEPATH`.
    pub(crate) fn home(&self) -> Option<PathBuf> {
        let dir = |name: &str| self.env.var(name).filter(|value| !value.is_empty());
        if !cfg!(windows) {
            return dir("HOME").map(PathBuf::from);
        }
        dir("USERPROFILE").map(PathBuf::from).or_else(|| {
            let mut path = dir("HOMEDRIVE")?;
            path.push(dir("HOMEPATH")?);
            Some(path.into())
        })
    }

    /// Returns a number from 0 to 1, both included, at random.
    pub(crate) fn random_share(&self) -> f64 {
        let mut random = [0_u8; 4];
        self.runtime.fill_random(&mut random);
        f64::from(u32::from_le_bytes(random)) / f64::from(u32::MAX)
    }

    /// Ends after `duration`.
    pub(crate) fn sleep(&self, duration: Duration) -> BoxFuture<'static, ()> {
        if self.is_runtime_system && Handle::try_current().is_err() {
            return timer::sleep(duration);
        }
        self.runtime.sleep(duration)
    }
}

impl Default for Context {
    fn default() -> Self {
        Self::system()
    }
}

/// Reads a truth value the way the variables and files spell it.
pub(crate) fn is_true(value: &str) -> bool {
    let value = value.trim();
    value.eq_ignore_ascii_case("true") || value == "1"
}
