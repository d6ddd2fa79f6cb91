use std::net::IpAddr;

use chrono::DateTime;

use crate::error::PolicyError;
use crate::pattern::fits;

/// A test of one key of the request's context: it holds if the key's value compares so with one of `values`, or, for
/// the operators with `Not`, with none of them.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Condition {
    /// How it compares.
    pub operator: Operator,
    /// The key, `acs:SourceIp` say.
    pub key: String,
    /// What it compares with.
    pub values: Vec<String>,
}

/// How a condition compares.
///
/// Follows the official page "Policy elements" (RAM), section Condition.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
#[allow(
    missing_docs,
    reason = "the names are those of the document, and say what they do"
)]
pub enum Operator {
    StringEquals,
    StringNotEquals,
    StringEqualsIgnoreCase,
    StringNotEqualsIgnoreCase,
    StringLike,
    StringNotLike,
    NumericEquals,
    NumericNotEquals,
    NumericLessThan,
    NumericLessThanEquals,
    NumericGreaterThan,
    NumericGreaterThanEquals,
    DateEquals,
    DateNotEquals,
    DateLessThan,
    DateLessThanEquals,
    DateGreaterThan,
    DateGreaterThanEquals,
    Bool,
    IpAddress,
    NotIpAddress,
}

use Operator as Op;

const OPERATORS: [(&str, Operator); 21] = [
    ("StringEquals", Op::StringEquals),
    ("StringNotEquals", Op::StringNotEquals),
    ("StringEqualsIgnoreCase", Op::StringEqualsIgnoreCase),
    ("StringNotEqualsIgnoreCase", Op::StringNotEqualsIgnoreCase),
    ("StringLike", Op::StringLike),
    ("StringNotLike", Op::StringNotLike),
    ("NumericEquals", Op::NumericEquals),
    ("NumericNotEquals", Op::NumericNotEquals),
    ("NumericLessThan", Op::NumericLessThan),
    ("NumericLessThanEquals", Op::NumericLessThanEquals),
    ("NumericGreaterThan", Op::NumericGreaterThan),
    ("NumericGreaterThanEquals", Op::NumericGreaterThanEquals),
    ("DateEquals", Op::DateEquals),
    ("DateNotEquals", Op::DateNotEquals),
    ("DateLessThan", Op::DateLessThan),
    ("DateLessThanEquals", Op::DateLessThanEquals),
    ("DateGreaterThan", Op::DateGreaterThan),
    ("DateGreaterThanEquals", Op::DateGreaterThanEquals),
    ("Bool", Op::Bool),
    ("IpAddress", Op::IpAddress),
    ("NotIpAddress", Op::NotIpAddress),
];

impl Operator {
    /// Returns the name that documents use.
    pub fn name(self) -> &'static str {
        OPERATORS
            .iter()
            .find(|(_, operator)| *operator == self)
            .map_or("", |(name, _)| name)
    }

    pub(crate) fn of_name(name: &str) -> Option<Self> {
        OPERATORS
            .iter()
            .find(|(known, _)| *known == name)
            .map(|(_, operator)| *operator)
    }

    /// Says whether the condition holds when no value compares so.
    fn is_negated(self) -> bool {
        matches!(
            self,
            Self::StringNotEquals
                | Self::StringNotEqualsIgnoreCase
                | Self::StringNotLike
                | Self::NumericNotEquals
                | Self::DateNotEquals
                | Self::NotIpAddress
        )
    }

    /// Compares a value of the request with one of the policy; `None` where one of them is not of the operator's type.
    fn compares(self, given: &str, wanted: &str) -> Option<bool> {
        Some(match self {
            Self::StringEquals | Self::StringNotEquals => given == wanted,
            Self::StringEqualsIgnoreCase | Self::StringNotEqualsIgnoreCase => {
                given.to_lowercase() == wanted.to_lowercase()
            }
            Self::StringLike | Self::StringNotLike => fits(wanted, given),
            Self::Bool => given.parse::<bool>().ok()? == wanted.parse::<bool>().ok()?,
            Self::IpAddress | Self::NotIpAddress => {
                Network::read(wanted)?.holds(given.parse().ok()?)
            }
            Self::NumericEquals | Self::NumericNotEquals => number(given)? == number(wanted)?,
            Self::NumericLessThan => number(given)? < number(wanted)?,
            Self::NumericLessThanEquals => number(given)? <= number(wanted)?,
            Self::NumericGreaterThan => number(given)? > number(wanted)?,
            Self::NumericGreaterThanEquals => number(given)? >= number(wanted)?,
            Self::DateEquals | Self::DateNotEquals => date(given)? == date(wanted)?,
            Self::DateLessThan => date(given)? < date(wanted)?,
            Self::DateLessThanEquals => date(given)? <= date(wanted)?,
            Self::DateGreaterThan => date(given)? > date(wanted)?,
            Self::DateGreaterThanEquals => date(given)? >= date(wanted)?,
        })
    }

    /// Says what a value of the policy must be, if this is none.
    fn fault_of(self, wanted: &str) -> Option<&'static str> {
        let (is_readable, must_be) = match self {
            Self::StringEquals
            | Self::StringNotEquals
            | Self::StringEqualsIgnoreCase
            | Self::StringNotEqualsIgnoreCase
            | Self::StringLike
            | Self::StringNotLike => return None,
            Self::NumericEquals
            | Self::NumericNotEquals
            | Self::NumericLessThan
            | Self::NumericLessThanEquals
            | Self::NumericGreaterThan
            | Self::NumericGreaterThanEquals => (number(wanted).is_some(), "a number"),
            Self::DateEquals
            | Self::DateNotEquals
            | Self::DateLessThan
            | Self::DateLessThanEquals
            | Self::DateGreaterThan
            | Self::DateGreaterThanEquals => (
                date(wanted).is_some(),
                "a time such as 2026-11-20T09:05:30Z or 2026-11-20T17:05:30+08:00",
            ),
            Self::Bool => (wanted.parse::<bool>().is_ok(), "true or false"),
            Self::IpAddress | Self::NotIpAddress => (
                Network::read(wanted).is_some(),
                "an address, or a network such as 203.0.113.0/24",
            ),
        };
        (!is_readable).then_some(must_be)
    }
}

impl Condition {
    /// Makes a condition.
    ///
    /// # Errors
    /// It has no key or no values, or a value is not of the operator's type, `10.0.0.0/33` for an address say: it would
    /// never hold, and a Deny that stands on it would deny nothing. The error names operator and key.
    pub fn new<V: Into<String>>(
        operator: Operator,
        key: impl Into<String>,
        values: impl IntoIterator<Item = V>,
    ) -> Result<Self, PolicyError> {
        let condition = Self {
            operator,
            key: key.into(),
            values: values.into_iter().map(Into::into).collect(),
        };
        condition.check("Condition")?;
        Ok(condition)
    }

    /// Takes requests from these networks only: `acs:SourceIp` in one of them, `203.0.113.0/24` say.
    ///
    /// # Errors
    /// One is no network, or there is none.
    pub fn source_ip<V: Into<String>>(
        networks: impl IntoIterator<Item = V>,
    ) -> Result<Self, PolicyError> {
        Self::new(Operator::IpAddress, "acs:SourceIp", networks)
    }

    /// Takes requests over TLS only: `acs:SecureTransport`.
    pub fn secure_transport() -> Self {
        Self {
            operator: Operator::Bool,
            key: "acs:SecureTransport".to_owned(),
            values: vec!["true".to_owned()],
        }
    }

    /// Checks what [`new`](Self::new) checks; `place` is that of the statement's `Condition`.
    pub(crate) fn check(&self, place: &str) -> Result<(), PolicyError> {
        let place = || format!("{place}.{}.{}", self.operator.name(), self.key);
        if self.key.trim().is_empty() {
            return Err(PolicyError::new(place(), "the condition names no key"));
        }
        if self.values.is_empty() {
            return Err(PolicyError::new(place(), "must have at least one value"));
        }
        let fault = self
            .values
            .iter()
            .find_map(|value| self.operator.fault_of(value));
        match fault {
            Some(must_be) => Err(PolicyError::new(
                place(),
                format!("each value must be {must_be}"),
            )),
            None => Ok(()),
        }
    }

    /// Says whether it holds for the value of its key. A key that the request does not have fails, but under an operator
    /// with `Not`; a value of the request that is not of the operator's type always fails.
    pub(crate) fn holds(&self, given: Option<&str>) -> bool {
        let Some(given) = given else {
            return self.operator.is_negated();
        };
        let mut compared = self
            .values
            .iter()
            .map(|wanted| self.operator.compares(given, wanted));
        match self.operator.is_negated() {
            true => compared.all(|is_same| is_same == Some(false)),
            false => compared.any(|is_same| is_same == Some(true)),
        }
    }
}

/// A network, `10.0.0.0/8` say, or one address.
struct Network {
    base: IpAddr,
    /// How many of its bits count.
    length: u32,
}

impl Network {
    fn read(text: &str) -> Option<Self> {
        let (base, length) = match text.split_once('/') {
            Some((base, length)) => (base, Some(length)),
            None => (text, None),
        };
        let base: IpAddr = base.parse().ok()?;
        let bits = if base.is_ipv4() { 32 } else { 128 };
        let length = match length {
            None => bits,
            // A sign would be taken by `parse`.
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
                digits.parse().ok().filter(|length| *length <= bits)?
            }
            Some(_) => return None,
        };
        Some(Self { base, length })
    }

    fn holds(&self, address: IpAddr) -> bool {
        let is_same = |given: u128, base: u128, bits: u32| {
            let dropped = bits - self.length;
            given.checked_shr(dropped) == base.checked_shr(dropped)
        };
        match (address, self.base) {
            (IpAddr::V4(given), IpAddr::V4(base)) => {
                is_same(u128::from(given.to_bits()), u128::from(base.to_bits()), 32)
            }
            (IpAddr::V6(given), IpAddr::V6(base)) => is_same(given.to_bits(), base.to_bits(), 128),
            _ => false,
        }
    }
}

fn number(text: &str) -> Option<f64> {
    text.parse().ok().filter(|number: &f64| number.is_finite())
}

fn date(text: &str) -> Option<DateTime<chrono::FixedOffset>> {
    DateTime::parse_from_rfc3339(text).ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn each_operator_compares_as_its_name_says() {
        for (operator, given, values, expected) in [
            (Op::StringEquals, "a", &["b", "a"][..], true),
            (Op::StringEquals, "A", &["a"], false),
            (Op::StringNotEquals, "a", &["b", "a"], false),
            (Op::StringNotEquals, "c", &["b", "a"], true),
            (Op::StringEqualsIgnoreCase, "A", &["a"], true),
            (Op::StringNotEqualsIgnoreCase, "A", &["a"], false),
            (Op::StringLike, "abc", &["a*"], true),
            (Op::StringNotLike, "abc", &["a*"], false),
            (Op::NumericEquals, "1.0", &["1"], true),
            (Op::NumericNotEquals, "1", &["1"], false),
            (Op::NumericLessThan, "9", &["10"], true),
            (Op::NumericLessThanEquals, "10", &["10"], true),
            (Op::NumericGreaterThan, "10", &["10"], false),
            (Op::NumericGreaterThanEquals, "10", &["10"], true),
            (Op::NumericEquals, "x", &["1"], false),
            (
                Op::DateEquals,
                "2026-01-01T08:00:00+08:00",
                &["2026-01-01T00:00:00Z"],
                true,
            ),
            (
                Op::DateNotEquals,
                "2026-01-01T00:00:00Z",
                &["2026-01-01T00:00:00Z"],
                false,
            ),
            (
                Op::DateLessThan,
                "2026-01-01T00:00:00Z",
                &["2026-01-02T00:00:00Z"],
                true,
            ),
            (
                Op::DateLessThanEquals,
                "2026-01-03T00:00:00Z",
                &["2026-01-02T00:00:00Z"],
                false,
            ),
            (
                Op::DateGreaterThan,
                "2026-01-03T00:00:00Z",
                &["2026-01-02T00:00:00Z"],
                true,
            ),
            (
                Op::DateGreaterThanEquals,
                "2026-01-02T00:00:00Z",
                &["2026-01-02T00:00:00Z"],
                true,
            ),
            (Op::Bool, "true", &["true"], true),
            (Op::Bool, "false", &["true"], false),
            (
                Op::IpAddress,
                "10.1.2.3",
                &["192.0.2.1", "10.0.0.0/8"],
                true,
            ),
            (Op::IpAddress, "11.1.2.3", &["10.0.0.0/8"], false),
            (Op::IpAddress, "10.1.2.3", &["0.0.0.0/0"], true),
            (Op::IpAddress, "2001:db8::1", &["2001:db8::/32"], true),
            (Op::IpAddress, "10.1.2.3", &["10.1.2.3/32"], true),
            (Op::IpAddress, "10.1.2.3", &["2001:db8::/0"], false),
            (Op::IpAddress, "nonsense", &["10.0.0.0/8"], false),
            (Op::NotIpAddress, "10.1.2.3", &["10.0.0.0/8"], false),
            (Op::NotIpAddress, "nonsense", &["10.0.0.0/8"], false),
        ] {
            let condition = Condition::new(operator, "k", values.iter().copied()).unwrap();
            assert_eq!(
                condition.holds(Some(given)),
                expected,
                "{operator:?} {given} {values:?}"
            );
        }
    }

    #[test]
    fn a_value_that_its_operator_cannot_read_is_refused_by_operator_and_key() {
        for (operator, values) in [
            (Op::IpAddress, &["10.0.0.0/33"][..]),
            (Op::IpAddress, &["10.0.0.0/8", "10.0.0/8"]),
            (Op::IpAddress, &["10.0.0.0/+8"]),
            (Op::IpAddress, &["10.0.0.0/"]),
            (Op::IpAddress, &[" 10.0.0.0/8"]),
            (Op::NotIpAddress, &["2001:db8::/129"]),
            (Op::NotIpAddress, &["somewhere"]),
            (Op::NumericLessThan, &["ten"]),
            (Op::NumericEquals, &["NaN"]),
            (Op::NumericEquals, &[""]),
            (Op::DateLessThan, &["2026-01-01"]),
            (Op::DateGreaterThan, &["2026-02-30T00:00:00Z"]),
            (Op::Bool, &["yes"]),
            (Op::Bool, &["true", "True"]),
            (Op::StringEquals, &[]),
        ] {
            let error = Condition::new(operator, "acs:Key", values.iter().copied()).unwrap_err();
            assert_eq!(
                error.place(),
                format!("Condition.{}.acs:Key", operator.name()),
                "{values:?}"
            );
        }
        Condition::new(Op::StringEquals, " ", ["x"]).unwrap_err();
        // An empty text is a text.
        Condition::new(Op::StringEquals, "acs:Key", [""]).unwrap();
    }

    #[test]
    fn a_key_that_is_not_there_fails_but_under_a_negated_operator() {
        assert!(!Condition::source_ip(["0.0.0.0/0"]).unwrap().holds(None));
        assert!(
            Condition::new(Op::NotIpAddress, "acs:SourceIp", ["10.0.0.0/8"])
                .unwrap()
                .holds(None)
        );
    }
}
