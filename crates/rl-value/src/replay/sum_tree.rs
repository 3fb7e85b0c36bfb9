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
    /// Numbers, then the sums of 16 each, and so on up to at most 16 sums.
    sums: Vec<Vec<f64>>,
    /// The least of the numbers below each sum; infinite where there is none.
    least: Vec<Vec<f64>>,
}

impl SumTree {
    /// `len` zeros, which count as no number at all: they are never drawn, and never the least.
    pub fn new(len: usize) -> Self {
        let sizes = std::iter::successors(Some(len), |&size| {
            (size > FAN_OUT).then(|| size.div_ceil(FAN_OUT))
        });
        let of = |fill: f64| -> Vec<Vec<f64>> {
            let padded = sizes.clone().map(|size| size.next_multiple_of(FAN_OUT));
            padded.map(|size| vec![fill; size]).collect()
        };
        Self {
            sums: of(0.0),
            least: of(f64::INFINITY),
        }
    }

    /// The numbers, with zeros after them.
    pub fn numbers(&self) -> &[f64] {
        &self.sums[0]
    }

    /// The sum of the numbers.
    pub fn total(&self) -> f64 {
        self.sums.last().map_or(0.0, |top| top.iter().sum())
    }

    /// The least number; infinite without any.
    pub fn least(&self) -> f64 {
        let top = self.least.last().into_iter().flatten();
        top.copied().fold(f64::INFINITY, f64::min)
    }

    /// Replaces a number, which is positive.
    pub fn set(&mut self, index: usize, number: f64) {
        self.sums[0][index] = number;
        self.least[0][index] = number;
        let mut node = index;
        for level in 1..self.sums.len() {
            node /= FAN_OUT;
            let children = node * FAN_OUT..(node + 1) * FAN_OUT;
            self.sums[level][node] = self.sums[level - 1][children.clone()].iter().sum();
            let least = self.least[level - 1][children].iter().copied();
            self.least[level][node] = least.fold(f64::INFINITY, f64::min);
        }
    }

    /// The index of the number that `point` falls on, where each takes up as much of `[0, total)` as
    /// it is large. A point that rounding carries to the end falls on the last number that is not 0.
    #[inline]
    pub fn find(&self, point: f64) -> usize {
        let (mut rest, mut node) = (point, 0);
        for sums in self.sums.iter().rev() {
            let first = node * FAN_OUT;
            let mut chosen = first;
            for (child, &sum) in (first..).zip(&sums[first..first + FAN_OUT]) {
                if sum > 0.0 {
                    chosen = child;
                    if rest < sum {
                        break;
                    }
                    rest -= sum;
                }
            }
            node = chosen;
        }
        node
    }
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
            for point in points {
                let point = (point * total).floor();
                prop_assert_eq!(tree.find(point), walk(&numbers, point));
            }
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
                assert!([0, last].contains(&tree.find(point)), "{len} {point}");
            }
            assert_eq!(tree.find(2.0 * tree.total()), last);
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
