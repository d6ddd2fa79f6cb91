//! B3: what is written is read back, and signing depends on its input alone.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use acs_core::decode::decode;
use acs_core::model::{Bytes, Json};
use acs_signer::{Buffer, SigningKey, acs3};
use chrono::DateTime;
use proptest::prelude::*;

#[derive(Clone, Default)]
struct Book {
    title: Option<String>,
    pages: Option<i64>,
    price: Option<f64>,
    is_lent: Option<bool>,
    tags: Option<Vec<String>>,
    places: Option<BTreeMap<String, i32>>,
    next: Option<Box<Self>>,
}

acs_core::model! {
    Book {
        0 title: string("Title"),
        1 pages: integer("Pages"),
        2 price: float("Price"),
        3 is_lent: boolean("IsLent"),
        4 tags: list("TagList").wrapped_in("Tag"),
        5 places: map("Places"),
        6 next: object("Next"),
    }
}

fn book() -> impl Strategy<Value = Book> {
    let text = || proptest::option::of(".{0,12}");
    let leaf = (
        text(),
        any::<Option<i64>>(),
        proptest::option::of(-1e15..1e15),
        any::<Option<bool>>(),
        proptest::option::of(proptest::collection::vec(".{0,6}", 0..4)),
        proptest::option::of(proptest::collection::btree_map(
            ".{0,6}",
            any::<i32>(),
            0..4,
        )),
    )
        .prop_map(|(title, pages, price, is_lent, tags, places)| Book {
            title,
            pages,
            price,
            is_lent,
            tags,
            places,
            next: None,
        });
    leaf.prop_recursive(3, 4, 1, |inner| {
        (inner.clone(), inner).prop_map(|(book, next)| Book {
            next: Some(Box::new(next)),
            ..book
        })
    })
}

/// Writes a book with serde_json, so that what is read was not written by the code under test.
fn write(book: &Book) -> Json {
    let mut members = serde_json::Map::new();
    let mut put = |name: &str, value: Option<Json>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("Title", book.title.clone().map(Json::from));
    put("Pages", book.pages.map(Json::from));
    put("Price", book.price.map(Json::from));
    put("IsLent", book.is_lent.map(Json::from));
    put(
        "TagList",
        book.tags
            .clone()
            .map(|tags| serde_json::json!({ "Tag": tags })),
    );
    put(
        "Places",
        book.places.clone().map(|places| serde_json::json!(places)),
    );
    put("Next", book.next.as_deref().map(write));
    members.into()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10_000))]

    #[test]
    fn b3_what_was_written_is_read_back(book in book()) {
        let body = Bytes::from(write(&book).to_string());
        let mut read = Book::default();
        decode(&body, &mut read).unwrap();
        prop_assert!(read == book, "{:?} is not {:?}", read, book);
    }

    #[test]
    fn b3_a_signature_depends_on_its_input_alone_and_not_on_the_order_of_parameters(
        parameters in proptest::collection::btree_map("[A-Za-z.0-9]{1,8}", "\\PC{0,8}", 0..5),
        seconds in 0_i64..4_000_000_000,
        nonce in "[0-9a-f]{32}",
    ) {
        let key = SigningKey::new("LTAItest", "secret").unwrap();
        let parameters: Vec<(&str, &str)> = parameters.iter().map(|(name, value)| (&**name, &**value)).collect();
        let reversed: Vec<_> = parameters.iter().rev().copied().collect();
        let date = DateTime::from_timestamp(seconds, 0).unwrap();
        let sign = |query: &[(&str, &str)], buffer: &mut Buffer| {
            let request = acs3::Request { host: "h", action: "A", version: "V", query, ..acs3::Request::at(date, &nonce) };
            acs3::sign(&request, &key, buffer).unwrap().authorization().to_owned()
        };
        // A buffer that was used for another request leaves no trace.
        let mut used = Buffer::new();
        sign(&[("Other", "request")], &mut used);
        let first = sign(&parameters, &mut used);
        prop_assert_eq!(&first, &sign(&parameters, &mut Buffer::new()));
        prop_assert_eq!(&first, &sign(&reversed, &mut used));
    }
}
