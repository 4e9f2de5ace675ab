//! What does not go together, outside of providers.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::path::Path;

use secrecy::ExposeSecret;

use crate::config::{Config, MailTls, Mode, ModelConfig};
use crate::loaded::Entry;
use crate::origin::Origin;
use crate::problem::Problem;

/// Every conflict between values that are each right by themselves.
pub(crate) fn check(
    config: &Config,
    entries: &[Entry],
    failed: &BTreeSet<&'static str>,
) -> Vec<Problem> {
    let mut checker = Checker {
        entries,
        failed,
        problems: Vec::new(),
    };
    checker.listen(config);
    checker.accounts(config);
    checker.mail(config);
    checker.oidc(config);
    checker.prices(config);
    checker.data_dir(&config.data_dir);
    checker.client(config.librechat.ui.as_deref());
    let limits = &config.limits;
    let content = &limits.content;
    for (key, bytes) in [
        ("limits.message_text_bytes", content.message_text_bytes),
        ("limits.message_image_bytes", content.message_image_bytes),
        ("limits.system_bytes", content.system_bytes),
    ] {
        checker.smaller(key, "limits.body_bytes", bytes < limits.body_bytes);
    }
    let runs = &config.runs;
    if runs.dead_after < runs.heartbeat_interval * 2 {
        let message = format!(
            "{} must be at least twice {}, or runs that live are taken for dead",
            checker.describe("runs.dead_after"),
            checker.describe("runs.heartbeat_interval")
        );
        checker.complain(&["runs.dead_after", "runs.heartbeat_interval"], message);
    }
    checker.problems
}

/// The fewest characters of the server's secret: as many as 32 bytes have in the narrowest usual form.
const LEAST_SECRET: usize = 32;

struct Checker<'a> {
    entries: &'a [Entry],
    failed: &'a BTreeSet<&'static str>,
    problems: Vec<Problem>,
}

impl Checker<'_> {
    fn listen(&mut self, config: &Config) {
        if config.listen.ip().is_loopback() {
            return;
        }
        match config.mode {
            Mode::Local => self.complain(
                &["listen", "mode"],
                format!(
                    "`listen` is {}, which others can reach, but in the mode local nobody signs in; set `mode = \"accounts\"` \
                     (--mode accounts, MANENT_MODE=accounts), or use 127.0.0.1:{} and reach it from another machine through an SSH tunnel",
                    config.listen,
                    config.listen.port()
                ),
            ),
            Mode::Accounts | Mode::Oidc if config.public_url.is_none() => self.complain(
                &["listen", "public_url"],
                format!(
                    "`listen` is {}, which others can reach; set `public_url` (MANENT_PUBLIC_URL) to the address under which they do, \
                     such as \"https://chat.example.org\"",
                    config.listen
                ),
            ),
            Mode::Accounts | Mode::Oidc => {}
        }
    }

    fn accounts(&mut self, config: &Config) {
        if !config.mode.has_accounts() {
            self.without_accounts(config);
            return;
        }
        match &config.accounts.secret {
            Some(secret) if secret.expose_secret().len() < LEAST_SECRET => self.complain(
                &["accounts.secret", "accounts.secret_file"],
                format!("`accounts.secret` must have at least {LEAST_SECRET} characters; `openssl rand -hex 32` makes a good one"),
            ),
            None if config.sqlite_directory().is_none() => self.complain(
                &["mode", "database.url"],
                "servers that share a database must share the secret from which tokens are made; set `accounts.secret_file` \
                 (MANENT_ACCOUNTS__SECRET_FILE) to a file that is the same for all of them"
                    .to_owned(),
            ),
            Some(_) | None => {}
        }
    }

    /// What needs people who sign in.
    fn without_accounts(&mut self, config: &Config) {
        let theirs = config.providers.iter().find(|provider| provider.own.key);
        if let Some(provider) = theirs {
            let message = format!(
                "the key of the provider {} is \"user_provided\", but in the mode local nobody has keys of their own; set the key, or `mode = \"accounts\"` \
                 (--mode accounts, MANENT_MODE=accounts)",
                provider.id
            );
            self.complain(&["mode"], message);
        }
    }

    fn mail(&mut self, config: &Config) {
        let mail = &config.mail;
        let Some(host) = &mail.host else {
            if mail.from.is_some() || mail.user.is_some() || mail.password.is_some() {
                let message = "something is set about mail, but no server that takes it; set `mail.host` (MANENT_MAIL__HOST)";
                self.complain(
                    &["mail.from", "mail.user", "mail.password", "mail.host"],
                    message.to_owned(),
                );
            }
            return;
        };
        if mail.from.is_none() {
            let message = "`mail.host` is set; set `mail.from` (MANENT_MAIL__FROM) to the address that mail is from";
            self.complain(&["mail.host", "mail.from"], message.to_owned());
        }
        if config.public_url.is_none() {
            let message = "`mail.host` is set, and mail has links in it; set `public_url` (MANENT_PUBLIC_URL) to the address under which people reach \
                           this server";
            self.complain(&["mail.host", "public_url"], message.to_owned());
        }
        match (&mail.user, &mail.password) {
            (Some(_), None) => {
                let message = "`mail.user` is set; set `mail.password_file` (MANENT_MAIL__PASSWORD_FILE) too, or `mail.password`";
                self.complain(&["mail.user", "mail.password"], message.to_owned());
            }
            (None, Some(_)) => {
                let message = "`mail.password` is set; set `mail.user` (MANENT_MAIL__USER) too";
                self.complain(&["mail.user", "mail.password"], message.to_owned());
            }
            _ => {}
        }
        let is_local = host == "localhost"
            || host
                .parse()
                .is_ok_and(|address: IpAddr| address.is_loopback());
        if mail.tls == MailTls::None && mail.password.is_some() && !is_local {
            let message = format!(
                "with `mail.tls = \"none\"` the password would go to {host} for everybody to read; use starttls or implicit"
            );
            self.complain(&["mail.tls", "mail.host", "mail.password"], message);
        }
    }

    fn oidc(&mut self, config: &Config) {
        let oidc = &config.oidc;
        if config.mode != Mode::Oidc {
            if oidc.issuer.is_some() {
                self.complain(
                    &["mode", "oidc.issuer"],
                    "`oidc.issuer` is set, but nobody signs in through a provider in this mode; set `mode = \"oidc\"` (--mode oidc, \
                     MANENT_MODE=oidc), and `oidc.passwords = true` where passwords shall go on beside it"
                        .to_owned(),
                );
            }
            return;
        }
        for (key, variable, is_missing) in [
            ("oidc.issuer", "MANENT_OIDC__ISSUER", oidc.issuer.is_none()),
            (
                "oidc.client_id",
                "MANENT_OIDC__CLIENT_ID",
                oidc.client_id.is_none(),
            ),
        ] {
            if is_missing {
                self.complain(
                    &["mode", key],
                    format!("the mode oidc needs a provider; set `{key}` ({variable})"),
                );
            }
        }
    }

    /// An answer whose price nobody knows would count as nothing, so it is refused; better to know that before.
    fn prices(&mut self, config: &Config) {
        let limits = config.limits.usage.resolved(config.mode);
        if limits.budget_cost.is_none() || !config.mode.has_accounts() {
            return;
        }
        for provider in &config.providers {
            let is_without_price =
                |model: &&ModelConfig| !provider.price_of(&model.model).is_known();
            let models = provider.models.iter().filter(is_without_price);
            let models: Vec<&str> = models.map(|model| model.model.as_str()).collect();
            if !models.is_empty() && !provider.is_free_without_price() {
                let message = format!(
                    "`limits.budget_cost` is set, so every model needs a price; set `input_price` and `output_price` in `models` of the provider {}, \
                     or for the whole provider (missing: {})",
                    provider.id,
                    models.join(", ")
                );
                self.complain(&["limits.budget_cost"], message);
            }
        }
    }

    fn data_dir(&mut self, data_dir: &Path) {
        if data_dir.as_os_str().is_empty() {
            if !self.failed.contains("data_dir") {
                self.problems.push(Problem::mistake(
                    Origin::Default,
                    "there is no home directory, so there is no usual place for the data; set `data_dir` (--data-dir, MANENT_DATA_DIR)",
                ));
            }
        } else if data_dir.exists() && !data_dir.is_dir() {
            self.complain(
                &["data_dir"],
                format!(
                    "`data_dir` is {}, which is no directory",
                    data_dir.display()
                ),
            );
        }
    }

    /// A directory to serve a client from must have one.
    fn client(&mut self, directory: Option<&Path>) {
        let Some(directory) = directory.filter(|directory| !directory.join("index.html").is_file())
        else {
            return;
        };
        let message = format!(
            "`librechat.ui` is {}, in which there is no index.html; give it the directory of a build of LibreChat's client (client/dist)",
            directory.display()
        );
        self.complain(&["librechat.ui"], message);
    }

    fn smaller(&mut self, left: &str, right: &str, holds: bool) {
        if !holds {
            let message = format!(
                "{} must be smaller than {}, in which it travels",
                self.describe(left),
                self.describe(right)
            );
            self.complain(&[left, right], message);
        }
    }

    fn describe(&self, key: &str) -> String {
        match self.entries.iter().find(|entry| entry.key == key) {
            Some(entry) => format!("`{key}` ({}, {})", entry.value, entry.origin),
            None => format!("`{key}`"),
        }
    }

    /// Complains where the latest of the values was set. Values that are wrong by themselves were told already.
    fn complain(&mut self, keys: &[&str], message: String) {
        if keys.iter().any(|key| self.failed.contains(key)) {
            return;
        }
        let origin = self
            .entries
            .iter()
            .filter(|entry| keys.contains(&entry.key.as_str()))
            .map(|entry| entry.origin.clone())
            .max()
            .unwrap_or(Origin::Default);
        self.problems.push(Problem::mistake(origin, message));
    }
}
