//! What is left of a secret in this process's memory once nobody holds it any more.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used)]

use std::fs;
use std::io::{Read as _, Seek as _, SeekFrom};
use std::path::Path;

use acs_credentials::{
    CliProfile, Context, CredentialsCache, FixedEnv, Profile, Source, Static, SystemFiles,
};

/// A secret that only ever stands masked in memory, until it is given away.
struct Masked(Vec<u8>);

impl Masked {
    fn new() -> Self {
        let mut random = [0; 24];
        fs::File::open("/dev/urandom")
            .unwrap()
            .read_exact(&mut random)
            .unwrap();
        Self(
            random
                .iter()
                .map(|byte| (b'a' + byte % 26) ^ 0xa5)
                .collect(),
        )
    }

    fn reveal(&self) -> String {
        String::from_utf8(self.0.iter().map(|byte| byte ^ 0xa5).collect()).unwrap()
    }

    /// Counts the places in memory that hold the secret.
    fn copies(&self) -> usize {
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = fs::File::open("/proc/self/mem").unwrap();
        // One buffer, used again, and excluded: what was read before is not a copy.
        let mut buffer = vec![0_u8; 1 << 20];
        let own = buffer.as_ptr() as u64..buffer.as_ptr() as u64 + buffer.len() as u64;
        let mut found = 0;
        for line in maps.lines().filter(|line| line.contains(" rw")) {
            let (start, end) = line.split_once(' ').unwrap().0.split_once('-').unwrap();
            let (mut at, end) = (
                u64::from_str_radix(start, 16).unwrap(),
                u64::from_str_radix(end, 16).unwrap(),
            );
            while at < end {
                let length = buffer.len().min(usize::try_from(end - at).unwrap());
                if memory.seek(SeekFrom::Start(at)).is_err()
                    || memory.read_exact(&mut buffer[..length]).is_err()
                {
                    break;
                }
                let is_here = |window: &[u8]| {
                    window
                        .iter()
                        .zip(&self.0)
                        .all(|(byte, masked)| *byte == masked ^ 0xa5)
                };
                for (offset, window) in buffer[..length].windows(self.0.len()).enumerate() {
                    found += usize::from(is_here(window) && !own.contains(&(at + offset as u64)));
                }
                // Overlapping, for a secret on the border.
                at +=
                    (length as u64).saturating_sub(if at + (length as u64) < end { 64 } else { 0 });
            }
        }
        buffer.fill(0);
        found
    }
}

fn context(home: &Path) -> Context {
    Context::isolated()
        .with_files(SystemFiles)
        .with_env(FixedEnv::from([("HOME", home.as_os_str())]))
}

/// Writes a file that holds the secret, without keeping what was written.
fn write(path: &Path, before: &str, secret: &Masked, after: &str) {
    let mut text = zeroize::Zeroizing::new(String::with_capacity(512));
    text.push_str(before);
    text.push_str(&zeroize::Zeroizing::new(secret.reveal()));
    text.push_str(after);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text.as_bytes()).unwrap();
    fs::File::options()
        .write(true)
        .open(path)
        .unwrap()
        .set_modified(std::time::UNIX_EPOCH)
        .unwrap();
}

async fn load_and_drop(
    source: impl Source + 'static,
    context: Context,
    secret: &Masked,
) -> (usize, usize) {
    let cache = CredentialsCache::builder(source).context(context).build();
    let keys = cache.get().await.unwrap();
    let held = secret.copies();
    drop(keys);
    drop(cache);
    // The task that loaded holds the cache until it ends.
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
    (held, secret.copies())
}

#[tokio::test]
async fn b5_no_copy_of_a_secret_is_left_when_its_holders_are_gone() {
    let home = tempfile::tempdir().unwrap();
    let secret = Masked::new();
    assert_eq!(secret.copies(), 0, "the scan finds the mask");
    let shown = secret.reveal();
    assert_eq!(secret.copies(), 1, "the scan does not find what is there");
    let given = Static::access_key("LTAI", shown).unwrap();
    let (held, left) = load_and_drop(given, Context::isolated(), &secret).await;
    println!("B5: given by the program: {held} in use, {left} left");
    assert!(held >= 1);
    assert_eq!(left, 0);

    let secret = Masked::new();
    write(
        &home.path().join(".alibabacloud/credentials"),
        "[default]\ntype = access_key\naccess_key_id = LTAI\naccess_key_secret = ",
        &secret,
        "\n",
    );
    let (held, left) = load_and_drop(Profile::current(), context(home.path()), &secret).await;
    println!("B5: read from the ini file: {held} in use, {left} left");
    assert!(held >= 1);
    assert_eq!(left, 0);

    let secret = Masked::new();
    write(
        &home.path().join(".aliyun/config.json"),
        r#"{"current":"a","profiles":[{"name":"a","mode":"AK","access_key_id":"LTAI","access_key_secret":""#,
        &secret,
        r#""}]}"#,
    );
    let (held, left) = load_and_drop(CliProfile::current(), context(home.path()), &secret).await;
    println!("B5: read from config.json: {held} in use, {left} left");
    assert!(held >= 1);
    assert_eq!(left, 0);
}
