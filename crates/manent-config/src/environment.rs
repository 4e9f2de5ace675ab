//! The layer of the environment. Every variable's name that Manent knows comes from here.

use crate::origin::Origin;
use crate::problem::Problem;
use crate::provider_settings::PROVIDER_SETTINGS;
use crate::raw::{Raw, RawValue};
use crate::settings::settings;
use crate::sources::Environment;
use crate::suggestion::closest;

/// Names the file; see [`crate::location`].
pub(crate) const CONFIG_VARIABLE: &str = "MANENT_CONFIG";

/// Begins every variable of Manent.
const PREFIX: &str = "MANENT_";

/// Begins a provider's variables: `MANENT_PROVIDERS__<ID>__<SETTING>`.
const PROVIDERS_PREFIX: &str = "MANENT_PROVIDERS__";

/// Variables of the project's own tools, which a developer's shell passes on to the server.
const TOOL_VARIABLES: [&str; 9] = [
    "MANENT_BINARY",
    "MANENT_CHROMIUM",
    "MANENT_KEY",
    "MANENT_PROOF_SCALE",
    "MANENT_PROOF_SEED",
    "MANENT_TEST_POSTGRES_BIN",
    "MANENT_TEST_POSTGRES_URL",
    "MANENT_URL",
    "MANENT_WASM_TOOLCHAIN",
];

/// What the environment says.
#[derive(Default)]
pub(crate) struct EnvironmentLayer {
    /// Known settings with their full keys.
    pub(crate) settings: Vec<(&'static str, Raw)>,
    /// Providers' settings: the id as it stands in the variable, the setting, the value.
    pub(crate) providers: Vec<(String, &'static str, Raw)>,
    pub(crate) problems: Vec<Problem>,
}

/// Takes the environment apart.
pub(crate) fn collect(environment: &Environment) -> EnvironmentLayer {
    let mut layer = EnvironmentLayer::default();
    for name in environment.unreadable() {
        if name.starts_with(PREFIX) || crate::providers::VARIABLES.contains(&name) {
            layer.complain(name, "is not UTF-8".to_owned());
        }
    }
    let ours = environment
        .names()
        .filter(|name| name.starts_with(PREFIX) && *name != CONFIG_VARIABLE);
    for name in ours {
        layer.take(name, environment);
    }
    layer
}

impl EnvironmentLayer {
    fn take(&mut self, name: &str, environment: &Environment) {
        let raw = environment.get(name).map(|value| Raw {
            value: RawValue::Word(value.to_owned()),
            origin: Origin::Environment(name.to_owned()),
        });
        let setting = settings()
            .find(|setting| setting.variable() == name || setting.short_variable == Some(name));
        if let Some(setting) = setting {
            let Some(raw) = raw else { return };
            let twin = self.settings.iter().find(|(key, _)| *key == setting.key);
            if let Some((_, twin)) = twin
                && twin.value != raw.value
            {
                let message = format!(
                    "says something else than {}; unset one of them",
                    twin.origin
                );
                self.complain(name, message);
            }
            self.settings.push((setting.key, raw));
        } else if let Some((id, key)) = split_provider(name) {
            match PROVIDER_SETTINGS
                .iter()
                .find(|setting| setting.key == key && setting.key != "id")
            {
                Some(setting) => {
                    if let Some(raw) = raw {
                        self.providers.push((id, setting.key, raw));
                    }
                }
                None => self.complain(name, unknown(name, &id)),
            }
        } else if !TOOL_VARIABLES.contains(&name) && !is_service_link(name, environment) {
            self.complain(name, unknown(name, "<ID>"));
        }
    }

    fn complain(&mut self, name: &str, message: String) {
        self.problems.push(Problem::mistake(
            Origin::Environment(name.to_owned()),
            message,
        ));
    }
}

fn unknown(name: &str, provider: &str) -> String {
    let mut candidates = vec![CONFIG_VARIABLE.to_owned()];
    for setting in settings() {
        candidates.push(setting.variable());
        candidates.extend(setting.short_variable.map(str::to_owned));
    }
    if name.starts_with(PROVIDERS_PREFIX) {
        let settings = PROVIDER_SETTINGS
            .iter()
            .skip_while(|setting| setting.key == "id");
        candidates.extend(settings.map(|setting| {
            format!(
                "{PROVIDERS_PREFIX}{provider}__{}",
                setting.key.to_uppercase()
            )
        }));
    }
    // All of them begin alike, which must not count as likeness.
    let suffixes = candidates
        .iter()
        .filter_map(|name| name.strip_prefix(PREFIX));
    let hint = closest(name.trim_start_matches(PREFIX), suffixes)
        .map(|suffix| format!("; did you mean {PREFIX}{suffix}?"))
        .unwrap_or_default();
    format!("unknown variable{hint}")
}

/// `MANENT_PROVIDERS__OLLAMA__BASE_URL` as `OLLAMA` and `base_url`.
fn split_provider(name: &str) -> Option<(String, String)> {
    let (id, key) = name.strip_prefix(PROVIDERS_PREFIX)?.split_once("__")?;
    (!id.is_empty()).then(|| (id.to_owned(), key.to_lowercase()))
}

/// Kubernetes gives every pod such variables for a service that is called `manent`; they are none of ours.
fn is_service_link(name: &str, environment: &Environment) -> bool {
    let suffix = name.trim_start_matches(PREFIX);
    suffix == "SERVICE_HOST"
        || suffix == "SERVICE_PORT"
        || suffix.starts_with("SERVICE_PORT_")
        || (suffix.starts_with("PORT_") && suffix.contains("_TCP"))
        || (suffix == "PORT"
            && environment
                .get(name)
                .is_some_and(|value| value.starts_with("tcp://")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_the_variables_of_our_tools_alone() {
        let environment =
            Environment::new(TOOL_VARIABLES.map(|name| (name.into(), "chosen".into())));
        assert_eq!(collect(&environment).problems, Vec::new());
    }
}
