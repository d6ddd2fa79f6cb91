use super::{
    ACCESS_KEY_ID, CONTENT_MD5, CONTENT_TYPE, DATE, EXPIRES, OSS_DATE, SECURITY_TOKEN, SIGNATURE,
    TOKEN_PARAMETER, is_canonical, write_resource,
};
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind};
use crate::headers::{Lines, Repeated};
use crate::incoming::{Decoded, Incoming, Mismatch, borrow, decimal, signature_of_base64};
use crate::key::{SigningKey, known_or_decoy, verify_sha1};
use crate::query::Pairs;
use crate::{date, headers};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::fmt;

/// What an incoming request claims, by header or by a presigned URL: who signed it, until when, and over what.
///
/// `parse` checks everything that needs no key; [`verify`](Self::verify) checks the signature. The window of the date
/// (15 minutes for a header, until [`expires_at`](Self::expires_at) for a URL) and the security token are the caller's
/// to judge. The body is covered only by a `content-md5`, if there is one.
pub struct Claim<'a> {
    request: Incoming<'a>,
    bucket: Option<&'a str>,
    key: Option<&'a str>,
    /// Without the three of a presigned URL.
    parameters: Decoded<'a>,
    access_key_id: Cow<'a, str>,
    /// The line of the string to sign: the date, or when the URL expires.
    date_line: Cow<'a, str>,
    when: When,
    security_token: Option<Cow<'a, str>>,
    signature: [u8; 20],
}

#[derive(Clone, Copy)]
enum When {
    Signed(DateTime<Utc>),
    Expires(DateTime<Utc>),
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request on `key` in `bucket`, both decoded, as the server takes them from host and path.
    ///
    /// # Errors
    /// - [`ErrorKind::Missing`]: neither `authorization` nor a signed query, or a required part of them is not there.
    /// - [`ErrorKind::UnsupportedScheme`]: signed, but not by OSS V1.
    /// - [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] for what cannot be read in one way only.
    pub fn parse(
        request: &Incoming<'a>,
        bucket: Option<&'a str>,
        key: Option<&'a str>,
    ) -> Result<Self, Error> {
        let parameters = request.parameters()?;
        let claim = if parameters.iter().any(|(name, _)| name == ACCESS_KEY_ID) {
            Self::of_query(request, parameters)?
        } else {
            Self::of_header(request, parameters)?
        };
        let claim = Self {
            bucket,
            key,
            ..claim
        };
        for name in [CONTENT_MD5, CONTENT_TYPE] {
            request.header(name)?;
        }
        claim.write_string_to_sign(&mut Buffer::new())?;
        Ok(claim)
    }

    /// The AccessKey ID that the request claims to be signed with.
    pub fn access_key_id(&self) -> &str {
        &self.access_key_id
    }

    /// When the request was signed, by the client's clock; `None` for a presigned URL, which does not say.
    pub fn date(&self) -> Option<DateTime<Utc>> {
        match self.when {
            When::Signed(date) => Some(date),
            When::Expires(_) => None,
        }
    }

    /// Until when a presigned URL is valid; `None` for a header.
    pub fn expires_at(&self) -> Option<DateTime<Utc>> {
        match self.when {
            When::Signed(_) => None,
            When::Expires(date) => Some(date),
        }
    }

    /// The STS token, if the AccessKey is a temporary one.
    pub fn security_token(&self) -> Option<&str> {
        self.security_token.as_deref()
    }

    /// Checks the signature, in constant time. Give the key of [`access_key_id`](Self::access_key_id), or `None` if
    /// there is none: that takes the same path as a wrong signature.
    ///
    /// # Errors
    /// [`Mismatch`], with the server's string to sign.
    pub fn verify<'k>(
        &self,
        key: impl Into<Option<&'k SigningKey>>,
        buffer: &mut Buffer,
    ) -> Result<(), Mismatch> {
        let (key, known) = known_or_decoy(key.into(), &self.access_key_id);
        // `parse` has run the same and found no error.
        let _ = self.write_string_to_sign(buffer);
        let equal = verify_sha1(&key.sha1, buffer.to_sign.as_bytes(), &self.signature);
        if equal & known {
            Ok(())
        } else {
            Err(Mismatch::new("", buffer.to_sign.as_str()))
        }
    }

    fn of_header(request: &Incoming<'a>, parameters: Decoded<'a>) -> Result<Self, Error> {
        let malformed = || Error::new(ErrorKind::Malformed, "header authorization");
        let (access_key_id, signature) = request
            .required("authorization")?
            .strip_prefix("OSS ")
            .ok_or_else(|| Error::new(ErrorKind::UnsupportedScheme, "header authorization"))?
            .rsplit_once(':')
            .filter(|(id, _)| !id.is_empty())
            .ok_or_else(malformed)?;
        let date_header = if request.header(OSS_DATE)?.is_some() {
            OSS_DATE
        } else {
            DATE
        };
        let date_line = request.required(date_header)?;
        let date = date::parse_http(date_line)
            .ok_or_else(|| Error::named(ErrorKind::Malformed, "header", date_header))?;
        Ok(Self {
            request: *request,
            bucket: None,
            key: None,
            parameters,
            access_key_id: access_key_id.into(),
            date_line: date_line.into(),
            when: When::Signed(date),
            security_token: request.header(SECURITY_TOKEN)?.map(Cow::Borrowed),
            signature: signature_of_base64(signature).ok_or_else(malformed)?,
        })
    }

    fn of_query(request: &Incoming<'a>, mut parameters: Decoded<'a>) -> Result<Self, Error> {
        let value = |name: &str| {
            let mut values = parameters.iter().filter(|(n, _)| n == name);
            let value = values.next().map(|(_, value)| value.clone());
            match values.next() {
                Some(_) => Err(Error::named(ErrorKind::Duplicate, "parameter", name)),
                None => Ok(value),
            }
        };
        let required = |name: &'static str| {
            value(name)?
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Error::named(ErrorKind::Missing, "parameter", name))
        };
        let malformed = |name: &'static str| Error::named(ErrorKind::Malformed, "parameter", name);
        let date_line = required(EXPIRES)?;
        let expires = decimal(&date_line)
            .and_then(|seconds| DateTime::from_timestamp(seconds, 0))
            .ok_or_else(|| malformed(EXPIRES))?;
        let claim = Self {
            request: *request,
            bucket: None,
            key: None,
            parameters: Vec::new(),
            access_key_id: required(ACCESS_KEY_ID)?,
            date_line,
            when: When::Expires(expires),
            security_token: value(TOKEN_PARAMETER)?,
            signature: signature_of_base64(&required(SIGNATURE)?)
                .ok_or_else(|| malformed(SIGNATURE))?,
        };
        parameters.retain(|(name, _)| ![ACCESS_KEY_ID, EXPIRES, SIGNATURE].contains(&&**name));
        Ok(Self {
            parameters,
            ..claim
        })
    }

    fn write_string_to_sign(&self, buffer: &mut Buffer) -> Result<(), Error> {
        headers::collect(
            &mut buffer.headers,
            self.request.headers,
            &[],
            Repeated::Refuse,
            is_canonical,
        )?;
        let text = &mut buffer.to_sign;
        text.clear();
        text.push_str(self.request.method);
        text.push(b"\n");
        for name in [CONTENT_MD5, CONTENT_TYPE] {
            text.push_str(self.request.header(name)?.unwrap_or_default());
            text.push(b"\n");
        }
        text.push_str(&self.date_line);
        text.push(b"\n");
        Lines::new(
            text,
            None,
            self.request.headers,
            &buffer.headers,
            &mut buffer.written,
            (),
        )
        .finish(&[])?;
        let parameters = borrow(&self.parameters);
        let pairs = Pairs::of(&parameters);
        write_resource(text, self.bucket, self.key, &pairs, &mut buffer.params)
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows neither signature nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id)
            .field("date", &self.date())
            .field("expires_at", &self.expires_at())
            .finish_non_exhaustive()
    }
}

/// What the form of a browser upload (PostObject) claims.
pub struct PostClaim<'a> {
    policy: &'a str,
    access_key_id: &'a str,
    security_token: Option<&'a str>,
    signature: [u8; 20],
}

impl<'a> PostClaim<'a> {
    /// Reads the claim of the form's fields. The policy's expiry and conditions are the caller's to judge.
    ///
    /// # Errors
    /// [`ErrorKind::Missing`], [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] with the field at fault.
    pub fn parse(fields: &[(&'a str, &'a str)]) -> Result<Self, Error> {
        let field = |name| headers::find_one(fields, "field", name);
        let required = |name: &'static str| {
            field(name)?
                .filter(|value| !value.is_empty())
                .ok_or_else(|| Error::named(ErrorKind::Missing, "field", name))
        };
        Ok(Self {
            policy: required("policy")?,
            access_key_id: required(ACCESS_KEY_ID)?,
            security_token: field(SECURITY_TOKEN)?,
            signature: signature_of_base64(required(SIGNATURE)?)
                .ok_or_else(|| Error::named(ErrorKind::Malformed, "field", SIGNATURE))?,
        })
    }

    /// The AccessKey ID that the policy claims to be signed with.
    pub fn access_key_id(&self) -> &'a str {
        self.access_key_id
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
        let (key, known) = known_or_decoy(key.into(), self.access_key_id);
        let equal = verify_sha1(&key.sha1, self.policy.as_bytes(), &self.signature);
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
            .field("access_key_id", &self.access_key_id)
            .finish_non_exhaustive()
    }
}
