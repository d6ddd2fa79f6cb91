//! Paths and forms: what is percent-encoded here is sent as it is.

use std::fmt::Write as _;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::error::Error;

/// Everything but the unreserved characters of RFC 3986, section 2.3.
const RESERVED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~');

/// A path with places for parameters: `/clusters/{ClusterId}` or `/clusters/[ClusterId]`. A `*` in it
/// stands for a path that one parameter gives whole. Its query may have places for whole values.
pub(super) struct Template {
    template: &'static str,
    path: String,
    whole: Option<String>,
    query: &'static str,
    /// The values of places in the query.
    values: Vec<(&'static str, String)>,
}

impl Template {
    pub(super) fn new(template: &'static str) -> Self {
        let (template, query) = template.split_once('?').unwrap_or((template, ""));
        Self {
            template,
            path: template.to_owned(),
            whole: None,
            query,
            values: Vec::new(),
        }
    }

    /// Puts a value into its place.
    pub(super) fn fill(&mut self, name: &'static str, value: &str) -> Result<(), Error> {
        let places = [format!("{{{name}}}"), format!("[{name}]")];
        let is_in = |text: &str| places.iter().any(|place| text.contains(place.as_str()));
        let is_place = is_in(self.template);
        if is_in(self.query) {
            self.values.push((name, value.to_owned()));
            if !is_place {
                return Ok(());
            }
        }
        if !is_place && self.template.contains('*') {
            self.whole = Some(encode_path(name, value)?);
            return Ok(());
        }
        if matches!(value, "" | "." | "..") {
            return Err(Error::invalid_parameter(
                name,
                "travels in the path: it must not be empty, `.` or `..`",
            ));
        }
        let value = utf8_percent_encode(value, RESERVED).to_string();
        for place in &places {
            self.path = self.path.replace(place.as_str(), &value);
        }
        Ok(())
    }

    /// Returns the path, and moves the query that stood in the template to the others.
    pub(super) fn finish(self, query: &mut Vec<(String, String)>) -> Result<String, Error> {
        for pair in self.query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let value = match place(value) {
                Some(place) => {
                    let given = self.values.iter().find(|(name, _)| *name == place);
                    let (_, given) = given.ok_or_else(|| unset(place))?;
                    given.clone()
                }
                None => value.to_owned(),
            };
            query.push((name.to_owned(), value));
        }
        let path = self.whole.unwrap_or(self.path);
        let open = path
            .split('/')
            .find(|segment| segment.contains(['{', '[', '*']));
        match open {
            Some(segment) => Err(unset(segment.trim_matches(['{', '}', '[', ']']))),
            None if path.starts_with('/') => Ok(path),
            None => Ok(format!("/{path}")),
        }
    }
}

/// The name in a place.
fn place(value: &str) -> Option<&str> {
    let inside = |open, close| value.strip_prefix(open)?.strip_suffix(close);
    inside('{', '}').or_else(|| inside('[', ']'))
}

fn unset(place: &str) -> Error {
    Error::invalid_parameter(place, "is part of the path, and must be set")
}

fn encode_path(name: &'static str, path: &str) -> Result<String, Error> {
    if !path.starts_with('/') || path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Err(Error::invalid_parameter(
            name,
            "is a path: it begins with `/` and has no segment `.` or `..`",
        ));
    }
    let segments: Vec<String> = path
        .split('/')
        .map(|segment| utf8_percent_encode(segment, RESERVED).to_string())
        .collect();
    Ok(segments.join("/"))
}

/// Writes pairs as a form; a blank is `%20`, which every reader of forms takes.
pub(super) fn write_form(pairs: &[(String, String)]) -> String {
    let mut out = String::new();
    for (name, value) in pairs {
        let separator = if out.is_empty() { "" } else { "&" };
        let name = utf8_percent_encode(name, RESERVED);
        let value = utf8_percent_encode(value, RESERVED);
        // Writing to a string doesn't fail.
        let _ = write!(out, "{separator}{name}={value}");
    }
    out
}
