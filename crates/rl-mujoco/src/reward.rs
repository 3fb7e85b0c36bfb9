//! Parts of rewards in Gymnasium's arithmetic.

/// Cost of an action, `weight · Σ aᵢ²`, in single precision, as NumPy adds: from left to right, eight and more numbers in
/// eight sums, which are added in pairs.
pub(crate) fn control_cost<const A: usize>(action: &[f32; A], weight: f32) -> f64 {
    let squares = action.map(|x| x * x);
    let sum = match squares.split_first_chunk::<8>() {
        // Of the tasks here, none has more than 8 actuators.
        Some(([a, b, c, d, e, f, g, h], rest)) => rest
            .iter()
            .fold(((a + b) + (c + d)) + ((e + f) + (g + h)), |sum, x| sum + x),
        None => squares.iter().fold(0.0, |sum, x| sum + x),
    };
    f64::from(weight * sum)
}

/// Sum of squares in NumPy's order: eight sums, which are added in pairs, then what is left.
pub(crate) fn sum_of_squares(mut numbers: impl ExactSizeIterator<Item = f64>) -> f64 {
    let whole = numbers.len() / 8 * 8;
    let mut sums = [0.0; 8];
    for (i, x) in numbers.by_ref().take(whole).enumerate() {
        sums[i % 8] += x * x;
    }
    numbers.fold(in_pairs(sums), |total, x| total + x * x)
}

fn in_pairs([a, b, c, d, e, f, g, h]: [f64; 8]) -> f64 {
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn costs_are_added_in_single_precision_as_numpy_does() {
        // float(np.float32(0.1) * np.sum(np.square(np.float32(a)))) for a of 6 and of 8 numbers.
        let six = [0.0004, 0.5706, 0.5607, -0.6589, -0.9483, 0.5838];
        assert_eq!(control_cost(&six, 0.1), f64::from(0.231_421_38_f32));
        let eight = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8];
        assert_eq!(control_cost(&eight, 0.5), 1.019_999_980_926_513_7);
    }

    #[test]
    fn squares_are_added_in_numpys_order() {
        // float(np.sum(np.square(a))) for a = [((i * 37) % 101 - 50) / 33 for i in range(n)]; from left to right, both
        // would be another number.
        for (n, sum) in [(84, 66.271_808_999_081_71), (16, 12.847_566_574_839_302)] {
            let numbers: Vec<f64> = (0..n)
                .map(|i| f64::from((i * 37) % 101 - 50) / 33.0)
                .collect();
            assert_eq!(sum_of_squares(numbers.iter().copied()), sum, "{n}");
            let in_order: f64 = numbers.iter().map(|x| x * x).sum();
            assert_ne!(in_order, sum, "{n}");
        }
    }
}
