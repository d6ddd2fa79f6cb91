//! What policies allow, and why.

use std::collections::BTreeMap;
use std::fmt;

use crate::document::{Effect, Policy, Statement};
use crate::pattern::{fits, fits_any_case};

/// What somebody wants to do, and under which circumstances.
#[derive(Clone, Debug, Default)]
pub struct Request {
    action: String,
    resource: String,
    context: BTreeMap<String, String>,
}

/// Whether a request is allowed.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Decision {
    /// It is.
    Allow,
    /// A statement denies it, and nothing can allow it then.
    ExplicitDeny,
    /// No statement allows it.
    ImplicitDeny,
}

/// A decision with the reasons for it. Its `Display` text has a line a statement.
#[derive(Clone, Debug)]
pub struct Evaluation {
    decision: Decision,
    reasons: Vec<Reason>,
}

/// What one statement had to say.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Reason {
    /// Which policy: `policy 1` counts those of an identity, `session policy` is the inline one.
    pub policy: String,
    /// Which statement, from 0.
    pub statement: usize,
    /// What came of it.
    pub verdict: Verdict,
}

/// What came of one statement.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum Verdict {
    /// It is about the request, and allows it.
    Allows,
    /// It is about the request, and denies it.
    Denies,
    /// It is not about the action.
    OtherAction,
    /// It is not about the resource.
    OtherResource,
    /// A condition does not hold: the key and what it compares with.
    ConditionFails(String),
}

impl Request {
    /// Asks for an action, `vod:CreateUploadVideo` say, on a resource, `acs:oss:*:*:bucket/key` say.
    pub fn new(action: impl Into<String>, resource: impl Into<String>) -> Self {
        Self {
            action: action.into(),
            resource: resource.into(),
            context: BTreeMap::new(),
        }
    }

    /// Adds a circumstance: `acs:SourceIp` and an address, `acs:CurrentTime` and a time in RFC 3339, say.
    #[must_use]
    pub fn with(mut self, key: impl Into<String>, value: impl Into<String>) -> Self {
        self.context.insert(key.into().to_lowercase(), value.into());
        self
    }
}

/// Tells what the policies of one identity, taken together, make of a request: allowed where a statement allows it and
/// none denies it.
///
/// Whom a trust policy names (`Principal`) is not looked at. A condition that
/// [`Policy::check`](crate::Policy::check) would refuse counts as met in a Deny and as failed in an Allow.
pub fn evaluate<'a>(
    policies: impl IntoIterator<Item = &'a Policy>,
    request: &Request,
) -> Evaluation {
    let mut evaluation = Evaluation {
        decision: Decision::ImplicitDeny,
        reasons: Vec::new(),
    };
    for (index, policy) in policies.into_iter().enumerate() {
        evaluation.add(policy, &format!("policy {}", index + 1), request);
    }
    evaluation
}

/// Tells what a session of a role may do: what both the role's policies and the session's inline policy allow. Without an
/// inline policy it may do all that the role may.
pub fn evaluate_session<'a>(
    role: impl IntoIterator<Item = &'a Policy>,
    session: Option<&Policy>,
    request: &Request,
) -> Evaluation {
    let of_role = evaluate(role, request);
    let Some(session) = session else {
        return of_role;
    };
    let mut of_session = Evaluation {
        decision: Decision::ImplicitDeny,
        reasons: Vec::new(),
    };
    of_session.add(session, "session policy", request);
    let decision = match (of_role.decision, of_session.decision) {
        (Decision::ExplicitDeny, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
        (Decision::Allow, Decision::Allow) => Decision::Allow,
        _ => Decision::ImplicitDeny,
    };
    Evaluation {
        decision,
        reasons: [of_role.reasons, of_session.reasons].concat(),
    }
}

impl Evaluation {
    /// Says whether the request is allowed.
    pub fn decision(&self) -> Decision {
        self.decision
    }

    /// Says whether the request is allowed.
    pub fn is_allowed(&self) -> bool {
        self.decision == Decision::Allow
    }

    /// Returns what each statement had to say, in the order of policies and statements.
    pub fn reasons(&self) -> &[Reason] {
        &self.reasons
    }

    fn add(&mut self, policy: &Policy, name: &str, request: &Request) {
        for (index, statement) in policy.statements.iter().enumerate() {
            let verdict = judge(statement, request);
            self.decision = match (&verdict, self.decision) {
                (Verdict::Denies, _) | (_, Decision::ExplicitDeny) => Decision::ExplicitDeny,
                (Verdict::Allows, _) => Decision::Allow,
                (_, decision) => decision,
            };
            self.reasons.push(Reason {
                policy: name.to_owned(),
                statement: index,
                verdict,
            });
        }
    }
}

fn judge(statement: &Statement, request: &Request) -> Verdict {
    let names_action = statement
        .actions
        .iter()
        .any(|pattern| fits_any_case(pattern, &request.action));
    if names_action == statement.all_but_actions {
        return Verdict::OtherAction;
    }
    // A trust policy names no resource: it is about the role that it is attached to.
    let names_resource = statement.resources.is_empty()
        || statement
            .resources
            .iter()
            .any(|pattern| fits(pattern, &request.resource));
    if names_resource == statement.all_but_resources {
        return Verdict::OtherResource;
    }
    for condition in &statement.conditions {
        let given = request
            .context
            .get(&condition.key.to_lowercase())
            .map(String::as_str);
        if condition.check("").is_err() {
            // Only a statement that was changed by hand has one. Whatever was meant, it must not allow more.
            match statement.effect {
                Effect::Deny => continue,
                Effect::Allow => {
                    return Verdict::ConditionFails(format!(
                        "{} {}: its values cannot be read",
                        condition.key,
                        condition.operator.name()
                    ));
                }
            }
        }
        if !condition.holds(given) {
            let wanted = condition.values.join(" or ");
            let given = given.unwrap_or("absent");
            return Verdict::ConditionFails(format!(
                "{} {} {wanted}, and it is {given}",
                condition.key,
                condition.operator.name()
            ));
        }
    }
    match statement.effect {
        Effect::Allow => Verdict::Allows,
        Effect::Deny => Verdict::Denies,
    }
}

impl fmt::Display for Evaluation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.decision {
            Decision::Allow => "allowed",
            Decision::ExplicitDeny => "denied by a statement",
            Decision::ImplicitDeny => "not allowed: nothing that counts allows it",
        })?;
        for reason in &self.reasons {
            write!(f, "\n  {reason}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, statement {}: ", self.policy, self.statement)?;
        match &self.verdict {
            Verdict::Allows => f.write_str("allows it"),
            Verdict::Denies => f.write_str("denies it"),
            Verdict::OtherAction => f.write_str("is about other actions"),
            Verdict::OtherResource => f.write_str("is about other resources"),
            Verdict::ConditionFails(condition) => write!(f, "its condition fails: {condition}"),
        }
    }
}
