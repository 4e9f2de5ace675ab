//! The tables of `docs/configuration.md`.

use crate::provider_settings::{MODEL_SETTINGS, PROVIDER_SETTINGS};
use crate::setting::{Presence, Setting};
use crate::settings::{SECTIONS, settings};

/// Every setting as Markdown, section by section.
pub fn reference() -> String {
    let mut text = String::new();
    for (section, purpose) in SECTIONS {
        if section.is_empty() {
            text.push_str("### At the top of the file\n\n");
        } else {
            text.extend(["\n### `[", section, "]`\n\n", purpose, "\n\n"]);
        }
        text.push_str("| setting | default | takes | variable, flag | what it does |\n|---|---|---|---|---|\n");
        for setting in settings().filter(|setting| setting.section() == section) {
            let mut names = vec![format!("`{}`", setting.variable())];
            names.extend(setting.short_variable.map(|name| format!("`{name}`")));
            names.extend(setting.flag.map(|flag| format!("`{flag}`")));
            text.push_str(&row(setting, Some(&names.join("<br>"))));
        }
    }
    text.push_str("\n### `[[providers]]`\n\nVariables are called `MANENT_PROVIDERS__<ID>__<SETTING>`, for example `MANENT_PROVIDERS__OLLAMA__BASE_URL`.\n\n");
    text.push_str("| setting | default | takes | what it does |\n|---|---|---|---|\n");
    for setting in PROVIDER_SETTINGS {
        text.push_str(&row(setting, None));
    }
    text.push_str("\n### Entries of `models` that are tables\n\n| setting | default | takes | what it does |\n|---|---|---|---|\n");
    for setting in MODEL_SETTINGS {
        text.push_str(&row(setting, None));
    }
    text
}

fn row<T>(setting: &Setting<T>, names: Option<&str>) -> String {
    let default = match setting.presence {
        Presence::Default(value) => format!("`{value}`"),
        Presence::PlatformData => "the platform's own place".to_owned(),
        Presence::Optional(_) => "none".to_owned(),
        Presence::Required(_) => "required".to_owned(),
    };
    let cells = [
        Some(format!("`{}`", setting.name())),
        Some(default),
        Some(setting.kind.expects()),
        names.map(str::to_owned),
        Some(setting.doc.to_owned()),
    ];
    let cells: Vec<String> = cells
        .into_iter()
        .flatten()
        .map(|cell| cell.replace('|', "\\|"))
        .collect();
    format!("| {} |\n", cells.join(" | "))
}
