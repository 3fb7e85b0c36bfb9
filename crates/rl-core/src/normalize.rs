//! Normalisation of advantages.

/// Shifts and scales numbers to mean 0 and standard deviation 1; equal numbers become zeros.
pub fn normalize(xs: &mut [f32]) {
    let n = xs.len() as f64;
    let mean = xs.iter().map(|&x| f64::from(x)).sum::<f64>() / n;
    let variance = xs
        .iter()
        .map(|&x| (f64::from(x) - mean).powi(2))
        .sum::<f64>()
        / n;
    let scale = 1.0 / (variance.sqrt() + 1e-8);
    for x in xs {
        *x = ((f64::from(*x) - mean) * scale) as f32;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normalised_weights_have_mean_zero_and_deviation_one() {
        let mut weights = [1.0, 2.0, 3.0, 4.0];
        normalize(&mut weights);
        let a = 1.5 / 1.25_f32.sqrt();
        assert!(
            (weights[3] - a).abs() < 1e-6 && (weights[0] + a).abs() < 1e-6,
            "{weights:?}"
        );
        let mut equal = [500.0; 3];
        normalize(&mut equal);
        assert_eq!(equal, [0.0; 3]);
    }
}
