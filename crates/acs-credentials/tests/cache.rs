//! One load for all callers, whatever becomes of them, of the service, or of the runtime.
#![allow(clippy::unwrap_used)]

mod support;

use std::future::Future as _;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::Ordering::SeqCst;
use std::task::{Context as Task, Waker};
use std::time::Duration;

use acs_core::{Credentials, ProvideCredentials as _, Runtime as _};
use acs_credentials::{
    Context, CredentialsCache, CredentialsCacheBuilder, LoadError, RamRoleArn, Source,
};
use support::{Clock, Faucet, ROLE, Sts, context, failed, session};

const CALLERS: usize = 1_000;
const HOUR: Duration = Duration::from_secs(3600);
const TEN_MS: Duration = Duration::from_millis(10);

fn cache_of(source: impl Source + 'static, clock: &Arc<Clock>) -> CredentialsCacheBuilder {
    CredentialsCache::builder(source).context(context(clock))
}

fn role(clock: &Arc<Clock>, sts: &Arc<Sts>) -> CredentialsCache {
    let role = RamRoleArn::builder(ROLE)
        .source(Credentials::access_key("LTAI", "secret").unwrap())
        .build()
        .unwrap();
    CredentialsCache::builder(role)
        .context(context(clock).with_transport(Arc::clone(sts) as _))
        .build()
}

/// Starts many callers at once, and returns how many got credentials.
async fn all_ask(cache: &CredentialsCache) -> usize {
    let tasks: Vec<_> = (0..CALLERS)
        .map(|_| {
            let cache = cache.clone();
            tokio::spawn(async move { cache.credentials().await.is_ok() })
        })
        .collect();
    let mut served = 0;
    for task in tasks {
        served += usize::from(task.await.unwrap());
    }
    served
}

#[tokio::test(start_paused = true)]
async fn l1_a_thousand_callers_and_a_cold_cache_make_one_call() {
    let clock = Clock::new();
    let sts = Sts::new(&clock, TEN_MS);
    let cache = role(&clock, &sts);
    let served = all_ask(&cache).await;
    println!("L1: {served} of {CALLERS} served, {} call(s)", sts.calls());
    assert_eq!((served, sts.calls()), (CALLERS, 1));
}

#[tokio::test(start_paused = true)]
async fn l2_a_load_goes_on_when_the_caller_that_started_it_is_cancelled() {
    let clock = Clock::new();
    let sts = Sts::new(&clock, TEN_MS);
    let cache = role(&clock, &sts);
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get().await }
    });
    tokio::time::sleep(TEN_MS / 2).await;
    let others = tokio::spawn({
        let cache = cache.clone();
        async move { all_ask(&cache).await }
    });
    tokio::task::yield_now().await;
    leader.abort();
    assert!(leader.await.unwrap_err().is_cancelled());
    let served = others.await.unwrap();
    println!("L2: {served} of {CALLERS} served, {} call(s)", sts.calls());
    assert_eq!((served, sts.calls()), (CALLERS, 1));
}

#[tokio::test(start_paused = true)]
async fn l3_a_service_that_is_down_gets_the_attempts_of_one_load_and_then_a_pause() {
    let clock = Clock::new();
    let sts = Sts::new(&clock, TEN_MS);
    sts.status.store(500, SeqCst);
    let cache = role(&clock, &sts);
    let before = clock.elapsed();
    let served = all_ask(&cache).await;
    let took = clock.elapsed() - before;
    let first = sts.calls();
    // Whoever comes in the pause is told the same at once.
    assert_eq!(all_ask(&cache).await, 0);
    println!(
        "L3: {first} call(s), all {CALLERS} answered in {took:?}, {} call(s) in the pause",
        sts.calls() - first
    );
    assert_eq!(served, 0);
    assert!(
        first <= 3 && sts.calls() == first,
        "{first}, then {}",
        sts.calls()
    );
    assert!(took < Duration::from_secs(1), "{took:?}");
    let error = cache.get().await.unwrap_err();
    assert_eq!(
        (error.code(), error.request_id()),
        (Some("InternalError"), Some("R-9"))
    );
    // After the pause the service is asked again, and found.
    sts.status.store(200, SeqCst);
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!(all_ask(&cache).await, CALLERS);
}

#[tokio::test(start_paused = true)]
async fn l4_what_is_still_valid_is_served_while_the_service_is_down() {
    let clock = Clock::new();
    let (faucet, loads) = Faucet::new(TEN_MS, |number, now| {
        if number == 1 {
            Ok(session(1, now, HOUR))
        } else {
            Err(failed("the service is down"))
        }
    });
    let cache = cache_of(faucet, &clock).build();
    cache.get().await.unwrap();
    // In the advisory window, where a load starts, and then in each second until the end.
    tokio::time::sleep(Duration::from_secs(2800)).await;
    let (mut served, mut asked) = (0, 0);
    for _ in 0..790 {
        served += usize::from(cache.get().await.is_ok());
        asked += 1;
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
    let retries = loads.load(SeqCst) - 1;
    // 1, 2, 4, 8, 16, 32 s, then each 60 s: at most 6 + 790 / 45 steps with the jitter.
    println!("L4: {served} of {asked} served, {retries} loads in 790 s of backoff");
    assert_eq!(served, asked);
    assert!((10..=24).contains(&retries), "{retries}");
    let many = all_ask(&cache).await;
    println!(
        "L4: {many} of {CALLERS} served at once, {} more load(s)",
        loads.load(SeqCst) - 1 - retries
    );
    assert_eq!(many, CALLERS);
    assert!(loads.load(SeqCst) - 1 - retries <= 1);
    // Once expired, it is an error with its cause.
    tokio::time::sleep(Duration::from_secs(600)).await;
    let error = cache.get().await.unwrap_err().to_string();
    assert!(
        error.contains("expired at") && error.contains("the service is down"),
        "{error}"
    );
}

#[tokio::test(start_paused = true)]
async fn l5_credentials_that_are_near_their_end_make_no_storm() {
    let clock = Clock::new();
    let (faucet, loads) = Faucet::of_sessions(TEN_MS, Duration::from_secs(5));
    let cache = cache_of(faucet, &clock).build();
    let served = all_ask(&cache).await + all_ask(&cache).await;
    let loads = loads.load(SeqCst);
    println!("L5: {served} of {} served, {loads} load(s)", 2 * CALLERS);
    assert_eq!(served, 2 * CALLERS);
    assert!(loads <= 2, "{loads}");
}

#[tokio::test(start_paused = true)]
async fn l5_credentials_that_come_expired_are_an_error_and_make_no_storm() {
    let clock = Clock::new();
    let (faucet, loads) = Faucet::new(TEN_MS, |number, now| {
        Ok(session(number, now, Duration::ZERO))
    });
    let cache = cache_of(faucet, &clock).build();
    let served = all_ask(&cache).await + all_ask(&cache).await;
    println!("L5: {served} served, {} load(s)", loads.load(SeqCst));
    assert_eq!((served, loads.load(SeqCst)), (0, 1));
    let error = cache.get().await.unwrap_err().to_string();
    assert!(error.contains("already expired"), "{error}");
}

#[test]
fn l6_eight_threads_read_the_cache_without_a_load_and_without_waiting() {
    const READS: u32 = 100_000;
    let keys = Credentials::access_key("LTAI", "secret").unwrap();
    let loads = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = Arc::clone(&loads);
    let source = acs_credentials::from_fn("counted", move || {
        counted.fetch_add(1, SeqCst);
        std::future::ready(Ok(keys.clone()))
    });
    let cache = CredentialsCache::builder(source)
        .context(Context::isolated())
        .build();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(cache.get()).unwrap();
    let read = |threads: u32| {
        let clock = Context::isolated();
        let start = clock.runtime().elapsed();
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| (0..READS).for_each(|_| assert!(cache.cached().is_some())));
            }
        });
        (clock.runtime().elapsed() - start) / (READS * threads)
    };
    // How long a read takes is measured by the bench in `peers`, in an optimised build.
    println!(
        "L6: a read in {:?} on one thread, {:?} on eight; {} load",
        read(1),
        read(8),
        loads.load(SeqCst)
    );
    assert_eq!(loads.load(SeqCst), 1);
}

/// Plays 24 hours of a call each 10 s, and returns loads and how many credentials had expired.
async fn a_day(window: Option<Duration>) -> (u32, u32) {
    let clock = Clock::new();
    let (faucet, loads) = Faucet::of_sessions(Duration::from_millis(200), HOUR);
    let builder = cache_of(faucet, &clock);
    let cache = match window {
        Some(window) => builder.advisory_window(window),
        None => builder,
    }
    .build();
    let mut expired = 0;
    while clock.elapsed() < 24 * HOUR {
        let keys = cache.get().await.unwrap();
        expired += u32::from(keys.expires_at().unwrap() <= clock.now());
        tokio::time::sleep(Duration::from_secs(10)).await;
    }
    (loads.load(SeqCst), expired)
}

#[tokio::test(start_paused = true)]
async fn l8_a_day_of_sessions_of_an_hour_never_serves_an_expired_one() {
    let (loads, expired) = a_day(Some(Duration::from_secs(300))).await;
    println!("L8: with an advisory window of 5 min: {loads} loads in 24 h, {expired} expired");
    assert_eq!(expired, 0);
    assert!((24..=27).contains(&loads), "{loads}");
    // The default window of 15 min renews 45 min after each load at the earliest.
    let (loads, expired) = a_day(None).await;
    println!("L8: with the default window of 15 min: {loads} loads in 24 h, {expired} expired");
    assert_eq!(expired, 0);
    assert!((30..=33).contains(&loads), "{loads}");
}

#[tokio::test(start_paused = true)]
async fn a_session_of_900_s_is_not_renewed_at_each_call() {
    let clock = Clock::without_jitter();
    let (faucet, loads) = Faucet::of_sessions(TEN_MS, Duration::from_secs(900));
    let cache = cache_of(faucet, &clock).build();
    for (second, expected) in [(0, 1), (600, 1), (670, 1), (680, 2), (700, 2)] {
        tokio::time::sleep((Duration::from_secs(second)).saturating_sub(clock.elapsed())).await;
        cache.get().await.unwrap();
        tokio::time::sleep(TEN_MS * 2).await;
        assert_eq!(loads.load(SeqCst), expected, "at {second} s");
    }
}

#[tokio::test(start_paused = true)]
async fn callers_wait_in_the_mandatory_window_and_not_in_the_advisory_one() {
    let clock = Clock::without_jitter();
    let (faucet, _) = Faucet::of_sessions(Duration::from_secs(2), HOUR);
    let cache = cache_of(faucet, &clock).build();
    cache.get().await.unwrap();
    tokio::time::sleep_until(tokio::time::Instant::now() + Duration::from_secs(2710)).await;
    let before = clock.elapsed();
    assert_eq!(cache.get().await.unwrap().access_key_id(), "STS.1");
    assert_eq!(
        clock.elapsed(),
        before,
        "the advisory window made a caller wait"
    );
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(cache.get().await.unwrap().access_key_id(), "STS.2");
    tokio::time::sleep(Duration::from_secs(3500)).await;
    assert_eq!(cache.get().await.unwrap().access_key_id(), "STS.3");
}

#[tokio::test(start_paused = true)]
async fn rejected_credentials_are_not_served_again() {
    let clock = Clock::new();
    let (faucet, loads) = Faucet::of_sessions(TEN_MS, HOUR);
    let cache = cache_of(faucet, &clock).build();
    let first = cache.get().await.unwrap();
    cache.invalidate(&first);
    let second = cache.get().await.unwrap();
    assert_eq!(second.access_key_id(), "STS.2");
    // A late refusal of the old ones leaves the new ones in use.
    cache.invalidate(&first);
    assert!(cache.get().await.unwrap().is_same(&second));
    assert_eq!(loads.load(SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn expired_credentials_are_served_only_for_the_grace_that_was_asked_for() {
    let clock = Clock::new();
    let outage = |number, now| {
        if number == 1 {
            Ok(session(1, now, HOUR))
        } else {
            Err(failed("down"))
        }
    };
    let (faucet, _) = Faucet::new(TEN_MS, outage);
    let lenient = cache_of(faucet, &clock)
        .allow_expired_for(Duration::from_secs(600))
        .build();
    lenient.get().await.unwrap();
    tokio::time::sleep(HOUR + Duration::from_secs(500)).await;
    lenient.get().await.unwrap();
    tokio::time::sleep(Duration::from_secs(200)).await;
    lenient.get().await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_panics_is_a_failure_of_its_own_and_of_no_caller() {
    let clock = Clock::new();
    let (faucet, _) = Faucet::new(TEN_MS, |number, now| {
        assert_ne!(number, 1, "the first load panics");
        Ok(session(number, now, HOUR))
    });
    let cache = cache_of(faucet, &clock).build();
    let error = cache.get().await.unwrap_err().to_string();
    assert!(error.contains("panicked"), "{error}");
    tokio::time::sleep(Duration::from_secs(2)).await;
    cache.get().await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn f21_a_call_that_is_dropped_anywhere_leaves_the_cache_usable() {
    let mut tried = 0;
    for polls in 0..12 {
        let clock = Clock::new();
        let (faucet, loads) = Faucet::of_sessions(TEN_MS, HOUR);
        let cache = cache_of(faucet, &clock).build();
        {
            let mut call = pin!(cache.get());
            let mut task = Task::from_waker(Waker::noop());
            for _ in 0..polls {
                if call.as_mut().poll(&mut task).is_ready() {
                    break;
                }
                tokio::time::sleep(TEN_MS / 4).await;
            }
        }
        cache.get().await.unwrap();
        let loads = loads.load(SeqCst);
        assert!(loads <= 2, "{loads} loads after {polls} polls");
        tried += 1;
    }
    println!(
        "F21: dropped after 0 to {} polls: the next call was served each time, with at most 2 loads",
        tried - 1
    );
}

/// The same without a runtime that drives loads: the callers do, and hand the load on.
#[test]
fn f21_without_a_runtime_the_callers_drive_the_load_and_hand_it_on() {
    use std::sync::atomic::AtomicU32;
    use std::task::Poll;

    let (loads, steps) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let (counted, stepped) = (Arc::clone(&loads), Arc::clone(&steps));
    let source = acs_credentials::from_fn("slow", move || {
        counted.fetch_add(1, SeqCst);
        let steps = Arc::clone(&stepped);
        std::future::poll_fn(move |_| match steps.fetch_add(1, SeqCst) {
            0..4 => Poll::Pending,
            _ => Poll::Ready(Ok::<_, LoadError>(
                Credentials::access_key("LTAI", "secret").unwrap(),
            )),
        })
    });
    let cache = CredentialsCache::builder(source)
        .context(Context::isolated())
        .build();
    let mut task = Task::from_waker(Waker::noop());
    let mut served = false;
    for _ in 0..6 {
        // Each caller polls once and gives up.
        served |= pin!(cache.get()).as_mut().poll(&mut task).is_ready();
    }
    println!(
        "F21: without a runtime: {} load, driven by {} callers",
        loads.load(SeqCst),
        steps.load(SeqCst)
    );
    assert!(served);
    assert_eq!(loads.load(SeqCst), 1);
}

fn current_thread() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
}

fn slow_first_load() -> (CredentialsCache, Arc<std::sync::atomic::AtomicU32>) {
    let loads = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counted = Arc::clone(&loads);
    let source = acs_credentials::from_fn("slow", move || {
        let number = counted.fetch_add(1, SeqCst) + 1;
        async move {
            if number == 1 {
                tokio::time::sleep(Duration::from_secs(600)).await;
            }
            Ok(Credentials::access_key(format!("LTAI{number}"), "secret").unwrap())
        }
    });
    (
        CredentialsCache::builder(source)
            .context(Context::isolated())
            .build(),
        loads,
    )
}

#[test]
fn f22_a_load_whose_runtime_was_dropped_is_replaced() {
    let (cache, loads) = slow_first_load();
    let first = current_thread();
    first.block_on(async {
        let call = tokio::time::timeout(Duration::from_millis(20), cache.get()).await;
        assert!(call.is_err(), "the first load ended at once");
    });
    drop(first);
    let keys = current_thread().block_on(async {
        tokio::time::timeout(Duration::from_secs(30), cache.get())
            .await
            .unwrap()
            .unwrap()
    });
    println!(
        "F22: runtime dropped: served by load {} of {}",
        keys.access_key_id(),
        loads.load(SeqCst)
    );
    assert_eq!((keys.access_key_id(), loads.load(SeqCst)), ("LTAI2", 2));
}

#[test]
fn f22_a_load_whose_runtime_stands_still_is_replaced() {
    let (cache, loads) = slow_first_load();
    let first = current_thread();
    first.block_on(async {
        let call = tokio::time::timeout(Duration::from_millis(20), cache.get()).await;
        assert!(call.is_err(), "the first load ended at once");
    });
    // The first runtime is there, and nobody drives it.
    let keys = current_thread().block_on(async {
        tokio::time::timeout(Duration::from_secs(30), cache.get())
            .await
            .unwrap()
            .unwrap()
    });
    println!(
        "F22: runtime stands still: served by load {} of {}",
        keys.access_key_id(),
        loads.load(SeqCst)
    );
    assert_eq!((keys.access_key_id(), loads.load(SeqCst)), ("LTAI2", 2));
    drop(first);
}

#[test]
fn f22_runtimes_that_live_share_one_load() {
    let (mut rounds, mut served) = (0, 0);
    // Often, since who comes first is up to the machine.
    for _ in 0..20 {
        let (faucet, loads) = Faucet::new(Duration::from_millis(20), |number, _| {
            Ok(Credentials::access_key(format!("LTAI{number}"), "secret").unwrap())
        });
        let cache = CredentialsCache::builder(faucet)
            .context(Context::isolated())
            .build();
        let start = Arc::new(std::sync::Barrier::new(8));
        let threads: Vec<_> = (0..8)
            .map(|_| {
                let (cache, start) = (cache.clone(), Arc::clone(&start));
                std::thread::spawn(move || {
                    let runtime = current_thread();
                    start.wait();
                    runtime.block_on(cache.get()).is_ok()
                })
            })
            .collect();
        for thread in threads {
            served += u32::from(thread.join().unwrap());
        }
        assert_eq!(loads.load(SeqCst), 1, "round {rounds}");
        rounds += 1;
    }
    println!(
        "F22: {served} of {} runtimes served, one load for each 8 of them",
        rounds * 8
    );
    assert_eq!(served, rounds * 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn f22_block_on_inside_a_runtime_works() {
    let (faucet, _) = Faucet::of_sessions(TEN_MS, HOUR);
    let cache = CredentialsCache::builder(faucet)
        .context(Context::isolated())
        .build();
    let keys =
        tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(cache.get()));
    keys.unwrap();
}
