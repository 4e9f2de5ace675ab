//! The configuration.

use manent_config::Loaded;

use super::check::Check;

const NAME: &str = "configuration";

pub(super) fn check(loaded: &Loaded) -> Check {
    let mistakes: Vec<String> = loaded.mistakes().map(ToString::to_string).collect();
    if !mistakes.is_empty() {
        return Check::problem(
            NAME,
            mistakes.join("\n"),
            Some(
                "correct them; nothing else can be looked at before. `manent config check` explains each",
            ),
        );
    }
    let warnings: Vec<String> = loaded.warnings().map(ToString::to_string).collect();
    if !warnings.is_empty() {
        return Check::warning(NAME, warnings.join("\n"), "see `manent config check`");
    }
    match &loaded.file {
        Some(file) => Check::ok(NAME, file.display().to_string()),
        None => Check::ok(NAME, "no file"),
    }
}
