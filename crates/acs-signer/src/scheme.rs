//! Which scheme an incoming request claims.

use crate::error::Error;
use crate::incoming::Incoming;

/// A scheme that this crate signs and verifies.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// ACS3-HMAC-SHA256: [`acs3`](crate::acs3).
    Acs3,
    /// RPC V1: [`rpc_v1`](crate::rpc_v1).
    RpcV1,
    /// ROA V1: [`roa_v1`](crate::roa_v1).
    RoaV1,
    /// OSS V1, by header or presigned URL: [`oss_v1`](crate::oss_v1).
    OssV1,
    /// OSS V4, by header or presigned URL: [`oss_v4`](crate::oss_v4).
    OssV4,
}

impl Scheme {
    /// The scheme's name, as the `Authorization` header or the parameters have it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Acs3 => "ACS3-HMAC-SHA256",
            Self::RpcV1 => "HMAC-SHA1",
            Self::RoaV1 => "acs",
            Self::OssV1 => "OSS",
            Self::OssV4 => "OSS4-HMAC-SHA256",
        }
    }
}

impl Incoming<'_> {
    /// Which scheme the request claims to be signed by; `None` if it is anonymous, carries a bearer token, or is signed
    /// by a scheme that this crate does not know. Read it with the `Claim` of that scheme's module.
    ///
    /// # Errors
    /// [`ErrorKind::Malformed`](crate::ErrorKind::Malformed) for a query that cannot be decoded,
    /// [`ErrorKind::Duplicate`](crate::ErrorKind::Duplicate) for two `authorization` headers.
    pub fn scheme(&self) -> Result<Option<Scheme>, Error> {
        if let Some(authorization) = self.header("authorization")? {
            let (name, _) = authorization.split_once(' ').unwrap_or_default();
            let schemes = [Scheme::Acs3, Scheme::OssV4, Scheme::OssV1, Scheme::RoaV1];
            let is_named = |scheme: &Scheme| scheme.name().eq_ignore_ascii_case(name);
            return Ok(schemes.into_iter().find(is_named));
        }
        let parameters = self.all_parameters()?;
        let has = |name: &str| parameters.iter().any(|(n, _)| n == name);
        Ok(if has("x-oss-signature-version") {
            Some(Scheme::OssV4)
        } else if has("OSSAccessKeyId") && has("Signature") {
            Some(Scheme::OssV1)
        } else if has("SignatureMethod") && has("Signature") {
            Some(Scheme::RpcV1)
        } else {
            None
        })
    }
}
