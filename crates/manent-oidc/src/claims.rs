//! From claims to a person: which claim says what, and which roles count.

use serde_json::{Map, Value};

use crate::settings::{ClaimNames, ProviderSettings, RoleRule, RoleSource};

/// Claims by name.
pub(crate) type Claims = Map<String, Value>;

/// Who somebody is at the provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The provider.
    pub issuer: String,
    /// The person there.
    pub subject: String,
    /// The e-mail address.
    pub email: Option<String>,
    /// Whether the provider vouches for it, or whoever runs the server trusts it.
    pub is_email_verified: bool,
    /// A short name.
    pub username: Option<String>,
    /// The name to be shown.
    pub name: Option<String>,
    /// Whether the person has the required role; true where none is required.
    pub has_required_role: bool,
    /// Whether the person has the role of administrators; absent where the provider does not decide that.
    pub is_administrator: Option<bool>,
}

/// What is known of somebody: checked, each of it.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    /// Of the ID token, or of the one token that a program presents.
    pub(crate) token: Claims,
    /// Of the access token, where it can be read.
    pub(crate) access_token: Option<Claims>,
    /// Of the userinfo endpoint, where it was asked.
    pub(crate) user_info: Option<Claims>,
}

impl Sources {
    /// Whether the userinfo endpoint has to be asked: for roles, or for an address that the token does not have or not vouch for.
    pub(crate) fn need_user_info(&self, settings: &ProviderSettings) -> bool {
        let asks = |rule: &RoleRule| !rule.roles.is_empty() && rule.source == RoleSource::UserInfo;
        let email = email(&self.token, &settings.claims, settings.trust_email);
        asks(&settings.required)
            || asks(&settings.admin)
            || !email.is_some_and(|(_, is_verified)| is_verified)
    }

    /// The person.
    pub(crate) fn person(
        &self,
        settings: &ProviderSettings,
        issuer: String,
        subject: String,
    ) -> Person {
        let claims = self.merged();
        let email = email(&claims, &settings.claims, settings.trust_email);
        let (email, is_email_verified) = email.unzip();
        let username = username(&claims, &settings.claims).or_else(|| email.clone());
        Person {
            issuer,
            subject,
            name: name(&claims, &settings.claims).or_else(|| username.clone()),
            username,
            email,
            is_email_verified: is_email_verified.unwrap_or(false),
            has_required_role: settings.required.roles.is_empty() || self.has(&settings.required),
            is_administrator: (!settings.admin.roles.is_empty()).then(|| self.has(&settings.admin)),
        }
    }

    /// The userinfo endpoint's claims under the token's. What it says of the verification of another address is left out.
    fn merged(&self) -> Claims {
        let mut claims = self.user_info.clone().unwrap_or_default();
        let is_other_address = self
            .token
            .get("email")
            .is_some_and(|email| claims.get("email") != Some(email));
        if is_other_address {
            claims.remove("email_verified");
        }
        claims.extend(self.token.clone());
        claims
    }

    fn has(&self, rule: &RoleRule) -> bool {
        let claims = match rule.source {
            RoleSource::IdToken => Some(&self.token),
            RoleSource::AccessToken => self.access_token.as_ref(),
            RoleSource::UserInfo => self.user_info.as_ref(),
        };
        claims.is_some_and(|claims| has_role(claims, rule))
    }
}

/// The first of these claims that is a text which will do.
fn text<'a>(
    claims: &Claims,
    names: impl IntoIterator<Item = &'a str>,
    will_do: fn(&str) -> bool,
) -> Option<String> {
    names
        .into_iter()
        .filter_map(|name| claims.get(name)?.as_str())
        .map(str::trim)
        .find(|text| !text.is_empty() && will_do(text))
        .map(str::to_owned)
}

/// The address, and whether it counts as verified: what `email_verified` says is said of the claim `email`.
fn email(claims: &Claims, names: &ClaimNames, is_trusted: bool) -> Option<(String, bool)> {
    let usual = ["email", "preferred_username", "upn"];
    let looks_like_one = |text: &str| text.contains('@');
    let email = match &names.email {
        Some(name) => text(claims, [name.as_str()], looks_like_one),
        None => text(claims, usual, looks_like_one),
    }?;
    let is_said = match claims.get("email_verified") {
        Some(Value::Bool(value)) => *value,
        Some(Value::String(value)) => value == "true",
        _ => false,
    };
    let is_of_this = claims.get("email").and_then(Value::as_str).map(str::trim) == Some(&email);
    Some((email, is_trusted || (is_said && is_of_this)))
}

fn username(claims: &Claims, names: &ClaimNames) -> Option<String> {
    match &names.username {
        Some(name) => text(claims, [name.as_str()], |_| true),
        None => text(claims, ["preferred_username", "username"], |_| true),
    }
}

fn name(claims: &Claims, names: &ClaimNames) -> Option<String> {
    if let Some(name) = &names.name {
        return text(claims, [name.as_str()], |_| true);
    }
    text(claims, ["name"], |_| true).or_else(|| {
        let part = |name| text(claims, [name], |_| true);
        let parts: Vec<String> = [part("given_name"), part("family_name")]
            .into_iter()
            .flatten()
            .collect();
        (!parts.is_empty()).then(|| parts.join(" "))
    })
}

/// Whether one of the roles stands there: as a text, among texts with blanks between them, or in a list.
pub(crate) fn has_role(claims: &Claims, rule: &RoleRule) -> bool {
    let is_one = |text: &str| rule.roles.iter().any(|role| role == text);
    find(claims, &rule.path)
        .into_iter()
        .any(|value| match value {
            Value::String(text) => is_one(text) || text.split_ascii_whitespace().any(is_one),
            Value::Array(values) => values.iter().filter_map(Value::as_str).any(is_one),
            _ => false,
        })
}

/// What stands at the end of a path. Names of claims may have dots themselves, so parts of the path may also be one name.
fn find<'claims>(claims: &'claims Claims, path: &[String]) -> Option<&'claims Value> {
    (1..=path.len()).rev().find_map(|parts| {
        let (name, rest) = path.split_at(parts);
        let value = claims.get(&name.join("."))?;
        if rest.is_empty() {
            Some(value)
        } else {
            find(value.as_object()?, rest)
        }
    })
}

#[cfg(test)]
mod tests;
