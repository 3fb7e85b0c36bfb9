//! Goals that the speeds are meant to reach.

use super::{TrainSpeed, Workload};

/// Quantity of a workload that a goal is about.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Measure {
    /// Environment steps per second.
    Rate,
    /// The rate, over that of a side measured beside it.
    Times(&'static str),
    /// The rate, over that which is quoted first.
    TimesQuoted,
    /// The rate on two threads, over that on one.
    TwoThreads,
    /// Peak memory in MB.
    Memory,
    /// Milliseconds from the start of the process to the end of the first update.
    FirstUpdate,
    /// Seconds of training until the mean return was reached that the workload ends at, of the slowest run.
    Solved,
}

/// Workload, measure, and the least of it, or the most for memory and times.
const GOALS: [(&str, Measure, f64); 31] = [
    ("vpg-notebook", Measure::Rate, 350e3),
    ("vpg-notebook", Measure::Times("torch"), 100.0),
    ("vpg-notebook", Measure::Times("torch-fast"), 40.0),
    ("vpg-notebook", Measure::Memory, 150.0),
    ("vpg-notebook", Measure::FirstUpdate, 50.0),
    ("ppo-cleanrl", Measure::Rate, 150e3),
    ("ppo-cleanrl", Measure::Times("torch"), 45.0),
    ("ppo-cleanrl", Measure::Times("jax"), 1.5),
    ("ppo-cleanrl", Measure::Memory, 150.0),
    ("ppo-cleanrl", Measure::FirstUpdate, 50.0),
    ("ppo-zoo", Measure::Times("sb3"), 40.0),
    ("ppo-zoo", Measure::Memory, 150.0),
    ("ppo-zoo", Measure::FirstUpdate, 50.0),
    ("ppo-modurl", Measure::TimesQuoted, 4.0),
    ("ppo-modurl", Measure::Memory, 150.0),
    ("ppo-modurl", Measure::FirstUpdate, 50.0),
    ("ppo-zoo-lander", Measure::Times("sb3"), 40.0),
    ("ppo-zoo-lander", Measure::Memory, 150.0),
    ("ppo-half-cheetah", Measure::Rate, 25e3),
    ("ppo-half-cheetah", Measure::Times("torch"), 12.0),
    ("ppo-half-cheetah", Measure::TwoThreads, 1.7),
    ("vpg-threads", Measure::TwoThreads, 1.7),
    ("vpg-threads", Measure::Memory, 150.0),
    ("ppo-threads", Measure::TwoThreads, 1.7),
    ("ppo-threads", Measure::Memory, 150.0),
    ("dqn-zoo", Measure::Times("sb3"), 40.0),
    ("dqn-cleanrl", Measure::Times("torch"), 20.0),
    ("dqn-modurl", Measure::Rate, 100e3),
    ("pqn-cleanrl", Measure::Times("torch"), 50.0),
    ("pqn-solved", Measure::Solved, 1.5),
    ("q-learning-taxi", Measure::Rate, 20e6),
];

/// A goal, and the number that was measured.
pub struct Goal {
    pub workload: &'static str,
    pub quantity: String,
    pub goal: String,
    pub measured: String,
    pub met: bool,
}

/// The goals about what was measured, in the order of the list.
pub fn goals(speeds: &[TrainSpeed]) -> Vec<Goal> {
    GOALS
        .iter()
        .filter_map(|&(workload, measure, limit)| {
            let measured = measure.of(workload, speeds)?;
            Some(Goal {
                workload,
                quantity: measure.name(workload),
                goal: measure.bound(limit),
                measured: measure.text(measured),
                met: measure.meets(measured, limit),
            })
        })
        .collect()
}

impl Measure {
    fn of(self, workload: &str, speeds: &[TrainSpeed]) -> Option<f64> {
        let side = |name: &str| {
            let is = |speed: &&TrainSpeed| speed.workload == workload && speed.side == name;
            speeds.iter().find(is)
        };
        let own = || side("rl").or_else(|| side("rl-1-thread"));
        let rate = |name: &str| side(name).map(|speed| speed.steps_per_s);
        Some(match self {
            Self::Rate => own()?.steps_per_s,
            Self::Times(peer) => own()?.steps_per_s / rate(peer)?,
            Self::TimesQuoted => own()?.steps_per_s / quoted(workload)?.1,
            Self::TwoThreads => rate("rl-2-threads")? / rate("rl-1-thread")?,
            Self::Memory => own()?.peak_bytes? as f64 / 1e6,
            Self::FirstUpdate => 1e3 * own()?.first_update_s?,
            Self::Solved => own()?.solved_s?,
        })
    }

    fn is_most(self) -> bool {
        matches!(self, Self::Memory | Self::FirstUpdate | Self::Solved)
    }

    fn meets(self, measured: f64, limit: f64) -> bool {
        if self.is_most() {
            measured <= limit
        } else {
            measured >= limit
        }
    }

    fn name(self, workload: &str) -> String {
        match self {
            Self::Rate => "steps/s".to_owned(),
            Self::Times(peer) => format!("steps/s over {peer}"),
            Self::TimesQuoted => {
                let side = quoted(workload).map_or(String::new(), |(side, _)| side);
                format!("steps/s over the quoted ones of {side}")
            }
            Self::TwoThreads => "two threads over one".to_owned(),
            Self::Memory => "peak memory".to_owned(),
            Self::FirstUpdate => "process start to first update".to_owned(),
            Self::Solved => "training until solved, slowest run".to_owned(),
        }
    }

    fn bound(self, limit: f64) -> String {
        let sign = if self.is_most() { "≤" } else { "≥" };
        let text = match self {
            Self::Rate if limit >= 1e6 => format!("{} M", limit / 1e6),
            Self::Rate => rate(limit),
            Self::Memory => format!("{limit} MB"),
            Self::FirstUpdate => format!("{limit} ms"),
            Self::Solved => format!("{limit} s"),
            _ => format!("{limit} ×"),
        };
        format!("{sign} {text}")
    }

    fn text(self, measured: f64) -> String {
        match self {
            Self::Rate => rate(measured),
            Self::Solved if measured.is_infinite() => "never".to_owned(),
            Self::Solved => format!("{measured:.2} s"),
            Self::Memory => format!("{measured:.0} MB"),
            Self::FirstUpdate => format!("{measured:.0} ms"),
            _ if measured < 10.0 => format!("{measured:.2} ×"),
            _ => format!("{measured:.1} ×"),
        }
    }
}

fn rate(steps_per_s: f64) -> String {
    match steps_per_s {
        millions if millions >= 1e6 => format!("{:.1} M", millions / 1e6),
        _ => format!("{:.0} k", steps_per_s / 1e3),
    }
}

/// Side and rate of a workload that are quoted first.
fn quoted(workload: &str) -> Option<(String, f64)> {
    let quoted = Workload::named(workload).ok()?.quoted.into_iter().next()?;
    Some((quoted.side, quoted.steps_per_s))
}

#[cfg(test)]
mod tests {
    use super::super::TimedRun;
    use super::super::speed::testing::{run, speed};
    use super::*;

    #[test]
    fn goals_are_met_from_their_limit_on_and_about_what_was_measured_only() {
        let speeds = [
            speed("vpg-notebook", "rl", 400e3),
            speed("vpg-notebook", "torch", 4e3),
            speed("ppo-modurl", "rl", 4.0 * 9742.0 - 1.0),
            speed("ppo-threads", "rl-1-thread", 100e3),
            speed("ppo-threads", "rl-2-threads", 150e3),
            speed("q-learning-taxi", "rl", 20e6),
        ];
        let goals = goals(&speeds);
        let line = |workload: &str, quantity: &str| {
            let is = |goal: &&Goal| goal.workload == workload && goal.quantity.contains(quantity);
            let goal = goals.iter().find(is)?;
            Some((goal.measured.as_str(), goal.met))
        };
        assert_eq!(line("vpg-notebook", "over torch"), Some(("100.0 ×", true)));
        assert_eq!(line("vpg-notebook", "torch-fast"), None);
        assert_eq!(line("ppo-modurl", "ModuRL"), Some(("4.00 ×", false)));
        assert_eq!(line("ppo-threads", "two"), Some(("1.50 ×", false)));
        assert_eq!(line("ppo-zoo", ""), None);
        // 30 MB and 20 ms.
        assert_eq!(line("vpg-notebook", "memory"), Some(("30 MB", true)));
        assert_eq!(line("vpg-notebook", "first"), Some(("20 ms", true)));
        assert_eq!(line("q-learning-taxi", "steps/s"), Some(("20.0 M", true)));
    }

    #[test]
    fn a_task_is_solved_when_the_slowest_run_has_solved_it() {
        let of = |times: [f64; 2]| {
            let runs = times.map(|time| TimedRun {
                solved_s: Some(time),
                ..run("pqn-solved", "rl", 1e3)
            });
            let goals = goals(&TrainSpeed::of_all(&runs));
            let goal = goals.into_iter().next();
            goal.map(|goal| (goal.measured, goal.met))
        };
        assert_eq!(of([1.25, 0.5]), Some(("1.25 s".to_owned(), true)));
        assert_eq!(of([0.5, 1.75]), Some(("1.75 s".to_owned(), false)));
        let never = of([0.5, f64::INFINITY]);
        assert_eq!(never, Some(("never".to_owned(), false)));
    }

    #[test]
    fn every_goal_is_about_a_workload_and_a_side_that_there_are() {
        for (name, measure, _) in GOALS {
            let workload = Workload::named(name).unwrap();
            if let Measure::Times(peer) = measure {
                assert!(
                    workload.sides.iter().any(|side| side == peer),
                    "{name} {peer}"
                );
            }
            assert!(measure != Measure::TimesQuoted || !workload.quoted.is_empty());
        }
    }
}
