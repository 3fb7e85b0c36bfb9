//! Fields of a map, in rows and columns.

use super::Scene;
use super::scene::{BLACK, Colour, Point, WHITE, placed, rectangle};

pub(super) const GROUND: Colour = [236, 228, 208];
pub(super) const START: Colour = [186, 218, 178];
pub(super) const AGENT: Colour = [176, 58, 46];
const LINE: Colour = [150, 150, 150];

/// Fields of a map, the first row at the top.
pub(super) struct Fields {
    pub(super) scene: Scene,
    /// Left end and top of the first field, in pixels.
    origin: Point,
    side: f64,
}

impl Fields {
    /// A map that fills its picture.
    pub(super) fn filling(rows: u16, columns: u16, side: u16) -> Self {
        let size = [columns * side, rows * side];
        Self::within(size, [0.0, f64::from(size[1])], f64::from(side))
    }

    /// A map with its upper left corner at `origin`.
    pub(super) fn within(size: [u16; 2], origin: Point, side: f64) -> Self {
        Self {
            scene: Scene::sized(size, WHITE),
            origin,
            side,
        }
    }

    /// The middle of a field.
    pub(super) fn centre(&self, (row, column): (usize, usize)) -> Point {
        let [x, y] = self.origin;
        [
            x + (column as f64 + 0.5) * self.side,
            y - (row as f64 + 0.5) * self.side,
        ]
    }

    /// Fills a share of a field, around its middle.
    pub(super) fn fill(&mut self, field: (usize, usize), share: f64, colour: Colour) {
        let half = 0.5 * self.side * share;
        let square = rectangle([-half, -half], [half, half]);
        let corners = placed(square, self.centre(field), 0.0);
        self.scene.polygon(&corners, colour);
    }

    /// Draws the lines between the fields of a map.
    pub(super) fn grid(&mut self, rows: usize, columns: usize) {
        let ([x, y], side) = (self.origin, self.side);
        let (right, bottom) = (x + columns as f64 * side, y - rows as f64 * side);
        for row in 0..=rows {
            let y = y - row as f64 * side;
            self.scene.line(&[[x, y], [right, y]], 1.0, LINE);
        }
        for column in 0..=columns {
            let x = x + column as f64 * side;
            self.scene.line(&[[x, y], [x, bottom]], 1.0, LINE);
        }
    }

    /// Draws a disc whose radius is a share of the side.
    pub(super) fn disc(&mut self, field: (usize, usize), radius: f64, colour: Colour) {
        self.scene
            .circle(self.centre(field), radius * self.side, colour);
    }

    /// Draws a wall at the right end of a field.
    pub(super) fn wall(&mut self, field: (usize, usize)) {
        let [x, y] = self.centre(field);
        let (x, half) = (x + 0.5 * self.side, 0.5 * self.side);
        self.scene.line(&[[x, y - half], [x, y + half]], 5.0, BLACK);
    }

    /// Draws a flag in a field.
    pub(super) fn flag(&mut self, field: (usize, usize)) {
        let [x, y] = self.centre(field);
        self.scene.flag([x - 0.15 * self.side, y - 25.0], BLACK);
    }

    /// Draws an arrow through the middle of a field, as long as a share of its side.
    pub(super) fn arrow(
        &mut self,
        field: (usize, usize),
        [dx, dy]: Point,
        share: f64,
        colour: Colour,
    ) {
        let half = 0.5 * share * self.side;
        let angle = dy.atan2(dx);
        let body = [[-half, 0.0], [0.3 * half, 0.0]];
        let head = [
            [half, 0.0],
            [0.1 * half, 0.5 * half],
            [0.1 * half, -0.5 * half],
        ];
        let centre = self.centre(field);
        self.scene
            .line(&placed(body, centre, angle), 0.12 * half + 1.5, colour);
        self.scene.polygon(&placed(head, centre, angle), colour);
    }

    /// Draws the agent, with a mark on the side it last headed to.
    pub(super) fn agent(&mut self, field: (usize, usize), heading: Option<Point>) {
        self.disc(field, 0.3, AGENT);
        if let Some(heading) = heading {
            self.arrow(field, heading, 0.42, WHITE);
        }
    }
}
