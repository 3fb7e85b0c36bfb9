//! A picture of CartPole: the track is as wide as the picture.

use super::canvas::{BLACK, Canvas, Colour, WHITE, placed, rectangle};
use super::{Draw, Frame};
use crate::CartPole;
use crate::cartpole::{HALF_LENGTH, X_THRESHOLD};

const SIZE: [u16; 2] = [600, 400];
/// Pixels per metre.
const SCALE: f64 = SIZE[0] as f64 / (2.0 * X_THRESHOLD);
/// Height of the track, and of the middle of the cart.
const TRACK: f64 = 100.0;
const CART: [f64; 2] = [50.0, 30.0];
const POLE_WIDTH: f64 = 10.0;
/// Of the axle above the middle of the cart.
const AXLE: f64 = CART[1] / 4.0;
const WOOD: Colour = [202, 152, 101];
const METAL: Colour = [129, 132, 203];

impl Draw for CartPole {
    fn steps_per_second(&self) -> f64 {
        50.0
    }

    fn draw(&self) -> Frame {
        let [width, height] = SIZE;
        let mut canvas = Canvas::new(width, height, WHITE);
        let rail = TRACK + 0.5;
        canvas.line(&[[0.0, rail], [width.into(), rail]], 1.0, BLACK);
        if let Some([x, _, angle, _]) = self.state() {
            let x = f64::from(width) / 2.0 + x * SCALE;
            let [cart_x, cart_y] = CART.map(|side| side / 2.0);
            let cart = rectangle([-cart_x, -cart_y], [cart_x, cart_y]);
            canvas.polygon(&placed(cart, [x, TRACK], 0.0), BLACK);

            let (half, axle) = (POLE_WIDTH / 2.0, [x, TRACK + AXLE]);
            let pole = rectangle([-half, -half], [half, 2.0 * HALF_LENGTH * SCALE - half]);
            // Angles of the pole are clockwise.
            canvas.polygon(&placed(pole, axle, -angle), WOOD);
            canvas.circle(axle, half, METAL);
        }
        canvas.finish()
    }
}
