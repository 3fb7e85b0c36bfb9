//! Descriptions of environments, as workers send them.

use rl_core::{BoxSpace, Discrete, Space, Spaces};
use serde::Deserialize;

/// An environment, described by its worker.
#[derive(Debug, Deserialize)]
pub(crate) struct Description {
    observation: SpaceDescription,
    action: SpaceDescription,
}

/// A space; bounds that are infinite are absent.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum SpaceDescription {
    Discrete {
        n: usize,
    },
    Box {
        low: Vec<Option<f64>>,
        high: Vec<Option<f64>>,
    },
}

impl Description {
    /// The spaces, or the reason why they cannot exist here.
    pub(crate) fn spaces(&self) -> Result<Spaces, String> {
        let named = |role: &str, space: &SpaceDescription| {
            space.space().map_err(|reason| format!("{role}s: {reason}"))
        };
        Ok(Spaces {
            observation: named("observation", &self.observation)?,
            action: named("action", &self.action)?,
        })
    }
}

impl SpaceDescription {
    fn space(&self) -> Result<Space, String> {
        let bounds = |bounds: &[Option<f64>], infinite: f32| {
            let bound = |bound: &Option<f64>| bound.map_or(infinite, |bound| bound as f32);
            bounds.iter().map(bound).collect::<Vec<_>>()
        };
        match self {
            Self::Discrete { n } => Discrete::new(*n).map(Space::Discrete),
            Self::Box { low, high } => {
                let (low, high) = (bounds(low, f32::NEG_INFINITY), bounds(high, f32::INFINITY));
                BoxSpace::new(low, high).map(Space::Box)
            }
        }
        .map_err(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaces(text: &str) -> Result<Spaces, String> {
        serde_json::from_str::<Description>(text).unwrap().spaces()
    }

    #[test]
    fn absent_bounds_are_infinite() {
        let text = r#"{"observation": {"kind": "box", "low": [null, -1.5], "high": [2.5, null]},
            "action": {"kind": "discrete", "n": 3}, "gymnasium": "1.4.0"}"#;
        let expected = Spaces {
            observation: Space::within([(f32::NEG_INFINITY, 2.5), (-1.5, f32::INFINITY)]),
            action: Space::discrete(3),
        };
        assert_eq!(spaces(text), Ok(expected));
    }

    #[test]
    fn a_space_that_cannot_exist_is_named() {
        let text = r#"{"observation": {"kind": "discrete", "n": 0}, "action": {"kind": "discrete", "n": 3}}"#;
        let message = spaces(text).unwrap_err();
        assert!(
            message.contains("observations: a discrete space has"),
            "{message}"
        );
    }
}
