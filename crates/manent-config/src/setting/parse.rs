//! From a raw value to the field that it sets.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::config::ModelConfig;
use crate::database;
use crate::dollars;
use crate::models;
use crate::origin::Origin;
use crate::problem::Problem;
use crate::raw::{Raw, RawValue};
use crate::secret;
use crate::setting::{Kind, Presence, Setting, USER_PROVIDED};
use crate::sources::{Environment, Platform};
use crate::suggestion::did_you_mean;

/// What values are read against.
pub(crate) struct Context<'a> {
    pub(crate) environment: &'a Environment,
    pub(crate) platform: &'a Platform,
    pub(crate) current_directory: &'a Path,
    /// The folder of the configuration file.
    pub(crate) file_directory: &'a Path,
}

impl Context<'_> {
    /// A path as the origin of the value means it.
    pub(crate) fn resolve(&self, text: &str, origin: &Origin) -> PathBuf {
        if let Some(home) = &self.platform.home {
            if text == "~" {
                return home.clone();
            }
            if let Some(rest) = text.strip_prefix("~/") {
                return home.join(rest);
            }
        }
        match origin {
            Origin::File { .. } => self.file_directory.join(text),
            _ => self.current_directory.join(text),
        }
    }
}

/// Sets a field from its default. Returns how it is shown; `None` when there is no default.
pub(crate) fn assign_default<T>(
    setting: &Setting<T>,
    target: &mut T,
    context: &Context<'_>,
) -> Option<String> {
    let text = match (setting.presence, &setting.kind) {
        (Presence::Default(text), _) => text.to_owned(),
        // It need not be Unicode, so it does not go through text.
        (Presence::PlatformData, Kind::Path(set)) => {
            let path = context.platform.data_directory.clone()?;
            let shown = quoted(&path.to_string_lossy());
            set(target, path);
            return Some(shown);
        }
        (Presence::PlatformData | Presence::Optional(_) | Presence::Required(_), _) => return None,
    };
    let raw = Raw {
        value: RawValue::Word(text),
        origin: Origin::Default,
    };
    // A test holds that every default of the tables is valid.
    assign(setting, setting.key, &raw, target, context).ok()
}

/// Sets a field. Returns how the value is shown, in TOML, without secrets.
///
/// # Errors
/// What is wrong with it; the field stays as it was.
pub(crate) fn assign<T>(
    setting: &Setting<T>,
    key: &str,
    raw: &Raw,
    target: &mut T,
    context: &Context<'_>,
) -> Result<String, Vec<Problem>> {
    let wrong = |hint: &str| {
        // An address may hold a password, which must not be repeated.
        let may_hold_password = matches!(
            (&setting.kind, &raw.value),
            (Kind::Url(_) | Kind::UrlOrTheirs { .. }, RawValue::Word(text) | RawValue::Text(text)) if text.contains('@')
        );
        let found = if setting.kind.is_secret() || may_hold_password {
            "is not".to_owned()
        } else {
            format!("is {}", raw.value.describe())
        };
        vec![Problem::mistake(
            raw.origin.clone(),
            format!(
                "`{key}` must be {}, but {found}{hint}",
                setting.kind.expects()
            ),
        )]
    };
    let text = |hint: &str| match &raw.value {
        RawValue::Word(text) | RawValue::Text(text) => Ok(text.as_str()),
        _ => Err(wrong(hint)),
    };
    let complain = |message: String| {
        vec![Problem::mistake(
            raw.origin.clone(),
            format!("`{key}` {message}"),
        )]
    };
    match &setting.kind {
        Kind::Address(set) => {
            let text = text("")?;
            let address = parse_address(text).ok_or_else(|| wrong(address_hint(text)))?;
            set(target, address);
            Ok(quoted(&address.to_string()))
        }
        Kind::Path(set) => {
            let text = text("")?;
            if text.is_empty() || text.contains('\0') {
                return Err(wrong(""));
            }
            let path = context.resolve(text, &raw.origin);
            let shown = quoted(&path.to_string_lossy());
            set(target, path);
            Ok(shown)
        }
        Kind::Text { accepts, set, .. } => {
            let text = text("")?;
            if !accepts(text) {
                return Err(wrong(""));
            }
            set(target, text.to_owned());
            Ok(quoted(text))
        }
        Kind::Url(set) => {
            let url = parse_url(text("")?).ok_or_else(|| wrong(""))?;
            let shown = quoted(&url);
            set(target, url);
            Ok(shown)
        }
        Kind::UrlOrTheirs { set, leave } => {
            let text = text("")?;
            if text == USER_PROVIDED {
                leave(target);
                return Ok(quoted(text));
            }
            let url = parse_url(text).ok_or_else(|| wrong(""))?;
            let shown = quoted(&url);
            set(target, url);
            Ok(shown)
        }
        Kind::Database(set) => {
            let parsed = database::parse(text("")?, |path| context.resolve(path, &raw.origin))
                .map_err(|message| match message {
                    Some(message) => complain(message),
                    None => wrong(""),
                })?;
            set(target, parsed.url);
            Ok(quoted(&parsed.shown))
        }
        Kind::Switch(set) => {
            let value = match &raw.value {
                RawValue::Switch(value) => *value,
                RawValue::Word(word) => match word.to_ascii_lowercase().as_str() {
                    "true" | "yes" | "on" | "1" => true,
                    "false" | "no" | "off" | "0" => false,
                    _ => return Err(wrong("")),
                },
                _ => return Err(wrong("")),
            };
            set(target, value);
            Ok(value.to_string())
        }
        Kind::Whole {
            least, most, set, ..
        } => {
            let number = match &raw.value {
                RawValue::Whole(number) => u64::try_from(*number).ok(),
                RawValue::Word(word) => word.replace('_', "").parse().ok(),
                _ => None,
            };
            let number = number
                .filter(|number| (*least..=*most).contains(number))
                .ok_or_else(|| wrong(""))?;
            set(target, number);
            Ok(number.to_string())
        }
        Kind::Dollars { most, set } => {
            let amount = match &raw.value {
                RawValue::Whole(number) => dollars::parse(&number.to_string()),
                RawValue::Decimal(text) | RawValue::Word(text) | RawValue::Text(text) => {
                    dollars::parse(text)
                }
                _ => None,
            };
            let amount = amount
                .filter(|amount| *amount <= most.saturating_mul(dollars::MILLIONTHS))
                .ok_or_else(|| wrong(""))?;
            set(target, amount);
            Ok(dollars::format(amount))
        }
        Kind::Duration { least, most, set } => {
            let hint = match &raw.value {
                RawValue::Whole(number) if *number >= 0 => {
                    format!("; write \"{number}s\" for seconds")
                }
                RawValue::Word(word) if word.parse::<u64>().is_ok() => {
                    format!("; write {word}s for seconds")
                }
                _ => String::new(),
            };
            let duration = crate::duration::parse(text(&hint)?)
                .filter(|duration| (*least..=*most).contains(duration))
                .ok_or_else(|| wrong(&hint))?;
            set(target, duration);
            Ok(quoted(&crate::duration::format(duration)))
        }
        Kind::Choice(options) => {
            let text = text("")?;
            let (name, set) = options
                .iter()
                .find(|(name, _)| *name == text)
                .ok_or_else(|| wrong(&did_you_mean(text, options.iter().map(|(name, _)| *name))))?;
            set(target);
            Ok(quoted(name))
        }
        Kind::Secret(set) => {
            set(target, secret::check(text("")?).map_err(complain)?);
            Ok(quoted(secret::MASK))
        }
        Kind::SecretVariable(set) => {
            let name = text("")?;
            let value = context.environment.get(name).ok_or_else(|| {
                complain(format!("names the variable {name}, which is not set; set it, or give the key by `api_key_file`"))
            })?;
            set(target, secret::check(value).map_err(complain)?);
            Ok(quoted(name))
        }
        Kind::SecretFile(set) => {
            let path = context.resolve(text("")?, &raw.origin);
            set(target, secret::read(&path).map_err(complain)?);
            Ok(quoted(&path.to_string_lossy()))
        }
        Kind::Headers(set) => {
            let RawValue::Table(entries) = &raw.value else {
                return Err(wrong(""));
            };
            let (headers, shown) = parse_headers(key, entries)?;
            set(target, headers);
            Ok(shown)
        }
        Kind::Models(set) => {
            let (models, shown): (Vec<ModelConfig>, String) = match &raw.value {
                RawValue::List(items) => models::parse(key, items, context)?,
                RawValue::Word(words) => models::parse(key, &split(words, &raw.origin), context)?,
                _ => return Err(wrong("")),
            };
            set(target, models);
            Ok(shown)
        }
    }
}

/// `text` as a TOML string.
pub(crate) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn split(words: &str, origin: &Origin) -> Vec<Raw> {
    words
        .split(',')
        .map(|word| Raw {
            value: RawValue::Word(word.trim().to_owned()),
            origin: origin.clone(),
        })
        .collect()
}

fn parse_address(text: &str) -> Option<SocketAddr> {
    if let Some(port) = text.strip_prefix("localhost:") {
        return Some(SocketAddr::new(
            IpAddr::V4(Ipv4Addr::LOCALHOST),
            port.parse().ok()?,
        ));
    }
    text.parse().ok()
}

fn address_hint(text: &str) -> &'static str {
    if text == "localhost" || text.parse::<IpAddr>().is_ok() {
        "; add the port"
    } else if text.trim_start_matches(':').parse::<u16>().is_ok() {
        "; write the address before the port"
    } else if text.contains("://") {
        "; leave out what stands before and after the address and the port"
    } else {
        ""
    }
}

fn parse_url(text: &str) -> Option<String> {
    let url = url::Url::parse(text).ok()?;
    let is_plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    is_plain.then(|| url.as_str().trim_end_matches('/').to_owned())
}

fn parse_headers(
    key: &str,
    entries: &[(String, Raw)],
) -> Result<(BTreeMap<String, SecretString>, String), Vec<Problem>> {
    let mut headers = BTreeMap::new();
    let mut problems = Vec::new();
    for (name, raw) in entries {
        let mut complain = |message: &str| {
            problems.push(Problem::mistake(
                raw.origin.clone(),
                format!("`{key}.{name}` {message}"),
            ));
        };
        let is_token = |character: char| {
            character.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(character)
        };
        if name.is_empty() || !name.chars().all(is_token) {
            complain("is no name that a header can have");
        }
        match &raw.value {
            RawValue::Text(text) => match secret::check(text) {
                Ok(value) => {
                    headers.insert(name.to_ascii_lowercase(), value);
                }
                Err(message) => complain(&message),
            },
            _ => complain("must be text"),
        }
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let shown: Vec<String> = headers
        .keys()
        .map(|name| format!("{} = {}", quoted(name), quoted(secret::MASK)))
        .collect();
    Ok((headers, format!("{{ {} }}", shown.join(", "))))
}
