//! Progress of a run, its budget, and what is annealed over it.

/// Amount of training after which a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Budget {
    /// A number of updates.
    Updates(u64),
    /// Environment steps after which no update starts.
    Steps(u64),
    /// Finished episodes after which no update starts.
    Episodes(u64),
}

impl Budget {
    /// The number.
    pub fn amount(self) -> u64 {
        match self {
            Self::Updates(n) | Self::Steps(n) | Self::Episodes(n) => n,
        }
    }

    /// The unit of the number: `updates`, `steps` or `episodes`.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Updates(_) => "updates",
            Self::Steps(_) => "steps",
            Self::Episodes(_) => "episodes",
        }
    }
}

impl std::fmt::Display for Budget {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.amount(), self.unit())
    }
}

/// Counters of a run, and the budget that schedules are annealed over.
///
/// Everything that changes in the course of a run by plan is a pure function of it, so that there
/// is nothing to save but the counters. A run that is extended keeps its horizon.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clock {
    /// Updates so far.
    pub updates: u64,
    /// Environment steps so far.
    pub env_steps: u64,
    /// Finished episodes so far.
    pub episodes: u64,
    /// Budget that the run started with.
    pub horizon: Budget,
}

impl Clock {
    /// The clock of a run that begins.
    pub fn start(horizon: Budget) -> Self {
        Self {
            updates: 0,
            env_steps: 0,
            episodes: 0,
            horizon,
        }
    }

    /// Share of the horizon that is done, 0 to 1.
    pub fn done(&self) -> f64 {
        self.share_of(self.horizon)
    }

    /// Returns `true` if a budget is used up.
    pub fn has_spent(&self, budget: Budget) -> bool {
        self.spent(budget) >= budget.amount()
    }

    /// Share of a budget that is used up, 0 to 1.
    pub fn share_of(&self, budget: Budget) -> f64 {
        match budget.amount() {
            0 => 1.0,
            amount => (self.spent(budget) as f64 / amount as f64).min(1.0),
        }
    }

    fn spent(&self, budget: Budget) -> u64 {
        match budget {
            Budget::Updates(_) => self.updates,
            Budget::Steps(_) => self.env_steps,
            Budget::Episodes(_) => self.episodes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_spent_by_its_own_counter() {
        let mut clock = Clock::start(Budget::Steps(100));
        (clock.updates, clock.env_steps) = (3, 50);
        assert_eq!(clock.done(), 0.5);
        assert!(clock.has_spent(Budget::Updates(3)) && !clock.has_spent(Budget::Updates(4)));
        assert!(!clock.has_spent(Budget::Episodes(1)));
        clock.env_steps = 130;
        assert_eq!(clock.done(), 1.0);
        assert_eq!(clock.horizon.to_string(), "100 steps");
    }
}
