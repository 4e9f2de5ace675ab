//! Trees of messages: put into an order in which they can be stored, narrowed for a fork, and copied.
//!
//! Invariants: in an order, every parent stands before its children and is earlier than they are, every link leads to something that is there,
//! and nothing is lost or twice, however odd the links were.

mod copy;
mod fork;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashMap};
use std::hash::Hash;

use manent_types::Timestamp;

pub use copy::{Draft, copied, nodes, says_something};
pub use fork::{Fork, ForkOption, chosen};

/// A message as far as its place matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Node<Id> {
    /// Its name.
    pub id: Id,
    /// The one that it follows; absent for a root.
    pub parent: Option<Id>,
    /// When it was written.
    pub at: Timestamp,
}

/// Where a message goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// Which of the nodes.
    pub node: usize,
    /// The place of the one that it follows; lower than its own.
    pub parent: Option<usize>,
    /// When it was written: later than its parent.
    pub at: Timestamp,
}

/// Puts messages into the order of their times, parents first. A link to nothing, to itself or round in a circle is cut; of several with one
/// name, the first is meant.
pub fn arranged<Id: Copy + Eq + Hash>(nodes: &[Node<Id>]) -> Vec<Place> {
    let mut by_id = HashMap::with_capacity(nodes.len());
    for (index, node) in nodes.iter().enumerate() {
        by_id.entry(node.id).or_insert(index);
    }
    let mut children: Vec<Vec<usize>> = vec![Vec::new(); nodes.len()];
    let mut ready = BinaryHeap::new();
    let mut parents: Vec<Option<usize>> = vec![None; nodes.len()];
    for (index, node) in nodes.iter().enumerate() {
        match node.parent.and_then(|parent| by_id.get(&parent).copied()) {
            Some(parent) if parent != index => children[parent].push(index),
            _ => ready.push(Reverse((node.at, index))),
        }
    }
    let mut is_waiting = vec![true; nodes.len()];
    for Reverse((_, index)) in &ready {
        is_waiting[*index] = false;
    }
    let mut places = Vec::with_capacity(nodes.len());
    let mut left = 0;
    loop {
        while let Some(Reverse((at, node))) = ready.pop() {
            let place = places.len();
            places.push(Place {
                node,
                parent: parents[node],
                at,
            });
            for child in std::mem::take(&mut children[node]) {
                // One at which a circle was cut stands already.
                if std::mem::take(&mut is_waiting[child]) {
                    parents[child] = Some(place);
                    ready.push(Reverse((later(nodes[child].at, at), child)));
                }
            }
        }
        // What is left hangs on a circle.
        while left < nodes.len() && !is_waiting[left] {
            left += 1;
        }
        if left == nodes.len() {
            return places;
        }
        is_waiting[left] = false;
        ready.push(Reverse((nodes[left].at, left)));
    }
}

/// The time, or the first moment after another one.
fn later(at: Timestamp, before: Timestamp) -> Timestamp {
    if at > before {
        return at;
    }
    // At the end of time nothing is later.
    Timestamp::from_millisecond(before.as_millisecond().saturating_add(1)).unwrap_or(before)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn node(id: u8, parent: Option<u8>, at: i64) -> Node<u8> {
        let at = Timestamp::from_millisecond(at).unwrap();
        Node { id, parent, at }
    }

    proptest! {
        #[test]
        fn every_order_can_be_stored(links in proptest::collection::vec((0_u8..30, proptest::option::of(0_u8..30), 0_i64..50), 0..40)) {
            let nodes: Vec<_> = links.into_iter().map(|(id, parent, at)| node(id, parent, at)).collect();
            let places = arranged(&nodes);
            let mut seen: Vec<_> = places.iter().map(|place| place.node).collect();
            seen.sort_unstable();
            prop_assert_eq!(seen, (0..nodes.len()).collect::<Vec<_>>());
            for (index, place) in places.iter().enumerate() {
                prop_assert!(place.at >= nodes[place.node].at);
                if let Some(parent) = place.parent {
                    prop_assert!(parent < index);
                    prop_assert!(places[parent].at < place.at);
                    prop_assert_eq!(Some(nodes[places[parent].node].id), nodes[place.node].parent);
                }
            }
        }

        #[test]
        fn a_tree_keeps_every_link(parents in proptest::collection::vec((any::<u8>(), 0_i64..50), 1..60)) {
            let nodes: Vec<_> = parents.iter().zip(0_u8..).map(|((parent, at), id)| {
                node(id, (id > 0).then(|| parent % id.max(1)), *at)
            }).collect();
            let places = arranged(&nodes);
            for place in &places {
                let parent = place.parent.map(|parent| nodes[places[parent].node].id);
                prop_assert_eq!(parent, nodes[place.node].parent);
            }
            prop_assert!(places.is_sorted_by_key(|place| place.at));
        }
    }

    #[test]
    fn a_circle_is_cut_once() {
        let nodes = [
            node(1, Some(3), 5),
            node(2, Some(1), 6),
            node(3, Some(2), 7),
        ];
        let parents: Vec<_> = arranged(&nodes).iter().map(|place| place.parent).collect();
        assert_eq!(parents, [None, Some(0), Some(1)]);
    }

    #[test]
    fn at_the_end_of_time_nothing_is_later() {
        let end = Timestamp::from_millisecond(253_402_214_400_000).unwrap();
        assert_eq!(later(end, end), end);
    }
}
