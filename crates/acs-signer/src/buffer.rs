//! The room that signing works in.

use crate::headers::Written;
use crate::query::Slot;
use crate::text::{Checked, Text};
use std::fmt;

/// Room for the stages of a signature, reused from call to call: once grown, signing allocates nothing.
///
/// Keep one for each thread or connection. What a call returns borrows from it.
#[derive(Default)]
pub struct Buffer {
    /// The canonical request, or the canonical query.
    pub(crate) canonical: Text,
    pub(crate) to_sign: Text,
    /// The `Authorization` value, or a part of it while in work.
    pub(crate) authorization: Text,
    /// The value that has the signature in it, `Authorization` or a query, where it is put together from `str` values.
    pub(crate) signed: Checked,
    pub(crate) params: Vec<Slot>,
    pub(crate) headers: Vec<u32>,
    pub(crate) written: Written,
}

impl Buffer {
    /// Makes an empty buffer; it grows at its first use.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for Buffer {
    /// Shows no content: a security token may be in it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Buffer").finish_non_exhaustive()
    }
}
