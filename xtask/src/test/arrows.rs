//! The arrows between the workspace's crates, as `docs/architecture.md` draws them.
//!
//! The document is the only table: a block that opens with ` ```arrows ` and holds lines such as
//! `manent-domain -> manent-types`. So the document and the check cannot drift apart.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context, Result, bail};

/// The right-hand side that allows every crate.
const ANYTHING: &str = "anything";

/// Crate name → the crates it may depend on; `None` stands for "anything".
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Arrows(BTreeMap<String, Option<BTreeSet<String>>>);

impl Arrows {
    /// Reads the block out of the document's text.
    pub(super) fn parse(document: &str) -> Result<Self> {
        let block = document
            .split_once("```arrows\n")
            .and_then(|(_, rest)| rest.split_once("```"))
            .context("there is no ```arrows block")?
            .0;
        let mut arrows = BTreeMap::new();
        for line in block.lines().filter(|line| !line.trim().is_empty()) {
            let (from, to) = line
                .split_once("->")
                .with_context(|| format!("no arrow in {line:?}"))?;
            let names: BTreeSet<String> = to
                .split(',')
                .map(str::trim)
                .filter(|name| !name.is_empty())
                .map(str::to_owned)
                .collect();
            let allowed = if names.contains(ANYTHING) {
                None
            } else {
                Some(names)
            };
            if arrows.insert(from.trim().to_owned(), allowed).is_some() {
                bail!("{} has two lines", from.trim());
            }
        }
        Ok(Self(arrows))
    }

    /// Every way in which the crates (name → direct normal and build dependencies inside the workspace) differ from
    /// the drawing, as sentences.
    pub(super) fn violations(&self, crates: &BTreeMap<String, BTreeSet<String>>) -> Vec<String> {
        let mut found = Vec::new();
        for (name, dependencies) in crates {
            match self.0.get(name) {
                None => found.push(format!("{name} is not drawn")),
                Some(None) => {}
                Some(Some(allowed)) => {
                    let wrong = dependencies.difference(allowed);
                    found.extend(wrong.map(|wrong| format!("{name} -> {wrong} is not allowed")));
                }
            }
        }
        let drawn = self.0.keys().filter(|name| !crates.contains_key(*name));
        found.extend(drawn.map(|name| format!("{name} is drawn but does not exist")));
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(names: &[&str]) -> BTreeSet<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    const DOCUMENT: &str =
        "# Text\n\n```arrows\ntypes   ->\ndomain  -> types\n\ntestkit -> anything\n```\nmore\n";

    #[test]
    fn finds_nothing_when_the_arrows_hold() {
        let arrows = Arrows::parse(DOCUMENT).unwrap();
        let crates = BTreeMap::from([
            ("types".to_owned(), set(&[])),
            ("domain".to_owned(), set(&["types"])),
            ("testkit".to_owned(), set(&["types", "domain"])),
        ]);
        assert_eq!(arrows.violations(&crates), Vec::<String>::new());
    }

    #[test]
    fn names_each_wrong_arrow_and_each_crate_that_one_side_lacks() {
        let arrows = Arrows::parse(DOCUMENT).unwrap();
        let crates = BTreeMap::from([
            ("types".to_owned(), set(&["domain"])),
            ("domain".to_owned(), set(&["types"])),
            ("newcomer".to_owned(), set(&[])),
        ]);
        let expected = [
            "newcomer is not drawn",
            "types -> domain is not allowed",
            "testkit is drawn but does not exist",
        ];
        assert_eq!(arrows.violations(&crates), expected);
    }

    #[test]
    fn refuses_a_document_without_a_usable_block() {
        for document in [
            "no block",
            "```arrows\nno arrow here\n```",
            "```arrows\na ->\na -> b\n```",
        ] {
            assert!(Arrows::parse(document).is_err(), "{document}");
        }
    }
}
