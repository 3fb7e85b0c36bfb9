//! Speed of drawing from a replay buffer.

use rl_core::{BoxError, Purpose, Status, Stream};
use rl_value::replay::{Draw, Prioritization, Replay, Sample, Transition};
use serde::Serialize;

use super::rate::Runs;
use crate::table::aligned;

/// Transitions per draw.
const SIZE: usize = 128;

/// Numbers of an observation: those of CartPole.
const OBSERVATION_DIM: usize = 4;

/// Draws whose priorities are set in turn.
const SAMPLES: usize = 64;

/// Measurement of draws from a full buffer of CartPole's transitions, on one thread: 128 at a time, by one environment,
/// whose episodes take 200 steps on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ReplayBench {
    /// Transitions in the buffer.
    pub transitions: usize,
    /// Runs of each measurement, of which the median counts.
    pub runs: usize,
    /// Length of a run, in seconds.
    pub seconds: f64,
}

/// Operation on a buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum ReplayOperation {
    /// Uniform draws.
    Uniform,
    /// Draws by priority, with importance weights.
    Prioritized,
    /// Setting the priorities of transitions that were drawn.
    SetPriorities,
}

impl ReplayOperation {
    fn name(self) -> &'static str {
        match self {
            Self::Uniform => "uniform draws",
            Self::Prioritized => "prioritised draws",
            Self::SetPriorities => "priorities set",
        }
    }
}

/// Speed of an operation.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct ReplaySpeed {
    /// The operation.
    pub operation: ReplayOperation,
    /// Steps that rewards are summed over.
    pub n_step: usize,
    /// The median over the runs.
    pub transitions_per_s: f64,
}

/// Speeds and memory of buffers.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ReplayReport {
    /// Transitions in a buffer.
    pub transitions: usize,
    /// Memory of the uniform buffer, in bytes.
    pub uniform_bytes: usize,
    /// Memory of the prioritised buffer, in bytes.
    pub prioritized_bytes: usize,
    /// The speeds.
    pub speeds: Vec<ReplaySpeed>,
}

impl ReplayBench {
    /// Fills both kinds of buffer, and measures them.
    ///
    /// # Errors
    /// For a buffer without a transition, or one that does not fit into memory.
    pub fn run(&self) -> Result<ReplayReport, BoxError> {
        let empty = || Replay::new(self.transitions, 1, OBSERVATION_DIM, 0);
        let by_error = Prioritization {
            exponent: 0.6,
            epsilon: 1e-6,
        };
        let (mut uniform, mut prioritized) = (empty()?, empty()?.prioritized(by_error)?);
        let rng = &mut Stream::derive(0, Purpose::Environment, 0);
        for replay in [&mut uniform, &mut prioritized] {
            self.fill(replay, rng);
        }
        self.set_all(&mut prioritized, rng)?;
        let mut speeds = Vec::new();
        for (operation, replay) in [
            (ReplayOperation::Uniform, &mut uniform),
            (ReplayOperation::Prioritized, &mut prioritized),
        ] {
            for n_step in [1, 3] {
                speeds.push(self.draws(operation, n_step, replay)?);
            }
        }
        speeds.push(self.set(&mut prioritized, rng)?);
        Ok(ReplayReport {
            transitions: uniform.len(),
            uniform_bytes: uniform.bytes(),
            prioritized_bytes: prioritized.bytes(),
            speeds,
        })
    }

    /// Fills the buffer, and goes on until its newest transition is in its middle.
    fn fill(&self, replay: &mut Replay, rng: &mut Stream) {
        let mut observation = [0.0; OBSERVATION_DIM];
        for _ in 0..self.transitions + self.transitions / 2 {
            let next = observation.map(|x: f32| 0.9 * x + rng.uniform(-0.1, 0.1) as f32);
            replay.push(Transition {
                observation: &observation,
                action: rng.below(2) as f32,
                reward: 1.0,
                status: match rng.below(400) {
                    0 => Status::Terminated,
                    1 => Status::Truncated,
                    _ => Status::Running,
                },
                next_observation: &next,
            });
            observation = next;
        }
    }

    /// Gives most transitions a priority of their own.
    fn set_all(&self, replay: &mut Replay, rng: &mut Stream) -> Result<(), BoxError> {
        let (mut sample, draw) = (Sample::default(), draw(1));
        for _ in 0..2 * self.transitions / SIZE {
            replay.sample(draw, &mut sample);
            replay.set_priorities(&sample, &errors(rng))?;
        }
        Ok(())
    }

    fn draws(
        &self,
        operation: ReplayOperation,
        n_step: usize,
        replay: &mut Replay,
    ) -> Result<ReplaySpeed, BoxError> {
        let mut sample = Sample::default();
        self.speed(operation, n_step, &mut || {
            replay.sample(draw(n_step), &mut sample);
            Ok(())
        })
    }

    fn set(&self, replay: &mut Replay, rng: &mut Stream) -> Result<ReplaySpeed, BoxError> {
        let drawn = (0..SAMPLES).map(|_| {
            let mut sample = Sample::default();
            replay.sample(draw(1), &mut sample);
            (sample, errors(rng))
        });
        let drawn: Vec<_> = drawn.collect();
        let mut next = drawn.iter().cycle();
        self.speed(ReplayOperation::SetPriorities, 1, &mut || {
            let of_next = next.next();
            of_next.map_or(Ok(()), |(sample, errors)| {
                Ok(replay.set_priorities(sample, errors)?)
            })
        })
    }

    /// The speed of something that is done to `SIZE` transitions at a time.
    fn speed(
        &self,
        operation: ReplayOperation,
        n_step: usize,
        once: &mut dyn FnMut() -> Result<(), BoxError>,
    ) -> Result<ReplaySpeed, BoxError> {
        /// Times between two looks at the clock.
        const CHUNK: usize = 64;
        let runs = Runs {
            runs: self.runs,
            seconds: self.seconds,
        };
        let chunk = || (0..CHUNK).try_for_each(|_| once());
        Ok(ReplaySpeed {
            operation,
            n_step,
            transitions_per_s: runs.median_rate(CHUNK * SIZE, chunk)?,
        })
    }
}

fn draw(n_step: usize) -> Draw {
    Draw {
        size: SIZE,
        n_step,
        gamma: 0.99,
        beta: 0.4,
    }
}

/// TD errors, `[SIZE]`.
fn errors(rng: &mut Stream) -> Vec<f32> {
    (0..SIZE).map(|_| rng.uniform(-1.0, 1.0) as f32).collect()
}

impl ReplayReport {
    /// The speeds as a table, and the goals as another.
    pub fn tables(&self) -> String {
        let rows = self.speeds.iter().map(|speed| {
            [
                speed.operation.name().to_owned(),
                speed.n_step.to_string(),
                millions(speed.transitions_per_s),
            ]
        });
        let rows: Vec<_> = rows.collect();
        let header = ["of 128 transitions", "n-step", "transitions/s"];
        let goal_header = ["quantity", "goal", "measured", "met"];
        format!(
            "{}\n{}",
            aligned(header, 1, &rows),
            aligned(goal_header, 1, &self.goals())
        )
    }

    /// Quantity, goal, measured number, and if it is met: speeds of single steps, and the memory that a million transitions
    /// would take.
    fn goals(&self) -> Vec<[String; 4]> {
        let met = |met: bool| if met { "yes" } else { "no" }.to_owned();
        let speeds = [
            (ReplayOperation::Uniform, 50e6),
            (ReplayOperation::Prioritized, 5e6),
        ];
        let speeds = speeds.into_iter().filter_map(|(operation, least)| {
            let is = |speed: &&ReplaySpeed| speed.operation == operation && speed.n_step == 1;
            let rate = self.speeds.iter().find(is)?.transitions_per_s;
            let quantity = format!("{}, transitions/s", operation.name());
            let goal = format!("≥ {:.0} M", least / 1e6);
            Some([quantity, goal, millions(rate), met(rate >= least)])
        });
        let bytes = 1e6 * self.uniform_bytes as f64 / self.transitions as f64;
        let memory = [
            "memory of 10⁶ transitions".to_owned(),
            "≤ 48 MB".to_owned(),
            format!("{:.0} MB", bytes / 1e6),
            met(bytes <= 48e6),
        ];
        speeds.chain([memory]).collect()
    }
}

fn millions(rate: f64) -> String {
    format!("{:.1} M", rate / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_is_measured_and_the_memory_is_that_of_the_records() {
        let bench = ReplayBench {
            transitions: 1000,
            runs: 1,
            seconds: 1e-4,
        };
        let report = bench.run().unwrap();
        assert_eq!((report.transitions, report.uniform_bytes), (1000, 44_000));
        assert!(report.prioritized_bytes > report.uniform_bytes + 8000);
        let measured = report
            .speeds
            .iter()
            .map(|speed| (speed.operation, speed.n_step));
        let expected = [
            (ReplayOperation::Uniform, 1),
            (ReplayOperation::Uniform, 3),
            (ReplayOperation::Prioritized, 1),
            (ReplayOperation::Prioritized, 3),
            (ReplayOperation::SetPriorities, 1),
        ];
        assert_eq!(measured.collect::<Vec<_>>(), expected);
        assert!(
            report
                .speeds
                .iter()
                .all(|speed| speed.transitions_per_s > 1e4)
        );
    }

    #[test]
    fn goals_are_about_single_steps_and_met_from_their_limit_on() {
        let speed = |operation, n_step, transitions_per_s| ReplaySpeed {
            operation,
            n_step,
            transitions_per_s,
        };
        let report = ReplayReport {
            transitions: 500,
            uniform_bytes: 24_001,
            prioritized_bytes: 30_000,
            speeds: vec![
                speed(ReplayOperation::Uniform, 3, 60e6),
                speed(ReplayOperation::Uniform, 1, 49.9e6),
                speed(ReplayOperation::Prioritized, 1, 5e6),
            ],
        };
        let goals = report.goals();
        let met: Vec<_> = goals.iter().map(|goal| (&*goal[2], &*goal[3])).collect();
        assert_eq!(met, [("49.9 M", "no"), ("5.0 M", "yes"), ("48 MB", "no")]);
        assert!(report.tables().contains("uniform draws"));
    }
}
