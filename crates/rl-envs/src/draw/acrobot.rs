//! A picture of Acrobot: two links, their joints, and the line that the tip has to reach.

use super::canvas::{BLACK, Canvas, Colour, FLAG, WHITE, placed, rectangle};
use super::{Draw, Frame};
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

    fn draw(&self) -> Frame {
        let mut canvas = Canvas::new(SIZE, SIZE, WHITE);
        let goal = (CENTER[1] + SCALE).floor() + 0.5;
        canvas.line(&[[0.0, goal], [SIZE.into(), goal]], 1.0, BLACK);
        if let Some([theta1, theta2, ..]) = self.state() {
            let link = rectangle([-HALF_WIDTH, 0.0], [HALF_WIDTH, -SCALE]);
            let [elbow] = placed([[0.0, -SCALE]], CENTER, theta1);
            for (joint, angle) in [(CENTER, theta1), (elbow, theta1 + theta2)] {
                canvas.polygon(&placed(link, joint, angle), LINK);
                canvas.circle(joint, HALF_WIDTH, FLAG);
            }
        }
        canvas.finish()
    }
}
