//! Documents and commands at fault.

use std::fs;

use crate::{Folder, generate, stderr, xtask};

#[test]
fn a_document_at_fault_is_refused_with_the_place() {
    let minimal = |operation: &str| {
        format!(
            r##"{{"info":{{"style":"RPC","product":"X","version":"1"}},"components":{{"schemas":{{}}}},"apis":{{"Do":{operation}}}}}"##
        )
    };
    let cases = [
        (
            "broken-ref",
            minimal(
                r##"{"methods":["post"],"parameters":[],"responses":{"200":{"schema":{"type":"object","properties":{"A":{"$ref":"#/components/schemas/None"}}}}}}"##,
            ),
            "$.apis.Do.responses[\"200\"].schema.properties.A.$ref",
        ),
        (
            "schema-text",
            minimal(
                r##"{"methods":["post"],"parameters":[{"name":"P","in":"query","schema":"string"}],"responses":{}}"##,
            ),
            "$.apis.Do.parameters[0].schema: expected an object, found a string",
        ),
        (
            "property-text",
            minimal(
                r##"{"methods":["post"],"parameters":[],"responses":{"200":{"schema":{"type":"object","properties":{"A":"string"}}}}}"##,
            ),
            "$.apis.Do.responses[\"200\"].schema.properties.A: expected an object",
        ),
        (
            "no-apis",
            r##"{"info":{"product":"X","version":"1"}}"##.to_owned(),
            "$: `apis` is missing",
        ),
        (
            "apis-list",
            r##"{"info":{"product":"X","version":"1"},"apis":[]}"##.to_owned(),
            "$.apis: expected an object, found an array",
        ),
        (
            "no-info",
            r##"{"apis":{}}"##.to_owned(),
            "$: `info` is missing",
        ),
        (
            "truncated",
            minimal("{}")[..60].to_owned(),
            "EOF while parsing",
        ),
        ("empty", String::new(), "EOF while parsing"),
        (
            "number",
            "42".to_owned(),
            "$: expected an object, found a number",
        ),
        (
            "nameless",
            minimal(r##"{"parameters":[{"in":"query","schema":{"type":"string"}}]}"##),
            "$.apis.Do.parameters[0]: `name` is missing",
        ),
        (
            "foreign-ref",
            minimal(
                r##"{"parameters":[{"name":"P","in":"query","schema":{"$ref":"https://example.com"}}]}"##,
            ),
            "$.apis.Do.parameters[0].schema.$ref",
        ),
        (
            "deep",
            format!("{}1{}", "[".repeat(5000), "]".repeat(5000)),
            "recursion limit exceeded",
        ),
    ];
    let folder = Folder::new("fault");
    let binary = folder.0.join("binary.json");
    fs::write(&binary, [0xff, 0xfe]).unwrap();
    let output = generate(&binary, &folder.0.join("binary"));
    assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
    for (name, text, place) in cases {
        let file = folder.file(&format!("{name}.json"), &text);
        let out = folder.0.join(name);
        for output in [
            generate(&file, &out),
            xtask(&["metadata", "import", file.to_str().unwrap()]),
        ] {
            let error = stderr(&output);
            assert_eq!(output.status.code(), Some(2), "{name}: {error}");
            assert!(error.contains(place), "{name}: {error}");
            assert!(error.contains(&format!("{name}.json")), "{name}: {error}");
            assert_eq!(error.lines().count(), 1, "{name}: {error}");
        }
        assert!(!out.exists(), "{name}: nothing is written");
    }
}

#[test]
fn a_wrong_command_shows_the_usage() {
    for arguments in [
        &[] as &[&str],
        &["codegen", "--what"],
        &["codegen", "--out", "x"],
        &["metadata"],
        &["codegen", "x"],
    ] {
        let output = xtask(arguments);
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        assert!(stderr(&output).starts_with("error: "), "{arguments:?}");
    }
}
