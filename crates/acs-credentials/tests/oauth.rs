//! OAuth: a log-in that lasts as long as its refresh token, which is good for one use and lives in a file that programs
//! share.
#![cfg(feature = "oauth")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use acs_core::{Body, BoxFuture, Transport, TransportError};
use acs_credentials::{CliProfile, Context, FileLock, Files, FixedEnv, Source as _, SystemFiles};
use zeroize::Zeroizing;

/// Writes a file as if it had been there for long.
fn write(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_modified(std::time::UNIX_EPOCH + Duration::from_secs(1_700_000_000))
        .unwrap();
}

fn context(home: &Path) -> Context {
    Context::isolated()
        .with_files(SystemFiles)
        .with_env(FixedEnv::from([("HOME", home.as_os_str())]))
}

/// An OAuth service whose refresh tokens are good for one use.
#[derive(Debug)]
struct OAuth {
    /// The number of the refresh token that is good.
    valid: Mutex<u32>,
    rejected: AtomicU32,
    /// Of access tokens, in seconds.
    lifetime: u32,
    /// A file that somebody else writes while a refresh is on its way.
    on_refresh: Mutex<Option<(PathBuf, String)>>,
}

impl OAuth {
    fn new(lifetime: u32) -> Arc<Self> {
        Arc::new(Self {
            valid: Mutex::new(0),
            rejected: AtomicU32::new(0),
            lifetime,
            on_refresh: Mutex::new(None),
        })
    }
}

impl Transport for OAuth {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        Box::pin(async move {
            let path = request.uri().path().to_owned();
            let body = request.into_body().collect(1 << 20).await.unwrap();
            let form = String::from_utf8(body.to_vec()).unwrap();
            let answer = |status: u16, body: String| {
                Ok(http::Response::builder()
                    .status(status)
                    .body(Body::from(body.into_bytes()))
                    .unwrap())
            };
            if path == "/v1/exchange" {
                return answer(200, r#"{"accessKeyId":"STS.A","accessKeySecret":"s","securityToken":"t","expiration":"2999-01-01T00:00:00Z"}"#.to_owned());
            }
            if let Some((path, text)) = self.on_refresh.lock().unwrap().take() {
                write(&path, &text);
            }
            // Long enough for others to come in between.
            tokio::time::sleep(Duration::from_millis(30)).await;
            let mut valid = self.valid.lock().unwrap();
            if !form.contains(&format!("refresh_token=RT{}&", *valid)) {
                self.rejected.fetch_add(1, SeqCst);
                return answer(400, r#"{"code":"InvalidRefreshToken"}"#.to_owned());
            }
            *valid += 1;
            answer(
                200,
                format!(
                    r#"{{"access_token":"AT{0}","refresh_token":"RT{0}","expires_in":{1}}}"#,
                    *valid, self.lifetime
                ),
            )
        })
    }
}

fn oauth_profile(home: &Path) -> PathBuf {
    let path = home.join(".aliyun/config.json");
    write(
        &path,
        r#"{"current":"o","meta_path":"keep-me","profiles":[
            {"name":"other","mode":"AK","access_key_id":"A","access_key_secret":"S","language":"en"},
            {"name":"o","mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"AT0","oauth_refresh_token":"RT0",
             "oauth_access_token_expire":1,"site":"keep-me-too"}]}"#,
    );
    path
}

#[tokio::test]
async fn a_rotated_refresh_token_is_written_at_once_and_nothing_else_is_changed() {
    let home = tempfile::tempdir().unwrap();
    let path = oauth_profile(home.path());
    let service = OAuth::new(3600);
    let context = context(home.path()).with_transport(Arc::clone(&service) as _);
    CliProfile::current().load(&context).await.unwrap();
    let before: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
    assert_eq!(before["profiles"][1]["oauth_refresh_token"], "RT1");
    assert_eq!(before["profiles"][1]["site"], "keep-me-too");
    assert_eq!(before["profiles"][0]["language"], "en");
    assert_eq!(before["meta_path"], "keep-me");
    // The session itself is not written: it is not ours to spread.
    assert!(before["profiles"][1].get("access_key_id").is_none());
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(
            fs::metadata(&path).unwrap().permissions().mode() & 0o777,
            0o600
        );
    }
    let left: Vec<_> = fs::read_dir(path.parent().unwrap())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    assert!(
        !left
            .iter()
            .any(|name| name.to_string_lossy().contains(".acs-")),
        "{left:?}"
    );
}

#[tokio::test]
async fn a_rotated_refresh_token_that_cannot_be_written_stays_in_use() {
    let home = tempfile::tempdir().unwrap();
    oauth_profile(home.path());
    let service = OAuth::new(3600);
    let context = Context::isolated()
        .with_files(ReadOnly)
        .with_env(FixedEnv::from([("HOME", home.path().as_os_str())]))
        .with_transport(Arc::clone(&service) as _);
    let source = CliProfile::current();
    for _ in 0..3 {
        source.load(&context).await.unwrap();
    }
    assert_eq!(service.rejected.load(SeqCst), 0);
}

#[tokio::test]
async fn a_renewal_after_a_failed_write_writes_the_newest_tokens() {
    let home = tempfile::tempdir().unwrap();
    let path = oauth_profile(home.path());
    // Access tokens that are due for replacement as soon as they come.
    let service = OAuth::new(600);
    let context = Context::isolated()
        .with_files(FullOnce(AtomicU32::new(1)))
        .with_env(FixedEnv::from([("HOME", home.path().as_os_str())]))
        .with_transport(Arc::clone(&service) as _);
    let source = CliProfile::current();
    for expected in ["RT0", "RT2", "RT3"] {
        source.load(&context).await.unwrap();
        assert_eq!(refresh_token_in(&path), expected);
    }
    // Whoever comes next goes on from there.
    CliProfile::current().load(&context).await.unwrap();
    assert_eq!(refresh_token_in(&path), "RT4");
    assert_eq!(service.rejected.load(SeqCst), 0);
}

#[tokio::test]
async fn tokens_of_a_login_after_a_failed_write_are_not_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let path = oauth_profile(home.path());
    let service = OAuth::new(600);
    let context = Context::isolated()
        .with_files(FullOnce(AtomicU32::new(1)))
        .with_env(FixedEnv::from([("HOME", home.path().as_os_str())]))
        .with_transport(Arc::clone(&service) as _);
    let source = CliProfile::current();
    source.load(&context).await.unwrap();
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("RT0", "RT-of-a-login");
    *service.on_refresh.lock().unwrap() = Some((path.clone(), text));
    source.load(&context).await.unwrap();
    assert_eq!(refresh_token_in(&path), "RT-of-a-login");
}

/// The system's files on a disk that is full for a number of writes.
#[derive(Debug)]
struct FullOnce(AtomicU32);

impl Files for FullOnce {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        limit: usize,
    ) -> BoxFuture<'a, std::io::Result<Zeroizing<Vec<u8>>>> {
        SystemFiles.read(path, limit)
    }

    fn lock<'a>(&'a self, path: &'a Path) -> BoxFuture<'a, std::io::Result<FileLock>> {
        SystemFiles.lock(path)
    }

    fn replace<'a>(
        &'a self,
        path: &'a Path,
        text: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, std::io::Result<()>> {
        if self
            .0
            .fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1))
            .is_ok()
        {
            return Box::pin(std::future::ready(Err(
                std::io::ErrorKind::StorageFull.into()
            )));
        }
        SystemFiles.replace(path, text)
    }
}

/// A profile whose access token is due for replacement, and whose refresh token the service does not know.
fn profile_that_cannot_be_renewed(home: &Path, access_left: i64) {
    let path = oauth_profile(home);
    let expires = std::time::UNIX_EPOCH.elapsed().unwrap().as_secs() as i64 + access_left;
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("\"RT0\"", "\"RT-gone\"")
        .replace(
            "\"oauth_access_token_expire\":1,",
            &format!("\"oauth_access_token_expire\":{expires},"),
        );
    write(&path, &text);
}

#[tokio::test]
async fn an_access_token_that_lasts_is_used_where_it_cannot_be_replaced() {
    let home = tempfile::tempdir().unwrap();
    profile_that_cannot_be_renewed(home.path(), 600);
    let service = OAuth::new(3600);
    let context = context(home.path()).with_transport(Arc::clone(&service) as _);
    CliProfile::current().load(&context).await.unwrap();
    assert_eq!(service.rejected.load(SeqCst), 1);
}

#[tokio::test]
async fn an_access_token_that_has_expired_is_not_used() {
    let home = tempfile::tempdir().unwrap();
    profile_that_cannot_be_renewed(home.path(), -1);
    let service = OAuth::new(3600);
    let context = context(home.path()).with_transport(Arc::clone(&service) as _);
    let error = CliProfile::current().load(&context).await.unwrap_err();
    assert!(
        error.to_string().contains("could not be replaced"),
        "{error}"
    );
}

/// Reads as the system does, and writes nothing.
#[derive(Debug)]
struct ReadOnly;

impl Files for ReadOnly {
    fn read<'a>(
        &'a self,
        path: &'a Path,
        limit: usize,
    ) -> BoxFuture<'a, std::io::Result<Zeroizing<Vec<u8>>>> {
        SystemFiles.read(path, limit)
    }

    fn lock<'a>(&'a self, _: &'a Path) -> BoxFuture<'a, std::io::Result<FileLock>> {
        Box::pin(std::future::ready(Err(
            std::io::ErrorKind::PermissionDenied.into(),
        )))
    }

    fn replace<'a>(
        &'a self,
        _: &'a Path,
        _: Zeroizing<Vec<u8>>,
    ) -> BoxFuture<'a, std::io::Result<()>> {
        Box::pin(std::future::ready(Err(
            std::io::ErrorKind::PermissionDenied.into(),
        )))
    }
}

#[tokio::test]
async fn a_link_stays_a_link_and_a_lock_is_waited_for() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("file");
    let link = home.path().join("link");
    write(&path, "0");
    #[cfg(unix)]
    std::os::unix::fs::symlink(&path, &link).unwrap();
    #[cfg(not(unix))]
    let link = path.clone();
    let mut tasks = Vec::new();
    for _ in 0..20 {
        let link = link.clone();
        tasks.push(tokio::spawn(async move {
            let lock = SystemFiles.lock(&link).await.unwrap();
            let old = fs::read_to_string(&link).unwrap();
            tokio::task::yield_now().await;
            let new = (old.parse::<u32>().unwrap() + 1).to_string();
            let new = Zeroizing::new(new.into_bytes());
            SystemFiles.replace(&link, new).await.unwrap();
            drop(lock);
        }));
    }
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(fs::read_to_string(&path).unwrap(), "20");
    #[cfg(unix)]
    assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
}

/// Lets programs, each with a context of its own, ask at once, and returns how many got keys.
async fn race(home: &Path, service: &Arc<OAuth>, programs: usize) -> usize {
    let tasks: Vec<_> = (0..programs)
        .map(|_| {
            let context = context(home).with_transport(Arc::clone(service) as _);
            tokio::spawn(async move { CliProfile::current().load(&context).await })
        })
        .collect();
    let mut served = 0;
    for task in tasks {
        served += usize::from(task.await.unwrap().is_ok());
    }
    served
}

fn refresh_token_in(path: &Path) -> String {
    let file: serde_json::Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
    file["profiles"][1]["oauth_refresh_token"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_race_for_one_refresh_token_use_it_once_and_share_what_it_gave() {
    for programs in [2, 8] {
        let home = tempfile::tempdir().unwrap();
        let path = oauth_profile(home.path());
        let service = OAuth::new(3600);
        let served = race(home.path(), &service, programs).await;
        assert_eq!(served, programs);
        assert_eq!(service.rejected.load(SeqCst), 0);
        assert_eq!(*service.valid.lock().unwrap(), 1, "replacements");
        assert_eq!(refresh_token_in(&path), "RT1");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn programs_that_must_each_replace_the_tokens_do_so_one_after_the_other() {
    let home = tempfile::tempdir().unwrap();
    let path = oauth_profile(home.path());
    // Access tokens that are due for replacement as soon as they come.
    let service = OAuth::new(600);
    assert_eq!(race(home.path(), &service, 4).await, 4);
    assert_eq!(service.rejected.load(SeqCst), 0);
    assert_eq!(*service.valid.lock().unwrap(), 4, "replacements");
    assert_eq!(refresh_token_in(&path), "RT4");
}

#[tokio::test]
async fn tokens_that_another_program_wrote_meanwhile_are_not_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let path = oauth_profile(home.path());
    let service = OAuth::new(3600);
    let text = fs::read_to_string(&path)
        .unwrap()
        .replace("RT0", "RT-of-a-login");
    *service.on_refresh.lock().unwrap() = Some((path.clone(), text));
    let context = context(home.path()).with_transport(Arc::clone(&service) as _);
    CliProfile::current().load(&context).await.unwrap();
    assert_eq!(refresh_token_in(&path), "RT-of-a-login");
}
