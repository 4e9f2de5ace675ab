//! The user that a server runs as: Postgres refuses to run as root.

use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};

/// A user without rights, to be used in root's place.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Account {
    user: u32,
    group: u32,
}

/// The user to run servers as; absent where the tests run as an ordinary user, who will do.
pub(crate) fn unprivileged() -> Result<Option<Account>> {
    if !rustix::process::geteuid().is_root() {
        return Ok(None);
    }
    let users = std::fs::read_to_string("/etc/passwd").context("reading /etc/passwd")?;
    ["postgres", "nobody"]
        .into_iter()
        .find_map(|name| find(&users, name))
        .map(Some)
        .context(
            "Postgres refuses to run as root, and there is neither a user `postgres` nor a user `nobody` to run it as",
        )
}

fn find(users: &str, name: &str) -> Option<Account> {
    let mut fields = users
        .lines()
        .find(|line| line.split(':').next() == Some(name))?
        .split(':')
        .skip(2);
    Some(Account {
        user: fields.next()?.parse().ok()?,
        group: fields.next()?.parse().ok()?,
    })
}

impl Account {
    /// Runs the command as this user.
    pub(crate) fn run(self, command: &mut Command) {
        command.uid(self.user).gid(self.group);
    }

    /// Gives it a file or a directory.
    pub(crate) fn own(self, path: &Path) -> Result<()> {
        std::os::unix::fs::chown(path, Some(self.user), Some(self.group))
            .with_context(|| format!("giving {} to another user", path.display()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_a_user_by_its_whole_name() {
        let users = "root:x:0:0:root:/root:/bin/sh\npostgresx:x:7:8::/:/bin/sh\npostgres:x:101:104::/var:/bin/sh\n";
        let found = find(users, "postgres").unwrap();
        assert_eq!((found.user, found.group), (101, 104));
        assert!(find(users, "nobody").is_none());
    }
}
