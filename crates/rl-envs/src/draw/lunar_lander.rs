//! Pictures of LunarLander: the craft, the flames of its engines, the flags of the landing pad.

use super::scene::{BLACK, Colour, Point, WHITE, placed, rectangle};
use super::{Draw, Scene};
use crate::lunar_lander::{LunarLanderScene, Pose};
use crate::{LunarLander, LunarLanderContinuous};

const SIZE: [u16; 2] = [600, 400];
/// Pixels per metre.
const SCALE: f64 = 30.0;
/// Metres between two vertices of the terrain.
const CHUNK: f64 = 2.0;
const HULL: Colour = [128, 102, 230];
const EDGE: Colour = [77, 77, 128];
const FLAME: Colour = [255, 112, 32];
const CORE: Colour = [255, 220, 96];
/// Half the width and the length of the flame of the main engine at full power, in pixels.
const MAIN_FLAME: [f64; 2] = [7.0, 42.0];
/// Half the width and the length of the flame of a side engine at full power, in pixels.
const SIDE_FLAME: [f64; 2] = [4.0, 20.0];

impl Draw for LunarLander {
    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn picture(&self) -> Scene {
        draw_craft(self.scene())
    }
}

impl Draw for LunarLanderContinuous {
    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn picture(&self) -> Scene {
        draw_craft(self.scene())
    }
}

/// The points of a body in the picture, given in pixels from the body's origin.
fn body<const N: usize>(points: [Point; N], pose: Pose) -> [Point; N] {
    placed(
        points,
        pose.position.map(|metres| metres * SCALE),
        pose.angle,
    )
}

fn draw_craft(state: Option<LunarLanderScene>) -> Scene {
    let width = SIZE[0];
    let mut scene = Scene::sized(SIZE, BLACK);
    let Some(state) = state else {
        return scene;
    };
    // Flames end where they meet the ground.
    draw_flames(&mut scene, &state);
    let mut ground = vec![[0.0, 0.0]];
    let vertex = |(i, height): (usize, &f64)| [CHUNK * i as f64 * SCALE, height * SCALE];
    ground.extend(state.terrain.iter().enumerate().map(vertex));
    ground.push([width.into(), 0.0]);
    scene.polygon(&ground, WHITE);

    let [x, y] = LunarLanderScene::LEG_HALF_EXTENTS.map(|metres| metres * SCALE);
    for leg in state.legs {
        draw_part(&mut scene, &body(rectangle([-x, -y], [x, y]), leg));
    }
    let outline = LunarLanderScene::LANDER_OUTLINE.map(|point| point.map(|metres| metres * SCALE));
    draw_part(&mut scene, &body(outline, state.lander));

    for x in LunarLanderScene::PAD {
        let foot = state.terrain[(x / CHUNK) as usize];
        scene.flag([x, foot].map(|metres| metres * SCALE), WHITE);
    }
    scene
}

fn draw_part(scene: &mut Scene, corners: &[Point]) {
    scene.polygon(corners, HULL);
    let mut outline = corners.to_vec();
    outline.extend(corners.first());
    scene.line(&outline, 1.5, EDGE);
}

fn draw_flames(scene: &mut Scene, state: &LunarLanderScene) {
    let mut flame = |nozzle: Point, turned: f64, size: [f64; 2], power: f64| {
        for (share, colour) in [(1.0, FLAME), (0.55, CORE)] {
            let [half, length] = [size[0] * share, size[1] * share * power];
            let shape = [[-half, 0.0], [half, 0.0], [0.6 * half, -0.5 * length]];
            let tip = [[0.0, -length], [-0.6 * half, -0.5 * length]];
            let [a, b, c] = placed(shape, nozzle, turned);
            let [d, e] = placed(tip, nozzle, turned);
            scene.polygon(&body([a, b, c, d, e], state.lander), colour);
        }
    };
    if state.main_power > 0.0 {
        flame([0.0, -10.0], 0.0, MAIN_FLAME, state.main_power);
    }
    // A side engine pushes away from the side that it is on, and its flame points to that side.
    let side = -state.side_power.signum();
    if state.side_power != 0.0 {
        let outwards = side * std::f64::consts::FRAC_PI_2;
        flame(
            [side * 14.5, 12.0],
            outwards,
            SIDE_FLAME,
            state.side_power.abs(),
        );
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::*;
    use crate::lunar_lander::LunarLanderState;

    /// The picture after a step in the middle of the sky; the lander is at x = 300.
    fn after(action: usize) -> Frame {
        let mut environment = LunarLander::default();
        let state = LunarLanderState {
            position: [10.0, 8.0],
            angle: 0.0,
            velocity: [0.0; 2],
            angular_velocity: 0.0,
            openings: [0.35; 2],
            opening_rates: [0.0; 2],
            leg_contacts: [false; 2],
        };
        environment.reset_to(&state, [3.3; 11]);
        environment.step_with_dispersion(action, [0.0; 2]).unwrap();
        environment.draw()
    }

    #[test]
    fn flames_appear_with_the_power_of_an_engine_and_opposite_to_its_push() {
        assert_eq!(after(0).find(FLAME), [[0.0; 2]; 0]);
        let main = after(2).find(FLAME);
        assert!(
            main.len() > 100 && main.iter().all(|[_, y]| *y < 8.0 * SCALE),
            "{main:?}"
        );
        let (left, right) = (after(3).find(FLAME), after(1).find(FLAME));
        assert!(
            left.len() > 20 && left.iter().all(|[x, _]| *x < 300.0),
            "{left:?}"
        );
        assert!(
            right.len() > 20 && right.iter().all(|[x, _]| *x > 300.0),
            "{right:?}"
        );
    }

    #[test]
    fn a_flame_grows_with_the_power() {
        let length = |main: f32| {
            let mut environment = LunarLanderContinuous::default();
            rl_core::Environment::reset(&mut environment, &mut rl_core::Stream::from_seed(0))
                .unwrap();
            for _ in 0..20 {
                let action = [main, 0.0];
                environment.step_with_dispersion(action, [0.0; 2]).unwrap();
            }
            environment.draw().find(FLAME).len()
        };
        assert!(length(1.0) > length(0.1) + 30 && length(0.1) > 30);
    }

    #[test]
    fn the_craft_stands_over_white_ground_between_two_flags() {
        let frame = after(0);
        assert_eq!(frame.at([300.0, 8.0 * SCALE]), HULL);
        assert_eq!(
            (frame.at([5.0, 90.0]), frame.at([5.0, 110.0])),
            (WHITE, BLACK)
        );
        for pole in LunarLanderScene::PAD {
            let [x, foot] = [pole * SCALE, 3.3 * SCALE];
            assert_eq!(frame.at([x + 5.0, foot + 45.0]), super::super::scene::FLAG);
        }
    }
}
