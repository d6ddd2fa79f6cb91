//! API calls, signed with ACS3-HMAC-SHA256 or with HMAC-SHA1 (RPC V1).

use acs_signer::{Buffer, ErrorKind, Incoming, Mismatch, Payload, SigningKey, acs3, rpc_v1};
use chrono::{DateTime, Utc};
use http::request::Parts;

use super::{Result, headers, in_window, is_expired, note, pairs, signing_key, without};
use crate::error::ServiceError;
use crate::identity::{Key, Principal};
use crate::query::{self, Query};
use crate::state::Cloud;
use crate::trace::Trace;

/// How an API call is signed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scheme {
    /// In headers, which also name the operation.
    Acs3,
    /// In parameters, and they are all that is signed: no header may name the operation.
    RpcV1,
}

impl Scheme {
    /// Tells the scheme of a call with `parameters`, those of its form among them.
    pub(crate) fn of(parts: &Parts, parameters: &Query) -> Self {
        match !parts.headers.contains_key("authorization") && parameters.has("Signature") {
            true => Self::RpcV1,
            false => Self::Acs3,
        }
    }
}

/// Verifies an API call.
pub(crate) fn api(
    cloud: &Cloud,
    scheme: Scheme,
    parts: &Parts,
    query: &Query,
    body: &[u8],
    trace: &mut Trace,
) -> Result<Principal> {
    let verified = check(cloud, scheme, parts, query, body, trace);
    note(trace, &verified);
    verified
}

enum Claim<'a> {
    Acs3(acs3::Claim<'a>),
    RpcV1(rpc_v1::Claim<'a>),
}

impl<'a> Claim<'a> {
    fn parse(scheme: Scheme, incoming: &Incoming<'a>) -> Result<Self> {
        match scheme {
            Scheme::Acs3 => acs3::Claim::parse(incoming)
                .map(Self::Acs3)
                .map_err(|error| acs3_error(&error)),
            Scheme::RpcV1 => rpc_v1::Claim::parse(incoming)
                .map(Self::RpcV1)
                .map_err(|error| rpc_v1_error(&error)),
        }
    }

    fn access_key_id(&self) -> &str {
        match self {
            Self::Acs3(claim) => claim.access_key_id(),
            Self::RpcV1(claim) => claim.access_key_id(),
        }
    }

    fn security_token(&self) -> Option<&str> {
        match self {
            Self::Acs3(claim) => claim.security_token(),
            Self::RpcV1(claim) => claim.security_token(),
        }
    }

    fn date(&self) -> DateTime<Utc> {
        match self {
            Self::Acs3(claim) => claim.date(),
            Self::RpcV1(claim) => claim.date(),
        }
    }

    fn nonce(&self) -> &str {
        match self {
            Self::Acs3(claim) => claim.nonce(),
            Self::RpcV1(claim) => claim.nonce(),
        }
    }

    fn verify(&self, key: &SigningKey) -> std::result::Result<(), Mismatch> {
        let mut buffer = Buffer::new();
        match self {
            Self::Acs3(claim) => claim.verify(key, &mut buffer),
            Self::RpcV1(claim) => claim.verify(key, &mut buffer),
        }
    }
}

fn check(
    cloud: &Cloud,
    scheme: Scheme,
    parts: &Parts,
    query: &Query,
    body: &[u8],
    trace: &mut Trace,
) -> Result<Principal> {
    let headers = headers(parts)?;
    let pairs = pairs(query);
    let incoming = Incoming {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: acs_signer::Query::Pairs(&pairs),
        headers: &headers,
        payload: Payload::Bytes(body),
    };
    let claim = Claim::parse(scheme, &incoming)?;
    let access_key_id = claim.access_key_id();
    trace.access_key_id = Some(access_key_id.to_owned());
    let key = cloud.identity.key(access_key_id).ok_or_else(|| {
        ServiceError::not_found(
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        )
    })?;
    check_token(cloud, &key, claim.security_token())?;
    let now = (cloud.now)();
    if !in_window(claim.date(), now) {
        return Err(ServiceError::bad_request(
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        ));
    }
    claim
        .verify(&signing_key(access_key_id, &key)?)
        .map_err(|mismatch| {
            // RPC V1 signs the security token, as a parameter: encoded, and encoded once more.
            let token = claim.security_token().unwrap_or_default();
            let token = query::encode(&query::encode(token));
            let string_to_sign = without(mismatch.string_to_sign(), &token);
            ServiceError::bad_request(
                "SignatureDoesNotMatch",
                format!(
                    "Specified signature is not matched with our calculation. \
                     server string to sign is:{string_to_sign}"
                ),
            )
        })?;
    let first_use = cloud
        .nonces
        .first_use(access_key_id, claim.nonce(), claim.date(), now);
    if !first_use {
        return Err(ServiceError::bad_request(
            "SignatureNonceUsed",
            "Specified signature nonce was used already.",
        ));
    }
    if is_expired(&key, now) {
        return Err(ServiceError::bad_request(
            "InvalidSecurityToken.Expired",
            "Specified SecurityToken is expired.",
        ));
    }
    Ok(key.principal())
}

fn check_token(cloud: &Cloud, key: &Key<'_>, token: Option<&str>) -> Result<()> {
    let token = token.unwrap_or_default();
    match key {
        Key::User(_) if token.is_empty() => Ok(()),
        Key::Session(_) if token.is_empty() => Err(ServiceError::bad_request(
            "MissingSecurityToken",
            "SecurityToken is mandatory for this action.",
        )),
        Key::Session(session) if session.token == token => Ok(()),
        _ if cloud.identity.knows_token(token) => Err(ServiceError::bad_request(
            "InvalidSecurityToken.MismatchWithAccessKey",
            "Specified SecurityToken mismatch with the AccessKey.",
        )),
        _ => Err(ServiceError::bad_request(
            "InvalidSecurityToken.Malformed",
            "Specified SecurityToken is malformed.",
        )),
    }
}

fn acs3_error(error: &acs_signer::Error) -> ServiceError {
    match (error.kind(), error.field()) {
        (ErrorKind::UnsupportedScheme, _) => ServiceError::unsupported(
            "signature schemes of API calls other than ACS3-HMAC-SHA256 and RPC V1",
        ),
        (ErrorKind::Malformed, "header x-acs-date") => malformed_date(),
        (ErrorKind::PayloadMismatch, _) => ServiceError::bad_request(
            "SignatureDoesNotMatch",
            "Specified signature is not matched with our calculation. \
             x-acs-content-sha256 is not the hash of the body that was received.",
        ),
        _ => incomplete(error),
    }
}

fn rpc_v1_error(error: &acs_signer::Error) -> ServiceError {
    match (error.kind(), error.field()) {
        (ErrorKind::UnsupportedScheme, field) => {
            ServiceError::unsupported(&format!("this value of the {field}"))
        }
        (ErrorKind::Malformed, "parameter Timestamp") => malformed_date(),
        (ErrorKind::Missing, field) => {
            ServiceError::missing(field.strip_prefix("parameter ").unwrap_or(field))
        }
        _ => incomplete(error),
    }
}

fn malformed_date() -> ServiceError {
    ServiceError::bad_request(
        "InvalidTimeStamp.Format",
        "Specified time stamp or date value is not well formatted.",
    )
}

fn incomplete(error: &acs_signer::Error) -> ServiceError {
    ServiceError::bad_request(
        "IncompleteSignature",
        format!("The request signature does not conform to Aliyun standards: {error}."),
    )
}
