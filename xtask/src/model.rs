//! What is generated: the document and the overlay brought together under Rust names.

use crate::overlay::Paging;

#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) product: String,
    pub(crate) version: String,
    pub(crate) type_name: String,
    pub(crate) title: String,
    pub(crate) operations: Vec<Operation>,
    /// Types that several operations share, by module.
    pub(crate) components: Vec<(String, Vec<Type>)>,
    pub(crate) endpoints: Vec<(String, String, Option<String>)>,
    pub(crate) global: Option<String>,
    /// Constant and code.
    pub(crate) error_codes: Vec<(String, String)>,
    /// What can't be expressed, by name.
    pub(crate) unsupported: Vec<String>,
}

#[derive(Debug)]
pub(crate) struct Operation {
    pub(crate) action: String,
    pub(crate) module: String,
    pub(crate) name: String,
    pub(crate) is_rpc: bool,
    pub(crate) methods: Vec<String>,
    pub(crate) path: Option<String>,
    pub(crate) security: Security,
    pub(crate) is_idempotent: bool,
    pub(crate) duplicate_guard: Option<String>,
    pub(crate) is_secret: bool,
    pub(crate) is_deprecated: bool,
    pub(crate) content_type: Option<String>,
    pub(crate) doc: Vec<String>,
    pub(crate) error_codes: Vec<(String, String)>,
    pub(crate) request: Struct,
    pub(crate) output: Output,
    pub(crate) types: Vec<Type>,
    pub(crate) paging: Option<Pages>,
    pub(crate) waiters: Vec<Waiter>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Security {
    AccessKey,
    Anonymous,
    BearerToken,
}

#[derive(Debug)]
pub(crate) enum Output {
    Struct(Struct),
    Other(Ty),
}

#[derive(Debug)]
pub(crate) enum Type {
    Struct(Struct),
    Enum(Enum),
}

#[derive(Debug)]
pub(crate) struct Struct {
    pub(crate) name: String,
    pub(crate) doc: Vec<String>,
    /// It is built by users: it has `new` and setters.
    pub(crate) is_input: bool,
    pub(crate) fields: Vec<Field>,
    /// Groups: the kind of check and its names.
    pub(crate) checks: Vec<(&'static str, Vec<String>)>,
    /// Fields that `new` takes, in its order.
    pub(crate) new: Vec<usize>,
}

/// A set of texts that the document closes, with room for others.
#[derive(Debug)]
pub(crate) struct Enum {
    pub(crate) name: String,
    pub(crate) doc: Vec<String>,
    /// Variant and text.
    pub(crate) values: Vec<(String, String)>,
}

#[derive(Debug)]
pub(crate) struct Field {
    pub(crate) wire: String,
    pub(crate) ident: String,
    pub(crate) ty: Ty,
    pub(crate) is_optional: bool,
    pub(crate) is_required: bool,
    pub(crate) is_always: bool,
    pub(crate) is_secret: bool,
    pub(crate) is_deprecated: bool,
    pub(crate) wrapper: Option<String>,
    pub(crate) place: Place,
    pub(crate) style: Style,
    pub(crate) aliases: Vec<String>,
    /// Written as code of `acs_core::model::Rule`.
    pub(crate) rules: Vec<String>,
    pub(crate) doc: Vec<String>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Place {
    Default,
    Form,
    Body,
    Path,
    Header,
    Host,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Style {
    Flat,
    Json,
    Comma,
    Xml,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Ty {
    Unit,
    String,
    Integer32,
    Integer,
    Float,
    Boolean,
    Json,
    Bytes,
    Timestamp,
    CommaList,
    PercentEncoded,
    /// JSON in a text, or the text itself.
    JsonText(Box<Self>),
    List(Box<Self>),
    Map(Box<Self>),
    /// A type of the same module.
    Local(String),
    /// A type that operations share.
    Shared(String),
    /// A set of texts, of the same module or shared.
    Choice {
        name: String,
        is_shared: bool,
    },
    /// The same, behind a pointer, since it holds itself.
    Boxed(Box<Self>),
    /// The same in a ring of so many that the compiler must be kept from going around it.
    Linked(Box<Self>),
}

/// A constant that says how to wait for what the answer tells of.
#[derive(Debug)]
pub(crate) struct Waiter {
    pub(crate) constant: String,
    pub(crate) doc: Vec<String>,
    pub(crate) state: Vec<String>,
    pub(crate) missing: Vec<String>,
    pub(crate) success: Vec<String>,
    pub(crate) failure: Vec<String>,
    /// Seconds: the first and the longest.
    pub(crate) waits: Option<(u64, u64)>,
    /// Seconds.
    pub(crate) deadline: Option<u64>,
}

/// How the next page is asked for, in Rust names.
#[derive(Debug)]
pub(crate) struct Pages {
    pub(crate) rule: PageRule,
    pub(crate) items: String,
    pub(crate) items_optional: bool,
    pub(crate) item: Ty,
}

#[derive(Debug)]
pub(crate) enum PageRule {
    /// Request's field for the page; the request's for the size; the answer's total.
    Number {
        page: PageField,
        size: Option<PageField>,
        total: Option<PageField>,
    },
    /// Request's field for the token, the answer's for the next one.
    Token { token: PageField, next: PageField },
}

#[derive(Clone, Debug)]
pub(crate) struct PageField {
    pub(crate) ident: String,
    pub(crate) ty: Ty,
    pub(crate) is_optional: bool,
}

impl Paging {
    pub(crate) fn names(&self) -> impl Iterator<Item = &String> {
        [&self.page, &self.size, &self.token].into_iter().flatten()
    }
}

impl Type {
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Struct(it) => &it.name,
            Self::Enum(it) => &it.name,
        }
    }
}
