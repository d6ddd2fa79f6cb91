//! Names that OSS accepts, and those that would reach another object than the one that is meant.

use acs_core::Error;

/// The longest object key, in bytes of UTF-8.
const MAX_KEY_BYTES: usize = 1023;

/// Checks an object key before anything is sent.
///
/// OSS takes 1 to 1023 bytes that begin with neither `/` nor `\`. Segments `.` and `..` are refused besides: URL
/// libraries and proxies resolve them, so that a request would reach another object than the one that was signed.
pub(crate) fn check_key(key: &str) -> Result<(), Error> {
    let refuse = |reason: String| Err(Error::invalid_parameter("object key", reason));
    if key.is_empty() {
        return refuse("must not be empty".to_owned());
    }
    if key.len() > MAX_KEY_BYTES {
        return refuse(format!(
            "has {} bytes, and {MAX_KEY_BYTES} are allowed",
            key.len()
        ));
    }
    if key.starts_with(['/', '\\']) {
        return refuse(format!("must not begin with `/` or `\\`: {}", shown(key)));
    }
    if key.split('/').any(|segment| matches!(segment, "." | "..")) {
        return refuse(format!(
            "must not have a segment `.` or `..`, which others would resolve as a path: {}",
            shown(key)
        ));
    }
    if key.chars().any(char::is_control) {
        return refuse(format!("must not hold control characters: {}", shown(key)));
    }
    Ok(())
}

/// Checks a bucket name: 3 to 63 lower-case letters, digits and `-`, which is not at either end.
pub(crate) fn check_bucket(name: &str) -> Result<(), Error> {
    let has_valid_characters = name
        .bytes()
        .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-');
    let has_valid_form = (3..=63).contains(&name.len())
        && has_valid_characters
        && !name.starts_with('-')
        && !name.ends_with('-');
    if has_valid_form {
        return Ok(());
    }
    Err(Error::invalid_parameter(
        "bucket",
        format!(
            "{} is no bucket name: 3 to 63 lower-case letters, digits and inner `-`",
            shown(name)
        ),
    ))
}

/// The beginning of a name, fit for an error's line.
fn shown(name: &str) -> String {
    const SHOWN_CHARS: usize = 80;
    let head: String = name.chars().take(SHOWN_CHARS).collect();
    if head.len() < name.len() {
        format!("{head:?}...")
    } else {
        format!("{head:?}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_that_would_reach_another_object_are_refused() {
        for key in [
            "", "/a", "\\a", ".", "..", "a/../b", "a/.", "./a", "a/./b", "a\nb", "a\0",
        ] {
            assert_eq!(
                check_key(key).unwrap_err().field(),
                Some("object key"),
                "{key:?}"
            );
        }
        assert!(check_key(&"k".repeat(1024)).is_err());
        assert!(check_key(&"课".repeat(342)).is_err());
    }

    #[test]
    fn keys_that_only_look_odd_are_accepted() {
        for key in [
            "a",
            "a//b",
            "a/",
            "...",
            "a/..b/c..",
            "课程 [1]+%2e%2e#?.mp4",
            "%2e%2e/a",
        ] {
            check_key(key).unwrap();
        }
        check_key(&"k".repeat(1023)).unwrap();
    }

    #[test]
    fn a_wrong_bucket_name_is_refused() {
        for name in [
            "",
            "ab",
            "Bucket",
            "a_b",
            "-ab",
            "ab-",
            "a.b.c",
            "a/b",
            &"b".repeat(64),
        ] {
            assert_eq!(
                check_bucket(name).unwrap_err().field(),
                Some("bucket"),
                "{name}"
            );
        }
        check_bucket("outin-3f9a1c7e5b2d11f0a6c400163e1a2b3c").unwrap();
    }
}
