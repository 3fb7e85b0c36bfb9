//! Pictures: the bodies of a model from the side, or from above.

use mujoco_rs::prelude::MjtGeomBase;
use rl_envs::draw::{Colour, Draw, Point, Scene};

use crate::environment::{CANVAS, MujocoEnvironment};
use crate::model::Simulation;
use crate::rules::{Rules, View};

/// Colours of the ground's tiles, each a metre wide.
const TILES: [Colour; 2] = [[205, 214, 222], [170, 182, 194]];
const EDGE: Colour = [90, 98, 106];
/// Axis that points upwards.
const UP: usize = 2;
/// Index of the body that everything stands in.
const WORLD: i32 = 0;

impl<R: Rules<O, A>, const O: usize, const A: usize> Draw for MujocoEnvironment<R, O, A> {
    fn steps_per_second(&self) -> f64 {
        (1.0 / self.duration()).round()
    }

    fn picture(&self) -> Scene {
        let mut scene = self.canvas();
        let simulation = self.simulation();
        let camera = Camera::new(R::VIEW, simulation, self.has_begun());
        if R::VIEW.follows.is_some() {
            camera.ground(&mut scene);
        }
        if self.has_begun() {
            camera.geoms(&mut scene, simulation);
        }
        scene
    }
}

/// The part of the world that a picture shows.
struct Camera {
    axes: [usize; 2],
    /// The lower left corner, in metres.
    corner: Point,
    /// Pixels to a metre.
    scale: f64,
}

impl Camera {
    fn new(view: View, simulation: &Simulation, follows: bool) -> Self {
        let scale = f64::from(CANVAS[0]) / view.width;
        let body = view.follows.filter(|_| follows);
        let place = body.and_then(|body| simulation.xpos().get(body));
        // From the side, the ground stays where it is.
        let shift = place.map_or([0.0; 2], |place| {
            view.axes
                .map(|axis| if axis == UP { 0.0 } else { place[axis] })
        });
        Self {
            axes: view.axes,
            corner: [
                view.centre[0] + shift[0] - view.width / 2.0,
                view.centre[1] + shift[1] - f64::from(CANVAS[1]) / scale / 2.0,
            ],
            scale,
        }
    }

    /// The pixel of a point on the two axes.
    fn pixel(&self, point: Point) -> Point {
        [0, 1].map(|axis| (point[axis] - self.corner[axis]) * self.scale)
    }

    /// The pixel of a point in the world, moved by `along` times `direction`.
    fn moved(&self, point: &[f64; 3], direction: &[f64; 3], along: f64) -> Point {
        self.pixel(self.axes.map(|axis| point[axis] + direction[axis] * along))
    }

    /// Adds tiles below height 0, or everywhere when seen from above, so that progress can be seen.
    fn ground(&self, scene: &mut Scene) {
        let [width, height] = CANVAS.map(f64::from);
        let top = match self.axes[1] {
            UP => self.pixel([0.0; 2])[1],
            _ => height,
        };
        let first = self.corner[0].floor();
        let tiles = (width / self.scale).ceil();
        // Positions that are no numbers, or so large that tiles are, have no ground.
        if !(first.abs() < 1e9 && tiles < 1e3) {
            return;
        }
        for tile in 0..=tiles as i64 {
            let number = first as i64 + tile;
            let [left, _] = self.pixel([number as f64, 0.0]);
            let right = left + self.scale;
            let corners = [[left, 0.0], [left, top], [right, top], [right, 0.0]];
            scene.polygon(&corners, TILES[number.rem_euclid(2) as usize]);
        }
        scene.line(&[[0.0, top], [width, top]], 1.5, EDGE);
    }

    /// Adds the geoms, those farthest from the eye first.
    fn geoms(&self, scene: &mut Scene, simulation: &Simulation) {
        let model = simulation.model();
        let places = simulation.geom_xpos().iter().zip(simulation.geom_xmat());
        let forms = model.geom_type().iter().zip(model.geom_size());
        let paints = model.geom_rgba().iter().zip(model.geom_bodyid());
        // The eye of a side view looks along y, that of a view from above down z.
        let depth = |place: &[f64; 3]| match self.axes[1] {
            UP => -place[1],
            _ => place[UP],
        };
        let mut geoms: Vec<_> = places.zip(forms).zip(paints).collect();
        geoms.sort_by(|((a, _), _), ((b, _), _)| depth(a.0).total_cmp(&depth(b.0)));
        for (((place, turn), (form, size)), (rgba, body)) in geoms {
            // Axes of the geom in the world.
            let axis = |i: usize| [turn[i], turn[3 + i], turn[6 + i]];
            let colour = paint(rgba, *body);
            let end = |along| self.moved(place, &axis(2), along);
            match form {
                MjtGeomBase::mjGEOM_SPHERE => {
                    scene.circle(end(0.0), size[0] * self.scale, colour);
                }
                MjtGeomBase::mjGEOM_CAPSULE | MjtGeomBase::mjGEOM_CYLINDER => {
                    let points = [end(-size[1]), end(size[1])];
                    scene.line(&points, 2.0 * size[0] * self.scale, colour);
                }
                // The ground is drawn apart; the tasks' models have no other forms.
                _ => {}
            }
        }
    }
}

/// The colour of a geom; what belongs to the world is grey.
fn paint(rgba: &[f32; 4], body: i32) -> Colour {
    if body == WORLD {
        return EDGE;
    }
    let [red, green, blue, _] = *rgba;
    [red, green, blue].map(|share| (share.clamp(0.0, 1.0) * 255.0).round() as u8)
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Stream};

    use super::*;
    use crate::HalfCheetah;

    /// Pixels of the cheetah, which is the only thing in warm colours.
    fn warm(environment: &HalfCheetah) -> Vec<[f64; 2]> {
        let frame = environment.draw();
        let width = usize::from(frame.width());
        let pixels = frame.rgb().chunks_exact(3).enumerate();
        pixels
            .filter(|(_, rgb)| rgb[0] > rgb[2].saturating_add(40))
            .map(|(i, _)| [(i % width) as f64, (i / width) as f64])
            .collect()
    }

    #[test]
    fn the_picture_follows_the_body_over_the_ground() {
        let mut environment = HalfCheetah::new().unwrap();
        assert_eq!(warm(&environment), [[0.0; 2]; 0]);
        let mut at = |x: f64| {
            let mut qpos = [0.0; 9];
            qpos[0] = x;
            environment.reset_to(&qpos, &[0.0; 9]).unwrap();
            (warm(&environment), environment.draw())
        };
        let (here, frame) = at(0.0);
        let (there, moved) = at(2.5);
        assert!(here.len() > 3000, "{} pixels", here.len());
        assert_eq!(here, there);
        assert_ne!(frame, moved, "the ground has moved");
        let (_, far) = at(4.0);
        assert_eq!(frame, far, "every second tile is alike");
    }

    #[test]
    fn a_restored_state_has_the_picture_of_the_state_before_its_last_small_step() {
        let mut environment = HalfCheetah::new().unwrap();
        let mut rng = Stream::from_seed(3);
        environment.reset(&mut rng).unwrap();
        let mut other = HalfCheetah::new().unwrap();
        other
            .restore_state(&environment.save_state().unwrap())
            .unwrap();
        assert_eq!(other.draw(), environment.draw());
    }
}
