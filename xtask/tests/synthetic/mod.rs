//! Documents in the official schema that a seed decides, with every form that the official ones have and many that
//! they should not have.

mod names;
mod random;

use serde_json::{Map, Value, json};

pub(crate) use random::Random;

/// A document of about so many operations.
pub(crate) fn document(seed: u64, operations: usize) -> Value {
    Maker {
        random: Random::new(seed),
        components: Vec::new(),
    }
    .document(operations)
}

struct Maker {
    random: Random,
    /// The names of the components.
    components: Vec<String>,
}

const STYLES: &[&str] = &[
    "RPC", "RPC", "RPC", "ROA", "ROA", "V3", "FC", "OSS", "PDS", "AliGenie",
];
const PLACES: &[&str] = &[
    "query", "query", "query", "query", "formData", "formData", "path", "body", "header", "host",
    "cookie",
];
const WRITTEN: &[&str] = &[
    "json",
    "repeatList",
    "flat",
    "simple",
    "xml",
    "struct",
    "table",
];
const SECURITY: &[&str] = &[
    "AK",
    "AK",
    "AK",
    "AK",
    "Anonymous",
    "BearerToken",
    "ARS_OIDC",
    "APP",
    "PrivateKey",
    "x y",
];
const STATUSES: &[&str] = &[
    "200", "200", "200", "201", "202", "204", "302", "2XX", "4XX", "5xx", "400", "404", "default",
    "headers", "*", "",
];

impl Maker {
    fn document(mut self, operations: usize) -> Value {
        self.components = (0..self.random.below(12))
            .map(|_| names::component(&mut self.random))
            .collect();
        let mut components = Map::new();
        for name in self.components.clone() {
            let schema = match self.random.below(8) {
                0..5 => self.object(2),
                _ => self.schema(2),
            };
            components.insert(name, schema);
        }
        let mut apis = Map::new();
        while apis.len() < operations {
            let name = names::operation(&mut self.random);
            let operation = self.operation();
            apis.insert(name, operation);
        }
        let style = self.random.pick(STYLES);
        let product = self.random.pick(&[
            "Ecs", "vod", "foo-bar", "Client", "2D", "a b[c]", "Oss", "中文",
        ]);
        json!({
            "version": "1.0",
            "info": {"style": style, "product": product, "version": self.random.pick(&["2014-05-26", "iap_1.0", "20240611"])},
            "directories": [],
            "components": {"schemas": components},
            "apis": apis,
            "endpoints": self.endpoints(),
        })
    }

    fn endpoints(&mut self) -> Value {
        let regions = [
            "cn-hangzhou",
            "cn-shanghai",
            "cn-hangzhou",
            "us-west-1",
            "",
            "odd region",
        ];
        let list = regions.iter().take(self.random.below(7)).map(|region| match self.random.below(4) {
            0 => json!({"regionId": region, "endpoint": "x.aliyuncs.com", "public": "x.aliyuncs.com", "vpc": "x-vpc.aliyuncs.com"}),
            1 => json!({"regionId": region, "endpoint": "", "public": null, "vpc": ""}),
            2 => json!({"regionId": region, "regionName": "x", "areaId": "y"}),
            _ => json!({"regionId": region, "endpoint": format!("x.{region}.aliyuncs.com")}),
        });
        list.collect()
    }

    fn operation(&mut self) -> Value {
        let count = match self.random.below(40) {
            0 => 120,
            1..4 => 30,
            _ => self.random.below(9),
        };
        let mut parameters: Vec<Value> = (0..count).map(|_| self.parameter()).collect();
        if self.random.once_in(8) && !parameters.is_empty() {
            parameters.push(parameters[0].clone());
        }
        let mut operation = json!({
            "methods": self.methods(),
            "schemes": [self.random.pick(&["http", "https", "https", "https", "https+sse", "wss"])],
            "security": [{ self.random.pick(SECURITY): [] }],
            "operationType": "readAndWrite",
            "systemTags": {"operationType": "get"},
            "parameters": parameters,
            "responses": self.responses(),
        });
        if self.random.once_in(2) {
            operation["path"] = self.path(&parameters).into();
        }
        if self.random.once_in(4) {
            operation["deprecated"] = true.into();
        }
        if self.random.once_in(6) {
            let produced = self.random.pick(&[
                "application/json",
                "application/xml",
                "application/octet-stream",
                "",
            ]);
            operation["produces"] = json!([produced]);
            operation["consumes"] = json!([produced]);
        }
        if self.random.once_in(2) {
            operation["errorCodes"] = json!({"400": [
                {"errorCode": self.random.pick(&["InvalidParameter", "Invalid.Parameter", "500", "", "中文", "a b", "Type"])},
                {"errorMessage": "no code"},
            ]});
        }
        if self.random.once_in(4) {
            operation["summary"] = self
                .random
                .pick(&[
                    "Does it.",
                    "<b>[x]</b> `y",
                    "见 [文档](~~1~~)\n\n* a\n1. b\n\n    code",
                    " ",
                ])
                .into();
        }
        operation
    }

    fn methods(&mut self) -> Value {
        match self.random.below(6) {
            0 => json!(["get"]),
            1 => json!([self
                .random
                .pick(&["put", "delete", "patch", "head", "options", "trace"])]),
            2 => json!(["get", "post"]),
            _ => json!(["post", "get"]),
        }
    }

    fn path(&mut self, parameters: &[Value]) -> String {
        let mut path = self
            .random
            .pick(&[
                "/",
                "/v1",
                "",
                "/?stat",
                "/?list-type=2",
                "/logs?type=x",
                "/api/*",
                "/a/{lost}",
            ])
            .to_owned();
        for parameter in parameters.iter().filter(|it| it["in"] == "path") {
            let name = parameter["name"].as_str().unwrap();
            path = match self.random.below(4) {
                0 => format!("/[{name}]{path}"),
                1 => format!("/{{{}}}{path}", name.to_lowercase()),
                _ => format!("/x/{{{name}}}{path}"),
            };
        }
        path
    }

    fn parameter(&mut self) -> Value {
        let mut parameter = json!({
            "name": names::name(&mut self.random),
            "in": self.random.pick(PLACES),
            "schema": self.schema(0),
        });
        if self.random.once_in(3) {
            parameter["style"] = self.random.pick(WRITTEN).into();
        }
        if self.random.once_in(6) {
            parameter["allowEmptyValue"] = false.into();
        }
        parameter
    }

    fn responses(&mut self) -> Value {
        let mut responses = Map::new();
        for _ in 0..self.random.below(4) {
            let status = self.random.pick(STATUSES).to_owned();
            let mut response = match self.random.below(6) {
                0 => Value::Null,
                1 => json!({}),
                2 => json!({"schema": self.schema(0)}),
                _ => json!({"schema": self.object(0)}),
            };
            if self.random.once_in(5) && response.is_object() {
                let name = names::name(&mut self.random);
                response["headers"] = json!({ name: {"schema": {"type": self.random.pick(&["string", "integer", "array"])}} });
            }
            responses.insert(status, response);
        }
        if responses.is_empty() && self.random.once_in(2) {
            return json!([]);
        }
        Value::Object(responses)
    }

    fn object(&mut self, depth: usize) -> Value {
        let mut properties = Map::new();
        for _ in 0..self.random.below(8) {
            let name = names::name(&mut self.random);
            properties.insert(name, self.schema(depth + 1));
        }
        let mut schema = json!({"type": "object", "properties": properties});
        match self.random.below(12) {
            0 => schema["additionalProperties"] = self.schema(depth + 1),
            1 => schema["itemNode"] = true.into(),
            2 => drop(schema.as_object_mut().unwrap().remove("type")),
            3 => schema["nullable"] = true.into(),
            _ => {}
        }
        schema
    }

    fn schema(&mut self, depth: usize) -> Value {
        let deep = if depth > 6 { 12 } else { 24 };
        let mut schema = match self.random.below(deep) {
            0..4 => self.text(),
            4 | 5 => {
                json!({"type": "integer", "format": self.random.pick(&["int32", "int64", "int8", "uint64", ""])})
            }
            6 => json!({"type": "integer"}),
            7 => {
                json!({"type": "number", "format": self.random.pick(&["float", "double", "", "int32"])})
            }
            8 => json!({"type": "boolean"}),
            9 => self.odd(),
            10 => {
                json!({"type": "string", "format": self.random.pick(&["iso8601", "binary", "byte", "int64", "date-time"])})
            }
            11 => json!({"type": "any"}),
            12..15 if !self.components.is_empty() => self.reference(),
            12..18 => {
                let items = self.schema(depth + 1);
                json!({"type": "array", "items": items, "itemName": "Item"})
            }
            18 => {
                let items = self.schema(depth + 1);
                json!({"type": "object", "itemNode": true, "properties": {names::name(&mut self.random): {"type": "array", "items": items}}})
            }
            19 => json!({"type": "object", "additionalProperties": self.schema(depth + 1)}),
            _ => self.object(depth),
        };
        self.decorate(&mut schema);
        schema
    }

    fn reference(&mut self) -> Value {
        let index = self.random.below(self.components.len());
        json!({"$ref": format!("#/components/schemas/{}", self.components[index])})
    }

    fn text(&mut self) -> Value {
        match self.random.below(6) {
            0 => {
                json!({"type": "string", "enum": ["a", "A", "a", "", "1", "1.0", "-1", "Self", "unknown", "中文", "a b", "a\"b", "a`b"]})
            }
            1 => json!({"type": "string", "enum": [1, 2.5, true, null]}),
            2 => json!({"type": "string", "enum": [], "enumValueTitles": {}}),
            _ => json!({"type": "string"}),
        }
    }

    /// What no document should say.
    fn odd(&mut self) -> Value {
        match self.random.below(10) {
            0 => json!({}),
            1 => json!({"type": "tuple"}),
            2 => json!({"type": "array"}),
            3 => json!({"type": "object"}),
            4 => json!({"type": "object", "properties": {}}),
            5 => json!({"type": ""}),
            6 => json!({"type": null, "enum": ["x"]}),
            7 => json!({"type": "String"}),
            8 => json!({"type": "object", "properties": [], "additionalProperties": []}),
            _ => json!({"type": "integer", "enum": ["1", "2"], "format": null}),
        }
    }

    fn decorate(&mut self, schema: &mut Value) {
        let mut add = |once_in: usize, key: &str, values: &[Value]| {
            if self.random.once_in(once_in) {
                schema[key] = values[self.random.below(values.len())].clone();
            }
        };
        add(
            3,
            "required",
            &[
                true.into(),
                false.into(),
                "true".into(),
                "false".into(),
                "".into(),
            ],
        );
        add(5, "docRequired", &[true.into(), "true".into()]);
        add(9, "deprecated", &[true.into(), "false".into()]);
        add(20, "sensitive", &[true.into()]);
        add(9, "nullable", &[true.into()]);
        add(
            8,
            "minimum",
            &[
                "1".into(),
                "0".into(),
                (-1).into(),
                "few".into(),
                "".into(),
                "1e999".into(),
                "NaN".into(),
                "9223372036854775807".into(),
            ],
        );
        add(
            8,
            "maximum",
            &[
                "10".into(),
                "0".into(),
                2.5.into(),
                "inf".into(),
                "".into(),
                "-9223372036854775808".into(),
            ],
        );
        add(20, "exclusiveMinimum", &[true.into(), "true".into()]);
        add(20, "exclusiveMaximum", &[true.into(), 3.into()]);
        add(
            12,
            "minLength",
            &[1.into(), "0".into(), 200.into(), (-1).into()],
        );
        add(
            12,
            "maxLength",
            &[64.into(), "128".into(), 0.into(), 1.5.into()],
        );
        add(12, "minItems", &[1.into(), "0".into(), 200.into()]);
        add(12, "maxItems", &[20.into(), "100".into(), 0.into()]);
        add(
            15,
            "pattern",
            &[
                "^[a-z]+$".into(),
                "[".into(),
                "`".into(),
                "^acs:ram::\\d+:role/.+$".into(),
                1.into(),
            ],
        );
        add(
            10,
            "default",
            &[
                "x".into(),
                1.into(),
                true.into(),
                Value::Null,
                json!([]),
                json!({"a": 1}),
                "`\n".into(),
            ],
        );
        add(
            9,
            "description",
            &[
                "Text.".into(),
                "a\nb".into(),
                "[x] <y> `z\\".into(),
                "1. a\nb\n- c\nd\n===\n+ e\n    f\n\u{202d}g\u{202c}\n2) h\t\nhttps://x.example"
                    .into(),
                "".into(),
                1.into(),
            ],
        );
        add(9, "title", &["T".into(), Value::Null]);
        add(9, "example", &["x".into(), json!([1])]);
    }
}
