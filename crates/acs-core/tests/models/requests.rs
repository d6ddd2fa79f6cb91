//! Requests of RPC style: query, form, and what is refused.

use std::collections::BTreeMap;

use acs_core::ErrorKind;
use acs_core::encode::encode;
use acs_core::model::{Check, CommaList, JsonText, Rule};
use acs_core::operation::{Method, OperationInfo};
use proptest::prelude::*;

use crate::{PRODUCT, REQUEST, Tag, tag};

#[derive(Clone, Default)]
struct Request {
    name: String,
    tags: Option<Vec<Tag>>,
    labels: Option<Vec<String>>,
    ids: Option<Vec<String>>,
    config: Option<Tag>,
    deep: Option<Tag>,
    size: Option<i64>,
    ratio: Option<f64>,
    force: Option<bool>,
    secret: Option<String>,
    jobs: Option<CommaList>,
    map: Option<BTreeMap<String, i32>>,
}

acs_core::model! {
    Request {
        0 name: string("Name").required().rules(&[Rule::MaxBytes(8), Rule::Characters("_")]),
        1 tags: list("Tag"),
        2 labels: list("Label").as_json(),
        3 ids: list("Id").with_commas().rules(&[Rule::MaxItems(2)]),
        4 config: object("Config").as_json(),
        5 deep: object("Deep"),
        6 size: integer("Size").rules(&[Rule::Range(1, 10)]),
        7 ratio: float("Ratio"),
        8 force: boolean("Force"),
        9 secret: string("Secret").in_form().secret(),
        10 jobs: string("JobIds").rules(&[Rule::MaxItems(2)]),
        11 map: map("Map"),
    }
    checks: [Check::Together(&["Size", "Ratio"])]
}

static RPC: OperationInfo = OperationInfo::rpc(&PRODUCT, "Do", REQUEST);

fn request() -> Request {
    Request {
        name: "n".into(),
        ..Request::default()
    }
}

#[test]
fn parameters_are_written_in_their_styles() {
    let request = Request {
        tags: Some(vec![
            tag("a", "1"),
            Tag {
                key: None,
                value: Some("2".into()),
            },
        ]),
        labels: Some(vec!["x".into(), "y\"".into()]),
        ids: Some(vec!["1".into(), "2".into()]),
        config: Some(tag("k", "v")),
        deep: Some(tag("d", "")),
        size: Some(3),
        ratio: Some(0.5),
        force: Some(true),
        jobs: Some(["j1", "j2"].into()),
        map: Some(BTreeMap::from([("m".into(), 7)])),
        ..request()
    };
    let encoded = encode(&request, &RPC).unwrap();
    let pairs: Vec<(&str, &str)> = encoded
        .query
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect();
    assert_eq!(
        pairs,
        [
            ("Name", "n"),
            ("Tag.1.Key", "a"),
            ("Tag.1.Value", "1"),
            ("Tag.2.Value", "2"),
            ("Label", r#"["x","y\""]"#),
            ("Id", "1,2"),
            ("Config", r#"{"Key":"k","Value":"v"}"#),
            ("Deep.Key", "d"),
            ("Deep.Value", ""),
            ("Size", "3"),
            ("Ratio", "0.5"),
            ("Force", "true"),
            ("JobIds", "j1,j2"),
            ("Map.m", "7"),
        ]
    );
    assert_eq!((encoded.method, encoded.path.as_str()), (Method::POST, "/"));
    assert!(encoded.body.is_none());
}

mod jobs {
    use acs_core::model::JsonText;

    use super::Tag;

    /// A text that holds JSON, in a struct.
    #[derive(Clone, Default)]
    pub(super) struct Job {
        pub(super) config: Option<JsonText<Tag>>,
        pub(super) names: Option<Vec<String>>,
    }

    acs_core::model! {
        Job {
            0 config: string("Config").as_json(),
            1 names: list("Names").wrapped_in("Name"),
        }
    }

    #[derive(Clone, Default)]
    pub(super) struct Jobs {
        pub(super) flat: Option<Job>,
        pub(super) json: Option<Job>,
        pub(super) names: Option<Vec<String>>,
        pub(super) json_names: Option<Vec<String>>,
    }

    acs_core::model! {
        Jobs {
            0 flat: object("Flat"),
            1 json: object("Json").as_json(),
            2 names: list("Names").wrapped_in("Name"),
            3 json_names: list("JsonNames").wrapped_in("Name").as_json(),
        }
    }
}

#[test]
fn json_in_a_text_is_quoted_once_whoever_wrote_it_and_wrappers_are_kept() {
    let job = |config: JsonText<Tag>| jobs::Job {
        config: Some(config),
        names: Some(vec!["n".into()]),
    };
    let names = || Some(vec!["a".to_owned(), "b".to_owned()]);
    for config in [tag("k", "v").into(), r#"{"Key":"k","Value":"v"}"#.into()] {
        let request = jobs::Jobs {
            flat: Some(job(config)),
            json: Some(job(r#"{"Raw":1}"#.into())),
            names: names(),
            json_names: names(),
        };
        let encoded = encode(&request, &RPC).unwrap();
        assert_eq!(
            encoded.query,
            [
                ("Flat.Config", r#"{"Key":"k","Value":"v"}"#),
                ("Flat.Names.Name.1", "n"),
                ("Json", r#"{"Config":"{\"Raw\":1}","Names":{"Name":["n"]}}"#),
                ("Names.Name.1", "a"),
                ("Names.Name.2", "b"),
                ("JsonNames", r#"{"Name":["a","b"]}"#),
            ]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
        );
    }
}

#[test]
fn a_form_travels_in_the_body() {
    let request = Request {
        secret: Some("a b+%&=课".into()),
        ..request()
    };
    let encoded = encode(&request, &RPC).unwrap();
    let body = encoded.body.clone().unwrap();
    assert_eq!(body.content_type, "application/x-www-form-urlencoded");
    assert_eq!(body.bytes, "Secret=a%20b%2B%25%26%3D%E8%AF%BE");
    assert!(encoded.query.iter().all(|(name, _)| name != "Secret"));
    assert!(!format!("{encoded:?}").contains("a b+"));
}

#[test]
fn what_breaks_a_rule_is_refused_with_its_name() {
    let cases = [
        (
            Request {
                name: "123456789".into(),
                ..request()
            },
            "Name",
            "at most 8 bytes",
        ),
        (
            Request {
                name: "a-b".into(),
                ..request()
            },
            "Name",
            "digits and `_` only",
        ),
        (
            Request {
                size: Some(11),
                ratio: Some(1.0),
                ..request()
            },
            "Size",
            "from 1 to 10",
        ),
        (
            Request {
                ids: Some(vec!["1".into(); 3]),
                ..request()
            },
            "Id",
            "at most 2 items",
        ),
        (
            Request {
                ids: Some(vec!["1,2".into()]),
                ..request()
            },
            "Id",
            "comma",
        ),
        (
            Request {
                jobs: Some("1,2,3".into()),
                ..request()
            },
            "JobIds",
            "at most 2 items",
        ),
        (
            Request {
                size: Some(1),
                ..request()
            },
            "Size, Ratio",
            "all of them",
        ),
        (
            Request {
                size: Some(1),
                ratio: Some(f64::NAN),
                ..request()
            },
            "Ratio",
            "finite",
        ),
    ];
    for (request, name, reason) in cases {
        let error = encode(&request, &RPC).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert_eq!(error.field(), Some(name));
        assert!(error.to_string().contains(reason), "{error}");
    }
}

proptest! {
    #[test]
    fn what_was_sent_as_a_form_comes_back(text in "\\PC{0,20}") {
        let request = Request { secret: Some(text.clone()), ..request() };
        let body = encode(&request, &RPC).unwrap().body.unwrap();
        let pair = std::str::from_utf8(&body.bytes).unwrap().strip_prefix("Secret=").unwrap();
        let plain = percent_encoding::percent_decode_str(pair).decode_utf8().unwrap();
        prop_assert_eq!(plain, text);
    }
}
