//! What changes between two documents.

use std::fs;

use crate::{Folder, document, stdout, xtask};

#[test]
fn a_diff_tells_what_breaks() {
    let folder = Folder::new("diff");
    let text = fs::read_to_string(document("dotted")).unwrap();
    let old = document("dotted");
    let diff = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
        change(&mut value);
        let new = folder.file("new.json", &value.to_string());
        stdout(&xtask(&[
            "metadata",
            "diff",
            old.to_str().unwrap(),
            new.to_str().unwrap(),
        ]))
    };
    assert_eq!(
        diff(&|_| {}),
        "not a breaking release: 0 breaking changes, 0 others\n"
    );
    let added = diff(&|value| {
        let optional =
            serde_json::json!({"name": "Extra", "in": "query", "schema": {"type": "string"}});
        value["apis"]["ListPages"]["parameters"]
            .as_array_mut()
            .unwrap()
            .push(optional);
    });
    assert!(
        added.contains("added: ListPages.extra: Option<String>"),
        "{added}"
    );
    assert!(added.contains("not a breaking release"), "{added}");
    let required = diff(&|value| {
        let required = serde_json::json!({"name": "Extra", "in": "query", "schema": {"type": "string", "required": true}});
        value["apis"]["ListPages"]["parameters"]
            .as_array_mut()
            .unwrap()
            .push(required);
    });
    assert!(
        required.contains("breaking: ListPages.new: new() -> new(extra)"),
        "{required}"
    );
    let gone = diff(&|value| {
        value["apis"].as_object_mut().unwrap().remove("ListPages");
    });
    assert!(gone.contains("breaking: ListPages is gone"), "{gone}");
    assert!(
        gone.lines()
            .last()
            .unwrap()
            .starts_with("a breaking release"),
        "{gone}"
    );
    let unpaged = diff(&|value| {
        value["apis"]["ListPages"]["responses"]["200"]["schema"]["properties"]
            .as_object_mut()
            .unwrap()
            .remove("NextToken");
    });
    assert!(
        unpaged.contains("breaking: ListPages.items is gone"),
        "{unpaged}"
    );
    let retyped = diff(&|value| {
        value["apis"]["RunInstances"]["parameters"][13]["schema"]["format"] = "int64".into();
    });
    assert!(
        retyped.contains("breaking: RunInstances.period: Option<i32> -> Option<i64>"),
        "{retyped}"
    );
}

/// One change of a small document, and the line that tells it.
#[test]
fn each_kind_of_change_is_told_and_judged() {
    let folder = Folder::new("diffs");
    let text = serde_json::json!({
        "info": {"style": "ROA", "product": "Shop", "version": "1"},
        "components": {"schemas": {"Item": {"type": "object", "properties": {
            "Name": {"type": "string"},
            "Size": {"type": "string"}
        }}}},
        "apis": {"GetItem": {
            "methods": ["get"], "path": "/items/{Id}", "security": [{"AK": []}],
            "parameters": [
                {"name": "Id", "in": "path", "schema": {"type": "string", "required": true}},
                {"name": "Kind", "in": "query", "schema": {"type": "string", "enum": ["a", "b"]}},
                {"name": "Limit", "in": "query", "schema": {"type": "integer", "minimum": "1", "maximum": "10"}},
                {"name": "Tags", "in": "query", "style": "json", "schema": {"type": "array", "items": {"type": "string"}}},
                {"name": "body", "in": "body", "schema": {"$ref": "#/components/schemas/Item"}}
            ],
            "errorCodes": {"404": [{"errorCode": "NoItem"}]},
            "responses": {"200": {"schema": {"type": "object", "properties": {"Price": {"type": "string"}}}}}
        }},
        "endpoints": [{"regionId": "cn-hangzhou", "endpoint": "shop.example"}]
    });
    let old = folder.file("old.json", &text.to_string());
    let operation = "/apis/GetItem";
    let cases: &[(&str, &str, serde_json::Value, &str)] = &[
        (
            "",
            "/apis/PutItem",
            text["apis"]["GetItem"].clone(),
            "added: PutItem: operation, answers PutItemOutput",
        ),
        (operation, "", "".into(), "breaking: GetItem is gone"),
        (
            "/parameters/1",
            "",
            "".into(),
            "breaking: GetItem.kind is gone",
        ),
        (
            "",
            "/parameters/5",
            serde_json::json!({"name": "More", "in": "query", "schema": {"type": "string"}}),
            "added: GetItem.more: Option<String>",
        ),
        (
            "",
            "/parameters/5",
            serde_json::json!({"name": "More", "in": "query", "schema": {"type": "string", "required": true}}),
            "breaking: GetItem.new: new(id) -> new(id, more)",
        ),
        (
            "",
            "/parameters/2/schema/type",
            "string".into(),
            "breaking: GetItem.limit: Option<i64> -> Option<String>",
        ),
        (
            "",
            "/parameters/0/schema/required",
            false.into(),
            "breaking: GetItem.id: String -> Option<String>",
        ),
        (
            "",
            "/parameters/3/schema/required",
            true.into(),
            "breaking: GetItem.tags: Option<Vec<String>> -> Vec<String>",
        ),
        (
            "",
            "/parameters/1/schema/enum/2",
            "c".into(),
            "added: types::get_item::Kind.C: c",
        ),
        (
            "/parameters/1/schema/enum/1",
            "",
            "".into(),
            "breaking: types::get_item::Kind.B is gone",
        ),
        (
            "/parameters/1/schema/enum",
            "",
            "".into(),
            "breaking: GetItem.kind: Option<Kind> -> Option<String>",
        ),
        (
            "/responses/200/schema/properties/Price",
            "/responses/200/schema/properties/Cost",
            serde_json::json!({"type": "string"}),
            "breaking: GetItemOutput.price is gone",
        ),
        (
            "",
            "/responses/200/schema/properties/Cost",
            serde_json::json!({"type": "string"}),
            "added: GetItemOutput.cost: Option<String>",
        ),
        (
            "",
            "/responses/200/schema/properties/Price/deprecated",
            true.into(),
            "changed: GetItemOutput.price on the wire: `Price` -> `Price`, deprecated",
        ),
        (
            "",
            "/parameters/2/in",
            "header".into(),
            "changed: GetItem.limit on the wire: `Limit` -> `Limit` in a header",
        ),
        (
            "",
            "/parameters/2/name",
            "limit".into(),
            "changed: GetItem.limit on the wire: `Limit` -> `limit`",
        ),
        (
            "",
            "/parameters/3/style",
            "simple".into(),
            "changed: GetItem.tags on the wire: `Tags`, as JSON -> `Tags`, with commas",
        ),
        (
            "",
            "/path",
            "/v2/items/{Id}".into(),
            "changed: GetItem on the wire: GET /items/{Id}, can be repeated -> GET /v2/items/{Id}, can be repeated",
        ),
        (
            "",
            "/methods/0",
            "post".into(),
            "changed: GetItem on the wire: GET /items/{Id}, can be repeated -> POST /items/{Id}, can be repeated",
        ),
        (
            "",
            "/deprecated",
            true.into(),
            "changed: GetItem on the wire: GET /items/{Id}, can be repeated -> GET /items/{Id}, can be repeated, deprecated",
        ),
        (
            "",
            "/security/0",
            serde_json::json!({"Anonymous": []}),
            "changed: GetItem signed: AccessKey -> Anonymous",
        ),
        (
            "",
            "/security/0",
            serde_json::json!({"BearerToken": []}),
            "breaking: GetItem signed: AccessKey -> BearerToken",
        ),
        (
            "",
            "/parameters/2/schema/maximum",
            "9".into(),
            "breaking: GetItem.limit checks: Range(1, 10) -> Range(1, 9)",
        ),
        (
            "",
            "/parameters/2/schema/maximum",
            "20".into(),
            "changed: GetItem.limit checks: Range(1, 10) -> Range(1, 20)",
        ),
        (
            "",
            "/parameters/3/schema/maxItems",
            5.into(),
            "breaking: GetItem.tags checks: none -> MaxItems(5)",
        ),
        (
            "",
            "/components/schemas/Item/properties/Size/required",
            true.into(),
            "breaking: types::Item.size checks: none -> Required",
        ),
        (
            "/components/schemas/Item/properties/Size",
            "",
            "".into(),
            "breaking: types::Item.size is gone",
        ),
        (
            "",
            "/errorCodes/404/1",
            serde_json::json!({"errorCode": "Gone"}),
            "added: error_codes::GONE: Gone",
        ),
        (
            "/errorCodes/404/0",
            "",
            "".into(),
            "breaking: error_codes::NO_ITEM is gone",
        ),
        (
            "/endpoints/0",
            "",
            "".into(),
            "breaking: region cn-hangzhou: shop.example is gone",
        ),
        (
            "",
            "/endpoints/0/endpoint",
            "store.example".into(),
            "changed: region cn-hangzhou: shop.example -> store.example",
        ),
        ("", "/info/version", "2".into(), "changed: version: 1 -> 2"),
    ];
    let mut all = text.clone();
    for (removed, set, value, expected) in cases {
        let change = |document: &mut serde_json::Value| {
            let whole = |place: &str| {
                let is_root = ["/apis", "/components", "/endpoints", "/info"];
                let is_root = is_root.iter().any(|root| place.starts_with(root));
                if is_root {
                    place.to_owned()
                } else {
                    format!("{operation}{place}")
                }
            };
            if !removed.is_empty() {
                remove(document, &whole(removed));
            }
            if !set.is_empty() {
                put(document, &whole(set), value.clone());
            }
        };
        let mut document = text.clone();
        change(&mut document);
        let new = folder.file("new.json", &document.to_string());
        let shown = stdout(&xtask(&[
            "metadata",
            "diff",
            old.to_str().unwrap(),
            new.to_str().unwrap(),
        ]));
        assert!(
            shown.lines().any(|line| line == *expected),
            "{expected}: {shown}"
        );
        let is_breaking = shown.lines().any(|line| line.starts_with("breaking"));
        assert_eq!(
            is_breaking,
            expected.starts_with("breaking"),
            "{expected}: {shown}"
        );
        let verdict = if is_breaking {
            "a breaking release: "
        } else {
            "not a breaking release: 0 "
        };
        assert!(
            shown.lines().last().unwrap().starts_with(verdict),
            "{shown}"
        );
        if set.starts_with("/parameters/2/schema/maximum") || set.starts_with("/path") {
            change(&mut all);
        }
    }
    let new = folder.file("new.json", &all.to_string());
    let shown = stdout(&xtask(&[
        "metadata",
        "diff",
        old.to_str().unwrap(),
        new.to_str().unwrap(),
    ]));
    assert_eq!(shown.lines().count(), 3, "several at once: {shown}");
}

fn remove(document: &mut serde_json::Value, place: &str) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        serde_json::Value::Array(items) => drop(items.remove(name.parse().unwrap())),
        parent => drop(parent.as_object_mut().unwrap().remove(name)),
    }
}

fn put(document: &mut serde_json::Value, place: &str, value: serde_json::Value) {
    let (parent, name) = place.rsplit_once('/').unwrap();
    match document.pointer_mut(parent).unwrap() {
        serde_json::Value::Array(items) => {
            let index: usize = name.parse().unwrap();
            if index < items.len() {
                items[index] = value;
            } else {
                items.push(value);
            }
        }
        parent => parent[name] = value,
    }
}
