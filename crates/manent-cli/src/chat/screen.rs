//! What is shown: answers on standard output; everything else beside them, quietly.

use std::io::{IsTerminal, Write};

use rustyline::ExternalPrinter;

use super::words::harmless;
use crate::console;

/// Prints above the line that is being edited.
pub(super) type Printer = Box<dyn ExternalPrinter + Send>;

/// Where things are shown.
pub(super) struct Screen {
    /// Of a terminal.
    printer: Option<Printer>,
    is_output_terminal: bool,
    has_colours: bool,
    /// The answer that is being shown has not ended its line.
    is_inside_line: bool,
}

impl Screen {
    pub(super) fn new(printer: Option<Printer>) -> Self {
        let is_output_terminal = std::io::stdout().is_terminal();
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_none_or(|value| value == "dumb");
        Self {
            printer,
            is_output_terminal,
            has_colours: is_output_terminal && !is_plain,
            is_inside_line: false,
        }
    }

    /// Whether a person sits before it.
    pub(super) fn is_interactive(&self) -> bool {
        self.printer.is_some()
    }

    /// More of an answer.
    pub(super) fn answer(&mut self, text: &str) {
        self.is_inside_line = !text.ends_with('\n');
        if self.is_output_terminal {
            console::print(&harmless(text));
        } else {
            console::print(text);
        }
    }

    /// The answer's end.
    pub(super) fn end_line(&mut self) {
        if std::mem::take(&mut self.is_inside_line) {
            console::print("\n");
        }
    }

    /// Something that the person asked to see.
    pub(super) fn show(&mut self, text: &str) {
        self.end_line();
        let text = format!("{}\n", harmless(text));
        if self.is_interactive() {
            self.above(text);
        } else {
            complain(&text);
        }
    }

    /// Something to be known in passing.
    pub(super) fn note(&mut self, text: &str) {
        self.end_line();
        let text = harmless(text);
        if !self.is_interactive() {
            complain(&format!("{text}\n"));
        } else if self.has_colours {
            self.above(format!("\u{1b}[2m{text}\u{1b}[0m\n"));
        } else {
            self.above(format!("{text}\n"));
        }
    }

    fn above(&mut self, text: String) {
        if let Some(printer) = &mut self.printer {
            // A terminal that has gone away reads nothing.
            let _ = printer.print(text);
        }
    }
}

fn complain(text: &str) {
    let mut output = std::io::stderr().lock();
    // A reader who has gone away is no reason to fail.
    let _ = output.write_all(text.as_bytes());
}
