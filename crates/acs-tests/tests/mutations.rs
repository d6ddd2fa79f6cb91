//! B8: the faults that `mutations/run` plants are still where its list says.

#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that can't go on has failed"
)]

use std::fs;
use std::path::Path;

#[test]
fn b8_each_fault_of_the_list_has_its_place_in_the_code() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let list = fs::read_to_string(here.join("mutations/runtime.tsv")).unwrap();
    let mut faults = 0;
    for line in list.lines().filter(|line| !line.starts_with('#')) {
        let columns: Vec<&str> = line.split('\t').collect();
        let [name, path, text, replacement] = columns[..] else {
            panic!("`{line}` has no four columns");
        };
        let source = fs::read_to_string(here.join("..").join(path)).unwrap();
        // The formatter may have put line breaks where the list has blanks.
        let (source, text) = (in_one_line(&source), in_one_line(text));
        assert!(source.contains(&text), "{name}: not in {path}: {text}");
        assert!(replacement.contains("FAULT"), "{name}: has no switch");
        faults += 1;
    }
    println!("B8: {faults} faults have their place");
    assert!(faults >= 40);
}

fn in_one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
