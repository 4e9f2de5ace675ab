//! Where lines come from: a line editor on a terminal, or a pipe. A thread waits for them, so that nothing else has to.
//!
//! Invariant: what was entered on a terminal comes out, in order. The editor is there all the time, and the terminal never turns keys into
//! anything else in between: it would throw them away when one of them is Ctrl-C.

use std::io::{BufRead, IsTerminal, Read};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, mpsc as blocking};
use std::thread;

use rustyline::error::ReadlineError;
use rustyline::history::MemHistory;
use rustyline::{Config, Editor};
use tokio::sync::mpsc;

use super::commands::{self, Order};
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

/// The lines, in the order in which they were entered.
pub(super) struct Lines {
    /// Of a pipe: a line is read when it is asked for, so that none is taken that nobody wants.
    wishes: Option<blocking::Sender<()>>,
    read: mpsc::UnboundedReceiver<Line>,
    is_asked: bool,
}

/// A terminal with a line editor.
pub(super) struct Terminal {
    /// Absent: the person left the editor.
    pub(super) printer: Option<Printer>,
    /// How many lines were entered so far: each moves what is shown up by a row.
    pub(super) entered: Arc<AtomicUsize>,
}

impl Lines {
    /// Begins to read standard input. There is a terminal when that is one, and so is the output.
    pub(super) fn start(guard: &TerminalGuard) -> Result<(Self, Option<Terminal>), String> {
        let is_terminal = std::io::stdin().is_terminal() && std::io::stdout().is_terminal();
        let editor = if is_terminal { editor()? } else { None };
        let (sender, read_lines) = mpsc::unbounded_channel();
        let Some((mut editor, printer)) = editor else {
            let (wishes, asked) = blocking::channel();
            thread::spawn(move || read(&asked, &sender));
            let lines = Self {
                wishes: Some(wishes),
                read: read_lines,
                is_asked: false,
            };
            return Ok((lines, None));
        };
        guard.take_keys_as_they_are();
        let entered = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&entered);
        thread::spawn(move || edit(&mut editor, &counted, &sender));
        let lines = Self {
            wishes: None,
            read: read_lines,
            is_asked: false,
        };
        Ok((
            lines,
            Some(Terminal {
                printer: Some(printer),
                entered,
            }),
        ))
    }

    /// Waits for the next line. Being dropped while it waits loses nothing.
    pub(super) async fn next(&mut self) -> Line {
        if let Some(wishes) = self.wishes.as_ref().filter(|_| !self.is_asked) {
            self.is_asked = true;
            // Fails only after the end.
            let _ = wishes.send(());
        }
        let line = self.read.recv().await;
        self.is_asked = false;
        line.unwrap_or(Line::End)
    }
}

type LineEditor = Editor<(), MemHistory>;

/// Absent: this terminal is too simple for one, and its lines are read as those of a pipe.
fn editor() -> Result<Option<(LineEditor, Printer)>, String> {
    let config = Config::builder().auto_add_history(true).build();
    let mut editor: LineEditor =
        Editor::with_history(config, MemHistory::new()).map_err(|error| error.to_string())?;
    let Ok(printer) = editor.create_external_printer() else {
        return Ok(None);
    };
    Ok(Some((editor, Box::new(printer))))
}

/// Edits one line after the other, whatever else happens: what is entered is never waited with, and what is typed stays where it is.
fn edit(editor: &mut LineEditor, entered: &AtomicUsize, lines: &mpsc::UnboundedSender<Line>) {
    loop {
        let line = match editor.readline("> ") {
            Ok(text) => Line::Text(text),
            Err(ReadlineError::Interrupted) => Line::Interrupted,
            Err(_) => Line::End,
        };
        entered.fetch_add(1, Ordering::SeqCst);
        let is_last = match &line {
            Line::Text(text) => commands::read(text) == Order::Quit,
            Line::Interrupted => false,
            Line::End => true,
        };
        if lines.send(line).is_err() || is_last {
            return;
        }
    }
}

fn read(asked: &blocking::Receiver<()>, lines: &mpsc::UnboundedSender<Line>) {
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
        if lines.send(line).is_err() {
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

    /// Keys are read one by one, and none of them does anything by itself.
    fn take_keys_as_they_are(&self) {
        #[cfg(unix)]
        if let Some(settings) = &self.0 {
            use rustix::termios::{InputModes, LocalModes, OptionalActions, tcsetattr};
            let mut quiet = settings.clone();
            quiet.local_modes -= LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG;
            quiet.input_modes -= InputModes::ICRNL;
            // A terminal that cannot do this is used as it is.
            let _ = tcsetattr(std::io::stdin(), OptionalActions::Now, &quiet);
        }
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
