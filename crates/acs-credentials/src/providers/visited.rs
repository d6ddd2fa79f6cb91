//! Profiles that name profiles: in no circle, and not without end.

use crate::shown;

/// The most roles that may stand on each other. Each is a call of STS for the next, and a level of the stack.
const MAX_DEPTH: usize = 16;

/// The profiles or sections on the way, from that which was asked for.
#[derive(Default)]
pub(super) struct Visited(Vec<String>);

impl Visited {
    /// Notes a profile.
    ///
    /// # Errors
    /// It is on the way already, or the way is too long. The error shows it.
    pub(super) fn enter(&mut self, name: &str) -> Result<(), String> {
        let is_circle = self.0.iter().any(|seen| seen == name);
        self.0.push(name.to_owned());
        let fault = if is_circle {
            "they name each other in a circle".to_owned()
        } else if self.0.len() > MAX_DEPTH {
            format!("more than {MAX_DEPTH} stand on each other")
        } else {
            return Ok(());
        };
        let names: Vec<_> = self.0.iter().map(|name| shown::name(name)).collect();
        Err(format!("{fault}: {}", names.join(" -> ")))
    }
}
