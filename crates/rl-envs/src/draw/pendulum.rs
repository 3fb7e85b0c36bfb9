//! Picture of Pendulum: the rod, and an arrow for the torque of the last step.

use std::f64::consts::PI;

use super::scene::{BLACK, Colour, WHITE, placed, rectangle};
use super::{Draw, Scene};
use crate::Pendulum;
use crate::pendulum::{LENGTH, MAX_TORQUE};

const SIZE: u16 = 500;
const CENTER: [f64; 2] = [SIZE as f64 / 2.0; 2];
/// Pixels per metre: 2.2 m to each side.
const SCALE: f64 = SIZE as f64 / 4.4;
const HALF_WIDTH: f64 = 0.1 * SCALE;
const ROD: Colour = [204, 77, 77];
/// Radius of the arrow for the greatest torque, in pixels.
const ARROW_RADIUS: f64 = 0.46 * SCALE;
/// Corners of the head of that arrow, pointing upwards, in pixels from its middle.
const ARROW_HEAD: [[f64; 2]; 4] = [[0.0, 15.0], [-6.5, -5.0], [0.0, -1.0], [6.5, -5.0]];

impl Draw for Pendulum {
    fn steps_per_second(&self) -> f64 {
        30.0
    }

    fn picture(&self) -> Scene {
        let mut scene = Scene::sized([SIZE, SIZE], WHITE);
        if let Some([angle, _]) = self.state() {
            let length = LENGTH * SCALE;
            let rod = rectangle([-HALF_WIDTH, 0.0], [HALF_WIDTH, length]);
            scene.polygon(&placed(rod, CENTER, angle), ROD);
            for end in placed([[0.0, 0.0], [0.0, length]], CENTER, angle) {
                scene.circle(end, HALF_WIDTH, ROD);
            }
        }
        let torque = self.last_action().unwrap_or(0.0);
        draw_arrow(
            &mut scene,
            torque.clamp(-MAX_TORQUE, MAX_TORQUE) / MAX_TORQUE,
        );
        scene.circle(CENTER, 0.05 * SCALE, BLACK);
        scene
    }
}

/// Draws an arrow along three quarters of a circle about the axle, anticlockwise from the top for a
/// positive torque. Its size is the share `share` of that for the greatest torque.
fn draw_arrow(scene: &mut Scene, share: f64) {
    let (size, radius) = (share.abs(), ARROW_RADIUS * share.abs());
    if size < 0.05 {
        return;
    }
    let mirrored = |[x, y]: [f64; 2]| [CENTER[0] + x * share.signum(), CENTER[1] + y];
    let arc: [[f64; 2]; 61] = std::array::from_fn(|i| {
        let (sin, cos) = (PI / 2.0 + 1.5 * PI * i as f64 / 60.0).sin_cos();
        mirrored([radius * cos, radius * sin])
    });
    scene.line(&arc, 1.0 + 2.0 * size, BLACK);
    let head = ARROW_HEAD.map(|[x, y]| mirrored([radius + x * size, y * size]));
    scene.polygon(&head, BLACK);
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Stream};

    use super::super::Frame;
    use super::*;

    fn drawn(angle: f64, torque: Option<f32>) -> Frame {
        let mut environment = Pendulum::new();
        environment.reset_to([angle, 0.0]);
        if let Some(torque) = torque {
            let mut rng = Stream::from_seed(0);
            environment.step(&[torque], &mut rng).unwrap();
        }
        environment.draw()
    }

    #[test]
    fn the_rod_points_up_at_zero_and_turns_anticlockwise() {
        for (angle, tip) in [
            (0.0, [250.0, 360.0]),
            (PI / 2.0, [140.0, 250.0]),
            (PI, [250.0, 140.0]),
            (-PI / 2.0, [360.0, 250.0]),
        ] {
            let frame = drawn(angle, None);
            assert_eq!(frame.at(tip), ROD, "{angle}");
            let opposite = tip.map(|x| 500.0 - x);
            assert_eq!(frame.at(opposite), WHITE, "{angle}");
        }
    }

    #[test]
    fn the_arrow_grows_with_the_torque_and_points_its_way() {
        let black = |torque| drawn(0.0, torque).find(BLACK);
        let axle = black(None).len();
        assert_eq!(black(Some(0.0)).len(), axle);
        assert!(black(Some(1.0)).len() > axle + 100);
        assert!(black(Some(2.0)).len() > black(Some(1.0)).len() + 100);
        assert_eq!(black(Some(9.0)), black(Some(2.0)), "torques are clipped");

        // The quarter without a line is in front of the head.
        let beyond = |torque, side: f64| {
            let quarter = black(torque).into_iter();
            let quarter = quarter.filter(|[x, y]| (x - 250.0) * side > 20.0 && *y > 270.0);
            quarter.count()
        };
        assert_eq!((beyond(Some(2.0), 1.0), beyond(Some(-2.0), -1.0)), (0, 0));
        assert!(beyond(Some(2.0), -1.0) > 50 && beyond(Some(-2.0), 1.0) > 50);
    }
}
