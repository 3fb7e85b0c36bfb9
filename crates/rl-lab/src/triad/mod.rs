//! The deadly triad: expected Q-learning with linear action values where it diverges, without one of its three parts, and with the
//! ingredients of deep Q-networks (Sutton & Barto 2018, section 11.3).
//!
//! ```
//! use rl_lab::triad::{self, Outcome};
//!
//! let rows = triad::measure()?;
//! assert_eq!(rows[0].outcome, Outcome::Diverges);
//! println!("{}", triad::table(&rows));
//! # Ok::<(), rl_core::finite_mdp::SolveError>(())
//! ```

mod measure;
mod report;
mod setting;

use rl_core::finite_mdp::SolveError;

pub use measure::{Outcome, TriadRow};
pub use report::{table, write};

/// Measures every setting in every problem, a row each.
///
/// # Errors
/// [`SolveError`] for problems that are none.
pub fn measure() -> Result<Vec<TriadRow>, SolveError> {
    let mut rows = Vec::new();
    for problem in setting::problems()? {
        for setting in setting::settings() {
            rows.push(measure::row(&problem, &setting)?);
        }
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_triad_diverges_and_no_two_of_its_parts_do() {
        let rows = measure().unwrap();
        for problem in rows.chunk_by(|a, b| a.problem == b.problem) {
            let outcomes: Vec<Outcome> = problem.iter().map(|row| row.outcome).collect();
            let without = [Outcome::Converges; 3];
            assert_eq!(outcomes[0], Outcome::Diverges, "{problem:?}");
            assert_eq!(outcomes[1..4], without, "{problem:?}");
        }
    }

    #[test]
    fn a_target_network_holds_the_one_problem_and_slows_the_other() {
        let rows = measure().unwrap();
        let of = |problem: &str, setting: &str| -> &TriadRow {
            let mut rows = rows.iter();
            let is = |row: &&TriadRow| row.problem == problem && row.setting == setting;
            rows.find(is).unwrap()
        };
        for setting in [
            "target_every = 10",
            "target_every = 100",
            "target_rate = 0.01",
        ] {
            assert_eq!(of("star", setting).outcome, Outcome::Converges);
            let slowed = of("w, 2w", setting);
            assert_eq!(slowed.outcome, Outcome::Diverges);
            assert!(slowed.factor < of("w, 2w", "Q-learning").factor);
        }
        for problem in ["star", "w, 2w"] {
            let names = ["target_every = 2", "target_every = 2, double = true"];
            let [single, double] = names.map(|name| of(problem, name));
            assert_eq!(single.outcome, Outcome::Diverges);
            assert!((single.factor - double.factor).abs() < 1e-9);
            assert_eq!(of(problem, "n_step = 2").outcome, Outcome::Converges);
        }
    }
}
