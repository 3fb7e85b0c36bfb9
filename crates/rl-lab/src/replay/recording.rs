//! Episodes of several policies, side by side.

use rl_core::Space;
use rl_nets::PolicyFile;
use rl_train::Registry;
use serde::Serialize;

use super::ReplayError;
use super::cast::{Cast, Role};
use super::episode::{RecordedEpisode, Stage, record};
use super::shapes::{ShapeTable, css};

/// Episodes of policies of one run, all from the same seed, with the shapes that draw them.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    /// Width and height of the picture, in pixels.
    size: [u16; 2],
    /// Colour behind the shapes.
    background: String,
    /// Steps that a second shows.
    steps_per_second: f64,
    /// Colours of the shapes.
    colours: Vec<String>,
    /// The shapes, as [`ShapeTable`] has them.
    shapes: Vec<Vec<i32>>,
    /// The actions that there are.
    actions: Actions,
    /// The episodes.
    players: Vec<Played>,
}

/// Actions of an environment.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Actions {
    /// Their number.
    Discrete(usize),
    /// The bounds of each number of an action; none where it is not finite.
    Box(Vec<[Option<f32>; 2]>),
}

#[derive(Clone, Debug, PartialEq, Serialize)]
struct Played {
    role: Role,
    update: Option<u64>,
    #[serde(flatten)]
    episode: RecordedEpisode,
}

impl Replay {
    /// Total rewards of the episodes.
    #[cfg(test)]
    pub fn returns(&self) -> Vec<f64> {
        let players = self.players.iter();
        players.map(|played| played.episode.total_reward).collect()
    }
}

/// Plays an episode of each policy, by its likeliest actions, in the episode that `rl eval --seed` judges it by first.
///
/// # Errors
/// [`ReplayError`].
pub fn replay(casts: &[Cast], seed: u64, registry: &Registry) -> Result<Replay, ReplayError> {
    let mut shapes = ShapeTable::default();
    let mut players = Vec::new();
    let mut of_all: Option<(Stage, Actions)> = None;
    for cast in casts {
        let policy = PolicyFile::load(&cast.path)
            .map_err(|error| ReplayError::Unreadable(error.to_string()))?;
        let actions = actions(&policy.action_space);
        let (episode, stage) = record(registry, policy, seed, &mut shapes)?;
        of_all = Some((stage, actions));
        players.push(Played {
            role: cast.role,
            update: cast.update,
            episode,
        });
    }
    let (stage, actions) = of_all.ok_or(ReplayError::NoPolicy)?;
    Ok(Replay {
        size: stage.size,
        background: css(&stage.background),
        steps_per_second: stage.steps_per_second,
        colours: shapes.colours(),
        shapes: shapes.into_shapes(),
        actions,
        players,
    })
}

fn actions(space: &Space) -> Actions {
    match space {
        Space::Discrete(space) => Actions::Discrete(space.n()),
        Space::Box(space) => {
            let finite = |x: f32| x.is_finite().then_some(x);
            let bounds = space.low().iter().zip(space.high());
            Actions::Box(
                bounds
                    .map(|(&low, &high)| [finite(low), finite(high)])
                    .collect(),
            )
        }
    }
}

#[cfg(test)]
mod tests {
    use rl_core::ActionChoice;
    use rl_train::{EvaluationConfig, Layers, Origin, evaluate};

    use super::*;

    #[test]
    fn every_environment_that_draws_itself_is_replayed_as_it_is_evaluated() {
        let place = tempfile::tempdir().unwrap();
        let registry = Registry::default();
        let drawn = registry.environments().iter();
        let drawn = drawn.filter(|entry| entry.make_drawable().is_some());
        for entry in drawn {
            let name = entry.name();
            let mut layers = Layers::new(&registry);
            let mut algos = registry.algorithms().iter().rev();
            let run = algos.find_map(|algo| {
                for (key, value) in [
                    ("preset", "none"),
                    ("env", name),
                    ("algo", algo.name()),
                    ("updates", "1"),
                ] {
                    layers
                        .set(key, value, &Origin::Flag("test".into()))
                        .unwrap();
                }
                layers.start().ok()
            });
            let (_, run) = run.unwrap();
            let path = place.path().join(name);
            run.policy().save(&path).unwrap();
            let cast = Cast {
                role: Role::Last,
                path,
                update: None,
            };
            let replay = replay(&[cast.clone(), cast], 3, &registry).unwrap();
            let mut policy = run.policy().with_choice(ActionChoice::Mode);
            let one = EvaluationConfig {
                episodes: 1,
                seed: 3,
                ..EvaluationConfig::default()
            };
            let judged = evaluate(&mut policy, entry.source().as_ref(), &one).unwrap();
            assert_eq!(replay.returns(), [judged.return_mean; 2], "{name}");
            let [first, second] = [0, 1].map(|i| &replay.players[i].episode);
            assert_eq!(first, second);
            assert_eq!(first.frames.len(), first.length + 1);
            assert_eq!(first.outlook.len(), first.length + 1);
            assert_eq!(first.actions.len(), first.length);
            let last = first.frames.iter().flatten().max().unwrap();
            assert_eq!(
                *last as usize + 1,
                replay.shapes.len(),
                "{name}: each is used"
            );
            let bytes = serde_json::to_string(&replay).unwrap().len();
            assert!(bytes < 1_500_000, "{name}: {bytes} bytes");
        }
    }
}
