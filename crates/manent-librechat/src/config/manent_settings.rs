//! What the variables mean for the server's own settings.
//!
//! Everything here holds only where the server's own configuration says nothing.

use super::arithmetic::evaluate;
use super::environment::Environment;
use super::finding::{Place, Report, Verdict};

/// A setting of the server's own, as text of the kind that a variable would have.
#[derive(Clone, PartialEq, Eq)]
pub struct ManentSetting {
    /// Its key, such as `accounts.registration`.
    pub key: &'static str,
    /// Its value; may be a secret.
    pub value: String,
    /// What says so.
    pub place: Place,
}

/// Without the value: it may be a secret.
impl std::fmt::Debug for ManentSetting {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("ManentSetting")
            .field("key", &self.key)
            .field("place", &self.place)
            .finish_non_exhaustive()
    }
}

/// How people sign in to the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignIn {
    /// Nobody does: there is one owner.
    Nobody,
    /// With passwords.
    Passwords,
    /// Through an OpenID provider.
    OpenId,
}

pub(super) struct Translation<'a> {
    environment: &'a Environment,
    report: &'a Report,
    settings: Vec<ManentSetting>,
}

/// What the variables say, for a server on which people sign in so.
pub(super) fn translate(
    environment: &Environment,
    sign_in: SignIn,
    report: &Report,
) -> Vec<ManentSetting> {
    let mut translation = Translation {
        environment,
        report,
        settings: Vec::new(),
    };
    translation.address(sign_in);
    if sign_in == SignIn::Nobody {
        translation.nobody_signs_in();
        return translation.settings;
    }
    translation.accounts(sign_in);
    translation.limits();
    translation.mail();
    if sign_in == SignIn::OpenId {
        translation.openid();
    } else if environment.get("OPENID_ISSUER").is_some() {
        translation.unsupported(
            "OPENID_ISSUER",
            "nobody signs in through a provider in this mode: set mode = \"oidc\"",
        );
    }
    translation.settings
}

impl Translation<'_> {
    fn set(&mut self, key: &'static str, variable: &str, value: impl Into<String>) {
        self.settings.push(ManentSetting {
            key,
            value: value.into(),
            place: self.environment.place(variable),
        });
    }

    /// A setting that takes the variable's text as it is.
    fn pass(&mut self, key: &'static str, variable: &str) {
        if let Some(value) = self.environment.get(variable) {
            self.set(key, variable, value);
        }
    }

    fn pass_switch(&mut self, key: &'static str, variable: &str) {
        if let Some(value) = self.switch(variable) {
            self.set(key, variable, value.to_string());
        }
    }

    fn switch(&self, variable: &str) -> Option<bool> {
        let value = self.environment.get(variable)?;
        Some(value.eq_ignore_ascii_case("true"))
    }

    fn unsupported(&self, variable: &str, note: impl Into<String>) {
        let place = self.environment.place(variable);
        self.report
            .find(place, variable, Verdict::Unsupported, note.into());
    }

    /// What an expression comes to; absent, with a complaint, when it is none.
    fn number(&self, variable: &str) -> Option<f64> {
        let text = self.environment.get(variable)?;
        let value = evaluate(text).filter(|value| *value >= 0.0);
        if value.is_none() {
            let message =
                format!("{variable} must be a number, or an expression such as 1000 * 60 * 15");
            self.report
                .complain(self.environment.place(variable), message);
        }
        value
    }

    fn duration(&mut self, key: &'static str, variable: &str) {
        if let Some(milliseconds) = self.number(variable) {
            self.set(key, variable, format!("{}ms", milliseconds.round()));
        }
    }

    fn address(&mut self, sign_in: SignIn) {
        let port = self.environment.get("PORT");
        let host = self.environment.get("HOST");
        let named = if host.is_some() { "HOST" } else { "PORT" };
        let ip = match host {
            None | Some("localhost") => Some("127.0.0.1".to_owned()),
            Some(host) if host.contains(':') => Some(format!("[{host}]")),
            Some(host) => {
                Some(host.to_owned()).filter(|host| host.parse::<std::net::Ipv4Addr>().is_ok())
            }
        };
        let is_loopback = ip
            .as_deref()
            .is_some_and(|ip| ip.starts_with("127.") || ip == "[::1]");
        match ip {
            None => self.unsupported("HOST", "no address: the server listens where `listen` says"),
            Some(_) if sign_in == SignIn::Nobody && !is_loopback => {
                self.unsupported(
                    "HOST",
                    "in the mode local the server listens on this machine only",
                );
            }
            Some(ip) if host.is_some() || port.is_some() => {
                self.set("listen", named, format!("{ip}:{}", port.unwrap_or("3080")));
            }
            Some(_) => {}
        }
        let client = self
            .environment
            .get("DOMAIN_CLIENT")
            .map(|url| url.trim_end_matches('/'));
        let server = self
            .environment
            .get("DOMAIN_SERVER")
            .map(|url| url.trim_end_matches('/'));
        if let Some(url) = client.or(server) {
            let variable = if client.is_some() {
                "DOMAIN_CLIENT"
            } else {
                "DOMAIN_SERVER"
            };
            self.set("public_url", variable, url);
        }
        if client.is_some() && server.is_some() && client != server {
            self.unsupported(
                "DOMAIN_SERVER",
                "the client and the server have one address, that of DOMAIN_CLIENT",
            );
        }
    }

    fn nobody_signs_in(&self) {
        for variable in [
            "ALLOW_REGISTRATION",
            "MIN_PASSWORD_LENGTH",
            "EMAIL_HOST",
            "OPENID_ISSUER",
        ] {
            if self.environment.get(variable).is_some() {
                self.unsupported(
                    variable,
                    "in the mode local nobody signs in: set mode = \"accounts\" or \"oidc\"",
                );
            }
        }
    }

    fn accounts(&mut self, sign_in: SignIn) {
        if let Some(is_open) = self.switch("ALLOW_REGISTRATION") {
            let registration = if is_open { "open" } else { "closed" };
            self.set("accounts.registration", "ALLOW_REGISTRATION", registration);
        }
        if let Some(is_secure) = self.switch("SESSION_COOKIE_SECURE") {
            let when = if is_secure { "always" } else { "never" };
            self.set("accounts.secure_cookies", "SESSION_COOKIE_SECURE", when);
        }
        self.pass("accounts.min_password_length", "MIN_PASSWORD_LENGTH");
        self.duration("accounts.access_token_life", "SESSION_EXPIRY");
        self.duration("accounts.session_life", "REFRESH_TOKEN_EXPIRY");
        if self.switch("ALLOW_EMAIL_LOGIN") == Some(false) && sign_in == SignIn::Passwords {
            self.unsupported(
                "ALLOW_EMAIL_LOGIN",
                "in the mode accounts people sign in with passwords; the client's form is hidden all the same",
            );
        }
        if self.switch("ALLOW_UNVERIFIED_EMAIL_LOGIN") == Some(true)
            && self.environment.get("EMAIL_HOST").is_some()
        {
            self.unsupported(
                "ALLOW_UNVERIFIED_EMAIL_LOGIN",
                "where mail is sent, an address is verified before anybody signs in with it",
            );
        }
    }

    fn limits(&mut self) {
        match self.switch("LIMIT_CONCURRENT_MESSAGES") {
            Some(false) => self.set(
                "limits.concurrent_generations",
                "LIMIT_CONCURRENT_MESSAGES",
                "0",
            ),
            _ => self.pass("limits.concurrent_generations", "CONCURRENT_MESSAGE_MAX"),
        }
        self.rate(
            "limits.generations_per_minute_by_address",
            "MESSAGE_IP",
            true,
        );
        self.rate("limits.generations_per_minute", "MESSAGE_USER", false);
    }

    /// `LIMIT_…`, `…_MAX` and `…_WINDOW` in minutes.
    fn rate(&mut self, key: &'static str, name: &str, is_on_by_default: bool) {
        let limit = format!("LIMIT_{name}");
        let is_on = self.switch(&limit);
        let most = self.number(&format!("{name}_MAX"));
        let window = self
            .number(&format!("{name}_WINDOW"))
            .filter(|window| *window > 0.0);
        match is_on {
            Some(false) => self.set(key, &limit, "0"),
            None if !is_on_by_default => {}
            _ => {
                if let Some(most) = most {
                    let each = (most / window.unwrap_or(1.0)).ceil();
                    self.set(key, &format!("{name}_MAX"), each.to_string());
                }
            }
        }
    }

    fn mail(&mut self) {
        if self.environment.get("EMAIL_HOST").is_none() {
            return;
        }
        self.pass("mail.host", "EMAIL_HOST");
        self.pass("mail.port", "EMAIL_PORT");
        self.pass("mail.user", "EMAIL_USERNAME");
        self.pass("mail.password", "EMAIL_PASSWORD");
        match self.environment.get("EMAIL_ENCRYPTION") {
            Some("tls") => self.set("mail.tls", "EMAIL_ENCRYPTION", "implicit"),
            Some("starttls") => self.set("mail.tls", "EMAIL_ENCRYPTION", "starttls"),
            Some(_) => self.unsupported(
                "EMAIL_ENCRYPTION",
                "tls and starttls are known; without it: starttls",
            ),
            None => {}
        }
        if let Some(from) = self.environment.get("EMAIL_FROM") {
            let from = match self.environment.get("EMAIL_FROM_NAME") {
                Some(name) if !from.contains('<') => format!("{name} <{from}>"),
                _ => from.to_owned(),
            };
            self.set("mail.from", "EMAIL_FROM", from);
        }
    }

    fn openid(&mut self) {
        for (key, variable) in [
            ("oidc.issuer", "OPENID_ISSUER"),
            ("oidc.client_id", "OPENID_CLIENT_ID"),
            ("oidc.client_secret", "OPENID_CLIENT_SECRET"),
            ("oidc.scopes", "OPENID_SCOPE"),
            ("oidc.label", "OPENID_BUTTON_LABEL"),
            ("oidc.image", "OPENID_IMAGE_URL"),
            ("oidc.email_claim", "OPENID_EMAIL_CLAIM"),
            ("oidc.username_claim", "OPENID_USERNAME_CLAIM"),
            ("oidc.name_claim", "OPENID_NAME_CLAIM"),
            ("oidc.required_role", "OPENID_REQUIRED_ROLE"),
            (
                "oidc.required_role_path",
                "OPENID_REQUIRED_ROLE_PARAMETER_PATH",
            ),
            ("oidc.admin_role", "OPENID_ADMIN_ROLE"),
            ("oidc.admin_role_path", "OPENID_ADMIN_ROLE_PARAMETER_PATH"),
        ] {
            self.pass(key, variable);
        }
        self.pass_switch("oidc.automatic", "OPENID_AUTO_REDIRECT");
        self.pass_switch("oidc.create_accounts", "ALLOW_SOCIAL_REGISTRATION");
        let passwords = self.switch("ALLOW_EMAIL_LOGIN").unwrap_or(true);
        self.set("oidc.passwords", "ALLOW_EMAIL_LOGIN", passwords.to_string());
        for (key, variable) in [
            ("oidc.required_role_in", "OPENID_REQUIRED_ROLE_TOKEN_KIND"),
            ("oidc.admin_role_in", "OPENID_ADMIN_ROLE_TOKEN_KIND"),
        ] {
            match self.environment.get(variable) {
                Some("id") => self.set(key, variable, "id_token"),
                Some("access") => self.set(key, variable, "access_token"),
                Some(_) => self.unsupported(variable, "id and access are known; without it: id"),
                None => {}
            }
        }
        if let Some(issuer) = self.issuer() {
            self.settings.retain(|setting| setting.key != "oidc.issuer");
            self.set("oidc.issuer", "OPENID_ISSUER", issuer);
        }
    }

    /// LibreChat also takes the address of the discovery document.
    fn issuer(&self) -> Option<String> {
        let issuer = self.environment.get("OPENID_ISSUER")?;
        let start = issuer.strip_suffix("/.well-known/openid-configuration")?;
        Some(start.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings(text: &str, sign_in: SignIn) -> (Vec<(&'static str, String)>, Vec<String>) {
        let environment = Environment::new([], text);
        let report = Report::default();
        let settings = translate(&environment, sign_in, &report).into_iter();
        let settings = settings
            .map(|setting| (setting.key, setting.value))
            .collect();
        let (findings, mistakes) = report.into_lists();
        assert_eq!(mistakes, []);
        (
            settings,
            findings.into_iter().map(|finding| finding.key).collect(),
        )
    }

    fn given(entries: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
        let entries = entries.iter();
        entries
            .map(|(key, value)| (*key, (*value).to_owned()))
            .collect()
    }

    #[test]
    fn lives_of_sessions_are_expressions() {
        let text = "SESSION_EXPIRY=1000 * 60 * 15\nREFRESH_TOKEN_EXPIRY=(1000 * 60 * 60 * 24) * 7\nALLOW_REGISTRATION=true\nMIN_PASSWORD_LENGTH=10\n";
        let expected = given(&[
            ("accounts.registration", "open"),
            ("accounts.min_password_length", "10"),
            ("accounts.access_token_life", "900000ms"),
            ("accounts.session_life", "604800000ms"),
        ]);
        assert_eq!(settings(text, SignIn::Passwords), (expected, vec![]));
    }

    #[test]
    fn addresses_are_taken_where_people_may_reach_them() {
        let text = "HOST=0.0.0.0\nPORT=3081\nDOMAIN_CLIENT=https://chat.example.org/\nDOMAIN_SERVER=https://chat.example.org\n";
        let expected = given(&[
            ("listen", "0.0.0.0:3081"),
            ("public_url", "https://chat.example.org"),
        ]);
        assert_eq!(settings(text, SignIn::Passwords), (expected, vec![]));
        let (local, findings) = settings(text, SignIn::Nobody);
        assert_eq!(local, given(&[("public_url", "https://chat.example.org")]));
        assert_eq!(findings, ["HOST"]);
    }

    #[test]
    fn mail_counts_only_with_a_server() {
        let text = "EMAIL_FROM=noreply@example.org\nEMAIL_FROM_NAME=Chat\nEMAIL_PORT=25\n";
        assert_eq!(settings(text, SignIn::Passwords).0, []);
        let expected = given(&[
            ("mail.host", "mail.example.org"),
            ("mail.port", "25"),
            ("mail.tls", "implicit"),
            ("mail.from", "Chat <noreply@example.org>"),
        ]);
        let text = format!("{text}EMAIL_HOST=mail.example.org\nEMAIL_ENCRYPTION=tls\n");
        assert_eq!(settings(&text, SignIn::Passwords).0, expected);
    }

    #[test]
    fn a_provider_counts_where_people_sign_in_through_one() {
        let text = "OPENID_ISSUER=https://login.example.org/.well-known/openid-configuration\nOPENID_CLIENT_ID=chat\nALLOW_EMAIL_LOGIN=false\n";
        let expected = given(&[
            ("oidc.client_id", "chat"),
            ("oidc.passwords", "false"),
            ("oidc.issuer", "https://login.example.org"),
        ]);
        assert_eq!(settings(text, SignIn::OpenId), (expected, vec![]));
        let (other, findings) = settings(text, SignIn::Passwords);
        assert_eq!(other, []);
        assert_eq!(findings, ["ALLOW_EMAIL_LOGIN", "OPENID_ISSUER"]);
    }

    #[test]
    fn rates_are_per_minute() {
        let text = "MESSAGE_IP_MAX=40\nMESSAGE_IP_WINDOW=2\nMESSAGE_USER_MAX=10\nLIMIT_CONCURRENT_MESSAGES=false\n";
        let expected = given(&[
            ("limits.concurrent_generations", "0"),
            ("limits.generations_per_minute_by_address", "20"),
        ]);
        assert_eq!(settings(text, SignIn::Passwords).0, expected);
    }
}
