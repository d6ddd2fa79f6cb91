//! Overlays that fit no document.

use crate::{Folder, document, stderr, xtask};

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
