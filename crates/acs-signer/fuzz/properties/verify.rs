//! A request is accepted with the signature that its AccessKey makes, and with no other.

use acs_signer::{
    Buffer, Incoming, Mismatch, Payload, Query, SigningKey, acs3, date, oss_v1, oss_v4, roa_v1,
    rpc_v1,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;
use sha2::Sha256;
use std::collections::BTreeMap;

/// A secret that no seed is signed with.
const SECRET: &str = "a secret that no seed is signed with";

const SPACE: [char; 2] = [' ', '\t'];

/// How a request may be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scheme {
    Acs3,
    RpcV1,
    RoaV1,
    OssV1,
    OssV4,
}

impl Scheme {
    pub(crate) const ALL: [Self; 5] = [
        Self::Acs3,
        Self::RpcV1,
        Self::RoaV1,
        Self::OssV1,
        Self::OssV4,
    ];
}

/// Takes `data` as an HTTP/1.1 request; returns the schemes that can read a claim in it.
pub(crate) fn run(data: &[u8]) -> Vec<Scheme> {
    match Received::read(data) {
        Some(request) => Scheme::ALL
            .into_iter()
            .filter(|&scheme| check(scheme, &request))
            .collect(),
        None => Vec::new(),
    }
}

fn check(scheme: Scheme, request: &Received) -> bool {
    let Some(claim) = judge(scheme, request, None) else {
        return false;
    };
    let to_sign = match &claim.verdict {
        Ok(()) => panic!("{scheme:?}: accepted without a key"),
        Err(mismatch) => mismatch.string_to_sign(),
    };
    match judge(scheme, request, Some(SECRET)).unwrap().verdict {
        Ok(()) => panic!("{scheme:?}: accepted with a secret that did not sign it"),
        Err(mismatch) => assert_eq!(mismatch.string_to_sign(), to_sign, "{scheme:?}"),
    }

    // An AccessKey ID with line breaks makes no key, and a signature over itself cannot be made.
    if SigningKey::new(&claim.id, SECRET).is_err() || claim.covers_authorization {
        return true;
    }
    let signature = sign(scheme, &claim, to_sign);
    let signed = resigned(scheme, request, &claim, &signature);
    let accepted = judge(scheme, &signed, Some(SECRET))
        .unwrap_or_else(|| panic!("{scheme:?}: another signature makes the claim unreadable"));
    assert!(
        accepted.verdict.is_ok(),
        "{scheme:?}: refused its own signature"
    );
    assert_eq!(accepted.id, claim.id);
    assert!(judge(scheme, &signed, None).unwrap().verdict.is_err());

    for at in [0, signature.len() / 2] {
        let forged = resigned(scheme, request, &claim, &with_other_digit(&signature, at));
        let judged = judge(scheme, &forged, Some(SECRET));
        assert!(
            judged.is_none_or(|judged| judged.verdict.is_err()),
            "{scheme:?}: accepted a forged signature"
        );
    }
    true
}

/// A request as it came over the wire, or with another signature.
#[derive(Clone)]
struct Received {
    method: String,
    path: String,
    query: String,
    /// The query decoded, instead of `query`.
    parameters: Option<Vec<(String, String)>>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Received {
    /// Splits at CR LF only, so that any other control character gets as far as the signer.
    fn read(data: &[u8]) -> Option<Self> {
        const END: &[u8] = b"\r\n\r\n";
        let end = data.windows(END.len()).position(|window| window == END)?;
        let mut lines = str::from_utf8(&data[..end]).ok()?.split("\r\n");
        let (method, rest) = lines.next()?.split_once(' ')?;
        let (target, _) = rest.rsplit_once(' ')?;
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        Some(Self {
            method: method.to_owned(),
            path: path.to_owned(),
            query: query.to_owned(),
            parameters: None,
            headers: lines
                .filter_map(|line| line.split_once(':'))
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: data[end + END.len()..].to_vec(),
        })
    }

    /// The bucket and the object key of a path-style URL.
    fn object(&self) -> (Option<&str>, Option<&str>) {
        let path = self.path.strip_prefix('/').unwrap_or(&self.path);
        match path.split_once('/') {
            Some((bucket, key)) => (Some(bucket), Some(key)),
            None if path.is_empty() => (None, None),
            None => (Some(path), None),
        }
    }
}

/// What a request claims, and what became of it.
struct Judged {
    id: String,
    verdict: Result<(), Mismatch>,
    /// Whether the signature is in the query.
    in_query: bool,
    covers_authorization: bool,
    /// Day, region and product.
    scope: [String; 3],
}

impl Judged {
    fn of(
        id: &str,
        secret: Option<&str>,
        verify: impl FnOnce(Option<&SigningKey>) -> Result<(), Mismatch>,
    ) -> Self {
        let key = secret.and_then(|secret| SigningKey::new(id, secret).ok());
        Self {
            id: id.to_owned(),
            verdict: verify(key.as_ref()),
            in_query: false,
            covers_authorization: false,
            scope: Default::default(),
        }
    }
}

/// Parses and verifies with the claimed AccessKey ID and this secret; `None` if there is nothing to verify.
fn judge(scheme: Scheme, request: &Received, secret: Option<&str>) -> Option<Judged> {
    let buffer = &mut Buffer::new();
    let headers = borrow(&request.headers);
    let parameters = request.parameters.as_deref().map(borrow);
    let incoming = Incoming {
        method: &request.method,
        path: &request.path,
        query: match &parameters {
            Some(parameters) => Query::Pairs(parameters),
            None => Query::Raw(&request.query),
        },
        headers: &headers,
        payload: match &*request.body {
            [] => Payload::Empty,
            body => Payload::Bytes(body),
        },
    };
    let (bucket, key) = request.object();
    Some(match scheme {
        Scheme::Acs3 => {
            let claim = acs3::Claim::parse(&incoming).ok()?;
            Judged {
                covers_authorization: claim.signed_headers().any(|name| name == "authorization"),
                ..Judged::of(claim.access_key_id(), secret, |key| {
                    claim.verify(key, buffer)
                })
            }
        }
        Scheme::RpcV1 => {
            let claim = rpc_v1::Claim::parse(&incoming).ok()?;
            Judged {
                in_query: true,
                ..Judged::of(claim.access_key_id(), secret, |key| {
                    claim.verify(key, buffer)
                })
            }
        }
        Scheme::RoaV1 => {
            let claim = roa_v1::Claim::parse(&incoming).ok()?;
            Judged::of(claim.access_key_id(), secret, |key| {
                claim.verify(key, buffer)
            })
        }
        Scheme::OssV1 => {
            let claim = oss_v1::Claim::parse(&incoming, bucket, key).ok()?;
            Judged {
                in_query: claim.expires_at().is_some(),
                ..Judged::of(claim.access_key_id(), secret, |key| {
                    claim.verify(key, buffer)
                })
            }
        }
        Scheme::OssV4 => {
            let claim = oss_v4::Claim::parse(&incoming, bucket, key).ok()?;
            let date = date::iso8601_basic(claim.date()).unwrap();
            Judged {
                in_query: claim.expires().is_some(),
                covers_authorization: claim.additional_headers().any(|n| n == "authorization"),
                scope: [&date[..8], claim.region(), claim.product()].map(str::to_owned),
                ..Judged::of(claim.access_key_id(), secret, |key| {
                    claim.verify(key, buffer)
                })
            }
        }
    })
}

/// The signature by the letter of the scheme, with none of the signer's code.
fn sign(scheme: Scheme, claim: &Judged, to_sign: &str) -> String {
    match scheme {
        Scheme::Acs3 => hex(&hmac_sha256(SECRET.as_bytes(), to_sign)),
        Scheme::RpcV1 => STANDARD.encode(hmac_sha1(&format!("{SECRET}&"), to_sign)),
        Scheme::RoaV1 | Scheme::OssV1 => STANDARD.encode(hmac_sha1(SECRET, to_sign)),
        Scheme::OssV4 => {
            let parts = claim.scope.iter().map(String::as_str);
            let key = parts
                .chain(["aliyun_v4_request"])
                .fold(format!("aliyun_v4{SECRET}").into_bytes(), |key, part| {
                    hmac_sha256(&key, part)
                });
            hex(&hmac_sha256(&key, to_sign))
        }
    }
}

fn hmac_sha256(key: &[u8], text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hmac_sha1(key: &str, text: &str) -> Vec<u8> {
    let mut mac = Hmac::<Sha1>::new_from_slice(key.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    mac.finalize().into_bytes().to_vec()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn with_other_digit(signature: &str, at: usize) -> String {
    let other = if &signature[at..=at] == "0" { "1" } else { "0" };
    [&signature[..at], other, &signature[at + 1..]].concat()
}

/// The request with another signature in the place of its own.
fn resigned(scheme: Scheme, request: &Received, claim: &Judged, signature: &str) -> Received {
    let mut request = request.clone();
    if claim.in_query {
        let (form, name) = match scheme {
            Scheme::RpcV1 => (form(&request), "Signature"),
            Scheme::OssV1 => (Vec::new(), "Signature"),
            _ => (Vec::new(), "x-oss-signature"),
        };
        if !form.is_empty() {
            request.body.clear();
        }
        // What comes later shadows: the form the query, the signature all.
        let mut parameters = BTreeMap::from_iter(decode(&request.query));
        parameters.extend(form);
        parameters.insert(name.to_owned(), signature.to_owned());
        request.parameters = Some(parameters.into_iter().collect());
        return request;
    }
    let (_, authorization) = request
        .headers
        .iter_mut()
        .find(|(name, _)| name.eq_ignore_ascii_case("authorization"))
        .unwrap();
    *authorization = match scheme {
        Scheme::RoaV1 => format!("acs {}:{signature}", claim.id),
        Scheme::OssV1 => format!("OSS {}:{signature}", claim.id),
        _ => authorization
            .trim_matches(SPACE)
            .split(',')
            .map(|field| match field.split_once('=') {
                // The first field has the scheme before its name.
                Some((name, _)) if name.trim_end_matches(SPACE).ends_with("Signature") => {
                    format!("{name}={signature}")
                }
                _ => field.to_owned(),
            })
            .collect::<Vec<_>>()
            .join(","),
    };
    request
}

/// The parameters of the body, if it is a form.
fn form(request: &Received) -> Vec<(String, String)> {
    let is_form = request.headers.iter().any(|(name, value)| {
        let media_type = value.split(';').next().unwrap_or_default();
        name.eq_ignore_ascii_case("content-type")
            && media_type
                .trim_matches(SPACE)
                .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    });
    match str::from_utf8(&request.body) {
        Ok(body) if is_form => decode(body),
        _ => Vec::new(),
    }
}

/// Decodes a query that is known to be well formed.
fn decode(query: &str) -> Vec<(String, String)> {
    let text = |encoded: &str| {
        let mut parts = encoded.split('%');
        let mut bytes = parts
            .next()
            .unwrap_or_default()
            .replace('+', " ")
            .into_bytes();
        for part in parts {
            bytes.push(u8::from_str_radix(&part[..2], 16).unwrap());
            bytes.extend(part[2..].replace('+', " ").bytes());
        }
        String::from_utf8(bytes).unwrap()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

fn borrow(pairs: &[(String, String)]) -> Vec<(&str, &str)> {
    pairs
        .iter()
        .map(|(name, value)| (&**name, &**value))
        .collect()
}
