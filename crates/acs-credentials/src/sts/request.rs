use acs_core::Body;
use acs_signer::{Buffer, LineBreaks, Payload, acs3, rpc_v1};
use http::{Method, Request, header};

use super::{Call, Parameter};

const VERSION: &str = "2015-04-01";
const FORM: &str = "application/x-www-form-urlencoded";

/// How AssumeRole is signed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub enum StsSignature {
    /// RPC V1 (HMAC-SHA1), in the layout of the official credential libraries.
    #[default]
    RpcV1,
    /// ACS3-HMAC-SHA256, as the clients of all services sign. Whether every STS endpoint takes it was not tried.
    Acs3,
}

/// Writes the request of one attempt, with a nonce of its own.
pub(super) fn write(call: &Call<'_>) -> Result<Request<Body>, String> {
    let mut buffer = Buffer::default();
    let nonce = nonce(call);
    let date = call.context.now();
    let form = encode_pairs(call.form);
    let mut request = Request::builder()
        .method(Method::POST)
        .header(header::ACCEPT, "application/json")
        .header(header::CONTENT_TYPE, FORM);
    let token = call.caller.and_then(acs_core::Credentials::security_token);
    let query = match call.caller {
        None => {
            let time = date.format("%Y-%m-%dT%H:%M:%SZ").to_string();
            encode_pairs(&[
                ("Action", call.action),
                ("Format", "JSON"),
                ("Timestamp", &time),
                ("Version", VERSION),
            ])
        }
        Some(caller) => {
            let key = caller
                .signing_key()
                .ok_or("it is signed with an AccessKey, and the source gave a bearer token")?;
            match call.signature {
                StsSignature::RpcV1 => {
                    let to_sign = rpc_v1::Request {
                        method: "POST",
                        action: call.action,
                        version: VERSION,
                        form: call.form,
                        security_token: token,
                        // An inline policy may be written on several lines.
                        line_breaks: LineBreaks::Encode,
                        ..rpc_v1::Request::at(date, &nonce)
                    };
                    let signed = rpc_v1::sign(&to_sign, key, &mut buffer)
                        .map_err(|error| error.to_string())?;
                    signed.query().to_owned()
                }
                StsSignature::Acs3 => {
                    let to_sign = acs3::Request {
                        host: call.endpoint.authority(),
                        headers: &[("content-type", FORM)],
                        payload: Payload::Bytes(form.as_bytes()),
                        action: call.action,
                        version: VERSION,
                        security_token: token,
                        ..acs3::Request::at(date, &nonce)
                    };
                    let signed = acs3::sign(&to_sign, key, &mut buffer)
                        .map_err(|error| error.to_string())?;
                    for (name, value) in signed.headers() {
                        // The transport writes `host` from the URI.
                        if name != "host" {
                            request = request.header(name, value);
                        }
                    }
                    String::new()
                }
            }
        }
    };
    let mark = if query.is_empty() { "" } else { "?" };
    request
        .uri(format!("{}/{mark}{query}", call.endpoint))
        .body(Body::from(form.into_bytes()))
        .map_err(|_| "the request cannot be built".to_owned())
}

/// Writes `a=b&c=d`, percent-encoded.
pub(crate) fn encode_pairs(pairs: &[Parameter<'_>]) -> String {
    let mut text = String::new();
    for (index, (name, value)) in pairs.iter().enumerate() {
        if index > 0 {
            text.push('&');
        }
        text.push_str(&acs_signer::percent_encode(name));
        text.push('=');
        text.push_str(&acs_signer::percent_encode(value));
    }
    text
}

fn nonce(call: &Call<'_>) -> String {
    let mut random = [0_u8; 16];
    call.context.runtime().fill_random(&mut random);
    random.iter().map(|byte| format!("{byte:02x}")).collect()
}
