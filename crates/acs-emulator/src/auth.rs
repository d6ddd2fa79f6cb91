//! Who signed a request, and whether it may be believed: the one place that calls the verifier.
//!
//! Order of the checks: form of the claim, AccessKey, security token, date, signature, nonce,
//! expiry. A nonce counts as used only if the signature held, or strangers could use it up.

use acs_signer::{Buffer, ErrorKind, Incoming, Payload, SigningKey, acs3, oss_v4};
use chrono::{DateTime, TimeDelta, Utc};
use http::request::Parts;

use crate::clock;
use crate::error::ServiceError;
use crate::identity::{Key, Principal};
use crate::nonces::WINDOW;
use crate::oss::Request;
use crate::query::Query;
use crate::state::Cloud;
use crate::trace::Trace;

type Result<T> = std::result::Result<T, ServiceError>;

/// Verifies an API call signed with ACS3-HMAC-SHA256.
pub(crate) fn acs3(
    cloud: &Cloud,
    parts: &Parts,
    query: &Query,
    body: &[u8],
    trace: &mut Trace,
) -> Result<Principal> {
    let verified = check_acs3(cloud, parts, query, body, trace);
    note(trace, &verified);
    verified
}

/// Verifies a request to OSS signed with OSS4-HMAC-SHA256, by header or as a presigned URL.
pub(crate) fn oss(request: &Request<'_>, trace: &mut Trace) -> Result<Principal> {
    let verified = check_oss(request, trace);
    note(trace, &verified);
    verified
}

fn check_acs3(
    cloud: &Cloud,
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
    if !parts.headers.contains_key("authorization") && query.has("Signature") {
        return Err(ServiceError::unsupported(
            "the RPC V1 signature; sign with ACS3-HMAC-SHA256",
        ));
    }
    let claim = acs3::Claim::parse(&incoming).map_err(|error| acs3_claim_error(&error))?;
    let access_key_id = claim.access_key_id();
    trace.access_key_id = Some(access_key_id.to_owned());
    let key = cloud.identity.key(access_key_id).ok_or_else(|| {
        ServiceError::not_found(
            "InvalidAccessKeyId.NotFound",
            "Specified access key is not found.",
        )
    })?;
    check_acs3_token(cloud, &key, claim.security_token())?;
    let now = (cloud.now)();
    if !in_window(claim.date(), now) {
        return Err(ServiceError::bad_request(
            "InvalidTimeStamp.Expired",
            "Specified time stamp or date value is expired.",
        ));
    }
    let mut buffer = Buffer::new();
    claim
        .verify(&signing_key(access_key_id, &key)?, &mut buffer)
        .map_err(|mismatch| {
            ServiceError::bad_request(
                "SignatureDoesNotMatch",
                format!(
                    "Specified signature is not matched with our calculation. \
                     server string to sign is:{}",
                    mismatch.string_to_sign()
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

fn check_acs3_token(cloud: &Cloud, key: &Key<'_>, token: Option<&str>) -> Result<()> {
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

fn acs3_claim_error(error: &acs_signer::Error) -> ServiceError {
    match (error.kind(), error.field()) {
        (ErrorKind::UnsupportedScheme, _) => {
            ServiceError::unsupported("signature schemes of API calls other than ACS3-HMAC-SHA256")
        }
        (ErrorKind::Malformed, "header x-acs-date") => ServiceError::bad_request(
            "InvalidTimeStamp.Format",
            "Specified time stamp or date value is not well formatted.",
        ),
        (ErrorKind::PayloadMismatch, _) => ServiceError::bad_request(
            "SignatureDoesNotMatch",
            "Specified signature is not matched with our calculation. \
             x-acs-content-sha256 is not the hash of the body that was received.",
        ),
        _ => ServiceError::bad_request(
            "IncompleteSignature",
            format!("The request signature does not conform to Aliyun standards: {error}."),
        ),
    }
}

fn check_oss(request: &Request<'_>, trace: &mut Trace) -> Result<Principal> {
    let cloud = request.cloud;
    let parts = request.parts;
    let headers = headers(parts)?;
    let pairs = pairs(&request.query);
    let incoming = Incoming {
        method: parts.method.as_str(),
        path: parts.uri.path(),
        query: acs_signer::Query::Pairs(&pairs),
        headers: &headers,
        // OSS signs UNSIGNED-PAYLOAD: the body is held against Content-MD5 and CRC-64 instead.
        payload: Payload::Empty,
    };
    let bucket = Some(request.bucket.as_str()).filter(|bucket| !bucket.is_empty());
    let object = Some(request.key.as_str()).filter(|key| !key.is_empty());
    let claim = oss_v4::Claim::parse(&incoming, bucket, object)
        .map_err(|error| oss_claim_error(request, &error))?;
    let access_key_id = claim.access_key_id();
    trace.access_key_id = Some(access_key_id.to_owned());
    if claim.region() != cloud.settings.region || claim.product() != "oss" {
        let region = &cloud.settings.region;
        return Err(ServiceError::bad_request(
            "InvalidArgument",
            format!("Invalid signing scope in the credential: this is {region}/oss."),
        ));
    }
    let token = claim.security_token().unwrap_or_default();
    let key = cloud.identity.key(access_key_id);
    let key = match key {
        // OSS looks a temporary key up by its token: without one it knows no such key.
        Some(Key::Session(_)) if token.is_empty() => None,
        key => key,
    };
    let key = key.ok_or_else(|| {
        ServiceError::forbidden(
            "InvalidAccessKeyId",
            "The OSS Access Key Id you provided does not exist in our records.",
        )
        .with("OSSAccessKeyId", access_key_id)
        .with("EC", "0002-00000003")
    })?;
    let token_fits = match &key {
        Key::User(_) => token.is_empty(),
        Key::Session(session) => session.token == token,
    };
    if !token_fits {
        return Err(ServiceError::forbidden(
            "InvalidSecurityToken",
            "The security token you provided is invalid.",
        ));
    }
    let now = (cloud.now)();
    check_oss_date(&claim, now)?;
    let mut buffer = Buffer::new();
    claim
        .verify(&signing_key(access_key_id, &key)?, &mut buffer)
        .map_err(|mismatch| {
            ServiceError::forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            )
            .with("OSSAccessKeyId", access_key_id)
            .with("StringToSign", mismatch.string_to_sign())
            // The canonical request carries the security token.
            .with(
                "CanonicalRequest",
                without(mismatch.canonical_request(), token),
            )
        })?;
    if is_expired(&key, now) {
        return Err(ServiceError::forbidden(
            "SecurityTokenExpired",
            "The security token you provided has expired.",
        )
        .with("EC", "0002-00000007"));
    }
    Ok(key.principal())
}

fn check_oss_date(claim: &oss_v4::Claim<'_>, now: DateTime<Utc>) -> Result<()> {
    if let Some(seconds) = claim.expires() {
        let ends = claim.date() + TimeDelta::seconds(seconds.into());
        if now > ends || claim.date() - now > WINDOW {
            return Err(
                ServiceError::forbidden("AccessDenied", "Request has expired.")
                    .with("Expires", clock::iso_millis(ends))
                    .with("ServerTime", clock::iso_millis(now)),
            );
        }
    } else if !in_window(claim.date(), now) {
        return Err(ServiceError::forbidden(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
        .with(
            "MaxAllowedSkewMilliseconds",
            WINDOW.num_milliseconds().to_string(),
        )
        .with("RequestTime", clock::iso_millis(claim.date()))
        .with("ServerTime", clock::iso_millis(now)));
    }
    Ok(())
}

fn oss_claim_error(request: &Request<'_>, error: &acs_signer::Error) -> ServiceError {
    let unsigned = !request.parts.headers.contains_key("authorization")
        && !request.query.has("x-oss-signature-version");
    match error.kind() {
        ErrorKind::Missing if unsigned => ServiceError::forbidden(
            "AccessDenied",
            "You have no right to access this object because of bucket acl.",
        ),
        ErrorKind::UnsupportedScheme => {
            crate::oss::not_implemented("OSS signatures other than OSS4-HMAC-SHA256")
        }
        _ => crate::oss::invalid_argument(&format!("The signature can't be read: {error}.")),
    }
}

fn note(trace: &mut Trace, verified: &Result<Principal>) {
    match verified {
        Ok(_) => trace.verified(),
        // The code says it; a message may hold parts of what was signed.
        Err(error) => trace.not_verified(&error.code),
    }
}

fn in_window(date: DateTime<Utc>, now: DateTime<Utc>) -> bool {
    (now - date).abs() <= WINDOW
}

fn is_expired(key: &Key<'_>, now: DateTime<Utc>) -> bool {
    match key {
        Key::User(_) => false,
        Key::Session(session) => now >= session.expires_at,
    }
}

fn signing_key(access_key_id: &str, key: &Key<'_>) -> Result<SigningKey> {
    SigningKey::new(access_key_id, key.secret())
        .map_err(|error| ServiceError::internal(&std::io::Error::other(error)))
}

fn headers(parts: &Parts) -> Result<Vec<(&str, &str)>> {
    let headers = parts.headers.iter().map(|(name, value)| {
        let value = std::str::from_utf8(value.as_bytes()).ok()?;
        Some((name.as_str(), value))
    });
    let headers: Option<Vec<_>> = headers.collect();
    headers.ok_or_else(|| {
        ServiceError::bad_request("InvalidArgument", "A header of the request is not UTF-8.")
    })
}

fn pairs(query: &Query) -> Vec<(&str, &str)> {
    let pairs = query.pairs().iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn without(text: &str, secret: &str) -> String {
    match secret {
        "" => text.to_owned(),
        secret => text.replace(secret, "***"),
    }
}
