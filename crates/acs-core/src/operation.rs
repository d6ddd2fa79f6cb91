//! What ties a request struct to its operation: one constant description, and the type of the answer.

use std::fmt;

pub use http::Method;

use crate::endpoint::{Product, ProductInfo};
use crate::model::{FieldValue, Model, Schema};

/// A request that can be sent.
///
/// Generated for every operation of a product; a crate of your own implements it in the same way.
pub trait Operation: Model + fmt::Debug {
    /// The product whose clients can send it.
    type Product: Product;

    /// What a successful answer holds.
    type Output: FieldValue + Default + fmt::Debug + 'static;

    /// The description of the operation.
    const INFO: &'static OperationInfo;
}

/// An operation whose answer is one page of many.
pub trait Paginated: Operation + Clone {
    /// What the pages are made of.
    type Item;

    /// Makes the request for the page after `output`, or nothing where that was the last.
    fn next_page(&self, output: &Self::Output) -> Option<Self>;

    /// Takes the items out of a page.
    fn into_items(output: Self::Output) -> Vec<Self::Item>;
}

/// Says which page comes after one with so many items, or nothing where that was the last.
///
/// A page with fewer items than were asked for is the last, and so is one without any. Where no size was
/// asked for, a page's own length stands for it.
pub fn next_page_number(
    page: Option<i64>,
    size: Option<i64>,
    total: Option<i64>,
    items: usize,
) -> Option<i64> {
    let page = page.unwrap_or(1);
    let items = i64::try_from(items).ok()?;
    let seen = page.checked_mul(size.unwrap_or(items))?;
    let is_short = size.is_some_and(|size| items < size);
    if items == 0 || is_short || total.is_some_and(|total| seen >= total) {
        return None;
    }
    page.checked_add(1)
}

/// The description of an operation: all that the runtime must know of it besides its fields.
#[derive(Debug)]
#[non_exhaustive]
pub struct OperationInfo {
    /// The product.
    pub product: &'static ProductInfo,
    /// The operation's own name, `GetPlayInfo` say.
    pub action: &'static str,
    /// How requests are written.
    pub style: ApiStyle,
    /// The methods it takes, that which is used first.
    pub methods: &'static [Method],
    /// The path, with `{name}` for what a parameter gives.
    pub path: &'static str,
    /// Who may call it.
    pub security: Security,
    /// The parameters.
    pub parameters: &'static Schema,
    /// It can be repeated without a second effect.
    pub is_idempotent: bool,
    /// A parameter that keeps a repeated call from a second effect, if the caller gives it.
    pub duplicate_guard: Option<&'static str>,
    /// Its answer holds secrets: neither it nor its body is to be logged.
    pub is_secret: bool,
    /// The service advises against it.
    pub is_deprecated: bool,
    /// The media type of a body that is not a form, if the document names one.
    pub content_type: Option<&'static str>,
}

/// How the requests of a product are written.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum ApiStyle {
    /// Action and version name the operation; the path is `/`.
    Rpc,
    /// Method and path name the operation.
    Roa,
}

/// Who may call an operation.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum Security {
    /// The holder of an AccessKey: requests are signed.
    AccessKey,
    /// Anyone: requests are not signed, and what they carry is the proof.
    Anonymous,
    /// The holder of a bearer token.
    BearerToken,
}

impl OperationInfo {
    /// Describes an operation of RPC style: POST, signed with an AccessKey, not to be repeated.
    pub const fn rpc(
        product: &'static ProductInfo,
        action: &'static str,
        parameters: &'static Schema,
    ) -> Self {
        Self {
            product,
            action,
            style: ApiStyle::Rpc,
            methods: &[Method::POST, Method::GET],
            path: "/",
            security: Security::AccessKey,
            parameters,
            is_idempotent: false,
            duplicate_guard: None,
            is_secret: false,
            is_deprecated: false,
            content_type: None,
        }
    }

    /// Describes an operation of ROA style by its method and path.
    pub const fn roa(
        product: &'static ProductInfo,
        action: &'static str,
        methods: &'static [Method],
        path: &'static str,
        parameters: &'static Schema,
    ) -> Self {
        Self {
            style: ApiStyle::Roa,
            methods,
            path,
            ..Self::rpc(product, action, parameters)
        }
    }

    /// Says which methods it takes, that which is used first.
    pub const fn methods(self, methods: &'static [Method]) -> Self {
        Self { methods, ..self }
    }

    /// Says that it has a path although it is of RPC style.
    pub const fn path(self, path: &'static str) -> Self {
        Self { path, ..self }
    }

    /// Says who may call it.
    pub const fn security(self, security: Security) -> Self {
        Self { security, ..self }
    }

    /// Says that it can be repeated.
    pub const fn idempotent(self) -> Self {
        Self {
            is_idempotent: true,
            ..self
        }
    }

    /// Names the parameter that keeps a repeated call from a second effect.
    pub const fn duplicate_guard(self, parameter: &'static str) -> Self {
        Self {
            duplicate_guard: Some(parameter),
            ..self
        }
    }

    /// Says that its answer holds secrets.
    pub const fn secret(self) -> Self {
        Self {
            is_secret: true,
            ..self
        }
    }

    /// Says that the service advises against it.
    pub const fn deprecated(self) -> Self {
        Self {
            is_deprecated: true,
            ..self
        }
    }

    /// Names the media type of a body that is not a form.
    pub const fn content_type(self, content_type: &'static str) -> Self {
        Self {
            content_type: Some(content_type),
            ..self
        }
    }
}
