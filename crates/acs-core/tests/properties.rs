//! B3: what is written is read back, and signing depends on its input alone.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a test")]

use std::cell::Cell;
use std::collections::BTreeMap;

use acs_core::decode::decode;
use acs_core::model::Bytes;
use acs_signer::{Buffer, SigningKey, acs3};
use chrono::DateTime;
use proptest::prelude::*;
use serde::de::IgnoredAny;

const CASES: u32 = 10_000;

#[derive(Clone, Default)]
struct Book {
    title: Option<String>,
    pages: Option<i64>,
    price: Option<f64>,
    is_lent: Option<bool>,
    tags: Option<Vec<String>>,
    places: Option<BTreeMap<String, i32>>,
    sequels: Option<Vec<Self>>,
}

acs_core::model! {
    Book {
        0 title: string("Title"),
        1 pages: integer("Pages"),
        2 price: float("Price"),
        3 is_lent: boolean("IsLent"),
        4 tags: list("TagList").wrapped_in("Tag"),
        5 places: map("Places"),
        6 sequels: list("Sequels"),
    }
}

#[test]
fn b3_what_was_written_is_read_back_and_what_is_no_json_is_refused() {
    let (cases, refused) = (Cell::new(0), Cell::new(0));
    proptest!(ProptestConfig::with_cases(CASES), |(book in book(), seed in any::<u64>())| {
        let mut dice = Dice(seed);
        let text = write(&book, &mut dice);
        prop_assert!(read(&text) == Some(book), "{}", text);
        for _ in 0..4 {
            let damaged = damage(&text, &mut dice);
            let is_json = serde_json::from_str::<IgnoredAny>(&damaged).is_ok();
            prop_assert!(is_json || read(&damaged).is_none(), "{}", damaged);
            refused.set(refused.get() + u32::from(!is_json));
        }
        cases.set(cases.get() + 1);
    });
    println!(
        "B3: {} documents read back, {} of their damaged forms refused",
        cases.get(),
        refused.get()
    );
    assert!(cases.get() >= CASES && refused.get() >= CASES);
}

#[test]
fn b3_a_signature_depends_on_its_input_alone_and_not_on_the_order_of_parameters() {
    let parameters = proptest::collection::btree_map("[A-Za-z.0-9]{1,8}", "\\PC{0,8}", 0..5);
    let cases = Cell::new(0);
    proptest!(ProptestConfig::with_cases(CASES), |(
        parameters in parameters,
        seconds in 0_i64..4_000_000_000,
        nonce in "[0-9a-f]{32}",
    )| {
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
        cases.set(cases.get() + 1);
    });
    println!("B3: {} requests signed three times alike", cases.get());
    assert!(cases.get() >= CASES);
}

fn book() -> impl Strategy<Value = Book> {
    // Numbers of all lengths: those of up to 18 digits are read in a way of their own.
    let pages = (any::<i64>(), 0_u32..64).prop_map(|(number, bits)| number >> bits);
    let leaf = (
        proptest::option::of(".{0,12}"),
        proptest::option::of(pages),
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
            sequels: None,
        });
    leaf.prop_recursive(2, 6, 3, |inner| {
        let sequels = proptest::collection::vec(inner.clone(), 0..4);
        (inner, sequels).prop_map(|(book, sequels)| Book {
            sequels: Some(sequels),
            ..book
        })
    })
}

fn read(text: &str) -> Option<Book> {
    let mut book = Book::default();
    decode(&Bytes::copy_from_slice(text.as_bytes()), &mut book).ok()?;
    Some(book)
}

/// Writes a book as JSON in one of its many forms: members in any order, among others that nobody knows, with blanks.
/// The values are written by serde_json, so that what is read was not written by the code under test.
fn write(book: &Book, dice: &mut Dice) -> String {
    let mut members = Vec::new();
    let mut put = |name: &str, value: Option<String>| {
        members.extend(value.map(|value| (name.to_owned(), value)));
    };
    put("Title", book.title.as_ref().map(json));
    put("Pages", book.pages.as_ref().map(json));
    put("Price", book.price.as_ref().map(json));
    put("IsLent", book.is_lent.as_ref().map(json));
    let tags = book.tags.as_ref();
    put(
        "TagList",
        tags.map(|tags| json(&BTreeMap::from([("Tag", tags)]))),
    );
    put("Places", book.places.as_ref().map(json));
    let sequels = book.sequels.as_ref().map(|sequels| {
        let sequels: Vec<String> = sequels.iter().map(|book| write(book, dice)).collect();
        format!("[{}]", sequels.join(","))
    });
    put("Sequels", sequels);
    for (name, value) in [
        ("Unknown", r#"{"Title":[1,{"Pages":"\\\""}]}"#),
        ("Title2", "-1.5e3"),
        ("Tit", "[]"),
    ] {
        if dice.roll(4) == 0 {
            members.push((name.to_owned(), value.to_owned()));
        }
    }
    for index in (1..members.len()).rev() {
        members.swap(index, dice.roll(index + 1));
    }
    let members: Vec<String> = members
        .into_iter()
        .map(|(name, value)| {
            let name = match dice.roll(8) {
                // The first letter of each is one byte.
                0 => format!("\\u{:04x}{}", name.as_bytes()[0], &name[1..]),
                _ => name,
            };
            format!(
                "{}\"{name}\"{}:{}{value}{}",
                dice.blank(),
                dice.blank(),
                dice.blank(),
                dice.blank()
            )
        })
        .collect();
    format!("{}{{{}}}", dice.blank(), members.join(","))
}

fn json(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap()
}

/// Changes, takes away or adds one character.
fn damage(text: &str, dice: &mut Dice) -> String {
    const OTHERS: &[char] = &[
        '"', '\\', '{', '}', '[', ']', ',', ':', '0', '-', '.', 'e', 'n', ' ', '\n', 'é', '\u{1}',
    ];
    let mut all: Vec<char> = text.chars().collect();
    let at = dice.roll(all.len());
    let other = OTHERS[dice.roll(OTHERS.len())];
    match dice.roll(3) {
        0 => all[at] = other,
        1 => _ = all.remove(at),
        _ => all.insert(at, other),
    }
    // And now and then something follows the document.
    let rest = if dice.roll(16) == 0 { " 1" } else { "" };
    all.into_iter().chain(rest.chars()).collect()
}

/// Choices that a seed makes.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % sides
    }

    fn blank(&mut self) -> &'static str {
        ["", "", "", " ", "\n            "][self.roll(5)]
    }
}
