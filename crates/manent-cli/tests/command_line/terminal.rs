//! `manent chat` in a terminal of a test's own.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::Duration;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};

use crate::chat_device::command;
use crate::world::World;

/// So long a test waits for words.
const PATIENCE: Duration = Duration::from_secs(30);

/// A person before a chat. It is killed with the test.
pub(crate) struct Terminal {
    child: Child,
    keys: File,
    output: Receiver<Vec<u8>>,
    shown: String,
    /// Up to where a test has looked.
    seen: usize,
}

impl Terminal {
    pub(crate) fn start(world: &World, address: &str, arguments: &[&str]) -> Self {
        let controller = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&controller).unwrap();
        unlockpt(&controller).unwrap();
        let size = Winsize {
            ws_row: 24,
            ws_col: 80,
            ws_xpixel: 0,
            ws_ypixel: 0,
        };
        tcsetwinsize(&controller, size).unwrap();
        let name = ptsname(&controller, Vec::new()).unwrap();
        let open = || {
            let path = name.to_str().unwrap();
            let file = File::options().read(true).write(true).open(path);
            Stdio::from(file.unwrap())
        };
        let child = command(world, address, arguments)
            .env("TERM", "xterm")
            .stdin(open())
            .stdout(open())
            .stderr(open())
            .spawn()
            .unwrap();
        let mut screen = File::from(controller.try_clone().unwrap());
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut bytes = [0; 4_096];
            // Ends with an error when the other side has gone away.
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                if sender.send(bytes[..count].to_vec()).is_err() {
                    return;
                }
            }
        });
        Self {
            child,
            keys: File::from(controller),
            output,
            shown: String::new(),
            seen: 0,
        }
    }

    /// Types, and presses Enter.
    pub(crate) fn enter(&mut self, line: &str) {
        self.press(&format!("{line}\r"));
    }

    /// Presses these keys.
    pub(crate) fn press(&mut self, keys: &str) {
        self.keys.write_all(keys.as_bytes()).unwrap();
    }

    /// Waits until these words are shown, behind those that were waited for before.
    pub(crate) fn wait_for(&mut self, words: &str) {
        loop {
            if let Some(place) = self.shown[self.seen..].find(words) {
                self.seen += place + words.len();
                return;
            }
            match self.output.recv_timeout(PATIENCE) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{words:?} was not shown after {:?}", &self.shown)
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("it ended without {words:?}: {:?}", &self.shown)
                }
            }
        }
    }

    /// Everything that was shown so far.
    pub(crate) fn shown(&self) -> &str {
        &self.shown
    }

    /// Waits for its end, and gives the exit code.
    pub(crate) fn end(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    /// `kill -9`.
    pub(crate) fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
