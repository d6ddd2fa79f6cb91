use super::sign::string_to_sign;
use super::{
    ACTION, ALGORITHM, CONTENT_SHA256, DATE, HOST, NONCE, SECURITY_TOKEN, VERSION, is_always_signed,
};
use crate::buffer::Buffer;
use crate::check::LineBreaks;
use crate::error::{Error, ErrorKind};
use crate::headers::trim;
use crate::incoming::{
    Decoded, Incoming, Mismatch, authorization_fields, borrow, signature_of_hex,
};
use crate::key::{SigningKey, known_or_decoy, verify_sha256};
use crate::query::Pairs;
use crate::text::Text;
use crate::{check, date, query};
use chrono::{DateTime, Utc};
use sha2::{Digest as _, Sha256};
use std::fmt;

/// What an incoming request claims: who signed it, when, and over what.
///
/// `parse` checks everything that needs no key; [`verify`](Self::verify) checks the signature. Whether the date is in
/// the window (15 minutes at Alibaba Cloud), whether the nonce was seen before and whether the security token belongs
/// to the AccessKey is the caller's to judge.
pub struct Claim<'a> {
    request: Incoming<'a>,
    parameters: Decoded<'a>,
    access_key_id: &'a str,
    signed_headers: &'a str,
    content_sha256: &'a str,
    signature: [u8; 32],
    date: DateTime<Utc>,
}

impl<'a> Claim<'a> {
    /// Reads the claim of a request and checks that it is complete.
    ///
    /// # Errors
    /// - [`ErrorKind::Missing`]: no `authorization`, or a required header is not there.
    /// - [`ErrorKind::UnsupportedScheme`]: `authorization` is not ACS3-HMAC-SHA256.
    /// - [`ErrorKind::NotSigned`]: `host`, `content-type` or an `x-acs-*` header that is there is not signed.
    /// - [`ErrorKind::PayloadMismatch`]: `x-acs-content-sha256` is not the hash of the body.
    /// - [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] for what cannot be read in one way only.
    pub fn parse(request: &Incoming<'a>) -> Result<Self, Error> {
        let malformed = || Error::new(ErrorKind::Malformed, "header authorization");
        let authorization = request.required("authorization")?;
        let fields = authorization
            .strip_prefix(ALGORITHM)
            .and_then(|rest| rest.strip_prefix(' '))
            .ok_or_else(|| Error::new(ErrorKind::UnsupportedScheme, "header authorization"))?;
        let [credential, signed_headers, signature] =
            authorization_fields(fields, ["Credential", "SignedHeaders", "Signature"])?;
        let access_key_id = credential
            .filter(|id| !id.is_empty())
            .ok_or_else(malformed)?;
        let signed_headers = signed_headers.ok_or_else(malformed)?;
        let signature = signature.and_then(signature_of_hex).ok_or_else(malformed)?;

        check_signed_headers(request, signed_headers)?;
        for name in [HOST, ACTION, VERSION, NONCE] {
            request.required(name)?;
        }
        let date = date::parse_iso8601(request.required(DATE)?)
            .ok_or_else(|| Error::named(ErrorKind::Malformed, "header", DATE))?;
        let content_sha256 = request.required(CONTENT_SHA256)?;
        if content_sha256.as_bytes() != request.payload.sha256_hex() {
            return Err(Error::named(
                ErrorKind::PayloadMismatch,
                "header",
                CONTENT_SHA256,
            ));
        }
        let parameters = request.parameters()?;
        query::sort(&mut Vec::new(), &Pairs::of(&borrow(&parameters)))?;
        Ok(Self {
            request: *request,
            parameters,
            access_key_id,
            signed_headers,
            content_sha256,
            signature,
            date,
        })
    }

    /// The AccessKey ID that the request claims to be signed with.
    pub fn access_key_id(&self) -> &'a str {
        self.access_key_id
    }

    /// When the request was signed, by the client's clock.
    pub fn date(&self) -> DateTime<Utc> {
        self.date
    }

    /// The nonce.
    pub fn nonce(&self) -> &'a str {
        self.header(NONCE).unwrap_or_default()
    }

    /// The API's name.
    pub fn action(&self) -> &'a str {
        self.header(ACTION).unwrap_or_default()
    }

    /// The API's version.
    pub fn version(&self) -> &'a str {
        self.header(VERSION).unwrap_or_default()
    }

    /// The STS token, if the AccessKey is a temporary one.
    pub fn security_token(&self) -> Option<&'a str> {
        self.header(SECURITY_TOKEN)
    }

    /// The names of the signed headers, in lower case.
    pub fn signed_headers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        self.signed_headers.split(';')
    }

    /// The parameters of the query, decoded.
    pub fn parameters(&self) -> impl Iterator<Item = (&str, &str)> {
        self.parameters.iter().map(|(k, v)| (&**k, &**v))
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
        let (key, known) = known_or_decoy(key.into(), self.access_key_id);
        self.write_canonical_request(buffer);
        string_to_sign(
            &mut buffer.to_sign,
            &Sha256::digest(buffer.canonical.as_bytes()).into(),
        );
        let equal = verify_sha256(&key.sha256, buffer.to_sign.as_bytes(), &self.signature);
        if equal & known {
            Ok(())
        } else {
            Err(Mismatch::new(
                buffer.canonical.as_str(),
                buffer.to_sign.as_str(),
            ))
        }
    }

    fn header(&self, name: &'static str) -> Option<&'a str> {
        // `parse` has checked that there is one at most.
        self.request.header(name).ok().flatten()
    }

    fn write_canonical_request(&self, buffer: &mut Buffer) {
        let parameters = borrow(&self.parameters);
        let pairs = Pairs::of(&parameters);
        // `parse` has refused what these two can refuse.
        let _ = query::sort(&mut buffer.params, &pairs);
        let canonical = &mut buffer.canonical;
        canonical.clear();
        canonical.push_str(self.request.method);
        canonical.push(b"\n");
        canonical.push_str(if self.request.path.is_empty() {
            "/"
        } else {
            self.request.path
        });
        canonical.push(b"\n");
        let rules = query::Rules {
            line_breaks: LineBreaks::Encode,
            encoded_names: true,
            bare_names: false,
        };
        let _ = query::write(canonical, &pairs, &buffer.params, rules, &mut ());
        canonical.push(b"\n");
        for name in self.signed_headers() {
            canonical.push_str(name);
            canonical.push(b":");
            write_values(canonical, &self.request, name);
            canonical.push(b"\n");
        }
        canonical.push(b"\n");
        canonical.push_str(self.signed_headers);
        canonical.push(b"\n");
        canonical.push_str(self.content_sha256);
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows neither signature nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id)
            .field("date", &self.date)
            .field("signed_headers", &self.signed_headers)
            .finish_non_exhaustive()
    }
}

/// Checks that the list is in order, that each name is there, and that all that must be signed is.
fn check_signed_headers(request: &Incoming<'_>, list: &str) -> Result<(), Error> {
    let names = list.split(';');
    let in_order = names.clone().zip(names.clone().skip(1)).all(|(a, b)| a < b);
    if !in_order || list.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err(Error::new(ErrorKind::Malformed, "signed headers"));
    }
    if let Some((name, _)) = request
        .headers
        .iter()
        .find(|(_, value)| check::has_line_break(value))
    {
        return Err(Error::named(ErrorKind::ControlCharacter, "header", name));
    }
    let is_there = |name: &str| {
        request
            .headers
            .iter()
            .any(|(header, _)| header.eq_ignore_ascii_case(name))
    };
    if let Some(name) = names.clone().find(|name| !is_there(name)) {
        return Err(Error::named(ErrorKind::Missing, "header", name));
    }
    let is_signed = |header: &str| names.clone().any(|name| name.eq_ignore_ascii_case(header));
    let must_be_signed = |name: &str| name.eq_ignore_ascii_case(HOST) || is_always_signed(name);
    match request
        .headers
        .iter()
        .find(|(header, _)| must_be_signed(header) && !is_signed(header))
    {
        Some((header, _)) => Err(Error::named(ErrorKind::NotSigned, "header", header)),
        None => Ok(()),
    }
}

/// Appends the values of a header, sorted and joined with `,`.
fn write_values(text: &mut Text, request: &Incoming<'_>, name: &str) {
    let values = || {
        request
            .headers
            .iter()
            .filter(|(header, _)| header.eq_ignore_ascii_case(name))
            .map(|(_, value)| trim(value))
    };
    if values().count() == 1 {
        return values().for_each(|value| text.push_str(value));
    }
    let mut values: Vec<_> = values().collect();
    values.sort_unstable();
    text.push_str(&values.join(","));
}
