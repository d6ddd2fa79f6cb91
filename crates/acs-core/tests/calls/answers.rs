//! What is read of an answer that is odd.

use std::sync::Arc;

use acs_core::{ErrorKind, ReplayTransport, RetryPolicy};
use proptest::prelude::*;

use crate::support::{GetBook, builder, client};

#[tokio::test(start_paused = true)]
async fn the_request_id_is_found_in_a_body_that_is_cut_says_it_twice_or_has_a_mark() {
    let bodies = [
        (200, r#"{"RequestId":"R-1","Title":"cut"#),
        (
            200,
            r#"{"Pages":[1],"RequestId":"R-0","RequestId":"R-1","Title"#,
        ),
        (200, "\u{feff}{\"requestId\":\"R-1\",\"Pages\":[1]}"),
        (
            403,
            "\u{feff}{\"requestId\":\"R-1\",\"Code\":\"Forbidden\"}",
        ),
    ];
    for (status, body) in bodies {
        let transport = Arc::new(ReplayTransport::new());
        transport.answer(status, body);
        let failed = client(&transport).send(GetBook::default()).await;
        let failed = failed.unwrap_err();
        assert_eq!(failed.request_id(), Some("R-1"), "{body}: {failed}");
    }
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, r#"{"RequestId":"R-0","Title":"T","RequestId":"R-1"}"#);
    let read = client(&transport).send(GetBook::default()).await.unwrap();
    assert_eq!(read.request_id(), "R-1");
}

#[tokio::test(start_paused = true)]
async fn a_byte_order_mark_is_no_reason_to_fail_for_a_call_by_name() {
    let transport = Arc::new(ReplayTransport::new());
    transport.answer(200, "\u{feff}{\"RequestId\":\"R-1\",\"Title\":\"T\"}");
    let read = client(&transport).call("GetBook").send().await.unwrap();
    assert_eq!((read.request_id(), &read["Title"]), ("R-1", &"T".into()));
}

#[tokio::test(start_paused = true)]
async fn whatever_field_of_an_error_is_long_the_text_is_short_and_clean() {
    let long = format!("a\\r\\n\\u001b[31m{}", "x".repeat(500_000));
    for name in ["Code", "Message", "RequestId", "Recommend"] {
        for body in [
            format!(r#"{{"{name}":"{long}"}}"#),
            format!("<Error><{name}>\u{1b}{long}</{name}></Error>"),
        ] {
            let transport = Arc::new(ReplayTransport::new());
            transport.answer(403, body);
            let failed = client(&transport).send(GetBook::default()).await;
            let failed = failed.unwrap_err();
            assert_eq!(failed.kind(), ErrorKind::Service);
            for text in [failed.to_string(), format!("{failed:?}")] {
                assert!(text.len() < 1_500, "{name}: {}", text.len());
                assert!(!text.contains(char::is_control), "{name}");
            }
            let fields = failed.service_error().unwrap();
            let id = fields.request_id.as_deref().unwrap_or_default();
            let page = fields.recommend.as_deref().unwrap_or_default();
            assert!(!id.contains(char::is_control) && !page.contains(char::is_control));
        }
    }
}

#[test]
fn a_call_by_name_shows_the_names_of_its_parameters_and_no_values() {
    let client = client(&Arc::new(ReplayTransport::new()));
    let parameters = serde_json::json!({"Password": "canary", "Deep": {"Token": "canary"}});
    let call = client.call("PutBook").parameters(parameters);
    let text = format!("{call:?} {call:#?}");
    assert!(
        text.contains("PutBook") && text.contains("Password"),
        "{text}"
    );
    assert!(!text.contains("canary"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn the_name_of_an_operation_breaks_no_line_of_an_error() {
    let transport = Arc::new(ReplayTransport::new());
    let client = client(&transport);
    let failed = client.call("Get\nBook\u{1b}[2J").send().await.unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidInput);
    assert!(!failed.to_string().contains(char::is_control), "{failed}");
    assert!(transport.sent().is_empty());
}

proptest! {
    #[test]
    fn any_answer_at_all_ends_a_call_with_short_clean_text(
        status in 200_u16..600,
        id in proptest::option::of("\\PC{0,600}"),
        encoding in proptest::option::of("gzip|br"),
        body in prop_oneof![
            proptest::collection::vec(any::<u8>(), 0..2_000),
            "(\\{|\\}|\\[|\\]|,|:|\"(Code|Message|RequestId|Title|Pages|AccessDeniedDetail)?\"|[0-9]{1,3}|\\\\u[0-9a-f]{4}|<Error>|</?(Code|Message|RequestId)>|\\PC|\u{1b}|\r){0,60}"
                .prop_map(String::into_bytes),
        ],
    ) {
        let mut response = http::Response::builder().status(status);
        let headers = [("x-acs-request-id", id), ("content-encoding", encoding)];
        for (name, value) in headers {
            let value = value.and_then(|it| http::HeaderValue::from_bytes(it.as_bytes()).ok());
            response = value.into_iter().fold(response, |response, it| response.header(name, it));
        }
        let transport = Arc::new(ReplayTransport::new());
        transport.answer_with(response.body(body.into()).unwrap());
        let client = builder(Arc::clone(&transport)).retry(RetryPolicy::none()).build().unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let result = runtime.block_on(client.send(GetBook::default()));
        prop_assert!(result.is_err() || (200..300).contains(&status));
        if let Err(failed) = result {
            let text = failed.to_string();
            prop_assert!(text.chars().count() < 2_000, "{}", text);
            prop_assert!(!text.contains(char::is_control), "{:?}", text);
            prop_assert_eq!((failed.status(), failed.attempts()), (Some(status), 1));
        }
    }
}
