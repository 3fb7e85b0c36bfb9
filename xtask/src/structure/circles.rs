//! Circles in a graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// Circles that together contain every arrow that is in one: for each arrow a shortest circle
/// through it, unless it is in one before. A circle is a list of nodes, each with an arrow to the
/// next, and the last with one to the first.
pub fn circles(arrows: &BTreeSet<(usize, usize)>) -> Vec<Vec<usize>> {
    let mut next: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    for &(from, to) in arrows {
        next.entry(from).or_default().push(to);
    }
    let mut covered = BTreeSet::new();
    let mut circles = Vec::new();
    for &(from, to) in arrows {
        if covered.contains(&(from, to)) {
            continue;
        }
        if let Some(way) = shortest_way(&next, to, from) {
            let after = way.iter().skip(1).chain(&way[..1]);
            covered.extend(way.iter().copied().zip(after.copied()));
            circles.push(way);
        }
    }
    circles
}

/// The nodes of a shortest way, both ends included.
fn shortest_way(next: &BTreeMap<usize, Vec<usize>>, from: usize, to: usize) -> Option<Vec<usize>> {
    let mut before = BTreeMap::from([(from, from)]);
    let mut open = VecDeque::from([from]);
    while let Some(node) = open.pop_front() {
        if node == to {
            let mut way = vec![to];
            while let Some(&node) = way.last().filter(|&&node| node != from) {
                way.push(before[&node]);
            }
            way.reverse();
            return Some(way);
        }
        for &after in next.get(&node).into_iter().flatten() {
            before.entry(after).or_insert_with(|| {
                open.push_back(after);
                node
            });
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(arrows: &[(usize, usize)]) -> Vec<Vec<usize>> {
        circles(&arrows.iter().copied().collect())
    }

    #[test]
    fn a_graph_with_a_bottom_has_no_circle() {
        assert!(found(&[(0, 1), (0, 2), (1, 2), (3, 0)]).is_empty());
    }

    #[test]
    fn the_shortest_circle_through_each_arrow_is_found_once() {
        assert_eq!(found(&[(0, 1), (1, 0), (1, 2)]), [[1, 0]]);
        // 0 → 1 → 2 → 0, and 1 → 2 → 3 → 1 beside it.
        let circles = found(&[(0, 1), (1, 2), (2, 0), (2, 3), (3, 1)]);
        assert_eq!(circles, [[1, 2, 0], [3, 1, 2]]);
    }

    #[test]
    fn circles_apart_are_both_found() {
        assert_eq!(found(&[(0, 1), (1, 0), (2, 3), (3, 2)]), [[1, 0], [3, 2]]);
    }
}
