//! Where lines come from: a line editor on a terminal, or a pipe. A thread waits for them, so that nothing else has to.

use std::io::{BufRead, IsTerminal, Read};
use std::sync::mpsc as blocking;
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};
use tokio::sync::mpsc;

use super::screen::Printer;

/// So much is read of a line from a pipe, in bytes; a message may have 256 KB of text, so a longer one is refused as it is.
const MOST_BYTES: u64 = 4 * 1024 * 1024;

/// What came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Line {
    Text(String),
    /// Ctrl-C on the line editor.
    Interrupted,
    /// Nothing more comes.
    End,
}

/// Gives a line when it is asked for one.
pub(super) struct Lines {
    wishes: blocking::Sender<()>,
    read: mpsc::Receiver<Line>,
    is_asked: bool,
}

impl Lines {
    /// Begins to read standard input. The printer is there when that is a terminal.
    pub(super) fn start() -> Result<(Self, Option<Printer>), String> {
        let (wishes, asked) = blocking::channel();
        let (sender, read_lines) = mpsc::channel(1);
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let mut printer: Option<Printer> = None;
        if is_terminal {
            let config = Config::builder().auto_add_history(true).build();
            let mut editor: Editor<(), MemHistory> =
                Editor::with_history(config, MemHistory::new())
                    .map_err(|error| error.to_string())?;
            let above = editor
                .create_external_printer()
                .map_err(|error| error.to_string())?;
            printer = Some(Box::new(above));
            thread::spawn(move || edit(&mut editor, &asked, &sender));
        } else {
            thread::spawn(move || read(&asked, &sender));
        }
        let lines = Self {
            wishes,
            read: read_lines,
            is_asked: false,
        };
        Ok((lines, printer))
    }

    /// Waits for the next line. Being dropped while it waits loses nothing.
    pub(super) async fn next(&mut self) -> Line {
        if !self.is_asked {
            self.is_asked = true;
            // Fails only after the end.
            let _ = self.wishes.send(());
        }
        let line = self.read.recv().await;
        self.is_asked = false;
        line.unwrap_or(Line::End)
    }
}

fn edit(
    editor: &mut Editor<(), MemHistory>,
    asked: &blocking::Receiver<()>,
    lines: &mpsc::Sender<Line>,
) {
    while asked.recv().is_ok() {
        let line = match editor.readline("> ") {
            Ok(text) => Line::Text(text),
            Err(ReadlineError::Interrupted) => Line::Interrupted,
            Err(_) => Line::End,
        };
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

fn read(asked: &blocking::Receiver<()>, lines: &mpsc::Sender<Line>) {
    let mut input = std::io::stdin().lock();
    while asked.recv().is_ok() {
        let mut bytes = Vec::new();
        let line = match input
            .by_ref()
            .take(MOST_BYTES)
            .read_until(b'\n', &mut bytes)
        {
            Ok(0) | Err(_) => Line::End,
            Ok(_) => {
                if bytes.last() != Some(&b'\n') {
                    // What is left of a line that is too long is no line of its own. An error comes again with the next one.
                    let _ = input.skip_until(b'\n');
                }
                Line::Text(String::from_utf8_lossy(&bytes).into_owned())
            }
        };
        if lines.blocking_send(line).is_err() {
            return;
        }
    }
}

/// Puts the terminal back as it was, however the program ends: the line editor may be in the middle of a line.
pub(super) struct TerminalGuard(#[cfg(unix)] Option<rustix::termios::Termios>);

impl TerminalGuard {
    pub(super) fn new() -> Self {
        #[cfg(unix)]
        return Self(rustix::termios::tcgetattr(std::io::stdin()).ok());
        #[cfg(not(unix))]
        Self()
    }
}

impl Drop for TerminalGuard {
    fn drop(&mut self) {
        #[cfg(unix)]
        if let Some(settings) = &self.0 {
            use rustix::termios::{OptionalActions, tcsetattr};
            // A terminal that has gone away needs no settings.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, settings);
        }
    }
}
