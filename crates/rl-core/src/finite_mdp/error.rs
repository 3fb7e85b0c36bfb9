//! Errors of tables and of exact solutions.

use std::fmt;

/// Entry of a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Entry {
    /// The transition probability `P(s'|s,a)`.
    Transition {
        /// The state `s`.
        state: usize,
        /// The action `a`.
        action: usize,
        /// The state `s'`.
        next: usize,
    },
    /// The reward `R(s,a)`.
    Reward {
        /// The state `s`.
        state: usize,
        /// The action `a`.
        action: usize,
    },
    /// The initial probability of a state.
    Initial {
        /// The state.
        state: usize,
    },
    /// The probability `π(a|s)` of a policy.
    Policy {
        /// The state `s`.
        state: usize,
        /// The action `a`.
        action: usize,
    },
    /// The logit `θ[s,a]` of a policy.
    Logit {
        /// The state `s`.
        state: usize,
        /// The action `a`.
        action: usize,
    },
}

/// Row of a table that is a probability distribution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Row {
    /// The distribution `P(·|s,a)` of the next state.
    Transition {
        /// The state `s`.
        state: usize,
        /// The action `a`.
        action: usize,
    },
    /// The distribution of the initial state.
    Initial,
    /// The distribution `π(·|s)` of the action.
    Policy {
        /// The state `s`.
        state: usize,
    },
}

impl fmt::Display for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transition {
                state,
                action,
                next,
            } => write!(f, "transition P(s'={next} | s={state}, a={action})"),
            Self::Reward { state, action } => write!(f, "reward R(s={state}, a={action})"),
            Self::Initial { state } => write!(f, "initial P(s={state})"),
            Self::Policy { state, action } => write!(f, "policy π(a={action} | s={state})"),
            Self::Logit { state, action } => write!(f, "logit θ[s={state}, a={action}]"),
        }
    }
}

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Transition { state, action } => {
                write!(f, "transition P(· | s={state}, a={action})")
            }
            Self::Initial => write!(f, "initial P(·)"),
            Self::Policy { state } => write!(f, "policy π(· | s={state})"),
        }
    }
}

/// Error for tables that are not a finite MDP, or not a policy of one.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TableError {
    /// No state, no action, or too many for dense tables.
    #[error(
        "dense tables need at least 1 state and 1 action, and hold at most 2^28 numbers: not \
         {states} states and {actions} actions"
    )]
    Size {
        /// Number of states.
        states: usize,
        /// Number of actions.
        actions: usize,
    },
    /// A table of the wrong length.
    #[error("the table of {table} holds {found} numbers; its shape needs {expected}")]
    Length {
        /// Content of the table, in words.
        table: &'static str,
        /// Number of entries that its shape needs.
        expected: usize,
        /// Number of entries that it has.
        found: usize,
    },
    /// A discount factor out of range.
    #[error("gamma is {0}; it must lie in 0 to 1")]
    Gamma(f64),
    /// A probability out of range.
    #[error("{entry} is {value}; a probability lies in 0 to 1")]
    Probability {
        /// Place in the table.
        entry: Entry,
        /// Its value.
        value: f64,
    },
    /// A distribution that does not sum to one.
    #[error("{row} sums to {sum}; a distribution sums to 1 within 1e-9")]
    Sum {
        /// Place in the table.
        row: Row,
        /// Its sum.
        sum: f64,
    },
    /// A reward or a logit that is NaN or infinite.
    #[error("{entry} is {value}; it must be finite")]
    NonFinite {
        /// Place in the table.
        entry: Entry,
        /// Its value.
        value: f64,
    },
    /// A terminal state with an action that leaves it or has a reward.
    #[error(
        "state {state} is terminal, but action {action} leaves it with probability {leave} and \
         pays {reward}; both must be 0"
    )]
    TerminalActs {
        /// The terminal state.
        state: usize,
        /// The action.
        action: usize,
        /// The probability of leaving.
        leave: f64,
        /// The reward.
        reward: f64,
    },
    /// A terminal state that episodes may start in.
    #[error("terminal state {state} has initial probability {probability}; it must be 0")]
    TerminalStart {
        /// The terminal state.
        state: usize,
        /// Its initial probability.
        probability: f64,
    },
    /// A deterministic policy with an action that does not exist.
    #[error("the action of state {state} is {action}; there are {actions}, from 0")]
    Action {
        /// The state.
        state: usize,
        /// The action.
        action: usize,
        /// Number of actions.
        actions: usize,
    },
}

/// Error for a problem without an exact solution.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum SolveError {
    /// A policy of another MDP.
    #[error(
        "the policy is for {policy_states} states and {policy_actions} actions, the MDP has \
         {states} states and {actions} actions"
    )]
    Shape {
        /// Number of states of the policy.
        policy_states: usize,
        /// Number of actions of the policy.
        policy_actions: usize,
        /// Number of states of the MDP.
        states: usize,
        /// Number of actions of the MDP.
        actions: usize,
    },
    /// Tables that do not go with the MDP, or with each other.
    #[error(transparent)]
    Table(#[from] TableError),
    /// Values of another MDP.
    #[error("{found} values were given; the MDP has {states} states")]
    Length {
        /// Number of values.
        found: usize,
        /// Number of states of the MDP.
        states: usize,
    },
    /// A policy with undiscounted sums that have no limit.
    #[error(
        "from state {state} the policy never reaches a terminal state, so that undiscounted sums \
         (gamma = 1) have no limit"
    )]
    NeverEnds {
        /// The first such state.
        state: usize,
    },
    /// Linear equations that have no finite solution in double precision.
    #[error(
        "the policy's linear equations have no finite solution in double precision: gamma is too \
         close to 1 for how rarely episodes end, or rewards are too large"
    )]
    Singular,
    /// A tolerance that is negative, NaN or infinite.
    #[error("the tolerance is {0}; it must be finite and at least 0")]
    Tolerance(f64),
    /// An iteration that did not reach its tolerance.
    #[error(
        "not within the tolerance of {tolerance} after {iterations} iterations; the Bellman \
         residual is {residual}"
    )]
    NotConverged {
        /// Number of iterations.
        iterations: usize,
        /// Bellman residual of the last iteration.
        residual: f64,
        /// The tolerance.
        tolerance: f64,
    },
}
