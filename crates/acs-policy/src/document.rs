use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use crate::condition::{Condition, Operator};
use crate::error::PolicyError;
use crate::json;

/// The most characters that the inline policy of a session may have.
pub const MAX_INLINE_CHARS: usize = 2048;

const ONE_RESOURCE_LIST: &str = "must have either Resource or NotResource";
const LIST_OF_TEXTS: &str = "must be a text or a list of texts, none of them blank";
const AT_LEAST_ONE: &str = "must be a list of at least one statement";

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
    /// does not, or to deny what it does not. The error names the element, and shows no value.
    pub fn parse(text: &str) -> Result<Self, PolicyError> {
        let document = json::parse(text)?;
        let document = object(&document, "policy")?;
        only_known(document, &["Version", "Statement"], "policy")?;
        if document.get("Version").and_then(Value::as_str) != Some("1") {
            return Err(PolicyError::new("Version", "must be \"1\""));
        }
        let Some(Value::Array(statements)) = document.get("Statement") else {
            return Err(PolicyError::new("Statement", AT_LEAST_ONE));
        };
        let read = |(index, statement)| Statement::read(statement, &place_of(index));
        let statements = statements
            .iter()
            .enumerate()
            .map(read)
            .collect::<Result<_, _>>()?;
        let policy = Self { statements };
        policy.check()?;
        Ok(policy)
    }

    /// Checks a policy that was built: that it can be written, and then reads as what it is.
    ///
    /// # Errors
    /// It has no statement; a statement has no action or no resource, or a blank one; a condition has a value that its
    /// operator can't read; or two conditions of a statement have the same operator and key, which JSON has no room for:
    /// with their values in one list, either would do. The error names the element, `Statement[0].Condition.Bool.acs:SecureTransport`
    /// say.
    pub fn check(&self) -> Result<(), PolicyError> {
        if self.statements.is_empty() {
            return Err(PolicyError::new("Statement", AT_LEAST_ONE));
        }
        self.statements
            .iter()
            .enumerate()
            .try_for_each(|(index, statement)| statement.check(&place_of(index)))
    }

    /// Writes the document, as short as it gets.
    ///
    /// # Errors
    /// As [`check`](Self::check).
    pub fn to_json(&self) -> Result<String, PolicyError> {
        self.check()?;
        let statements: Vec<Value> = self.statements.iter().map(Statement::to_value).collect();
        Ok(json!({"Version": "1", "Statement": statements}).to_string())
    }

    /// Writes the document for a session (`Policy` of AssumeRole).
    ///
    /// # Errors
    /// As [`check`](Self::check), and it has more than 2048 characters: the error gives its size.
    pub fn to_inline_json(&self) -> Result<String, PolicyError> {
        let text = self.to_json()?;
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
            (Some(list), None) => (names(list, &at("Action"))?, false),
            (None, Some(list)) => (names(list, &at("NotAction"))?, true),
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
                (Some(list), None) => (names(list, &at("Resource"))?, false),
                (None, Some(list)) => (names(list, &at("NotResource"))?, true),
                (None, None) if principal.is_some() => (Vec::new(), false),
                _ => return Err(PolicyError::new(place, ONE_RESOURCE_LIST)),
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

    fn check(&self, place: &str) -> Result<(), PolicyError> {
        let name = if self.all_but_actions {
            "NotAction"
        } else {
            "Action"
        };
        check_names(&self.actions, &format!("{place}.{name}"))?;
        let name = if self.all_but_resources {
            "NotResource"
        } else {
            "Resource"
        };
        match (self.resources.is_empty(), &self.principal) {
            (false, _) => check_names(&self.resources, &format!("{place}.{name}"))?,
            (true, Some(_)) if !self.all_but_resources => {}
            (true, _) => return Err(PolicyError::new(place, ONE_RESOURCE_LIST)),
        }
        if let Some(principal) = &self.principal {
            principal.check(&format!("{place}.Principal"))?;
        }
        let place = format!("{place}.Condition");
        let mut seen = BTreeSet::new();
        for condition in &self.conditions {
            condition.check(&place)?;
            // Keys are compared without regard to case, so that writing one otherwise makes no other key of it.
            let name = condition.operator.name();
            if !seen.insert((name, condition.key.to_lowercase())) {
                return Err(PolicyError::new(
                    format!("{place}.{name}.{}", condition.key),
                    "two conditions have this operator and key, and a document has room for one: make one of what both allow",
                ));
            }
        }
        Ok(())
    }

    /// Writes a statement that was checked.
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
            Some(list) => names(list, &format!("{place}.{name}")),
        };
        Ok(Self {
            ram: list("RAM")?,
            service: list("Service")?,
            federated: list("Federated")?,
        })
    }

    fn check(&self, place: &str) -> Result<(), PolicyError> {
        let lists = [
            ("RAM", &self.ram),
            ("Service", &self.service),
            ("Federated", &self.federated),
        ];
        if lists.iter().all(|(_, list)| list.is_empty()) {
            return Err(PolicyError::new(
                place,
                "must have RAM, Service or Federated",
            ));
        }
        lists
            .into_iter()
            .filter(|(_, list)| !list.is_empty())
            .try_for_each(|(name, list)| check_names(list, &format!("{place}.{name}")))
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
                values: self::values(values, &format!("{place}.{key}"))?,
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

/// Reads the values of a condition: one or a list of them. Numbers and truth values count as texts.
fn values(value: &Value, place: &str) -> Result<Vec<String>, PolicyError> {
    let read = |value: &Value| match value {
        Value::String(text) => Some(text.clone()),
        Value::Bool(_) | Value::Number(_) => Some(value.to_string()),
        _ => None,
    };
    list_of(value, read)
        .ok_or_else(|| PolicyError::new(place, "must be a value or a list of values"))
}

/// Reads the names of actions, resources or principals: one text or a list of them.
fn names(value: &Value, place: &str) -> Result<Vec<String>, PolicyError> {
    list_of(value, |value| value.as_str().map(str::to_owned))
        .ok_or_else(|| PolicyError::new(place, LIST_OF_TEXTS))
}

fn list_of(value: &Value, read: impl Fn(&Value) -> Option<String>) -> Option<Vec<String>> {
    match value {
        Value::Array(list) => list.iter().map(read).collect(),
        one => Some(vec![read(one)?]),
    }
}

fn check_names(names: &[String], place: &str) -> Result<(), PolicyError> {
    if names.is_empty() || names.iter().any(|name| name.trim().is_empty()) {
        return Err(PolicyError::new(place, LIST_OF_TEXTS));
    }
    Ok(())
}

fn place_of(statement: usize) -> String {
    format!("Statement[{statement}]")
}

fn short_list(list: &[String]) -> Value {
    match list {
        [one] => one.as_str().into(),
        many => many.into(),
    }
}
