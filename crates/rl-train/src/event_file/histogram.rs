//! Histograms of numbers.

use super::messages::{Content, Histogram, Value};

/// Number of buckets, of equal width.
const BUCKETS: usize = 30;

/// The histogram of the finite ones of some numbers under a tag; `None` without any.
pub(crate) fn histogram(tag: &str, numbers: impl Iterator<Item = f32> + Clone) -> Option<Value> {
    let numbers = numbers.filter(|x| x.is_finite()).map(f64::from);
    let min = numbers.clone().reduce(f64::min)?;
    let max = numbers.clone().fold(min, f64::max);
    let width = (max - min) / BUCKETS as f64;
    let buckets = if width > 0.0 { BUCKETS } else { 1 };
    let mut histogram = Histogram {
        min,
        max,
        limits: (1..buckets).map(|i| min + i as f64 * width).collect(),
        counts: vec![0.0; buckets],
        ..Histogram::default()
    };
    histogram.limits.push(max);
    for x in numbers {
        // A number at an end belongs to the bucket that it ends.
        let bucket = histogram.limits.partition_point(|limit| *limit < x);
        histogram.counts[bucket.min(buckets - 1)] += 1.0;
        histogram.count += 1.0;
        histogram.sum += x;
        histogram.sum_of_squares += x * x;
    }
    Some(Value {
        tag: tag.to_owned(),
        metadata: None,
        content: Some(Content::Histogram(histogram)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(numbers: &[f32]) -> Option<Histogram> {
        match histogram("x", numbers.iter().copied())?.content {
            Some(Content::Histogram(histogram)) => Some(histogram),
            _ => None,
        }
    }

    #[test]
    fn every_finite_number_is_in_the_bucket_that_ends_at_it_or_above() {
        let numbers: Vec<f32> = (0..=60).map(|i| i as f32).collect();
        let histogram = of(&[&numbers[..], &[f32::NAN, f32::INFINITY]].concat()).unwrap();
        assert_eq!((histogram.min, histogram.max), (0.0, 60.0));
        assert_eq!((histogram.count, histogram.sum), (61.0, 1830.0));
        // 0, 1 and 2 are within the first; every other one has two.
        assert_eq!(histogram.counts[..2], [3.0, 2.0]);
        assert_eq!(histogram.counts.iter().sum::<f64>(), 61.0);
        assert_eq!(histogram.limits.len(), BUCKETS);
        assert_eq!(histogram.limits[..2], [2.0, 4.0]);
    }

    #[test]
    fn equal_numbers_have_one_bucket_and_no_number_no_histogram() {
        let histogram = of(&[1.5; 4]).unwrap();
        assert_eq!((histogram.limits, histogram.counts), (vec![1.5], vec![4.0]));
        assert!(of(&[f32::NAN]).is_none());
    }
}
