//! Credentials from an address that hands them out, a sidecar say.

use std::borrow::Cow;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use acs_core::{Body, BoxFuture};
use http::{Method, Request, Uri};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::context::http::{Bounds, Route, exchange};
use crate::failure::{Failure, LoadError};
use crate::session::{self, Clocks};
use crate::source::{Found, Source};
use crate::vars;

const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(10),
    body: 64 << 10,
};

/// An address that answers a GET with the keys of a session, in the JSON of the instance metadata service.
///
/// It is https. Plain http goes to loopback (`localhost` too), link-local and 100.64.0.0/10 addresses; a name other than
/// `localhost` is not looked up for this. Never by a proxy; only status 200 counts, redirects are not followed.
pub struct CredentialsUri {
    /// `None`: that of `ALIBABA_CLOUD_CREDENTIALS_URI`. Its query may hold a secret.
    uri: Option<Zeroizing<String>>,
    /// A file or options name it, and not the program or the environment: what forbids programs forbids it too.
    is_of_profile: bool,
    allow_plain_http: bool,
}

impl CredentialsUri {
    /// Asks an address.
    pub fn new(uri: impl Into<String>) -> Self {
        Self {
            uri: Some(Zeroizing::new(uri.into())),
            ..Self::from_env()
        }
    }

    /// Asks the address that a profile names.
    pub(crate) fn of_profile(uri: impl Into<String>) -> Self {
        Self {
            is_of_profile: true,
            ..Self::new(uri)
        }
    }

    /// Asks the address in `ALIBABA_CLOUD_CREDENTIALS_URI`.
    pub fn from_env() -> Self {
        Self {
            uri: None,
            is_of_profile: false,
            allow_plain_http: false,
        }
    }

    /// Takes plain http to any address: whoever is on the way reads the keys.
    #[must_use]
    pub fn allow_plain_http(mut self, allow: bool) -> Self {
        self.allow_plain_http = allow;
        self
    }

    async fn fetch(&self, context: &Context) -> Result<Found, LoadError> {
        if self.is_of_profile {
            context.check_process_allowed("the credentials URI of the profile is not asked")?;
        }
        let text = match &self.uri {
            Some(uri) => uri.clone(),
            None => Zeroizing::new(context.var(vars::CREDENTIALS_URI)?.ok_or_else(|| {
                LoadError::not_configured(format!("{} is not set", vars::CREDENTIALS_URI))
            })?),
        };
        let uri: Uri = text
            .trim()
            .parse()
            .map_err(|_| Failure::new("the credentials URI is malformed"))?;
        let shown = harmless(&uri);
        self.check(&uri).map_err(|reason| {
            Failure::new(format!(
                "the credentials URI {shown} is not asked: {reason}"
            ))
        })?;
        let request = Request::builder()
            .method(Method::GET)
            .uri(uri)
            .body(Body::empty())
            .map_err(|_| Failure::new("the credentials URI is malformed"))?;
        let answer = exchange(context, Route::Direct, request, BOUNDS)
            .await
            .map_err(|fault| Failure::new(format!("the credentials URI {shown}: {fault}")))?;
        if answer.status != 200 {
            return Err(Failure::new(format!(
                "the credentials URI {shown} answered HTTP {}",
                answer.status
            ))
            .into());
        }
        let what = format!("the answer of the credentials URI {shown}");
        let mut map = session::parse_object(&answer.body, &what)?;
        session::check_code(&map, &what, false)?;
        let clocks = Clocks {
            what: &what,
            now: context.now(),
            headers: &answer.headers,
        };
        let keys = session::take_session(&mut map, "credential_uri".to_owned(), &clocks)?;
        let origin = match &self.uri {
            Some(_) => format!("the credentials URI {shown}"),
            None => format!("the credentials URI {shown} of {}", vars::CREDENTIALS_URI),
        };
        Ok(Found::new(keys, origin))
    }

    /// Checks that nobody on the way can read what the address answers.
    fn check(&self, uri: &Uri) -> Result<(), &'static str> {
        let host = uri
            .host()
            .filter(|host| !host.is_empty())
            .ok_or("it names no host")?;
        match uri.scheme_str() {
            Some("https") => Ok(()),
            Some("http") if is_near(host) || self.allow_plain_http => Ok(()),
            Some("http") => {
                Err("plain http is for loopback, link-local and 100.64.0.0/10 addresses; use https")
            }
            _ => Err("the scheme must be https or http"),
        }
    }
}

/// Says whether an address is on this machine or on its own link.
fn is_near(host: &str) -> bool {
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if host.eq_ignore_ascii_case("localhost") {
        return true;
    }
    match host.parse() {
        Ok(IpAddr::V4(address)) => is_near_v4(address),
        Ok(IpAddr::V6(address)) => {
            address.is_loopback()
                || is_link_local_v6(address)
                || address.to_ipv4_mapped().is_some_and(is_near_v4)
        }
        Err(_) => false,
    }
}

fn is_near_v4(address: Ipv4Addr) -> bool {
    let [a, b, ..] = address.octets();
    address.is_loopback() || address.is_link_local() || (a == 100 && (64..128).contains(&b))
}

fn is_link_local_v6(address: Ipv6Addr) -> bool {
    address.segments()[0] & 0xffc0 == 0xfe80
}

/// Writes an address without user information and query.
fn harmless(uri: &Uri) -> String {
    let scheme = uri.scheme_str().unwrap_or_default();
    let host = uri.host().unwrap_or_default();
    let port = uri
        .port_u16()
        .map(|port| format!(":{port}"))
        .unwrap_or_default();
    format!("{scheme}://{host}{port}{}", uri.path())
}

impl Source for CredentialsUri {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("credential_uri")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.fetch(context))
    }
}

impl fmt::Debug for CredentialsUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CredentialsUri")
            .field("from_env", &self.uri.is_none())
            .field("allow_plain_http", &self.allow_plain_http)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_http_stays_near() {
        for (uri, is_allowed) in [
            ("http://127.0.0.1:8099/x", true),
            ("http://localhost/x", true),
            ("http://[::1]:1/x", true),
            ("http://169.254.170.2/x", true),
            ("http://[fe80::1]/x", true),
            ("http://100.100.100.200/x", true),
            ("http://100.128.0.1/x", false),
            ("http://10.0.0.1/x", false),
            ("http://localhost.example.com/x", false),
            ("http://example.com/x", false),
            ("https://example.com/x", true),
            ("file:///etc/passwd", false),
            ("/x", false),
        ] {
            let parsed: Uri = uri.parse().unwrap_or_default();
            assert_eq!(
                CredentialsUri::from_env().check(&parsed).is_ok(),
                is_allowed,
                "{uri}"
            );
        }
    }

    #[test]
    fn user_information_and_query_are_never_shown() {
        let uri: Uri = "https://canary:canary@host:1/path?canary=1"
            .parse()
            .unwrap();
        assert_eq!(harmless(&uri), "https://host:1/path");
    }
}
