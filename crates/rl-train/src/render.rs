//! Showing a policy at play.

use std::path::{Path, PathBuf};

use rl_core::{EnvironmentError, Episode, Policy, Purpose, Stream};
use rl_envs::draw::{Animation, DrawError, Drawable, Frame, PngSequence};

use crate::{EvaluateError, Player, UsageError};

/// How long an animation stands still at the end of an episode, in seconds.
const PAUSE: f64 = 1.0;

/// What is made of the frames, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Picture {
    /// An animated GIF file.
    Gif(PathBuf),
    /// The last frame as a PNG file.
    Png(PathBuf),
    /// A new or empty directory, with a numbered PNG file per frame.
    Directory(PathBuf),
}

impl Picture {
    /// What a path stands for: `.gif`, `.png`, or a directory where there is no extension.
    ///
    /// # Errors
    /// [`UsageError`] for any other extension.
    pub fn at(path: &Path) -> Result<Self, UsageError> {
        let owned = path.to_owned();
        let extension = path
            .extension()
            .map(|extension| extension.to_string_lossy());
        match extension
            .map(|extension| extension.to_ascii_lowercase())
            .as_deref()
        {
            Some("gif") => Ok(Self::Gif(owned)),
            Some("png") => Ok(Self::Png(owned)),
            None => Ok(Self::Directory(owned)),
            Some(other) => Err(UsageError(format!(
                "unknown extension '.{other}' (from --out {}). Allowed: .gif, .png, or none for a \
                 directory of PNG files",
                path.display()
            ))),
        }
    }

    /// The file or directory.
    pub fn path(&self) -> &Path {
        match self {
            Self::Gif(path) | Self::Png(path) | Self::Directory(path) => path,
        }
    }
}

/// Why a policy could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// The policy does not fit its environment.
    #[error(transparent)]
    Policy(#[from] EvaluateError),
    /// The environment refused an action.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// The pictures could not be kept.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

impl RenderError {
    /// Whether the call was wrong, rather than what came of it.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Draw(DrawError::NotEmpty(_)))
    }
}

/// Plays `episodes` episodes, at least one, and keeps their pictures: of each episode the first
/// state and that after every step.
///
/// Episode `k` is the one that [`evaluate`](crate::evaluate) plays from `seed + k`.
///
/// # Errors
/// [`RenderError`].
pub fn render(
    player: &Player,
    episodes: usize,
    seed: u64,
    picture: &Picture,
) -> Result<Vec<Episode>, RenderError> {
    let (id, mut policy) = player.cast()?;
    let mut environment = id.make_drawable();
    let mut film = Film::begin(picture, environment.steps_per_second())?;
    let played = (seed..)
        .take(episodes)
        .map(|seed| play(&mut *environment, &mut *policy, seed, &mut film))
        .collect::<Result<_, _>>()?;
    film.finish(picture.path())?;
    Ok(played)
}

fn play(
    environment: &mut dyn Drawable,
    policy: &mut dyn Policy,
    seed: u64,
    film: &mut Film,
) -> Result<Episode, RenderError> {
    let mut rng = Stream::from_seed(seed);
    let mut action_rng = [Stream::derive(seed, Purpose::Action, 0)];
    let mut observation = vec![0.0; environment.observation_space().dim()];
    let action_space = environment.action_space();
    let mut action = vec![0.0; action_space.flat_dim()];
    let mut episode = Episode {
        total_reward: 0.0,
        length: 0,
    };
    environment.reset_into(&mut rng, &mut observation);
    film.push(environment.draw())?;
    loop {
        policy.act(&observation, &mut action_rng, &mut action);
        action_space.clip(&mut action);
        let (reward, status) = environment.step_into(&action, &mut rng, &mut observation)?;
        episode.total_reward += reward;
        episode.length += 1;
        film.push(environment.draw())?;
        if status.end().is_some() {
            film.pause();
            return Ok(episode);
        }
    }
}

/// The frames so far.
enum Film {
    Gif(Animation),
    Last(Option<Frame>),
    Sequence(PngSequence),
}

impl Film {
    fn begin(picture: &Picture, steps_per_second: f64) -> Result<Self, DrawError> {
        Ok(match picture {
            Picture::Gif(_) => Self::Gif(Animation::new(steps_per_second)),
            Picture::Png(_) => Self::Last(None),
            Picture::Directory(path) => Self::Sequence(PngSequence::create(path)?),
        })
    }

    fn push(&mut self, frame: Frame) -> Result<(), DrawError> {
        match self {
            Self::Gif(animation) => animation.push(frame),
            Self::Sequence(sequence) => sequence.push(&frame),
            Self::Last(last) => {
                *last = Some(frame);
                Ok(())
            }
        }
    }

    /// Lets the end of an episode be seen.
    fn pause(&mut self) {
        if let Self::Gif(animation) = self {
            animation.hold(PAUSE);
        }
    }

    fn finish(self, path: &Path) -> Result<(), DrawError> {
        match self {
            Self::Gif(animation) => animation.write_gif(path),
            Self::Last(last) => last.ok_or(DrawError::NoFrames)?.write_png(path),
            Self::Sequence(_) => Ok(()),
        }
    }
}
