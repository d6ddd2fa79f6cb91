//! What the tables drive: requests become their parts, answers become structs.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use acs_core::decode::{decode, decode_headers};
use acs_core::encode::encode;
use acs_core::model::{
    Bytes, Check, CommaList, FieldValue, Json, JsonText, Model, Rule, Timestamp,
};
use acs_core::operation::{Method, OperationInfo, next_page_number};
use acs_core::{ErrorKind, ProductInfo};
use proptest::prelude::*;

static PRODUCT: ProductInfo = ProductInfo {
    product: "test",
    version: "2026-01-01",
    endpoints: &[],
    global: None,
};

#[derive(Clone, Default)]
struct Tag {
    key: Option<String>,
    value: Option<String>,
}

acs_core::model! {
    Tag {
        0 key: string("Key"),
        1 value: string("Value"),
    }
}

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
const REQUEST: &acs_core::model::Schema = &acs_core::model::Schema {
    name: "Request",
    fields: &[],
    checks: &[],
};

fn request() -> Request {
    Request {
        name: "n".into(),
        ..Request::default()
    }
}

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: Some(key.into()),
        value: Some(value.into()),
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

#[derive(Clone, Default)]
struct RoaRequest {
    id: Option<String>,
    whole: Option<String>,
    trace: Option<String>,
    project: Option<String>,
    body: Option<Tag>,
    data: Option<Bytes>,
}

acs_core::model! {
    RoaRequest {
        0 id: string("Id").in_path(),
        1 whole: string("requestPath").in_path(),
        2 trace: string("X-Trace").in_header(),
        3 project: string("project").in_host(),
        4 body: object("body").in_body(),
        5 data: bytes("data"),
    }
}

static ROA: OperationInfo = OperationInfo::roa(
    &PRODUCT,
    "Do",
    &[Method::PUT],
    "/a/{Id}/b/[Id]?type=x",
    REQUEST,
);
static WHOLE: OperationInfo =
    OperationInfo::roa(&PRODUCT, "Do", &[Method::GET], "/a/{x}/*", REQUEST);

#[test]
fn a_path_holds_its_parameters_encoded_once() {
    let request = RoaRequest {
        id: Some("课/ +1".into()),
        trace: Some("t".into()),
        project: Some("p-1".into()),
        body: Some(tag("k", "v")),
        ..RoaRequest::default()
    };
    let encoded = encode(&request, &ROA).unwrap();
    assert_eq!(encoded.path, "/a/%E8%AF%BE%2F%20%2B1/b/%E8%AF%BE%2F%20%2B1");
    assert_eq!(encoded.query, [("type".to_owned(), "x".to_owned())]);
    assert_eq!(encoded.headers, [("x-trace".to_owned(), "t".to_owned())]);
    assert_eq!(encoded.host, ["p-1"]);
    let body = encoded.body.unwrap();
    assert_eq!(
        (body.content_type, &body.bytes[..]),
        ("application/json", br#"{"Key":"k","Value":"v"}"#.as_slice())
    );
    let request = RoaRequest {
        whole: Some("/a/x/y z".into()),
        ..RoaRequest::default()
    };
    assert_eq!(encode(&request, &WHOLE).unwrap().path, "/a/x/y%20z");
}

#[test]
fn a_place_in_the_query_of_a_path_takes_its_value() {
    static INFO: OperationInfo =
        OperationInfo::roa(&PRODUCT, "Do", &[Method::GET], "/a?id={Id}&type=x", REQUEST);
    let mut request = RoaRequest {
        id: Some("课/{Id}".into()),
        ..RoaRequest::default()
    };
    let encoded = encode(&request, &INFO).unwrap();
    assert_eq!(encoded.path, "/a");
    let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(encoded.query, [pair("id", "课/{Id}"), pair("type", "x")]);
    request.id = None;
    let error = encode(&request, &INFO).unwrap_err();
    assert_eq!(error.field(), Some("Id"));
}

#[test]
fn what_would_leave_its_place_is_refused() {
    let with = |change: &dyn Fn(&mut RoaRequest)| {
        let mut request = RoaRequest {
            id: Some("1".into()),
            ..RoaRequest::default()
        };
        change(&mut request);
        encode(&request, &ROA)
            .unwrap_err()
            .field()
            .map(str::to_owned)
    };
    assert_eq!(with(&|it| it.id = None).as_deref(), Some("Id"));
    assert_eq!(with(&|it| it.id = Some("..".into())).as_deref(), Some("Id"));
    assert_eq!(
        with(&|it| it.id = Some(String::new())).as_deref(),
        Some("Id")
    );
    assert_eq!(
        with(&|it| it.trace = Some("a\r\nb: c".into())).as_deref(),
        Some("X-Trace")
    );
    for host in ["", "a.b", "a/b", "-a", "evil.example#"] {
        assert_eq!(
            with(&|it| it.project = Some(host.into())).as_deref(),
            Some("project")
        );
    }
    let climbing = RoaRequest {
        whole: Some("/a/../b".into()),
        ..RoaRequest::default()
    };
    assert_eq!(
        encode(&climbing, &WHOLE).unwrap_err().field(),
        Some("requestPath")
    );
}

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
    fn what_was_sent_as_a_form_comes_back(text in "\\PC{0,20}") {
        let request = Request { secret: Some(text.clone()), ..request() };
        let body = encode(&request, &RPC).unwrap().body.unwrap();
        let pair = std::str::from_utf8(&body.bytes).unwrap().strip_prefix("Secret=").unwrap();
        let plain = percent_encoding::percent_decode_str(pair).decode_utf8().unwrap();
        prop_assert_eq!(plain, text);
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
