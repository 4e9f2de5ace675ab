//! Who may do what, and how people sign in.

use std::time::Duration;

use super::{seconds, setting, size};
use crate::config::{Config, Registration, SecureCookies};
use crate::lists::{is_domain_list, is_network_list, parse_domains, parse_networks};
use crate::setting::{Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
    setting(
        "accounts.registration",
        Presence::Default("open"),
        Kind::Choice(&[
            ("open", |config| {
                config.accounts.registration = Registration::Open;
            }),
            ("invited", |config| {
                config.accounts.registration = Registration::Invited;
            }),
            ("closed", |config| {
                config.accounts.registration = Registration::Closed;
            }),
        ]),
        "Who may register: everybody, whoever has an invitation, or nobody.",
    ),
    setting(
        "accounts.allowed_domains",
        Presence::Optional("example.org, example.com"),
        Kind::Text {
            expects: "domains with commas between them",
            accepts: is_domain_list,
            set: |config, value| config.accounts.allowed_domains = parse_domains(&value),
        },
        "The domains of the e-mail addresses that may register. Without it: all.",
    ),
    setting(
        "accounts.min_password_length",
        Presence::Default("8"),
        Kind::Whole {
            least: 8,
            most: 128,
            unit: "characters",
            set: |config, value| config.accounts.min_password_length = size(value),
        },
        "The shortest password that may be chosen. The longest has 128 characters.",
    ),
    setting(
        "accounts.access_token_life",
        Presence::Default("15m"),
        Kind::Duration {
            least: seconds(5),
            most: Duration::from_hours(24),
            set: |config, value| config.accounts.access_token_life = value,
        },
        "How long a client may go on before it asks for its next access token.",
    ),
    setting(
        "accounts.session_life",
        Presence::Default("168h"),
        Kind::Duration {
            least: seconds(10),
            most: Duration::from_hours(24 * 400),
            set: |config, value| config.accounts.session_life = value,
        },
        "After how long a sign-in ends, however often it was used.",
    ),
    setting(
        "accounts.refresh_grace",
        Presence::Default("60s"),
        Kind::Duration {
            least: seconds(0),
            most: Duration::from_hours(24),
            set: |config, value| config.accounts.refresh_grace = value,
        },
        "How long a refresh token may be used again after its successor was: tabs refresh at the same time. Later it counts as stolen, and the sign-in ends.",
    ),
    setting(
        "accounts.recheck_interval",
        Presence::Default("5s"),
        Kind::Duration {
            least: seconds(0),
            most: Duration::from_mins(5),
            set: |config, value| config.accounts.recheck_interval = value,
        },
        "For how long a server believes what it last looked up of a session or an account, and how often it looks again at those who have a stream open. So long it takes until it notices what was ended by another server; what it ended itself it knows at once.",
    ),
    setting(
        "accounts.secure_cookies",
        Presence::Default("auto"),
        Kind::Choice(&[
            ("auto", |config| {
                config.accounts.secure_cookies = SecureCookies::Auto;
            }),
            ("always", |config| {
                config.accounts.secure_cookies = SecureCookies::Always;
            }),
            ("never", |config| {
                config.accounts.secure_cookies = SecureCookies::Never;
            }),
        ]),
        "Whether cookies are kept from plain HTTP. auto: where `public_url` begins with https.",
    ),
    setting(
        "accounts.secret",
        Presence::Optional("the 64 digits that `openssl rand -hex 32` prints"),
        Kind::Secret(|config, value| config.accounts.secret = Some(value)),
        "From which the keys for tokens are derived: 32 random bytes, as 64 hexadecimal digits or in Base64. Without it one is made at the first start, in `secret.key` of the data directory. Servers that share a database must share it.",
    ),
    setting(
        "accounts.secret_file",
        Presence::Optional("/run/secrets/manent"),
        Kind::SecretFile(|config, value| config.accounts.secret = Some(value)),
        "The same from a file.",
    ),
    setting(
        "accounts.trusted_proxies",
        Presence::Optional("127.0.0.1, 10.0.0.0/8"),
        Kind::Text {
            expects: "addresses or networks with commas between them",
            accepts: is_network_list,
            set: |config, value| config.accounts.trusted_proxies = parse_networks(&value),
        },
        "Whose `X-Forwarded-For` is believed when a client's address is asked for. Without it: nobody's.",
    ),
    setting(
        "accounts.user_url_networks",
        Presence::Optional("10.20.0.0/16"),
        Kind::Text {
            expects: "addresses or networks with commas between them",
            accepts: is_network_list,
            set: |config, value| config.accounts.user_url_networks = parse_networks(&value),
        },
        "Which networks base URLs that people give (`base_url = \"user_provided\"`) may lead to, beside public addresses. Whoever may ask that provider can then reach every machine in them.",
    ),
];
