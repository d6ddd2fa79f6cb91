use std::fmt;

/// The table of a struct's fields.
#[derive(Debug)]
#[allow(
    clippy::exhaustive_structs,
    reason = "written as a literal by `model!`"
)]
pub struct Schema {
    /// Name of the struct.
    pub name: &'static str,
    /// The fields, in the order of their indices.
    pub fields: &'static [Field],
    /// What several fields together must keep to.
    pub checks: &'static [Check],
}

/// What is known of one field. Made by the functions named after its kind, then narrowed:
/// `Field::string("Title").required()`.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Field {
    /// The name on the wire.
    pub name: &'static str,
    /// Other names that answers use for it.
    pub aliases: &'static [&'static str],
    /// The sort of value.
    pub kind: Kind,
    /// Where a request or an answer carries it.
    pub place: Place,
    /// How a list or an object is written outside a JSON body.
    pub style: Style,
    /// The one name inside an object that wraps a list: `Job` for `{"JobList": {"Job": []}}`.
    pub wrapper: Option<&'static str>,
    /// A request without it is not accepted.
    pub is_required: bool,
    /// An answer without it is an error.
    pub is_always: bool,
    /// Never shown in `Debug`.
    pub is_secret: bool,
    /// What its value must keep to.
    pub rules: &'static [Rule],
}

/// The sort of a field's value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Kind {
    /// Text.
    String,
    /// A whole number.
    Integer,
    /// A number.
    Float,
    /// A truth value.
    Boolean,
    /// A struct.
    Object,
    /// A list.
    List,
    /// A map by name.
    Map,
    /// Any JSON.
    Json,
    /// Bytes.
    Bytes,
}

/// Where a request or an answer carries a value.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Place {
    /// In the query of a request; in the JSON body of an answer, or inside another value.
    Default,
    /// In a body of the type `application/x-www-form-urlencoded`.
    Form,
    /// It is the body.
    Body,
    /// In the path.
    Path,
    /// In a header.
    Header,
    /// In front of the host name.
    Host,
}

/// How a list or an object is written outside a JSON body.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Style {
    /// `Name.1`, `Name.Key`, `Name.1.Key`: one pair for each scalar in it (`repeatList`, `flat`, none).
    Flat,
    /// One pair with a JSON text.
    Json,
    /// One pair with the items joined by commas.
    Comma,
    /// An XML document.
    Xml,
}

/// What one value must keep to before it is sent.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Rule {
    /// At least this many characters.
    MinLength(usize),
    /// At most this many characters.
    MaxLength(usize),
    /// At most this many bytes of UTF-8.
    MaxBytes(usize),
    /// Letters and digits of ASCII, and these characters.
    Characters(&'static str),
    /// Starts with this text.
    Prefix(&'static str),
    /// A file name with an extension.
    Extension,
    /// From this number to that, both included.
    Range(i64, i64),
    /// At least this number.
    Minimum(f64),
    /// At most this number.
    Maximum(f64),
    /// At least this many items; of a text, between commas.
    MinItems(usize),
    /// At most this many items; of a text, between commas.
    MaxItems(usize),
    /// Each item, between commas, has at most this many characters.
    ItemMaxLength(usize),
    /// The pattern, as its document writes it, and the pieces that a text is made of.
    Pattern(&'static str, &'static [Piece]),
}

/// Characters of a sort in a row, as `[a-z]{1,3}` in a pattern.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Piece {
    /// From one character to another, both included.
    pub ranges: &'static [(char, char)],
    /// It is all characters but these.
    pub is_negated: bool,
    /// At least so many.
    pub min: usize,
    /// At most so many.
    pub max: usize,
}

impl Piece {
    /// Describes from `min` to `max` characters in these ranges.
    pub const fn new(ranges: &'static [(char, char)], min: usize, max: usize) -> Self {
        Self {
            ranges,
            is_negated: false,
            min,
            max,
        }
    }

    /// Makes it all characters but these.
    #[must_use]
    pub const fn negated(mut self) -> Self {
        self.is_negated = true;
        self
    }

    /// Says whether a character is one of them.
    pub fn takes(&self, c: char) -> bool {
        let is_in = self
            .ranges
            .iter()
            .any(|(first, last)| (*first..=*last).contains(&c));
        is_in != self.is_negated
    }
}

/// What several fields of a request must keep to together.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Check {
    /// At least one of them is set.
    AnyOf(&'static [&'static str]),
    /// Exactly one of them is set.
    OneOf(&'static [&'static str]),
    /// All of them are set or none.
    Together(&'static [&'static str]),
}

impl Field {
    const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            aliases: &[],
            kind,
            place: Place::Default,
            style: Style::Flat,
            wrapper: None,
            is_required: false,
            is_always: false,
            is_secret: false,
            rules: &[],
        }
    }

    /// Describes a text.
    pub const fn string(name: &'static str) -> Self {
        Self::new(name, Kind::String)
    }

    /// Describes a whole number.
    pub const fn integer(name: &'static str) -> Self {
        Self::new(name, Kind::Integer)
    }

    /// Describes a number.
    pub const fn float(name: &'static str) -> Self {
        Self::new(name, Kind::Float)
    }

    /// Describes a truth value.
    pub const fn boolean(name: &'static str) -> Self {
        Self::new(name, Kind::Boolean)
    }

    /// Describes a struct.
    pub const fn object(name: &'static str) -> Self {
        Self::new(name, Kind::Object)
    }

    /// Describes a list.
    pub const fn list(name: &'static str) -> Self {
        Self::new(name, Kind::List)
    }

    /// Describes a map by name.
    pub const fn map(name: &'static str) -> Self {
        Self::new(name, Kind::Map)
    }

    /// Describes any JSON.
    pub const fn json(name: &'static str) -> Self {
        Self::new(name, Kind::Json)
    }

    /// Describes bytes.
    pub const fn bytes(name: &'static str) -> Self {
        Self::new(name, Kind::Bytes)
    }

    /// Marks it as required in a request.
    pub const fn required(mut self) -> Self {
        self.is_required = true;
        self
    }

    /// Marks it as sent in every answer.
    pub const fn always(mut self) -> Self {
        self.is_always = true;
        self
    }

    /// Marks it as secret.
    pub const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Adds other names that answers use.
    pub const fn aliases(mut self, aliases: &'static [&'static str]) -> Self {
        self.aliases = aliases;
        self
    }

    /// Says that the list is wrapped in an object under this one name.
    pub const fn wrapped_in(mut self, name: &'static str) -> Self {
        self.wrapper = Some(name);
        self
    }

    /// Says where a request or an answer carries it.
    pub const fn place(mut self, place: Place) -> Self {
        self.place = place;
        self
    }

    /// Puts it into the form.
    pub const fn in_form(self) -> Self {
        self.place(Place::Form)
    }

    /// Makes it the body.
    pub const fn in_body(self) -> Self {
        self.place(Place::Body)
    }

    /// Puts it into the path.
    pub const fn in_path(self) -> Self {
        self.place(Place::Path)
    }

    /// Puts it into a header.
    pub const fn in_header(self) -> Self {
        self.place(Place::Header)
    }

    /// Puts it in front of the host name.
    pub const fn in_host(self) -> Self {
        self.place(Place::Host)
    }

    /// Writes it as one JSON text.
    pub const fn as_json(mut self) -> Self {
        self.style = Style::Json;
        self
    }

    /// Writes its items with commas between them.
    pub const fn with_commas(mut self) -> Self {
        self.style = Style::Comma;
        self
    }

    /// Writes it as XML.
    pub const fn as_xml(mut self) -> Self {
        self.style = Style::Xml;
        self
    }

    /// Adds what its value must keep to.
    pub const fn rules(mut self, rules: &'static [Rule]) -> Self {
        self.rules = rules;
        self
    }

    /// Says whether the wire uses this name for it.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.contains(&name)
    }
}

impl fmt::Debug for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Field")
            .field("name", &self.name)
            .field("kind", &self.kind)
            .field("place", &self.place)
            .field("style", &self.style)
            .finish_non_exhaustive()
    }
}
