//! Turns a request struct into the parts of an HTTP request, after checking it.

mod check;
mod flatten;
mod path;
mod pattern;
mod xml;

use std::fmt;

use bytes::Bytes;
use http::Method;

use crate::error::Error;
use crate::model::{Field, Kind, Model, Place, Style, View, write_wrapped};
use crate::operation::{ApiStyle, OperationInfo};

const FORM: &str = "application/x-www-form-urlencoded";
const JSON: &str = "application/json";
const OCTETS: &str = "application/octet-stream";
const XML: &str = "application/xml";

/// The parts of a request that its operation decides. Names and values are as they are, not encoded, except
/// for `path` and `body`, which are ready to be sent.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct Encoded {
    /// The method.
    pub method: Method,
    /// The path, percent-encoded; begins with `/`.
    pub path: String,
    /// The query, in no order.
    pub query: Vec<(String, String)>,
    /// Headers by their names in lower case.
    pub headers: Vec<(String, String)>,
    /// Labels that go in front of the endpoint's host, in the order of the parameters.
    pub host: Vec<String>,
    /// The body, if there is one.
    pub body: Option<EncodedBody>,
}

/// A body and its media type.
#[derive(Clone, Eq, PartialEq)]
#[non_exhaustive]
pub struct EncodedBody {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The body as it is sent.
    pub bytes: Bytes,
}

/// Shows names, never values: those may be secrets.
impl fmt::Debug for Encoded {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = |pairs: &[(String, String)]| {
            pairs
                .iter()
                .map(|(name, _)| name.clone())
                .collect::<Vec<_>>()
        };
        f.debug_struct("Encoded")
            .field("method", &self.method)
            .field("query", &names(&self.query))
            .field("headers", &names(&self.headers))
            .field("body", &self.body)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for EncodedBody {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EncodedBody")
            .field("content_type", &self.content_type)
            .field("length", &self.bytes.len())
            .finish()
    }
}

/// Checks a request and writes its parts.
///
/// # Errors
/// [`InvalidInput`](crate::ErrorKind::InvalidInput) naming the parameter that breaks a rule of the operation, or
/// that can't be written where it belongs.
pub fn encode(request: &dyn Model, info: &'static OperationInfo) -> Result<Encoded, Error> {
    check::check(request)?;
    let mut out = Encoded {
        method: info.methods.first().cloned().unwrap_or(Method::POST),
        path: String::new(),
        query: Vec::new(),
        headers: Vec::new(),
        host: Vec::new(),
        body: None,
    };
    let mut form: Vec<(String, String)> = Vec::new();
    let mut path = path::Template::new(info.path);
    let bodies = count_bodies(request);
    let mut parts = serde_json::Map::new();
    for (index, field) in request.schema().fields.iter().enumerate() {
        let view = request.get(index).view();
        if matches!(view, View::Absent) {
            continue;
        }
        match field.place {
            Place::Default => flatten::flatten(field, &view, &mut out.query)?,
            Place::Form => flatten::flatten(field, &view, &mut form)?,
            Place::Path => path.fill(field.name, &scalar(field, &view)?)?,
            Place::Header => out.headers.push(header(field, &view)?),
            Place::Host => out.host.push(host_label(field, &view)?),
            Place::Body if bodies > 1 => {
                parts.insert(field.name.to_owned(), json_value(field, &view)?);
            }
            Place::Body => out.body = Some(body(field, &view, info)?),
        }
    }
    out.path = path.finish(&mut out.query)?;
    if !parts.is_empty() {
        out.body = Some(EncodedBody {
            content_type: JSON,
            bytes: serde_json::Value::Object(parts).to_string().into(),
        });
    }
    if !form.is_empty() {
        if out.body.is_some() {
            return Err(Error::invalid_parameter(
                info.action,
                "has both a form and a body, and one request holds one of them",
            ));
        }
        out.body = Some(EncodedBody {
            content_type: FORM,
            bytes: path::write_form(&form).into(),
        });
    }
    if out.body.is_some() && info.style == ApiStyle::Rpc {
        out.method = with_body(info);
    }
    Ok(out)
}

/// A form or a body needs a method that carries one; `POST`, where the operation takes it.
fn with_body(info: &OperationInfo) -> Method {
    let carries = |method: &&Method| **method != Method::GET && **method != Method::HEAD;
    info.methods
        .iter()
        .find(carries)
        .cloned()
        .unwrap_or(Method::POST)
}

fn count_bodies(request: &dyn Model) -> usize {
    request
        .schema()
        .fields
        .iter()
        .filter(|field| field.place == Place::Body)
        .count()
}

fn body(
    field: &'static Field,
    view: &View<'_>,
    info: &'static OperationInfo,
) -> Result<EncodedBody, Error> {
    let (content_type, bytes) = match view {
        View::Bytes(bytes) => (OCTETS, (*bytes).clone()),
        View::Text(text) => (
            if field.kind == Kind::String && info.style == ApiStyle::Rpc {
                OCTETS
            } else {
                JSON
            },
            Bytes::from(text.clone().into_owned()),
        ),
        view if field.style == Style::Xml => (XML, xml::write(field, view)?.into()),
        view => (
            JSON,
            write_wrapped(field, view)
                .map_err(|error| unwritable(field, &error))?
                .into(),
        ),
    };
    Ok(EncodedBody {
        content_type: info.content_type.unwrap_or(content_type),
        bytes,
    })
}

fn json_value(field: &Field, view: &View<'_>) -> Result<serde_json::Value, Error> {
    let text = write_wrapped(field, view).map_err(|error| unwritable(field, &error))?;
    serde_json::from_slice(&text).map_err(|error| unwritable(field, &error))
}

fn unwritable(field: &Field, error: &serde_json::Error) -> Error {
    Error::invalid_parameter(field.name, format!("can't be written as JSON: {error}"))
}

/// The one text of a value: a scalar's own, a list with commas, an object's JSON.
fn scalar(field: &Field, view: &View<'_>) -> Result<String, Error> {
    match view {
        View::List(list) if field.style != Style::Json => flatten::join(field, *list),
        View::Object(_) | View::Map(_) | View::List(_) | View::Json(_) => {
            let text = write_wrapped(field, view).map_err(|error| unwritable(field, &error))?;
            Ok(String::from_utf8_lossy(&text).into_owned())
        }
        view => flatten::text(field.name, view),
    }
}

fn header(field: &Field, view: &View<'_>) -> Result<(String, String), Error> {
    let value = scalar(field, view)?;
    if http::HeaderValue::from_str(&value).is_err() {
        return Err(Error::invalid_parameter(
            field.name,
            "travels in a header, which holds no control characters",
        ));
    }
    Ok((field.name.to_ascii_lowercase(), value))
}

fn host_label(field: &Field, view: &View<'_>) -> Result<String, Error> {
    let label = scalar(field, view)?;
    let is_label = !label.is_empty()
        && label.len() <= 63
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_');
    if !is_label {
        return Err(Error::invalid_parameter(
            field.name,
            "travels in the host name: 1 to 63 letters, digits and inner `-`",
        ));
    }
    Ok(label)
}
