//! Updates of a setting in a problem.

use rl_core::finite_mdp::{Bootstrap, LinearUpdate, Lookahead, SolveError};
use serde::Serialize;

use super::setting::{Problem, Setting, Without};

/// Updates, and those between two points of a curve.
const UPDATES: usize = 8000;
const BETWEEN: usize = 40;
/// Change of the error per update that counts as none.
const STILL: f64 = 1e-6;
/// Errors, as shares of the first one, beyond which no more is measured.
const MEASURED: [f64; 2] = [1e-9, 1e60];

/// End of the updates of a setting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// The error grows.
    Diverges,
    /// The error falls to 0.
    Converges,
    /// The error stays.
    Stays,
}

impl Outcome {
    /// Its word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Diverges => "diverges",
            Self::Converges => "converges",
            Self::Stays => "stays wrong",
        }
    }
}

/// Measurement of a setting in a problem. The error is `max |Q(s,a)|` over the states that are not terminal, whose exact action
/// values are all 0.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TriadRow {
    /// Problem: `star` (Baird 1995) or `w, 2w` (Tsitsiklis & Van Roy 1996).
    pub problem: &'static str,
    /// Setting.
    pub setting: &'static str,
    /// End of the updates.
    pub outcome: Outcome,
    /// Factor of the error from an update to the next, over the second half of the updates.
    pub factor: f64,
    /// Error at the beginning.
    pub first: f64,
    /// Largest error.
    pub largest: f64,
    /// Error after the last update that was measured.
    pub last: f64,
    /// Number of updates.
    pub updates: usize,
    /// Errors by the number of updates before.
    #[serde(skip)]
    pub curve: Vec<(f64, f64)>,
}

/// Measures a setting in a problem.
///
/// # Errors
/// [`SolveError`] for a problem that is none.
pub fn row(problem: &Problem, setting: &Setting) -> Result<TriadRow, SolveError> {
    let errors = errors(problem, setting)?;
    let updates = errors.len() - 1;
    let (first, half, last) = (errors[0], errors[updates / 2], errors[updates]);
    let factor = (last / half).powf(1.0 / (updates - updates / 2) as f64);
    let outcome = match factor {
        _ if (factor - 1.0).abs() < STILL => Outcome::Stays,
        _ if factor > 1.0 => Outcome::Diverges,
        _ => Outcome::Converges,
    };
    let curve = errors.iter().enumerate().step_by(BETWEEN);
    Ok(TriadRow {
        problem: problem.name,
        setting: setting.name,
        outcome,
        factor,
        first,
        largest: errors.iter().copied().fold(0.0, f64::max),
        last,
        updates,
        curve: curve
            .map(|(update, &error)| (update as f64, error))
            .collect(),
    })
}

/// The errors before the first update and after each, as long as they can be measured.
fn errors(problem: &Problem, setting: &Setting) -> Result<Vec<f64>, SolveError> {
    let (update, mut parameters) = update(problem, setting)?;
    let mdp = &problem.linear.mdp;
    let error = |parameters: &[f64]| {
        let values = update.action_values(parameters).into_iter().enumerate();
        let acting = values.filter(|(row, _)| !mdp.is_terminal(row / mdp.actions()));
        acting.map(|(_, value)| value.abs()).fold(0.0, f64::max)
    };
    let mut target = parameters.clone();
    let mut errors = vec![error(&parameters)];
    let [least, most] = MEASURED.map(|share| share * errors[0]);
    for step in 1..=UPDATES {
        let mut direction = update.direction(&parameters, &target, setting.clip);
        let norm = direction.iter().map(|d| d * d).sum::<f64>().sqrt();
        if norm > setting.max_grad_norm {
            direction
                .iter_mut()
                .for_each(|d| *d *= setting.max_grad_norm / norm);
        }
        let moved = parameters.iter_mut().zip(direction);
        moved.for_each(|(w, d)| *w += problem.alpha * d);
        if step % setting.target_every == 0 {
            let followed = target.iter_mut().zip(&parameters);
            followed.for_each(|(target, w)| *target += setting.target_rate * (w - *target));
        }
        errors.push(error(&parameters));
        if !(least..most).contains(&errors[step]) {
            break;
        }
    }
    Ok(errors)
}

/// The update of a setting, and its parameters to begin with.
fn update(problem: &Problem, setting: &Setting) -> Result<(LinearUpdate, Vec<f64>), SolveError> {
    let linear = &problem.linear;
    let bootstrap = match (setting.without, setting.double) {
        (Without::OffPolicy, _) => Bootstrap::Expected(linear.behaviour.clone()),
        (_, false) => Bootstrap::Max,
        (_, true) => Bootstrap::Double,
    };
    let lookahead = match setting.without {
        Without::Bootstrapping => Lookahead::Return,
        _ => Lookahead::Steps(setting.n_step, bootstrap),
    };
    let weights = match setting.without {
        Without::OffPolicy => &linear.on_policy,
        _ => &linear.uniform,
    };
    let make = |features, lookahead| {
        LinearUpdate::new(
            &linear.mdp,
            &linear.behaviour,
            features,
            weights.clone(),
            lookahead,
        )
    };
    let update = make(linear.features.clone(), lookahead.clone())?;
    if setting.without != Without::Approximation {
        return Ok((update, linear.parameters.clone()));
    }
    // The table begins with the values of the linear function.
    let table = LinearUpdate::table(weights.len());
    Ok((
        make(table, lookahead)?,
        update.action_values(&linear.parameters),
    ))
}
