//! The little XML that OSS speaks: elements with text, no attributes, few levels.

use quick_xml::Reader;
use quick_xml::escape::escape;
use quick_xml::events::Event;

/// OSS nests three levels; a body with more is none of its.
const MAX_DEPTH: usize = 16;

/// An element: its name, the text directly inside it, and its children in order.
#[derive(Debug, Default)]
pub(crate) struct Element {
    pub(crate) name: String,
    pub(crate) text: String,
    children: Vec<Self>,
}

/// The body is no XML that OSS would send.
#[derive(Debug, thiserror::Error)]
#[error("the body is no XML of OSS")]
pub(crate) struct NotXml;

impl Element {
    /// Reads a document and returns its root.
    pub(crate) fn parse(body: &[u8]) -> Result<Self, NotXml> {
        let text = std::str::from_utf8(body).map_err(|_| NotXml)?;
        let mut reader = Reader::from_str(text.trim_start_matches('\u{feff}'));
        let mut open = vec![Self::default()];
        loop {
            match reader.read_event().map_err(|_| NotXml)? {
                Event::Start(start) => {
                    if open.len() > MAX_DEPTH {
                        return Err(NotXml);
                    }
                    open.push(Self {
                        name: start.name().as_ref().to_owned(),
                        ..Self::default()
                    });
                }
                Event::Empty(empty) => {
                    let name = empty.name().as_ref().to_owned();
                    top(&mut open)?.children.push(Self {
                        name,
                        ..Self::default()
                    });
                }
                Event::End(_) => {
                    let closed = open.pop().ok_or(NotXml)?;
                    top(&mut open)?.children.push(closed);
                }
                Event::Text(text) => top(&mut open)?.text.push_str(&text.xml10_content()),
                Event::CData(data) => top(&mut open)?.text.push_str(&data.xml10_content()),
                Event::GeneralRef(reference) => {
                    let written = format!("&{};", &*reference.into_inner());
                    let text = quick_xml::escape::unescape(&written).map_err(|_| NotXml)?;
                    top(&mut open)?.text.push_str(&text);
                }
                Event::Eof => break,
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
        }
        match <[Self; 1]>::try_from(open) {
            Ok([document]) => document.children.into_iter().next().ok_or(NotXml),
            Err(_) => Err(NotXml),
        }
    }

    /// Returns the text of the first child of this name; `None` if there is no such child, or no text in it.
    pub(crate) fn child_text(&self, name: &str) -> Option<&str> {
        let child = self.children.iter().find(|child| child.name == name)?;
        let text = child.text.trim();
        (!text.is_empty()).then_some(text)
    }

    /// Returns the children of a name in order.
    pub(crate) fn children_named<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a Self> {
        self.children.iter().filter(move |child| child.name == name)
    }
}

fn top(open: &mut [Element]) -> Result<&mut Element, NotXml> {
    open.last_mut().ok_or(NotXml)
}

/// Writes the body of CompleteMultipartUpload.
pub(crate) fn complete_body<'a>(parts: impl Iterator<Item = (u32, &'a str)>) -> String {
    let mut body = String::from("<CompleteMultipartUpload>");
    for (number, etag) in parts {
        body.push_str(&format!(
            "<Part><PartNumber>{number}</PartNumber><ETag>{}</ETag></Part>",
            escape(etag)
        ));
    }
    body.push_str("</CompleteMultipartUpload>");
    body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn elements_text_and_entities_are_read() {
        let root = Element::parse(
            "\u{feff}<?xml version=\"1.0\"?><R><A> 1 &amp; 2 </A><P><N>1</N></P><P><N>&#50;</N></P><E/><C><![CDATA[<x>]]></C></R>"
                .as_bytes(),
        )
        .unwrap();
        assert_eq!(
            (root.name.as_str(), root.child_text("A")),
            ("R", Some("1 & 2"))
        );
        let numbers: Vec<_> = root
            .children_named("P")
            .map(|part| part.child_text("N"))
            .collect();
        assert_eq!(numbers, [Some("1"), Some("2")]);
        assert_eq!(
            (root.child_text("E"), root.child_text("C")),
            (None, Some("<x>"))
        );
    }

    #[test]
    fn what_is_no_xml_is_an_error_and_nothing_worse() {
        let deep = "<a>".repeat(100_000);
        for body in [
            "",
            "x",
            "<a>",
            "<a></b>",
            "</a>",
            "<a>&nope;</a>",
            "{\"Code\":\"X\"}",
            &deep,
        ] {
            assert!(
                Element::parse(body.as_bytes()).is_err(),
                "{}",
                &body[..body.len().min(20)]
            );
        }
        assert!(Element::parse(b"<a>\xff</a>").is_err());
    }

    #[test]
    fn etags_are_escaped() {
        let body = complete_body([(1, "\"AB&C\"")].into_iter());
        let root = Element::parse(body.as_bytes()).unwrap();
        let part = root.children_named("Part").next().unwrap();
        assert_eq!(part.child_text("ETag"), Some("\"AB&C\""));
    }
}
