use super::key::{Scope, parse_credential};
use super::sign::string_to_sign;
use super::{
    ADDITIONAL_HEADERS, ALGORITHM, CONTENT_SHA256, CREDENTIAL, DATE, EXPIRES, LONGEST_LIFE,
    SECURITY_TOKEN, SIGNATURE, SIGNATURE_VERSION, ScopedKey, UNSIGNED_PAYLOAD, is_default_header,
    write_uri,
};
use crate::buffer::Buffer;
use crate::check::LineBreaks;
use crate::error::{Error, ErrorKind};
use crate::headers::{Lines, Repeated};
use crate::incoming::{
    Decoded, Incoming, Mismatch, authorization_fields, borrow, decimal, signature_of_hex,
};
use crate::key::{SigningKey, known_or_decoy, verify_sha256};
use crate::query::Pairs;
use crate::{date, headers, query};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::borrow::Cow;
use std::fmt;

/// What an incoming request claims, by header or by a presigned URL: who signed it, when, for how long, and over what.
///
/// `parse` checks everything that needs no key; [`verify`](Self::verify) checks the signature. The window of the date
/// (15 minutes for a header, [`expires`](Self::expires) for a URL) and the security token are the caller's to judge.
pub struct Claim<'a> {
    request: Incoming<'a>,
    bucket: Option<&'a str>,
    key: Option<&'a str>,
    /// Without the signature.
    parameters: Decoded<'a>,
    credential: Cow<'a, str>,
    additional_headers: Cow<'a, str>,
    date_text: Cow<'a, str>,
    date: DateTime<Utc>,
    expires: Option<u32>,
    security_token: Option<Cow<'a, str>>,
    payload: &'a str,
    signature: [u8; 32],
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request on `key` in `bucket`, both decoded, as the server takes them from host and path.
    ///
    /// # Errors
    /// - [`ErrorKind::Missing`]: neither `authorization` nor a signed query, or a required part of them is not there.
    /// - [`ErrorKind::UnsupportedScheme`]: signed, but not by OSS4-HMAC-SHA256.
    /// - [`ErrorKind::PayloadMismatch`]: `x-oss-content-sha256` is neither `UNSIGNED-PAYLOAD` nor the body's hash.
    /// - [`ErrorKind::Malformed`], [`ErrorKind::OutOfRange`] or [`ErrorKind::Duplicate`] for what cannot be read in one
    ///   way only.
    pub fn parse(
        request: &Incoming<'a>,
        bucket: Option<&'a str>,
        key: Option<&'a str>,
    ) -> Result<Self, Error> {
        let parameters = request.parameters()?;
        let claim = if parameters.iter().any(|(name, _)| name == SIGNATURE_VERSION) {
            Self::of_query(request, parameters)?
        } else {
            Self::of_header(request, parameters)?
        };
        let claim = Self {
            bucket,
            key,
            ..claim
        };
        claim.check()?;
        Ok(claim)
    }

    /// The AccessKey ID that the request claims to be signed with.
    pub fn access_key_id(&self) -> &str {
        self.credential().map_or("", |(id, _)| id)
    }

    /// When the request was signed, by the client's clock.
    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    /// For how many seconds from [`date`](Self::date) a presigned URL is valid; `None` for a header.
    pub fn expires(&self) -> Option<u32> {
        self.expires
    }

    /// The region of the scope.
    pub fn region(&self) -> &str {
        self.credential().map_or("", |(_, scope)| scope.region)
    }

    /// The product of the scope, such as `oss`.
    pub fn product(&self) -> &str {
        self.credential().map_or("", |(_, scope)| scope.product)
    }

    /// The STS token, if the AccessKey is a temporary one.
    pub fn security_token(&self) -> Option<&str> {
        self.security_token.as_deref()
    }

    /// The names of the headers that are signed beside the ones that always are.
    pub fn additional_headers(&self) -> impl Iterator<Item = &str> {
        self.additional_headers
            .split(';')
            .filter(|name| !name.is_empty())
    }

    /// Checks the signature, in constant time. Give the key of [`access_key_id`](Self::access_key_id), or `None` if
    /// there is none: that takes the same path as a wrong signature.
    ///
    /// # Errors
    /// [`Mismatch`], with the server's stages.
    pub fn verify<'k>(
        &self,
        key: impl Into<Option<&'k SigningKey>>,
        buffer: &mut Buffer,
    ) -> Result<(), Mismatch> {
        let (id, scope) = self.credential().unwrap_or(("", NO_SCOPE));
        let (key, known) = known_or_decoy(key.into(), id);
        let key = ScopedKey::derive(key, scope.day, scope.region, scope.product);
        // `check` has run the same and found no error.
        let _ = self.write_canonical_request(buffer);
        string_to_sign(&mut buffer.to_sign, self.date_text.as_bytes(), key.scope());
        let hash = Sha256::digest(buffer.canonical.as_bytes());
        buffer.to_sign.push_hex(&hash.into());
        let equal = verify_sha256(&key.mac, buffer.to_sign.as_bytes(), &self.signature);
        if equal & known {
            Ok(())
        } else {
            Err(Mismatch::new(
                buffer.canonical.as_str(),
                buffer.to_sign.as_str(),
            ))
        }
    }

    fn of_header(request: &Incoming<'a>, parameters: Decoded<'a>) -> Result<Self, Error> {
        let malformed = || Error::new(ErrorKind::Malformed, "header authorization");
        let authorization = request.required("authorization")?;
        let fields = authorization
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| Error::new(ErrorKind::UnsupportedScheme, "header authorization"))?;
        let [credential, additional, signature] =
            authorization_fields(fields, ["Credential", "AdditionalHeaders", "Signature"])?;
        let payload = request.required(CONTENT_SHA256)?;
        if payload != UNSIGNED_PAYLOAD && payload.as_bytes() != request.payload.sha256_hex() {
            return Err(Error::named(
                ErrorKind::PayloadMismatch,
                "header",
                CONTENT_SHA256,
            ));
        }
        let date_text = request.required(DATE)?;
        Ok(Self {
            request: *request,
            bucket: None,
            key: None,
            parameters,
            credential: credential.ok_or_else(malformed)?.into(),
            additional_headers: additional.unwrap_or_default().into(),
            date_text: date_text.into(),
            date: date::parse_iso8601_basic(date_text)
                .ok_or_else(|| Error::named(ErrorKind::Malformed, "header", DATE))?,
            expires: None,
            security_token: request.header(SECURITY_TOKEN)?.map(Cow::Borrowed),
            payload,
            signature: signature.and_then(signature_of_hex).ok_or_else(malformed)?,
        })
    }

    fn of_query(request: &Incoming<'a>, mut parameters: Decoded<'a>) -> Result<Self, Error> {
        let value = |name: &'static str| {
            let mut values = parameters
                .iter()
                .filter(|(n, _)| n == name)
                .map(|(_, value)| value.clone());
            let value = values.next();
            match values.next() {
                Some(_) => Err(Error::named(ErrorKind::Duplicate, "parameter", name)),
                None => Ok(value),
            }
        };
        let required = |name: &'static str| {
            value(name)?.ok_or_else(|| Error::named(ErrorKind::Missing, "parameter", name))
        };
        let malformed = |name: &'static str| Error::named(ErrorKind::Malformed, "parameter", name);
        if required(SIGNATURE_VERSION)? != ALGORITHM {
            return Err(Error::named(
                ErrorKind::UnsupportedScheme,
                "parameter",
                SIGNATURE_VERSION,
            ));
        }
        let date_text = required(DATE)?;
        let expires = decimal(&required(EXPIRES)?).ok_or_else(|| malformed(EXPIRES))?;
        if !(1..=LONGEST_LIFE).contains(&expires) {
            return Err(Error::named(ErrorKind::OutOfRange, "parameter", EXPIRES));
        }
        let claim = Self {
            request: *request,
            bucket: None,
            key: None,
            parameters: Vec::new(),
            credential: required(CREDENTIAL)?,
            additional_headers: value(ADDITIONAL_HEADERS)?.unwrap_or_default(),
            date: date::parse_iso8601_basic(&date_text).ok_or_else(|| malformed(DATE))?,
            date_text,
            expires: Some(expires),
            security_token: value(SECURITY_TOKEN)?,
            payload: UNSIGNED_PAYLOAD,
            signature: signature_of_hex(&required(SIGNATURE)?)
                .ok_or_else(|| malformed(SIGNATURE))?,
        };
        parameters.retain(|(name, _)| name != SIGNATURE);
        Ok(Self {
            parameters,
            ..claim
        })
    }

    fn credential(&self) -> Option<(&str, Scope<'_>)> {
        parse_credential(&self.credential)
    }

    /// Checks what `verify` builds on, so that it cannot fail.
    fn check(&self) -> Result<(), Error> {
        let (_, scope) = self
            .credential()
            .ok_or_else(|| Error::new(ErrorKind::Malformed, "credential"))?;
        if !self.date_text.starts_with(scope.day) {
            return Err(Error::new(ErrorKind::Malformed, "credential"));
        }
        let names = || self.additional_headers();
        let in_order = names().zip(names().skip(1)).all(|(a, b)| a < b);
        let is_plain =
            |name: &str| !is_default_header(name) && !name.bytes().any(|b| b.is_ascii_uppercase());
        if !in_order || !names().all(is_plain) {
            return Err(Error::new(ErrorKind::Malformed, "additional headers"));
        }
        let is_there = |name: &str| {
            self.request
                .headers
                .iter()
                .any(|(header, _)| header.eq_ignore_ascii_case(name))
        };
        if let Some(name) = names().find(|name| !is_there(name)) {
            return Err(Error::named(ErrorKind::Missing, "header", name));
        }
        self.write_canonical_request(&mut Buffer::new())
    }

    fn write_canonical_request(&self, buffer: &mut Buffer) -> Result<(), Error> {
        let parameters = borrow(&self.parameters);
        let pairs = Pairs::of(&parameters);
        query::sort(&mut buffer.params, &pairs)?;
        headers::collect(
            &mut buffer.headers,
            self.request.headers,
            &[],
            Repeated::Refuse,
            |name| {
                is_default_header(name)
                    || self
                        .additional_headers()
                        .any(|n| n.eq_ignore_ascii_case(name))
            },
        )?;

        let canonical = &mut buffer.canonical;
        canonical.clear();
        canonical.push_str(self.request.method);
        canonical.push(b"\n");
        write_uri(canonical, self.bucket, self.key, LineBreaks::Encode)?;
        canonical.push(b"\n");
        let rules = query::Rules {
            line_breaks: LineBreaks::Encode,
            encoded_names: true,
            bare_names: true,
        };
        query::write_by_encoded_name(canonical, &pairs, &mut buffer.params, rules)?;
        canonical.push(b"\n");
        Lines::new(
            canonical,
            None,
            self.request.headers,
            &buffer.headers,
            &mut buffer.written,
            (),
        )
        .finish(&[])?;
        canonical.push(b"\n");
        canonical.push_str(&self.additional_headers);
        canonical.push(b"\n");
        canonical.push_str(self.payload);
        Ok(())
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows neither signature nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("credential", &self.credential)
            .field("date", &self.date)
            .field("expires", &self.expires)
            .finish_non_exhaustive()
    }
}

/// What the form of a browser upload (PostObject) claims.
pub struct PostClaim<'a> {
    policy: &'a str,
    credential: &'a str,
    date: DateTime<Utc>,
    security_token: Option<&'a str>,
    signature: [u8; 32],
}

impl<'a> PostClaim<'a> {
    /// Reads the claim of the form's fields. The policy's expiry and conditions are the caller's to judge.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`], [`ErrorKind::UnsupportedScheme`], [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] with
    /// the field at fault.
    pub fn parse(fields: &[(&'a str, &'a str)]) -> Result<Self, Error> {
        let field = |name| headers::find_one(fields, "field", name);
        let required = |name: &'static str| {
            field(name)?.ok_or_else(|| Error::named(ErrorKind::Missing, "field", name))
        };
        let malformed = |name: &'static str| Error::named(ErrorKind::Malformed, "field", name);
        if required(SIGNATURE_VERSION)? != ALGORITHM {
            return Err(Error::named(
                ErrorKind::UnsupportedScheme,
                "field",
                SIGNATURE_VERSION,
            ));
        }
        let credential = required(CREDENTIAL)?;
        let date_text = required(DATE)?;
        let (_, scope) = parse_credential(credential).ok_or_else(|| malformed(CREDENTIAL))?;
        if !date_text.starts_with(scope.day) {
            return Err(malformed(CREDENTIAL));
        }
        Ok(Self {
            policy: required("policy")?,
            credential,
            date: date::parse_iso8601_basic(date_text).ok_or_else(|| malformed(DATE))?,
            security_token: field(SECURITY_TOKEN)?,
            signature: signature_of_hex(required(SIGNATURE)?)
                .ok_or_else(|| malformed(SIGNATURE))?,
        })
    }

    /// The AccessKey ID that the policy claims to be signed with.
    pub fn access_key_id(&self) -> &'a str {
        parse_credential(self.credential).map_or("", |(id, _)| id)
    }

    /// When the policy was signed, by the client's clock.
    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    /// The STS token, if the AccessKey is a temporary one.
    pub fn security_token(&self) -> Option<&'a str> {
        self.security_token
    }

    /// Checks the signature, in constant time; `None` for a key takes the path of a wrong signature.
    ///
    /// # Errors
    /// [`Mismatch`]; its string to sign is the policy.
    pub fn verify<'k>(&self, key: impl Into<Option<&'k SigningKey>>) -> Result<(), Mismatch> {
        let (id, scope) = parse_credential(self.credential).unwrap_or(("", NO_SCOPE));
        let (key, known) = known_or_decoy(key.into(), id);
        let key = ScopedKey::derive(key, scope.day, scope.region, scope.product);
        let equal = verify_sha256(&key.mac, self.policy.as_bytes(), &self.signature);
        if equal & known {
            Ok(())
        } else {
            Err(Mismatch::new("", self.policy))
        }
    }
}

impl fmt::Debug for PostClaim<'_> {
    /// Shows neither signature nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostClaim")
            .field("credential", &self.credential)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

/// `parse` lets no credential through that cannot be read, so this is never used to accept anything.
const NO_SCOPE: Scope<'static> = Scope {
    day: "",
    region: "",
    product: "",
};
