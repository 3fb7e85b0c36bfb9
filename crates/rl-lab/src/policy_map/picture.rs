//! The map of a policy as a picture.

use std::io;

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};
use rl_envs::toy_text::{Cell, MapView};

use super::PolicyMap;
use crate::chart::{Area, BLUE, Drawn, Format, GRAY, GRID, INK, VERMILION, font, picture};
use crate::figure::Chart;

/// Room around everything, and between views.
const MARGIN: i32 = 16;
const GAP: i32 = 24;
/// Height of title and notes, and of the title of a view.
const TOP: i32 = 84;
const TITLE: i32 = 22;

const HOLE: RGBColor = RGBColor(52, 92, 128);
const CLIFF: RGBColor = RGBColor(92, 68, 52);
const GOAL: RGBColor = RGBColor(0, 158, 115);
/// Share of blue from which letters on it are white.
const DARK: f64 = 0.85;

/// Sizes of cells and letters, in pixels.
struct Scale {
    side: i32,
    number: u32,
    label: u32,
}

/// Place of a view, and the numbers that its colours are relative to.
struct Frame<'a> {
    view: &'a MapView,
    corner: (i32, i32),
    scale: &'a Scale,
    range: [f32; 2],
    decimals: usize,
}

impl Chart for PolicyMap {
    fn content(&self, format: Format) -> io::Result<Vec<u8>> {
        let views = self.map.views.len().max(1);
        let per_row = self.map.views_per_row.clamp(1, views);
        let scale = match views {
            1 => Scale {
                side: 74,
                number: 13,
                label: 11,
            },
            _ => Scale {
                side: 50,
                number: 11,
                label: 11,
            },
        };
        let title = if views > 1 { TITLE } else { 0 };
        let columns = self.map.columns.max(1);
        let size = |cells: usize| scale.side * cells as i32;
        let (wide, high) = (
            size(columns),
            size(self.map.cells.len().div_ceil(columns)) + title,
        );
        let (across, down) = (per_row as i32, views.div_ceil(per_row) as i32);
        let width = (2 * MARGIN + across * (wide + GAP) - GAP).max(LEAST_WIDTH);
        let height = TOP + down * (high + GAP) - GAP + MARGIN;
        let range = self.range();
        picture(format, (width as u32, height as u32), |area| {
            self.heading(area)?;
            for (i, view) in (0..).zip(&self.map.views) {
                let (x, y) = (i % across * (wide + GAP), i / across * (high + GAP));
                let frame = Frame {
                    view,
                    corner: (MARGIN + x, TOP + y + title),
                    scale: &scale,
                    range,
                    decimals: decimals(range),
                };
                self.view(area, &frame)?;
            }
            Ok(())
        })
    }
}

/// Width that titles need.
const LEAST_WIDTH: i32 = 480;

impl PolicyMap {
    /// The picture as the text of an SVG file.
    pub(crate) fn svg(&self) -> io::Result<String> {
        String::from_utf8(self.content(Format::Svg)?).map_err(io::Error::other)
    }

    /// The lowest and the highest value on the map that is finite.
    fn range(&self) -> [f32; 2] {
        let states = self.map.views.iter().flat_map(|view| &view.states);
        let values = states.flatten().filter_map(|&state| self.greedy(state));
        let finite = values
            .map(|(value, _)| value)
            .filter(|value| value.is_finite());
        let none = [f32::INFINITY, f32::NEG_INFINITY];
        finite.fold(none, |[low, high], value| [low.min(value), high.max(value)])
    }

    fn heading(&self, area: &Area<'_>) -> Drawn {
        area.draw(&Text::new(self.title.clone(), (MARGIN, 12), font(17, &INK)))?;
        let values = "max Q(s, a) of each state, and the actions a that have it";
        let named: Vec<String> = self.named().collect();
        let values = match named.is_empty() {
            true => values.to_owned(),
            false => format!("{values}; {}", named.join(", ")),
        };
        let framed = match (
            self.way.is_empty(),
            self.map.views.iter().any(|v| v.mark.is_some()),
        ) {
            (false, _) => "framed: the way of the greedy policy",
            (true, true) => "framed: the next stop",
            (true, false) => "",
        };
        for (line, y) in [(values.as_str(), 38), (framed, 58)] {
            area.draw(&Text::new(line.to_owned(), (MARGIN, y), font(13, &GRAY)))?;
        }
        Ok(())
    }

    fn view(&self, area: &Area<'_>, frame: &Frame<'_>) -> Drawn {
        let ((left, top), side) = (frame.corner, frame.scale.side);
        let title = Text::new(
            frame.view.title.clone(),
            (left, top - TITLE + 2),
            font(13, &INK),
        );
        area.draw(&title)?;
        let columns = self.map.columns.max(1);
        let place = |cell: usize| {
            let (row, column) = ((cell / columns) as i32, (cell % columns) as i32);
            (left + column * side, top + row * side)
        };
        for (cell, (kind, state)) in self.map.cells.iter().zip(&frame.view.states).enumerate() {
            self.cell(area, frame, place(cell), (*kind, *state))?;
        }
        let on_way = |state: &Option<usize>| state.is_some_and(|state| self.way.contains(&state));
        let framed = frame.view.states.iter().enumerate();
        let framed = framed.filter(|(cell, state)| on_way(state) || frame.view.mark == Some(*cell));
        for (cell, _) in framed {
            let (x, y) = place(cell);
            let corners = [(x + 2, y + 2), (x + side - 2, y + side - 2)];
            area.draw(&Rectangle::new(corners, VERMILION.stroke_width(3)))?;
        }
        for &cell in &self.map.walls {
            let (x, y) = place(cell);
            let ends = [(x + side, y), (x + side, y + side)];
            area.draw(&PathElement::new(ends, INK.stroke_width(5)))?;
        }
        Ok(())
    }

    /// A cell with its number, its arrows and its label.
    fn cell(
        &self,
        area: &Area<'_>,
        frame: &Frame<'_>,
        (x, y): (i32, i32),
        (kind, state): (Cell, Option<usize>),
    ) -> Drawn {
        let Scale {
            side,
            number,
            label,
        } = *frame.scale;
        let greedy = state.and_then(|state| self.greedy(state));
        let share = greedy
            .as_ref()
            .map_or(0.0, |(value, _)| frame.share(*value));
        let (fill, ink) = match (state, kind) {
            (None, Cell::Hole) => (HOLE, WHITE),
            (None, Cell::Cliff) => (CLIFF, WHITE),
            (None, Cell::Goal) => (GOAL, WHITE),
            (None, _) => (WHITE, GRAY),
            (Some(_), _) if share > DARK => (shade(share), WHITE),
            (Some(_), _) => (shade(share), INK),
        };
        let corners = [(x, y), (x + side, y + side)];
        area.draw(&Rectangle::new(corners, fill.filled()))?;
        area.draw(&Rectangle::new(corners, GRID.stroke_width(1)))?;
        let text = |text: String, (x, y): (i32, i32), size, (h, v)| {
            area.draw(&Text::new(
                text,
                (x, y),
                font(size, &ink).pos(Pos::new(h, v)),
            ))
        };
        let middle = (HPos::Center, VPos::Center);
        let words = match kind {
            Cell::Ground => String::new(),
            Cell::Start => "start".into(),
            Cell::Goal => "goal".into(),
            Cell::Hole => "hole".into(),
            Cell::Cliff => "cliff".into(),
            Cell::Pad(letter) => letter.to_string(),
        };
        let Some(_) = state else {
            return text(words, (x + side / 2, y + side / 2), number, middle);
        };
        text(
            words,
            (x + 5, y + side - 4),
            label,
            (HPos::Left, VPos::Bottom),
        )?;
        let Some((value, best)) = greedy else {
            return text("none".into(), (x + side / 2, y + side / 2), number, middle);
        };
        let written = format!("{value:.*}", frame.decimals);
        text(written, (x + side / 2, y + side / 5), number, middle)?;
        let centre = (x + side / 2, y + side * 3 / 5);
        for &action in &best {
            let mark = self.map.actions[action];
            match mark.heading() {
                Some(heading) => arrow(area, centre, heading, (side, best.len() > 1), &ink)?,
                None => text(mark.sign().into(), centre, number + 4, middle)?,
            }
        }
        Ok(())
    }
}

impl Frame<'_> {
    /// Place of a value between the lowest and the highest, 0 to 1.
    fn share(&self, value: f32) -> f64 {
        let [low, high] = self.range;
        match high > low {
            true => f64::from((value - low) / (high - low)).clamp(0.0, 1.0),
            false => 0.0,
        }
    }
}

/// Draws an arrow through a point, or from it where several begin there.
fn arrow(
    area: &Area<'_>,
    (x, y): (i32, i32),
    [right, up]: [f64; 2],
    (side, is_spoke): (i32, bool),
    ink: &RGBColor,
) -> Drawn {
    let unit = f64::from(side);
    let (tail, neck, tip) = match is_spoke {
        true => (0.0, 0.13 * unit, 0.24 * unit),
        false => (-0.18 * unit, 0.06 * unit, 0.2 * unit),
    };
    let half = 0.08 * unit;
    // Along the arrow, and to its left.
    let at = |along: f64, aside: f64| {
        let (dx, dy) = (right * along - up * aside, up * along + right * aside);
        (x + dx.round() as i32, y - dy.round() as i32)
    };
    area.draw(&PathElement::new(
        [at(tail, 0.0), at(neck, 0.0)],
        ink.stroke_width(2),
    ))?;
    let head = [at(tip, 0.0), at(neck, half), at(neck, -half)];
    area.draw(&Polygon::new(head, ink.filled()))
}

/// Colour of a share: white for 0, blue for 1.
fn shade(share: f64) -> RGBColor {
    let mix = |blue: u8| (255.0 + share * (f64::from(blue) - 255.0)).round() as u8;
    RGBColor(mix(BLUE.0), mix(BLUE.1), mix(BLUE.2))
}

/// Decimals that three or four digits leave.
fn decimals([low, high]: [f32; 2]) -> usize {
    match low.abs().max(high.abs()) {
        largest if largest <= 1.0 => 3,
        largest if largest < 100.0 => 2,
        largest if largest < 1000.0 => 1,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::map;
    use super::*;

    #[test]
    fn every_acting_cell_has_its_number_and_an_arrow_for_each_of_the_best_actions() {
        let map = map("frozen-lake", [16, 4], |state, action| {
            match (state, action) {
                (0, 0 | 1) => 0.75,
                (0, _) => 0.5,
                (state, 2) => state as f32 / 100.0,
                _ => -1.0,
            }
        });
        let svg = map.svg().unwrap();
        assert_eq!(svg.matches("<polygon").count(), 2 + 10, "{svg}");
        for (word, count) in [
            ("hole", 4),
            ("goal", 1),
            ("start", 1),
            ("0.750", 1),
            ("0.140", 1),
        ] {
            assert_eq!(svg.matches(&format!("{word}\n")).count(), count, "{word}");
        }
        assert!(
            !svg.contains("0.150") && !svg.contains("0.050"),
            "no state to act in"
        );
        assert!(svg.contains("frozen-lake by q-learning"));
    }

    #[test]
    fn colours_go_from_the_lowest_value_to_the_highest() {
        let values = [-13.0, -1.0];
        let map = map("cliff-walking", [48, 4], |state, _| match state {
            0 => values[0],
            _ => values[1],
        });
        let svg = map.svg().unwrap();
        let (white, blue) = (shade(0.0), shade(1.0));
        assert_eq!((white, blue), (WHITE, BLUE));
        assert_eq!(svg.matches("fill=\"#0072B2\"").count(), 48 - 11 - 1);
        assert_eq!(svg.matches("-13.00\n").count(), 1);
    }

    #[test]
    fn values_that_are_equal_or_no_numbers_make_a_picture_in_both_formats() {
        for value in [0.0, f32::NAN, f32::INFINITY, 1e30] {
            let map = map("taxi", [500, 6], |_, _| value);
            for format in [Format::Svg, Format::Png] {
                assert!(!map.content(format).unwrap().is_empty());
            }
            let svg = map.svg().unwrap();
            assert!(svg.contains("R to G") && svg.contains("p pick up"), "{svg}");
        }
    }
}
