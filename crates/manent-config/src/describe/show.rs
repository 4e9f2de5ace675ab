//! `manent config show`.

use std::fmt::Write;

use crate::loaded::{Entry, Loaded};
use crate::settings::SECTIONS;

/// Origins stand in a column where lines are shorter than this.
const COLUMN: usize = 44;

impl Loaded {
    /// The effective configuration as TOML, each value with where it came from. Secrets are masked.
    pub fn show(&self) -> String {
        let mut text = String::new();
        for (section, _) in SECTIONS {
            let inside: Vec<&Entry> = self
                .entries
                .iter()
                .filter(|entry| entry.section() == section)
                .collect();
            if inside.is_empty() {
                continue;
            }
            if !section.is_empty() {
                text.extend(["\n[", section, "]\n"]);
            }
            for entry in inside {
                write_line(&mut text, entry);
            }
        }
        for provider in &self.provider_entries {
            text.push_str("\n[[providers]]\n");
            for entry in provider {
                write_line(&mut text, entry);
            }
        }
        if self.config.is_demo() {
            text.push_str("\n# No provider is configured: the built-in demonstration answers.\n");
        }
        text
    }
}

impl Entry {
    fn section(&self) -> &str {
        self.key.rsplit_once('.').map_or("", |(section, _)| section)
    }

    fn name(&self) -> &str {
        self.key
            .rsplit_once('.')
            .map_or(&self.key, |(_, name)| name)
    }
}

fn write_line(text: &mut String, entry: &Entry) {
    let assignment = format!("{} = {}", entry.name(), entry.value);
    // Writing to a string cannot fail.
    let _ = writeln!(text, "{assignment:COLUMN$}  # {}", entry.origin);
}
