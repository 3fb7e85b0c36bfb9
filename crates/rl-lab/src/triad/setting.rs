//! Problems and settings that are measured.

use rl_core::finite_mdp::{LinearProblem, SolveError, baird_star, w_to_2w};

/// Discount of the problems.
const GAMMA: f64 = 0.99;
/// Probability of the end in the second problem.
const ENDING: f64 = 0.1;

/// Problem with the step size of its updates.
pub struct Problem {
    pub name: &'static str,
    pub linear: LinearProblem,
    pub alpha: f64,
}

/// The problems.
///
/// # Errors
/// None, for these discounts.
pub fn problems() -> Result<[Problem; 2], SolveError> {
    Ok([
        Problem {
            name: "star",
            linear: baird_star(GAMMA)?,
            alpha: 0.5,
        },
        Problem {
            name: "w, 2w",
            linear: w_to_2w(GAMMA, ENDING)?,
            alpha: 0.1,
        },
    ])
}

/// Part of the triad that is taken away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Without {
    /// None of them.
    Nothing,
    /// The linear function: a table.
    Approximation,
    /// The values of later states: whole returns.
    Bootstrapping,
    /// The other policy: expected SARSA on the states that the policy comes to.
    OffPolicy,
}

/// Setting of the update, by the keys of deep Q-networks.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Setting {
    pub name: &'static str,
    pub without: Without,
    pub double: bool,
    pub n_step: usize,
    /// Updates between renewals of the target's parameters, and the share that is taken over.
    pub target_every: usize,
    pub target_rate: f64,
    /// Size that errors are clipped to, and that of the direction.
    pub clip: f64,
    pub max_grad_norm: f64,
}

/// The settings: the triad itself first, then without each of its parts, then with each ingredient.
pub fn settings() -> [Setting; 12] {
    let triad = Setting {
        name: "Q-learning",
        without: Without::Nothing,
        double: false,
        n_step: 1,
        target_every: 1,
        target_rate: 1.0,
        clip: f64::INFINITY,
        max_grad_norm: f64::INFINITY,
    };
    let without = |name, without| Setting {
        name,
        without,
        ..triad
    };
    let every = |name, target_every| Setting {
        name,
        target_every,
        ..triad
    };
    [
        triad,
        without("no approximation: a table", Without::Approximation),
        without("no bootstrapping: whole returns", Without::Bootstrapping),
        without("on-policy: expected SARSA", Without::OffPolicy),
        every("target_every = 2", 2),
        Setting {
            name: "target_every = 2, double = true",
            double: true,
            target_every: 2,
            ..triad
        },
        every("target_every = 10", 10),
        every("target_every = 100", 100),
        Setting {
            name: "target_rate = 0.01",
            target_rate: 0.01,
            ..triad
        },
        Setting {
            name: "n_step = 2",
            n_step: 2,
            ..triad
        },
        Setting {
            name: "loss = huber",
            clip: 1.0,
            ..triad
        },
        Setting {
            name: "max_grad_norm = 10",
            max_grad_norm: 10.0,
            ..triad
        },
    ]
}
