//! What the tables drive: requests become their parts, answers become structs.
#![allow(clippy::unwrap_used, reason = "a test")]

mod answers;
mod requests;
mod rest;

use acs_core::ProductInfo;

static PRODUCT: ProductInfo = ProductInfo {
    product: "test",
    version: "2026-01-01",
    endpoints: &[],
    global: None,
};

#[derive(Clone, Default)]
struct Tag {
    key: Option<String>,
    value: Option<String>,
}

acs_core::model! {
    Tag {
        0 key: string("Key"),
        1 value: string("Value"),
    }
}

const REQUEST: &acs_core::model::Schema = &acs_core::model::Schema {
    name: "Request",
    fields: &[],
    checks: &[],
};

fn tag(key: &str, value: &str) -> Tag {
    Tag {
        key: Some(key.into()),
        value: Some(value.into()),
    }
}
