//! `manent config sample`: every setting, commented out, with its default or an example.

use crate::provider_settings::PROVIDER_SETTINGS;
use crate::setting::parse::quoted;
use crate::setting::{Kind, Presence, Setting};
use crate::settings::{SECTIONS, settings};

const WIDTH: usize = 100;

const HEAD: &str = "\
# The configuration of Manent.
#
# Everything has a default: an empty file, or none, is fine. Lines without a blank after their # are
# settings; remove the # to change one. Later layers win: defaults, this file, variables, flags.
# The file is looked for as ./manent.toml, then in the platform's own place (`manent config path`).
# `manent config check` explains what is wrong, `manent config show` what holds and why.
";

const PROVIDERS: &str = "\
# Who answers. Each provider begins with [[providers]]; the first one is the default. With
# ANTHROPIC_API_KEY or OPENAI_API_KEY set, nothing needs to stand here.
";

const MORE_PROVIDERS: &str = "\
# Any server that speaks OpenAI's Chat Completions, here Ollama on this machine:
#[[providers]]
#id = \"ollama\"
#kind = \"openai\"
#base_url = \"http://127.0.0.1:11434/v1\"

# Several models of several makers behind one key:
#[[providers]]
#id = \"openrouter\"
#kind = \"openai\"
#base_url = \"https://openrouter.ai/api/v1\"
#api_key_env = \"OPENROUTER_API_KEY\"
#models = [\"anthropic/claude-sonnet-5.5\", \"openai/gpt-5.6\"]

# Answers from a rules file, for demonstrations and tests:
#[[providers]]
#id = \"rehearsal\"
#kind = \"scripted\"
#rules = \"rules.toml\"
";

/// A commented file with every setting.
pub fn sample() -> String {
    let mut text = HEAD.to_owned();
    for (section, purpose) in SECTIONS {
        if !section.is_empty() {
            text.push('\n');
            comment(&mut text, purpose);
            text.extend(["[", section, "]\n"]);
        }
        for setting in settings().filter(|setting| setting.section() == section) {
            text.push('\n');
            describe(&mut text, setting);
        }
    }
    text.push('\n');
    text.push_str(PROVIDERS);
    text.push_str("#[[providers]]\n");
    for setting in PROVIDER_SETTINGS {
        text.push('\n');
        describe(&mut text, setting);
    }
    text.push('\n');
    text.push_str(MORE_PROVIDERS);
    text
}

fn describe<T>(text: &mut String, setting: &Setting<T>) {
    comment(text, setting.doc);
    if let Kind::Whole { .. } | Kind::Dollars { .. } | Kind::Duration { .. } = setting.kind {
        comment(text, &format!("Takes {}.", setting.kind.expects()));
    }
    let value = match setting.presence {
        Presence::Default(value) | Presence::Optional(value) | Presence::Required(value) => value,
        Presence::PlatformData => "/var/lib/manent",
    };
    match setting.presence {
        Presence::Default(_) => {}
        Presence::PlatformData => comment(
            text,
            "Default: the platform's own place (~/.local/share/manent on Linux). An example:",
        ),
        Presence::Optional(_) => comment(text, "No default. An example:"),
        Presence::Required(_) => comment(text, "Required. An example:"),
    }
    let value = if setting.kind.is_text() {
        quoted(value)
    } else {
        value.to_owned()
    };
    text.extend(["#", setting.name(), " = ", &value, "\n"]);
}

/// Adds prose as comments, broken into lines.
fn comment(text: &mut String, prose: &str) {
    let mut line = "#".to_owned();
    for word in prose.split(' ') {
        if line.len() + 1 + word.len() > WIDTH {
            text.push_str(&line);
            text.push('\n');
            line.truncate(1);
        }
        line.push(' ');
        line.push_str(word);
    }
    text.push_str(&line);
    text.push('\n');
}
