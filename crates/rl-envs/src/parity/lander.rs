//! Replays of LunarLander, whose physics are our own: the flight is held to tolerances, contact
//! with the ground is only reported.

use std::path::Path;

use rl_core::{Environment, EnvironmentError, Flat, Status, Step, Stream};

use super::table::{Row, Table};
use super::{FileReport, ParityError, Quantity, Tolerance};
use crate::lunar_lander::{LunarLanderScene, LunarLanderState};
use crate::{LunarLander, LunarLanderContinuous};

/// Heights of a level terrain at the pad's height, in m, for traces without a terrain.
const PAD: [f64; 11] = [3.3; 11];

/// Height of the craft, in m, above which it touches nothing: terrain is at most 6.6 m high, legs
/// reach 1.2 m.
const ALOFT: f64 = 8.0;

/// Tolerance of a position after 30 steps in the air, in m.
const POSITION: Tolerance = Tolerance::Absolute(0.01);
/// Tolerance of velocities, in m/s and rad/s.
const VELOCITY: Tolerance = Tolerance::Absolute(0.02);
/// Tolerance of angles, in rad.
const ANGLE: Tolerance = Tolerance::Absolute(0.005);

pub(super) fn discrete(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    replay::<LunarLander>(directory)
}

pub(super) fn continuous(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    replay::<LunarLanderContinuous>(directory)
}

fn replay<L: Lander>(directory: &Path) -> Result<Vec<FileReport>, ParityError> {
    let flight = [
        ("freeflight.csv", &["segment", "t"][..]),
        ("freeflight_index.csv", &["segment"]),
    ];
    let mut files = Vec::new();
    if let Some((steps, index)) = Table::read_pair(directory, flight)? {
        files.push(free_flight::<L>(&steps, &index)?);
    }
    for (name, key, report) in [
        ("starts.csv", &["seed"][..], starts::<L> as Report),
        ("transitions.csv", &["id"], transitions::<L>),
        ("heuristic_steps.csv", &["seed", "t"], heuristic_steps::<L>),
    ] {
        if let Some(table) = Table::read_if_there(directory.join(name), key)? {
            files.push(report(&table)?);
        }
    }
    Ok(files)
}

/// Comparison of the rows of a file.
type Report = fn(&Table) -> Result<FileReport, ParityError>;

/// Compares segments of flight from a recorded state, with one action and recorded dispersions of
/// the engines.
fn free_flight<L: Lander>(steps: &Table, index: &Table) -> Result<FileReport, ParityError> {
    let mut position = Quantity::new("position", POSITION);
    let mut velocity = Quantity::new("velocity", VELOCITY);
    let mut angle = Quantity::new("angle", ANGLE);
    let mut turning = Quantity::new("angular velocity", VELOCITY);
    let mut legs = Quantity::new("leg angle", Tolerance::NotJudged);
    let mut reward = Quantity::new("reward", Tolerance::NotJudged);
    let mut flags = Quantity::new("flags", Tolerance::Exact);
    let mut compared = 0;
    for segment in index.rows() {
        let mut lander = L::default();
        lander.start(&recorded_state(segment, [false; 2])?, PAD);
        for row in steps.steps_of(segment, "segment", None)? {
            let step = take_step(&mut lander, segment, row)?;
            let Some((state, scene)) = lander.view() else {
                break;
            };
            position.numbers(row, "", ["x", "y"], state.position)?;
            velocity.numbers(row, "", ["vx", "vy"], state.velocity)?;
            angle.number(row, "angle", state.angle)?;
            turning.number(row, "omega", state.angular_velocity)?;
            let leg_angles = scene.legs.map(|leg| leg.angle);
            legs.numbers(row, "", ["leg0_angle", "leg1_angle"], leg_angles)?;
            reward.number(row, "reward", step.reward)?;
            let ended = step.status != Status::Running;
            let contact = ended || state.leg_contacts != [false; 2];
            flags.flag(row, "contact", contact, row.flag("contact")?);
            compared += 1;
            if ended {
                break;
            }
        }
    }
    let quantities = vec![position, velocity, angle, turning, legs, reward, flags];
    Ok(FileReport::new(steps, compared, quantities))
}

/// Compares seeded resets: the terrain exactly, the craft after Gymnasium's hidden first step
/// within a tolerance.
fn starts<L: Lander>(table: &Table) -> Result<FileReport, ParityError> {
    let mut terrain = Quantity::new("terrain", Tolerance::Scaled(1e-6));
    let mut position = Quantity::new("position", POSITION);
    let mut velocity = Quantity::new("velocity", VELOCITY);
    let mut angle = Quantity::new("angle", ANGLE);
    let mut turning = Quantity::new("angular velocity", VELOCITY);
    // `POSITION` in the observation's unit of 10 m.
    let mut observation = Quantity::new("observation", Tolerance::Absolute(1e-3));
    let mut compared = 0;
    for row in table.rows() {
        let mut lander = L::default();
        let first = lander.reset(&mut Stream::from_seed(row.integer("seed")?))?;
        let Some((state, scene)) = lander.view() else {
            continue;
        };
        for (i, height) in scene.terrain.into_iter().enumerate() {
            terrain.number(row, &format!("terrain_y{i}"), height)?;
        }
        position.numbers(row, "lander_", ["x", "y"], state.position)?;
        velocity.numbers(row, "lander_", ["vx", "vy"], state.velocity)?;
        angle.number(row, "lander_angle", state.angle)?;
        turning.number(row, "lander_omega", state.angular_velocity)?;
        observation.observation(row, "obs", &first)?;
        compared += 1;
    }
    let quantities = vec![terrain, position, velocity, angle, turning, observation];
    Ok(FileReport::new(table, compared, quantities))
}

/// Compares single steps. The traces have no terrain, so that steps near the ground are reported
/// apart.
fn transitions<L: Lander>(table: &Table) -> Result<FileReport, ParityError> {
    let mut aloft = Steps::new(["observation aloft", "reward aloft", "flags aloft"]);
    let mut low = Steps::new(["observation low", "reward low", "flags low"]);
    for row in table.rows() {
        let contacts = [row.flag("contact0")?, row.flag("contact1")?];
        let state = recorded_state(row, contacts)?;
        let steps = if state.position[1] > ALOFT {
            &mut aloft
        } else {
            &mut low
        };
        let mut lander = L::default();
        lander.start(&state, PAD);
        steps.compare(row, &take_step(&mut lander, row, row)?)?;
    }
    let quantities = [aloft.quantities, low.quantities].concat();
    Ok(FileReport::new(table, table.len(), quantities))
}

/// Compares whole episodes of given actions, until one of the two ends; contact makes them diverge.
fn heuristic_steps<L: Lander>(table: &Table) -> Result<FileReport, ParityError> {
    let mut steps = Steps::new(["observation", "reward", "flags"]);
    let mut compared = 0;
    let mut lander = L::default();
    let mut running = false;
    for row in table.rows() {
        if row.integer::<usize>("t")? == 0 {
            lander.reset(&mut Stream::from_seed(row.integer("seed")?))?;
            running = true;
        }
        if running {
            let step = take_step(&mut lander, row, row)?;
            steps.compare(row, &step)?;
            compared += 1;
            running = step.status == Status::Running;
        }
    }
    Ok(FileReport::new(table, compared, steps.quantities.into()))
}

/// Observations, rewards and flags of steps, which are only reported.
struct Steps {
    quantities: [Quantity; 3],
}

impl Steps {
    fn new(names: [&'static str; 3]) -> Self {
        let quantities = names.map(|name| Quantity::new(name, Tolerance::NotJudged));
        Self { quantities }
    }

    fn compare(&mut self, row: Row<'_>, step: &Step<[f32; 8]>) -> Result<(), ParityError> {
        let [observation, reward, flags] = &mut self.quantities;
        observation.observation(row, "obs", &step.observation)?;
        reward.number(row, "reward", step.reward)?;
        flags.status(row, step.status)
    }
}

/// Interface of the environment with discrete and the one with continuous actions.
trait Lander: Environment<Observation = [f32; 8]> + Default {
    /// Names of the columns of an action.
    const ACTION: &[&str];

    fn start(&mut self, state: &LunarLanderState, terrain: [f64; 11]);

    fn play(
        &mut self,
        action: Self::Action,
        dispersion: [f64; 2],
    ) -> Result<Step<[f32; 8]>, EnvironmentError>;

    fn view(&self) -> Option<(LunarLanderState, LunarLanderScene)>;
}

impl Lander for LunarLander {
    const ACTION: &[&str] = &["action"];

    fn start(&mut self, state: &LunarLanderState, terrain: [f64; 11]) {
        self.reset_to(state, terrain);
    }

    fn play(
        &mut self,
        action: usize,
        dispersion: [f64; 2],
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        self.step_with_dispersion(action, dispersion)
    }

    fn view(&self) -> Option<(LunarLanderState, LunarLanderScene)> {
        self.state().zip(self.scene())
    }
}

impl Lander for LunarLanderContinuous {
    const ACTION: &[&str] = &["action_main", "action_lateral"];

    fn start(&mut self, state: &LunarLanderState, terrain: [f64; 11]) {
        self.reset_to(state, terrain);
    }

    fn play(
        &mut self,
        action: [f32; 2],
        dispersion: [f64; 2],
    ) -> Result<Step<[f32; 8]>, EnvironmentError> {
        self.step_with_dispersion(action, dispersion)
    }

    fn view(&self) -> Option<(LunarLanderState, LunarLanderScene)> {
        self.state().zip(self.scene())
    }
}

/// Takes a step by the action in `action`, with the dispersions in `row`.
fn take_step<L: Lander>(
    lander: &mut L,
    action: Row<'_>,
    row: Row<'_>,
) -> Result<Step<[f32; 8]>, ParityError> {
    let dispersion = row.numbers(["disp0", "disp1"], "")?;
    let flat: Vec<f32> = L::ACTION
        .iter()
        .map(|column| action.single(column))
        .collect::<Result<_, _>>()?;
    L::Action::read(&flat)
        .and_then(|action| lander.play(action, dispersion).ok())
        .ok_or_else(|| action.wrong(L::ACTION[0], format!("in {}", lander.action_space())))
}

/// The state of the craft from the recorded motion of its three bodies.
fn recorded_state(row: Row<'_>, leg_contacts: [bool; 2]) -> Result<LunarLanderState, ParityError> {
    let [angle, turning] = row.numbers(["angle", "omega"], "lander_")?;
    let [angle_0, turning_0] = row.numbers(["angle", "omega"], "leg0_")?;
    let [angle_1, turning_1] = row.numbers(["angle", "omega"], "leg1_")?;
    Ok(LunarLanderState {
        position: row.numbers(["x", "y"], "lander_")?,
        angle,
        velocity: row.numbers(["vx", "vy"], "lander_")?,
        angular_velocity: turning,
        openings: [angle_0 - angle, angle - angle_1],
        opening_rates: [turning_0 - turning, turning - turning_1],
        leg_contacts,
    })
}
