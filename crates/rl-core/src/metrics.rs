//! Metrics of an update: an ordered list of names and numbers.

use std::borrow::Cow;

/// Names and numbers that an update reports, in the order in which they were first put.
///
/// NaN stands for a metric that has no value in this update.
///
/// ```
/// use rl_core::Metrics;
///
/// let mut metrics = Metrics::default();
/// metrics.put("entropy", 0.69);
/// metrics.put("grad_norm", 1.5);
/// metrics.put("entropy", 0.68);
/// assert_eq!(metrics.get("entropy"), Some(0.68));
/// assert_eq!(metrics.iter().count(), 2);
/// ```
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Metrics(Vec<(Cow<'static, str>, f64)>);

impl Metrics {
    /// Adds a metric at the end, or replaces the number of the one of the same name.
    pub fn put(&mut self, name: impl Into<Cow<'static, str>>, value: f64) {
        let name = name.into();
        match self.0.iter_mut().find(|(known, _)| *known == name) {
            Some(entry) => entry.1 = value,
            None => self.0.push((name, value)),
        }
    }

    /// The number of a metric; `None` without such a metric.
    pub fn get(&self, name: &str) -> Option<f64> {
        let mut entries = self.0.iter();
        entries
            .find(|(known, _)| known == name)
            .map(|(_, value)| *value)
    }

    /// Names and numbers, in their order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, f64)> {
        self.0.iter().map(|(name, value)| (name.as_ref(), *value))
    }
}
