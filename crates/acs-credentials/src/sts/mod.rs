//! AssumeRole, AssumeRoleWithOIDC and AssumeRoleWithSAML, as requests.
//!
//! They are written here, and not by the generated operations of acs-sts over its client, for two reasons: the layout
//! (RPC V1 with HMAC-SHA1, the protocol's parameters in the query and the operation's in the form) is the one that the
//! official credential libraries use, and so the one that every STS endpoint in use is known to take ([`StsSignature`]
//! chooses another); and a refresh must not depend on a client that itself asks for credentials.

mod endpoint;
mod request;

use std::time::Duration;

use acs_core::{Body, Credentials, Endpoint, ServiceError};
use http::Request;
use serde_json::{Map, Value};

pub(crate) use self::endpoint::StsAddress;
pub use self::request::StsSignature;
#[cfg(feature = "oauth")]
pub(crate) use self::request::encode_pairs;
use crate::context::Context;
use crate::context::http::{Answer, Bounds, HttpFault, Route, exchange, within};
use crate::failure::Failure;
use crate::session::{self, Clocks};

const ATTEMPTS: u32 = 3;
const FIRST_DELAY: Duration = Duration::from_millis(200);
const LONGEST_DELAY: Duration = Duration::from_secs(2);
/// For all attempts of one call together.
const TOTAL_TIME: Duration = Duration::from_secs(20);
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(10),
    body: 256 << 10,
};

/// A parameter of an operation.
pub(crate) type Parameter<'a> = (&'a str, &'a str);

/// Calls an operation that hands out a session, and returns its keys.
///
/// `caller` signs; without one the request is not signed, and what the form carries is the proof.
pub(crate) async fn fetch_session(
    context: &Context,
    address: &StsAddress,
    action: &'static str,
    caller: Option<&Credentials>,
    form: &[Parameter<'_>],
    provider: String,
) -> Result<Credentials, Failure> {
    let endpoint = address.resolve(context)?;
    let signature = address.signature;
    let call = Call {
        context,
        endpoint: &endpoint,
        action,
        caller,
        form,
        signature,
    };
    let answer = within(context, TOTAL_TIME, call.run())
        .await
        .unwrap_or_else(|| Err(call.unanswered(&HttpFault::TimedOut)))?;
    let what = format!("the answer of {action}");
    let mut body = session::parse_object(&answer.body, &what)?;
    let mut keys = session::take_object(&mut body, "Credentials")
        .ok_or_else(|| Failure::new(format!("{what} holds no credentials")))?;
    let clocks = Clocks {
        what: &what,
        now: context.now(),
        headers: &answer.headers,
    };
    session::take_session(&mut keys, provider, &clocks)
}

struct Call<'a> {
    context: &'a Context,
    endpoint: &'a Endpoint,
    action: &'static str,
    caller: Option<&'a Credentials>,
    form: &'a [Parameter<'a>],
    signature: StsSignature,
}

impl Call<'_> {
    async fn run(&self) -> Result<Answer, Failure> {
        let mut attempt = 1;
        loop {
            let failure = match exchange(self.context, Route::General, self.request()?, BOUNDS)
                .await
            {
                Ok(answer) if answer.status == 200 => return Ok(answer),
                Ok(answer) => {
                    let service = read_error(&answer);
                    let may_pass = answer.status >= 500 || service.code.starts_with("Throttling");
                    let failure = self.refused(service);
                    if !may_pass {
                        return Err(failure);
                    }
                    failure
                }
                Err(fault @ (HttpFault::Setup(_) | HttpFault::TooLarge(_))) => {
                    return Err(self.unanswered(&fault));
                }
                Err(fault) => self.unanswered(&fault),
            };
            if attempt == ATTEMPTS {
                return Err(failure);
            }
            self.context.sleep(self.delay(attempt)).await;
            attempt += 1;
        }
    }

    /// Full jitter: callers that failed together come back apart.
    fn delay(&self, attempt: u32) -> Duration {
        let bound = (FIRST_DELAY * (1 << (attempt - 1).min(8))).min(LONGEST_DELAY);
        bound.mul_f64(self.context.random_share())
    }

    /// Each attempt has its own date, nonce and signature.
    fn request(&self) -> Result<Request<Body>, Failure> {
        request::write(self).map_err(|reason| Failure::new(format!("{}: {reason}", self.action)))
    }

    fn refused(&self, service: ServiceError) -> Failure {
        let message = match acs_sts::explain_code(&service.code, &service.message) {
            Some(hint) => format!("{} was refused ({hint})", self.action),
            None => format!("{} was refused", self.action),
        };
        Failure::service(message, service)
    }

    fn unanswered(&self, fault: &HttpFault) -> Failure {
        Failure::new(format!("{} at {}: {fault}", self.action, self.endpoint))
    }
}

/// Reads what an answer that is not 200 says. A body that is no error of a service is not shown: it may echo a token.
pub(crate) fn read_error(answer: &Answer) -> ServiceError {
    let mut error = ServiceError::default();
    error.status = answer.status;
    let mut body = session::parse_object(&answer.body, "").unwrap_or_else(|_| Map::new());
    let mut text = |names: [&str; 2]| {
        names.iter().find_map(|name| match body.remove(*name)? {
            Value::String(text) if !text.is_empty() => Some(short(&text)),
            _ => None,
        })
    };
    error.code = text(["Code", "code"]).unwrap_or_default();
    error.message = text(["Message", "message"]).unwrap_or_default();
    error.request_id = text(["RequestId", "requestId"]).or_else(|| {
        let value = answer.headers.get("x-acs-request-id")?.to_str().ok()?;
        Some(short(value))
    });
    error
}

/// Cleans and cuts a text of the service; its string to sign, which can hold a token, is left out.
fn short(text: &str) -> String {
    let end = text.to_ascii_lowercase().find("string to sign is");
    text[..end.unwrap_or(text.len())]
        .chars()
        .take(512)
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_to_sign_is_left_out_of_an_error_since_it_can_hold_a_token() {
        let text = "The signature does not match, Server String To Sign is:POST&%2F&SecurityToken%3Dcanary";
        assert!(!short(text).contains("canary"));
        assert!(short(text).starts_with("The signature does not match"));
    }
}
