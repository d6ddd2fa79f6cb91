//! Answers, and what structs of them are good for.

use std::collections::BTreeMap;

use acs_core::decode::{decode, decode_headers};
use acs_core::model::{Bytes, FieldValue, Json, Model, Timestamp};
use acs_core::operation::next_page_number;
use proptest::prelude::*;

use crate::{Tag, tag};

#[derive(Clone, Default)]
struct Answer {
    id: String,
    text: Option<String>,
    count: Option<i32>,
    size: Option<i64>,
    ratio: Option<f64>,
    is: Option<bool>,
    time: Option<Timestamp>,
    jobs: Option<Vec<Tag>>,
    names: Option<Vec<String>>,
    inner: Option<Box<Self>>,
    map: Option<BTreeMap<String, String>>,
    any: Option<Json>,
    trace: Option<String>,
}

acs_core::model! {
    Answer {
        0 id: string("Id").always().secret(),
        1 text: string("Text").aliases(&["text"]),
        2 count: integer("Count"),
        3 size: integer("Size"),
        4 ratio: float("Ratio"),
        5 is: boolean("Is"),
        6 time: string("Time"),
        7 jobs: list("JobList").wrapped_in("Job"),
        8 names: list("Names"),
        9 inner: object("Inner"),
        10 map: map("Map"),
        11 any: json("Any"),
        12 trace: string("X-Trace").in_header(),
    }
}

fn read(body: &str) -> Result<Answer, String> {
    let mut answer = Answer::default();
    decode(&Bytes::copy_from_slice(body.as_bytes()), &mut answer)
        .map_err(|error| error.to_string())?;
    Ok(answer)
}

#[test]
fn scalars_are_read_in_each_others_clothes() {
    let answer = read(r#"{"Id":7,"Text":973.4400,"Count":"12","Size":"3.0","Ratio":"0.5","Is":"TRUE","Time":"2026-11-20T09:05Z","Names":[1,true,null,"x"],"Any":{"a":[1]}}"#).unwrap();
    assert_eq!(answer.id, "7");
    assert_eq!(
        answer.text.as_deref(),
        Some("973.4400"),
        "the text of a number is kept"
    );
    assert_eq!(
        (answer.count, answer.size, answer.ratio, answer.is),
        (Some(12), Some(3), Some(0.5), Some(true))
    );
    assert_eq!(
        answer.time.unwrap().to_rfc3339(),
        "2026-11-20T09:05:00+00:00"
    );
    assert_eq!(answer.names.unwrap(), ["1", "true", "x"]);
    assert_eq!(answer.any.unwrap()["a"][0], 1);
    let answer = read(r#"{"Id":"x","Count":true,"Ratio":2,"Is":0,"Size":1e3}"#).unwrap();
    assert_eq!(
        (answer.count, answer.ratio, answer.is, answer.size),
        (Some(1), Some(2.0), Some(false), Some(1000))
    );
}

#[test]
fn nothing_is_absent_in_any_form() {
    let answer = read(r#"{"Id":"x","Text":null,"Count":"","Size":null,"Ratio":" ","Is":"","Time":"","JobList":"","Names":"","Inner":"","Map":[],"Any":null,"Unknown":{"deep":[[[]]]}}"#).unwrap();
    assert!(
        answer
            == Answer {
                id: "x".into(),
                ..Answer::default()
            },
        "{answer:?}"
    );
    assert_eq!(
        read(r#"{"Id":"x","Text":""}"#).unwrap().text.as_deref(),
        Some(""),
        "an empty text is a text"
    );
    assert_eq!(
        read(r#"{"Id":"x","Time":"yesterday"}"#).unwrap().time,
        None,
        "a time in no known form"
    );
}

#[test]
fn lists_are_read_with_and_without_their_wrapper() {
    for body in [
        r#"{"Id":"x","JobList":{"Job":[{"Key":"a"},null,{"Key":"b"}],"Other":1}}"#,
        r#"{"Id":"x","JobList":[{"Key":"a"},{"Key":"b"}]}"#,
        r#"{"Id":"x","JobList":"[{\"Key\":\"a\"},{\"Key\":\"b\"}]"}"#,
    ] {
        let jobs = read(body).unwrap().jobs.unwrap();
        assert_eq!(
            jobs.iter()
                .filter_map(|job| job.key.as_deref())
                .collect::<Vec<_>>(),
            ["a", "b"],
            "{body}"
        );
    }
    assert_eq!(
        read(r#"{"Id":"x","JobList":{"Job":{"Key":"a"}}}"#)
            .unwrap()
            .jobs
            .unwrap()
            .len(),
        1
    );
    assert_eq!(
        read(r#"{"Id":"x","JobList":{}}"#)
            .unwrap()
            .jobs
            .unwrap()
            .len(),
        0
    );
}

#[test]
fn json_in_a_text_is_read_where_a_struct_is_due() {
    let answer = read(r#"{"Id":"x","text":"alias","Inner":"{\"Id\":\"y\",\"Inner\":{\"Id\":\"z\"}}","Map":{"k":1}}"#).unwrap();
    assert_eq!(answer.text.as_deref(), Some("alias"));
    assert_eq!(answer.inner.unwrap().inner.unwrap().id, "z");
    assert_eq!(answer.map.unwrap()["k"], "1");
}

#[test]
fn what_cannot_be_read_is_named_by_its_place_and_not_shown() {
    let cases = [
        (
            r#"{"Id":"x","Count":"canary"}"#,
            "$.Count: expected a whole number",
        ),
        (
            r#"{"Id":"x","Count":3000000000}"#,
            "$.Count: the number is too large",
        ),
        (
            r#"{"Id":"x","Size":1.5}"#,
            "$.Size: expected a whole number",
        ),
        (
            r#"{"Id":"x","Is":"canary"}"#,
            "$.Is: expected true or false",
        ),
        (r#"{"Id":"x","Ratio":"NaN"}"#, "$.Ratio: expected a number"),
        (
            r#"{"Id":"x","Inner":{"Inner":{"Id":"y"}}}"#,
            "$.Inner: `Id` is missing",
        ),
        (
            r#"{"Id":"x","Inner":"canary"}"#,
            "$.Inner: expected an object, found a string",
        ),
        (
            r#"{"Id":"x","Names":{"a":1}}"#,
            "$.Names: expected a list, found an object",
        ),
        (
            r#"{"Id":"x","JobList":{"Job":[{"Key":"a"},3]}}"#,
            "$.JobList.Job[1]: expected an object",
        ),
        (
            r#"{"Id":null}"#,
            "$: `Id` is missing, which the service always sends",
        ),
        ("", "$: `Id` is missing"),
        ("null", "$: `Id` is missing"),
        ("<html>canary", "$: expected value"),
        (r#"{"Id":"x""#, "$: EOF"),
        (r#"{"Id":"x"} canary"#, "$: trailing characters"),
    ];
    for (body, expected) in cases {
        let error = read(body).unwrap_err();
        assert!(error.starts_with(expected), "{body}: {error}");
        assert!(!error.contains("canary"), "{error}");
    }
}

#[test]
fn depth_is_limited_and_what_is_unknown_is_not_counted() {
    let deep = |count: usize| {
        format!(
            "{}{{\"Id\":\"x\"}}{}",
            r#"{"Id":"x","Inner":"#.repeat(count),
            "}".repeat(count)
        )
    };
    assert!(read(&deep(100)).is_ok());
    assert!(read(&deep(200)).is_err());
    let unknown = format!(
        r#"{{"Id":"x","Unknown":{}{}}}"#,
        "[".repeat(100_000),
        "]".repeat(100_000)
    );
    assert!(read(&unknown).is_ok());
}

#[test]
fn answers_that_are_no_objects_are_read() {
    let bytes = |text: &str| Bytes::copy_from_slice(text.as_bytes());
    let mut list: Vec<Vec<i64>> = Vec::new();
    decode(&bytes("[[1,\"2\"],[]]"), &mut list).unwrap();
    assert_eq!(list, [vec![1, 2], vec![]]);
    let mut text = String::new();
    decode(&bytes("\"a\\n\""), &mut text).unwrap();
    assert_eq!(text, "a\n");
    decode(&bytes("plain: yaml"), &mut text).unwrap();
    assert_eq!(text, "plain: yaml");
    let mut raw = Bytes::new();
    decode(&Bytes::from_static(b"\xff\x00"), &mut raw).unwrap();
    assert_eq!(raw, &b"\xff\x00"[..]);
    decode(&bytes("<whatever>"), &mut ()).unwrap();
    let mut json = Json::Null;
    decode(&bytes("{\"a\":1}"), &mut json).unwrap();
    assert_eq!(json["a"], 1);
}

#[test]
fn headers_are_read_into_their_fields() {
    let mut headers = http::HeaderMap::new();
    headers.insert("x-trace", http::HeaderValue::from_static("t"));
    let mut answer = Answer::default();
    decode_headers(&headers, &mut answer).unwrap();
    assert_eq!(answer.trace.as_deref(), Some("t"));
}

#[test]
fn debug_shows_names_and_no_secret() {
    let shown = format!(
        "{:?}",
        Answer {
            id: "canary".into(),
            count: Some(1),
            ..Answer::default()
        }
    );
    assert_eq!(shown, "Answer { Id: <redacted>, Count: 1 }");
}

#[test]
fn models_are_equal_where_all_their_fields_are() {
    let full = || Answer {
        id: "x".into(),
        ratio: Some(0.5),
        jobs: Some(vec![tag("a", "b")]),
        inner: Some(Box::default()),
        map: Some(BTreeMap::from([("k".to_owned(), "v".to_owned())])),
        any: Some(Json::from(1)),
        ..Answer::default()
    };
    assert_eq!(full(), full());
    let changes: [fn(&mut Answer); 6] = [
        |it| it.id.clear(),
        |it| it.ratio = None,
        |it| it.jobs = Some(vec![tag("a", "c")]),
        |it| it.inner = None,
        |it| it.map = Some(BTreeMap::from([("l".to_owned(), "v".to_owned())])),
        |it| it.any = Some(Json::from(2)),
    ];
    for change in changes {
        let mut other = full();
        change(&mut other);
        assert_ne!(full(), other);
    }
}

#[test]
fn the_last_page_has_no_next() {
    assert_eq!(next_page_number(None, Some(10), Some(25), 10), Some(2));
    assert_eq!(next_page_number(Some(2), Some(10), Some(25), 10), Some(3));
    assert_eq!(next_page_number(Some(3), Some(10), Some(25), 5), None);
    assert_eq!(next_page_number(Some(2), Some(10), Some(20), 10), None);
    assert_eq!(next_page_number(None, None, None, 0), None);
    assert_eq!(next_page_number(Some(i64::MAX), Some(2), None, 2), None);
}

proptest! {
    #[test]
    fn no_bytes_make_the_decoder_panic(body in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = decode(&Bytes::from(body), &mut Answer::default());
    }

    #[test]
    fn no_json_makes_the_decoder_panic(
        body in "\\{(\"(Id|Text|Count|Size|Ratio|Is|Time|JobList|Names|Inner|Map|Any)\":(1|-1.5e400|\"\"|\"1\"|true|null|\\[\\]|\\[\\[1\\]\\]|\\{\\}|\\{\"Job\":[0-9]\\}),){0,6}\"Id\":\"x\"\\}"
    ) {
        let _ = read(&body);
    }

    #[test]
    fn a_model_that_was_written_is_read_back(key in "\\PC{0,12}", size in any::<i64>(), is in any::<bool>()) {
        let answer = Answer { id: key.clone(), size: Some(size), is: Some(is), names: Some(vec![key.clone()]), ..Answer::default() };
        let text = serde_json::json!({ "Id": key, "Size": size, "Is": is, "Names": [key] }).to_string();
        prop_assert!(read(&text).unwrap() == answer);
    }
}

/// The seams are usable as objects.
#[allow(dead_code)]
fn models_are_objects(model: &dyn Model, value: &dyn FieldValue) -> (usize, bool) {
    (
        model.schema().fields.len(),
        matches!(value.view(), acs_core::model::View::Absent),
    )
}
