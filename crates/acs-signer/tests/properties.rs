//! What holds for any request: 10,000 cases each.
#![allow(clippy::unwrap_used, reason = "not a library")]

use acs_signer::oss_v4::ScopedKey;
use acs_signer::{
    Buffer, Incoming, LineBreaks, Mismatch, Payload, Query, SigningKey, percent_encode,
};
use acs_signer::{acs3, oss_v1, oss_v4, roa_v1, rpc_v1};
use chrono::{DateTime, Utc};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

const SECRET: &str = "a-secret-that-nothing-may-show";
const TOKEN: &str = "a-token-that-nothing-may-show";

/// A request of any scheme, as its values.
#[derive(Clone, Debug)]
struct Values {
    method: &'static str,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    date: DateTime<Utc>,
    nonce: String,
    token: Option<&'static str>,
}

type Pairs<'a> = Vec<(&'a str, &'a str)>;

/// Names that are hard to order: alike in their first bytes, in case, and around punctuation.
const NAMES: [&str; 14] = [
    "Tag",
    "Tag.1",
    "Tag.1.Key",
    "Tag.10.Key",
    "Tag.2.Key",
    "TemplateGroupId",
    "TemplateGroupIds",
    "TemplateList",
    "a",
    "a-b",
    "a.b",
    "a_b",
    "a~b",
    "A",
];

const HEADER_NAMES: [&str; 6] = ["z", "z-a", "z-a1", "za", "z0", "z-long-name-with-a-tail"];

/// One of everything that is encoded or not.
const CHARACTERS: [char; 24] = [
    'a', 'Z', '0', '-', '_', '.', '~', ' ', '+', '%', '/', '&', '=', '?', '#', '*', '!', '\'', '"',
    '\t', 'é', '视', '😀', '\u{7f}',
];

fn text(characters: &'static [char]) -> impl Strategy<Value = String> {
    vec(select(characters), 0..24).prop_map(String::from_iter)
}

/// Pairs of names in order, each with a text.
fn pairs(
    names: &'static [&'static str],
    characters: &'static [char],
) -> impl Strategy<Value = Vec<(String, String)>> {
    subsequence(names, 0..names.len()).prop_flat_map(move |names| {
        let count = names.len();
        vec(text(characters), count).prop_map(move |values| {
            let names = names.iter().map(|name| (*name).to_owned());
            names.zip(values).collect()
        })
    })
}

fn values() -> impl Strategy<Value = Values> {
    (
        select(&["GET", "POST", "PUT", "DELETE"][..]),
        select(&["/", "/a", "/a/b.c-d_e", "//a//", "/%E4%B8%AD/x"][..]),
        pairs(&NAMES, &CHARACTERS),
        pairs(&HEADER_NAMES, &CHARACTERS[..16]),
        vec(any::<u8>(), 0..8),
        0i64..4_000_000_000,
        any::<u128>(),
        select(&[None, Some(TOKEN)][..]),
    )
        .prop_map(
            |(method, path, query, headers, body, date, nonce, token)| Values {
                method,
                path: path.to_owned(),
                query,
                headers: headers
                    .into_iter()
                    .map(|(name, value)| (name, format!("<{value}>")))
                    .collect(),
                body,
                date: DateTime::from_timestamp(date, 0).unwrap(),
                nonce: format!("{nonce:032x}"),
                token,
            },
        )
}

impl Values {
    fn query(&self) -> Pairs<'_> {
        self.query
            .iter()
            .map(|(k, v)| (k.as_str(), v.as_str()))
            .collect()
    }

    /// The headers under a prefix that is signed.
    fn headers(&self, prefix: &str) -> Vec<(String, String)> {
        let named = |(name, value): &(String, String)| (format!("{prefix}{name}"), value.clone());
        let mut headers: Vec<_> = self.headers.iter().map(named).collect();
        headers.push(("content-type".to_owned(), "text/plain".to_owned()));
        headers
    }

    fn acs3<'a>(
        &'a self,
        query: &'a [(&str, &str)],
        headers: &'a [(&str, &str)],
    ) -> acs3::Request<'a> {
        acs3::Request {
            method: self.method,
            host: "vod.cn-shanghai.aliyuncs.com",
            path: &self.path,
            query,
            headers,
            payload: Payload::Bytes(&self.body),
            action: "GetPlayInfo",
            version: "2017-03-21",
            security_token: self.token,
            line_breaks: LineBreaks::Encode,
            ..acs3::Request::at(self.date, &self.nonce)
        }
    }

    fn rpc_v1<'a>(
        &'a self,
        query: &'a [(&str, &str)],
        form: &'a [(&str, &str)],
    ) -> rpc_v1::Request<'a> {
        rpc_v1::Request {
            method: self.method,
            action: "GetPlayInfo",
            version: "2017-03-21",
            query,
            form,
            security_token: self.token,
            line_breaks: LineBreaks::Encode,
            ..rpc_v1::Request::at(self.date, &self.nonce)
        }
    }

    fn oss_v4<'a>(
        &'a self,
        query: &'a [(&str, &str)],
        headers: &'a [(&str, &str)],
    ) -> oss_v4::Request<'a> {
        oss_v4::Request {
            method: self.method,
            bucket: Some("examplebucket"),
            key: Some(&self.path[1..]),
            query,
            headers,
            security_token: self.token,
            line_breaks: LineBreaks::Encode,
            ..oss_v4::Request::at(self.date)
        }
    }

    fn scoped_key(&self) -> ScopedKey {
        ScopedKey::new(&key(), self.date, "cn-shanghai", "oss").unwrap()
    }
}

fn key() -> SigningKey {
    SigningKey::new("LTAI5tExample", SECRET).unwrap()
}

fn borrow(pairs: &[(String, String)]) -> Pairs<'_> {
    pairs
        .iter()
        .map(|(k, v)| (k.as_str(), v.as_str()))
        .collect()
}

fn owned<'a>(pairs: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<(String, String)> {
    pairs.map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
}

/// Decodes a query apart from the code under test.
fn decode(query: &str) -> Vec<(String, String)> {
    let text = |text: &str| {
        percent_encoding::percent_decode_str(text)
            .decode_utf8()
            .unwrap()
            .into_owned()
    };
    query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .map(|(name, value)| (text(name), text(value)))
        .collect()
}

/// A request on its way to a server.
#[derive(Clone)]
struct Sent {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
}

impl Sent {
    fn acs3(values: &Values) -> Self {
        let (query, headers) = (values.query(), values.headers("x-acs-"));
        let headers = borrow(&headers);
        let mut buffer = Buffer::new();
        let request = values.acs3(&query, &headers);
        let signed = acs3::sign(&request, &key(), &mut buffer).unwrap();
        let mut sent = owned(headers.iter().copied());
        sent.push(("host".to_owned(), request.host.to_owned()));
        sent.extend(owned(
            signed.headers().map(|(n, v)| -> (&str, &str) { (n, v) }),
        ));
        Self {
            method: values.method.to_owned(),
            path: values.path.clone(),
            query: decode(signed.query()),
            headers: sent,
            body: values.body.clone(),
        }
    }

    fn with<T>(&self, read: impl FnOnce(&Incoming<'_>) -> T) -> T {
        let (query, headers) = (borrow(&self.query), borrow(&self.headers));
        read(&Incoming {
            method: &self.method,
            path: &self.path,
            query: Query::Pairs(&query),
            headers: &headers,
            payload: Payload::Bytes(&self.body),
        })
    }

    fn verifies_as_acs3(&self) -> bool {
        self.with(|incoming| {
            acs3::Claim::parse(incoming)
                .is_ok_and(|claim| claim.verify(&key(), &mut Buffer::new()).is_ok())
        })
    }

    /// Replaces one byte of what is signed by another printable one.
    fn change(&mut self, place: Index, at: Index, by: u8) {
        let mut texts: Vec<&mut String> = vec![&mut self.method, &mut self.path];
        texts.extend(self.query.iter_mut().flat_map(|(k, v)| [k, v]));
        texts.extend(self.headers.iter_mut().map(|(_, value)| value));
        texts.retain(|text| text.is_ascii() && !text.is_empty());
        let count = texts.len() + usize::from(!self.body.is_empty());
        let place = place.index(count);
        if place == texts.len() {
            let at = at.index(self.body.len());
            self.body[at] ^= by.max(1);
            return;
        }
        let text = &mut *texts[place];
        let at = at.index(text.len());
        let old = text.as_bytes()[at];
        // Another printable byte, but never the other case of the same letter: hexadecimal digits may be in either.
        let mut new = 0x21 + by % 0x5E;
        while new.eq_ignore_ascii_case(&old) {
            new = 0x21 + (new - 0x21 + 1) % 0x5E;
        }
        text.replace_range(at..=at, &char::from(new).to_string());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn the_order_of_the_input_never_matters(
        (values, query, headers) in values().prop_flat_map(|values| {
            let query = Just(values.query.clone()).prop_shuffle();
            let headers = Just(values.headers("x-acs-")).prop_shuffle();
            (Just(values), query, headers)
        }),
    ) {
        let (mut a, mut b) = (Buffer::new(), Buffer::new());
        let (sorted, shuffled) = (values.query(), borrow(&query));
        let given = values.headers("x-acs-");
        let (given, moved) = (borrow(&given), borrow(&headers));
        prop_assert_eq!(
            acs3::sign(&values.acs3(&sorted, &given), &key(), &mut a).unwrap().authorization(),
            acs3::sign(&values.acs3(&shuffled, &moved), &key(), &mut b).unwrap().authorization()
        );
        prop_assert_eq!(
            rpc_v1::sign(&values.rpc_v1(&sorted, &[]), &key(), &mut a).unwrap().query(),
            rpc_v1::sign(&values.rpc_v1(&shuffled, &[]), &key(), &mut b).unwrap().query()
        );
        let scoped = values.scoped_key();
        prop_assert_eq!(
            oss_v4::sign(&values.oss_v4(&sorted, &given), &scoped, &mut a).unwrap().authorization(),
            oss_v4::sign(&values.oss_v4(&shuffled, &moved), &scoped, &mut b).unwrap().authorization()
        );
    }

    #[test]
    fn the_case_of_header_names_never_matters(values in values(), upper in any::<u64>()) {
        let change = |name: &str| -> String {
            let is_upper = |i: usize| upper >> (i % 64) & 1 == 1;
            name.char_indices().map(|(i, c)| if is_upper(i) { c.to_ascii_uppercase() } else { c }).collect()
        };
        let (mut a, mut b) = (Buffer::new(), Buffer::new());
        let query = values.query();
        for prefix in ["x-acs-", "x-oss-"] {
            let lower = values.headers(prefix);
            let mixed: Vec<_> = lower.iter().map(|(name, value)| (change(name), value.clone())).collect();
            let (lower, mixed) = (borrow(&lower), borrow(&mixed));
            prop_assert_eq!(
                acs3::sign(&values.acs3(&query, &lower), &key(), &mut a).unwrap().canonical_request(),
                acs3::sign(&values.acs3(&query, &mixed), &key(), &mut b).unwrap().canonical_request()
            );
            let scoped = values.scoped_key();
            prop_assert_eq!(
                oss_v4::sign(&values.oss_v4(&query, &lower), &scoped, &mut a).unwrap().canonical_request(),
                oss_v4::sign(&values.oss_v4(&query, &mixed), &scoped, &mut b).unwrap().canonical_request()
            );
        }
        let mut sent = Sent::acs3(&values);
        for (name, _) in &mut sent.headers {
            *name = change(name);
        }
        prop_assert!(sent.verifies_as_acs3());
    }

    #[test]
    fn what_is_signed_verifies_and_one_changed_byte_does_not(
        values in values(),
        place in any::<Index>(),
        at in any::<Index>(),
        by in any::<u8>(),
    ) {
        let mut sent = Sent::acs3(&values);
        prop_assert!(sent.verifies_as_acs3());
        sent.change(place, at, by);
        prop_assert!(!sent.verifies_as_acs3());
    }

    #[test]
    fn what_is_signed_verifies_in_every_other_scheme(values in values()) {
        let (query, mut buffer) = (values.query(), Buffer::new());
        let verified = |result: Result<(), Mismatch>| result.is_ok();

        let (in_query, in_form) = query.split_at(query.len() / 2);
        let signed = rpc_v1::sign(&values.rpc_v1(in_query, in_form), &key(), &mut buffer).unwrap();
        let (query_text, form) = (signed.query().to_owned(), signed.form().to_owned());
        let headers = [("content-type", "application/x-www-form-urlencoded")];
        let incoming = incoming(values.method, "/", &query_text, &headers, form.as_bytes());
        prop_assert!(verified(rpc_v1::Claim::parse(&incoming).unwrap().verify(&key(), &mut Buffer::new())));

        let acs_headers = values.headers("x-acs-");
        let acs_headers = borrow(&acs_headers);
        let request = roa_v1::Request {
            method: values.method,
            path: &values.path,
            query: &query,
            empty_values: roa_v1::EmptyValues::WithEquals,
            headers: &acs_headers,
            version: "1",
            security_token: values.token,
            ..roa_v1::Request::at(values.date, &values.nonce)
        };
        let signed = roa_v1::sign(&request, &key(), &mut buffer).unwrap();
        let mut sent: Pairs<'_> = acs_headers.clone();
        for (name, value) in signed.headers() {
            sent.push((name, value));
        }
        let incoming = incoming_of(values.method, &values.path, signed.query(), &sent);
        prop_assert!(verified(roa_v1::Claim::parse(&incoming).unwrap().verify(&key(), &mut Buffer::new())));

        let oss_headers = values.headers("x-oss-");
        let oss_headers = borrow(&oss_headers);
        let (bucket, object) = (Some("examplebucket"), Some(&values.path[1..]));
        let request = oss_v1::Request {
            method: values.method,
            bucket,
            key: object,
            query: &query,
            headers: &oss_headers,
            security_token: values.token,
            ..oss_v1::Request::at(values.date)
        };
        let signed = oss_v1::sign(&request, &key(), &mut buffer).unwrap();
        let mut sent: Pairs<'_> = oss_headers.clone();
        for (name, value) in signed.headers() {
            sent.push((name, value));
        }
        let incoming = incoming_of(values.method, "/", signed.query(), &sent);
        let claim = oss_v1::Claim::parse(&incoming, bucket, object).unwrap();
        prop_assert!(verified(claim.verify(&key(), &mut Buffer::new())));
        let presigned = oss_v1::presign(&request, 60, &key(), &mut buffer).unwrap();
        let incoming = incoming_of(values.method, "/", presigned.query(), &oss_headers);
        let claim = oss_v1::Claim::parse(&incoming, bucket, object).unwrap();
        prop_assert!(verified(claim.verify(&key(), &mut Buffer::new())));

        let scoped = values.scoped_key();
        let request = values.oss_v4(&query, &oss_headers);
        let signed = oss_v4::sign(&request, &scoped, &mut buffer).unwrap();
        let mut sent: Pairs<'_> = oss_headers.clone();
        for (name, value) in signed.headers() {
            sent.push((name, value));
        }
        let incoming = incoming_of(values.method, "/", signed.query(), &sent);
        let claim = oss_v4::Claim::parse(&incoming, bucket, object).unwrap();
        prop_assert!(verified(claim.verify(&key(), &mut Buffer::new())));
        let presigned = oss_v4::presign(&request, 60, &scoped, &mut buffer).unwrap();
        let incoming = incoming_of(values.method, "/", presigned.query(), &oss_headers);
        let claim = oss_v4::Claim::parse(&incoming, bucket, object).unwrap();
        prop_assert!(verified(claim.verify(&key(), &mut Buffer::new())));
    }

    #[test]
    fn percent_encoding_is_reversible(text in text(&CHARACTERS)) {
        let encoded = percent_encode(&text);
        let decoded = percent_encoding::percent_decode_str(&encoded).decode_utf8().unwrap();
        prop_assert_eq!(decoded, text);
        let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.~%".contains(&b);
        prop_assert!(encoded.bytes().all(is_plain));
    }

    #[test]
    fn no_secret_is_in_any_debug_or_display(values in values()) {
        let values = Values { token: Some(TOKEN), ..values };
        let (query, headers) = (values.query(), values.headers("x-acs-"));
        let headers = borrow(&headers);
        let (key, scoped, mut buffer) = (key(), values.scoped_key(), Buffer::new());
        let mut shown = format!("{key:?} {scoped:?} {:?}", values.acs3(&query, &headers));
        let signed = acs3::sign(&values.acs3(&query, &headers), &key, &mut buffer).unwrap();
        let mut secrets = vec![SECRET.to_owned(), TOKEN.to_owned(), signed.signature().to_owned()];
        shown += &format!("{signed:?}");
        let request = values.rpc_v1(&query, &[]);
        let signed = rpc_v1::sign(&request, &key, &mut buffer).unwrap();
        secrets.push(signed.signature().to_owned());
        shown += &format!("{request:?} {signed:?}");
        let request = values.oss_v4(&query, &headers);
        let signed = oss_v4::presign(&request, 60, &scoped, &mut buffer).unwrap();
        secrets.push(signed.signature().to_owned());
        shown += &format!("{request:?} {signed:?}");

        let sent = Sent::acs3(&values);
        let other = SigningKey::new("LTAI5tExample", "another").unwrap();
        shown += &sent.with(|incoming| {
            let claim = acs3::Claim::parse(incoming).unwrap();
            let mismatch = claim.verify(&other, &mut Buffer::new()).unwrap_err();
            format!("{incoming:?} {claim:?} {mismatch:?} {mismatch}")
        });
        shown += &format!("{buffer:?}");
        for secret in secrets {
            prop_assert!(!shown.contains(&secret), "{secret} is shown");
        }
    }
}

fn incoming_of<'a>(
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
) -> Incoming<'a> {
    incoming(method, path, query, headers, &[])
}

fn incoming<'a>(
    method: &'a str,
    path: &'a str,
    query: &'a str,
    headers: &'a [(&'a str, &'a str)],
    body: &'a [u8],
) -> Incoming<'a> {
    Incoming {
        method,
        path,
        query: Query::Raw(query),
        headers,
        payload: Payload::Bytes(body),
    }
}
