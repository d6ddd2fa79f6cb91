use super::{
    ACCEPT, ACTION, CONTENT_MD5, CONTENT_TYPE, DATE, METHOD, METHOD_VERSION, NONCE, SECURITY_TOKEN,
    SIGNATURE_METHOD, SIGNATURE_VERSION, VERSION, is_canonical,
};
use crate::buffer::Buffer;
use crate::error::{Error, ErrorKind};
use crate::headers::{Lines, Repeated};
use crate::incoming::{Incoming, Mismatch, Query, parse_pair, signature_of_base64};
use crate::key::{SigningKey, known_or_decoy, verify_sha1};
use crate::payload::Payload;
use crate::{content_md5, date, headers};
use chrono::{DateTime, Utc};
use std::borrow::Cow;
use std::fmt;

/// What an incoming request claims: who signed it, when, and over what.
///
/// `parse` checks everything that needs no key; [`verify`](Self::verify) checks the signature. The window of the date,
/// the nonce and the security token are the caller's to judge. The body is covered only by a `content-md5`, if there
/// is one.
pub struct Claim<'a> {
    request: Incoming<'a>,
    /// Sorted, each as it was signed: with `=` or without.
    parameters: Vec<Parameter<'a>>,
    access_key_id: &'a str,
    signature: [u8; 20],
    date: DateTime<Utc>,
}

/// A name and its value; `None` for a name that stands alone.
type Parameter<'a> = (Cow<'a, str>, Option<Cow<'a, str>>);

impl<'a> Claim<'a> {
    /// Reads the claim of a request.
    ///
    /// A parameter with an empty value is taken to be signed as it is written, `name=` or `name`.
    ///
    /// # Errors
    /// - [`ErrorKind::Missing`]: no `authorization`, or a required header is not there.
    /// - [`ErrorKind::UnsupportedScheme`]: not `acs`, not HMAC-SHA1, or not version 1.0.
    /// - [`ErrorKind::PayloadMismatch`]: `content-md5` is not that of the body.
    /// - [`ErrorKind::Malformed`] or [`ErrorKind::Duplicate`] for what cannot be read in one way only.
    pub fn parse(request: &Incoming<'a>) -> Result<Self, Error> {
        let malformed = || Error::new(ErrorKind::Malformed, "header authorization");
        let (access_key_id, signature) = request
            .required("authorization")?
            .strip_prefix("acs ")
            .ok_or_else(|| Error::new(ErrorKind::UnsupportedScheme, "header authorization"))?
            .rsplit_once(':')
            .filter(|(id, _)| !id.is_empty())
            .ok_or_else(malformed)?;
        let signature = signature_of_base64(signature).ok_or_else(malformed)?;
        for (name, value) in [
            (SIGNATURE_METHOD, METHOD),
            (SIGNATURE_VERSION, METHOD_VERSION),
        ] {
            if request.required(name)? != value {
                return Err(Error::named(ErrorKind::UnsupportedScheme, "header", name));
            }
        }
        request.required(NONCE)?;
        request.required(VERSION)?;
        for name in [ACCEPT, CONTENT_TYPE] {
            request.header(name)?;
        }
        let date = date::parse_http(request.required(DATE)?)
            .ok_or_else(|| Error::named(ErrorKind::Malformed, "header", DATE))?;
        check_content_md5(request)?;
        let mut parameters = parameters(request)?;
        parameters.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(w) = parameters.windows(2).find(|w| w[0].0 == w[1].0) {
            return Err(Error::named(ErrorKind::Duplicate, "parameter", &w[0].0));
        }
        let claim = Self {
            request: *request,
            parameters,
            access_key_id,
            signature,
            date,
        };
        claim.write_string_to_sign(&mut Buffer::new())?;
        Ok(claim)
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

    /// The API's name, if the client sends it.
    pub fn action(&self) -> Option<&'a str> {
        self.header(ACTION)
    }

    /// The API's version.
    pub fn version(&self) -> &'a str {
        self.header(VERSION).unwrap_or_default()
    }

    /// The STS token, if the AccessKey is a temporary one.
    pub fn security_token(&self) -> Option<&'a str> {
        self.header(SECURITY_TOKEN)
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
        let (key, known) = known_or_decoy(key.into(), self.access_key_id);
        // `parse` has run the same and found no error.
        let _ = self.write_string_to_sign(buffer);
        let equal = verify_sha1(&key.sha1, buffer.to_sign.as_bytes(), &self.signature);
        if equal & known {
            Ok(())
        } else {
            Err(Mismatch::new("", buffer.to_sign.as_str()))
        }
    }

    fn header(&self, name: &'static str) -> Option<&'a str> {
        // `parse` has checked that there is one at most.
        self.request.header(name).ok().flatten()
    }

    fn write_string_to_sign(&self, buffer: &mut Buffer) -> Result<(), Error> {
        let text = &mut buffer.to_sign;
        text.clear();
        text.push_str(self.request.method);
        text.push(b"\n");
        for name in [ACCEPT, CONTENT_MD5, CONTENT_TYPE, DATE] {
            text.push_str(self.header(name).unwrap_or_default());
            text.push(b"\n");
        }
        headers::collect(
            &mut buffer.headers,
            self.request.headers,
            &[],
            Repeated::Refuse,
            is_canonical,
        )?;
        Lines::new(
            text,
            None,
            self.request.headers,
            &buffer.headers,
            &mut buffer.written,
            (),
        )
        .finish(&[])?;
        text.push_str(self.request.path);
        for (i, (name, value)) in self.parameters.iter().enumerate() {
            text.push(if i == 0 { b"?" } else { b"&" });
            text.push_str(name);
            if let Some(value) = value {
                text.push(b"=");
                text.push_str(value);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for Claim<'_> {
    /// Shows neither signature nor token.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Claim")
            .field("access_key_id", &self.access_key_id)
            .field("date", &self.date)
            .finish_non_exhaustive()
    }
}

fn check_content_md5(request: &Incoming<'_>) -> Result<(), Error> {
    let body = match request.payload {
        Payload::Empty => &[],
        Payload::Bytes(bytes) => bytes,
        // There is nothing to compare it with.
        Payload::Sha256(_) => return Ok(()),
    };
    match request.header(CONTENT_MD5)? {
        Some(claimed) if claimed != content_md5(body) => Err(Error::named(
            ErrorKind::PayloadMismatch,
            "header",
            CONTENT_MD5,
        )),
        _ => Ok(()),
    }
}

fn parameters<'a>(request: &Incoming<'a>) -> Result<Vec<Parameter<'a>>, Error> {
    match request.query {
        Query::Raw(query) => query
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = parse_pair(pair)?;
                Some((name, pair.contains('=').then_some(value)))
            })
            .collect::<Option<_>>()
            .ok_or_else(|| Error::new(ErrorKind::Malformed, "query")),
        Query::Pairs(pairs) => Ok(pairs
            .iter()
            .map(|&(name, value)| (name.into(), Some(value.into())))
            .collect()),
    }
}
