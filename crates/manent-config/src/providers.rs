//! Providers: from the file, from `MANENT_PROVIDERS__…`, from flags, and from their own well-known variables.

mod build;
mod defaults;

use crate::config::{ProviderConfig, ProviderKind};
use crate::environment::EnvironmentLayer;
use crate::file::FileLayer;
use crate::librechat::ProviderDraft;
use crate::loaded::Entry;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::provider_settings::{PROVIDER_SETTINGS, is_provider_id};
use crate::raw::{Raw, RawValue};
use crate::setting::parse::Context;
use crate::suggestion::did_you_mean;

pub(crate) use defaults::put_defaults_first;

/// The providers' own variables: the kind that they configure, the key's and the address's.
const KNOWN: [(ProviderKind, &str, &str); 2] = [
    (
        ProviderKind::Anthropic,
        "ANTHROPIC_API_KEY",
        "ANTHROPIC_BASE_URL",
    ),
    (ProviderKind::OpenAi, "OPENAI_API_KEY", "OPENAI_BASE_URL"),
];

/// The same, as a list.
pub(crate) const VARIABLES: [&str; 4] = [
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_BASE_URL",
    "OPENAI_API_KEY",
    "OPENAI_BASE_URL",
];

/// What all providers came to.
#[derive(Default)]
pub(crate) struct Assembled {
    pub(crate) providers: Vec<ProviderConfig>,
    /// What to show of each.
    pub(crate) entries: Vec<Vec<Entry>>,
    pub(crate) problems: Vec<Problem>,
}

/// One provider before its values have types. Values are in the order of their layers, so the last one wins.
struct Draft {
    id: Option<String>,
    origin: Origin,
    values: Vec<(String, Raw)>,
}

impl Draft {
    fn text(&self, key: &str) -> Option<&str> {
        self.values
            .iter()
            .rev()
            .find_map(|(name, raw)| match &raw.value {
                RawValue::Word(text) | RawValue::Text(text) if name == key => Some(text.as_str()),
                _ => None,
            })
    }
}

/// Puts the layers together.
pub(crate) fn assemble(
    librechat: &[ProviderDraft],
    file: &FileLayer,
    environment: &EnvironmentLayer,
    flags: &[(String, Raw)],
    uses_known_variables: bool,
    context: &Context<'_>,
) -> Assembled {
    let mut assembled = Assembled::default();
    let mut drafts = from_file(file, &mut assembled.problems);
    add_endpoints(&mut drafts, librechat, &mut assembled.problems);
    if uses_known_variables {
        add_known_variables(&mut drafts, context);
    }
    for (id, key, raw) in &environment.providers {
        let draft = find_or_add(
            &mut drafts,
            |known| variable_part(known) == *id,
            || id.to_lowercase().replace('_', "-"),
            &raw.origin,
        );
        draft.values.push(((*key).to_owned(), raw.clone()));
    }
    for (key, raw) in flags {
        let Some((id, name)) = key.rsplit_once('.') else {
            continue;
        };
        let draft = find_or_add(
            &mut drafts,
            |known| known == id,
            || id.to_owned(),
            &raw.origin,
        );
        draft.values.push((name.to_owned(), raw.clone()));
    }
    for (index, draft) in drafts.into_iter().enumerate() {
        let (provider, entries) = build::build(&draft, index, context, &mut assembled.problems);
        assembled.providers.push(provider);
        assembled.entries.push(entries);
    }
    assembled
}

/// LibreChat's endpoints, where the file has no provider of the same id.
fn add_endpoints(
    drafts: &mut Vec<Draft>,
    endpoints: &[ProviderDraft],
    problems: &mut Vec<Problem>,
) {
    for endpoint in endpoints {
        let own = drafts
            .iter()
            .find(|draft| draft.id.as_deref() == Some(&endpoint.id));
        if let Some(own) = own {
            let message = format!(
                "the endpoint {} is answered by the provider `{}` of {}, which has the same name: what is said about it here does not count",
                endpoint.endpoint, endpoint.id, own.origin
            );
            problems.push(Problem::warning(endpoint.origin.clone(), message));
            continue;
        }
        drafts.push(Draft {
            id: Some(endpoint.id.clone()),
            origin: endpoint.origin.clone(),
            values: endpoint.values.clone(),
        });
    }
}

fn from_file(file: &FileLayer, problems: &mut Vec<Problem>) -> Vec<Draft> {
    let mut drafts: Vec<Draft> = Vec::new();
    for (origin, values) in &file.providers {
        let mut draft = Draft {
            id: None,
            origin: origin.clone(),
            values: values.clone(),
        };
        draft.id = draft
            .text("id")
            .filter(|id| is_provider_id(id))
            .map(str::to_owned);
        let twin = drafts
            .iter()
            .find(|known| known.id.is_some() && known.id == draft.id);
        if let (Some(twin), Some(id)) = (twin, &draft.id) {
            problems.push(Problem::mistake(
                origin.clone(),
                format!(
                    "a second provider has the id `{id}` of the one at {}; ids are unique",
                    twin.origin
                ),
            ));
        }
        drafts.push(draft);
    }
    drafts
}

/// `ANTHROPIC_…` and `OPENAI_…` belong to the provider whose id is that word, and make it if there is none; unless
/// another provider asks for the variable by `api_key_env`.
fn add_known_variables(drafts: &mut Vec<Draft>, context: &Context<'_>) {
    for (kind, key_variable, url_variable) in KNOWN {
        let id = kind.as_str();
        let own = drafts
            .iter()
            .position(|draft| draft.id.as_deref() == Some(id));
        let is_other_kind = own.is_some_and(|own| {
            drafts[own]
                .text("kind")
                .is_some_and(|other| other != kind.as_str())
        });
        if is_other_kind {
            continue;
        }
        let has_own_variable = own.is_some_and(|own| drafts[own].text("api_key_env").is_some());
        let is_taken = drafts
            .iter()
            .any(|draft| draft.text("api_key_env") == Some(key_variable));
        let word = |name: &str, value: &str| Raw {
            value: RawValue::Word(value.to_owned()),
            origin: Origin::Environment(name.to_owned()),
        };
        let key = context
            .environment
            .get(key_variable)
            .filter(|_| !is_taken && !has_own_variable)
            .map(|value| ("api_key".to_owned(), word(key_variable, value)));
        let url = context
            .environment
            .get(url_variable)
            .filter(|_| own.is_some() || !is_taken)
            .map(|value| ("base_url".to_owned(), word(url_variable, value)));
        let Some(origin) = key
            .as_ref()
            .or(url.as_ref())
            .map(|(_, raw)| raw.origin.clone())
        else {
            continue;
        };
        let draft = find_or_add(drafts, |known| known == id, || id.to_owned(), &origin);
        if draft.text("kind").is_none() {
            let raw = Raw {
                value: RawValue::Word(kind.as_str().to_owned()),
                origin: origin.clone(),
            };
            draft.values.push(("kind".to_owned(), raw));
        }
        draft.values.extend([url, key].into_iter().flatten());
    }
}

fn find_or_add<'a>(
    drafts: &'a mut Vec<Draft>,
    is_meant: impl Fn(&str) -> bool,
    id: impl FnOnce() -> String,
    origin: &Origin,
) -> &'a mut Draft {
    let position = drafts
        .iter()
        .position(|draft| draft.id.as_deref().is_some_and(&is_meant))
        .unwrap_or(drafts.len());
    if position == drafts.len() {
        let id = id();
        let raw = Raw {
            value: RawValue::Word(id.clone()),
            origin: origin.clone(),
        };
        drafts.push(Draft {
            id: is_provider_id(&id).then(|| id.clone()),
            origin: origin.clone(),
            values: vec![("id".to_owned(), raw)],
        });
    }
    &mut drafts[position]
}

/// An id as it stands in a variable's name.
fn variable_part(id: &str) -> String {
    id.replace(['-', '.'], "_").to_uppercase()
}

/// The message for a key that no provider has.
fn unknown_setting(label: &str, name: &str) -> String {
    format!(
        "unknown setting `{label}.{name}`{}",
        did_you_mean(name, PROVIDER_SETTINGS.iter().map(|setting| setting.key))
    )
}
