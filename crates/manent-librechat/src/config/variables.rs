//! LibreChat's environment variables: what they say about the client, and about the server's own settings.

use secrecy::SecretString;

use super::endpoints::{Common, Endpoint, EndpointKind, EndpointModel, Given, USER_PROVIDED};
use super::environment::Environment;
use super::finding::{Report, Verdict};

/// What variables say about what the client shows.
#[derive(Debug, Clone, PartialEq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a variable of its own"
)]
pub struct Variables {
    /// The name on the page.
    pub app_title: String,
    /// Below it; absent: the client's own.
    pub custom_footer: Option<String>,
    /// Where the menu's help leads; absent: LibreChat's own.
    pub help_url: Option<String>,
    /// Whether the client offers to search.
    pub has_search: bool,
    /// Whether conversations get titles from a model.
    pub has_titles: bool,
    /// Whether the form for a password is shown.
    pub allows_email_login: bool,
    /// Whether the form for a forgotten password is offered, where mail can be sent.
    pub allows_password_reset: bool,
    /// Whether people may delete their accounts; administrators may in any case.
    pub allows_account_deletion: bool,
    /// Whether conversations can be shared by link.
    pub allows_shared_links: bool,
    /// Whether such links can be for everybody.
    pub allows_public_links: bool,
    /// Whether pictures and documents go into what such a link shows.
    pub snapshots_files: bool,
    /// Where the sandbox that shows artifacts comes from; absent: the client's own choice.
    pub bundler_url: Option<String>,
    /// The same for artifacts without a framework.
    pub static_bundler_url: Option<String>,
    /// The largest file to import, as the client checks it; 0: it does not.
    pub import_bytes: u64,
}

impl Default for Variables {
    fn default() -> Self {
        Self {
            app_title: "LibreChat".to_owned(),
            custom_footer: None,
            help_url: None,
            has_search: true,
            has_titles: true,
            allows_email_login: true,
            allows_password_reset: true,
            allows_account_deletion: true,
            allows_shared_links: true,
            allows_public_links: true,
            snapshots_files: true,
            bundler_url: None,
            static_bundler_url: None,
            import_bytes: 0,
        }
    }
}

/// Whether a text switches something on: `true` in any letters.
fn is_on(text: &str) -> bool {
    text.eq_ignore_ascii_case("true")
}

/// Reads them.
pub(super) fn read(environment: &Environment) -> Variables {
    let switch = |name: &str, default: bool| environment.get(name).map_or(default, is_on);
    let text = |name: &str| environment.get(name).map(ToOwned::to_owned);
    let defaults = Variables::default();
    Variables {
        app_title: text("APP_TITLE").unwrap_or(defaults.app_title),
        custom_footer: text("CUSTOM_FOOTER"),
        help_url: text("HELP_AND_FAQ_URL"),
        has_search: switch("SEARCH", true),
        has_titles: environment
            .get("TITLE_CONVO")
            .is_none_or(|value| !value.eq_ignore_ascii_case("false")),
        allows_email_login: switch("ALLOW_EMAIL_LOGIN", true),
        allows_password_reset: switch("ALLOW_PASSWORD_RESET", true),
        allows_account_deletion: switch("ALLOW_ACCOUNT_DELETION", true),
        allows_shared_links: switch("ALLOW_SHARED_LINKS", true),
        allows_public_links: switch("ALLOW_SHARED_LINKS_PUBLIC", true),
        snapshots_files: switch("SHARED_LINKS_SNAPSHOT_FILES", true),
        bundler_url: text("SANDPACK_BUNDLER_URL"),
        static_bundler_url: text("SANDPACK_STATIC_BUNDLER_URL"),
        import_bytes: environment
            .get("CONVERSATION_IMPORT_MAX_FILE_SIZE_BYTES")
            .and_then(|value| value.parse().ok())
            .unwrap_or(0),
    }
}

/// The endpoints that variables describe, in LibreChat's order.
pub(super) fn read_endpoints(
    environment: &Environment,
    openai: &Common,
    anthropic: &Common,
    has_titles: bool,
) -> Vec<Endpoint> {
    let openai_titles = Common {
        title_model: environment
            .get("OPENAI_TITLE_MODEL")
            .map(ToOwned::to_owned)
            .or_else(|| openai.title_model.clone()),
        ..openai.clone()
    };
    [
        ("openAI", EndpointKind::OpenAi, "OPENAI", &openai_titles),
        ("anthropic", EndpointKind::Anthropic, "ANTHROPIC", anthropic),
    ]
    .into_iter()
    .filter_map(|(name, kind, prefix, common)| {
        let get = |suffix: &str| environment.get(&format!("{prefix}_{suffix}"));
        let key = get("API_KEY")?;
        let api_key = if key == USER_PROVIDED {
            Given::Theirs
        } else {
            Given::Here(SecretString::from(key))
        };
        let mut endpoint = Endpoint::new(name, kind, api_key);
        endpoint.base_url = get("REVERSE_PROXY").map(|url| {
            if url == USER_PROVIDED {
                Given::Theirs
            } else {
                Given::Here(url.trim_end_matches('/').to_owned())
            }
        });
        let models = get("MODELS").unwrap_or_default().split(',').map(str::trim);
        endpoint.models = models
            .filter(|id| !id.is_empty())
            .map(|id| EndpointModel { id: id.to_owned() })
            .collect();
        endpoint.fetch_models = endpoint.models.is_empty() && !endpoint.api_key.is_theirs();
        endpoint.title_model = common.title_model(&endpoint.models, has_titles);
        endpoint.headers.clone_from(&common.headers);
        Some(endpoint)
    })
    .collect()
}

/// Nothing is done with these, and nobody misses it. A name with `*` at its end stands for all that begin so.
const IGNORED: [(&str, &str); 30] = [
    (
        "JWT_SECRET",
        "tokens are made from Manent's own secret (accounts.secret)",
    ),
    (
        "JWT_REFRESH_SECRET",
        "tokens are made from Manent's own secret (accounts.secret)",
    ),
    (
        "CREDS_KEY",
        "keys are encrypted with Manent's own secret (accounts.secret)",
    ),
    (
        "CREDS_IV",
        "keys are encrypted with Manent's own secret (accounts.secret)",
    ),
    (
        "OPENID_SESSION_SECRET",
        "signing in is kept with Manent's own secret (accounts.secret)",
    ),
    (
        "MONGO_*",
        "Manent keeps everything in its own store (database.url)",
    ),
    (
        "MONGODB_*",
        "Manent keeps everything in its own store (database.url)",
    ),
    ("MEILI_*", "searching is built in"),
    (
        "REDIS_*",
        "servers share the database and need nothing beside it",
    ),
    (
        "USE_REDIS*",
        "servers share the database and need nothing beside it",
    ),
    (
        "STREAM_KEEP_COMPLETED_JOBS",
        "what an answer said is kept (runs.log_retention)",
    ),
    ("DEBUG_*", "the log is Manent's (log.filter)"),
    ("CONSOLE_JSON*", "the log is Manent's (log.format)"),
    ("NODE_*", "there is no Node"),
    ("NO_INDEX", "no answer may be indexed"),
    ("UID", "for the container"),
    ("GID", "for the container"),
    ("RAG_*", "documents go to the model as they are"),
    (
        "STATIC_CACHE_*",
        "files with a hash in their name are kept, others are asked for anew",
    ),
    ("DISABLE_COMPRESSION", "a proxy compresses"),
    ("BAN_*", "attempts are limited, nobody is banned"),
    (
        "*_VIOLATION_SCORE",
        "attempts are limited, nobody is banned",
    ),
    (
        "ILLEGAL_MODEL_REQ_SCORE",
        "attempts are limited, nobody is banned",
    ),
    ("SHOW_BIRTHDAY_ICON", "no"),
    ("ENABLE_INSIGHTS", "there are none"),
    ("E2E_*", "for LibreChat's tests"),
    (
        "ALLOW_SOCIAL_LOGIN",
        "in the mode oidc the provider is offered",
    ),
    (
        "OPENID_CALLBACK_URL",
        "the path is always /oauth/openid/callback",
    ),
    ("OPENID_GENERATE_NONCE", "there is always one"),
    ("OPENID_USE_PKCE", "it is always used"),
];

/// Nothing is done with these, and somebody may miss it.
const UNSUPPORTED: [(&str, &str); 45] = [
    (
        "TRUST_PROXY",
        "name the proxy's address in accounts.trusted_proxies",
    ),
    ("LOGIN_MAX", "7 failed sign-ins in 5 minutes are allowed"),
    ("LOGIN_WINDOW", "7 failed sign-ins in 5 minutes are allowed"),
    (
        "REGISTER_MAX",
        "5 registrations in an hour are allowed from one address",
    ),
    (
        "REGISTER_WINDOW",
        "5 registrations in an hour are allowed from one address",
    ),
    (
        "CHECK_BALANCE",
        "set limits.budget_tokens or limits.budget_cost",
    ),
    (
        "START_BALANCE",
        "set limits.budget_tokens or limits.budget_cost",
    ),
    ("EMAIL_SERVICE", "name its server in EMAIL_HOST"),
    ("EMAIL_ALLOW_SELFSIGNED", "certificates are always checked"),
    (
        "EMAIL_ENCRYPTION_HOSTNAME",
        "certificates are checked against EMAIL_HOST",
    ),
    (
        "MAILGUN_*",
        "mail goes by SMTP: name the server in EMAIL_HOST",
    ),
    ("OPENID_AUDIENCE", "no audience is asked for"),
    ("OPENID_REUSE_TOKENS", "sessions are Manent's own"),
    ("OPENID_ON_BEHALF_*", "sessions are Manent's own"),
    ("OPENID_USERINFO_ON_BEHALF_*", "sessions are Manent's own"),
    (
        "OPENID_USE_END_SESSION_ENDPOINT",
        "signing out reaches the provider as oidc.end_session says",
    ),
    (
        "OPENID_POST_LOGOUT_REDIRECT_URI",
        "signing out comes back to public_url",
    ),
    (
        "GOOGLE_*",
        "Google's own protocol is not spoken: add its OpenAI-compatible address as a custom endpoint",
    ),
    (
        "AZURE_*",
        "Azure's own addresses are not spoken to: add it as a custom endpoint",
    ),
    ("BEDROCK_*", "Bedrock's own protocol is not spoken"),
    ("ASSISTANTS_*", "there are no assistants"),
    ("PLUGINS_*", "there are no plugins"),
    ("PLUGIN_MODELS", "there are no plugins"),
    ("OPENAI_ORGANIZATION", "set it in `headers` of the provider"),
    ("OPENAI_SUMMARIZE", "conversations are not summarised"),
    ("OPENAI_MODERATION*", "nothing is moderated"),
    ("OPENAI_FORCE_PROMPT", "every request is a list of messages"),
    ("PROXY", "set HTTPS_PROXY, which is the system's"),
    ("DALLE*", "there are no tools"),
    ("SD_WEBUI_URL", "there are no tools"),
    ("SERPAPI_*", "there are no tools"),
    ("SERPER_*", "there is no searching of the web"),
    ("TAVILY_*", "there is no searching of the web"),
    ("WOLFRAM_*", "there are no tools"),
    ("ZAPIER_*", "there are no tools"),
    ("OCR_*", "documents go to the model as they are"),
    ("STT_*", "there is no speech"),
    ("TTS_*", "there is no speech"),
    (
        "LDAP_*",
        "people sign in with passwords or through an OpenID provider",
    ),
    (
        "SAML_*",
        "people sign in with passwords or through an OpenID provider",
    ),
    (
        "DISCORD_*",
        "people sign in with passwords or through an OpenID provider",
    ),
    (
        "FACEBOOK_*",
        "people sign in with passwords or through an OpenID provider",
    ),
    (
        "GITHUB_*",
        "people sign in with passwords or through an OpenID provider",
    ),
    (
        "APPLE_*",
        "people sign in with passwords or through an OpenID provider",
    ),
    ("ANALYTICS_GTM_ID", "nobody is followed"),
];

fn is_meant(pattern: &str, name: &str) -> bool {
    if let Some(start) = pattern.strip_suffix('*') {
        name.starts_with(start)
    } else if let Some(end) = pattern.strip_prefix('*') {
        name.ends_with(end)
    } else {
        pattern == name
    }
}

/// Reports what was made of every variable: of those in the environment that LibreChat knows, and of all in the file.
pub(super) fn report(environment: &Environment, report: &Report) {
    for name in environment.names() {
        if report.has(name) {
            continue;
        }
        let place = environment.place(name);
        let noted = |table: &[(&str, &'static str)]| {
            let found = table.iter().find(|(pattern, _)| is_meant(pattern, name));
            found.map(|(_, note)| *note)
        };
        if environment.was_asked_for(name) {
            report.find(place, name, Verdict::Understood, "");
        } else if let Some(note) = noted(&IGNORED) {
            report.find(place, name, Verdict::Ignored, note);
        } else if let Some(note) = noted(&UNSUPPORTED) {
            report.find(place, name, Verdict::Unsupported, note);
        } else if environment.is_in_file(name) {
            report.find(
                place,
                name,
                Verdict::Unsupported,
                "not known here: nothing is done with it",
            );
        }
    }
}
