//! From a draft to a provider: types, defaults, and what does not go together.

use std::net::IpAddr;

use crate::config::{ProviderConfig, ProviderKind};
use crate::loaded::Entry;
use crate::models;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::provider_settings::{
    PROVIDER_SETTINGS, applies_to, default_models, default_title_model,
};
use crate::raw::Raw;
use crate::setting::parse::{Context, assign, assign_default, quoted};

use super::{Draft, unknown_setting};

const KEY_SETTINGS: [&str; 3] = ["api_key", "api_key_env", "api_key_file"];

/// Builds one provider, and says what to show of it.
pub(super) fn build(
    draft: &Draft,
    index: usize,
    context: &Context<'_>,
    problems: &mut Vec<Problem>,
) -> (ProviderConfig, Vec<Entry>) {
    let label = match &draft.id {
        Some(id) => format!("providers.{id}"),
        None => format!("providers[{index}]"),
    };
    let mut builder = Builder {
        draft,
        label,
        provider: ProviderConfig::blank(draft.id.clone().unwrap_or_default()),
        entries: Vec::new(),
        problems: Vec::new(),
    };
    builder.assign_all(context);
    // Rules between values of which some are wrong would only confuse.
    if builder.problems.is_empty() {
        builder.complete();
        builder.check();
    }
    problems.append(&mut builder.problems);
    (builder.provider, builder.entries)
}

struct Builder<'a> {
    draft: &'a Draft,
    label: String,
    provider: ProviderConfig,
    entries: Vec<Entry>,
    problems: Vec<Problem>,
}

impl Builder<'_> {
    fn assign_all(&mut self, context: &Context<'_>) {
        for (name, raw) in &self.draft.values {
            if !PROVIDER_SETTINGS.iter().any(|setting| setting.key == name) {
                self.complain(&raw.origin, unknown_setting(&self.label, name));
            }
        }
        for setting in PROVIDER_SETTINGS {
            let full = format!("{}.{}", self.label, setting.key);
            let mut shown = assign_default(setting, &mut self.provider, context)
                .map(|value| (value, Origin::Default));
            let given = self
                .draft
                .values
                .iter()
                .filter(|(name, _)| name == setting.key);
            let mut is_given = false;
            for (_, raw) in given {
                is_given = true;
                match assign(setting, &full, raw, &mut self.provider, context) {
                    Ok(value) => shown = Some((value, raw.origin.clone())),
                    Err(more) => self.problems.extend(more),
                }
            }
            if !is_given && matches!(setting.presence, crate::setting::Presence::Required(_)) {
                let message = format!(
                    "`{}` has no `{}`; give it {}",
                    self.label,
                    setting.key,
                    setting.kind.expects()
                );
                self.complain(&self.draft.origin, message);
            }
            if let Some((value, origin)) = shown {
                self.entries.push(Entry::new(setting.key, value, origin));
            }
        }
        self.settle_key();
    }

    /// A key is given once; where layers give it differently, the later layer wins.
    fn settle_key(&mut self) {
        let given: Vec<&(String, Raw)> = self
            .draft
            .values
            .iter()
            .filter(|(name, _)| KEY_SETTINGS.contains(&name.as_str()))
            .collect();
        let Some((winner, winning)) = given.last() else {
            return;
        };
        let rival = given
            .iter()
            .find(|(name, raw)| name != winner && is_same_layer(&raw.origin, &winning.origin));
        if let Some((name, _)) = rival {
            let message = format!(
                "`{0}` has both `{name}` and `{winner}`; keep one of them",
                self.label
            );
            self.complain(&winning.origin, message);
        }
        self.entries
            .retain(|entry| !KEY_SETTINGS.contains(&entry.key.as_str()) || entry.key == *winner);
    }

    /// Fills in what depends on other values.
    fn complete(&mut self) {
        let kind = self.provider.kind;
        let is_makers_own = self.is_makers_own();
        if self.provider.base_url.is_empty() && !self.provider.own.base_url {
            self.provider.base_url.push_str(kind.default_base_url());
            if kind != ProviderKind::Scripted {
                self.show_default("base_url", quoted(&self.provider.base_url));
            }
        }
        let has_models = self.is_given("models");
        let is_known = is_makers_own || kind == ProviderKind::Anthropic;
        if !has_models && is_known && !self.provider.own.base_url {
            self.provider.models = default_models(kind);
            if !self.provider.models.is_empty() {
                self.show_default("models", models::show(&self.provider.models));
            }
            if let Some(model) = default_title_model(kind)
                && !self.is_given("title_model")
            {
                self.provider.title_model = Some(model.to_owned());
                self.show_default("title_model", quoted(model));
            }
        }
        if !self.is_given("fetch_models") && kind != ProviderKind::Scripted {
            // Where everybody has a key of their own, there is none to ask with.
            let fetches = !has_models && !self.provider.own.key;
            self.provider.fetch_models = fetches;
            self.show_default("fetch_models", fetches.to_string());
        }
        let kind = self.provider.kind;
        self.entries
            .retain(|entry| applies_to(&entry.key, kind) || entry.origin != Origin::Default);
        let position = |key: &str| {
            PROVIDER_SETTINGS
                .iter()
                .position(|setting| setting.key == key)
        };
        self.entries.sort_by_key(|entry| position(&entry.key));
    }

    fn check(&mut self) {
        self.check_kind();
        self.check_own();
        self.check_models();
        self.check_base_url();
        self.check_rules();
        self.check_price();
        let provider = &self.provider;
        if provider.connect_timeout > provider.first_byte_timeout {
            let message = format!(
                "`{0}.connect_timeout` must not be longer than `{0}.first_byte_timeout`",
                self.label
            );
            let origin = self.origin_of("connect_timeout", "first_byte_timeout");
            self.complain(&origin, message);
        }
    }

    fn check_kind(&mut self) {
        let kind = self.provider.kind;
        for (name, raw) in &self.draft.values {
            if !applies_to(name, kind) {
                let message = format!(
                    "`{}.{name}` means nothing for a provider of the kind {}; remove it",
                    self.label,
                    kind.as_str()
                );
                self.complain(&raw.origin, message);
            }
        }
        let has_key = self.provider.api_key.is_some()
            || self.provider.own.key
            || ["authorization", "x-api-key"]
                .iter()
                .any(|name| self.provider.headers.contains_key(*name));
        if kind != ProviderKind::Scripted && self.is_makers_own() && !has_key {
            let message = format!(
                "`{}` has no key; give it by `api_key_env`, `api_key_file` or `api_key`",
                self.label
            );
            self.complain(&self.draft.origin, message);
        }
    }

    /// Nothing of the operator's may reach an address that a person chose.
    fn check_own(&mut self) {
        let own = self.provider.own;
        if own.base_url && !own.key {
            let message = format!(
                "`{}.base_url` is \"user_provided\", so the key must be that too: one of yours would go wherever people like; set `api_key = \"user_provided\"`",
                self.label
            );
            let origin = self.origin_of("base_url", "base_url");
            self.complain(&origin, message);
        }
        if own.base_url && !self.provider.headers.is_empty() {
            let message = format!(
                "`{}.headers` would go wherever people like; remove them, or set `base_url`",
                self.label
            );
            let origin = self.origin_of("headers", "headers");
            self.complain(&origin, message);
        }
        if own.key && self.provider.fetch_models {
            let message = format!(
                "`{}.fetch_models` needs a key, and people bring their own; remove it, and list `models`",
                self.label
            );
            let origin = self.origin_of("fetch_models", "fetch_models");
            self.complain(&origin, message);
        }
    }

    /// Only that the file is there; what stands in it is checked by who plays it.
    fn check_rules(&mut self) {
        if let Some(path) = &self.provider.rules
            && let Err(error) = std::fs::File::open(path)
        {
            let message = format!(
                "`{}.rules` names {}, which cannot be read: {error}",
                self.label,
                path.display()
            );
            let origin = self.origin_of("rules", "rules");
            self.complain(&origin, message);
        }
    }

    fn check_price(&mut self) {
        if self.provider.price.is_incomplete() {
            let message = format!(
                "`{}` has an incomplete price; give both `input_price` and `output_price`",
                self.label
            );
            let names = ["input", "output", "cache_read", "cache_write"];
            let given = names.into_iter().map(|name| format!("{name}_price"));
            let given = given.rev().find(|name| self.is_given(name));
            let given = given.unwrap_or_default();
            let origin = self.origin_of(&given, &given);
            self.complain(&origin, message);
        }
    }

    fn check_models(&mut self) {
        let provider = &self.provider;
        if !provider.limit_to_listed {
            return;
        }
        if provider.models.is_empty() {
            let message = format!(
                "`{}.limit_to_listed` leaves nothing to ask for; list `models`",
                self.label
            );
            let origin = self.origin_of("limit_to_listed", "models");
            self.complain(&origin, message);
        } else if let Some(title_model) = &provider.title_model
            && !provider
                .models
                .iter()
                .any(|known| known.model == *title_model)
        {
            let message = format!(
                "`{}.title_model` is {title_model:?}, which `models` does not list while `limit_to_listed` is true",
                self.label
            );
            let origin = self.origin_of("title_model", "limit_to_listed");
            self.complain(&origin, message);
        }
    }

    fn check_base_url(&mut self) {
        if !self.is_given("base_url") {
            return;
        }
        let origin = self.origin_of("base_url", "base_url");
        let url = self.provider.base_url.clone();
        let label = format!("`{}.base_url`", self.label);
        let too_long = match self.provider.kind {
            ProviderKind::Anthropic => ["/v1/messages", "/messages"].as_slice(),
            ProviderKind::OpenAi => ["/chat/completions", "/completions", "/models"].as_slice(),
            ProviderKind::Scripted => [].as_slice(),
        };
        if let Some(start) = too_long.iter().find_map(|end| url.strip_suffix(end)) {
            self.complain(
                &origin,
                format!("{label} is too long: write {start:?}, the rest is added"),
            );
            return;
        }
        let parsed = url::Url::parse(&url).ok();
        let is_clear = parsed
            .as_ref()
            .is_some_and(|url| url.scheme() == "http" && !is_local(url));
        if is_clear && self.provider.api_key.is_some() {
            self.warn(
                &origin,
                format!(
                    "{label} sends the key unencrypted; use https:// unless the network is your own"
                ),
            );
        }
    }

    /// Whether it is the service of the protocol's own maker, which wants a key and has the models that are known.
    fn is_makers_own(&self) -> bool {
        let host = |url: &str| {
            let url = url::Url::parse(url).ok()?;
            url.host_str().map(str::to_owned)
        };
        let url = &self.provider.base_url;
        !self.provider.own.base_url
            && (url.is_empty() || host(url) == host(self.provider.kind.default_base_url()))
    }

    fn is_given(&self, key: &str) -> bool {
        self.draft.values.iter().any(|(name, _)| name == key)
    }

    /// The origin of the value that was set last.
    fn origin_of(&self, left: &str, right: &str) -> Origin {
        self.entries
            .iter()
            .filter(|entry| entry.key == left || entry.key == right)
            .map(|entry| entry.origin.clone())
            .max()
            .filter(|origin| *origin != Origin::Default)
            .unwrap_or_else(|| self.draft.origin.clone())
    }

    fn show_default(&mut self, key: &str, value: String) {
        self.entries.push(Entry::new(key, value, Origin::Default));
    }

    fn complain(&mut self, origin: &Origin, message: String) {
        self.problems
            .push(Problem::mistake(origin.clone(), message));
    }

    fn warn(&mut self, origin: &Origin, message: String) {
        self.problems
            .push(Problem::warning(origin.clone(), message));
    }
}

fn is_same_layer(left: &Origin, right: &Origin) -> bool {
    std::mem::discriminant(left) == std::mem::discriminant(right)
}

/// Whether an address names this machine.
fn is_local(url: &url::Url) -> bool {
    match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost"),
        Some(url::Host::Ipv4(address)) => IpAddr::V4(address).is_loopback(),
        Some(url::Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
        None => false,
    }
}
