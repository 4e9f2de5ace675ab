//! What stands at the top of the file, and the log.

use super::{is_name, setting, with_flag};
use crate::config::{Config, LogFormat, Mode};
use crate::lists::{is_origin_list, parse_origins};
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
    with_flag(
        setting(
            "listen",
            Presence::Default("127.0.0.1:3080"),
            Kind::Address(|config, value| config.listen = value),
            "Where to accept connections. Loopback only in the mode local. Port 0 takes a free port.",
        ),
        "--listen",
    ),
    with_flag(
        setting(
            "mode",
            Presence::Default("local"),
            Kind::Choice(&[
                ("local", |config| config.mode = Mode::Local),
                ("accounts", |config| config.mode = Mode::Accounts),
                ("oidc", |config| config.mode = Mode::Oidc),
            ]),
            "Who may use the server. local: whoever reaches it on this machine, without signing in. accounts: people who sign in with passwords, each with what is theirs; the first one is the administrator. oidc: people who sign in through an OpenID provider.",
        ),
        "--mode",
    ),
    setting(
        "public_url",
        Presence::Optional("https://chat.example.org"),
        Kind::Url(|config, value| config.public_url = Some(value)),
        "Under which address people reach the server, for links and for the names that it answers to. Needed when it listens on more than loopback.",
    ),
    setting(
        "cors_origins",
        Presence::Optional("https://app.example.org, http://localhost:5173"),
        Kind::Text {
            expects: "origins such as \"https://app.example.org\" with commas between them",
            accepts: is_origin_list,
            set: |config, value| config.cors_origins = parse_origins(&value),
        },
        "The origins of other web pages that may use this server from a browser, in the name of whoever is signed in there. Without it: none but the server's own page.",
    ),
    with_flag(
        setting(
            "data_dir",
            Presence::PlatformData,
            Kind::Path(|config, value| config.data_dir = value),
            "Where everything is kept. A relative path in the file starts at the file's folder.",
        ),
        "--data-dir",
    ),
    with_flag(
        setting(
            "default_provider",
            Presence::Optional("anthropic"),
            Kind::Text {
                expects: "the id of a provider",
                accepts: is_name,
                set: |config, value| config.default_provider = Some(value),
            },
            "The provider that answers when a request names none. Without it: the first one.",
        ),
        "--default-provider",
    ),
    with_flag(
        setting(
            "default_model",
            Presence::Optional("claude-sonnet-5-5"),
            Kind::Text {
                expects: "the name of a model",
                accepts: is_name,
                set: |config, value| config.default_model = Some(value),
            },
            "The model that answers when a request names none. Without it: the default provider's first one.",
        ),
        "--default-model",
    ),
    setting(
        "providers_from_environment",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.providers_from_environment = value),
        "Whether ANTHROPIC_API_KEY, ANTHROPIC_BASE_URL, OPENAI_API_KEY and OPENAI_BASE_URL are looked at.",
    ),
    setting(
        "demo",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.demo = value),
        "Whether a built-in demonstration answers while no provider is configured.",
    ),
    Setting {
        short_variable: Some("MANENT_LOG"),
        flag: Some("--log"),
        ..setting(
            "log.filter",
            Presence::Default("info"),
            Kind::Text {
                expects: "a level (off, error, warn, info, debug or trace), or directives such as \"info,manent_server=debug\"",
                accepts: is_log_filter,
                set: |config, value| config.log.filter = value,
            },
            "How much is logged: off, error, warn, info, debug or trace, also per module. Content and keys never are.",
        )
    },
    with_flag(
        setting(
            "log.format",
            Presence::Default("auto"),
            Kind::Choice(&[
                ("auto", |config| config.log.format = LogFormat::Auto),
                ("text", |config| config.log.format = LogFormat::Text),
                ("json", |config| config.log.format = LogFormat::Json),
            ]),
            "The shape of a line: text, json, or auto (text on a terminal, json otherwise).",
        ),
        "--log-format",
    ),
];

/// The forms that people use; spans and fields are left to the subscriber's own check.
fn is_log_filter(text: &str) -> bool {
    !text.is_empty()
        && text.split(',').all(|directive| {
            let (target, level) = directive.rsplit_once('=').unwrap_or(("", directive));
            let is_level = ["off", "error", "warn", "info", "debug", "trace"]
                .contains(&level.trim().to_ascii_lowercase().as_str());
            let is_target = target.trim().chars().all(|character| {
                character.is_ascii_alphanumeric() || matches!(character, '_' | ':' | '-')
            });
            is_level && is_target
        })
}
