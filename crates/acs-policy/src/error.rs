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
            place: one_short_line(&place.into()),
            fault: fault.into(),
        }
    }

    /// Returns the element at fault, `Statement[0].Effect` say.
    pub fn place(&self) -> &str {
        &self.place
    }
}

/// A place has names of the document in it, which may be anything.
fn one_short_line(place: &str) -> String {
    const LONGEST: usize = 256;
    let is_long = place.chars().nth(LONGEST).is_some();
    place
        .chars()
        .take(LONGEST)
        .map(|c| if c.is_control() { '\u{fffd}' } else { c })
        .chain(is_long.then_some('…'))
        .collect()
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.fault)
    }
}

impl std::error::Error for PolicyError {}
