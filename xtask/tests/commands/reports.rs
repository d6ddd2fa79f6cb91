//! What a document says and code does not have is reported by name.

use std::fs;

use crate::{Folder, document, generate, stderr, stdout};

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
fn what_is_told_twice_differently_or_cannot_be_sent_is_named() {
    let folder = Folder::new("told");
    let text = r##"{"info":{"style":"ROA","product":"X","version":"1"},"apis":{
        "Do":{"methods":["post"],"path":"/a}/{b}?x={b}","consumes":["application/x-www-form-urlencoded"],"parameters":[
            {"name":"b","in":"path","schema":{"type":"string"}},
            {"name":"E","in":"query","schema":{"type":"object","properties":{"x":{"type":"string"}}}},
            {"name":"E","in":"query","schema":{"type":"object","properties":{"y":{"type":"string"}}}},
            {"name":"Same","in":"query","schema":{"type":"string","description":"one"}},
            {"name":"Same","in":"query","schema":{"type":"string","description":"two"}},
            {"name":"Text","in":"query","style":"xml","schema":{"type":"object","properties":{"x":{"type":"string"}}}},
            {"name":"X-Acs-Action","in":"header","schema":{"type":"string"}},
            {"name":"body","in":"body","schema":{"type":"object","properties":{"x":{"type":"string"}}}}
        ],"errorCodes":{"400":[{"errorCode":" "},{"errorCode":"A"}],"500":"none"},"responses":{
            "200":{"schema":{"type":"object","properties":{"A":{"type":"object","properties":{"One":{"type":"string"},"N":{"type":"integer","format":"int32"}}}}}},
            "201":{"schema":{"type":"object","properties":{"A":{"type":"object","properties":{"Two":{"type":"string"},"N":{"type":"integer","format":"int64"}}}}}}
        }},
        "Trace":{"methods":["TRACE"],"schemes":["HTTPS"],"parameters":[],"responses":{}}
    },"endpoints":[{"regionId":"a","endpoint":"https://a.example/"},{"regionId":"a","endpoint":"b.example"},{"regionId":"b"},{"regionId":"c","endpoint":"<c>"}]}"##;
    let out = folder.0.join("out");
    let shown = stdout(&generate(&folder.file("x.json", text), &out));
    for expected in [
        "Do: the path `/a}/{b}?x={b}` has a brace that opens or closes nothing",
        "Do: the parameter `E` is listed twice with different types",
        "Do: the parameter `Text` is XML outside of a body",
        "Do: the parameter `X-Acs-Action` is a header that the signature needs",
        "Do: it takes a form, which its body is not described as",
        "Do: `A.N` has different types in its successful answers",
        "$.apis.Do.errorCodes[\"400\"][0]: an error without a code",
        "$.apis.Do.errorCodes[\"500\"]: expected an array, found a string",
        "Trace: the method `TRACE` is not known",
        "Trace: it names no method that is known; requests use POST",
        "the region `a` has the hosts `a.example` and `b.example`",
        "$.endpoints[2]: an endpoint without a host",
        "$.endpoints[3].endpoint: `<c>` is no host",
    ] {
        assert!(shown.contains(expected), "{expected}: {shown}");
    }
    assert!(
        shown.ends_with("2 operations, 7 types, 13 unsupported\n"),
        "{shown}"
    );
    let code = fs::read_to_string(out.join("src/generated/do_.rs")).unwrap();
    for expected in ["/a%7D/{b}?x={b}", "string(\"One\")", "string(\"Two\")"] {
        assert!(code.contains(expected), "{expected}: {code}");
    }
}

#[test]
fn a_name_that_comes_twice_in_an_object_is_named() {
    let folder = Folder::new("twice");
    let text = "\u{feff}{\"info\":{\"product\":\"X\",\"version\":\"1\"},\r\n\"apis\":{\"Do\":{\"methods\":[\"get\"]},\"Do\":{\"methods\":[\"post\"]}}}";
    let shown = stdout(&generate(
        &folder.file("x.json", text),
        &folder.0.join("out"),
    ));
    assert_eq!(
        shown,
        "unsupported: X $.apis.Do: the name comes twice; the last counts\n1 operations, 1 types, 1 unsupported\n"
    );
}

#[test]
fn a_form_that_the_named_method_does_not_carry_is_named() {
    let folder = Folder::new("get-form");
    let text = r##"{"info":{"style":"RPC","product":"X","version":"1"},"apis":{"Do":{"methods":["get"],"parameters":[
        {"name":"A","in":"formData","schema":{"type":"string"}}]}}}"##;
    let shown = stdout(&generate(
        &folder.file("x.json", text),
        &folder.0.join("out"),
    ));
    assert!(
        shown.contains("Do: it takes GET alone and has a form or a body"),
        "{shown}"
    );
}
