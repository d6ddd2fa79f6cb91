//! A small evaluator of RAM policies: actions and resources with wildcards, explicit Deny first.
//!
//! It knows no `Condition`, `NotAction` or `NotResource` and says so when a policy is taken in,
//! because a policy that is half understood would grant what it should not.

use serde_json::Value;

/// The longest `Policy` that AssumeRole takes, in characters.
pub(crate) const MAX_POLICY_CHARS: usize = 2048;

/// A policy document that the emulator understands in full.
#[derive(Clone, Debug)]
pub(crate) struct Policy {
    statements: Vec<Statement>,
}

/// What a policy says of one action on one resource.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    Allow,
    ExplicitDeny,
    ImplicitDeny,
}

/// Why a policy document was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PolicyError {
    Grammar,
    Unsupported(&'static str),
}

#[derive(Clone, Debug)]
struct Statement {
    allow: bool,
    actions: Vec<String>,
    resources: Vec<String>,
}

impl Policy {
    /// Reads a policy document in its JSON form.
    pub(crate) fn parse(text: &str) -> Result<Self, PolicyError> {
        let document: Value = serde_json::from_str(text).map_err(|_| PolicyError::Grammar)?;
        if document.get("Version").and_then(Value::as_str) != Some("1") {
            return Err(PolicyError::Grammar);
        }
        let statements = match document.get("Statement") {
            Some(Value::Array(statements)) if !statements.is_empty() => statements,
            _ => return Err(PolicyError::Grammar),
        };
        let statements = statements.iter().map(Statement::read);
        Ok(Self {
            statements: statements.collect::<Result<_, _>>()?,
        })
    }

    /// Allows every action that one of `patterns` matches, on every resource.
    pub(crate) fn allowing(patterns: &[&str]) -> Self {
        let statement = Statement {
            allow: true,
            actions: patterns.iter().map(|&pattern| pattern.to_owned()).collect(),
            resources: vec!["*".to_owned()],
        };
        Self {
            statements: vec![statement],
        }
    }

    /// Decides on `action` (`vod:CreateUploadVideo`) and `resource` (an ARN).
    pub(crate) fn evaluate(&self, action: &str, resource: &str) -> Decision {
        let mut decision = Decision::ImplicitDeny;
        for statement in &self.statements {
            if !statement.matches(action, resource) {
                continue;
            }
            if !statement.allow {
                return Decision::ExplicitDeny;
            }
            decision = Decision::Allow;
        }
        decision
    }
}

impl Statement {
    fn read(value: &Value) -> Result<Self, PolicyError> {
        let object = value.as_object().ok_or(PolicyError::Grammar)?;
        for name in object.keys() {
            match name.as_str() {
                "Effect" | "Action" | "Resource" => {}
                "Condition" => return Err(PolicyError::Unsupported("Condition in a policy")),
                "NotAction" => return Err(PolicyError::Unsupported("NotAction in a policy")),
                "NotResource" => return Err(PolicyError::Unsupported("NotResource in a policy")),
                _ => return Err(PolicyError::Grammar),
            }
        }
        let allow = match object.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(PolicyError::Grammar),
        };
        Ok(Self {
            allow,
            actions: one_or_more(object.get("Action"))?,
            resources: one_or_more(object.get("Resource"))?,
        })
    }

    fn matches(&self, action: &str, resource: &str) -> bool {
        let action = action.to_ascii_lowercase();
        // RAM compares actions without regard to case, resources with it.
        self.actions
            .iter()
            .any(|pattern| glob(pattern.to_ascii_lowercase().as_bytes(), action.as_bytes()))
            && self
                .resources
                .iter()
                .any(|pattern| glob(pattern.as_bytes(), resource.as_bytes()))
    }
}

fn one_or_more(value: Option<&Value>) -> Result<Vec<String>, PolicyError> {
    match value {
        Some(Value::String(one)) if !one.is_empty() => Ok(vec![one.clone()]),
        Some(Value::Array(many)) if !many.is_empty() => many
            .iter()
            .map(|one| one.as_str().map(str::to_owned).ok_or(PolicyError::Grammar))
            .collect(),
        _ => Err(PolicyError::Grammar),
    }
}

/// Matches `*` (any run) and `?` (any one byte), in time linear in pattern times text.
fn glob(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    let mut retry: Option<(usize, usize)> = None;
    while t < text.len() {
        if p < pattern.len() && pattern[p] == b'*' {
            retry = Some((p, t));
            p += 1;
        } else if p < pattern.len() && (pattern[p] == b'?' || pattern[p] == text[t]) {
            p += 1;
            t += 1;
        } else if let Some((star, from)) = retry {
            retry = Some((star, from + 1));
            p = star + 1;
            t = from + 1;
        } else {
            return false;
        }
    }
    pattern[p..].iter().all(|&byte| byte == b'*')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(statements: &str) -> Policy {
        Policy::parse(&format!(r#"{{"Version":"1","Statement":[{statements}]}}"#)).unwrap()
    }

    #[test]
    fn an_action_that_no_statement_names_is_implicitly_denied() {
        let policy = policy(
            r#"{"Effect":"Allow","Action":["vod:CreateUploadVideo","vod:Refresh*"],"Resource":"*"}"#,
        );
        assert_eq!(
            policy.evaluate("vod:CreateUploadVideo", "x"),
            Decision::Allow
        );
        assert_eq!(
            policy.evaluate("VOD:RefreshUploadVideo", "x"),
            Decision::Allow
        );
        assert_eq!(
            policy.evaluate("vod:DeleteVideo", "x"),
            Decision::ImplicitDeny
        );
    }

    #[test]
    fn an_explicit_deny_wins_over_an_allow_whatever_their_order() {
        let allow = r#"{"Effect":"Allow","Action":"oss:*","Resource":"*"}"#;
        let deny = r#"{"Effect":"Deny","Action":"oss:Put?bject","Resource":"acs:oss:*:*:b/k*"}"#;
        for text in [format!("{allow},{deny}"), format!("{deny},{allow}")] {
            let policy = policy(&text);
            let on = |resource| policy.evaluate("oss:PutObject", resource);
            assert_eq!(on("acs:oss:cn:1:b/k1"), Decision::ExplicitDeny);
            assert_eq!(on("acs:oss:cn:1:b/other"), Decision::Allow);
        }
    }

    #[test]
    fn what_the_evaluator_does_not_know_is_refused_rather_than_ignored() {
        let conditional = r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*",
            "Resource":"*","Condition":{"Bool":{"acs:SecureTransport":"true"}}}]}"#;
        assert!(matches!(
            Policy::parse(conditional),
            Err(PolicyError::Unsupported(_))
        ));
        for text in [
            "",
            "{}",
            r#"{"Version":"2","Statement":[{"Effect":"Allow","Action":"*","Resource":"*"}]}"#,
            r#"{"Version":"1","Statement":[]}"#,
            r#"{"Version":"1","Statement":[{"Effect":"allow","Action":"*","Resource":"*"}]}"#,
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":[1],"Resource":"*"}]}"#,
            r#"{"Version":"1","Statement":[{"Effect":"Allow","Action":"*"}]}"#,
        ] {
            assert_eq!(
                Policy::parse(text).unwrap_err(),
                PolicyError::Grammar,
                "{text}"
            );
        }
    }

    #[test]
    fn a_glob_backtracks_over_every_star() {
        assert!(glob(b"a*b*c", b"a-b-b-c"));
        assert!(!glob(b"a*b*c", b"a-b-b-d"));
        assert!(glob(b"*", b""));
        assert!(!glob(b"?", b""));
    }
}
