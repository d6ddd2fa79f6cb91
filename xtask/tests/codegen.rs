//! The commands as people run them.
#![allow(clippy::unwrap_used, reason = "a test")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// The documents of `tests/documents`: a shape each that the core products lack.
const SHAPES: &[&str] = &["roa", "form", "recursive", "fc", "host", "dotted"];

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path =
            std::env::temp_dir().join(format!("acs-xtask-test-{}-{name}", std::process::id()));
        let _ = fs::remove_dir_all(&path);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn file(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn xtask(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_xtask"))
        .args(arguments)
        .env_remove("ACS_METADATA_BASE")
        .output()
        .unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

fn document(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/documents/{name}.json"))
}

fn generate(metadata: &Path, out: &Path) -> Output {
    xtask(&[
        "codegen",
        "--metadata",
        metadata.to_str().unwrap(),
        "--out",
        out.to_str().unwrap(),
    ])
}

#[test]
fn every_shape_gives_a_crate_that_compiles() {
    let folder = Folder::new("shapes");
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("shapes");
    for shape in SHAPES {
        let out = folder.0.join(shape);
        let output = generate(&document(shape), &out);
        assert!(output.status.success(), "{shape}: {}", stderr(&output));
        let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
        fs::copy(lock, out.join("Cargo.lock")).unwrap();
        let check = Command::new(env!("CARGO"))
            .args(["check", "--quiet", "--no-default-features"])
            .current_dir(&out)
            .env("CARGO_TARGET_DIR", &target)
            .output()
            .unwrap();
        assert!(check.status.success(), "{shape}: {}", stderr(&check));
        let own = format!("{}", out.display());
        assert!(
            !stderr(&check).contains(&own),
            "{shape} has warnings: {}",
            stderr(&check)
        );
    }
}

/// Compiles a generated crate; warnings are errors.
fn check(out: &Path) {
    let lock = Path::new(env!("CARGO_MANIFEST_DIR")).join("../Cargo.lock");
    fs::copy(lock, out.join("Cargo.lock")).unwrap();
    let check = Command::new(env!("CARGO"))
        .args(["check", "--quiet", "--no-default-features"])
        .current_dir(out)
        .env(
            "CARGO_TARGET_DIR",
            Path::new(env!("CARGO_TARGET_TMPDIR")).join("shapes"),
        )
        .output()
        .unwrap();
    let shown = stderr(&check);
    assert!(check.status.success(), "{shown}");
    assert!(!shown.contains(&*out.to_string_lossy()), "{shown}");
    assert!(!shown.contains("snake case"), "{shown}");
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
    let manifest = fs::read_to_string(out.join("Cargo.toml")).unwrap();
    assert!(manifest.contains("name = \"acs-x-y-z\"\n"), "{manifest}");
    check(&out);
}

#[test]
fn what_is_not_checked_or_has_no_name_is_reported() {
    let folder = Folder::new("unchecked");
    let text = r##"{"info":{"style":"RPC","product":"X","version":"1"},"apis":{"Do":{"methods":["post"],"parameters":[
        {"name":"Most","in":"query","schema":{"type":"integer","minimum":9223372036854775807,"exclusiveMinimum":true}},
        {"name":"Share","in":"query","schema":{"type":"number","maximum":1,"exclusiveMaximum":true}},
        {"name":"Few","in":"query","schema":{"type":"integer","minimum":1,"exclusiveMinimum":true}},
        {"name":"Long","in":"query","schema":{"type":"string","pattern":"^a{1,99999999999999999999}$"}},
        {"name":"Set","in":"query","schema":{"type":"string","enum":["a",null]}}
    ],"errorCodes":{"400":[{"errorCode":"A"},{"errorMessage":"no code"}]},"responses":{}}}}"##;
    let shown = stdout(&generate(
        &folder.file("x.json", text),
        &folder.0.join("out"),
    ));
    for expected in [
        "Do: Most: the minimum 9223372036854776000, which is itself excluded, is not checked",
        "Do: Share: the maximum 1, which is itself excluded, is not checked",
        "Do: Long: its pattern counts further",
        "schema.enum[1]: null as one of the values is left out",
        "errorCodes[\"400\"][1]: an error without a code is left out",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(shown.ends_with(" 5 unsupported\n"), "{shown}");
}

#[test]
fn what_cannot_be_expressed_is_named() {
    let folder = Folder::new("unsupported");
    let output = stdout(&generate(&document("fc"), &folder.0.join("fc")));
    assert!(
        output.contains("unsupported: FC AttachTerminal: answers over `wss`"),
        "{output}"
    );
    assert!(
        output.ends_with("4 operations, 6 types, 2 unsupported\n"),
        "{output}"
    );
    let output = stdout(&generate(
        &document("recursive"),
        &folder.0.join("recursive"),
    ));
    assert!(
        output.contains("the component `Loop` stands for itself"),
        "{output}"
    );
}

#[test]
fn odd_facts_are_passed_over_and_named() {
    let folder = Folder::new("odd");
    let text = r##"{"info":{"style":"ROA","product":"X","version":"1"},"components":{"schemas":[]},"apis":{"Do":{"methods":["post"],"path":"/a/{app_id}/{other}","errorCodes":[],"parameters":[
        {"name":"AppId","in":"path","schema":{"type":"string"}},
        {"name":"Lost","in":"path","schema":{"type":"string"}},
        {"name":"Odd`\nname","in":"query","schema":{"type":"tuple"}},
        {"name":"Few","in":"query","schema":{"type":"integer","minimum":"few","maximum":"9","enum":"none","maxLength":-1}},
        {"name":"Strange","in":"cookie","style":"table","schema":{"type":"array"}}
    ],"responses":{"200":null}}},"endpoints":[{"endpoint":"x.example"}]}"##;
    let file = folder.file("odd.json", text);
    let out = folder.0.join("out");
    let output = generate(&file, &out);
    let shown = stdout(&output);
    assert!(output.status.success(), "{}", stderr(&output));
    for expected in [
        "the type `tuple` is not known",
        "`few` is no number",
        "no place for `Lost`",
        "travels in `cookie`",
        "the style `table`",
        "an endpoint without a region",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    let code = fs::read_to_string(out.join("src/generated/do_.rs")).unwrap();
    assert!(code.contains(r#""/a/{AppId}/{other}""#), "{code}");
    assert!(
        code.contains(r#"string("other").in_path().required()"#),
        "{code}"
    );
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
fn a_changed_byte_and_a_stale_file_are_seen() {
    let folder = Folder::new("check");
    let out = folder.0.join("x");
    generate(&document("form"), &out);
    let file = out.join("src/generated/create_load_balancer.rs");
    let right = fs::read_to_string(&file).unwrap();
    fs::write(&file, right.replace("OrderId", "OrderIc")).unwrap();
    let stale = out.join("src/generated/gone.rs");
    fs::write(&stale, right.lines().next().unwrap()).unwrap();
    generate(&document("form"), &out);
    assert_eq!(fs::read_to_string(&file).unwrap(), right);
    assert!(!stale.exists());
    // A file that people wrote is not ours to remove.
    fs::write(&stale, "// mine\n").unwrap();
    fs::write(&file, "// @generated by cargo xtask codegen, and changed\n").unwrap();
    let output = generate(&document("form"), &out);
    assert_eq!(output.status.code(), Some(2));
    assert!(stale.exists());
    assert_ne!(fs::read_to_string(&file).unwrap(), right);
}

#[test]
fn the_generated_code_is_what_the_metadata_gives() {
    let output = xtask(&["codegen", "--check"]);
    assert!(output.status.success(), "{}", stderr(&output));
    assert!(
        stdout(&output).ends_with(" 0 unsupported\n"),
        "{}",
        stdout(&output)
    );
}

#[test]
fn a_digest_holds_no_prose() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("metadata");
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "json") {
            let text = fs::read_to_string(&path).unwrap();
            assert!(text.is_ascii(), "{}", path.display());
            for key in [
                "\"summary\":",
                "\"errorMessage\":",
                "\"responseDemo\":",
                "\"example\":",
            ] {
                assert!(!text.contains(key), "{}: {key}", path.display());
            }
        }
    }
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

#[test]
fn an_overlay_that_matches_nothing_is_an_error() {
    let folder = Folder::new("overlay");
    let cases = [
        ("[operation.None]", "`None` is not in the metadata"),
        ("secrets = [\"None\"]", "the secret `None` matches nothing"),
        (
            "[operation.ListPages.parameter.None]",
            "the parameter `None` matches nothing",
        ),
        (
            "[operation.ListPages]\nalways = [\"None\"]",
            "the field that is always sent `None` matches nothing",
        ),
        (
            "[operation.ListPages]\nany_of = [[\"None\"]]",
            "`None` is no parameter",
        ),
        (
            "[operation.ListPages.response.None]",
            "the field of the answer `None` matches nothing",
        ),
        (
            "[operation.ListPages.parameter.NextToken]\ntype = \"date\"",
            "`date`, the type of `NextToken`, is not known",
        ),
        (
            "[operation.ListPages.waiter.done]\ndoc = \"\"\nstate = \"Pages.None\"\nsuccess = [\"a\"]\nfailure = []",
            "the waiter `done`: `Pages.None` is no field of the answer",
        ),
        (
            "[operation.ListPages.waiter.done]\ndoc = \"\"\nstate = \"NextToken\"\nsuccess = []\nfailure = []",
            "the waiter `done`: `success` is empty",
        ),
        ("surprise = 1", "surprise"),
        ("[endpoints", "TOML"),
    ];
    for (text, expected) in cases {
        let overlay = folder.file("overlay.toml", text);
        let out = folder.0.join("out");
        let document = document("dotted");
        let output = xtask(&[
            "codegen",
            "--metadata",
            document.to_str().unwrap(),
            "--out",
            out.to_str().unwrap(),
            "--overlay",
            overlay.to_str().unwrap(),
        ]);
        let error = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{text}: {error}");
        assert!(error.contains(expected), "{text}: {error}");
        assert!(!out.exists());
    }
}

#[test]
fn a_fetch_without_a_network_says_what_else_to_do() {
    // Port 9 of loopback takes no connections.
    let output = xtask(&[
        "metadata",
        "fetch",
        "vod",
        "2017-03-21",
        "--base",
        "http://127.0.0.1:9/meta/v1",
    ]);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("http://127.0.0.1:9/meta/v1/products/vod/versions/2017-03-21/api-docs.json"),
        "{error}"
    );
    assert!(error.contains("metadata import FILE"), "{error}");
    let output = xtask(&["metadata", "fetch", "../vod", "2017-03-21"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_fetch_keeps_the_document_as_it_is_served() {
    let folder = Folder::new("fetch");
    let text = fs::read_to_string(document("form")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/meta/v1", listener.local_addr().unwrap());
    let served = text.clone();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut head = vec![0; 4_096];
        let length = connection.read(&mut head).unwrap();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{served}",
            served.len()
        );
        connection.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let out = folder.0.join("nlb.json");
    let output = xtask(&[
        "metadata",
        "fetch",
        "Nlb",
        "2022-04-30",
        "--base",
        &base,
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let head = server.join().unwrap();
    assert!(
        head.starts_with(
            "GET /meta/v1/products/Nlb/versions/2022-04-30/api-docs.json HTTP/1.1\r\n"
        ),
        "{head}"
    );
    assert_eq!(fs::read_to_string(out).unwrap(), text);
    assert!(
        stdout(&output).contains("metadata import"),
        "{}",
        stdout(&output)
    );
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
