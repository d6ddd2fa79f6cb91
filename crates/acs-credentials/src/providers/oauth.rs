//! OAuth: the keys of who has logged in through the browser with the `aliyun` command line.

use std::io;
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use acs_core::Body;
use chrono::{DateTime, Utc};
use http::{Method, Request, header};
use serde_json::Value;
use zeroize::Zeroizing;

use crate::config::cli::{CliProfileEntry, Secret};
use crate::context::Context;
use crate::context::http::{Answer, Route, exchange};
use crate::failure::Failure;
use crate::providers::cli::{MAX_CONFIG_BYTES, read, stored_session};
use crate::providers::sso::{BOUNDS, bearer};
use crate::session::{self, Clocks};
use crate::source::Found;
use crate::sts::{encode_pairs, read_error};

/// An access token with less time left, in seconds, is replaced first.
const REPLACE_BEFORE: i64 = 1200;
const DEFAULT_LIFETIME: i64 = 3600;
const LOGIN: &str = "run `aliyun configure --mode OAuth`";

struct Site {
    base: &'static str,
    client_id: &'static str,
}

/// Tokens that replaced those of the file, for the case that they could not be written to it.
#[derive(Default)]
pub(super) struct Rotated(Mutex<Option<Rotation>>);

struct Rotation {
    old_refresh_token: Secret,
    tokens: Tokens,
}

#[derive(Clone)]
struct Tokens {
    access: Secret,
    refresh: Secret,
    /// Unix time in seconds.
    access_expires: i64,
}

/// Takes the keys that the profile holds, while they last; else fetches new ones, with a new access token where that is
/// due. A refresh token is good for one use, so the one that replaces it is written to the file at once.
pub(super) async fn load(
    context: &Context,
    path: &Path,
    profile: &CliProfileEntry,
    rotated: &Rotated,
    origin: String,
) -> Result<Found, Failure> {
    let site = match profile
        .oauth_site_type
        .as_deref()
        .map(|site| site.trim().to_ascii_uppercase())
    {
        Some(site) if site == "CN" => Site {
            base: "https://oauth.aliyun.com",
            client_id: "4038181954557748008",
        },
        Some(site) if site == "INTL" => Site {
            base: "https://oauth.alibabacloud.com",
            client_id: "4103531455503354461",
        },
        _ => {
            return Err(Failure::new(format!(
                "invalid OAuth site type, support CN or INTL: {LOGIN}"
            )));
        }
    };
    if let Some(keys) = stored_session(context, profile, "oauth")? {
        return Ok(Found::new(keys, origin));
    }
    let held = Held::of(profile, rotated);
    let access = match (
        held.fresh_access(context.now()),
        &held.refresh,
        &held.access,
    ) {
        (Some(access), ..) => access,
        (None, Some(_), _) => match renew(context, path, profile, rotated, &site).await {
            Ok(access) => access,
            Err(failure) => {
                let Some(access) = held.unexpired_access(context.now()) else {
                    return Err(failure);
                };
                tracing::warn!(file = %path.display(), %failure, "the OAuth tokens were not replaced: the access token is used while it lasts");
                access
            }
        },
        // Nothing can replace it: it may still be good for a while.
        (None, None, Some(access)) => access.clone(),
        (None, None, None) => return Err(no_token()),
    };
    exchange_token(context, &site, &access, context.now(), origin).await
}

/// The tokens of a profile, or those that replaced them.
struct Held {
    access: Option<Secret>,
    refresh: Option<Secret>,
    /// Unix time in seconds.
    access_expires: i64,
}

impl Held {
    fn of(profile: &CliProfileEntry, rotated: &Rotated) -> Self {
        match rotated.replacing(profile.oauth_refresh_token.as_ref()) {
            Some(tokens) => Self {
                access: Some(tokens.access),
                refresh: Some(tokens.refresh),
                access_expires: tokens.access_expires,
            },
            None => Self {
                access: profile.oauth_access_token.clone(),
                refresh: profile.oauth_refresh_token.clone(),
                access_expires: profile.oauth_access_token_expire.unwrap_or_default(),
            },
        }
    }

    /// Returns the access token, if it need not be replaced yet.
    fn fresh_access(&self, now: DateTime<Utc>) -> Option<Secret> {
        self.access_with_left(now, REPLACE_BEFORE)
    }

    /// Returns the access token, if it can still be used.
    fn unexpired_access(&self, now: DateTime<Utc>) -> Option<Secret> {
        self.access_with_left(now, 0)
    }

    fn access_with_left(&self, now: DateTime<Utc>, seconds: i64) -> Option<Secret> {
        let left = self.access_expires.saturating_sub(now.timestamp());
        self.access.clone().filter(|_| left > seconds)
    }
}

/// Replaces the tokens of a profile: by those that another program wrote meanwhile, else by new ones, which are written.
///
/// The lock is held from reading the file to writing it: two programs that used one refresh token would log the user out.
async fn renew(
    context: &Context,
    path: &Path,
    profile: &CliProfileEntry,
    rotated: &Rotated,
    site: &Site,
) -> Result<Secret, Failure> {
    let lock = match context.files().lock(path).await {
        Ok(lock) => Some(lock),
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
            return Err(Failure::input(
                path.display().to_string(),
                error.to_string(),
            ));
        }
        Err(error) => {
            tracing::warn!(file = %path.display(), %error, "the file with the OAuth tokens cannot be locked: two programs may use one token");
            None
        }
    };
    let name = profile.name.as_deref().map_or("", String::as_str);
    let config = read(context, path)
        .await?
        .ok_or_else(|| Failure::input(path.display().to_string(), "the file is gone"))?;
    let profile = config.profile(name).ok_or_else(no_token)?;
    let held = Held::of(profile, rotated);
    if let Some(access) = held.fresh_access(context.now()) {
        return Ok(access);
    }
    let refresh = held.refresh.ok_or_else(no_token)?;
    let tokens = replace_tokens(context, site, &refresh, context.now()).await?;
    // The file may still hold an older one than was sent, where an earlier write failed.
    let in_file = profile.oauth_refresh_token.as_ref().unwrap_or(&refresh);
    rotated.keep(in_file, &tokens);
    if let Err(error) = write_tokens(context, path, name, in_file, &tokens).await {
        tracing::warn!(file = %path.display(), %error, "the new OAuth tokens were not written: the next program has to log in");
    }
    drop(lock);
    Ok(tokens.access)
}

fn no_token() -> Failure {
    Failure::new(format!("the profile holds no OAuth token: {LOGIN}"))
}

async fn replace_tokens(
    context: &Context,
    site: &Site,
    refresh: &str,
    now: DateTime<Utc>,
) -> Result<Tokens, Failure> {
    let time = now.format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let form = encode_pairs(&[
        ("grant_type", "refresh_token"),
        ("refresh_token", refresh),
        ("client_id", site.client_id),
        ("Timestamp", &time),
    ]);
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/v1/token", site.base))
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .body(Body::from(form.into_bytes()));
    let answer = send(context, request).await?;
    if answer.status != 200 {
        return Err(Failure::service(
            format!(
                "the OAuth access token could not be replaced (if the log-in has ended: {LOGIN})"
            ),
            read_error(&answer),
        ));
    }
    let what = "the answer with new OAuth tokens";
    let mut map = session::parse_object(&answer.body, what)?;
    let lifetime = map
        .get("expires_in")
        .and_then(Value::as_i64)
        .filter(|seconds| *seconds > 0);
    let access = session::take_text(&mut map, &["access_token"]);
    let refresh = session::take_text(&mut map, &["refresh_token"]);
    let (Some(access), Some(refresh)) = (access, refresh) else {
        return Err(Failure::new(format!("{what} is not complete")));
    };
    Ok(Tokens {
        access,
        refresh,
        access_expires: now
            .timestamp()
            .saturating_add(lifetime.unwrap_or(DEFAULT_LIFETIME)),
    })
}

async fn exchange_token(
    context: &Context,
    site: &Site,
    access: &str,
    now: DateTime<Utc>,
    origin: String,
) -> Result<Found, Failure> {
    let request = Request::builder()
        .method(Method::POST)
        .uri(format!("{}/v1/exchange", site.base))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, bearer(access)?)
        .body(Body::empty());
    let answer = send(context, request).await?;
    if answer.status != 200 {
        return Err(Failure::service(
            format!("OAuth gave no session (if the log-in has ended: {LOGIN})"),
            read_error(&answer),
        ));
    }
    let what = "the answer of the OAuth exchange";
    let mut map = session::parse_object(&answer.body, what)?;
    let clocks = Clocks {
        what,
        now,
        headers: &answer.headers,
    };
    let keys = session::take_session(&mut map, "oauth".to_owned(), &clocks)?;
    Ok(Found::new(keys, origin))
}

async fn send(
    context: &Context,
    request: Result<Request<Body>, http::Error>,
) -> Result<Answer, Failure> {
    let request = request.map_err(|_| Failure::new("OAuth: the request cannot be built"))?;
    exchange(context, Route::General, request, BOUNDS)
        .await
        .map_err(|fault| Failure::new(format!("OAuth: {fault}")))
}

/// Puts the tokens into the profile of the file, unless a program that knows no lock was faster; all else stays as it was.
async fn write_tokens(
    context: &Context,
    path: &Path,
    name: &str,
    was_in_file: &Secret,
    tokens: &Tokens,
) -> io::Result<()> {
    let old = context.files().read(path, MAX_CONFIG_BYTES).await?;
    match with_tokens(&old, name, was_in_file, tokens)? {
        Some(new) => context.files().replace(path, new).await,
        None => Ok(()),
    }
}

/// Writes the file with the new tokens in it; `None` where the file no longer holds
/// the refresh token that it held when it was read.
fn with_tokens(
    old: &[u8],
    name: &str,
    was_in_file: &Secret,
    tokens: &Tokens,
) -> io::Result<Option<Zeroizing<Vec<u8>>>> {
    let malformed = || io::Error::other("the file has changed, and is no longer what it was");
    let bytes = old.strip_prefix(b"\xef\xbb\xbf").unwrap_or(old);
    let mut file: Value = serde_json::from_slice(bytes).map_err(|_| malformed())?;
    let is_ours = |entry: &&mut Value| entry.get("name").and_then(Value::as_str) == Some(name);
    let entry = file
        .get_mut("profiles")
        .and_then(Value::as_array_mut)
        .and_then(|profiles| profiles.iter_mut().find(is_ours))
        .and_then(Value::as_object_mut)
        .ok_or_else(malformed)?;
    let current = entry.get("oauth_refresh_token").and_then(Value::as_str);
    if current.is_some_and(|current| current != was_in_file.as_str()) {
        return Ok(None);
    }
    entry.insert(
        "oauth_access_token".to_owned(),
        tokens.access.as_str().into(),
    );
    entry.insert(
        "oauth_refresh_token".to_owned(),
        tokens.refresh.as_str().into(),
    );
    entry.insert(
        "oauth_access_token_expire".to_owned(),
        tokens.access_expires.into(),
    );
    let mut text = Zeroizing::new(serde_json::to_vec_pretty(&file)?);
    text.push(b'\n');
    Ok(Some(text))
}

impl Rotated {
    fn replacing(&self, in_file: Option<&Secret>) -> Option<Tokens> {
        let rotation = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let rotation = rotation.as_ref()?;
        (in_file == Some(&rotation.old_refresh_token)).then(|| rotation.tokens.clone())
    }

    fn keep(&self, in_file: &Zeroizing<String>, tokens: &Tokens) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(Rotation {
            old_refresh_token: in_file.clone(),
            tokens: tokens.clone(),
        });
    }
}
