//! Head of a policy: from the outputs of its network to a distribution of actions.

mod batch;
#[cfg(feature = "burn")]
mod device;
mod row;

use rl_core::Space;
use serde::{Deserialize, Serialize};

use super::marginal::Interval;
use super::{ActionValueForm, DistributionKind};

/// Head of a policy: a kind of distribution over an action space.
///
/// It turns the outputs of a network, and for some kinds the parameters `ln σ`, into the
/// distribution of the action. Its methods compute on the host, without allocation; only
/// [`distribution`](Self::distribution) computes on a device, for a batch.
///
/// # Shapes
/// `output` is `[outputs]`, `action` is `[action_dim]`; `log_std` is `[action_dim]`, or empty where
/// it is [not a parameter](Self::has_log_std). Names that begin with `d_` are gradients of the same
/// shapes, names that begin with `v_` are directions. A slice of another length is an error of the
/// caller: functions panic or leave numbers out.
///
/// ```
/// use rl_core::{BoxSpace, Space};
/// use rl_nets::DistributionKind;
/// use rl_nets::distribution::Head;
///
/// let space = Space::Box(BoxSpace::symmetric([2.0]));
/// let head = Head::new(DistributionKind::Beta, &space)?;
/// assert_eq!((head.outputs(), head.action_dim()), (2, 1));
/// let mut action = [0.0];
/// head.mode(&[1.0, 1.0], &mut action);
/// assert_eq!(action, [0.0]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "UncheckedHead", into = "UncheckedHead")]
pub struct Head {
    kind: DistributionKind,
    space: Space,
    /// Bounds of each dimension of a box; empty for a discrete space.
    intervals: Vec<Interval>,
    /// Form of the action values of a greedy head.
    form: ActionValueForm,
}

/// Error for a kind of distribution that cannot be over an action space.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[error(
    "the distribution '{kind}' has no actions of {space}; one of {} has",
    names(DistributionKind::ALL.into_iter().filter(|kind| kind.fits(space)))
)]
pub struct HeadError {
    /// Kind of distribution.
    pub kind: DistributionKind,
    /// Action space.
    pub space: Space,
}

/// Names of kinds, separated by commas.
fn names(kinds: impl Iterator<Item = DistributionKind>) -> String {
    let names: Vec<&str> = kinds.map(DistributionKind::name).collect();
    names.join(", ")
}

#[derive(Serialize, Deserialize)]
struct UncheckedHead {
    kind: DistributionKind,
    space: Space,
    #[serde(default)]
    form: ActionValueForm,
}

impl TryFrom<UncheckedHead> for Head {
    type Error = HeadError;
    fn try_from(head: UncheckedHead) -> Result<Self, HeadError> {
        Ok(Self {
            form: head.form,
            ..Self::new(head.kind, &head.space)?
        })
    }
}

impl From<Head> for UncheckedHead {
    fn from(head: Head) -> Self {
        Self {
            kind: head.kind,
            space: head.space,
            form: head.form,
        }
    }
}

impl Head {
    /// The head for distributions of a kind over `space`.
    ///
    /// # Errors
    /// [`HeadError`] unless the kind [fits](DistributionKind::fits) the space.
    pub fn new(kind: DistributionKind, space: &Space) -> Result<Self, HeadError> {
        if kind.fits(space) {
            Ok(Self::fitting(kind, space))
        } else {
            Err(HeadError {
                kind,
                space: space.clone(),
            })
        }
    }

    /// The head of a space's default kind, [`DistributionKind::of`].
    pub fn of(space: &Space) -> Self {
        Self::fitting(DistributionKind::of(space), space)
    }

    fn fitting(kind: DistributionKind, space: &Space) -> Self {
        let intervals = match space {
            Space::Discrete(_) => Vec::new(),
            Space::Box(space) => {
                let bounds = space.low().iter().zip(space.high());
                bounds
                    .map(|(&low, &high)| Interval::new(low, high))
                    .collect()
            }
        };
        Self {
            kind,
            space: space.clone(),
            intervals,
            form: ActionValueForm::Plain,
        }
    }

    /// The greedy head of action values, whose form the outputs have.
    ///
    /// # Errors
    /// [`HeadError`] for a space that is not discrete.
    pub fn action_values(space: &Space, form: ActionValueForm) -> Result<Self, HeadError> {
        Ok(Self {
            form,
            ..Self::new(DistributionKind::Greedy, space)?
        })
    }

    /// Form of the action values of a greedy head; plain for any other.
    pub fn form(&self) -> ActionValueForm {
        self.form
    }

    /// The head with action values in the plain form.
    #[must_use]
    pub fn plain(&self) -> Self {
        Self {
            form: ActionValueForm::Plain,
            ..self.clone()
        }
    }

    /// Kind of distribution of the actions.
    pub fn kind(&self) -> DistributionKind {
        self.kind
    }

    /// Space of the actions.
    pub fn space(&self) -> &Space {
        &self.space
    }

    /// Number of a network's outputs that it needs per observation.
    pub fn outputs(&self) -> usize {
        match (&self.space, self.kind) {
            (Space::Discrete(space), _) => self.form.outputs(space.n()),
            (Space::Box(space), DistributionKind::StateGaussian | DistributionKind::Beta) => {
                2 * space.dim()
            }
            (Space::Box(space), _) => space.dim(),
        }
    }

    /// Numbers per flat action.
    pub fn action_dim(&self) -> usize {
        self.space.flat_dim()
    }

    /// Returns `true` if `ln σ`, `[action_dim]`, is a parameter beside the network.
    #[inline]
    pub fn has_log_std(&self) -> bool {
        matches!(
            self.kind,
            DistributionKind::DiagGaussian | DistributionKind::SquashedGaussian
        )
    }
}
