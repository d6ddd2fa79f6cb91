use crate::check;
use crate::date;
use crate::error::{Error, ErrorKind};
use crate::key::{HmacSha256, SigningKey, keyed_sha256, mac_sha256};
use chrono::{DateTime, Utc};
use std::fmt;
use zeroize::Zeroizing;

/// A key for one day, region and product, derived from a [`SigningKey`].
///
/// Deriving costs four HMACs, more than a signature with the key ready: keep it as long as it
/// [`covers`](Self::covers) the date. Zeroized on drop, redacted in `Debug`.
pub struct ScopedKey {
    access_key_id: Box<str>,
    /// `yyyyMMdd/<region>/<product>/aliyun_v4_request`.
    scope: Box<str>,
    /// What every `Authorization` value begins with: the algorithm and the credential, which is the id and the scope.
    authorization: Box<str>,
    pub(super) mac: HmacSha256,
}

const TERMINATOR: &str = "aliyun_v4_request";
const AUTHORIZATION: &str = "OSS4-HMAC-SHA256 Credential=";

impl ScopedKey {
    /// Derives the key for the day of `date` (UTC), a region such as `cn-hangzhou` (without `oss-`), and a product:
    /// `oss`, or `oss-cloudbox` with the cloud box's id as region.
    ///
    /// # Errors
    /// [`ErrorKind::Empty`] or [`ErrorKind::Malformed`] for the region or the product, [`ErrorKind::OutOfRange`] for
    /// the date.
    pub fn new(
        key: &SigningKey,
        date: DateTime<Utc>,
        region: &str,
        product: &str,
    ) -> Result<Self, Error> {
        check_part("region", region)?;
        check_part("product", product)?;
        let date = date::iso8601_basic(date)?;
        Ok(Self::derive(key, &date[..8], region, product))
    }

    /// Whether the key signs requests of this date.
    pub fn covers(&self, date: DateTime<Utc>) -> bool {
        date::iso8601_basic(date).is_ok_and(|date| date[..8] == *self.day())
    }

    /// The AccessKey ID.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// The scope, `yyyyMMdd/<region>/<product>/aliyun_v4_request`.
    pub fn scope(&self) -> &str {
        &self.scope
    }

    pub(super) fn derive(key: &SigningKey, day: &str, region: &str, product: &str) -> Self {
        let day_key = Zeroizing::new(mac_sha256(&key.sha256_v4, day.as_bytes()));
        let next = |key: &[u8; 32], text: &str| {
            Zeroizing::new(mac_sha256(&keyed_sha256(key), text.as_bytes()))
        };
        let region_key = next(&day_key, region);
        let product_key = next(&region_key, product);
        let signing_key = next(&product_key, TERMINATOR);
        let id = key.access_key_id();
        let scope = [day, region, product, TERMINATOR].join("/");
        Self {
            access_key_id: id.into(),
            authorization: [AUTHORIZATION, id, "/", &scope].concat().into(),
            scope: scope.into(),
            mac: keyed_sha256(&*signing_key),
        }
    }

    /// `OSS4-HMAC-SHA256 Credential=` and the credential.
    pub(super) fn authorization(&self) -> &str {
        &self.authorization
    }

    /// The AccessKey ID, `/` and the scope.
    pub(super) fn credential(&self) -> &str {
        &self.authorization[AUTHORIZATION.len()..]
    }

    pub(super) fn day(&self) -> &str {
        &self.scope[..8]
    }
}

impl fmt::Debug for ScopedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ScopedKey")
            .field("access_key_id", &self.access_key_id)
            .field("scope", &self.scope)
            .finish_non_exhaustive()
    }
}

/// A scope as it is claimed: day, region, product.
#[derive(Clone, Copy)]
pub(super) struct Scope<'a> {
    pub(super) day: &'a str,
    pub(super) region: &'a str,
    pub(super) product: &'a str,
}

/// Splits a credential, `<AccessKey ID>/yyyyMMdd/<region>/<product>/aliyun_v4_request`.
pub(super) fn parse_credential(credential: &str) -> Option<(&str, Scope<'_>)> {
    let mut parts = credential.rsplitn(5, '/');
    let terminator = parts.next()?;
    let (product, region, day, id) = (parts.next()?, parts.next()?, parts.next()?, parts.next()?);
    let is_day = day.len() == 8 && day.bytes().all(|b| b.is_ascii_digit());
    if terminator != TERMINATOR
        || !is_day
        || id.is_empty()
        || product.is_empty()
        || region.is_empty()
    {
        return None;
    }
    Some((
        id,
        Scope {
            day,
            region,
            product,
        },
    ))
}

fn check_part(field: &'static str, part: &str) -> Result<(), Error> {
    check::value(field, part)?;
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    if !part.bytes().all(plain) {
        return Err(Error::new(ErrorKind::Malformed, field));
    }
    Ok(())
}
