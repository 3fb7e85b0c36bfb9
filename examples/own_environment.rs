//! An environment of one's own, checked, and an agent that learns it: a corridor with its exit on the right.
use rl_core::{Agent, Collector, Environment, Purpose, Stream};
use rl_core::{BoxSpace, Discrete, EnvironmentError, Space, Status, Step};
use rl_envs::{ConformanceConfig, TimeLimit, check_environment};
use rl_nets::{Device, PolicyConfig};
use rl_pg::VpgConfig;

/// Cells `0..LENGTH` and the exit after the last; every step costs 1, so the shortest way is best.
#[derive(Clone, Default)]
struct Corridor {
    /// The cell, `LENGTH` once outside; `None` before the first episode.
    cell: Option<usize>,
}

const LENGTH: usize = 10;

impl Environment for Corridor {
    type Observation = [f32; 1];
    type Action = usize;

    #[expect(clippy::expect_used, reason = "constant bounds")]
    fn observation_space(&self) -> BoxSpace {
        BoxSpace::new(vec![0.0], vec![LENGTH as f32]).expect("low is below high")
    }

    #[expect(clippy::expect_used, reason = "constant size")]
    fn action_space(&self) -> Space {
        Space::Discrete(Discrete::new(2).expect("left and right"))
    }

    fn reset(&mut self, rng: &mut Stream) -> [f32; 1] {
        let cell = rng.below(LENGTH / 2);
        self.cell = Some(cell);
        [cell as f32]
    }

    fn step(&mut self, action: &usize, _: &mut Stream) -> Result<Step<[f32; 1]>, EnvironmentError> {
        let cell = match (self.cell, action) {
            (None, _) => return Err(EnvironmentError::NotReset),
            (Some(LENGTH), _) => return Err(EnvironmentError::EpisodeOver),
            (Some(cell), 0) => cell.saturating_sub(1),
            (Some(cell), 1) => cell + 1,
            _ => return Err(EnvironmentError::outside(action, &self.action_space())),
        };
        self.cell = Some(cell);
        Ok(Step {
            observation: [cell as f32],
            reward: -1.0,
            status: if cell == LENGTH {
                Status::Terminated
            } else {
                Status::Running
            },
        })
    }
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let environment = TimeLimit::new(Corridor::default(), 100);
    check_environment(|| environment.clone(), &ConformanceConfig::default())?;
    let weights = PolicyConfig::new(1, &environment.action_space()).draw(&mut Stream::derive(
        0,
        Purpose::Initialization,
        0,
    ));
    let config = VpgConfig {
        normalize_advantages: true,
        ..VpgConfig::default()
    };
    let mut agent = config.init(weights, &Device::flex())?;
    let mut collector = Collector::new(vec![environment; 4], 0)?;
    for update in 1..=40 {
        let batch = collector.collect(&agent.policy(), 1000)?;
        agent.update(&batch.trajectories)?;
        let steps = batch.trajectories.steps() as f64 / batch.episodes.len() as f64;
        println!("update {update:>2}: {steps:.1} steps to the exit");
    }
    Ok(())
}
