//! Tabular methods against exact values, and against the mistakes that are often made.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::finite_mdp::{
    FiniteMdp, FiniteMdpEnvironment, OneHot, SolverConfig, TabularPolicy, chain, cliff, garnet,
    grid, two_state,
};
use rl_core::{
    ActionChoice, Agent, Budget, Clock, Environment, EnvironmentError, Interact, Metrics, Policy,
    SavedPolicy, Snapshot, Space, State, Status, Step, Stream,
};
use rl_envs::{CliffWalking, FrozenLake, TimeLimit};
use rl_learn::{Algorithm, Setup};
use rl_value::tabular::{
    ExpectedSarsaConfig, QLearningConfig, SarsaConfig, StepSizeConfig, TableConfig, TablePolicy,
    Tabular,
};
use rl_value::{Decay, ExplorationConfig};

/// A finite MDP whose states are seen as their index.
#[derive(Clone)]
struct Indexed(FiniteMdpEnvironment);

impl Environment for Indexed {
    type Observation = usize;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::discrete(self.0.mdp().states())
    }

    fn action_space(&self) -> Space {
        self.0.action_space()
    }

    fn reset(&mut self, rng: &mut Stream) -> Result<usize, EnvironmentError> {
        Ok(OneHot::state(&self.0.reset(rng)?))
    }

    fn step(&mut self, action: &usize, rng: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
        let step = self.0.step(action, rng)?;
        Ok(Step {
            observation: step.observation.state(),
            reward: step.reward,
            status: step.status,
        })
    }
}

fn environment(mdp: &FiniteMdp) -> TimeLimit<Indexed> {
    TimeLimit::new(Indexed(FiniteMdpEnvironment::new(mdp.clone()).unwrap()), 50)
}

/// The agent of a configuration after a number of steps.
fn trained<K>(config: K, setup: Setup) -> Tabular
where
    K: Algorithm<Agent = Tabular, Interaction = rl_core::Steps<TablePolicy>>,
{
    let mut clock = Clock::start(setup.horizon);
    let (mut agent, mut steps) = K::build(&config.validate(setup).unwrap()).unwrap();
    while !clock.has_spent(clock.horizon) {
        let mut metrics = Metrics::default();
        steps.update(&mut agent, &mut clock, &mut metrics).unwrap();
        clock.updates += 1;
    }
    agent
}

/// Finite MDPs, and the steps that random actions need to see all of each often.
fn named() -> Vec<(&'static str, FiniteMdp, u64)> {
    let rng = &mut Stream::from_seed(5);
    const FEW: u64 = 2_000_000;
    vec![
        ("two states", two_state(0.9).unwrap(), FEW),
        ("chain", chain(5, 0.9).unwrap(), FEW),
        ("grid", grid(3, 3, 0.9).unwrap(), FEW),
        // Most random walks end in the cliff before they come to its other side.
        ("cliff", cliff(0.9).unwrap(), 10 * FEW),
        ("garnet", garnet(6, 3, 2, 1, 0.9, rng).unwrap(), FEW),
    ]
}

/// Random actions, and a step size that falls until what chance leaves is within the bounds.
fn random(gamma: f64) -> TableConfig {
    TableConfig {
        gamma,
        exploration: ExplorationConfig {
            epsilon_start: 1.0,
            epsilon_decay: Decay::Constant,
            ..ExplorationConfig::default()
        },
        step_size: StepSizeConfig {
            alpha_start: 1.0,
            alpha_end: 3e-4,
            alpha_decay: Decay::Exponential,
            ..StepSizeConfig::default()
        },
        ..TableConfig::default()
    }
}

fn setup(mdp: &FiniteMdp, steps: u64) -> Setup {
    let environment = environment(mdp);
    Setup {
        environments: 4,
        ..Setup::new(move || environment.clone(), Budget::Steps(steps)).unwrap()
    }
}

/// The largest difference over the states that an episode can be in, relative to the largest exact value.
fn distance(agent: &Tabular, exact: &[f64], mdp: &FiniteMdp) -> f64 {
    let scale = exact
        .iter()
        .fold(1.0_f64, |most, value| most.max(value.abs()));
    let (values, reachable) = (agent.values(), mdp.reachable());
    let differences = values
        .iter()
        .zip(exact)
        .enumerate()
        .filter(|(entry, _)| reachable[entry / mdp.actions()])
        .map(|(_, (&q, exact))| (f64::from(q) - exact).abs());
    differences.fold(0.0, f64::max) / scale
}

#[test]
fn q_learning_converges_to_the_optimal_values_of_every_named_mdp() {
    for (name, mdp, steps) in named() {
        let exact = mdp
            .value_iteration(&SolverConfig::default())
            .unwrap()
            .action_values;
        for double in [false, true] {
            let config = QLearningConfig {
                double,
                table: random(0.9),
            };
            let agent = trained(config, setup(&mdp, steps));
            let found = distance(&agent, &exact, &mdp);
            assert!(found < 0.02, "{name}, double {double}: {found}");
        }
    }
}

#[test]
fn sarsa_and_expected_sarsa_converge_to_the_values_of_the_policy_that_acts() {
    for (name, mdp, steps) in named() {
        let uniform = TabularPolicy::uniform(mdp.states(), mdp.actions()).unwrap();
        let exact = mdp.evaluate(&uniform).unwrap().action_values;
        let table = random(0.9);
        let expected = ExpectedSarsaConfig {
            table: table.clone(),
        };
        let found = distance(&trained(expected, setup(&mdp, steps)), &exact, &mdp);
        assert!(found < 0.02, "{name}, expected: {found}");
        for n_step in [1, 4] {
            let config = SarsaConfig {
                n_step,
                table: table.clone(),
            };
            let found = distance(&trained(config, setup(&mdp, steps)), &exact, &mdp);
            assert!(found < 0.04, "{name}, {n_step} steps: {found}");
        }
    }
}

/// One state, one reward of 1 per step, and an end after every step.
#[derive(Clone)]
struct Ends(Status);

impl Environment for Ends {
    type Observation = usize;
    type Action = usize;

    fn observation_space(&self) -> Space {
        Space::discrete(1)
    }

    fn action_space(&self) -> Space {
        Space::discrete(2)
    }

    fn reset(&mut self, _: &mut Stream) -> Result<usize, EnvironmentError> {
        Ok(0)
    }

    fn step(&mut self, _: &usize, _: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
        Ok(Step {
            observation: 0,
            reward: 1.0,
            status: self.0,
        })
    }
}

#[test]
fn a_truncation_is_no_end_and_a_termination_is_one() {
    for (status, worth) in [(Status::Truncated, 2.0), (Status::Terminated, 1.0)] {
        let setup = || {
            let source = move || Ends(status);
            Setup {
                environments: 2,
                ..Setup::new(source, Budget::Steps(20_000)).unwrap()
            }
        };
        let table = TableConfig {
            gamma: 0.5,
            ..random(0.5)
        };
        let agents = [
            trained(
                QLearningConfig {
                    double: false,
                    table: table.clone(),
                },
                setup(),
            ),
            trained(
                QLearningConfig {
                    double: true,
                    table: table.clone(),
                },
                setup(),
            ),
            trained(
                SarsaConfig {
                    n_step: 1,
                    table: table.clone(),
                },
                setup(),
            ),
            trained(
                SarsaConfig {
                    n_step: 5,
                    table: table.clone(),
                },
                setup(),
            ),
            trained(ExpectedSarsaConfig { table }, setup()),
        ];
        for agent in agents {
            for value in agent.values() {
                assert!((value - worth).abs() < 0.01, "{status:?}: {value}");
            }
        }
    }
}

#[test]
fn a_resumed_run_and_an_uninterrupted_one_are_the_same_bits() {
    fn check<K>(config: K)
    where
        K: Algorithm<Agent = Tabular, Interaction = rl_core::Steps<TablePolicy>>,
    {
        let setup = Setup {
            environments: 3,
            ..Setup::new(FrozenLake::v1, Budget::Steps(3000)).unwrap()
        };
        let valid = config.validate(setup).unwrap();
        let mut clock = Clock::start(Budget::Steps(3000));
        let (mut agent, mut steps) = K::build(&valid).unwrap();
        let (mut resumed, mut resumed_steps) = K::build(&valid).unwrap();
        let mut resumed_clock = clock;
        for update in 0..6 {
            steps
                .update(&mut agent, &mut clock, &mut Metrics::default())
                .unwrap();
            if update == 2 {
                resumed.load(&Snapshot::of(&agent)).unwrap();
                let mut snapshot = Snapshot::default();
                Interact::<Tabular>::save(&steps, &mut snapshot);
                let load = Interact::<Tabular>::load(&mut resumed_steps, &snapshot);
                assert!(load.unwrap().is_empty());
                resumed_clock = clock;
            } else if update > 2 {
                let mut metrics = Metrics::default();
                resumed_steps
                    .update(&mut resumed, &mut resumed_clock, &mut metrics)
                    .unwrap();
            }
        }
        assert!(Snapshot::of(&resumed) == Snapshot::of(&agent));
        assert!(agent.values().iter().any(|&value| value != 0.5));
    }
    let table = TableConfig {
        steps_per_environment: 170,
        initial_value: 0.5,
        ..TableConfig::default()
    };
    check(QLearningConfig {
        double: false,
        table: table.clone(),
    });
    check(QLearningConfig {
        double: true,
        table: table.clone(),
    });
    check(SarsaConfig {
        n_step: 4,
        table: table.clone(),
    });
    check(ExpectedSarsaConfig { table });
}

#[test]
fn q_learning_walks_along_the_cliff_and_sarsa_around_it() {
    let walk = |policy: &TablePolicy| {
        let choices = policy.choices();
        let mut cliff = CliffWalking::v1();
        let rng = &mut Stream::from_seed(0);
        let mut state = cliff.reset(rng).unwrap();
        let mut sum = 0.0;
        loop {
            let step = cliff.step(&choices[state], rng).unwrap();
            (state, sum) = (step.observation, sum + step.reward);
            if !step.status.continues() {
                return sum;
            }
        }
    };
    let table = TableConfig {
        gamma: 1.0,
        exploration: ExplorationConfig {
            epsilon_start: 0.1,
            epsilon_decay: Decay::Constant,
            ..ExplorationConfig::default()
        },
        step_size: StepSizeConfig {
            alpha_start: 0.5,
            alpha_decay: Decay::Linear,
            ..StepSizeConfig::default()
        },
        ..TableConfig::default()
    };
    let setup = || Setup {
        environments: 1,
        ..Setup::new(CliffWalking::v1, Budget::Steps(50_000)).unwrap()
    };
    let q = trained(
        QLearningConfig {
            double: false,
            table: table.clone(),
        },
        setup(),
    );
    assert_eq!(walk(&q.policy()), -13.0);
    let sarsa = trained(
        SarsaConfig {
            n_step: 1,
            table: table.clone(),
        },
        setup(),
    );
    let safe = walk(&sarsa.policy());
    assert!((-19.0..=-15.0).contains(&safe), "{safe}");
}

#[test]
fn a_table_is_a_policy_file_that_acts_as_it_does() {
    let setup = Setup {
        environments: 1,
        ..Setup::new(FrozenLake::v1, Budget::Steps(5000)).unwrap()
    };
    let mut policy = trained(QLearningConfig::default(), setup).policy();
    let mut record = policy.record();
    for (key, word) in [("env", "frozen-lake"), ("algo", "q-learning")] {
        record.metadata.push((key.into(), word.into()));
    }
    assert_eq!(record.arrays[0].shape, [16, 4]);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("policy.safetensors");
    rl_nets::save_policy(&path, &record).unwrap();
    let file = rl_nets::PolicyFile::load(&path).unwrap();
    let mut loaded = file.policy(ActionChoice::Mode);
    let states: Vec<f32> = (0..16).map(|state| state as f32).collect();
    let rngs = &mut vec![Stream::from_seed(0); 16];
    let (mut ours, mut theirs) = ([0.0; 16], [0.0; 16]);
    policy.act(&states, rngs, &mut ours);
    loaded.act(&states, rngs, &mut theirs);
    assert_eq!(ours, theirs);
    assert!(ours.iter().any(|&action| action != 0.0));
}
