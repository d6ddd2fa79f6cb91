//! The XML that OSS speaks: errors, results, and the list of parts at the end of an upload.

use std::fmt::Write as _;

use quick_xml::escape::{escape, unescape};
use quick_xml::events::Event;
use quick_xml::reader::Reader;
use serde_json::Value;

use crate::error::ServiceError;

const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";

/// Writes an `Error` document.
pub(crate) fn error(error: &ServiceError, request_id: &str, host_id: &str) -> String {
    let mut children = Element::new()
        .text("Code", &error.code)
        .text("Message", &error.message)
        .text("RequestId", request_id)
        .text("HostId", host_id);
    for (name, value) in error.details.iter() {
        children = match value {
            Value::String(text) => children.text(name, text),
            other => children.text(name, &other.to_string()),
        };
    }
    children.document("Error")
}

/// The children of an element, in order.
#[derive(Default)]
pub(crate) struct Element(String);

impl Element {
    pub(crate) fn new() -> Self {
        Self::default()
    }

    pub(crate) fn text(mut self, name: &str, value: &str) -> Self {
        // Writing to a String can't fail.
        let _ = write!(self.0, "<{name}>{}</{name}>", escape(value));
        self
    }

    pub(crate) fn child(mut self, name: &str, children: &Self) -> Self {
        let _ = write!(self.0, "<{name}>{}</{name}>", children.0);
        self
    }

    pub(crate) fn document(self, root: &str) -> String {
        format!("{DECLARATION}<{root}>{}</{root}>", self.0)
    }
}

/// Reads a `CompleteMultipartUpload` document: part numbers and ETags without quotes, in the
/// order in which they stand. `None` is OSS's `MalformedXML`.
pub(crate) fn completed_parts(text: &str) -> Option<Vec<(u16, String)>> {
    let mut reader = Reader::from_str(text);
    let mut path: Vec<String> = Vec::new();
    let (mut number, mut etag) = (String::new(), String::new());
    let mut parts = Vec::new();
    loop {
        let text = match reader.read_event().ok()? {
            Event::Start(start) => {
                path.push(start.name().as_ref().to_owned());
                continue;
            }
            Event::End(_) => {
                if at(&path, &["CompleteMultipartUpload", "Part"]) {
                    let tag = etag.trim().trim_matches('"');
                    if tag.is_empty() {
                        return None;
                    }
                    parts.push((number.trim().parse().ok()?, tag.to_owned()));
                    number.clear();
                    etag.clear();
                }
                path.pop();
                continue;
            }
            Event::Text(text) => text.xml10_content().into_owned(),
            Event::CData(text) => text.xml10_content().into_owned(),
            Event::GeneralRef(name) => {
                let reference = format!("&{};", name.xml10_content());
                unescape(&reference).ok()?.into_owned()
            }
            Event::Eof => break,
            Event::DocType(_) => return None,
            Event::Empty(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => continue,
        };
        match path.as_slice() {
            [root, part, name] if root == "CompleteMultipartUpload" && part == "Part" => {
                match name.as_str() {
                    "PartNumber" => number.push_str(&text),
                    "ETag" => etag.push_str(&text),
                    _ => {}
                }
            }
            _ => {}
        }
    }
    (path.is_empty() && !parts.is_empty()).then_some(parts)
}

fn at(path: &[String], names: &[&str]) -> bool {
    path.iter().map(String::as_str).eq(names.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn etags_are_read_with_quotes_entities_or_neither() {
        for etag in [
            "AB",
            "\"AB\"",
            "&quot;AB&quot;",
            "&#34;AB&#x22;",
            "<![CDATA[\"AB\"]]>",
        ] {
            let text = format!(
                "<?xml version=\"1.0\"?>\n<CompleteMultipartUpload>\n <Part>\n\
                 <PartNumber> 7 </PartNumber><ETag>{etag}</ETag></Part></CompleteMultipartUpload>"
            );
            assert_eq!(
                completed_parts(&text),
                Some(vec![(7, "AB".to_owned())]),
                "{etag}"
            );
        }
    }

    #[test]
    fn a_list_that_is_not_whole_is_malformed() {
        let part = |inner: &str| {
            format!("<CompleteMultipartUpload><Part>{inner}</Part></CompleteMultipartUpload>")
        };
        for text in [
            String::new(),
            "not xml".to_owned(),
            "<CompleteMultipartUpload></CompleteMultipartUpload>".to_owned(),
            "<CompleteMultipartUpload><Part>".to_owned(),
            part("<PartNumber>1</PartNumber>"),
            part("<PartNumber>1</PartNumber><ETag></ETag>"),
            part("<PartNumber>x</PartNumber><ETag>a</ETag>"),
            part("<ETag>a</ETag>"),
        ] {
            assert_eq!(completed_parts(&text), None, "{text}");
        }
    }

    #[test]
    fn an_error_document_escapes_what_the_client_sent() {
        let refusal = ServiceError::bad_request("X", "<&>").with("StringToSign", "PUT\n<");
        assert_eq!(
            error(&refusal, "R", "h"),
            "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<Error><Code>X</Code>\
             <Message>&lt;&amp;&gt;</Message><RequestId>R</RequestId><HostId>h</HostId>\
             <StringToSign>PUT\n&lt;</StringToSign></Error>"
        );
    }
}
