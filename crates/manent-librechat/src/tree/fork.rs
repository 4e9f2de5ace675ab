//! Which messages a fork takes with it.

use std::collections::{HashMap, HashSet};

use manent_types::MessageId;

use super::Node;

/// How much of the tree goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ForkOption {
    /// The path from the root to the message.
    DirectPath,
    /// That, and what else follows a message of the path before the last.
    IncludeBranches,
    /// Every message that is no deeper than the message.
    TargetLevel,
}

impl ForkOption {
    /// As the client calls it; absent for a name that it does not have.
    pub fn from_name(name: &str) -> Option<Self> {
        match name {
            "directPath" => Some(Self::DirectPath),
            "includeBranches" => Some(Self::IncludeBranches),
            "targetLevel" | "" => Some(Self::TargetLevel),
            _ => None,
        }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Fork {
    /// How much.
    pub option: ForkOption,
    /// Up to here.
    pub target: MessageId,
    /// Begin at the target's level instead, and go up to this one.
    pub split_to: Option<MessageId>,
}

/// The messages of a fork; none where a message that it names is not there. In a split those of the target's level are roots.
///
/// Source: LibreChat da0491d5, `api/server/utils/import/fork.js`.
pub fn chosen(nodes: &[Node<MessageId>], fork: Fork) -> Vec<Node<MessageId>> {
    let Some(latest) = fork.split_to else {
        return up_to(nodes, fork.option, fork.target);
    };
    let levels = levels(nodes);
    let Some(first) = levels.get(&fork.target) else {
        return Vec::new();
    };
    let mut below = Vec::new();
    for node in nodes {
        if let Some(level) = levels.get(&node.id).filter(|level| *level >= first) {
            let parent = node.parent.filter(|_| level > first);
            below.push(Node { parent, ..*node });
        }
    }
    up_to(&below, fork.option, latest)
}

/// Whether a message is taken.
type Choice<'a> = Box<dyn Fn(&Node<MessageId>) -> bool + 'a>;

fn up_to(nodes: &[Node<MessageId>], option: ForkOption, target: MessageId) -> Vec<Node<MessageId>> {
    let path = path(nodes, target);
    if path.is_empty() {
        return Vec::new();
    }
    let is_chosen: Choice<'_> = match option {
        ForkOption::DirectPath => Box::new(|node| path.contains(&node.id)),
        ForkOption::IncludeBranches => Box::new(|node| {
            let parent = node.parent.filter(|parent| *parent != target);
            path.contains(&node.id) || parent.is_some_and(|parent| path.contains(&parent))
        }),
        ForkOption::TargetLevel => {
            let levels = levels(nodes);
            let last = levels.get(&target).copied();
            Box::new(move |node| {
                levels
                    .get(&node.id)
                    .is_some_and(|level| Some(*level) <= last)
            })
        }
    };
    nodes
        .iter()
        .copied()
        .filter(|node| is_chosen(node))
        .collect()
}

/// The names from the message to its root; none where it is not there.
fn path(nodes: &[Node<MessageId>], target: MessageId) -> HashSet<MessageId> {
    let parents: HashMap<_, _> = nodes.iter().map(|node| (node.id, node.parent)).collect();
    let mut path = HashSet::new();
    let mut at = Some(target);
    while let Some(id) = at {
        let Some(parent) = parents.get(&id) else {
            break;
        };
        if !path.insert(id) {
            break;
        }
        at = *parent;
    }
    path
}

/// How deep each message is that hangs on a root; roots are those whose parent is not there.
fn levels(nodes: &[Node<MessageId>]) -> HashMap<MessageId, usize> {
    let there: HashSet<_> = nodes.iter().map(|node| node.id).collect();
    let mut children: HashMap<MessageId, Vec<MessageId>> = HashMap::new();
    let mut current = Vec::new();
    for node in nodes {
        match node.parent.filter(|parent| there.contains(parent)) {
            Some(parent) => children.entry(parent).or_default().push(node.id),
            None => current.push(node.id),
        }
    }
    let mut levels = HashMap::with_capacity(nodes.len());
    let mut level = 0;
    while !current.is_empty() {
        let mut next = Vec::new();
        for id in current {
            levels.insert(id, level);
            next.extend(children.remove(&id).unwrap_or_default());
        }
        current = next;
        level += 1;
    }
    levels
}

#[cfg(test)]
mod tests {
    use manent_types::Timestamp;
    use proptest::prelude::*;
    use uuid::Uuid;

    use super::*;

    fn id(number: u128) -> MessageId {
        MessageId::new(Uuid::from_u128(number))
    }

    fn node(number: u128, parent: Option<u128>) -> Node<MessageId> {
        Node {
            id: id(number),
            parent: parent.map(id),
            at: Timestamp::EPOCH,
        }
    }

    /// 1 → 2 → 4 → 6, 1 → 3 → 5, 4 → 7, 6 → 8, and another root 9.
    fn tree() -> Vec<Node<MessageId>> {
        let links = [
            (1, None),
            (2, Some(1)),
            (3, Some(1)),
            (4, Some(2)),
            (5, Some(3)),
            (6, Some(4)),
            (7, Some(4)),
            (8, Some(6)),
            (9, None),
        ];
        links
            .into_iter()
            .map(|(number, parent)| node(number, parent))
            .collect()
    }

    fn taken(option: &str, target: u128, split_to: Option<u128>) -> Vec<(u128, Option<u128>)> {
        let option = ForkOption::from_name(option).unwrap();
        let fork = Fork {
            option,
            target: id(target),
            split_to: split_to.map(id),
        };
        let number = |id: MessageId| id.as_uuid().as_u128();
        chosen(&tree(), fork)
            .iter()
            .map(|node| (number(node.id), node.parent.map(number)))
            .collect()
    }

    fn numbers(option: &str, target: u128) -> Vec<u128> {
        taken(option, target, None)
            .into_iter()
            .map(|(number, _)| number)
            .collect()
    }

    #[test]
    fn each_option_takes_its_part() {
        assert_eq!(numbers("directPath", 4), [1, 2, 4]);
        assert_eq!(numbers("includeBranches", 4), [1, 2, 3, 4]);
        assert_eq!(numbers("includeBranches", 6), [1, 2, 3, 4, 6, 7]);
        assert_eq!(numbers("targetLevel", 4), [1, 2, 3, 4, 5, 9]);
        assert_eq!(numbers("", 1), [1, 9]);
        assert_eq!(ForkOption::from_name("other"), None);
    }

    #[test]
    fn a_split_begins_at_the_level_of_the_target() {
        assert_eq!(taken("directPath", 4, Some(6)), [(4, None), (6, Some(4))]);
        assert_eq!(
            taken("includeBranches", 4, Some(6)),
            [(4, None), (6, Some(4)), (7, Some(4))]
        );
        assert_eq!(
            taken("targetLevel", 4, Some(6)),
            [(4, None), (5, None), (6, Some(4)), (7, Some(4))]
        );
    }

    #[test]
    fn nothing_is_taken_for_what_is_not_there() {
        for option in ["directPath", "includeBranches", "targetLevel"] {
            assert_eq!(taken(option, 77, None), []);
            assert_eq!(taken(option, 77, Some(6)), []);
            // It lies above the target's level.
            assert_eq!(taken(option, 4, Some(1)), []);
        }
    }

    proptest! {
        #[test]
        fn what_is_taken_is_closed_and_has_the_target(
            parents in proptest::collection::vec(any::<u128>(), 1..40), target in any::<prop::sample::Index>(), option in 0..3_usize,
        ) {
            let nodes: Vec<_> = parents.iter().zip(0_u128..).map(|(parent, number)| {
                node(number, (number > 0 && parent % 5 > 0).then(|| parent % number))
            }).collect();
            let option = [ForkOption::DirectPath, ForkOption::IncludeBranches, ForkOption::TargetLevel][option];
            let target = nodes[target.index(nodes.len())].id;
            for split_to in [None, Some(target)] {
                let taken = chosen(&nodes, Fork { option, target, split_to });
                let names: HashSet<_> = taken.iter().map(|node| node.id).collect();
                prop_assert!(names.contains(&target));
                prop_assert!(taken.iter().all(|node| node.parent.is_none_or(|parent| names.contains(&parent))));
            }
        }
    }
}
