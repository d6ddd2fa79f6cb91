//! Paths with places for parameters, in the one form that acs-core takes.

use std::fmt::Write as _;

/// Writes `${name}` and `/:name` as `{name}`; the latter where a parameter has this name.
pub(super) fn settle(path: &str, is_parameter: &dyn Fn(&str) -> bool) -> String {
    let path = path.replace("${", "{");
    let segment = |segment: &str| match segment.strip_prefix(':') {
        Some(name) if is_parameter(name) => format!("{{{name}}}"),
        _ => segment.to_owned(),
    };
    let (path, query) = path.split_once('?').unwrap_or((&path, ""));
    let path = path.split('/').map(segment).collect::<Vec<_>>().join("/");
    if query.is_empty() {
        path
    } else {
        format!("{path}?{query}")
    }
}

/// The names of the places in a path.
pub(super) fn places(path: &str) -> Vec<String> {
    let mut found = Vec::new();
    for part in parts(path) {
        if let Part::Place(name) = part
            && !found.iter().any(|it| it == name)
        {
            found.push(name.to_owned());
        }
    }
    found
}

/// Whether it has a brace that belongs to no place.
pub(super) fn is_odd(path: &str) -> bool {
    parts(path).any(|part| matches!(part, Part::Text(text) if text.contains(BRACES)))
}

/// Percent-encodes the braces that belong to no place.
pub(super) fn without_odd(path: &str) -> String {
    write(path, |c| BRACES.contains(&c))
}

/// Percent-encodes what no path can hold, but for the places.
pub(super) fn escape(path: &str) -> String {
    write(path, |c| !c.is_ascii_graphic() || "\"#<>\\^`|".contains(c))
}

const BRACES: [char; 4] = ['{', '}', '[', ']'];

enum Part<'a> {
    Text(&'a str),
    /// With the name inside.
    Place(&'a str),
}

/// A path in its parts: `/a/`, `{b}`, `/c`.
fn parts(path: &str) -> impl Iterator<Item = Part<'_>> {
    let mut rest = path;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = place(rest) {
            rest = after;
            return Some(Part::Place(name));
        }
        // A brace that begins no place is text.
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..]
            .find(['{', '['])
            .map_or(rest.len(), |at| first + at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Part::Text(text))
    })
}

/// The place that a path begins with, and what is behind it.
fn place(path: &str) -> Option<(&str, &str)> {
    let inside = path.strip_prefix(['{', '['])?;
    let close = if path.starts_with('{') { '}' } else { ']' };
    let (name, after) = inside.split_once(close)?;
    (!name.is_empty() && !name.contains(BRACES) && !name.contains('/')).then_some((name, after))
}

fn write(path: &str, is_escaped: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    for part in parts(path) {
        match part {
            Part::Place(name) => out.push_str(&format!("{{{name}}}")),
            Part::Text(text) => {
                for c in text.chars() {
                    if is_escaped(c) {
                        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
                            // Writing to a string doesn't fail.
                            let _ = write!(out, "%{byte:02X}");
                        }
                    } else {
                        out.push(c);
                    }
                }
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_brought_into_one_form() {
        for (path, expected) in [
            ("/{a}/[b]/*", "/{a}/{b}/*"),
            ("/${a}/:b/:c", "/{a}/{b}/:c"),
            ("/{a}?x={b}&y", "/{a}?x={b}&y"),
            ("/x y/中/{名}#", "/x%20y/%E4%B8%AD/{名}%23"),
            ("/a}/{/{}/[", "/a%7D/%7B/%7B%7D/%5B"),
            ("/{a{b}", "/%7Ba{b}"),
            ("", ""),
        ] {
            let is_parameter = |name: &str| matches!(name, "a" | "b");
            let settled = settle(path, &is_parameter);
            assert_eq!(
                is_odd(&settled),
                expected.contains("%7") || expected.contains("%5"),
                "{path}"
            );
            assert_eq!(escape(&without_odd(&settled)), expected, "{path}");
        }
    }

    #[test]
    fn places_are_found_once_each() {
        assert_eq!(places("/{a}/[b]/{a}?c={d}"), ["a", "b", "d"]);
    }
}
