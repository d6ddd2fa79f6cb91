//! What metadata can't say, in a TOML file of ours beside each digest.

use std::cell::Cell;
use std::collections::BTreeMap;

use serde::Deserialize;

use crate::error::{Error, Result};

/// `xtask/metadata/<product>.toml`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Overlay {
    /// The crate that is generated, `acs-vod` say.
    #[serde(rename = "crate")]
    pub(crate) crate_name: String,
    /// The type that ties operations to their client, `Vod` say.
    #[serde(rename = "type")]
    pub(crate) type_name: String,
    /// The product as people call it.
    pub(crate) title: String,
    /// Fields whose values are never shown, by their names on the wire.
    pub(crate) secrets: Vec<String>,
    /// Operations that can be repeated, besides those that only read.
    pub(crate) idempotent: Vec<String>,
    /// Fields that are points in time, by their names on the wire.
    pub(crate) timestamps: Vec<String>,
    /// Parameters that are lists with commas between the items, by their names on the wire.
    pub(crate) comma_lists: Vec<String>,
    pub(crate) endpoints: Endpoints,
    /// Structs for JSON in a text, which the document does not describe.
    #[serde(rename = "component")]
    pub(crate) components: BTreeMap<String, ComponentOverlay>,
    #[serde(rename = "operation")]
    pub(crate) operations: BTreeMap<String, OperationOverlay>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Endpoints {
    /// The host for regions that are not listed.
    pub(crate) global: Option<String>,
    /// Hosts by region that the document lacks.
    pub(crate) regions: BTreeMap<String, String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct OperationOverlay {
    /// A sentence or more of our own.
    pub(crate) doc: Option<String>,
    /// The order of the arguments of `new`.
    pub(crate) order: Vec<String>,
    /// Fields that every answer has, as `Job.JobId`.
    pub(crate) always: Vec<String>,
    pub(crate) idempotent: Option<bool>,
    /// The parameter that keeps a repeated call from a second effect.
    pub(crate) duplicate_guard: Option<String>,
    /// `anonymous`.
    pub(crate) security: Option<String>,
    /// Where the parameters travel: `form`.
    pub(crate) place: Option<String>,
    /// The answer holds secrets under names that are not in `secrets`.
    pub(crate) secret: bool,
    pub(crate) any_of: Vec<Vec<String>>,
    pub(crate) one_of: Vec<Vec<String>>,
    pub(crate) together: Vec<Vec<String>>,
    pub(crate) paging: Option<Paging>,
    #[serde(rename = "waiter")]
    pub(crate) waiters: BTreeMap<String, Waiter>,
    #[serde(rename = "parameter")]
    pub(crate) parameters: BTreeMap<String, FieldOverlay>,
    #[serde(rename = "response")]
    pub(crate) responses: BTreeMap<String, FieldOverlay>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paging {
    /// The parameter with the number of the page, from 1.
    pub(crate) page: Option<String>,
    /// The parameter with the size of a page.
    pub(crate) size: Option<String>,
    /// The answer's field with the number of all items.
    pub(crate) total: Option<String>,
    /// The parameter with the token of the page.
    pub(crate) token: Option<String>,
    /// The answer's field with the token of the next page.
    pub(crate) next: Option<String>,
    /// The answer's list.
    pub(crate) items: String,
}

/// A struct of ours.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ComponentOverlay {
    pub(crate) doc: String,
    /// Type by name: `string`, `integer`, `float`, `boolean`, `json`, `percent_encoded`, a component; in `[]` a
    /// list of it, in `{}` a map to it; a `!` at the end makes it required.
    pub(crate) fields: BTreeMap<String, String>,
    #[serde(default, rename = "field")]
    pub(crate) overlays: BTreeMap<String, FieldOverlay>,
    #[serde(default)]
    pub(crate) one_of: Vec<Vec<String>>,
}

/// What ends the waiting for something that the operation's answer tells of.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Waiter {
    pub(crate) doc: String,
    /// The way to the state, as `JobList.Job.State`.
    pub(crate) state: String,
    /// The states that end it well, and those that end it badly.
    pub(crate) success: Vec<String>,
    pub(crate) failure: Vec<String>,
    /// The list of what the service does not know.
    pub(crate) missing: Option<String>,
    /// Seconds between the first two questions, and between two at most.
    pub(crate) first_wait: Option<u64>,
    pub(crate) longest_wait: Option<u64>,
    /// Seconds in all.
    pub(crate) deadline: Option<u64>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct FieldOverlay {
    pub(crate) doc: Option<String>,
    /// `timestamp`, `comma_list`, `integer`, `boolean`, `float`, `string`, `json`.
    #[serde(rename = "type")]
    pub(crate) type_name: Option<String>,
    /// What the JSON in a text is: `Input`, a component, or `[Output]`, a list of one.
    pub(crate) json: Option<String>,
    pub(crate) required: Option<bool>,
    pub(crate) secret: Option<bool>,
    pub(crate) aliases: Vec<String>,
    /// The values that are known; others stay possible.
    pub(crate) values: Vec<String>,
    /// `seconds`, `bytes` ...: said in the documentation.
    pub(crate) unit: Option<String>,
    pub(crate) min_length: Option<u64>,
    pub(crate) max_length: Option<u64>,
    pub(crate) max_bytes: Option<u64>,
    pub(crate) characters: Option<String>,
    pub(crate) prefix: Option<String>,
    pub(crate) extension: bool,
    pub(crate) minimum: Option<f64>,
    pub(crate) maximum: Option<f64>,
    pub(crate) min_items: Option<u64>,
    pub(crate) max_items: Option<u64>,
    pub(crate) item_max_length: Option<u64>,
}

impl Overlay {
    pub(crate) fn parse(text: &str) -> Result<Self> {
        toml::from_str(text)
            .map_err(|error| Error::input(error.to_string().trim_end().replace('\n', " ")))
    }
}

/// Names in an overlay, and which of them something matched: the others are mistakes.
pub(crate) struct Matched<'a> {
    names: Vec<(String, &'a str, Cell<bool>)>,
}

impl<'a> Matched<'a> {
    pub(crate) fn new(place: &str, names: impl IntoIterator<Item = &'a str>) -> Self {
        let names = names
            .into_iter()
            .map(|name| (format!("{place} `{name}`"), name, Cell::new(false)))
            .collect();
        Self { names }
    }

    /// Says whether the name is listed, and marks it as matched.
    pub(crate) fn has(&self, name: &str) -> bool {
        let found = self.names.iter().filter(|(_, listed, _)| *listed == name);
        found.map(|(_, _, matched)| matched.set(true)).count() > 0
    }

    /// # Errors
    /// A name matched nothing.
    pub(crate) fn finish(&self) -> Result<()> {
        match self.names.iter().find(|(_, _, matched)| !matched.get()) {
            Some((place, _, _)) => Err(Error::input(format!(
                "{place} matches nothing in the metadata"
            ))),
            None => Ok(()),
        }
    }
}
