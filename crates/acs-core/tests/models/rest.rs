//! Requests told by method and path: paths, headers, hosts, bodies.

use acs_core::encode::encode;
use acs_core::model::Bytes;
use acs_core::operation::{Method, OperationInfo};

use crate::{PRODUCT, REQUEST, Tag, tag};

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

mod rules {
    /// A body of XML with a root of its own.
    #[derive(Clone, Default)]
    pub(super) struct Body {
        pub(super) root: Option<Root>,
    }

    acs_core::model! {
        Body {
            0 root: object("Rules"),
        }
    }

    #[derive(Clone, Default)]
    pub(super) struct Root {
        pub(super) name: Option<String>,
        pub(super) days: Option<Vec<i64>>,
        pub(super) tags: Option<Vec<String>>,
    }

    acs_core::model! {
        Root {
            0 name: string("Name"),
            1 days: list("Day"),
            2 tags: list("Tags").wrapped_in("Tag"),
        }
    }

    #[derive(Clone, Default)]
    pub(super) struct PutRoot {
        pub(super) root: Option<Root>,
    }

    acs_core::model! {
        PutRoot {
            0 root: object("Whole").in_body().as_xml(),
        }
    }

    #[derive(Clone, Default)]
    pub(super) struct PutNames {
        pub(super) names: Option<Vec<String>>,
    }

    acs_core::model! {
        PutNames {
            0 names: list("Names").wrapped_in("Name").in_body().as_xml(),
        }
    }

    #[derive(Clone, Default)]
    pub(super) struct PutBody {
        pub(super) body: Option<Body>,
    }

    acs_core::model! {
        PutBody {
            0 body: object("body").in_body().as_xml(),
        }
    }
}

#[test]
fn a_body_is_xml_under_the_root_that_it_names() {
    static PUT: OperationInfo = OperationInfo::roa(&PRODUCT, "Do", &[Method::PUT], "/", REQUEST);
    let root = rules::Root {
        name: Some("<a> & b\r".into()),
        days: Some(vec![1, 2]),
        tags: Some(vec!["x".into()]),
    };
    let inside =
        "<Name>&lt;a&gt; &amp; b&#13;</Name><Day>1</Day><Day>2</Day><Tags><Tag>x</Tag></Tags>";
    let head = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
    let text = |encoded: acs_core::encode::Encoded| {
        let body = encoded.body.unwrap();
        assert_eq!(body.content_type, "application/xml");
        String::from_utf8(body.bytes.to_vec()).unwrap()
    };
    let named = rules::PutBody {
        body: Some(rules::Body {
            root: Some(root.clone()),
        }),
    };
    assert_eq!(
        text(encode(&named, &PUT).unwrap()),
        format!("{head}<Rules>{inside}</Rules>")
    );
    let unnamed = rules::PutRoot {
        root: Some(root.clone()),
    };
    assert_eq!(
        text(encode(&unnamed, &PUT).unwrap()),
        format!("{head}<Whole>{inside}</Whole>")
    );
    let names = rules::PutNames {
        names: Some(vec!["a".into(), "b".into()]),
    };
    assert_eq!(
        text(encode(&names, &PUT).unwrap()),
        format!("{head}<Names><Name>a</Name><Name>b</Name></Names>")
    );
    let odd = rules::PutRoot {
        root: Some(rules::Root {
            name: Some("\u{1}".into()),
            ..root
        }),
    };
    assert_eq!(encode(&odd, &PUT).unwrap_err().field(), Some("Name"));
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
