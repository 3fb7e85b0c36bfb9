//! Dense linear equations.

/// The solution `x` of `A x = b`, by Gaussian elimination with partial pivoting (Golub & Van Loan
/// 2013, section 3.4); `None` if `A` is singular to double precision or `x` is not finite.
///
/// `matrix` is `A`, `[n, n]`, row by row, and `b` is `[n]`.
///
/// # Panics
/// If the matrix has fewer than `n²` numbers.
pub fn solve(mut matrix: Vec<f64>, mut b: Vec<f64>) -> Option<Vec<f64>> {
    let n = b.len();
    let largest = matrix.iter().fold(0.0_f64, |max, x| max.max(x.abs()));
    let smallest_pivot = n as f64 * f64::EPSILON * largest;
    for column in 0..n {
        let size = |row: &usize| matrix[row * n + column].abs();
        let pivot = (column..n).max_by(|i, j| size(i).total_cmp(&size(j)))?;
        if size(&pivot) <= smallest_pivot {
            return None;
        }
        if pivot != column {
            (0..n).for_each(|k| matrix.swap(pivot * n + k, column * n + k));
            b.swap(pivot, column);
        }
        for row in column + 1..n {
            let factor = matrix[row * n + column] / matrix[column * n + column];
            if factor != 0.0 {
                for k in column..n {
                    matrix[row * n + k] -= factor * matrix[column * n + k];
                }
                b[row] -= factor * b[column];
            }
        }
    }
    for row in (0..n).rev() {
        let known: f64 = (row + 1..n).map(|k| matrix[row * n + k] * b[k]).sum();
        b[row] = (b[row] - known) / matrix[row * n + row];
    }
    b.iter().all(|x| x.is_finite()).then_some(b)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Stream;

    #[test]
    fn the_solution_solves_random_equations() {
        let mut rng = Stream::from_seed(0);
        for n in 1..30 {
            let matrix: Vec<f64> = (0..n * n).map(|_| rng.uniform(-1.0, 1.0)).collect();
            let b: Vec<f64> = (0..n).map(|_| rng.uniform(-1.0, 1.0)).collect();
            let x = solve(matrix.clone(), b.clone()).unwrap();
            for (row, b) in matrix.chunks_exact(n).zip(b) {
                let product: f64 = row.iter().zip(&x).map(|(a, x)| a * x).sum();
                assert!((product - b).abs() < 1e-11, "{product} {b}");
            }
        }
    }

    #[test]
    fn a_zero_on_the_diagonal_is_no_obstacle() {
        let x = solve(vec![0.0, 2.0, 4.0, 0.0], vec![2.0, 4.0]).unwrap();
        assert_eq!(x, [1.0, 1.0]);
    }

    #[test]
    fn pivoting_keeps_the_digits_of_small_pivots() {
        // Without pivoting the first unknown comes out as 0.
        let x = solve(vec![1e-20, 1.0, 1.0, 1.0], vec![1.0, 2.0]).unwrap();
        assert_eq!(x, [1.0, 1.0]);
    }

    #[test]
    fn singular_equations_and_infinite_solutions_have_no_answer() {
        assert_eq!(solve(vec![1.0, 2.0, 2.0, 4.0], vec![1.0, 1.0]), None);
        assert_eq!(solve(vec![0.0], vec![0.0]), None);
        assert_eq!(solve(vec![1e-9], vec![1e308]), None);
    }
}
