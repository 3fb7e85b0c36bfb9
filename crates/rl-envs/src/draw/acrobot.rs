//! Picture of Acrobot: two links, their joints, and the line that the tip has to reach.

use super::scene::{BLACK, Colour, FLAG, WHITE, placed, rectangle};
use super::{Draw, Scene};
use crate::Acrobot;

const SIZE: u16 = 500;
const CENTER: [f64; 2] = [SIZE as f64 / 2.0; 2];
/// Pixels per metre: 2.2 m to each side.
const SCALE: f64 = SIZE as f64 / 4.4;
const HALF_WIDTH: f64 = 0.1 * SCALE;
const LINK: Colour = [0, 204, 204];

impl Draw for Acrobot {
    fn steps_per_second(&self) -> f64 {
        15.0
    }

    fn picture(&self) -> Scene {
        let mut scene = Scene::sized([SIZE, SIZE], WHITE);
        let goal = (CENTER[1] + SCALE).floor() + 0.5;
        scene.line(&[[0.0, goal], [SIZE.into(), goal]], 1.0, BLACK);
        if let Some([theta1, theta2, ..]) = self.state() {
            let link = rectangle([-HALF_WIDTH, 0.0], [HALF_WIDTH, -SCALE]);
            let [elbow] = placed([[0.0, -SCALE]], CENTER, theta1);
            for (joint, angle) in [(CENTER, theta1), (elbow, theta1 + theta2)] {
                scene.polygon(&placed(link, joint, angle), LINK);
                scene.circle(joint, HALF_WIDTH, FLAG);
            }
        }
        scene
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::super::Frame;
    use super::*;

    fn drawn(theta1: f64, theta2: f64) -> Frame {
        let mut environment = Acrobot::new();
        environment.reset_to([theta1, theta2, 0.0, 0.0]);
        environment.draw()
    }

    #[test]
    fn the_links_hang_at_zero_and_turn_anticlockwise() {
        // Middles of the links; a metre is 113.6 pixels.
        for (angles, first, second) in [
            ([0.0, 0.0], [250.0, 193.0], [250.0, 80.0]),
            ([PI / 2.0, 0.0], [307.0, 250.0], [420.0, 250.0]),
            ([PI / 2.0, PI / 2.0], [307.0, 250.0], [363.6, 307.0]),
            ([PI, -PI / 2.0], [250.0, 307.0], [307.0, 363.6]),
        ] {
            let frame = drawn(angles[0], angles[1]);
            assert_eq!(frame.at(first), LINK, "{angles:?}");
            assert_eq!(frame.at(second), LINK, "{angles:?}");
        }
        assert_eq!(drawn(0.0, 0.0).at([420.0, 250.0]), WHITE);
    }

    #[test]
    fn the_goal_is_a_line_a_link_above_the_bar() {
        let line = Acrobot::new().draw().find(BLACK);
        assert_eq!(line.len(), 500);
        assert!(
            line.iter()
                .all(|[_, y]| (y - (250.0 + 500.0 / 4.4)).abs() < 1.0)
        );
    }
}
