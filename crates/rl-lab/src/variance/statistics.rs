//! Statistics of vectors: `n` gradients of one estimator, a row each, `[n, dim]`.

/// Two-sided 99.9 % quantile of the standard normal distribution.
const TWO_SIDED: f64 = 3.2905;
/// One-sided, for a length.
const ONE_SIDED: f64 = 3.0902;

/// An estimate and the half-width of its 99.9 % confidence interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    pub estimate: f64,
    pub half_width: f64,
}

pub fn squared_norm(x: &[f64]) -> f64 {
    x.iter().map(|x| x * x).sum()
}

/// The mean row, `[dim]`.
pub fn mean(rows: &[Vec<f64>]) -> Vec<f64> {
    let mut mean = vec![0.0; rows.first().map_or(0, Vec::len)];
    for row in rows {
        mean.iter_mut().zip(row).for_each(|(sum, x)| *sum += x);
    }
    mean.iter_mut().for_each(|sum| *sum /= rows.len() as f64);
    mean
}

/// Rows minus a vector.
fn centered(rows: &[Vec<f64>], center: &[f64]) -> Vec<Vec<f64>> {
    let difference = |row: &Vec<f64>| row.iter().zip(center).map(|(x, c)| x - c).collect();
    rows.iter().map(difference).collect()
}

/// The total variance of a row: the trace of the covariance, estimated without bias, with the
/// interval that the spread of the squared distances from the mean gives.
pub fn total_variance(rows: &[Vec<f64>]) -> Interval {
    let n = rows.len() as f64;
    let squares: Vec<f64> = centered(rows, &mean(rows))
        .iter()
        .map(|row| squared_norm(row))
        .collect();
    let estimate = squares.iter().sum::<f64>() / (n - 1.0);
    let deviations = squares.iter().map(|x| (x - estimate).powi(2));
    Interval {
        estimate,
        half_width: TWO_SIDED * (deviations.sum::<f64>() / (n - 1.0) / n).sqrt(),
    }
}

/// The length of the mean row, and how long it gets by chance, 99.9 % of the time, if its
/// expectation is zero. By the triangle inequality, the interval holds the length of the
/// expectation as often.
///
/// The squared length of a normal vector with covariance Σ is taken for a multiple of a χ² with
/// `tr(Σ)² / tr(Σ²)` degrees of freedom (Satterthwaite 1946; Box 1954, theorem 3.1), and its
/// quantile is Wilson's and Hilferty's (1931). `tr(Σ²)` is estimated from above, which errs on the
/// wide side where rows are few.
pub fn length_of_mean(rows: &[Vec<f64>]) -> Interval {
    let n = rows.len() as f64;
    let mean = mean(rows);
    let centered = centered(rows, &mean);
    let trace = centered.iter().map(|row| squared_norm(row)).sum::<f64>() / (n - 1.0);
    let half_width = if trace == 0.0 {
        0.0
    } else {
        let freedom = trace * trace / (squared_gram_trace(&centered) / (n - 1.0).powi(2));
        let c = 2.0 / (9.0 * freedom);
        (trace / n * (1.0 - c + ONE_SIDED * c.sqrt()).powi(3)).sqrt()
    };
    Interval {
        estimate: squared_norm(&mean).sqrt(),
        half_width,
    }
}

/// `tr((XᵀX)²) = tr((XXᵀ)²)`, by whichever of the two matrices is smaller.
fn squared_gram_trace(rows: &[Vec<f64>]) -> f64 {
    let dim = rows.first().map_or(0, Vec::len);
    let transposed: Vec<Vec<f64>>;
    let vectors = if rows.len() <= dim {
        rows
    } else {
        transposed = (0..dim)
            .map(|i| rows.iter().map(|row| row[i]).collect())
            .collect();
        &transposed
    };
    let mut sum = 0.0;
    for (i, a) in vectors.iter().enumerate() {
        sum += squared_norm(a).powi(2);
        for b in &vectors[..i] {
            sum += 2.0 * dot(a, b).powi(2);
        }
    }
    sum
}

/// In eight sums, which a register holds side by side.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((a, a_rest), (b, b_rest)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in a.iter().zip(b) {
        for ((sum, a), b) in sums.iter_mut().zip(a).zip(b) {
            *sum += a * b;
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

#[cfg(test)]
mod tests {
    use super::*;
    use rl_core::Stream;

    /// Normal rows, the deviations of whose dimensions are given.
    fn normal(n: usize, deviations: &[f64], rng: &mut Stream) -> Vec<Vec<f64>> {
        let mut row = || {
            // Box & Muller 1958.
            let scale = |deviation: &f64| {
                let length = (-2.0 * (1.0 - rng.next_f64()).ln()).sqrt();
                deviation * length * rng.uniform(0.0, std::f64::consts::TAU).cos()
            };
            deviations.iter().map(scale).collect()
        };
        (0..n).map(|_| row()).collect()
    }

    #[test]
    fn moments_of_three_rows_by_hand() {
        let rows = [vec![0.0, 1.0], vec![3.0, 1.0], vec![0.0, 4.0]];
        assert_eq!(mean(&rows), [1.0, 2.0]);
        assert_eq!(total_variance(&rows).estimate, 6.0);
        assert_eq!(length_of_mean(&rows).estimate, 5_f64.sqrt());
        let same = vec![vec![3.0, 4.0]; 2];
        let (estimate, half_width) = (5.0, 0.0);
        assert_eq!(
            length_of_mean(&same),
            Interval {
                estimate,
                half_width
            }
        );
    }

    #[test]
    fn the_gram_trace_is_the_same_from_both_sides() {
        let rows = normal(20, &[1.0; 30], &mut Stream::from_seed(1));
        let transposed: Vec<Vec<f64>> = (0..30)
            .map(|i| rows.iter().map(|row| row[i]).collect())
            .collect();
        let (a, b) = (squared_gram_trace(&rows), squared_gram_trace(&transposed));
        assert!((a / b - 1.0).abs() < 1e-12, "{a} {b}");
        // A covariance by hand: (1, 0), (0, 2) and (2, 0) have XᵀX = diag(5, 4).
        let rows = [vec![1.0, 0.0], vec![0.0, 2.0], vec![2.0, 0.0]];
        assert_eq!(squared_gram_trace(&rows), 41.0);
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let (mut rng, mut length, mut variance) = (Stream::from_seed(2), 0, 0);
        // Most of the variance in one direction, so that degrees of freedom are few.
        let deviations = [4.0, 1.0, 1.0, 1.0, 0.5];
        let runs = 4000;
        for _ in 0..runs {
            let rows = normal(200, &deviations, &mut rng);
            let of_mean = length_of_mean(&rows);
            length += u32::from(of_mean.estimate > of_mean.half_width);
            let total = total_variance(&rows);
            variance += u32::from((total.estimate - 19.25).abs() > total.half_width);
        }
        // 4 are expected to miss; more than 13 do with a probability of 1e-4. Variances are
        // skewed, and 200 rows not quite enough.
        assert!((1..=13).contains(&length), "{length} of {runs}");
        assert!((1..=30).contains(&variance), "{variance} of {runs}");
    }
}
