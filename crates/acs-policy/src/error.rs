use std::fmt;

/// What is wrong with a policy document, and where.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct PolicyError {
    place: String,
    fault: String,
}

impl PolicyError {
    pub(crate) fn new(place: impl Into<String>, fault: impl Into<String>) -> Self {
        Self {
            place: place.into(),
            fault: fault.into(),
        }
    }

    /// Returns the element at fault, `Statement[0].Effect` say.
    pub fn place(&self) -> &str {
        &self.place
    }
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

impl std::error::Error for PolicyError {}
