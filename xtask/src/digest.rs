//! Our digest of a document: its facts in the official schema, without its prose.

use serde_json::{Map, Value};

use crate::document;
use crate::error::{Error, Result};
use crate::json;

/// Keys that hold prose or what no code needs. Names of properties and components are never looked at.
const DROPPED: &[&str] = &[
    "title",
    "summary",
    "description",
    "example",
    "examples",
    "errorMessage",
    "enumValueTitles",
    "responseDemo",
    "requestParamsDescription",
    "responseParamsDescription",
    "extraInfo",
    "translator",
    "eventInfo",
    "changeSet",
    "ramActions",
    "flowControl",
    "tags",
    "ram",
    "errorCodes_",
    "areaId",
    "areaName",
    "regionName",
    "visibility",
    "backendName",
    "extendType",
    "abilityTreeCode",
    "abilityTreeNodes",
    "autoTest",
    "directories",
];

/// Maps whose keys are names of the product's own.
const NAMED: &[&str] = &["properties", "schemas", "apis", "responses", "headers"];

/// The digest of a document.
pub(crate) struct Digest {
    /// What its file is called: `vod-2017-03-21.json`.
    pub(crate) name: String,
    pub(crate) text: String,
    /// What of the document is in no digest.
    pub(crate) notes: Vec<String>,
}

/// Makes the digest of a document, after checking that it is one.
pub(crate) fn digest(text: &str) -> Result<Digest> {
    let (value, notes) = json::parse(text)?;
    let value = match value.get("data") {
        Some(data) if value.get("apis").is_none() && data.get("apis").is_some() => data,
        _ => &value,
    };
    let facts = facts(value, false);
    let mut text =
        serde_json::to_string_pretty(&facts).map_err(|error| Error::failed(error.to_string()))?;
    text.push('\n');
    let document = document::parse(&text)?;
    let name = format!(
        "{}-{}.json",
        file_stem(&document.product),
        file_stem(&document.version)
    );
    Ok(Digest { name, text, notes })
}

/// A name that is fit for a file and a crate, whatever the document says: words with a dash between them.
pub(crate) fn file_stem(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let words: Vec<&str> = name
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "unnamed".to_owned()
    } else {
        words.join("-")
    }
}

fn facts(value: &Value, has_names: bool) -> Value {
    match value {
        Value::Object(map) => {
            let mut kept = Map::new();
            for (key, value) in map {
                if has_names || is_fact(key, value) {
                    kept.insert(
                        key.clone(),
                        facts(value, !has_names && NAMED.contains(&key.as_str())),
                    );
                }
            }
            Value::Object(kept)
        }
        Value::Array(items) => Value::Array(items.iter().map(|item| facts(item, false)).collect()),
        other => other.clone(),
    }
}

fn is_fact(key: &str, value: &Value) -> bool {
    if DROPPED.contains(&key) {
        return false;
    }
    // A default that is a sentence is prose.
    let is_prose = |text: &str| text.len() > 64 || !text.is_ascii();
    key != "default" || !value.as_str().is_some_and(is_prose)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_says_what_its_document_says() {
        let folder = crate::workspace::root().join("xtask/tests/documents");
        for file in crate::workspace::files_below(&folder).unwrap() {
            let text = crate::workspace::read(&folder.join(&file)).unwrap();
            let whole = document::parse(&text).unwrap();
            let digested = document::parse(&digest(&text).unwrap().text).unwrap();
            assert_eq!(
                format!("{digested:?}"),
                format!("{whole:?}"),
                "{}",
                file.display()
            );
        }
    }

    #[test]
    fn prose_is_left_out_and_names_that_read_like_it_stay() {
        let text = r##"{"info":{"product":"X","version":"1","title":"t"},"apis":{"title":{"summary":"s","parameters":[
            {"name":"tags","in":"query","schema":{"type":"object","description":"d","example":"e","default":"\u4e2d","properties":{"title":{"type":"string"},"example":{"type":"string","default":"1"}}}}
        ],"responses":{"200":{"headers":{"description":{"schema":{"type":"string"}}}}}}}}"##;
        let digest = digest(text).unwrap().text;
        for gone in ["\"s\"", "\"d\"", "\"e\"", "\"t\"", "\\u4e2d", "\u{4e2d}"] {
            assert!(!digest.contains(gone), "{gone}: {digest}");
        }
        let document = document::parse(&digest).unwrap();
        let shown = format!("{document:?}");
        for kept in [
            "\"title\"",
            "\"tags\"",
            "\"example\"",
            "\"description\"",
            "\"1\"",
        ] {
            assert!(shown.contains(kept), "{kept}: {shown}");
        }
    }
}
