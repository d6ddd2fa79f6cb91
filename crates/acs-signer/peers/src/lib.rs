//! The rows of the table: one signer on one scheme each, all on one request.

#![forbid(unsafe_code)]

pub mod fixture;
mod rows;

/// A signer on a scheme, or the scheme's floor.
pub struct Row {
    pub scheme: &'static str,
    pub signer: &'static str,
    pub kind: Kind,
    /// What one call does less or more than ours: unsorted parameters in, checked; what a request needs out.
    pub note: &'static str,
    /// Signs once; what it returns keeps the work alive.
    pub sign: Box<dyn FnMut() -> usize>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The hashes and the HMAC alone.
    Floor,
    Ours,
    Peer,
}

/// All rows, in the order of the table.
pub fn rows() -> Vec<Row> {
    let mut rows = rows::ours::rows();
    #[cfg(feature = "http-stacks")]
    rows.extend(rows::rpc_v1::rows());
    rows.extend(rows::oss::rows());
    rows.extend(rows::others::rows());
    // The schemes in the order of ours, and each scheme's rows together.
    let mut schemes: Vec<&str> = rows.iter().map(|row| row.scheme).collect();
    schemes.dedup();
    rows.sort_by_key(|row| schemes.iter().position(|scheme| *scheme == row.scheme));
    rows
}

impl Row {
    fn peer(
        scheme: &'static str,
        signer: &'static str,
        note: &'static str,
        sign: impl FnMut() -> usize + 'static,
    ) -> Self {
        Self {
            scheme,
            signer,
            kind: Kind::Peer,
            note,
            sign: Box::new(sign),
        }
    }
}
