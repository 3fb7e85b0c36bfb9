//! An episode, recorded step by step.

use rl_core::{ActionChoice, End, EnvironmentError, EpisodeEvent, Purpose, Stream, play_episode};
use rl_envs::draw::{Colour, Scene};
use rl_nets::PolicyFile;
use rl_train::{Player, Registry};
use serde::Serialize;

use super::ReplayError;
use super::outlook::{Outlook, OutlookKind};
use super::shapes::ShapeTable;

/// Steps of an episode that are kept.
const LONGEST: usize = 1000;

/// Episode of a policy's likeliest actions, with a frame per state: the first state, and that after every step.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RecordedEpisode {
    /// Seed of its reset.
    pub seed: u64,
    /// Sum of its rewards.
    pub total_reward: f64,
    /// Number of its steps.
    pub length: usize,
    /// `terminated`, `truncated`, or `cut` for one whose later steps are left out.
    pub end: &'static str,
    /// Indices of the shapes of each frame.
    pub frames: Vec<Vec<u32>>,
    /// Action taken in each frame but the last: an index, or the numbers of a box, clipped to it.
    pub actions: Vec<Vec<f32>>,
    /// Reward of each of these.
    pub rewards: Vec<f32>,
    /// Meaning of `outlook`.
    pub outlook_kind: OutlookKind,
    /// Numbers of the policy in each frame.
    pub outlook: Vec<Vec<f32>>,
    /// Value of each frame, in the unit that the value function learned; empty for a policy without one.
    pub values: Vec<f32>,
}

/// Size, background and pace of an environment's pictures.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    /// Width and height in pixels.
    pub size: [u16; 2],
    /// Colour behind the shapes.
    pub background: Colour,
    /// Steps that a second shows.
    pub steps_per_second: f64,
}

/// Reason why an episode is over before its end.
enum Stop {
    Cut,
    Environment(EnvironmentError),
}

impl From<EnvironmentError> for Stop {
    fn from(error: EnvironmentError) -> Self {
        Self::Environment(error)
    }
}

/// Plays and records the episode that `evaluate` plays from `seed`.
///
/// # Errors
/// [`ReplayError`].
pub fn record(
    registry: &Registry,
    policy: PolicyFile,
    seed: u64,
    shapes: &mut ShapeTable,
) -> Result<(RecordedEpisode, Stage), ReplayError> {
    let mut outlook = Outlook::new(&policy);
    let space = policy.action_space.clone();
    let player = Player::Trained {
        policy: Box::new(policy),
        choice: ActionChoice::Mode,
    };
    let (entry, mut policy) = player.cast(registry)?;
    let no_picture = || ReplayError::NoPicture(entry.name().to_owned());
    let mut environment = entry.make_drawable().ok_or_else(no_picture)??;
    let empty = environment.picture();
    let stage = Stage {
        size: [empty.width(), empty.height()],
        background: empty.background(),
        steps_per_second: environment.steps_per_second(),
    };
    let mut episode = RecordedEpisode {
        seed,
        total_reward: 0.0,
        length: 0,
        end: "cut",
        frames: Vec::new(),
        actions: Vec::new(),
        rewards: Vec::new(),
        outlook_kind: outlook.kind(),
        outlook: Vec::new(),
        values: Vec::new(),
    };
    let mut rng = Stream::from_seed(seed);
    let mut action_rng = Stream::derive(seed, Purpose::Action, 0);
    let mut frame = |episode: &mut RecordedEpisode, picture: &Scene, observation: &[f32]| {
        episode.frames.push(shapes.add(picture));
        let (numbers, value) = outlook.of(observation);
        episode.values.extend(value.map(short));
        episode
            .outlook
            .push(numbers.into_iter().map(short).collect());
    };
    let played = play_episode(
        &mut *environment,
        &mut *policy,
        &mut rng,
        &mut action_rng,
        |environment, event| match event {
            EpisodeEvent::Reset { observation } => {
                frame(&mut episode, &environment.picture(), observation);
                Ok(())
            }
            EpisodeEvent::Step { .. } if episode.rewards.len() == LONGEST => Err(Stop::Cut),
            EpisodeEvent::Step {
                action,
                reward,
                status,
                observation,
            } => {
                let mut clipped = action.to_vec();
                space.clip(&mut clipped);
                episode
                    .actions
                    .push(clipped.into_iter().map(short).collect());
                episode.rewards.push(short(reward as f32));
                episode.total_reward += reward;
                episode.length += 1;
                episode.end = match status.end() {
                    Some(End::Terminated) => "terminated",
                    Some(End::Truncated) => "truncated",
                    None => "cut",
                };
                frame(&mut episode, &environment.picture(), observation);
                Ok(())
            }
        },
    );
    match played {
        Ok(_) | Err(Stop::Cut) => Ok((episode, stage)),
        Err(Stop::Environment(error)) => Err(error.into()),
    }
}

/// The number to four digits, for fewer letters.
fn short(number: f32) -> f32 {
    format!("{number:.3e}").parse().unwrap_or(number)
}
