//! Being asked to stop: Ctrl-C, and where there are such things SIGTERM and SIGHUP.

use acs_vod::upload::CancelToken;

use crate::failure::{Failure, INTERRUPTED};

/// Listens for the wish to stop, from its making to the end of the process.
///
/// The first signal ends what is under way, and lets it tidy up. A second one ends the process at once.
#[derive(Clone, Debug, Default)]
pub(crate) struct Stop {
    wish: CancelToken,
}

impl Stop {
    /// Begins to listen: from here on a signal no longer ends the process by itself.
    pub(crate) fn listen() -> Self {
        let stop = Self::default();
        let wish = stop.wish.clone();
        let mut signals = Signals::register();
        tokio::spawn(async move {
            signals.next().await;
            wish.cancel();
            signals.next().await;
            std::process::exit(i32::from(INTERRUPTED));
        });
        stop
    }

    /// What an upload is called off by.
    pub(crate) fn token(&self) -> &CancelToken {
        &self.wish
    }

    /// Waits for the wish.
    pub(crate) async fn wished(&self) {
        self.wish.cancelled().await;
    }

    /// Does the work, or gives it up when the wish comes first.
    pub(crate) async fn or<T>(
        &self,
        work: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        tokio::select! {
            biased;
            () = self.wished() => Err(Failure::interrupted()),
            done = work => done,
        }
    }
}

/// Where a handler can't be registered, the signal keeps its own effect.
#[cfg(unix)]
struct Signals(Vec<tokio::signal::unix::Signal>);

#[cfg(unix)]
impl Signals {
    fn register() -> Self {
        use tokio::signal::unix::{SignalKind, signal};
        let mut kinds = vec![SignalKind::interrupt(), SignalKind::terminate()];
        if !ignores_hangup() {
            kinds.push(SignalKind::hangup());
        }
        Self(kinds.into_iter().filter_map(|it| signal(it).ok()).collect())
    }

    async fn next(&mut self) {
        let signals = &mut self.0;
        std::future::poll_fn(|context| {
            let came = signals
                .iter_mut()
                .any(|signal| signal.poll_recv(context).is_ready());
            match came {
                true => std::task::Poll::Ready(()),
                false => std::task::Poll::Pending,
            }
        })
        .await;
    }
}

/// Says whether the process was started to outlive its terminal, as by `nohup`: a handler would undo that.
///
/// Known on Linux only, by the mask in `/proc/self/status`, whose lowest bit is SIGHUP.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status
        .lines()
        .find_map(|line| line.strip_prefix("SigIgn:"))
        .and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask & 1 == 1)
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn register() -> Self {
        Self
    }

    async fn next(&mut self) {
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
