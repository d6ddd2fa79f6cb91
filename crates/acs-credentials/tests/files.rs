//! Files that change while they are read, tokens that rotate, and the one file that is written.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{Body, BoxFuture, Transport, TransportError};
use acs_credentials::{Context, FixedEnv, OidcRoleArn, Profile, Source, SystemFiles};

const PROVIDER: &str = "acs:ram::1234567890123456:oidc-provider/k8s";

/// Writes a file as if it had been there for long.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    age(path);
}

fn age(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .unwrap();
}

fn context(home: &Path) -> Context {
    Context::isolated()
        .with_files(SystemFiles)
        .with_env(FixedEnv::from([("HOME", home.as_os_str())]))
}

/// The secret that a round of rewriting writes: it begins with the number of the round.
fn secret_of(round: usize) -> String {
    format!(
        "{round:04}{}",
        ["a", "b"][round % 2].repeat(300 + round % 2 * 100)
    )
}

fn text_of(round: usize) -> String {
    let secret = secret_of(round);
    format!("[default]\ntype = access_key\naccess_key_id = I\naccess_key_secret = {secret}\n")
}

/// Rewrites a file in place until told to stop, half of it at a time, and returns how long each round was half done.
fn rewrite(path: &Path, is_done: &AtomicBool) -> Vec<Duration> {
    let clock = Context::isolated();
    let now = || clock.runtime().elapsed();
    let mut rounds = vec![Duration::ZERO];
    while !is_done.load(SeqCst) {
        let text = text_of(rounds.len());
        let start = now();
        let mut file = fs::File::options()
            .write(true)
            .truncate(true)
            .open(path)
            .unwrap();
        // Half a secret is well-formed too.
        file.write_all(&text.as_bytes()[..150]).unwrap();
        std::thread::sleep(Duration::from_millis(3));
        file.write_all(&text.as_bytes()[150..]).unwrap();
        drop(file);
        rounds.push(now() - start);
        std::thread::sleep(Duration::from_millis(350));
    }
    rounds
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn f19_a_file_that_is_rewritten_in_place_is_read_old_or_new_and_never_half() {
    const READS: usize = 5_000;
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".alibabacloud/credentials");
    write(&path, &text_of(0));
    let is_done = Arc::new(AtomicBool::new(false));
    let writer = std::thread::spawn({
        let (path, is_done) = (path.clone(), Arc::clone(&is_done));
        move || rewrite(&path, &is_done)
    });
    let context = context(home.path());
    let readers: Vec<_> = (0..50)
        .map(|_| {
            let context = context.clone();
            tokio::spawn(async move {
                let mut answers = Vec::new();
                for _ in 0..READS / 50 {
                    let found = Profile::current().load(&context).await;
                    answers.push(
                        found
                            .map(|found| found.credentials.access_key_secret().to_owned())
                            .map_err(|error| error.to_string()),
                    );
                }
                answers
            })
        })
        .collect();
    let mut answers = Vec::new();
    for reader in readers {
        answers.extend(reader.await.unwrap());
    }
    is_done.store(true, SeqCst);
    let rounds = writer.join().unwrap();
    // A machine that stops the writer half-way for longer than a file must hold still makes a file that is half and holds
    // still. Nobody can tell, so that round is not counted.
    let stalled = |round: usize| {
        rounds
            .get(round)
            .is_some_and(|half| *half > Duration::from_millis(80))
    };
    let any_stalled = (0..rounds.len()).any(stalled);
    let (mut whole, mut busy, mut torn, mut void) = (0, 0, 0, 0);
    for answer in &answers {
        let is_void = match answer {
            Ok(secret) => {
                let round = secret
                    .get(..4)
                    .and_then(|digits| digits.parse::<usize>().ok());
                if round.is_some_and(|round| secret_of(round) == *secret) {
                    whole += 1;
                    continue;
                }
                round.map_or(any_stalled, stalled)
            }
            Err(error) if error.contains("rewritten all the time") => {
                busy += 1;
                continue;
            }
            Err(_) => any_stalled,
        };
        void += usize::from(is_void);
        torn += usize::from(!is_void);
    }
    println!(
        "F19: {READS} reads during {} rewrites: {whole} whole, {busy} told that it is busy, {torn} torn, {void} of a stopped writer",
        rounds.len() - 1
    );
    assert_eq!(torn, 0);
    assert!(whole > READS / 2, "{whole}");
}

/// Keeps the OIDC tokens that were sent, and gives sessions of an hour.
#[derive(Debug, Default)]
struct Tokens(Mutex<Vec<String>>);

impl Transport for Tokens {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            assert!(
                !request.uri().to_string().contains("TOKEN"),
                "the token is in the URL"
            );
            let body = request.into_body().collect(1 << 20).await.unwrap();
            let form = String::from_utf8(body.to_vec()).unwrap();
            let token = form
                .split('&')
                .find_map(|pair| pair.strip_prefix("OIDCToken="))
                .unwrap();
            self.0.lock().unwrap().push(token.to_owned());
            let body = r#"{"Credentials":{"AccessKeyId":"STS.O","AccessKeySecret":"s","SecurityToken":"t","Expiration":"2999-01-01T00:00:00Z"}}"#;
            Ok(http::Response::new(Body::from(body.as_bytes().to_vec())))
        })
    }
}

#[cfg(unix)]
#[tokio::test]
async fn f20_the_oidc_token_file_is_read_again_at_each_exchange() {
    let home = tempfile::tempdir().unwrap();
    let at = |name: &str| home.path().join(name);
    let tokens = Arc::new(Tokens::default());
    let context = context(home.path()).with_transport(Arc::clone(&tokens) as _);
    // As Kubernetes does it: the file is a link into a folder that is itself replaced.
    write(&at("one/token"), "TOKEN-1\n");
    write(&at("two/token"), " TOKEN-2 ");
    std::os::unix::fs::symlink(at("one"), at("data")).unwrap();
    std::os::unix::fs::symlink(at("data/token"), at("token")).unwrap();
    let source = OidcRoleArn::builder(support::ROLE, PROVIDER, at("token"))
        .build()
        .unwrap();
    source.load(&context).await.unwrap();
    fs::remove_file(at("data")).unwrap();
    std::os::unix::fs::symlink(at("two"), at("data")).unwrap();
    source.load(&context).await.unwrap();
    write(&at("two/token"), "TOKEN-3");
    source.load(&context).await.unwrap();
    println!("F20: tokens sent: {:?}", tokens.0.lock().unwrap());
    assert_eq!(*tokens.0.lock().unwrap(), ["TOKEN-1", "TOKEN-2", "TOKEN-3"]);

    for (text, expected) in [
        ("", "the file is empty"),
        (" \n", "the file is empty"),
        ("TOKEN with space", "white space"),
    ] {
        write(&at("two/token"), text);
        let error = source.load(&context).await.unwrap_err().to_string();
        assert!(
            error.contains(expected) && !error.contains("TOKEN"),
            "{error}"
        );
        assert!(error.contains(at("token").to_str().unwrap()), "{error}");
    }
    fs::remove_file(at("data")).unwrap();
    let error = source.load(&context).await.unwrap_err().to_string();
    assert!(error.contains("No such file"), "{error}");
    assert_eq!(tokens.0.lock().unwrap().len(), 3);
}

#[tokio::test]
async fn what_is_no_file_or_too_large_is_an_error_at_once() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join(".alibabacloud/credentials");
    fs::create_dir_all(&path).unwrap();
    let error = Profile::current()
        .load(&context(home.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("not a regular file"), "{error}");
    fs::remove_dir(&path).unwrap();
    let mut file = fs::File::create(&path).unwrap();
    file.seek(std::io::SeekFrom::Start(10 << 20)).unwrap();
    file.write_all(b"x").unwrap();
    drop(file);
    age(&path);
    let error = Profile::current()
        .load(&context(home.path()))
        .await
        .unwrap_err()
        .to_string();
    assert!(error.contains("more than"), "{error}");
}
