//! Crates that are generated whole, and compiled.

use std::fs;
use std::path::Path;

use crate::{Folder, check, document, generate, stderr, stdout, xtask};

/// The documents of `tests/documents`: a shape each that the core products lack.
const SHAPES: &[&str] = &["roa", "form", "recursive", "fc", "host", "dotted"];

#[test]
fn every_shape_gives_a_crate_that_compiles() {
    let folder = Folder::new("shapes");
    for shape in SHAPES {
        let out = folder.0.join(shape);
        let output = generate(&document(shape), &out);
        assert!(output.status.success(), "{shape}: {}", stderr(&output));
        check(&out);
    }
}

/// A document with one operation that takes a parameter `P` and answers with `R`, both of a schema.
fn with_schema(schema: &serde_json::Value, components: &serde_json::Value) -> String {
    serde_json::json!({
        "info": {"style": "RPC", "product": "X", "version": "1"},
        "components": {"schemas": components},
        "apis": {"Do": {
            "methods": ["post"],
            "parameters": [{"name": "P", "in": "query", "schema": schema}],
            "responses": {"200": {"schema": {"type": "object", "properties": {"R": schema}}}}
        }}
    })
    .to_string()
}

#[test]
fn what_is_nested_too_deeply_is_json_and_is_named() {
    use serde_json::json;

    let nest = |count: usize, around: &dyn Fn(usize, serde_json::Value) -> serde_json::Value| {
        (0..count).fold(json!({"type": "string"}), |inner, n| around(n, inner))
    };
    let none = json!({});
    let list = |_, inner| json!({"type": "array", "items": inner});
    let map = |_, inner| json!({"type": "object", "additionalProperties": inner});
    let both = |n: usize, inner| {
        let name = format!("A{n}");
        json!({"type": "array", "items": {"type": "object", "properties": {name: inner}}})
    };
    let wrapped = |n: usize, inner| {
        let name = format!("A{n}");
        json!({"type": "object", "itemNode": true, "properties": {name: {"type": "array", "items": inner}}})
    };
    let mut chain = serde_json::Map::new();
    for n in 0..60 {
        let next = format!("#/components/schemas/C{}", n + 1);
        let list = json!({"type": "array", "items": {"$ref": next}});
        chain.insert(
            format!("C{n}"),
            json!({"type": "object", "properties": {"A": list}}),
        );
    }
    chain.insert(
        "C60".to_owned(),
        json!({"type": "object", "properties": {"A": {"type": "string"}}}),
    );
    let first = json!({"$ref": "#/components/schemas/C0"});
    let cases = [
        ("lists", with_schema(&nest(33, &list), &none), true),
        ("maps", with_schema(&nest(11, &map), &none), true),
        ("maps-that-fit", with_schema(&nest(10, &map), &none), false),
        (
            "lists-that-fit",
            with_schema(&nest(31, &list), &none),
            false,
        ),
        ("both", with_schema(&nest(25, &both), &none), true),
        ("wrapped", with_schema(&nest(25, &wrapped), &none), true),
        ("both-that-fit", with_schema(&nest(15, &both), &none), false),
        ("chain", with_schema(&first, &chain.into()), true),
    ];
    let folder = Folder::new("nested");
    for (name, text, is_cut) in cases {
        let file = folder.file(&format!("{name}.json"), &text);
        let out = folder.0.join(name);
        let shown = stdout(&generate(&file, &out));
        assert_eq!(
            shown.contains("nested deeper than 32 levels; its values are JSON"),
            is_cut,
            "{name}: {shown}"
        );
        if name == "chain" {
            assert!(
                shown.contains("X the component `C44`: A[]: it is"),
                "{shown}"
            );
        }
        check(&out);
    }
}

#[test]
fn what_a_document_names_is_no_code_in_a_new_crate() {
    let folder = Folder::new("names");
    let text = r##"{"info":{"style":"RPC","product":"../../x y\"Z","version":"1"},"apis":{"Do":{"methods":["post"],"parameters":[],"responses":{}}},
        "endpoints":[{"regionId":"a\"); loop {} (\"\n```","endpoint":"x.example"}]}"##;
    let file = folder.file("x.json", text);
    let out = folder.0.join("out");
    let output = generate(&file, &out);
    assert!(output.status.success(), "{}", stderr(&output));
    let readme = fs::read_to_string(out.join("README.md")).unwrap();
    assert!(
        readme.contains(r#"builder("a\"); loop {} (\"\n```")"#),
        "{readme}"
    );
    // `do` is no name for a variable.
    assert!(
        readme.contains("let answer = client.send(acs_x_y_z::Do::new())"),
        "{readme}"
    );
    let manifest = fs::read_to_string(out.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"acs-x-y-z\"\n"), "{manifest}");
    check(&out);
}

#[test]
fn two_runs_give_the_same_bytes() {
    let folder = Folder::new("same");
    let (first, second) = (folder.0.join("first"), folder.0.join("second"));
    generate(&document("dotted"), &first);
    generate(&document("dotted"), &second);
    let read = |root: &Path| {
        let mut texts: Vec<_> = fs::read_dir(root.join("src/generated"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .map(|path| {
                (
                    path.file_name().unwrap().to_owned(),
                    fs::read(path).unwrap(),
                )
            })
            .collect();
        texts.sort();
        texts
    };
    assert_eq!(read(&first), read(&second));
}

/// A name does not depend on what else there is.
#[test]
fn names_stay_when_an_operation_is_added() {
    let folder = Folder::new("stable");
    let text = fs::read_to_string(document("dotted")).unwrap();
    let mut value: serde_json::Value = serde_json::from_str(&text).unwrap();
    let out = folder.0.join("old");
    generate(&document("dotted"), &out);
    let before = fs::read_to_string(out.join("src/generated/run_instances.rs")).unwrap();
    value["apis"]["AddOther"] = value["apis"]["RunInstances"].clone();
    let more = folder.file("more.json", &value.to_string());
    let out = folder.0.join("new");
    generate(&more, &out);
    let after = fs::read_to_string(out.join("src/generated/run_instances.rs")).unwrap();
    // The first line names the source.
    assert_eq!(
        before.split_once('\n').unwrap().1,
        after.split_once('\n').unwrap().1
    );
}

#[test]
fn the_documents_prose_comes_along_where_it_is_asked_for() {
    let folder = Folder::new("docs");
    let text = r##"{"info":{"style":"RPC","product":"X","version":"1"},"apis":{"Do":{"methods":["post"],"summary":"Does <b>it</b> [now](~~1~~).","parameters":[{"name":"P","in":"query","schema":{"type":"string","description":"A *name* at https://x.example\n\n* one `two"}}],"responses":{}}}}"##;
    let file = folder.file("x.json", text);
    for (flag, is_there) in [(Some("--docs"), true), (None, false)] {
        let out = folder.0.join(if is_there { "with" } else { "without" });
        let mut arguments = vec![
            "codegen",
            "--metadata",
            file.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
        ];
        arguments.extend(flag);
        assert!(xtask(&arguments).status.success());
        let code = fs::read_to_string(out.join("src/generated/do_.rs")).unwrap();
        assert_eq!(code.contains("Does "), is_there, "{code}");
        assert_eq!(code.contains(r"A \*name\* at"), is_there, "{code}");
    }
}

#[test]
fn rings_of_components_of_any_size_compile() {
    use serde_json::json;

    let folder = Folder::new("rings");
    let reference = |n: usize| json!({"$ref": format!("#/components/schemas/C{n}")});
    let around: &[(&str, &dyn Fn(serde_json::Value) -> serde_json::Value)] = &[
        ("plain", &|inner| inner),
        ("lists", &|inner| json!({"type": "array", "items": inner})),
        (
            "maps",
            &|inner| json!({"type": "object", "additionalProperties": inner}),
        ),
    ];
    for (name, around) in around {
        let component = |n: usize| {
            let next = around(reference((n + 1) % 40));
            let after = around(reference((n + 2) % 40));
            json!({"type": "object", "properties": {"Next": next, "After": after, "Name": {"type": "string"}}})
        };
        let components: serde_json::Map<_, _> =
            (0..40).map(|n| (format!("C{n}"), component(n))).collect();
        let text = with_schema(&reference(0), &components.into());
        let out = folder.0.join(name);
        let shown = stdout(&generate(
            &folder.file(&format!("{name}.json"), &text),
            &out,
        ));
        assert!(shown.ends_with(" 0 unsupported\n"), "{name}: {shown}");
        check(&out);
    }
}

#[test]
fn the_next_page_is_asked_for_by_what_can_be_nothing_else() {
    let folder = Folder::new("paging");
    let text = r##"{"info":{"style":"ROA","product":"X","version":"1"},"apis":{"List":{"methods":["get"],"path":"/",
        "parameters":[{"name":"marker","in":"query","schema":{"type":"string"}}],
        "responses":{"200":{"schema":{"type":"object","properties":{
            "marker":{"type":"string"},
            "next_marker":{"type":"string"},
            "items":{"type":"array","items":{"type":"object","properties":{"id":{"type":"string"}}}}
        }}}}}}}"##;
    let out = folder.0.join("out");
    generate(&folder.file("x.json", text), &out);
    let code = fs::read_to_string(out.join("src/generated/list.rs")).unwrap();
    let bare: String = code.split_whitespace().collect();
    assert!(bare.contains("output.next_marker.clone()"), "{code}");
    assert!(bare.contains("next.marker=Some(token)"), "{code}");
}

#[test]
fn bounds_of_a_lists_items_are_checked_and_documented() {
    use serde_json::json;

    let folder = Folder::new("items");
    let schema =
        json!({"type": "array", "items": {"type": "string", "maxLength": 5, "minLength": 1}});
    let text = with_schema(&schema, &json!({}));
    let out = folder.0.join("out");
    generate(&folder.file("x.json", &text), &out);
    let code = fs::read_to_string(out.join("src/generated/do_.rs")).unwrap();
    for expected in [
        "acs_core::model::Rule::ItemMaxLength(5)",
        "list of string. Of each item: At least 1 characters. At most 5 characters.",
    ] {
        assert!(code.contains(expected), "{expected}: {code}");
    }
}

#[test]
fn what_commas_cannot_part_is_json() {
    let folder = Folder::new("commas");
    let text = r##"{"info":{"style":"ROA","product":"X","version":"1"},"apis":{"Do":{"methods":["post"],"path":"/","parameters":[
        {"name":"A","in":"query","style":"simple","schema":{"type":"array","items":{"type":"object","properties":{"x":{"type":"string"}}}}},
        {"name":"B","in":"header","schema":{"type":"array","items":{"type":"array","items":{"type":"string"}}}},
        {"name":"C","in":"header","schema":{"type":"array","items":{"type":"string"}}},
        {"name":"D","in":"query","style":"json","schema":{"type":"string","maxLength":5}}
    ]}}}"##;
    let out = folder.0.join("out");
    let shown = stdout(&generate(&folder.file("x.json", text), &out));
    assert!(shown.ends_with(" 0 unsupported\n"), "{shown}");
    let code = fs::read_to_string(out.join("src/generated/do_.rs")).unwrap();
    for expected in [
        "list(\"A\").as_json(),",
        "list(\"B\").in_header().as_json(),",
        "list(\"C\").in_header().with_commas(),",
        "string(\"D\").rules(",
    ] {
        assert!(code.contains(expected), "{expected}: {code}");
    }
}
