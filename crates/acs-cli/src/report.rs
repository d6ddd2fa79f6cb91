//! What a person or a machine reads: progress on a terminal, plain lines elsewhere, JSON when asked for.

use std::io::{ErrorKind, IsTerminal as _, Write as _};
use std::sync::{Arc, OnceLock};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::Value;

use crate::failure::Failure;

/// Writes the progress of a command and its result.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    is_json: bool,
    /// Why a line could not be written, of the first such line.
    unwritten: Arc<OnceLock<String>>,
}

impl Report {
    pub(crate) fn new(is_json: bool) -> Self {
        Self {
            is_json,
            unwritten: Arc::default(),
        }
    }

    /// Writes one line about what is going on; none with `--json`.
    pub(crate) fn step(&self, text: impl AsRef<str>) {
        if !self.is_json {
            self.print_line(text.as_ref());
        }
    }

    /// Writes the result: its fields for a person, one object for a machine.
    ///
    /// It fails when this or an earlier line could not be written, on a full disk say. A reader that went away
    /// (`acs … | head -1`) is no failure of ours.
    pub(crate) fn result(&self, value: &Value) -> Result<(), Failure> {
        match self.is_json {
            true => self.print_line(&value.to_string()),
            false => self.print_fields(value),
        }
        match self.unwritten.get() {
            None => Ok(()),
            Some(reason) => Err(Failure::service(format!(
                "the output cannot be written: {reason}"
            ))),
        }
    }

    /// Writes a warning on standard error.
    #[allow(clippy::unused_self)] // a report of its own kind, like the others
    pub(crate) fn warning(&self, text: &str) {
        _ = writeln!(std::io::stderr(), "acs: warning: {text}");
    }

    /// Makes a bar of bytes on a terminal; nothing elsewhere.
    pub(crate) fn bytes_bar(&self, total: u64) -> ProgressBar {
        if self.is_json || !std::io::stderr().is_terminal() {
            return ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        }
        let style =
            ProgressStyle::with_template("  {bar:40} {bytes}/{total_bytes} {bytes_per_sec} {msg}")
                .unwrap_or_else(|_| ProgressStyle::default_bar());
        ProgressBar::new(total).with_style(style)
    }

    /// Writes why the command failed, in one line on standard error.
    pub(crate) fn failure(failure: &Failure) {
        // A closed standard error leaves nobody to tell.
        _ = writeln!(
            std::io::stderr(),
            "acs: {}",
            failure.to_string().replace(char::is_control, " ")
        );
    }

    fn print_fields(&self, value: &Value) {
        let fields: Vec<_> = value.as_object().into_iter().flatten().collect();
        let width = fields.iter().map(|(name, _)| name.len()).max().unwrap_or(0);
        for (name, value) in fields {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            self.print_line(&format!("  {name:width$}  {text}"));
        }
    }

    fn print_line(&self, text: &str) {
        let mut out = std::io::stdout();
        let written = writeln!(out, "{text}").and_then(|()| out.flush());
        if let Err(error) = written
            && error.kind() != ErrorKind::BrokenPipe
        {
            // The first reason is the one to tell.
            _ = self.unwritten.set(error.to_string());
        }
    }
}
