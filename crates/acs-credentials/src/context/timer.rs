//! A timer for callers without a tokio runtime.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};
use std::time::Duration;

use acs_core::BoxFuture;

#[derive(Default)]
struct State {
    is_over: bool,
    waker: Option<Waker>,
}

/// Ends after `duration`, on a thread of its own: tokio's timers panic where no runtime of it is.
pub(super) fn sleep(duration: Duration) -> BoxFuture<'static, ()> {
    let state = Arc::new(Mutex::new(State::default()));
    let ends = Arc::clone(&state);
    let thread = std::thread::Builder::new()
        .name("acs-credentials-timer".to_owned())
        .spawn(move || {
            std::thread::sleep(duration);
            let waker = {
                let mut state = lock(&ends);
                state.is_over = true;
                state.waker.take()
            };
            if let Some(waker) = waker {
                waker.wake();
            }
        });
    if thread.is_err() {
        // No thread is to be had. A bound that comes too early is an error to its caller; none at all is a hang.
        lock(&state).is_over = true;
    }
    Box::pin(poll_fn(move |task| {
        let mut state = lock(&state);
        if state.is_over {
            return Poll::Ready(());
        }
        state.waker = Some(task.waker().clone());
        Poll::Pending
    }))
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // Every change to it is complete.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}
