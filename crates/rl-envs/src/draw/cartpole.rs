//! Picture of CartPole: the track is as wide as the picture.

use super::scene::{BLACK, Colour, WHITE, placed, rectangle};
use super::{Draw, Scene};
use crate::CartPole;
use crate::cartpole::{HALF_LENGTH, X_THRESHOLD};

const SIZE: [u16; 2] = [600, 400];
/// Pixels per metre.
const SCALE: f64 = SIZE[0] as f64 / (2.0 * X_THRESHOLD);
/// Height of the track and of the middle of the cart, in pixels.
const TRACK: f64 = 100.0;
const CART: [f64; 2] = [50.0, 30.0];
const POLE_WIDTH: f64 = 10.0;
/// Height of the axle above the middle of the cart, in pixels.
const AXLE: f64 = CART[1] / 4.0;
const WOOD: Colour = [202, 152, 101];
const METAL: Colour = [129, 132, 203];

impl Draw for CartPole {
    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn picture(&self) -> Scene {
        let width = SIZE[0];
        let mut scene = Scene::sized(SIZE, WHITE);
        let rail = TRACK + 0.5;
        scene.line(&[[0.0, rail], [width.into(), rail]], 1.0, BLACK);
        if let Some([x, _, angle, _]) = self.state() {
            let x = f64::from(width) / 2.0 + x * SCALE;
            let [cart_x, cart_y] = CART.map(|side| side / 2.0);
            let cart = rectangle([-cart_x, -cart_y], [cart_x, cart_y]);
            scene.polygon(&placed(cart, [x, TRACK], 0.0), BLACK);

            let (half, axle) = (POLE_WIDTH / 2.0, [x, TRACK + AXLE]);
            let pole = rectangle([-half, -half], [half, 2.0 * HALF_LENGTH * SCALE - half]);
            // Angles of the pole are clockwise.
            scene.polygon(&placed(pole, axle, -angle), WOOD);
            scene.circle(axle, half, METAL);
        }
        scene
    }
}

#[cfg(test)]
mod tests {
    use super::super::Frame;
    use super::*;

    fn drawn(x: f64, angle: f64) -> Frame {
        let mut environment = CartPole::new();
        environment.reset_to([x, 0.0, angle, 0.0]);
        environment.draw()
    }

    #[test]
    fn the_pole_leans_where_its_angle_says() {
        for angle in [-0.2_f64, 0.0, 0.2] {
            let frame = drawn(0.5, angle);
            // A point on the pole, 0.9 m from the axle; a metre is 125 pixels.
            let above = 107.5 + 0.9 * 125.0 * angle.cos();
            let aside = |angle: f64| 300.0 + 0.5 * 125.0 + 0.9 * 125.0 * angle.sin();
            assert_eq!(frame.at([aside(angle), above]), WOOD, "{angle}");
            let other = angle + 0.1;
            assert_eq!(frame.at([aside(other), above]), WHITE, "{angle}");
        }
    }

    #[test]
    fn the_cart_moves_to_the_right_by_125_pixels_per_metre() {
        let left = |x: f64| drawn(x, 0.0).find(METAL)[0][0];
        assert_eq!(left(1.0) - left(0.0), 125.0);
        assert_eq!(left(-1.0) - left(0.0), -125.0);
    }
}
