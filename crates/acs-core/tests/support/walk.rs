//! Walks a product's digest and puts every parameter and every field through the compiled types.
//!
//! What is expected is worked out here from the digest alone, with rules of its own, so that a mistake of
//! the generator and one of the encoder show.

use std::collections::BTreeMap;

use acs_core::decode::decode;
use acs_core::encode::{Encoded, encode};
use acs_core::model::{Bytes, Field, FieldValue, Model, Rule, Slot, View};
use acs_core::operation::OperationInfo;
use serde_json::{Map, Value, json};

/// One operation of the table that the generator writes.
pub(crate) struct Entry {
    pub(crate) info: &'static OperationInfo,
    pub(crate) request: fn() -> Box<dyn Model>,
    pub(crate) output: fn() -> Box<dyn FieldValue>,
}

pub(crate) type Pairs = BTreeMap<String, String>;

/// Checks every operation of a digest against the table.
pub(crate) fn check(digest: &str, table: &[Entry]) {
    let digest: Value = serde_json::from_str(digest).unwrap();
    let apis = digest["apis"].as_object().unwrap();
    let mut listed: Vec<&str> = table.iter().map(|entry| entry.info.action).collect();
    listed.sort_unstable();
    let mut actions: Vec<&str> = apis.keys().map(String::as_str).collect();
    actions.sort_unstable();
    assert_eq!(listed, actions);
    for entry in table {
        let api = &apis[entry.info.action];
        check_request(entry, api);
        check_output(entry, api);
    }
}

fn check_request(entry: &Entry, api: &Value) {
    let action = entry.info.action;
    let mut numbers = Numbers(0);
    let mut request = (entry.request)();
    let mut expected = Pairs::new();
    for parameter in api["parameters"].as_array().unwrap() {
        let name = parameter["name"].as_str().unwrap();
        assert_eq!(
            parameter["in"], "query",
            "{action}.{name}: the core products send queries"
        );
        let index = index_of(request.as_ref(), name)
            .unwrap_or_else(|| panic!("{action}.{name} has no field"));
        let field = &request.schema().fields[index];
        let value = make_for(
            field,
            &parameter["schema"],
            request.get_mut(index),
            &mut numbers,
        );
        request.get_mut(index).clear();
        put(request.get_mut(index), &value)
            .unwrap_or_else(|error| panic!("{action}.{name}: {error}"));
        match value {
            // What the overlay reads as a struct, the wire has as a text.
            Value::Array(_) | Value::Object(_) if parameter["schema"]["type"] == "string" => {
                expected.insert(name.to_owned(), value.to_string());
            }
            value => send(name, parameter["style"].as_str(), &value, &mut expected),
        }
    }
    let encoded =
        encode(request.as_ref(), entry.info).unwrap_or_else(|error| panic!("{action}: {error}"));
    let mut sent = pairs_of(&encoded);
    plain_json(&mut expected);
    plain_json(&mut sent);
    assert_eq!(sent, expected, "{action}");
    let methods: Vec<String> = texts(&api["methods"])
        .iter()
        .map(|method| method.to_uppercase())
        .collect();
    assert!(methods.contains(&encoded.method.to_string()), "{action}");
}

/// Writes what is JSON in one way: its writers differ in blanks and in the order of names.
pub(crate) fn plain_json(pairs: &mut Pairs) {
    for text in pairs
        .values_mut()
        .filter(|text| text.starts_with(['[', '{']))
    {
        if let Ok(json) = serde_json::from_str::<BTreeMap<String, Value>>(text) {
            *text = serde_json::to_string(&json).unwrap();
        } else if let Ok(json) = serde_json::from_str::<Value>(text) {
            *text = json.to_string();
        }
    }
}

/// How the gateway of RPC wants a value: by the document's `style` alone.
fn send(name: &str, style: Option<&str>, value: &Value, out: &mut Pairs) {
    match value {
        Value::Array(_) | Value::Object(_) if style == Some("json") => {
            out.insert(name.to_owned(), value.to_string());
        }
        Value::Array(items) => {
            for (index, item) in items.iter().enumerate() {
                send(&format!("{name}.{}", index + 1), None, item, out);
            }
        }
        Value::Object(map) => {
            for (key, value) in map {
                send(&format!("{name}.{key}"), None, value, out);
            }
        }
        scalar => {
            out.insert(name.to_owned(), text_of(scalar));
        }
    }
}

/// Query and form together; they are told apart elsewhere.
pub(crate) fn pairs_of(encoded: &Encoded) -> Pairs {
    let mut pairs: Pairs = encoded.query.iter().cloned().collect();
    if let Some(body) = &encoded.body {
        assert_eq!(body.content_type, "application/x-www-form-urlencoded");
        let form = std::str::from_utf8(&body.bytes).unwrap();
        for pair in form.split('&') {
            let (name, value) = pair.split_once('=').unwrap();
            assert!(
                pairs.insert(unescape(name), unescape(value)).is_none(),
                "{name} is sent twice"
            );
        }
    }
    pairs
}

fn unescape(text: &str) -> String {
    let mut bytes = Vec::new();
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte == b'%' {
            let hex = [rest.next().unwrap(), rest.next().unwrap()];
            bytes.push(u8::from_str_radix(std::str::from_utf8(&hex).unwrap(), 16).unwrap());
        } else {
            bytes.push(byte);
        }
    }
    String::from_utf8(bytes).unwrap()
}

fn check_output(entry: &Entry, api: &Value) {
    let action = entry.info.action;
    let mut numbers = Numbers(0);
    let mut properties = Map::new();
    for (status, response) in api["responses"].as_object().unwrap() {
        if status.starts_with('2') {
            for (name, schema) in response["schema"]["properties"]
                .as_object()
                .into_iter()
                .flatten()
            {
                properties.entry(name).or_insert(schema.clone());
            }
        }
    }
    let mut scratch = (entry.output)();
    let Slot::Object(scratch) = scratch.slot() else {
        assert!(properties.is_empty(), "{action}: its answer is no struct");
        return;
    };
    assert_eq!(
        scratch.schema().fields.len(),
        properties.len(),
        "{action}: as many fields as the digest has"
    );
    let answer = make_object(action, &properties, scratch, &mut numbers);
    let mut output = (entry.output)();
    let body = Bytes::from(Value::Object(answer.clone()).to_string());
    decode(&body, output.as_mut()).unwrap_or_else(|error| panic!("{action}: {error}"));
    let View::Object(output) = output.view() else {
        panic!("{action}: the answer is no struct");
    };
    compare_object(action, &answer, output);
}

/// Values that are all different, so that one that strays is seen.
struct Numbers(i64);

impl Numbers {
    fn next(&mut self) -> i64 {
        self.0 += 1;
        self.0
    }
}

fn make_object(
    path: &str,
    properties: &Map<String, Value>,
    model: &mut dyn Model,
    numbers: &mut Numbers,
) -> Map<String, Value> {
    let mut out = Map::new();
    for (name, schema) in properties {
        let path = format!("{path}.{name}");
        let index = index_of(model, name).unwrap_or_else(|| panic!("{path} has no field"));
        let field = &model.schema().fields[index];
        let value = match field.wrapper {
            None => make_for(field, schema, model.get_mut(index), numbers),
            Some(inner) => {
                let list = &schema["properties"][inner];
                assert_eq!(schema["itemNode"], true, "{path}");
                json!({ inner: make_for(field, list, model.get_mut(index), numbers) })
            }
        };
        out.insert(name.clone(), value);
    }
    out
}

/// Makes a value of a schema that the field takes too, which may be more narrow than the schema by our overlay.
fn make_for(
    field: &Field,
    schema: &Value,
    value: &mut dyn FieldValue,
    numbers: &mut Numbers,
) -> Value {
    let n = numbers.next();
    match (schema["type"].as_str(), value.slot()) {
        (Some("string"), Slot::String(_)) => Value::from(string_for(field, n)),
        (Some("string"), Slot::Text(_)) => match enum_of(schema) {
            Some(first) => Value::from(first),
            None => Value::from(if is_time(value) {
                format!("2026-11-20T09:{:02}:{:02}Z", n / 60 % 60, n % 60)
            } else {
                format!("a{n},b{n}")
            }),
        },
        // JSON in a string: the struct's own table says what it holds.
        (Some("string"), Slot::List(list)) => json!([make_by_model(list.add(), numbers)]),
        (Some("string"), Slot::Object(_)) => make_by_model(value, numbers),
        (Some("integer"), Slot::Integer32(_)) => {
            assert_eq!(schema["format"], "int32", "{}", field.name);
            Value::from(integer_for(field, n))
        }
        (Some("integer"), Slot::Integer(_)) => {
            assert_ne!(schema["format"], "int32", "{}", field.name);
            Value::from(integer_for(field, n))
        }
        (Some("number"), Slot::Float(_)) => Value::from(n as f64 + 0.5),
        (Some("boolean"), Slot::Boolean(_)) => Value::from(n % 2 == 0),
        (Some("array"), Slot::List(list)) => {
            let items = &schema["items"];
            let first = make_for(field, items, list.add(), numbers);
            Value::from(vec![first, make_for(field, items, list.add(), numbers)])
        }
        (Some("object"), Slot::Object(model)) => Value::Object(make_object(
            field.name,
            schema["properties"].as_object().unwrap(),
            model,
            numbers,
        )),
        (Some("object"), Slot::Map(map)) => {
            let value = make_for(
                field,
                &schema["additionalProperties"],
                map.entry("key".to_owned()),
                numbers,
            );
            json!({ "key": value })
        }
        (None | Some("any" | "object"), Slot::Json(_)) => json!({ "any": n }),
        (kind, _) => panic!("{}: the field is not of the type {kind:?}", field.name),
    }
}

fn make_by_model(value: &mut dyn FieldValue, numbers: &mut Numbers) -> Value {
    let n = numbers.next();
    match value.slot() {
        Slot::String(_) => Value::from(format!("v{n}")),
        Slot::Integer(_) | Slot::Integer32(_) => Value::from(n),
        Slot::Float(_) => Value::from(n as f64 + 0.5),
        Slot::Boolean(_) => Value::from(true),
        Slot::Object(model) => {
            let fields = model.schema().fields;
            let values = fields.iter().enumerate().map(|(index, field)| {
                (
                    field.name.to_owned(),
                    make_by_model(model.get_mut(index), numbers),
                )
            });
            Value::Object(values.collect())
        }
        _ => panic!("the walk does not know this kind of a value"),
    }
}

fn is_time(value: &mut dyn FieldValue) -> bool {
    let Slot::Text(text) = value.slot() else {
        return false;
    };
    !text.set_text("no time")
}

fn enum_of(schema: &Value) -> Option<String> {
    schema["enum"]
        .as_array()?
        .first()?
        .as_str()
        .map(str::to_owned)
}

fn string_for(field: &Field, n: i64) -> String {
    let mut text = format!("value{n}");
    for rule in field.rules {
        match rule {
            Rule::Prefix(prefix) => text = format!("{prefix}{text}"),
            Rule::Extension => text.push_str(".mp4"),
            _ => {}
        }
    }
    text
}

fn integer_for(field: &Field, n: i64) -> i64 {
    let ranges = field.rules.iter().find_map(|rule| match rule {
        Rule::Range(min, max) => Some(n.clamp(*min, *max)),
        Rule::Minimum(min) => Some(n.max(*min as i64)),
        Rule::Maximum(max) => Some(n.min(*max as i64)),
        _ => None,
    });
    ranges.unwrap_or(n)
}

/// Puts JSON into a field.
pub(crate) fn put(out: &mut dyn FieldValue, value: &Value) -> Result<(), String> {
    match (out.slot(), value) {
        (Slot::String(out), Value::String(text)) => out.clone_from(text),
        (Slot::Text(out), Value::String(text)) => {
            if !out.set_text(text) {
                return Err(format!("does not take {text}"));
            }
        }
        // JSON in a text.
        (Slot::Text(out), Value::Array(_) | Value::Object(_)) => {
            let _ = out.set_text(&value.to_string());
        }
        (Slot::Integer(out), value) if value.is_i64() => *out = value.as_i64().unwrap(),
        (Slot::Integer32(out), value) if value.is_i64() => {
            *out = value.as_i64().unwrap().try_into().unwrap();
        }
        (Slot::Float(out), value) if value.is_number() => *out = value.as_f64().unwrap(),
        (Slot::Boolean(out), Value::Bool(is)) => *out = *is,
        (Slot::List(list), Value::Array(items)) => {
            for item in items {
                put(list.add(), item)?;
            }
        }
        (Slot::Object(model), Value::Object(map)) => {
            for (name, value) in map {
                let index = index_of(model, name).ok_or_else(|| format!("has no field {name}"))?;
                put(model.get_mut(index), value)?;
            }
        }
        (_, value) => return Err(format!("does not take {value}")),
    }
    Ok(())
}

pub(crate) fn index_of(model: &dyn Model, name: &str) -> Option<usize> {
    model
        .schema()
        .fields
        .iter()
        .position(|field| field.name == name)
}

fn compare_object(path: &str, expected: &Map<String, Value>, model: &dyn Model) {
    for (name, expected) in expected {
        let path = format!("{path}.{name}");
        let index = index_of(model, name).unwrap();
        let expected = match model.schema().fields[index].wrapper {
            Some(inner) => &expected[inner],
            None => expected,
        };
        compare(&path, expected, &model.get(index).view());
    }
}

fn compare(path: &str, expected: &Value, view: &View<'_>) {
    match (expected, view) {
        (Value::Array(items), View::List(list)) => {
            assert_eq!(list.len(), items.len(), "{path}");
            for (index, expected) in items.iter().enumerate() {
                compare(
                    &format!("{path}[{index}]"),
                    expected,
                    &list.item(index).unwrap().view(),
                );
            }
        }
        (Value::Object(map), View::Object(model)) => compare_object(path, map, *model),
        (Value::Object(map), View::Map(values)) => {
            let mut seen = 0;
            values.visit(&mut |name, value| {
                seen += 1;
                compare(&format!("{path}.{name}"), &map[name], &value.view());
            });
            assert_eq!(seen, map.len(), "{path}");
        }
        (expected, View::Json(json)) => assert_eq!(expected, *json, "{path}"),
        (expected, View::Text(text)) => assert_eq!(&text_of(expected), text, "{path}"),
        (expected, View::Integer(number)) => assert_eq!(expected.as_i64(), Some(*number), "{path}"),
        (expected, View::Float(number)) => assert_eq!(expected.as_f64(), Some(*number), "{path}"),
        (expected, View::Boolean(is)) => assert_eq!(expected.as_bool(), Some(*is), "{path}"),
        (_, View::Absent) => panic!("{path} was not read"),
        _ => panic!("{path} was read as something else"),
    }
}

fn text_of(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_owned)
        .collect()
}
