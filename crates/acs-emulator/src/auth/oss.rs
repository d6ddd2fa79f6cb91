//! Requests to OSS, signed by V4 or V1, in a header or as a presigned URL.

use acs_signer::{Buffer, ErrorKind, Incoming, Mismatch, Payload, SigningKey, oss_v1, oss_v4};
use chrono::{DateTime, TimeDelta, Utc};

use super::{Result, headers, in_window, is_expired, note, pairs, signing_key, without};
use crate::clock;
use crate::error::ServiceError;
use crate::identity::{Key, Principal};
use crate::nonces::WINDOW;
use crate::oss::Request;
use crate::trace::Trace;

/// Verifies a request to OSS.
pub(crate) fn oss(request: &Request<'_>, trace: &mut Trace) -> Result<Principal> {
    let verified = check(request, trace);
    note(trace, &verified);
    verified
}

enum Claim<'a> {
    V4(oss_v4::Claim<'a>),
    V1(oss_v1::Claim<'a>),
}

/// When a request may be believed.
enum Validity {
    /// Close to the moment at which it was signed.
    Signed(DateTime<Utc>),
    /// As a presigned URL, which V1 does not date.
    Presigned {
        from: Option<DateTime<Utc>>,
        until: DateTime<Utc>,
    },
}

impl<'a> Claim<'a> {
    fn parse(request: &'a Request<'_>, incoming: &Incoming<'a>) -> Result<Self> {
        let bucket = Some(request.bucket.as_str()).filter(|bucket| !bucket.is_empty());
        let object = Some(request.key.as_str()).filter(|key| !key.is_empty());
        match is_v1(request) {
            true => oss_v1::Claim::parse(incoming, bucket, object)
                .map(Self::V1)
                .map_err(|error| v1_error(&error)),
            false => oss_v4::Claim::parse(incoming, bucket, object)
                .map(Self::V4)
                .map_err(|error| v4_error(request, &error)),
        }
    }

    fn access_key_id(&self) -> &str {
        match self {
            Self::V4(claim) => claim.access_key_id(),
            Self::V1(claim) => claim.access_key_id(),
        }
    }

    fn security_token(&self) -> Option<&str> {
        match self {
            Self::V4(claim) => claim.security_token(),
            Self::V1(claim) => claim.security_token(),
        }
    }

    fn validity(&self) -> Validity {
        match self {
            Self::V4(claim) => match claim.expires() {
                Some(seconds) => Validity::Presigned {
                    from: Some(claim.date()),
                    until: claim.date() + TimeDelta::seconds(seconds.into()),
                },
                None => Validity::Signed(claim.date()),
            },
            Self::V1(claim) => match (claim.date(), claim.expires_at()) {
                (Some(date), _) => Validity::Signed(date),
                (None, until) => Validity::Presigned {
                    from: None,
                    // A claim has one or the other.
                    until: until.unwrap_or(DateTime::UNIX_EPOCH),
                },
            },
        }
    }

    fn verify(&self, key: &SigningKey) -> std::result::Result<(), Mismatch> {
        let mut buffer = Buffer::new();
        match self {
            Self::V4(claim) => claim.verify(key, &mut buffer),
            Self::V1(claim) => claim.verify(key, &mut buffer),
        }
    }
}

fn check(request: &Request<'_>, trace: &mut Trace) -> Result<Principal> {
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
    let claim = Claim::parse(request, &incoming)?;
    let access_key_id = claim.access_key_id();
    trace.access_key_id = Some(access_key_id.to_owned());
    if let Claim::V4(claim) = &claim
        && (claim.region() != cloud.settings.region || claim.product() != "oss")
    {
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
    check_date(&claim.validity(), now)?;
    claim
        .verify(&signing_key(access_key_id, &key)?)
        .map_err(|mismatch| {
            let error = ServiceError::forbidden(
                "SignatureDoesNotMatch",
                "The request signature we calculated does not match the signature you provided. \
                 Check your key and signing method.",
            )
            .with("OSSAccessKeyId", access_key_id)
            // V1 signs the security token as it is; V4 has it in the canonical request.
            .with("StringToSign", without(mismatch.string_to_sign(), token));
            match mismatch.canonical_request() {
                "" => error,
                canonical => error.with("CanonicalRequest", without(canonical, token)),
            }
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

fn check_date(validity: &Validity, now: DateTime<Utc>) -> Result<()> {
    match *validity {
        Validity::Presigned { from, until } => {
            let is_early = from.is_some_and(|from| from - now > WINDOW);
            if now <= until && !is_early {
                return Ok(());
            }
            Err(
                ServiceError::forbidden("AccessDenied", "Request has expired.")
                    .with("Expires", clock::iso_millis(until))
                    .with("ServerTime", clock::iso_millis(now)),
            )
        }
        Validity::Signed(date) if in_window(date, now) => Ok(()),
        Validity::Signed(date) => Err(ServiceError::forbidden(
            "RequestTimeTooSkewed",
            "The difference between the request time and the current time is too large.",
        )
        .with(
            "MaxAllowedSkewMilliseconds",
            WINDOW.num_milliseconds().to_string(),
        )
        .with("RequestTime", clock::iso_millis(date))
        .with("ServerTime", clock::iso_millis(now))),
    }
}

/// Tells whether a request is signed by V1; one that is not signed at all counts as V4.
fn is_v1(request: &Request<'_>) -> bool {
    match request.header("authorization") {
        Some(authorization) => authorization.starts_with("OSS "),
        None => {
            request.query.has("OSSAccessKeyId") && !request.query.has("x-oss-signature-version")
        }
    }
}

fn v1_error(error: &acs_signer::Error) -> ServiceError {
    match error.field() {
        "header date" | "header x-oss-date" => {
            ServiceError::forbidden("AccessDenied", "OSS authentication requires a valid Date.")
        }
        _ => unreadable(error),
    }
}

fn v4_error(request: &Request<'_>, error: &acs_signer::Error) -> ServiceError {
    let unsigned = !request.parts.headers.contains_key("authorization")
        && !request.query.has("x-oss-signature-version");
    match error.kind() {
        ErrorKind::Missing if unsigned => ServiceError::forbidden(
            "AccessDenied",
            "You have no right to access this object because of bucket acl.",
        ),
        ErrorKind::UnsupportedScheme => {
            crate::oss::not_implemented("OSS signatures other than OSS4-HMAC-SHA256 and V1")
        }
        _ => unreadable(error),
    }
}

fn unreadable(error: &acs_signer::Error) -> ServiceError {
    crate::oss::invalid_argument(&format!("The signature can't be read: {error}."))
}
