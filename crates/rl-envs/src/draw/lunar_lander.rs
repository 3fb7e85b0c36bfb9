//! Pictures of LunarLander: the craft, the flames of its engines, the flags of the landing pad.

use super::canvas::{BLACK, Canvas, Colour, Point, WHITE, placed, rectangle};
use super::{Draw, Frame};
use crate::{LunarLander, LunarLanderContinuous, LunarLanderScene, Pose};

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
/// The same of a side engine.
const SIDE_FLAME: [f64; 2] = [4.0, 20.0];

impl Draw for LunarLander {
    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn draw(&self) -> Frame {
        draw_scene(self.scene())
    }
}

impl Draw for LunarLanderContinuous {
    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn draw(&self) -> Frame {
        draw_scene(self.scene())
    }
}

/// The points of a body given in pixels from its origin.
fn body<const N: usize>(points: [Point; N], pose: Pose) -> [Point; N] {
    placed(
        points,
        pose.position.map(|metres| metres * SCALE),
        pose.angle,
    )
}

fn draw_scene(scene: Option<LunarLanderScene>) -> Frame {
    let [width, height] = SIZE;
    let mut canvas = Canvas::new(width, height, BLACK);
    let Some(scene) = scene else {
        return canvas.finish();
    };
    let mut ground = vec![[0.0, 0.0]];
    let vertex = |(i, height): (usize, &f64)| [CHUNK * i as f64 * SCALE, height * SCALE];
    ground.extend(scene.terrain.iter().enumerate().map(vertex));
    ground.push([width.into(), 0.0]);
    canvas.polygon(&ground, WHITE);

    draw_flames(&mut canvas, &scene);
    let [x, y] = LunarLanderScene::LEG_HALF_EXTENTS.map(|metres| metres * SCALE);
    for leg in scene.legs {
        draw_part(&mut canvas, &body(rectangle([-x, -y], [x, y]), leg));
    }
    let outline = LunarLanderScene::LANDER_OUTLINE.map(|point| point.map(|metres| metres * SCALE));
    draw_part(&mut canvas, &body(outline, scene.lander));

    for x in LunarLanderScene::PAD {
        let foot = scene.terrain[(x / CHUNK) as usize];
        canvas.flag([x, foot].map(|metres| metres * SCALE), WHITE);
    }
    canvas.finish()
}

fn draw_part(canvas: &mut Canvas, corners: &[Point]) {
    canvas.polygon(corners, HULL);
    let mut outline = corners.to_vec();
    outline.extend(corners.first());
    canvas.line(&outline, 1.5, EDGE);
}

fn draw_flames(canvas: &mut Canvas, scene: &LunarLanderScene) {
    let mut flame = |nozzle: Point, turned: f64, size: [f64; 2], power: f64| {
        for (share, colour) in [(1.0, FLAME), (0.55, CORE)] {
            let [half, length] = [size[0] * share, size[1] * share * power];
            let shape = [[-half, 0.0], [half, 0.0], [0.6 * half, -0.5 * length]];
            let tip = [[0.0, -length], [-0.6 * half, -0.5 * length]];
            let [a, b, c] = placed(shape, nozzle, turned);
            let [d, e] = placed(tip, nozzle, turned);
            canvas.polygon(&body([a, b, c, d, e], scene.lander), colour);
        }
    };
    if scene.main_power > 0.0 {
        flame([0.0, -10.0], 0.0, MAIN_FLAME, scene.main_power);
    }
    // A side engine burns on the side away from which it pushes, and its flame points there.
    let side = -scene.side_power.signum();
    if scene.side_power != 0.0 {
        let outwards = side * std::f64::consts::FRAC_PI_2;
        flame(
            [side * 14.5, 12.0],
            outwards,
            SIDE_FLAME,
            scene.side_power.abs(),
        );
    }
}
