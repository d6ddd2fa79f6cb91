//! What a cache hit costs, here and in the AWS SDK for Rust: nanoseconds, allocations, and how eight threads fare.
//!
//! `cargo run --release` prints a table, and fails where a promise of ours does not hold.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::hint::black_box;
use std::process::ExitCode;
use std::sync::Barrier;
use std::time::{Duration, SystemTime};

use acs_core::{Credentials, ProvideCredentials as _};
use acs_credentials::{Context, CredentialsCache, from_fn};
use aws_smithy_async::rt::sleep::{SharedAsyncSleep, TokioSleep};
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_smithy_runtime::client::identity::IdentityCache;
use aws_smithy_runtime_api::client::identity::{
    Identity, IdentityFuture, ResolveCachedIdentity, ResolveIdentity, SharedIdentityCache, SharedIdentityResolver,
};
use aws_smithy_runtime_api::client::runtime_components::{RuntimeComponents, RuntimeComponentsBuilder};
use aws_smithy_types::config_bag::ConfigBag;

const READS: u32 = 2_000_000;
const ROUNDS: usize = 5;
const LIFETIME: Duration = Duration::from_secs(24 * 3600);
/// A read may take this long, in nanoseconds, the clock included.
const LIMIT_NS: f64 = 100.0;
/// And this much longer on eight threads.
const LIMIT_SPREAD: f64 = 1.5;

/// Counts what the current thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: every call goes to the system's allocator as it came.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let ours = ours(&runtime);
    let aws = Aws::new();
    runtime.block_on(aws.hit());

    let handle = runtime.handle();
    println!("{:<44} {:>9} {:>12} {:>14}", "cache hit, clock read included", "1 thread", "allocations", "8 threads");
    let cached = measure("ours, cached()", || drop(black_box(ours.cached())));
    measure("ours, get().await", || drop(black_box(handle.block_on(ours.get()))));
    measure("ours, ProvideCredentials::credentials().await", || {
        drop(black_box(handle.block_on(ours.credentials())));
    });
    measure("aws-smithy-runtime, resolve_cached_identity", || handle.block_on(aws.hit()));
    measure("(an empty block_on, in each of the last three)", || handle.block_on(async {}));

    let spread = cached.eight / cached.one;
    println!("\nours: {:.0} ns, {} allocations, eight threads x{spread:.2} per read", cached.one, cached.allocations);
    if cached.one > LIMIT_NS || cached.allocations > 0.0 || spread > LIMIT_SPREAD {
        println!("promised: at most {LIMIT_NS} ns, 0 allocations, x{LIMIT_SPREAD}");
        return ExitCode::FAILURE;
    }
    ExitCode::SUCCESS
}

fn ours(runtime: &tokio::runtime::Runtime) -> CredentialsCache {
    let source = from_fn("bench", || async {
        let end = chrono::Utc::now() + chrono::TimeDelta::from_std(LIFETIME).expect("a day");
        Ok(Credentials::sts("STS.x", "secret", "token")?.with_expiry(end))
    });
    let cache = CredentialsCache::builder(source).context(Context::system()).build();
    runtime.block_on(cache.get()).expect("the closure gives credentials");
    cache
}

/// Their cache, with what it is called with.
struct Aws {
    cache: SharedIdentityCache,
    resolver: SharedIdentityResolver,
    components: RuntimeComponents,
    config: ConfigBag,
}

#[derive(Debug)]
struct Resolver;

impl ResolveIdentity for Resolver {
    fn resolve_identity<'a>(&'a self, _: &'a RuntimeComponents, _: &'a ConfigBag) -> IdentityFuture<'a> {
        let end = SystemTime::now() + LIFETIME;
        let keys = aws_credential_types::Credentials::new("AKID", "secret", Some("token".into()), Some(end), "bench");
        IdentityFuture::ready(Ok(Identity::new(keys, Some(end))))
    }
}

impl Aws {
    fn new() -> Self {
        let components = RuntimeComponentsBuilder::for_tests()
            .with_time_source(Some(SharedTimeSource::new(SystemTimeSource::new())))
            .with_sleep_impl(Some(SharedAsyncSleep::new(TokioSleep::new())))
            .build()
            .expect("components for tests");
        Self {
            cache: IdentityCache::lazy().build(),
            resolver: SharedIdentityResolver::new(Resolver),
            components,
            config: ConfigBag::base(),
        }
    }

    async fn hit(&self) {
        let identity = self.cache.resolve_cached_identity(self.resolver.clone(), &self.components, &self.config).await;
        drop(black_box(identity.expect("the resolver gives credentials")));
    }
}

struct Measured {
    /// Nanoseconds a read.
    one: f64,
    /// Nanoseconds a read, when eight threads read at once.
    eight: f64,
    /// A read.
    allocations: f64,
}

/// Measures a read: the best of several rounds, since the machine has other work too.
fn measure(name: &str, read: impl Fn() + Sync) -> Measured {
    let one = best(|| on_threads(1, &read));
    let eight = best(|| on_threads(8, &read));
    let before = ALLOCATIONS.get();
    (0..1_000).for_each(|_| read());
    let allocations = (ALLOCATIONS.get() - before) as f64 / 1_000.0;
    println!("{name:<44} {one:>6.0} ns {allocations:>12.2} {eight:>11.0} ns");
    Measured { one, eight, allocations }
}

/// Nanoseconds of processor time that a read takes, when several threads read at once. Time on the processor is what
/// counts: other programs of the machine take turns with these threads.
fn on_threads(threads: u32, read: &(impl Fn() + Sync)) -> f64 {
    let reads = READS / threads;
    let start_line = Barrier::new(threads as usize);
    let took: Duration = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..threads)
            .map(|_| {
                scope.spawn(|| {
                    (0..1_000).for_each(|_| read());
                    start_line.wait();
                    let before = processor_time();
                    (0..reads).for_each(|_| read());
                    processor_time() - before
                })
            })
            .collect();
        workers.into_iter().map(|worker| worker.join().expect("reads do not panic")).sum()
    });
    took.as_secs_f64() * 1e9 / f64::from(reads * threads)
}

/// How long this thread has been on a processor.
fn processor_time() -> Duration {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").expect("this bench runs on Linux");
    let nanos = text.split(' ').next().and_then(|first| first.parse().ok());
    Duration::from_nanos(nanos.expect("schedstat begins with nanoseconds"))
}

fn best(round: impl Fn() -> f64) -> f64 {
    (0..ROUNDS).map(|_| round()).fold(f64::INFINITY, f64::min)
}
