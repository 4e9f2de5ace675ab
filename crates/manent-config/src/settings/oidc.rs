//! Signing in through an OpenID provider.

use std::net::IpAddr;

use super::{is_name, seconds, setting};
use crate::config::{Config, RoleSource};
use crate::lists::{is_text_list, parse_texts};
use crate::setting::{Choose, Kind, Presence, Setting};

pub(super) static SETTINGS: &[Setting<Config>] = &[
    setting(
        "oidc.issuer",
        Presence::Optional("https://login.example.org/realms/main"),
        Kind::Text {
            expects: "the provider's https:// address, exactly as it names itself (http:// on this machine alone)",
            accepts: is_issuer,
            set: |config, value| config.oidc.issuer = Some(value),
        },
        "The provider: its name for itself, below which `/.well-known/openid-configuration` is found. Needed in the mode oidc.",
    ),
    setting(
        "oidc.client_id",
        Presence::Optional("manent"),
        name(|config, value| config.oidc.client_id = Some(value)),
        "The name of this server at the provider. Needed in the mode oidc. Register there `PUBLIC_URL/oauth/openid/callback` as redirect address and `PUBLIC_URL/` as address after signing out.",
    ),
    setting(
        "oidc.client_secret",
        Presence::Optional("the secret that the provider issued"),
        Kind::Secret(|config, value| config.oidc.client_secret = Some(value)),
        "With which this server shows the provider who it is. Without it the server is a public client, which PKCE alone protects.",
    ),
    setting(
        "oidc.client_secret_file",
        Presence::Optional("/run/secrets/manent-oidc"),
        Kind::SecretFile(|config, value| config.oidc.client_secret = Some(value)),
        "The same from a file.",
    ),
    setting(
        "oidc.scopes",
        Presence::Default("openid profile email"),
        Kind::Text {
            expects: "scopes with blanks between them, openid among them",
            accepts: |text| {
                is_name(text) && text.split_ascii_whitespace().any(|scope| scope == "openid")
            },
            set: |config, value| {
                config.oidc.scopes = value.split_ascii_whitespace().map(str::to_owned).collect();
            },
        },
        "What the provider is asked for.",
    ),
    setting(
        "oidc.label",
        Presence::Default("OpenID"),
        name(|config, value| config.oidc.label = value),
        "What the button for signing in says: the provider's name as people know it.",
    ),
    setting(
        "oidc.image",
        Presence::Optional("/oidc.svg"),
        name(|config, value| config.oidc.image = Some(value)),
        "The address of a picture for the button. Manent's own page shows pictures from its own address alone.",
    ),
    setting(
        "oidc.automatic",
        Presence::Default("false"),
        Kind::Switch(|config, value| config.oidc.automatic = value),
        "Whether the sign-in page goes to the provider by itself.",
    ),
    setting(
        "oidc.passwords",
        Presence::Default("false"),
        Kind::Switch(|config, value| config.oidc.passwords = value),
        "Whether people may also register and sign in with a password, as in the mode accounts.",
    ),
    setting(
        "oidc.create_accounts",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.oidc.create_accounts = value),
        "Whether whoever the provider lets in, and has no account yet, gets one. Without it only those come in who have an account with their address. `accounts.allowed_domains` holds in both cases.",
    ),
    setting(
        "oidc.link_passwords",
        Presence::Default("false"),
        Kind::Switch(|config, value| config.oidc.link_passwords = value),
        "Whether whoever has the verified address of an account that has a password gets that account. Leave it off where anybody could register with somebody else's address.",
    ),
    setting(
        "oidc.trust_email",
        Presence::Default("false"),
        Kind::Switch(|config, value| config.oidc.trust_email = value),
        "Whether addresses count as verified although the provider does not say `email_verified`. Only for providers at which nobody can enter an address that is not theirs.",
    ),
    setting(
        "oidc.email_claim",
        Presence::Optional("email"),
        name(|config, value| config.oidc.email_claim = Some(value)),
        "The claim that has the e-mail address. Without it: the first of email, preferred_username, upn that is one.",
    ),
    setting(
        "oidc.username_claim",
        Presence::Optional("preferred_username"),
        name(|config, value| config.oidc.username_claim = Some(value)),
        "The claim that has the user name. Without it: the first of preferred_username, username and the e-mail address.",
    ),
    setting(
        "oidc.name_claim",
        Presence::Optional("name"),
        name(|config, value| config.oidc.name_claim = Some(value)),
        "The claim that has the name that is shown. Without it: name, else given_name and family_name, else the user name.",
    ),
    setting(
        "oidc.required_role",
        Presence::Optional("manent-user"),
        roles(|config, value| config.oidc.required.roles = parse_texts(&value)),
        "The role that one must have to come in; of several, with commas between them, any.",
    ),
    setting(
        "oidc.required_role_path",
        Presence::Default("roles"),
        name(|config, value| config.oidc.required.path = path(&value)),
        "Where roles stand: names of claims with dots between them, such as realm_access.roles.",
    ),
    setting(
        "oidc.required_role_in",
        Presence::Default("id_token"),
        Kind::Choice(REQUIRED_SOURCES),
        "What is looked into for the required role.",
    ),
    setting(
        "oidc.admin_role",
        Presence::Optional("manent-admin"),
        roles(|config, value| config.oidc.admin.roles = parse_texts(&value)),
        "The role that makes an administrator, at each sign-in: whoever has it is one, and whoever lost it is one no more, but for the last. Without it the provider does not decide that.",
    ),
    setting(
        "oidc.admin_role_path",
        Presence::Default("roles"),
        name(|config, value| config.oidc.admin.path = path(&value)),
        "Where that role stands.",
    ),
    setting(
        "oidc.admin_role_in",
        Presence::Default("id_token"),
        Kind::Choice(ADMIN_SOURCES),
        "What is looked into for it.",
    ),
    setting(
        "oidc.audiences",
        Presence::Optional("https://chat.example.org"),
        Kind::Text {
            expects: "texts with commas between them",
            accepts: is_text_list,
            set: |config, value| config.oidc.audiences = parse_texts(&value),
        },
        "The audiences (`aud`) whose tokens programs may send as `Authorization: Bearer …` in place of one of Manent's. Without it no token of the provider's is taken.",
    ),
    setting(
        "oidc.end_session",
        Presence::Default("true"),
        Kind::Switch(|config, value| config.oidc.end_session = value),
        "Whether signing out here also signs out at the provider, where it can.",
    ),
    setting(
        "oidc.timeout",
        Presence::Default("10s"),
        Kind::Duration {
            least: seconds(1),
            most: seconds(60),
            set: |config, value| config.oidc.timeout = value,
        },
        "How long the provider may take for each answer.",
    ),
];

static REQUIRED_SOURCES: &[(&str, Choose<Config>)] = &[
    ("id_token", |config| {
        config.oidc.required.source = RoleSource::IdToken;
    }),
    ("access_token", |config| {
        config.oidc.required.source = RoleSource::AccessToken;
    }),
    ("userinfo", |config| {
        config.oidc.required.source = RoleSource::UserInfo;
    }),
];

static ADMIN_SOURCES: &[(&str, Choose<Config>)] = &[
    ("id_token", |config| {
        config.oidc.admin.source = RoleSource::IdToken;
    }),
    ("access_token", |config| {
        config.oidc.admin.source = RoleSource::AccessToken;
    }),
    ("userinfo", |config| {
        config.oidc.admin.source = RoleSource::UserInfo;
    }),
];

const fn name(set: fn(&mut Config, String)) -> Kind<Config> {
    Kind::Text {
        expects: "a text of at most 200 characters",
        accepts: is_name,
        set,
    }
}

const fn roles(set: fn(&mut Config, String)) -> Kind<Config> {
    Kind::Text {
        expects: "names of roles with commas between them",
        accepts: is_text_list,
        set,
    }
}

/// The names on the way to a claim.
fn path(text: &str) -> Vec<String> {
    text.split('.').map(|name| name.trim().to_owned()).collect()
}

/// An address that a provider may have: encrypted, but for one on this machine.
fn is_issuer(text: &str) -> bool {
    let Ok(url) = url::Url::parse(text) else {
        return false;
    };
    let is_local = url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']');
        host == "localhost"
            || address
                .parse::<IpAddr>()
                .is_ok_and(|address| address.is_loopback())
    });
    let is_plain = url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    is_plain
        && text.trim() == text
        && (url.scheme() == "https" || (url.scheme() == "http" && is_local))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_provider_is_reached_encrypted_or_on_this_machine() {
        for good in [
            "https://login.example.org",
            "https://login.example.org/",
            "https://login.example.org/realms/main",
            "http://127.0.0.1:3000",
            "http://localhost:3000/x",
            "http://[::1]:3000",
        ] {
            assert!(is_issuer(good), "{good}");
        }
        for bad in [
            "",
            "login.example.org",
            "http://login.example.org",
            "http://10.0.0.1",
            "http://localhost.example.org",
            "https://a:b@login.example.org",
            "https://login.example.org?x=y",
            "https://login.example.org#x",
            "ftp://127.0.0.1",
        ] {
            assert!(!is_issuer(bad), "{bad}");
        }
    }
}
