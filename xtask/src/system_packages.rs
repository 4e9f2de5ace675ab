//! Programs that come from the system's package manager: installed where that is possible, else named with the command
//! that installs them.

use std::fs;
use std::path::Path;

use anyhow::{Result, bail};

use crate::{command, console};

/// The names of one thing in the package managers that we know.
pub(crate) struct Packages {
    /// Debian, Ubuntu and their relatives.
    pub(crate) apt: &'static [&'static str],
    pub(crate) dnf: &'static str,
    pub(crate) pacman: &'static str,
    pub(crate) zypper: &'static str,
    pub(crate) apk: &'static str,
}

/// Installs by apt-get when that is allowed (root on Debian or Ubuntu); else fails with what a person can type.
///
/// `what` completes the sentence "… is missing".
pub(crate) fn install(what: &str, packages: &Packages) -> Result<()> {
    if !(is_root() && command::version("apt-get").is_some()) {
        bail!("{what} is missing. {}", advice(packages));
    }
    console::progress(&format!("installing {what} ({})", packages.apt.join(" ")));
    let here = Path::new("/");
    command::run(command::new("apt-get", here).args(["update", "--quiet"]))?;
    command::run(
        command::new("apt-get", here)
            .args(["install", "--yes", "--quiet", "--no-install-recommends"])
            .args(packages.apt)
            .env("DEBIAN_FRONTEND", "noninteractive"),
    )
}

/// The sentence that says how to install the packages on this distribution.
pub(crate) fn advice(packages: &Packages) -> String {
    let os_release = fs::read_to_string("/etc/os-release").unwrap_or_default();
    match install_command(&os_release, packages) {
        Some(line) => format!("Install it with: {line}"),
        None => {
            format!(
                "Install it with your package manager (on Debian: apt-get install {})",
                packages.apt.join(" ")
            )
        }
    }
}

fn install_command(os_release: &str, packages: &Packages) -> Option<String> {
    let families = os_release
        .lines()
        .filter_map(|line| {
            line.strip_prefix("ID=")
                .or_else(|| line.strip_prefix("ID_LIKE="))
        })
        .flat_map(|names| names.trim_matches('"').split_whitespace());
    for family in families {
        let line = match family {
            "debian" | "ubuntu" => format!("sudo apt-get install {}", packages.apt.join(" ")),
            "fedora" | "rhel" | "centos" => format!("sudo dnf install {}", packages.dnf),
            "arch" => format!("sudo pacman -S {}", packages.pacman),
            "suse" | "opensuse" | "sles" => format!("sudo zypper install {}", packages.zypper),
            "alpine" => format!("sudo apk add {}", packages.apk),
            _ => continue,
        };
        return Some(line);
    }
    None
}

fn is_root() -> bool {
    command::capture(command::new("id", Path::new("/")).arg("-u")).is_ok_and(|id| id.trim() == "0")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PACKAGES: Packages = Packages {
        apt: &["gcc", "libc6-dev"],
        dnf: "gcc",
        pacman: "gcc",
        zypper: "gcc",
        apk: "build-base",
    };

    #[test]
    fn names_the_command_of_the_distribution() {
        let cases = [
            ("ID=debian\n", Some("sudo apt-get install gcc libc6-dev")),
            (
                "NAME=x\nID=linuxmint\nID_LIKE=\"ubuntu debian\"\n",
                Some("sudo apt-get install gcc libc6-dev"),
            ),
            ("ID=fedora\n", Some("sudo dnf install gcc")),
            (
                "ID=\"opensuse-leap\"\nID_LIKE=\"suse opensuse\"\n",
                Some("sudo zypper install gcc"),
            ),
            ("ID=alpine\n", Some("sudo apk add build-base")),
            ("ID=arch\n", Some("sudo pacman -S gcc")),
            ("ID=plan9\n", None),
            ("", None),
        ];
        for (os_release, expected) in cases {
            assert_eq!(
                install_command(os_release, &PACKAGES).as_deref(),
                expected,
                "{os_release}"
            );
        }
    }
}
