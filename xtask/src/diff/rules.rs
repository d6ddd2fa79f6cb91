//! Whether checks refuse what they let through before.

use std::collections::BTreeMap;

/// Says whether a value may break the new rules that kept to the old ones.
pub(super) fn are_stricter(old: &[String], new: &[String]) -> bool {
    let old = limits(old);
    limits(new).iter().any(|(kind, is)| match old.get(kind) {
        None => true,
        Some(was) => match (is, was) {
            (Limit::Number(is), Limit::Number(was)) if kind.starts_with("Min") => is > was,
            (Limit::Number(is), Limit::Number(was)) => is < was,
            (is, was) => is != was,
        },
    })
}

#[derive(PartialEq)]
enum Limit<'a> {
    Number(f64),
    Other(&'a str),
}

/// The limits by kind; a range is two of them.
fn limits(rules: &[String]) -> BTreeMap<&str, Limit<'_>> {
    let mut limits = BTreeMap::new();
    for rule in rules {
        let (kind, inside) = rule.split_once('(').unwrap_or((rule, ""));
        let inside = inside.strip_suffix(')').unwrap_or(inside);
        match inside.split_once(", ").filter(|_| kind == "Range") {
            Some((min, max)) => {
                limits.insert("Minimum", number(min));
                limits.insert("Maximum", number(max));
            }
            None => {
                limits.insert(kind, number(inside));
            }
        }
    }
    limits
}

fn number(text: &str) -> Limit<'_> {
    text.parse().map_or(Limit::Other(text), Limit::Number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_refused_that_was_sent_is_stricter() {
        for (old, new, expected) in [
            ("", "MaxLength(5)", true),
            ("MaxLength(5)", "", false),
            ("MaxLength(5)", "MaxLength(4)", true),
            ("MaxLength(5)", "MaxLength(6)", false),
            ("MinItems(1)", "MinItems(2)", true),
            ("MinItems(2)", "MinItems(1)", false),
            ("Range(1, 10)", "Minimum(1.0)", false),
            ("Minimum(1.0)", "Range(1, 10)", true),
            ("Range(1, 10)", "Range(0, 9)", true),
            ("Range(1, 10)", "Range(-1, 10)", false),
            ("Prefix(\"a\")", "Prefix(\"b\")", true),
            ("Required", "", false),
            ("", "Required", true),
        ] {
            let rules = |text: &str| -> Vec<String> {
                let all = std::iter::once(text).filter(|text| !text.is_empty());
                all.map(str::to_owned).collect()
            };
            assert_eq!(
                are_stricter(&rules(old), &rules(new)),
                expected,
                "{old} {new}"
            );
        }
    }
}
