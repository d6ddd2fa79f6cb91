//! Reading a case and comparing its stages.

use acs_signer::Payload;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value};
use std::cell::RefCell;
use std::collections::BTreeSet;

/// A case: what goes in and what must come out. It keeps which fields were read, so that none is passed over in silence.
pub(super) struct Case<'c> {
    input: &'c Value,
    expect: &'c Value,
    read: RefCell<BTreeSet<(&'static str, String)>>,
}

/// Fields that need not be read: they say where a case comes from, are in other fields in the form that is signed, or are
/// of no use to its kind of credential.
const BACKGROUND: [&str; 15] = [
    "access_key_id",
    "access_key_secret",
    "action",
    "body_before_encoding",
    "body_type",
    "business_query",
    "credentials_provider",
    "date",
    "endpoint",
    "extra_headers",
    "host",
    "note",
    "path",
    "policy_json",
    "query_before_flattening",
];

/// Names and values.
pub(super) type Pairs<'c> = Vec<(&'c str, &'c str)>;

impl<'c> Case<'c> {
    pub(super) fn new(case: &'c Value) -> Self {
        Self {
            input: &case["input"],
            expect: &case["expect"],
            read: RefCell::default(),
        }
    }

    /// Whether the input is no more than a text.
    pub(super) fn is_text(&self) -> bool {
        self.input.is_string()
    }

    pub(super) fn expects_nothing(&self) -> bool {
        self.expect.as_object().is_none_or(Map::is_empty)
    }

    /// A field of the input, null if it is not there.
    pub(super) fn input(&self, field: &str) -> &'c Value {
        self.note_read("input", field);
        &self.input[field]
    }

    /// A stage that is expected, null if it is not there.
    pub(super) fn expected(&self, stage: &str) -> &'c Value {
        self.note_read("expect", stage);
        &self.expect[stage]
    }

    /// The fields that nobody has read, but for [`BACKGROUND`] and those that are null.
    pub(super) fn unread(&self) -> Vec<String> {
        let read = self.read.borrow();
        [("input", self.input), ("expect", self.expect)]
            .into_iter()
            .flat_map(|(part, value)| {
                value
                    .as_object()
                    .into_iter()
                    .flatten()
                    .map(move |f| (part, f))
            })
            .filter(|(part, (field, value))| {
                let is_read = read.contains(&(*part, (*field).clone()));
                !is_read && !value.is_null() && !BACKGROUND.contains(&field.as_str())
            })
            .map(|(part, (field, _))| format!("{part}.{field}"))
            .collect()
    }

    pub(super) fn has(&self, field: &str) -> bool {
        self.input.get(field).is_some()
    }

    /// A text of the input; `None` if it is null or not there.
    pub(super) fn text(&self, field: &str) -> Option<&'c str> {
        self.input(field).as_str()
    }

    /// A text that the input must have.
    pub(super) fn required(&self, field: &str) -> Result<&'c str, String> {
        self.text(field)
            .ok_or_else(|| format!("input.{field} is not a text"))
    }

    pub(super) fn number(&self, field: &str) -> Result<i64, String> {
        let value = self.input(field);
        let written = || value.as_str().and_then(|text| text.parse().ok());
        value
            .as_i64()
            .or_else(written)
            .ok_or_else(|| format!("input.{field} is not a number"))
    }

    /// A map of texts of the input; empty if it is null or not there.
    pub(super) fn pairs(&self, field: &str) -> Result<Pairs<'c>, String> {
        match self.input(field) {
            Value::Null => Ok(Vec::new()),
            Value::Object(map) => {
                texts(map).ok_or_else(|| format!("input.{field} has a value that is not a text"))
            }
            _ => Err(format!("input.{field} is not a map")),
        }
    }

    /// The body's bytes, if there is one.
    pub(super) fn body(&self) -> Result<Option<Vec<u8>>, String> {
        let body = self.input("body");
        match (&body["utf8"], &body["base64"]) {
            (Value::String(text), _) => Ok(Some(text.clone().into_bytes())),
            (_, Value::String(text)) => STANDARD
                .decode(text)
                .map(Some)
                .map_err(|_| "input.body is no base64".to_owned()),
            _ if body.is_null() => Ok(None),
            _ => Err("input.body is of no known form".to_owned()),
        }
    }

    fn note_read(&self, part: &'static str, field: &str) {
        self.read.borrow_mut().insert((part, field.to_owned()));
    }

    /// Compares one stage with what is expected, if anything is.
    pub(super) fn stage(&self, name: &str, got: &str) -> Result<(), String> {
        match self.expected(name) {
            Value::String(expected) if expected == got => Ok(()),
            Value::String(expected) => Err(difference(name, expected, got)),
            _ => Ok(()),
        }
    }

    /// Compares a map stage: the same names in any case, the same values. Names in `optional` may be missing in `got`.
    pub(super) fn map_stage(
        &self,
        name: &str,
        got: &[(&str, &str)],
        optional: &[&str],
    ) -> Result<(), String> {
        let Value::Object(expected) = self.expected(name) else {
            return Ok(());
        };
        for (wanted, value) in expected {
            let value = scalar(value);
            match value_of(got, wanted) {
                Some(got) if got == value => {}
                Some(got) => return Err(difference(&format!("{name}.{wanted}"), &value, got)),
                None if optional.iter().any(|o| o.eq_ignore_ascii_case(wanted)) => {}
                None => return Err(format!("{name} lacks {wanted}")),
            }
        }
        match got
            .iter()
            .find(|(n, _)| !expected.keys().any(|k| k.eq_ignore_ascii_case(n)))
        {
            Some((extra, _)) => Err(format!("{name} has {extra}, which is not expected")),
            None => Ok(()),
        }
    }
}

/// The value of a name: of the very name if it is there, else of the first that differs in case only.
pub(super) fn value_of<'v>(pairs: &[(&str, &'v str)], wanted: &str) -> Option<&'v str> {
    let same = pairs.iter().find(|(name, _)| *name == wanted);
    let folded = || {
        pairs
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(wanted))
    };
    same.or_else(folded).map(|(_, value)| *value)
}

/// The body as a payload.
pub(super) fn payload(body: Option<&[u8]>) -> Payload<'_> {
    body.map_or(Payload::Empty, Payload::Bytes)
}

/// Keeps the headers whose name is not in `names`, in any case.
pub(super) fn without<'c>(pairs: Pairs<'c>, names: &[&str]) -> Pairs<'c> {
    let kept = |name: &str| !names.iter().any(|own| own.eq_ignore_ascii_case(name));
    pairs.into_iter().filter(|(name, _)| kept(name)).collect()
}

/// The path and query of a URL.
pub(super) fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    let target = rest.find(['/', '?']).map_or("", |at| &rest[at..]);
    target.split_once('?').unwrap_or((target, ""))
}

/// The encoded pairs of a query, sorted: an order is no part of what is signed.
pub(super) fn sorted(query: &str) -> Vec<&str> {
    let mut pairs: Vec<_> = query.split('&').filter(|pair| !pair.is_empty()).collect();
    pairs.sort_unstable();
    pairs
}

/// The decoded pairs of a query, sorted: SDKs leave different characters unencoded, in an order of their own.
pub(super) fn decode_query(query: &str) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = query
        .split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (percent_decode(name), percent_decode(value))
        })
        .collect();
    pairs.sort_unstable();
    pairs
}

fn percent_decode(text: &str) -> String {
    let digit = |b: Option<u8>| {
        b.and_then(|b| char::from(b).to_digit(16))
            .unwrap_or_default() as u8
    };
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(b) = rest.next() {
        bytes.push(match b {
            b'%' => (digit(rest.next()) << 4) | digit(rest.next()),
            b'+' => b' ',
            b => b,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// One line that shows where two texts part.
pub(super) fn difference(stage: &str, expected: &str, got: &str) -> String {
    let at = expected
        .char_indices()
        .zip(got.chars())
        .find(|((_, e), g)| e != g)
        .map_or_else(|| expected.len().min(got.len()), |((at, _), _)| at);
    let excerpt = |text: &str| -> String {
        text.get(at..)
            .unwrap_or_default()
            .chars()
            .take(40)
            .collect()
    };
    format!(
        "{stage} differs at byte {at}: expected {:?}, got {:?}",
        excerpt(expected),
        excerpt(got)
    )
}

fn texts(map: &Map<String, Value>) -> Option<Pairs<'_>> {
    map.iter()
        // One SDK holds the length as a number. HTTP clients write that header, and ROA V1 does not sign it.
        .filter(|(name, value)| !(value.is_number() && *name == "content-length"))
        .map(|(name, value)| Some((name.as_str(), value.as_str()?)))
        .collect()
}

fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
