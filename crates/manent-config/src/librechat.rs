//! LibreChat's configuration, where its API is served: the lowest layer, over which everything of Manent's own goes.

mod bindings;
mod drafts;
mod files;

use std::sync::Arc;

use manent_librechat::config::{Finding, Place, SignIn, Verdict, load};

use crate::config::{Config, LibreChatConfig, Mode};
use crate::origin::Origin;
use crate::problem::Problem;
use crate::raw::{Raw, RawValue};
use crate::settings::settings;
use crate::sources::Sources;

pub(crate) use bindings::bind;
pub(crate) use drafts::ProviderDraft;

/// What LibreChat's configuration says.
#[derive(Default)]
pub(crate) struct LibreChatLayer {
    /// Known settings with their full keys.
    pub(crate) settings: Vec<(&'static str, Raw)>,
    /// Its endpoints, as providers.
    pub(crate) providers: Vec<ProviderDraft>,
    pub(crate) problems: Vec<Problem>,
    /// What was made of each key.
    pub(crate) findings: Vec<LibreChatFinding>,
    /// What its client sees.
    pub(crate) client: Arc<manent_librechat::config::LibreChat>,
}

/// What was made of one key of LibreChat's configuration.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LibreChatFinding {
    /// Where it stands.
    pub origin: Origin,
    /// Its path, or the variable's name.
    pub key: String,
    /// What is done with it.
    pub verdict: Verdict,
    /// Why, or what it means; may be empty.
    pub note: String,
}

/// Reads it, for a server whose own configuration is this one so far. Nothing where LibreChat's API is not served.
pub(crate) fn collect(config: &Config, sources: &Sources) -> LibreChatLayer {
    if !config.librechat.is_served() {
        return LibreChatLayer::default();
    }
    let mut layer = LibreChatLayer::default();
    let files = files::read(&config.librechat, sources, &mut layer.problems);
    let sign_in = match config.mode {
        Mode::Local => SignIn::Nobody,
        Mode::Accounts => SignIn::Passwords,
        Mode::Oidc => SignIn::OpenId,
    };
    let loaded = load(files.text.as_deref(), &files.environment, sign_in);
    let origin = |place: &Place| files.origin(place);
    for mistake in loaded.mistakes {
        let problem = Problem::mistake(origin(&mistake.place), mistake.message);
        layer.problems.push(problem);
    }
    for finding in loaded.findings {
        layer.take(finding, origin);
    }
    for given in loaded.settings {
        let Some(setting) = settings().find(|setting| setting.key == given.key) else {
            continue;
        };
        let raw = Raw {
            value: RawValue::Word(given.value),
            origin: origin(&given.place),
        };
        layer.settings.push((setting.key, raw));
    }
    layer.providers = drafts::drafts(&loaded.librechat, config, &files, &mut layer.problems);
    layer.client = Arc::new(loaded.librechat);
    layer
}

impl LibreChatLayer {
    fn take(&mut self, finding: Finding, origin: impl Fn(&Place) -> Origin) {
        let origin = origin(&finding.place);
        if finding.verdict == Verdict::Unsupported {
            let message = format!("`{}` is not supported: {}", finding.key, finding.note);
            self.problems
                .push(Problem::warning(origin.clone(), message));
        }
        self.findings.push(LibreChatFinding {
            origin,
            key: finding.key,
            verdict: finding.verdict,
            note: finding.note.into_owned(),
        });
    }
}

impl LibreChatConfig {
    /// Whether LibreChat's API is served: asked for, or needed by the client that is.
    pub const fn is_served(&self) -> bool {
        self.enabled || self.ui.is_some()
    }
}
