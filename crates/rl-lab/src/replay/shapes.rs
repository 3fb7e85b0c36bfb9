//! Shapes of scenes as numbers, each distinct one once.

use std::collections::HashMap;

use rl_envs::draw::{Colour, Point, Scene, Shape};

/// Units of a pixel in which coordinates are kept.
const UNITS: f64 = 10.0;

/// Shapes by their numbers. A shape is a kind, the index of its colour, and tenths of a pixel from the lower left
/// corner: `0, colour, x, y, …` for a polygon; `1, colour, radius, x, y` for a circle; `2, colour, width, x, y, …` for a line.
#[derive(Clone, Debug, Default)]
pub struct ShapeTable {
    colours: Vec<Colour>,
    shapes: Vec<Vec<i32>>,
    known: HashMap<Vec<i32>, u32>,
}

impl ShapeTable {
    /// The indices of the shapes of a scene, the lowest first.
    pub fn add(&mut self, scene: &Scene) -> Vec<u32> {
        scene
            .shapes()
            .iter()
            .map(|shape| self.index(shape))
            .collect()
    }

    /// Colours, as pages write them.
    pub fn colours(&self) -> Vec<String> {
        self.colours.iter().map(css).collect()
    }

    /// The shapes.
    pub fn into_shapes(self) -> Vec<Vec<i32>> {
        self.shapes
    }

    fn index(&mut self, shape: &Shape) -> u32 {
        let shape = match shape {
            Shape::Polygon { corners, colour } => {
                [vec![0, self.colour(*colour)], units(corners)].concat()
            }
            Shape::Circle {
                centre,
                radius,
                colour,
            } => [
                vec![1, self.colour(*colour), unit(*radius)],
                units(&[*centre]),
            ]
            .concat(),
            Shape::Line {
                points,
                width,
                colour,
            } => [vec![2, self.colour(*colour), unit(*width)], units(points)].concat(),
        };
        if let Some(&index) = self.known.get(&shape) {
            return index;
        }
        let index = self.shapes.len() as u32;
        self.shapes.push(shape.clone());
        self.known.insert(shape, index);
        index
    }

    fn colour(&mut self, colour: Colour) -> i32 {
        let known = self.colours.iter().position(|known| *known == colour);
        let index = known.unwrap_or(self.colours.len());
        if index == self.colours.len() {
            self.colours.push(colour);
        }
        index as i32
    }
}

/// A colour as pages write it.
pub fn css([red, green, blue]: &Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

fn units(points: &[Point]) -> Vec<i32> {
    points.as_flattened().iter().map(|x| unit(*x)).collect()
}

fn unit(pixels: f64) -> i32 {
    (pixels * UNITS).round() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shape_that_stays_is_kept_once() {
        let scene = |x: f64| {
            let mut scene = Scene::new(60, 40, [255; 3]).unwrap();
            scene.line(&[[0.0, 1.5], [60.0, 1.5]], 1.0, [0; 3]);
            scene.circle([x, 20.0], 4.0, [200, 0, 16]);
            scene.polygon(&[[x, 0.0], [x + 1.0, 0.0], [x, 2.04]], [0; 3]);
            scene
        };
        let mut table = ShapeTable::default();
        let frames = [1.0, 2.0, 1.0].map(|x| table.add(&scene(x)));
        assert_eq!(frames, [[0, 1, 2], [0, 3, 4], [0, 1, 2]]);
        assert_eq!(table.colours(), ["#000000", "#c80010"]);
        let shapes = table.into_shapes();
        assert_eq!(shapes[0], [2, 0, 10, 0, 15, 600, 15]);
        assert_eq!(shapes[1], [1, 1, 40, 10, 200]);
        assert_eq!(shapes[4], [0, 0, 20, 0, 30, 0, 20, 20]);
    }
}
