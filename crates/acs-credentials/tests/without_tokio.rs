//! Callers that are in no tokio runtime: served where none is needed, and told so where one is.
#![allow(clippy::unwrap_used)]

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::task::{Context as Task, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::Duration;

use acs_core::Credentials;
use acs_credentials::{Context, CredentialsCache, CredentialsUri, from_fn};

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

/// Drives a future on this thread, as any small executor does.
fn block_on<T>(future: impl Future<Output = T>) -> T {
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut task = Task::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut task) {
            Poll::Ready(value) => return value,
            Poll::Pending => std::thread::park(),
        }
    }
}

#[cfg(all(unix, feature = "process"))]
#[test]
fn a_program_outside_a_runtime_is_an_error_that_says_so_and_no_panic() {
    let context = Context::isolated().with_processes(acs_credentials::SystemProcesses);
    let cache = CredentialsCache::builder(acs_credentials::ExternalProcess::new("/bin/true"))
        .context(context)
        .build();
    let error = block_on(cache.get()).unwrap_err().to_string();
    assert!(
        error.contains("there is no tokio runtime here") && !error.contains("panicked"),
        "{error}"
    );
}

#[test]
fn the_network_outside_a_runtime_is_an_error_that_says_so_and_no_panic() {
    let source = CredentialsUri::new("http://127.0.0.1:1/x");
    let cache = CredentialsCache::builder(source)
        .context(Context::system())
        .build();
    let error = block_on(cache.get()).unwrap_err().to_string();
    assert!(
        error.contains("there is no tokio runtime here") && !error.contains("panicked"),
        "{error}"
    );
}

#[test]
fn f22_a_caller_in_no_runtime_waits_for_the_load_of_one_that_lives() {
    let loads = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&loads);
    let source = from_fn("slow", move || {
        let number = counted.fetch_add(1, SeqCst) + 1;
        async move {
            tokio::time::sleep(Duration::from_millis(100)).await;
            Ok(Credentials::access_key(format!("LTAI{number}"), "secret").unwrap())
        }
    });
    let cache = CredentialsCache::builder(source)
        .context(Context::isolated())
        .build();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    let first = runtime.spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    while loads.load(SeqCst) == 0 {
        std::thread::yield_now();
    }
    let keys = block_on(cache.get()).unwrap();
    assert_eq!(
        (keys.access_key_id(), loads.load(SeqCst)),
        ("LTAI1", 1),
        "it started a load of its own"
    );
    block_on(first).unwrap().unwrap();
}

#[test]
fn f22_a_caller_in_no_runtime_replaces_the_load_of_one_that_was_dropped() {
    let loads = Arc::new(AtomicU32::new(0));
    let counted = Arc::clone(&loads);
    let source = from_fn("slow", move || {
        let number = counted.fetch_add(1, SeqCst) + 1;
        async move {
            if number == 1 {
                tokio::time::sleep(Duration::from_secs(600)).await;
            }
            Ok(Credentials::access_key(format!("LTAI{number}"), "secret").unwrap())
        }
    });
    let cache = CredentialsCache::builder(source)
        .context(Context::isolated())
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        tokio::time::timeout(Duration::from_millis(20), cache.get())
            .await
            .unwrap_err();
    });
    drop(runtime);
    let keys = block_on(cache.get()).unwrap();
    assert_eq!((keys.access_key_id(), loads.load(SeqCst)), ("LTAI2", 2));
}
