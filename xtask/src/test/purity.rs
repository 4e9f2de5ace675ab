//! Step `purity`: the pure crates reach no runtime, no SQL and no HTTP, and the arrows between crates hold.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::fs;

use anyhow::{Context, Result, bail};

use super::arrows::Arrows;
use crate::workspace::{Metadata, Node, Workspace};

/// Crates that decide without touching the world; they also compile for wasm.
pub(super) const PURE_CRATES: &[&str] = &[
    "manent-types",
    "manent-protocol",
    "manent-domain",
    "manent-accounts",
    "manent-librechat",
    "manent-engine",
    "manent-storage-memory",
];

/// Crates of the shell that have a runtime but neither store nor serve: everything of that kind reaches them through ports.
const PORTS_ONLY_CRATES: &[&str] = &["manent-runs", "manent-journal"];

/// Runtimes and sockets.
const RUNTIMES: &[&str] = &["async-std", "mio", "smol", "socket2", "tokio"];

/// SQL and HTTP.
const SQL_AND_HTTP: &[&str] = &[
    "axum",
    "hyper",
    "libsqlite3-sys",
    "postgres-protocol",
    "reqwest",
    "rusqlite",
    "sqlx",
    "sqlx-core",
    "tokio-postgres",
];

/// Packages that some crates must not reach through normal dependencies, however many steps away.
struct Ban {
    crates: &'static [&'static str],
    packages: &'static [&'static [&'static str]],
    /// Completes the sentence that begins with the crate's name.
    complaint: &'static str,
}

const BANS: &[Ban] = &[
    Ban {
        crates: PURE_CRATES,
        packages: &[RUNTIMES, SQL_AND_HTTP],
        complaint: "is not pure",
    },
    Ban {
        crates: PORTS_ONLY_CRATES,
        packages: &[SQL_AND_HTTP],
        complaint: "must know neither SQL nor HTTP",
    },
];

/// Crates that only these crates of ours may depend on (tests apart): what they bring has one home.
const RESERVED: &[(&str, &[&str])] = &[
    (
        "axum",
        &["manent-server", "manent-scripted", "manent-bench"],
    ),
    (
        "reqwest",
        &[
            "manent-providers",
            "manent-oidc",
            "manent-client",
            "manent-testkit",
            "manent-proofs",
            "manent-bench",
        ],
    ),
    (
        "rusqlite",
        &[
            "manent-storage-sqlite",
            "manent-client",
            "manent-proofs",
            "manent-bench",
        ],
    ),
    (
        "tokio-postgres",
        &["manent-storage-postgres", "manent-postgres", "manent-bench"],
    ),
];

pub(super) fn run(workspace: &Workspace) -> Result<()> {
    let metadata = workspace.metadata()?;
    let graph = Graph::new(&metadata)?;
    let mut problems = Vec::new();
    for ban in BANS {
        for name in ban.crates {
            let start = graph
                .member(name)
                .with_context(|| format!("{name} is not a crate of the workspace"))?;
            let packages = ban.packages.iter().copied().flatten();
            let paths = packages.filter_map(|package| graph.path(start, package));
            problems.extend(
                paths.map(|path| format!("{name} {}: {}", ban.complaint, path.join(" -> "))),
            );
        }
    }
    for (reserved, allowed) in RESERVED {
        let trespassers = graph
            .members_with(reserved)
            .filter(|name| !allowed.contains(name));
        problems.extend(trespassers.map(|name| format!("{name} must not depend on {reserved}")));
    }
    let file = workspace.root().join("docs/architecture.md");
    let document =
        fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let arrows = Arrows::parse(&document).context("docs/architecture.md")?;
    let violations = arrows.violations(&graph.workspace_arrows());
    problems.extend(
        violations
            .into_iter()
            .map(|violation| format!("docs/architecture.md: {violation}")),
    );
    if !problems.is_empty() {
        bail!("{}", problems.join("\n"));
    }
    println!(
        "  {} pure crates, {} crates in all",
        PURE_CRATES.len(),
        metadata.workspace_members.len()
    );
    Ok(())
}

/// The resolved dependencies; ids are cargo's package ids.
struct Graph<'a> {
    names: HashMap<&'a str, &'a str>,
    nodes: HashMap<&'a str, &'a Node>,
    members: BTreeSet<&'a str>,
}

impl<'a> Graph<'a> {
    fn new(metadata: &'a Metadata) -> Result<Self> {
        let resolve = metadata
            .resolve
            .as_ref()
            .context("cargo metadata gave no resolved graph")?;
        Ok(Self {
            names: metadata
                .packages
                .iter()
                .map(|package| (package.id.as_str(), package.name.as_str()))
                .collect(),
            nodes: resolve
                .nodes
                .iter()
                .map(|node| (node.id.as_str(), node))
                .collect(),
            members: metadata
                .workspace_members
                .iter()
                .map(String::as_str)
                .collect(),
        })
    }

    fn name(&self, id: &'a str) -> &'a str {
        self.names.get(id).copied().unwrap_or(id)
    }

    fn member(&self, name: &str) -> Option<&'a str> {
        self.members
            .iter()
            .copied()
            .find(|id| self.name(id) == name)
    }

    /// Direct dependencies of those kinds (`None` is the normal kind).
    fn dependencies(
        &self,
        id: &str,
        kinds: &'static [Option<&'static str>],
    ) -> impl Iterator<Item = &'a str> {
        let dependencies = self
            .nodes
            .get(id)
            .map(|node| node.deps.as_slice())
            .unwrap_or_default();
        dependencies
            .iter()
            .filter(|dependency| {
                dependency
                    .dep_kinds
                    .iter()
                    .any(|kind| kinds.contains(&kind.kind.as_deref()))
            })
            .map(|dependency| dependency.pkg.as_str())
    }

    /// Members that depend directly on a package of that name, other than for their tests.
    fn members_with(&self, name: &str) -> impl Iterator<Item = &'a str> {
        self.members
            .iter()
            .filter(move |id| {
                self.dependencies(id, &[None, Some("build")])
                    .any(|dependency| self.name(dependency) == name)
            })
            .map(|id| self.name(id))
    }

    /// The shortest chain of normal dependencies from a package to one of that name.
    fn path(&self, start: &'a str, target: &str) -> Option<Vec<&'a str>> {
        let mut came_from: HashMap<&str, &str> = HashMap::new();
        let mut waiting = VecDeque::from([start]);
        while let Some(id) = waiting.pop_front() {
            if self.name(id) == target {
                let mut path = vec![self.name(id)];
                let mut here = id;
                while here != start {
                    here = came_from.get(here)?;
                    path.push(self.name(here));
                }
                path.reverse();
                return Some(path);
            }
            for next in self.dependencies(id, &[None]) {
                if next != start && !came_from.contains_key(next) {
                    came_from.insert(next, id);
                    waiting.push_back(next);
                }
            }
        }
        None
    }

    /// Every member with the members it depends on, development dependencies left out.
    fn workspace_arrows(&self) -> BTreeMap<String, BTreeSet<String>> {
        let arrows = |id: &'a str| {
            self.dependencies(id, &[None, Some("build")])
                .filter(|dependency| self.members.contains(dependency))
                .map(|dependency| self.name(dependency).to_owned())
                .collect()
        };
        self.members
            .iter()
            .map(|id| (self.name(id).to_owned(), arrows(id)))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `pure -> helper -> tokio`, and `pure -> axum` for its tests alone.
    fn metadata() -> Metadata {
        serde_json::from_value(serde_json::json!({
            "packages": [
                {"id": "1", "name": "pure"}, {"id": "2", "name": "helper"},
                {"id": "3", "name": "tokio"}, {"id": "4", "name": "axum"}
            ],
            "workspace_members": ["1", "2"],
            "target_directory": "target",
            "resolve": {"nodes": [
                {"id": "1", "deps": [
                    {"pkg": "2", "dep_kinds": [{"kind": null}]},
                    {"pkg": "4", "dep_kinds": [{"kind": "dev"}]}
                ]},
                {"id": "2", "deps": [{"pkg": "3", "dep_kinds": [{"kind": "dev"}, {"kind": null}]}]},
                {"id": "3", "deps": []},
                {"id": "4", "deps": []}
            ]}
        }))
        .unwrap()
    }

    #[test]
    fn finds_a_forbidden_crate_several_steps_away() {
        let metadata = metadata();
        let graph = Graph::new(&metadata).unwrap();
        let start = graph.member("pure").unwrap();
        assert_eq!(
            graph.path(start, "tokio"),
            Some(vec!["pure", "helper", "tokio"])
        );
    }

    #[test]
    fn ignores_what_only_tests_use() {
        let metadata = metadata();
        let graph = Graph::new(&metadata).unwrap();
        assert_eq!(graph.path(graph.member("pure").unwrap(), "axum"), None);
    }

    #[test]
    fn finds_who_depends_on_a_crate_directly() {
        let metadata = metadata();
        let graph = Graph::new(&metadata).unwrap();
        assert_eq!(graph.members_with("tokio").collect::<Vec<_>>(), ["helper"]);
        assert_eq!(graph.members_with("axum").count(), 0);
    }

    #[test]
    fn draws_the_arrows_between_members() {
        let metadata = metadata();
        let expected = BTreeMap::from([
            ("helper".to_owned(), BTreeSet::new()),
            ("pure".to_owned(), BTreeSet::from(["helper".to_owned()])),
        ]);
        assert_eq!(Graph::new(&metadata).unwrap().workspace_arrows(), expected);
    }
}
