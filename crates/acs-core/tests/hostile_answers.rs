//! Answers that are made to harm: too deep, too many, said twice.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::collections::BTreeMap;

use acs_core::decode::decode;

#[derive(Clone, Default)]
struct Node {
    name: Option<String>,
    next: Option<Box<Self>>,
    kids: Option<Vec<Self>>,
    sizes: Option<BTreeMap<String, i32>>,
    tags: Option<Vec<String>>,
    owners: Option<BTreeMap<String, Self>>,
}

acs_core::model! {
    Node {
        0 name: string("Name"),
        1 next: object("Next"),
        2 kids: list("Kids"),
        3 sizes: map("Sizes"),
        4 tags: list("Tags").wrapped_in("Tag"),
        5 owners: map("Owners"),
    }
}

/// As large as many an item of the products' lists.
#[derive(Clone, Default)]
struct Wide {
    name: Option<String>,
    parts: [Node; 8],
}

acs_core::model! {
    Wide {
        0 name: string("Name"),
    }
}

fn read(text: &str) -> Result<Node, String> {
    let mut node = Node::default();
    let body = bytes::Bytes::copy_from_slice(text.as_bytes());
    decode(&body, &mut node).map_err(|error| error.to_string())?;
    Ok(node)
}

fn nested(levels: usize, inside: &str) -> String {
    format!(
        "{}{inside}{}",
        "{\"Next\":".repeat(levels),
        "}".repeat(levels)
    )
}

#[test]
fn json_in_a_text_starts_no_new_count_of_levels() {
    for levels in [126, 127, 128, 129] {
        let inside = serde_json::to_string(&nested(200_000, "null")).unwrap();
        let error = read(&nested(levels, &inside)).unwrap_err();
        assert!(error.contains("nested too deep"), "{levels}: {error}");
    }
}

#[test]
fn an_answer_of_empty_items_does_not_fill_the_memory() {
    let mut items: Vec<Wide> = Vec::new();
    let body = format!("[{}{{}}]", "{},".repeat(200_000));
    let error = decode(&body.into(), &mut items).unwrap_err().to_string();
    assert!(error.contains("more items"), "{error}");
    assert!(items.len() < 100_000);
    assert!(items.iter().all(|item| item.parts[0].name.is_none()));
    // What real items take is far below.
    let body = format!(
        "[{}{{}}]",
        r#"{"Name":"12345678901234567890"},"#.repeat(20_000)
    );
    let mut items: Vec<Wide> = Vec::new();
    assert!(decode(&body.into(), &mut items).is_ok());
    assert_eq!(items.len(), 20_001);
}

#[test]
fn of_a_name_that_comes_twice_the_last_counts() {
    let node = read(
        r#"{"Kids":[{"Name":"a"}],"Next":{"Name":"a","Sizes":{}},"Kids":[{"Name":"b"}],"Next":{"Kids":[]}}"#,
    );
    let node = node.unwrap();
    let kids = node.kids.unwrap();
    assert_eq!((kids.len(), kids[0].name.as_deref()), (1, Some("b")));
    let next = node.next.unwrap();
    assert!(next.name.is_none() && next.sizes.is_none() && next.kids.is_some());
}

#[test]
fn of_a_wrapped_list_and_of_a_key_that_come_twice_the_last_counts() {
    let node = read(
        r#"{"Tags":{"Tag":["a","b"],"Tag":["c"]},"Owners":{"x":{"Name":"a","Sizes":{}},"x":{"Kids":[]}}}"#,
    );
    let node = node.unwrap();
    assert_eq!(node.tags.unwrap(), ["c"]);
    let owners = node.owners.unwrap();
    let owner = &owners["x"];
    assert!(owner.name.is_none() && owner.sizes.is_none() && owner.kids.is_some());
    let null_at_last = read(r#"{"Tags":{"Tag":["a"],"Tag":null}}"#).unwrap();
    assert!(null_at_last.tags.unwrap_or_default().is_empty());
}

#[test]
fn a_long_key_of_a_map_makes_no_long_error() {
    let text = format!("{{\"Sizes\":{{\"{}\":\"x\"}}}}", "k".repeat(100_000));
    let error = read(&text).unwrap_err();
    assert!(error.len() < 1_024, "{}", error.len());
}
