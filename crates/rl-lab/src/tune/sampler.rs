//! Tree-structured Parzen estimators, one per key.

use rl_core::Stream;
use tpe::density_estimation::DefaultEstimatorBuilder;
use tpe::{TpeOptimizer, categorical_range, histogram_estimator, parzen_estimator, range};

use super::error::TuneError;
use super::ranges::TunedKey;

/// Draws before the estimators are asked, evenly over the spans.
const EVEN_DRAWS: usize = 10;

/// Sampler of values by the results of those before: a tree-structured Parzen estimator per key (Bergstra et al. 2011,
/// "Algorithms for hyper-parameter optimization"), by the crate `tpe`. The first ten draws are even over the spans. The same
/// seed and the same results give the same draws.
pub struct Sampler {
    stream: Stream,
    keys: Vec<(TunedKey, TpeOptimizer<DefaultEstimatorBuilder>)>,
    drawn: usize,
}

/// Draw: for each key a place in its span, where it has one.
pub type Places = Vec<Option<f64>>;

impl Sampler {
    /// A sampler of keys that knows no results.
    ///
    /// # Errors
    /// [`TuneError::Sampler`].
    pub fn new(keys: &[TunedKey], seed: u64) -> Result<Self, TuneError> {
        let optimizer = |tuned: &TunedKey| {
            let optimizer = match tuned.span.choices() {
                Some(n) => TpeOptimizer::new(histogram_estimator(), categorical_range(n)?),
                None => TpeOptimizer::new(parzen_estimator(), range(0.0, 1.0)?),
            };
            Ok((tuned.clone(), optimizer))
        };
        let keys: Result<Vec<_>, tpe::range::RangeError> = keys.iter().map(optimizer).collect();
        Ok(Self {
            stream: Stream::from_seed(seed),
            keys: keys.map_err(|error| TuneError::Sampler(error.to_string()))?,
            drawn: 0,
        })
    }

    /// Values to try, as places and as texts.
    ///
    /// # Errors
    /// [`TuneError::Sampler`].
    pub fn draw(&mut self) -> Result<(Places, Vec<String>), TuneError> {
        self.drawn += 1;
        let (mut places, mut texts) = (Vec::new(), Vec::new());
        for (tuned, optimizer) in &mut self.keys {
            let place = match (self.drawn > EVEN_DRAWS, tuned.span.choices()) {
                (false, Some(n)) => self.stream.below(n) as f64,
                (false, None) => self.stream.next_f64(),
                (true, _) => {
                    let place = optimizer.ask(&mut self.stream);
                    place.map_err(|error| TuneError::Sampler(error.to_string()))?
                }
            };
            texts.push(tuned.span.value(place));
            places.push(Some(place));
        }
        Ok((places, texts))
    }

    /// Takes in what became of a draw: the larger, the better, `-inf` for one that failed.
    ///
    /// # Errors
    /// [`TuneError::Sampler`].
    pub fn learn(&mut self, places: &Places, objective: f64) -> Result<(), TuneError> {
        for ((_, optimizer), place) in self.keys.iter_mut().zip(places) {
            if let Some(place) = place {
                let told = optimizer.tell(*place, -objective);
                told.map_err(|error| TuneError::Sampler(error.to_string()))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::span::{Scale, Span};
    use super::*;

    fn keys() -> Vec<TunedKey> {
        let x = Span::Numbers {
            low: -10.0,
            high: 10.0,
            scale: Scale::Linear,
            whole: false,
        };
        let word = Span::Choices(["a", "b", "c"].map(str::to_owned).into());
        [("x", x), ("word", word)]
            .map(|(key, span)| TunedKey {
                key: key.to_owned(),
                span,
            })
            .into()
    }

    /// The draws of a search for the largest of `-(x - 3)² - [word ≠ b]`, with their objectives.
    fn search(seed: u64) -> Vec<(Vec<String>, f64)> {
        let mut sampler = Sampler::new(&keys(), seed).unwrap();
        let draw = |_| {
            let (places, texts) = sampler.draw().unwrap();
            let x: f64 = texts[0].parse().unwrap();
            let objective = -(x - 3.0).powi(2) - f64::from(u8::from(texts[1] != "b"));
            sampler.learn(&places, objective).unwrap();
            (texts, objective)
        };
        (0..60).map(draw).collect()
    }

    #[test]
    fn draws_repeat_with_their_seed_and_near_the_optimum() {
        assert_eq!(search(0), search(0));
        assert_ne!(search(0), search(1));
        let mean = |draws: &[(Vec<String>, f64)]| {
            draws.iter().map(|(_, objective)| objective).sum::<f64>() / draws.len() as f64
        };
        for seed in 0..5 {
            let draws = search(seed);
            let (even, late) = (mean(&draws[..EVEN_DRAWS]), mean(&draws[40..]));
            // Even draws have a mean of -42: the third moment of a box around 3.
            assert!(late > -15.0 && late > even, "{even} before, {late} late");
        }
    }
}
