//! Pictures of CliffWalking: the ground, the cliff, start and goal, and who walks.

use super::fields::{Fields, GROUND, START};
use super::scene::Colour;
use super::{Draw, Scene};
use crate::toy_text::CliffWalking;
use crate::toy_text::cliff_walking::{self, ACTIONS, COLUMNS, GOAL, ROWS, is_cliff};

const CLIFF: Colour = [92, 68, 52];
const EDGE: Colour = [60, 42, 32];

impl Draw for CliffWalking {
    fn steps_per_second(&self) -> f64 {
        4.0
    }

    fn picture(&self) -> Scene {
        let mut fields = cliff();
        if let Some(state) = self.state() {
            let heading = self
                .last_action()
                .and_then(|action| ACTIONS[action].heading());
            fields.agent((state / COLUMNS, state % COLUMNS), heading);
        }
        fields.scene
    }
}

/// The map without anybody on it.
pub(super) fn cliff() -> Fields {
    let mut fields = Fields::filling(ROWS as u16, COLUMNS as u16, 60);
    for state in 0..ROWS * COLUMNS {
        let field = (state / COLUMNS, state % COLUMNS);
        let colour = match state {
            cliff_walking::START => START,
            state if is_cliff(state) => CLIFF,
            _ => GROUND,
        };
        fields.fill(field, 1.0, colour);
        if is_cliff(state) {
            fields.fill(field, 0.7, EDGE);
        }
        if state == GOAL {
            fields.flag(field);
        }
    }
    fields.grid(ROWS, COLUMNS);
    fields
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_cliff_is_between_start_and_goal() {
        let picture = CliffWalking::new(false).draw();
        for [x, y] in picture.find(EDGE) {
            assert!(x > 60.0 && x < 660.0 && y < 60.0, "{x} {y}");
        }
        assert_eq!([picture.width(), picture.height()], [720, 240]);
    }
}
