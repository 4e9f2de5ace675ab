//! Where things are, and what cargo knows about the crates.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde::Deserialize;

use crate::command;

/// The places of this work tree.
pub(crate) struct Workspace {
    root: PathBuf,
    target: PathBuf,
}

impl Workspace {
    /// Finds the root and cargo's target directory (`CARGO_TARGET_DIR` and cargo's own configuration included).
    pub(crate) fn locate() -> Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask has no parent directory")?
            .to_path_buf();
        let metadata = Metadata::read(&root, &["--no-deps"])?;
        Ok(Self {
            root,
            target: metadata.target_directory,
        })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn web(&self) -> PathBuf {
        self.root.join("web")
    }

    /// The TypeScript client.
    pub(crate) fn client(&self) -> PathBuf {
        self.root.join("clients/typescript")
    }

    /// The OpenID provider of the tests.
    pub(crate) fn oidc_provider(&self) -> PathBuf {
        self.root.join("testing/oidc-provider")
    }

    /// Cargo's target directory.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Where xtask keeps its own notes between two runs.
    pub(crate) fn notes(&self) -> PathBuf {
        self.target.join("xtask")
    }

    /// The built `manent` of that profile.
    pub(crate) fn binary(&self, profile: Profile) -> PathBuf {
        let name = format!("manent{}", std::env::consts::EXE_SUFFIX);
        self.target.join(profile.directory()).join(name)
    }

    /// All packages and the resolved graph, with every feature on.
    pub(crate) fn metadata(&self) -> Result<Metadata> {
        Metadata::read(&self.root, &["--all-features"])
    }
}

/// Which of cargo's profiles to build.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Profile {
    Debug,
    Release,
}

impl Profile {
    pub(crate) fn directory(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Release => "release",
        }
    }

    pub(crate) fn cargo_flags(self) -> &'static [&'static str] {
        match self {
            Self::Debug => &[],
            Self::Release => &["--release"],
        }
    }
}

/// The part of `cargo metadata` that the checks read.
#[derive(Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) workspace_members: Vec<String>,
    pub(crate) target_directory: PathBuf,
    pub(crate) resolve: Option<Resolve>,
}

#[derive(Deserialize)]
pub(crate) struct Package {
    pub(crate) id: String,
    pub(crate) name: String,
}

#[derive(Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Dependency>,
}

#[derive(Deserialize)]
pub(crate) struct Dependency {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<DependencyKind>,
}

/// `kind` is absent for a normal dependency, else `dev` or `build`.
#[derive(Deserialize)]
pub(crate) struct DependencyKind {
    pub(crate) kind: Option<String>,
}

impl Metadata {
    fn read(root: &Path, flags: &[&str]) -> Result<Self> {
        let mut cargo = command::cargo(root);
        cargo
            .args(["metadata", "--format-version", "1"])
            .args(flags);
        let text = command::capture(&mut cargo)?;
        serde_json::from_str(&text).context("cargo metadata printed something unexpected")
    }
}
