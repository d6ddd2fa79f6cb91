//! Answers as services send them, and requests as the official Python SDK sends them.

use std::fs;
use std::path::Path;

use acs_core::decode::decode;
use acs_core::encode::encode;
use acs_core::model::{Bytes, FieldValue, View};
use serde_json::Value;

use crate::walk::{Entry, Pairs, index_of, pairs_of, plain_json, put};

#[allow(dead_code, reason = "one product has no recorded answers")]
/// Reads an answer into the type of its operation.
fn read(table: &[Entry], action: &str, body: &[u8]) -> Box<dyn FieldValue> {
    let entry = table
        .iter()
        .find(|entry| entry.info.action == action)
        .unwrap_or_else(|| panic!("{action} is not there"));
    let mut output = (entry.output)();
    decode(&Bytes::copy_from_slice(body), output.as_mut())
        .unwrap_or_else(|error| panic!("{action}: {error}"));
    output
}

#[allow(dead_code, reason = "one product has no recorded answers")]
/// Reads every answer in a folder, named `Action.json` or `Action.case.json`; says how many there were.
pub(crate) fn read_all(table: &[Entry], folder: &str) -> usize {
    let mut count = 0;
    for entry in fs::read_dir(Path::new(folder)).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let action = name.split('.').next().unwrap();
        let body = fs::read(&path).unwrap();
        let output = read(table, action, &body);
        let answer: Value = serde_json::from_slice(&body).unwrap();
        // Every scalar of the answer that the type knows was read.
        if let View::Object(model) = output.view() {
            for (key, value) in answer.as_object().unwrap() {
                let index =
                    index_of(model, key).unwrap_or_else(|| panic!("{name}: {key} has no field"));
                let is_absent = matches!(model.get(index).view(), View::Absent);
                assert!(
                    !is_absent || value.is_null() || value == "",
                    "{name}: {key} was not read"
                );
            }
        }
        count += 1;
    }
    count
}

/// Sends what a recording of the official SDK sent, and compares; says how many operations there were.
pub(crate) fn send_as_recorded(table: &[Entry], recording: &str) -> usize {
    let recording: Vec<Value> = serde_json::from_str(recording).unwrap();
    for call in &recording {
        let action = call["action"].as_str().unwrap();
        let entry = table
            .iter()
            .find(|entry| entry.info.action == action)
            .unwrap_or_else(|| panic!("{action} is not there"));
        let mut request = (entry.request)();
        for (name, value) in call["parameters"].as_object().unwrap() {
            let index = index_of(request.as_ref(), name)
                .unwrap_or_else(|| panic!("{action}.{name} has no field"));
            put(request.get_mut(index), value)
                .unwrap_or_else(|error| panic!("{action}.{name}: {error}"));
        }
        let encoded = encode(request.as_ref(), entry.info)
            .unwrap_or_else(|error| panic!("{action}: {error}"));
        let mut theirs: Pairs = serde_json::from_value(call["sent"].clone()).unwrap();
        let mut ours = pairs_of(&encoded);
        plain_json(&mut theirs);
        plain_json(&mut ours);
        assert_eq!(ours, theirs, "{action}");
        assert_eq!(
            encoded.method.as_str(),
            call["method"].as_str().unwrap(),
            "{action}"
        );
        assert_eq!(encoded.path, call["path"].as_str().unwrap(), "{action}");
    }
    recording.len()
}
