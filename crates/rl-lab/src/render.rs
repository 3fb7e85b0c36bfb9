//! Showing a policy at play.

use std::path::{Path, PathBuf};

use rl_core::{
    EnvironmentError, Episode, EpisodeEvent, FlatEnvironment, Policy, Purpose, Stream, play_episode,
};
use rl_envs::draw::{Animation, DrawError, Frame, PngSequence};
use rl_train::error::EvaluateError;
use rl_train::{Player, Registry, UsageError};

/// Seconds that an animation stands still at the end of an episode.
const PAUSE: f64 = 1.0;

/// Kind and place of the pictures.
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
    /// The picture that a path stands for: `.gif`, `.png`, or a directory without an extension.
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

/// Reason why a policy could not be shown.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// A policy that does not fit its environment.
    #[error(transparent)]
    Policy(#[from] EvaluateError),
    /// An environment that refused an action, or failed.
    #[error(transparent)]
    Environment(#[from] EnvironmentError),
    /// An environment that does not draw itself.
    #[error("the environment '{0}' does not draw itself")]
    NoPicture(String),
    /// Pictures that could not be kept.
    #[error(transparent)]
    Draw(#[from] DrawError),
}

impl RenderError {
    /// Returns `true` if the call was wrong, rather than the playing.
    pub fn is_usage(&self) -> bool {
        matches!(self, Self::Draw(DrawError::NotEmpty(_)))
    }
}

/// Plays `episodes` episodes, at least one, and keeps their pictures: of each episode the first
/// state and that after every step.
///
/// Episode `k` is the one that [`evaluate`](rl_train::evaluate) plays from `seed + k`.
///
/// # Errors
/// [`RenderError`].
pub fn render(
    registry: &Registry,
    player: &Player,
    episodes: usize,
    seed: u64,
    picture: &Picture,
) -> Result<Vec<Episode>, RenderError> {
    let (entry, mut policy) = player.cast(registry)?;
    let seeds = (seed..).take(episodes);
    match (entry.make_drawable(), entry.make_filmed()) {
        (Some(made), _) => {
            let mut made = made?;
            let film = Film::begin(picture, made.steps_per_second())?;
            play(
                &mut *made,
                |made| made.draw(),
                &mut *policy,
                seeds,
                film,
                picture,
            )
        }
        (None, Some(made)) => {
            let mut made = made?;
            let film = Film::begin(picture, made.steps_per_second())?;
            play(
                &mut *made,
                |made| made.frame(),
                &mut *policy,
                seeds,
                film,
                picture,
            )
        }
        (None, None) => Err(RenderError::NoPicture(entry.name().to_owned())),
    }
}

/// Plays the episodes of some seeds into a film, which is then finished.
fn play<E: FlatEnvironment + ?Sized>(
    environment: &mut E,
    frame: impl Fn(&E) -> Frame,
    policy: &mut dyn Policy,
    seeds: impl Iterator<Item = u64>,
    mut film: Film,
    picture: &Picture,
) -> Result<Vec<Episode>, RenderError> {
    let mut played = Vec::new();
    for seed in seeds {
        let mut rng = Stream::from_seed(seed);
        let mut action_rng = Stream::derive(seed, Purpose::Action, 0);
        let episode = play_episode(
            environment,
            policy,
            &mut rng,
            &mut action_rng,
            |environment, _: EpisodeEvent<'_>| {
                film.push(frame(environment)).map_err(RenderError::Draw)
            },
        )?;
        film.pause();
        played.push(episode);
    }
    film.finish(picture.path())?;
    Ok(played)
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
