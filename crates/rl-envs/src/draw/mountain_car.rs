//! Pictures of MountainCar and MountainCarContinuous: the car on its track, the flag at the goal.

use super::canvas::{BLACK, Canvas, Colour, WHITE, placed, rectangle};
use super::{Draw, Frame};
use crate::mountain_car::{self, MAX_POSITION, MIN_POSITION};
use crate::{MountainCar, MountainCarContinuous, mountain_car_continuous};

const SIZE: [u16; 2] = [600, 400];
/// Pixels per unit of position.
const SCALE: f64 = SIZE[0] as f64 / (MAX_POSITION - MIN_POSITION);
const CAR: [f64; 2] = [40.0, 20.0];
const WHEEL_RADIUS: f64 = 8.0;
const WHEEL: Colour = [128, 128, 128];

impl Draw for MountainCar {
    fn steps_per_second(&self) -> f64 {
        30.0
    }

    fn draw(&self) -> Frame {
        let position = self.state().map(|[position, _]| position);
        draw_car(position, mountain_car::GOAL_POSITION)
    }
}

impl Draw for MountainCarContinuous {
    fn steps_per_second(&self) -> f64 {
        30.0
    }

    fn draw(&self) -> Frame {
        let position = self.state().map(|[position, _]| position);
        draw_car(position, mountain_car_continuous::GOAL_POSITION)
    }
}

/// Where the track is, in pixels.
fn track(position: f64) -> [f64; 2] {
    let height = (3.0 * position).sin() * 0.45 + 0.55;
    [(position - MIN_POSITION) * SCALE, height * SCALE]
}

fn draw_car(position: Option<f64>, goal: f64) -> Frame {
    let [width, height] = SIZE;
    let mut canvas = Canvas::new(width, height, WHITE);
    let spacing = (MAX_POSITION - MIN_POSITION) / 100.0;
    let points: [[f64; 2]; 101] = std::array::from_fn(|i| track(MIN_POSITION + i as f64 * spacing));
    canvas.line(&points, 1.5, BLACK);
    canvas.flag(track(goal), BLACK);
    if let Some(position) = position {
        let slope = (3.0 * 0.45 * (3.0 * position).cos()).atan();
        let [half, top] = [CAR[0] / 2.0, CAR[1] + WHEEL_RADIUS];
        let body = rectangle([-half, WHEEL_RADIUS], [half, top]);
        canvas.polygon(&placed(body, track(position), slope), BLACK);
        let wheels = [-half / 2.0, half / 2.0].map(|x| [x, WHEEL_RADIUS]);
        for wheel in placed(wheels, track(position), slope) {
            canvas.circle(wheel, WHEEL_RADIUS, WHEEL);
        }
    }
    canvas.finish()
}
