//! Checks the overlay's waiters against the answer, and finds the way to their fields.

use crate::error::{Error, Result};
use crate::model::{Field, Output, Ty, Type, Waiter};
use crate::names;
use crate::overlay::{self, OperationOverlay};

/// Makes the waiters of an operation.
///
/// # Errors
/// A waiter names a field that the answer lacks, or one that can't be what it is to be.
pub(super) fn waiters(
    overlay: &OperationOverlay,
    output: &Output,
    types: &[Type],
) -> Result<Vec<Waiter>> {
    let make = |(name, waiter): (&String, &overlay::Waiter)| {
        let in_waiter = |error: Error| error.in_file(&format!("the waiter `{name}`"));
        let answer = Answer { output, types };
        let (state, field) = answer.find(&waiter.state).map_err(in_waiter)?;
        if !matches!(field.ty, Ty::String | Ty::Choice { .. }) {
            let error = Error::input(format!("`{}` is no text", waiter.state));
            return Err(in_waiter(error));
        }
        let missing = match &waiter.missing {
            None => Vec::new(),
            Some(way) => {
                let (names, field) = answer.find(way).map_err(in_waiter)?;
                if field.ty != Ty::List(Box::new(Ty::String)) {
                    let error = Error::input(format!("`{way}` is no list of texts"));
                    return Err(in_waiter(error));
                }
                names
            }
        };
        if waiter.success.is_empty() {
            return Err(in_waiter(Error::input("`success` is empty")));
        }
        Ok(Waiter {
            constant: format!("UNTIL_{}", names::screaming(name)),
            doc: waiter.doc.lines().map(str::to_owned).collect(),
            state,
            missing,
            success: waiter.success.clone(),
            failure: waiter.failure.clone(),
            waits: waiter.first_wait.zip(waiter.longest_wait),
            deadline: waiter.deadline,
        })
    };
    overlay.waiters.iter().map(make).collect()
}

struct Answer<'a> {
    output: &'a Output,
    types: &'a [Type],
}

impl Answer<'_> {
    /// Follows a way on the wire, `JobList.Job.State`. The way in Rust's structs lacks the names that wrap lists.
    fn find(&self, way: &str) -> Result<(Vec<String>, &Field)> {
        let missing = || Error::input(format!("`{way}` is no field of the answer"));
        let Output::Struct(root) = self.output else {
            return Err(missing());
        };
        let mut fields = root.fields.as_slice();
        let mut names = Vec::new();
        let mut segments = way.split('.').peekable();
        while let Some(segment) = segments.next() {
            let field = fields
                .iter()
                .find(|field| field.wire == segment)
                .ok_or_else(missing)?;
            names.push(segment.to_owned());
            if let (Some(wrapper), Some(_)) = (&field.wrapper, segments.peek()) {
                segments
                    .next_if(|next| next == wrapper)
                    .ok_or_else(missing)?;
            }
            if segments.peek().is_none() {
                return Ok((names, field));
            }
            fields = self.fields_of(&field.ty).ok_or_else(missing)?;
        }
        Err(missing())
    }

    fn fields_of(&self, ty: &Ty) -> Option<&[Field]> {
        match ty {
            Ty::List(item) => self.fields_of(item),
            Ty::Local(name) => self.types.iter().find_map(|it| match it {
                Type::Struct(it) if it.name == *name => Some(it.fields.as_slice()),
                _ => None,
            }),
            _ => None,
        }
    }
}
