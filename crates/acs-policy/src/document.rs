use std::fmt;

use serde_json::{Map, Value, json};

use crate::condition::{Condition, Operator};
use crate::error::PolicyError;

/// The most characters that the inline policy of a session may have.
pub const MAX_INLINE_CHARS: usize = 2048;

/// A policy document of version `1`.
///
/// Follows the official pages "Policy structure and syntax" and "Policy elements" (RAM).
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Policy {
    /// What it says, in any order: a Deny always wins.
    pub statements: Vec<Statement>,
}

/// One statement of a policy.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Statement {
    /// Whether it allows or denies.
    pub effect: Effect,
    /// The operations, `vod:Get*` say; no matter the case. `*` stands for any characters, `?` for one.
    pub actions: Vec<String>,
    /// The operations are all but these (`NotAction`).
    pub all_but_actions: bool,
    /// The resources, `acs:oss:*:*:bucket/*` say. Empty in a trust policy, where the resource is the role.
    pub resources: Vec<String>,
    /// The resources are all but these (`NotResource`).
    pub all_but_resources: bool,
    /// Who is meant, in a trust policy.
    pub principal: Option<Principal>,
    /// What must hold besides: all of it.
    pub conditions: Vec<Condition>,
}

/// Whether a statement allows or denies.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Effect {
    /// It allows.
    Allow,
    /// It denies, whatever else allows.
    Deny,
}

/// Who a trust policy is about.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
#[non_exhaustive]
pub struct Principal {
    /// Accounts, users and roles, `acs:ram::123456789012****:root` say.
    pub ram: Vec<String>,
    /// Services, `mts.aliyuncs.com` say.
    pub service: Vec<String>,
    /// Identity providers.
    pub federated: Vec<String>,
}

impl Policy {
    /// Makes a policy that allows nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a statement.
    #[must_use]
    pub fn with(mut self, statement: Statement) -> Self {
        self.statements.push(statement);
        self
    }

    /// Reads a document.
    ///
    /// # Errors
    /// It is no policy, or holds what this version does not know: one that is half understood would seem to allow what it
    /// does not. The error names the element.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let document: Value = serde_json::from_str(text).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            PolicyError::new(place, "this is not JSON")
        })?;
        let document = object(&document, "policy")?;
        only_known(document, &["Version", "Statement"], "policy")?;
        if document.get("Version").and_then(Value::as_str) != Some("1") {
            return Err(PolicyError::new("Version", "must be \"1\""));
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(list)) if !list.is_empty() => list,
            _ => {
                return Err(PolicyError::new(
                    "Statement",
                    "must be a list of at least one statement",
                ));
            }
        };
        let read = |(index, statement)| Statement::read(statement, &format!("Statement[{index}]"));
        let statements = statements
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()?;
        Ok(Self { statements })
    }

    /// Writes the document, as short as it gets.
    pub fn to_json(&self) -> String {
        let statements: Vec<Value> = self.statements.iter().map(Statement::to_value).collect();
        json!({"Version": "1", "Statement": statements}).to_string()
    }

    /// Writes the document for a session (`Policy` of AssumeRole).
    ///
    /// # Errors
    /// It has more than 2048 characters: the error gives its size.
    pub fn to_inline_json(&self) -> Result<String, PolicyError> {
        let text = self.to_json();
        let chars = text.chars().count();
        if chars > MAX_INLINE_CHARS {
            return Err(PolicyError::new(
                "policy",
                format!(
                    "has {chars} characters: an inline policy may have {MAX_INLINE_CHARS}; use wildcards, or a role of its own"
                ),
            ));
        }
        Ok(text)
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_json())
    }
}

impl std::str::FromStr for Policy {
    type Err = PolicyError;

    fn from_str(text: &str) -> Result<Self, PolicyError> {
        Self::parse(text)
    }
}

impl Statement {
    /// Allows operations on every resource, until [`on`](Self::on) names some.
    pub fn allow<A: Into<String>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::of(Effect::Allow, actions)
    }

    /// Denies operations on every resource, until [`on`](Self::on) names some.
    pub fn deny<A: Into<String>>(actions: impl IntoIterator<Item = A>) -> Self {
        Self::of(Effect::Deny, actions)
    }

    fn of<A: Into<String>>(effect: Effect, actions: impl IntoIterator<Item = A>) -> Self {
        Self {
            effect,
            actions: actions.into_iter().map(Into::into).collect(),
            all_but_actions: false,
            resources: vec!["*".to_owned()],
            all_but_resources: false,
            principal: None,
            conditions: Vec::new(),
        }
    }

    /// Names the resources that it is about.
    #[must_use]
    pub fn on<R: Into<String>>(mut self, resources: impl IntoIterator<Item = R>) -> Self {
        self.resources = resources.into_iter().map(Into::into).collect();
        self
    }

    /// Adds a condition.
    #[must_use]
    pub fn when(mut self, condition: Condition) -> Self {
        self.conditions.push(condition);
        self
    }

    fn read(statement: &Value, place: &str) -> Result<Self, PolicyError> {
        const KEYS: [&str; 7] = [
            "Effect",
            "Action",
            "NotAction",
            "Resource",
            "NotResource",
            "Principal",
            "Condition",
        ];
        let statement = object(statement, place)?;
        only_known(statement, &KEYS, place)?;
        let at = |name: &str| format!("{place}.{name}");
        let effect = match statement.get("Effect").and_then(Value::as_str) {
            Some("Allow") => Effect::Allow,
            Some("Deny") => Effect::Deny,
            _ => {
                return Err(PolicyError::new(
                    at("Effect"),
                    "must be \"Allow\" or \"Deny\"",
                ));
            }
        };
        let (actions, all_but_actions) = match (statement.get("Action"), statement.get("NotAction"))
        {
            (Some(list), None) => (texts(list, &at("Action"))?, false),
            (None, Some(list)) => (texts(list, &at("NotAction"))?, true),
            _ => {
                return Err(PolicyError::new(
                    place,
                    "must have either Action or NotAction",
                ));
            }
        };
        let principal = match statement.get("Principal") {
            None => None,
            Some(principal) => Some(Principal::read(principal, &at("Principal"))?),
        };
        let (resources, all_but_resources) =
            match (statement.get("Resource"), statement.get("NotResource")) {
                (Some(list), None) => (texts(list, &at("Resource"))?, false),
                (None, Some(list)) => (texts(list, &at("NotResource"))?, true),
                (None, None) if principal.is_some() => (Vec::new(), false),
                _ => {
                    return Err(PolicyError::new(
                        place,
                        "must have either Resource or NotResource",
                    ));
                }
            };
        Ok(Self {
            effect,
            actions,
            all_but_actions,
            resources,
            all_but_resources,
            principal,
            conditions: match statement.get("Condition") {
                None => Vec::new(),
                Some(block) => conditions(block, &at("Condition"))?,
            },
        })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        let effect = if self.effect == Effect::Allow {
            "Allow"
        } else {
            "Deny"
        };
        map.insert("Effect".to_owned(), effect.into());
        let name = if self.all_but_actions {
            "NotAction"
        } else {
            "Action"
        };
        map.insert(name.to_owned(), short_list(&self.actions));
        if !self.resources.is_empty() {
            let name = if self.all_but_resources {
                "NotResource"
            } else {
                "Resource"
            };
            map.insert(name.to_owned(), short_list(&self.resources));
        }
        if let Some(principal) = &self.principal {
            map.insert("Principal".to_owned(), principal.to_value());
        }
        for condition in &self.conditions {
            let block = map.entry("Condition").or_insert_with(|| json!({}));
            let block = &mut block[condition.operator.name()];
            block[&condition.key] = short_list(&condition.values);
        }
        Value::Object(map)
    }
}

impl Principal {
    fn read(principal: &Value, place: &str) -> Result<Self, PolicyError> {
        let principal = object(principal, place)?;
        only_known(principal, &["RAM", "Service", "Federated"], place)?;
        let list = |name: &str| match principal.get(name) {
            None => Ok(Vec::new()),
            Some(list) => texts(list, &format!("{place}.{name}")),
        };
        Ok(Self {
            ram: list("RAM")?,
            service: list("Service")?,
            federated: list("Federated")?,
        })
    }

    fn to_value(&self) -> Value {
        let mut map = Map::new();
        for (name, list) in [
            ("RAM", &self.ram),
            ("Service", &self.service),
            ("Federated", &self.federated),
        ] {
            if !list.is_empty() {
                map.insert(name.to_owned(), list.clone().into());
            }
        }
        Value::Object(map)
    }
}

fn conditions(block: &Value, place: &str) -> Result<Vec<Condition>, PolicyError> {
    let mut conditions = Vec::new();
    for (name, keys) in object(block, place)? {
        let place = format!("{place}.{name}");
        let operator = Operator::of_name(name)
            .ok_or_else(|| PolicyError::new(&place, "this is no operator that is known here"))?;
        for (key, values) in object(keys, &place)? {
            conditions.push(Condition {
                operator,
                key: key.clone(),
                values: texts(values, &format!("{place}.{key}"))?,
            });
        }
    }
    Ok(conditions)
}

fn object<'a>(value: &'a Value, place: &str) -> Result<&'a Map<String, Value>, PolicyError> {
    value
        .as_object()
        .ok_or_else(|| PolicyError::new(place, "must be a JSON object"))
}

fn only_known(map: &Map<String, Value>, known: &[&str], place: &str) -> Result<(), PolicyError> {
    match map.keys().find(|name| !known.contains(&name.as_str())) {
        Some(name) => Err(PolicyError::new(
            format!("{place}.{name}"),
            "this element is not known here",
        )),
        None => Ok(()),
    }
}

/// Reads one text or a list of them; numbers and truth values count as texts.
fn texts(value: &Value, place: &str) -> Result<Vec<String>, PolicyError> {
    let list = match value {
        Value::Array(list) => list.as_slice(),
        one => std::slice::from_ref(one),
    };
    let read = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    match list.iter().map(read).collect::<Option<Vec<String>>>() {
        Some(texts) if !texts.is_empty() => Ok(texts),
        _ => Err(PolicyError::new(place, "must be a text or a list of texts")),
    }
}

fn short_list(list: &[String]) -> Value {
    match list {
        [one] => one.as_str().into(),
        many => many.into(),
    }
}
