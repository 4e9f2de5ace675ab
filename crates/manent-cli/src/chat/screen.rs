//! What is shown: answers on standard output; everything else beside them, quietly.

use std::io::{IsTerminal, Write};
use std::sync::atomic::Ordering;

use rustyline::ExternalPrinter;

use super::input::Terminal;
use super::rows::rows;
use super::words::harmless;
use crate::console;

/// Prints above the line that is being edited.
pub(super) type Printer = Box<dyn ExternalPrinter + Send>;

/// Goes to the row above, and clears it.
const ABOVE: &str = "\u{1b}[A\r\u{1b}[K";

/// Clears the line that is being edited, and ends the editor's own ways.
const BELOW_EDITOR: &str = "\r\u{1b}[J\u{1b}[?2004l";

/// Where the terminal does not say how wide it is.
const USUAL_COLUMNS: usize = 80;

/// Where things are shown.
pub(super) struct Screen {
    terminal: Option<Terminal>,
    is_output_terminal: bool,
    has_colours: bool,
    /// The answer that is being shown has not ended its line.
    is_inside_line: bool,
    growing: Option<GrowingRow>,
}

/// The last row of the answer that is being shown, right above the line that is being edited.
struct GrowingRow {
    text: String,
    columns: usize,
    /// How many lines were entered before: each one ends the row.
    entered: usize,
}

impl Screen {
    pub(super) fn new(terminal: Option<Terminal>) -> Self {
        let is_output_terminal = std::io::stdout().is_terminal();
        let is_plain = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
            || std::env::var_os("TERM").is_none_or(|value| value == "dumb");
        Self {
            terminal,
            is_output_terminal,
            has_colours: is_output_terminal && !is_plain,
            is_inside_line: false,
            growing: None,
        }
    }

    /// Whether a person sits before it.
    pub(super) fn is_interactive(&self) -> bool {
        self.terminal.is_some()
    }

    /// More of an answer.
    pub(super) fn answer(&mut self, text: &str) {
        if self.is_interactive() {
            self.grow(&harmless(text));
            return;
        }
        self.is_inside_line = !text.ends_with('\n');
        if self.is_output_terminal {
            console::print(&harmless(text));
        } else {
            console::print(text);
        }
    }

    /// Shows more of an answer above the line that is being edited: its last row is shown again with what has come.
    fn grow(&mut self, text: &str) {
        let columns = columns();
        let entered = self.entered();
        let row = self.growing.take();
        let row = row.filter(|row| row.columns == columns && row.entered == entered);
        let (mut shown, text) = match row {
            Some(row) => (ABOVE.to_owned(), row.text + text),
            None => (String::new(), text.to_owned()),
        };
        let mut rows = rows(&text, columns);
        let last = rows.pop().filter(|row| !row.is_empty());
        for row in rows.iter().chain(&last) {
            shown.push_str(row);
            shown.push('\n');
        }
        self.growing = last.map(|text| GrowingRow {
            text,
            columns,
            entered,
        });
        if !shown.is_empty() {
            self.above(shown);
        }
    }

    fn entered(&self) -> usize {
        let terminal = self.terminal.as_ref();
        terminal.map_or(0, |terminal| terminal.entered.load(Ordering::SeqCst))
    }

    /// The person leaves: what is shown from now on stands below the line that was edited last.
    pub(super) fn leave_editor(&mut self) {
        if let Some(terminal) = &mut self.terminal {
            terminal.printer = None;
            console::print(BELOW_EDITOR);
        }
        self.growing = None;
    }

    /// The answer's end.
    pub(super) fn end_line(&mut self) {
        self.growing = None;
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
        let printer = self.terminal.as_mut();
        match printer.and_then(|terminal| terminal.printer.as_mut()) {
            Some(printer) => {
                // A terminal that has gone away reads nothing.
                let _ = printer.print(text);
            }
            None => console::print(&text),
        }
    }
}

/// One less than the terminal has: what stands in the last one may already have moved the cursor on.
fn columns() -> usize {
    #[cfg(unix)]
    let columns = rustix::termios::tcgetwinsize(std::io::stdout())
        .ok()
        .map(|size| usize::from(size.ws_col));
    #[cfg(not(unix))]
    let columns = None;
    columns
        .filter(|columns| *columns > 1)
        .unwrap_or(USUAL_COLUMNS)
        - 1
}

fn complain(text: &str) {
    let mut output = std::io::stderr().lock();
    // A reader who has gone away is no reason to fail.
    let _ = output.write_all(text.as_bytes());
}
