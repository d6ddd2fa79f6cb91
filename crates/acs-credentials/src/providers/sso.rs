//! CloudSSO: the keys of an access configuration, for who has logged in with the `aliyun` command line.

use acs_core::Body;
use http::{HeaderValue, Method, Request, Uri, header};

use crate::config::cli::CliProfileEntry;
use crate::context::Context;
use crate::context::http::{Bounds, Route, exchange};
use crate::failure::Failure;
use crate::providers::cli::{owned, stored_session};
use crate::session::{self, Clocks};
use crate::shown;
use crate::source::Found;
use crate::sts::read_error;

pub(super) const BOUNDS: Bounds = Bounds {
    time: std::time::Duration::from_secs(10),
    body: 256 << 10,
};

/// Takes the keys that the profile holds, while they last; else fetches new ones with its access token.
pub(super) async fn load(
    context: &Context,
    profile: &CliProfileEntry,
    origin: String,
) -> Result<Found, Failure> {
    let (Some(url), Some(account), Some(configuration)) = (
        &profile.cloud_sso_sign_in_url,
        &profile.cloud_sso_account_id,
        &profile.cloud_sso_access_config,
    ) else {
        return Err(Failure::new(
            "CloudSSO sign in url or account id or access config is empty: run `aliyun configure --mode CloudSSO`",
        ));
    };
    if let Some(keys) = stored_session(context, profile, "cloud_sso")? {
        return Ok(Found::new(keys, origin));
    }
    let now = context.now();
    let token = match (&profile.access_token, profile.cloud_sso_access_token_expire) {
        (Some(token), Some(end)) if end > now.timestamp() => token,
        _ => {
            let name = owned(profile.name.as_ref()).unwrap_or_default();
            return Err(Failure::new(format!(
                "CloudSSO access token is empty or expired, please re-login with cli: `aliyun configure --mode CloudSSO --profile {}`",
                shown::name(&name)
            )));
        }
    };
    let body = serde_json::json!({
        "AccountId": account.as_str(),
        "AccessConfigurationId": configuration.as_str(),
    });
    let request = Request::builder()
        .method(Method::POST)
        .uri(endpoint(url)?)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::AUTHORIZATION, bearer(token)?)
        .body(Body::from(body.to_string().into_bytes()))
        .map_err(|_| Failure::new("CloudSSO: the request cannot be built"))?;
    let answer = exchange(context, Route::General, request, BOUNDS)
        .await
        .map_err(|fault| Failure::new(format!("CloudSSO: {fault}")))?;
    if answer.status != 200 {
        return Err(Failure::service(
            "CloudSSO gave no session",
            read_error(&answer),
        ));
    }
    let what = "the answer of CloudSSO";
    let mut map = session::parse_object(&answer.body, what)?;
    let mut keys = session::take_object(&mut map, "CloudCredential")
        .ok_or_else(|| Failure::new(format!("{what} holds no credentials")))?;
    let clocks = Clocks {
        what,
        now,
        headers: &answer.headers,
    };
    let keys = session::take_session(&mut keys, "cloud_sso".to_owned(), &clocks)?;
    Ok(Found::new(keys, origin))
}

/// The address of the keys: on the host of the sign-in page, which must be https.
fn endpoint(sign_in_url: &str) -> Result<Uri, Failure> {
    let invalid = || Failure::new("CloudSSO sign in url is malformed: it must be https");
    let url: Uri = sign_in_url.trim().parse().map_err(|_| invalid())?;
    let (Some("https"), Some(host)) = (url.scheme_str(), url.host()) else {
        return Err(invalid());
    };
    let port = url
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!("https://{host}{port}/cloud-credentials")
        .parse()
        .map_err(|_| invalid())
}

/// Writes an `Authorization` header that no log shows.
pub(super) fn bearer(token: &str) -> Result<HeaderValue, Failure> {
    let mut value = HeaderValue::from_str(&format!("Bearer {token}"))
        .map_err(|_| Failure::new("the access token holds a character that no header can hold"))?;
    value.set_sensitive(true);
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_keys_are_on_the_host_of_the_sign_in_page_over_https() {
        assert_eq!(
            endpoint("https://signin-x.example.com:8443/abc/login?x=1").unwrap(),
            "https://signin-x.example.com:8443/cloud-credentials"
        );
        for url in [
            "http://signin.example.com/login",
            "signin.example.com",
            "",
            "https://",
        ] {
            endpoint(url).unwrap_err();
        }
    }
}
