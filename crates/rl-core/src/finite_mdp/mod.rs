//! Finite Markov decision processes with explicit tables, solved exactly: the reference that
//! estimators are tested against.
//!
//! A [`FiniteMdp`] holds the tables. Values, visitations and policy gradients come from dense
//! linear systems, optimal values from value or policy iteration, all in `f64`. The same tables are
//! an environment, [`FiniteMdpEnvironment`], so that estimates from samples can be compared with
//! the exact result. The time of a solution is cubic in the number of states: a few hundred are
//! fine.
//!
//! ```
//! use rl_core::finite_mdp::{FiniteMdp, SoftmaxPolicy, Tables, StateWeighting};
//!
//! // One state to act in: the first action ends the episode for 1, the second for 3.
//! let mut tables = Tables::at_rest(2, 2, 1.0)?;
//! tables.terminal[1] = true;
//! tables.lead(0, 0, 1, 1.0);
//! tables.lead(0, 1, 1, 3.0);
//! let mdp = FiniteMdp::new(tables)?;
//!
//! let policy = SoftmaxPolicy::zeros(2, 2)?;
//! assert_eq!(mdp.expected_return(&policy.probabilities())?, 2.0);
//! let gradient = mdp.policy_gradient(&policy, StateWeighting::Discounted)?;
//! assert_eq!(gradient, [-0.5, 0.5, 0.0, 0.0]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bellman;
mod counterexamples;
mod environment;
mod error;
mod exact;
mod gradient;
mod linear;
mod linear_update;
mod mdp;
mod named;
mod optimal;
mod policy;
mod reachable;
#[cfg(test)]
mod testing;

pub use counterexamples::{LinearProblem, baird_star, w_to_2w};
pub use environment::{FiniteMdpEnvironment, OneHot, state_of};
pub use error::{Entry, Row, SolveError, TableError};
pub use exact::PolicyValues;
pub use gradient::StateWeighting;
pub use linear::solve;
pub use linear_update::{Bootstrap, LinearUpdate, Lookahead};
pub use mdp::{FiniteMdp, Tables};
pub use named::{chain, cliff, garnet, grid, two_state};
pub use optimal::{Optimum, SolverConfig};
pub use policy::{SoftmaxPolicy, TabularPolicy};
