//! Where the store is, as an address, with its password never shown.

use std::path::PathBuf;

use secrecy::SecretString;
use url::Url;

use crate::secret::MASK;

/// Which store, and where.
#[derive(Debug, Clone)]
pub enum DatabaseUrl {
    /// SQLite, embedded: in this directory, or in the data directory.
    Sqlite(Option<PathBuf>),
    /// Postgres, by its address with everything in it.
    Postgres(SecretString),
}

/// An address as it was read: what to use and what to show.
pub(crate) struct ParsedDatabase {
    pub(crate) url: DatabaseUrl,
    pub(crate) shown: String,
}

/// Reads an address. `resolve` makes a path of the directory after `sqlite:`.
///
/// # Errors
/// Why not, to follow the setting's name; without the address, which may hold a password. Absent when it is of no known form.
pub(crate) fn parse(
    text: &str,
    resolve: impl FnOnce(&str) -> PathBuf,
) -> Result<ParsedDatabase, Option<String>> {
    if let Some(directory) = text.strip_prefix("sqlite:") {
        return parse_sqlite(directory, resolve);
    }
    let url = Url::parse(text).map_err(|_| None)?;
    if !matches!(url.scheme(), "postgres" | "postgresql") {
        return Err(None);
    }
    let complain = |message: &str| Err(Some(message.to_owned()));
    let has_host = url.has_host() || url.query_pairs().any(|(name, _)| name == "host");
    if !has_host {
        return complain("names no host; write postgres://USER:PASSWORD@HOST:PORT/DATABASE");
    }
    if url.path().trim_matches('/').is_empty() {
        return complain("names no database; write postgres://USER:PASSWORD@HOST:PORT/DATABASE");
    }
    let is_mask = |password: &str| {
        let password = password.replace("%2A", "*").replace("%2a", "*");
        !password.is_empty() && password.chars().all(|character| character == '*')
    };
    if url.password().is_some_and(is_mask) {
        return complain(
            "has the mask that `manent config show` prints for a password; put the password itself there",
        );
    }
    Ok(ParsedDatabase {
        shown: masked(&url),
        url: DatabaseUrl::Postgres(SecretString::from(text)),
    })
}

fn parse_sqlite(
    directory: &str,
    resolve: impl FnOnce(&str) -> PathBuf,
) -> Result<ParsedDatabase, Option<String>> {
    if directory.is_empty() {
        return Ok(ParsedDatabase {
            url: DatabaseUrl::Sqlite(None),
            shown: "sqlite:".to_owned(),
        });
    }
    if directory.contains('\0') {
        return Err(None);
    }
    // sqlite:///srv/manent is how other programs write sqlite:/srv/manent.
    let path = resolve(directory.strip_prefix("//").unwrap_or(directory));
    Ok(ParsedDatabase {
        shown: format!("sqlite:{}", path.display()),
        url: DatabaseUrl::Sqlite(Some(path)),
    })
}

/// The address with its password, and a password among its parameters, masked.
fn masked(url: &Url) -> String {
    let mut shown = url.clone();
    if url.password().is_some() && shown.set_password(Some(MASK)).is_err() {
        return format!("{}://{MASK}", url.scheme());
    }
    let is_secret = |name: &str| name.eq_ignore_ascii_case("password");
    if url.query_pairs().any(|(name, _)| is_secret(&name)) {
        let pairs: Vec<(String, String)> = url
            .query_pairs()
            .map(|(name, value)| {
                let value = if is_secret(&name) { MASK.into() } else { value };
                (name.into_owned(), value.into_owned())
            })
            .collect();
        shown.query_pairs_mut().clear().extend_pairs(pairs);
    }
    shown.to_string()
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(text: &str) -> Result<ParsedDatabase, Option<String>> {
        parse(text, |path| PathBuf::from("/base").join(path))
    }

    #[test]
    fn a_password_is_kept_and_never_shown() {
        for (text, shown) in [
            (
                "postgres://me:hunter2@db.example:5433/manent?sslmode=require",
                "postgres://me:********@db.example:5433/manent?sslmode=require",
            ),
            (
                "postgresql:///manent?host=/run/postgresql&password=hunter2",
                "postgresql:///manent?host=%2Frun%2Fpostgresql&password=********",
            ),
            ("postgres://me@db/manent", "postgres://me@db/manent"),
        ] {
            let parsed = read(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(parsed.shown, shown);
            let DatabaseUrl::Postgres(kept) = parsed.url else {
                panic!("{text}");
            };
            assert_eq!(kept.expose_secret(), text);
            assert!(!format!("{kept:?}").contains("hunter2"));
        }
    }

    #[test]
    fn sqlite_lies_in_the_data_directory_or_in_one_of_its_own() {
        for (text, directory, shown) in [
            ("sqlite:", None, "sqlite:"),
            ("sqlite:/srv/m", Some("/srv/m"), "sqlite:/srv/m"),
            ("sqlite:///srv/m", Some("/srv/m"), "sqlite:/srv/m"),
            ("sqlite:m", Some("/base/m"), "sqlite:/base/m"),
        ] {
            let parsed = read(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(parsed.shown, shown);
            let DatabaseUrl::Sqlite(found) = parsed.url else {
                panic!("{text}");
            };
            assert_eq!(found, directory.map(PathBuf::from));
        }
    }

    #[test]
    fn refuses_what_is_no_store_without_repeating_it() {
        for text in [
            "",
            "mysql://me:hunter2@db/x",
            "postgres",
            "postgres://me:hunter2@db",
            "postgres://me:********@db/manent",
            "postgres:///manent",
        ] {
            let complaint = read(text).map(|_| ()).unwrap_err().unwrap_or_default();
            assert!(!complaint.contains("hunter2"), "{complaint}");
        }
    }
}
