//! Pictures of MountainCar and MountainCarContinuous: the car on its track, the flag at the goal.

use super::scene::{BLACK, Colour, WHITE, placed, rectangle};
use super::{Draw, Scene};
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

    fn picture(&self) -> Scene {
        let position = self.state().map(|[position, _]| position);
        draw_car(position, mountain_car::GOAL_POSITION)
    }
}

impl Draw for MountainCarContinuous {
    fn steps_per_second(&self) -> f64 {
        30.0
    }

    fn picture(&self) -> Scene {
        let position = self.state().map(|[position, _]| position);
        draw_car(position, mountain_car_continuous::GOAL_POSITION)
    }
}

/// The point of the track at a position, in pixels.
fn track(position: f64) -> [f64; 2] {
    let height = (3.0 * position).sin() * 0.45 + 0.55;
    [(position - MIN_POSITION) * SCALE, height * SCALE]
}

fn draw_car(position: Option<f64>, goal: f64) -> Scene {
    let mut scene = Scene::sized(SIZE, WHITE);
    let spacing = (MAX_POSITION - MIN_POSITION) / 100.0;
    let points: [[f64; 2]; 101] = std::array::from_fn(|i| track(MIN_POSITION + i as f64 * spacing));
    scene.line(&points, 1.5, BLACK);
    scene.flag(track(goal), BLACK);
    if let Some(position) = position {
        let slope = (3.0 * 0.45 * (3.0 * position).cos()).atan();
        let [half, top] = [CAR[0] / 2.0, CAR[1] + WHEEL_RADIUS];
        let body = rectangle([-half, WHEEL_RADIUS], [half, top]);
        scene.polygon(&placed(body, track(position), slope), BLACK);
        let wheels = [-half / 2.0, half / 2.0].map(|x| [x, WHEEL_RADIUS]);
        for wheel in placed(wheels, track(position), slope) {
            scene.circle(wheel, WHEEL_RADIUS, WHEEL);
        }
    }
    scene
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::super::scene::FLAG;
    use super::*;

    fn drawn(position: f64) -> Frame {
        let mut environment = MountainCar::new();
        environment.reset_to([position, 0.0]);
        environment.draw()
    }

    #[test]
    fn the_flag_stands_at_the_goal() {
        let pole = |frame: Frame| frame.find(FLAG)[0][0];
        // A unit of position is 333 pixels, and the left end is -1.2.
        let discrete = pole(MountainCar::new().draw());
        let continuous = pole(MountainCarContinuous::new().draw());
        assert!((discrete - 1.7 * 600.0 / 1.8).abs() < 2.0, "{discrete}");
        assert!(
            (continuous - 1.65 * 600.0 / 1.8).abs() < 2.0,
            "{continuous}"
        );
    }

    #[test]
    fn the_wheels_stand_on_the_track() {
        for position in [-1.1, -0.52, 0.0, 0.4] {
            let [middle, _] = track(position);
            let mut wheels = drawn(position).find(WHEEL);
            wheels.retain(|[x, _]| (x - middle).abs() < CAR[0]);
            assert!(wheels.len() > 300, "{position}: {}", wheels.len());
            for &[x, y] in &wheels {
                let [_, height] = track(x / SCALE + MIN_POSITION);
                assert!(y > height - 2.0, "{position}: {y} {height}");
            }
            let mean = wheels.iter().map(|[x, _]| x).sum::<f64>() / wheels.len() as f64;
            assert!((mean - middle).abs() < WHEEL_RADIUS, "{position}: {mean}");
        }
    }
}
