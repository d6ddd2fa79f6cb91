use super::{
    ACCESS_KEY_ID, ACTION, METHOD, METHOD_VERSION, SECURITY_TOKEN, SIGNATURE, SIGNATURE_METHOD,
    SIGNATURE_NONCE, SIGNATURE_VERSION, TIMESTAMP, VERSION, canonical,
};
use crate::buffer::Buffer;
use crate::check::LineBreaks;
use crate::error::{Error, ErrorKind};
use crate::incoming::{Decoded, Incoming, Mismatch, borrow, signature_of_base64};
use crate::key::{SigningKey, known_or_decoy, verify_sha1};
use crate::query::{Pairs, Rules};
use crate::{date, query};
use chrono::{DateTime, Utc};
use std::fmt;

/// What an incoming request claims: who signed it, when, and over what.
///
/// `parse` checks everything that needs no key; [`verify`](Self::verify) checks the signature. The window of the date,
/// the nonce and the security token are the caller's to judge.
pub struct Claim<'a> {
    method: &'a str,
    query: Decoded<'a>,
    form: Decoded<'a>,
    signature: [u8; 20],
    date: DateTime<Utc>,
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request: of its query, and of its body if that is a form.
    ///
    /// # Errors
    /// - [`ErrorKind::Missing`]: a required parameter is not there.
    /// - [`ErrorKind::UnsupportedScheme`]: `SignatureMethod` is not HMAC-SHA1, or `SignatureVersion` is not 1.0.
    /// - [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] for what cannot be read in one way only.
    pub fn parse(request: &Incoming<'a>) -> Result<Self, Error> {
        if !matches!(request.path, "" | "/") {
            return Err(Error::new(ErrorKind::Malformed, "path"));
        }
        let query = request.parameters()?;
        let form = request.form()?;
        for parameters in [&query, &form] {
            query::sort(&mut Vec::new(), &Pairs::of(&borrow(parameters)))?;
        }
        let mut claim = Self {
            method: request.method,
            query,
            form,
            signature: [0; 20],
            date: DateTime::UNIX_EPOCH,
        };
        for name in [ACCESS_KEY_ID, ACTION, SIGNATURE_NONCE, VERSION] {
            claim.required(name)?;
        }
        let unsupported = |name| Error::named(ErrorKind::UnsupportedScheme, "parameter", name);
        if claim.required(SIGNATURE_METHOD)? != METHOD {
            return Err(unsupported(SIGNATURE_METHOD));
        }
        if claim.required(SIGNATURE_VERSION)? != METHOD_VERSION {
            return Err(unsupported(SIGNATURE_VERSION));
        }
        let malformed = |name| Error::named(ErrorKind::Malformed, "parameter", name);
        claim.date =
            date::parse_iso8601(claim.required(TIMESTAMP)?).ok_or_else(|| malformed(TIMESTAMP))?;
        claim.signature =
            signature_of_base64(claim.required(SIGNATURE)?).ok_or_else(|| malformed(SIGNATURE))?;
        claim.query.retain(|(name, _)| name != SIGNATURE);
        claim.form.retain(|(name, _)| name != SIGNATURE);
        Ok(claim)
    }

    /// The AccessKey ID that the request claims to be signed with.
    pub fn access_key_id(&self) -> &str {
        self.parameter(ACCESS_KEY_ID).unwrap_or_default()
    }

    /// When the request was signed, by the client's clock.
    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    /// The nonce.
    pub fn nonce(&self) -> &str {
        self.parameter(SIGNATURE_NONCE).unwrap_or_default()
    }

    /// The API's name.
    pub fn action(&self) -> &str {
        self.parameter(ACTION).unwrap_or_default()
    }

    /// The API's version.
    pub fn version(&self) -> &str {
        self.parameter(VERSION).unwrap_or_default()
    }

    /// The STS token, if the AccessKey is a temporary one.
    pub fn security_token(&self) -> Option<&str> {
        self.parameter(SECURITY_TOKEN)
    }

    /// The parameters of the query and then of the form, decoded, without the signature.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.query
            .iter()
            .chain(&self.form)
            .map(|(k, v)| (&**k, &**v))
    }

    /// A parameter; the form's if both query and form have it.
    pub fn parameter(&self, name: &str) -> Option<&str> {
        self.form
            .iter()
            .chain(&self.query)
            .find(|(n, _)| n == name)
            .map(|(_, value)| &**value)
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
        let (key, known) = known_or_decoy(key.into(), self.access_key_id());
        let (query, form) = (borrow(&self.query), borrow(&self.form));
        let pairs = Pairs([&[], &query, &form]);
        let rules = Rules {
            line_breaks: LineBreaks::Encode,
            encoded_names: true,
            bare_names: false,
        };
        buffer.canonical.clear();
        buffer.to_sign.clear();
        buffer.to_sign.push_str(self.method);
        buffer.to_sign.push(b"&%2F&");
        // `parse` has refused what these two can refuse.
        let _ = query::sort(&mut buffer.params, &pairs);
        let _ = canonical::write(
            (&mut buffer.canonical, &mut buffer.to_sign),
            &[],
            &pairs,
            &buffer.params,
            rules,
            &mut (),
        );
        let equal = verify_sha1(&key.sha1_rpc, buffer.to_sign.as_bytes(), &self.signature);
        if equal & known {
            Ok(())
        } else {
            Err(Mismatch::new(
                buffer.canonical.as_str(),
                buffer.to_sign.as_str(),
            ))
        }
    }

    fn required(&self, name: &'static str) -> Result<&str, Error> {
        self.parameter(name)
            .filter(|value| !value.is_empty())
            .ok_or_else(|| Error::named(ErrorKind::Missing, "parameter", name))
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows neither signature nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id())
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}
