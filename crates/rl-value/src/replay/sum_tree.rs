//! Sum trees: numbers that are drawn from in proportion to their size.

/// Children of a node. Their sums lie side by side in two lines of the cache, so that a tree over a
/// million numbers has five levels where one of pairs has twenty.
const FAN_OUT: usize = 16;

/// Numbers that are not negative, with their sum and the least of them (Schaul et al. 2016, "Prioritized experience
/// replay", appendix B.2.1, with 16 children per node in place of 2).
///
/// A sum is always that of its children as they are: replacing a number leaves no rounding behind.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct SumTree {
    numbers: Vec<[f64; FAN_OUT]>,
    /// Nodes over 16 groups of numbers each, over 16 of these nodes, and so on up to a single one.
    levels: Vec<Vec<Node>>,
    total: f64,
    least: f64,
}

#[derive(Clone, Debug, PartialEq)]
struct Node {
    /// The sum of the numbers below each child.
    sums: [f64; FAN_OUT],
    /// The least of them; infinite where there is none.
    least: [f64; FAN_OUT],
}

impl SumTree {
    /// `len` zeros, which count as no number at all: they are never drawn, and never the least.
    pub fn new(len: usize) -> Self {
        let above = |&below: &usize| (below > 1).then(|| below.div_ceil(FAN_OUT));
        let groups = len.div_ceil(FAN_OUT).max(1);
        let node = Node {
            sums: [0.0; FAN_OUT],
            least: [f64::INFINITY; FAN_OUT],
        };
        let sizes = std::iter::successors(above(&groups), above);
        Self {
            numbers: vec![[0.0; FAN_OUT]; groups],
            levels: sizes.map(|size| vec![node.clone(); size]).collect(),
            total: 0.0,
            least: f64::INFINITY,
        }
    }

    /// The numbers, with zeros after them.
    pub fn numbers(&self) -> &[f64] {
        self.numbers.as_flattened()
    }

    /// The sum of the numbers.
    pub fn total(&self) -> f64 {
        self.total
    }

    /// The least number; infinite without any.
    pub fn least(&self) -> f64 {
        self.least
    }

    /// Memory that the tree takes, in bytes.
    pub fn bytes(&self) -> usize {
        let nodes: usize = self.levels.iter().map(Vec::len).sum();
        size_of_val(&*self.numbers) + nodes * size_of::<Node>()
    }

    /// Replaces a number, which is positive.
    pub fn set(&mut self, index: usize, number: f64) {
        let mut node = index / FAN_OUT;
        let numbers = &mut self.numbers[node];
        numbers[index % FAN_OUT] = number;
        self.total = reduce(*numbers, |a, b| a + b);
        let present = numbers.map(|x| if x > 0.0 { x } else { f64::INFINITY });
        self.least = reduce(present, lesser);
        for level in &mut self.levels {
            let child = node % FAN_OUT;
            node /= FAN_OUT;
            let Node { sums, least } = &mut level[node];
            (sums[child], least[child]) = (self.total, self.least);
            self.total = reduce(*sums, |a, b| a + b);
            self.least = reduce(*least, lesser);
        }
    }

    /// Finds the index of the number that each point falls on, where a number takes up as much of `[0, total)` as it is
    /// large. A point that rounding carries to the end falls on the last number that is not 0.
    ///
    /// The points go down the tree together, so that one does not wait for the memory of another. They are overwritten.
    pub fn find(&self, points: &mut [f64], found: &mut [usize]) {
        found.fill(0);
        for level in self.levels.iter().rev() {
            for (point, node) in points.iter_mut().zip(&mut *found) {
                *node = FAN_OUT * *node + choose(&level[*node].sums, point);
            }
        }
        for (point, node) in points.iter_mut().zip(found) {
            *node = FAN_OUT * *node + choose(&self.numbers[*node], point);
        }
    }
}

/// The child that a point falls on; the point becomes one of that child's.
#[inline]
fn choose(children: &[f64; FAN_OUT], point: &mut f64) -> usize {
    // Running sums, all of them without a branch, since none could be foretold.
    let (mut sum, mut ends) = (0.0, [0.0; FAN_OUT]);
    for (end, &child) in ends.iter_mut().zip(children) {
        sum += child;
        *end = sum;
    }
    let mut passed: usize = ends.iter().map(|&end| usize::from(end <= *point)).sum();
    if passed == FAN_OUT {
        passed = children.iter().rposition(|&x| x > 0.0).unwrap_or(0);
    }
    let before = if passed == 0 { 0.0 } else { ends[passed - 1] };
    *point -= before;
    passed
}

/// Combines numbers half with half: four steps that wait for each other where a walk has fifteen.
#[inline]
fn reduce(numbers: [f64; FAN_OUT], combine: impl Fn(f64, f64) -> f64) -> f64 {
    let eight: [f64; 8] = std::array::from_fn(|i| combine(numbers[i], numbers[i + 8]));
    let four: [f64; 4] = std::array::from_fn(|i| combine(eight[i], eight[i + 4]));
    combine(combine(four[0], four[2]), combine(four[1], four[3]))
}

#[inline]
fn lesser(a: f64, b: f64) -> f64 {
    if a < b { a } else { b }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use rl_core::Stream;

    /// The index by a walk along all numbers.
    fn walk(numbers: &[f64], mut point: f64) -> usize {
        for (i, &number) in numbers.iter().enumerate() {
            if point < number {
                return i;
            }
            point -= number;
        }
        unreachable!("a point below the total");
    }

    /// The index of the number that a point falls on.
    fn find(tree: &SumTree, point: f64) -> usize {
        let mut found = [0];
        tree.find(&mut [point], &mut found);
        found[0]
    }

    proptest! {
        #[test]
        fn sums_minimum_and_draws_equal_those_of_a_walk(
            writes in prop::collection::vec((0_usize..700, 1_u32..1000), 1..200),
            points in prop::collection::vec(0.0..1.0_f64, 20),
        ) {
            // Whole numbers have exact sums in any order.
            let (mut tree, mut numbers) = (SumTree::new(700), vec![0.0; 700]);
            for (i, number) in writes {
                tree.set(i, f64::from(number));
                numbers[i] = f64::from(number);
            }
            let total: f64 = numbers.iter().sum();
            prop_assert_eq!(tree.total(), total);
            let positive = numbers.iter().copied().filter(|&x| x > 0.0);
            prop_assert_eq!(tree.least(), positive.fold(f64::INFINITY, f64::min));
            let mut points: Vec<f64> = points.iter().map(|x| (x * total).floor()).collect();
            let expected: Vec<usize> = points.iter().map(|&x| walk(&numbers, x)).collect();
            let mut found = vec![7; points.len()];
            tree.find(&mut points, &mut found);
            prop_assert_eq!(found, expected);
        }
    }

    #[test]
    fn no_point_falls_on_a_zero_not_even_one_at_the_end() {
        for len in [1, 16, 17, 300] {
            let mut tree = SumTree::new(len);
            let last = len / 2;
            tree.set(0, 0.1);
            tree.set(last, 0.3);
            for point in [0.0, 0.1, 0.2, tree.total(), 2.0 * tree.total()] {
                assert!([0, last].contains(&find(&tree, point)), "{len} {point}");
            }
            assert_eq!(find(&tree, 2.0 * tree.total()), last);
        }
    }

    #[test]
    fn a_million_replacements_leave_no_rounding_in_the_sum() {
        let mut tree = SumTree::new(1000);
        let mut rng = Stream::from_seed(0);
        for _ in 0..1_000_000 {
            tree.set(rng.below(1000), rng.uniform(1e-6, 1e6));
        }
        for i in 0..1000 {
            tree.set(i, 0.25);
        }
        assert_eq!(tree.total(), 250.0);
    }
}
