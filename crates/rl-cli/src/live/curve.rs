//! Curves of a quantity over environment steps, as characters.

use ratatui::buffer::Buffer;
use ratatui::layout::Rect;
use ratatui::style::Style;
use ratatui::symbols::Marker;
use ratatui::widgets::{Axis, Chart, Dataset, GraphType, Widget as _};

/// Points of a curve at most: two per column of a wide screen.
const MOST: usize = 512;
/// Blocks of a curve of one line, from low to high.
const BLOCKS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// Curve of a quantity over environment steps. It has 512 points at most: beyond them, two
/// neighbours become their mean, and more updates make a point.
#[derive(Clone, Debug)]
pub struct Curve {
    points: Vec<(f64, f64)>,
    /// Updates of each point.
    stride: u32,
    /// Number, last steps, and sum of the updates since the last point.
    open: (u32, f64, f64),
}

impl Default for Curve {
    fn default() -> Self {
        Self {
            points: Vec::new(),
            stride: 1,
            open: (0, 0.0, 0.0),
        }
    }
}

impl Curve {
    /// Adds the value after an update; one that is not finite is left out.
    pub fn push(&mut self, steps: f64, value: f64) {
        if !value.is_finite() {
            return;
        }
        let (count, _, sum) = self.open;
        self.open = (count + 1, steps, sum + value);
        if count + 1 < self.stride {
            return;
        }
        self.points
            .push((steps, (sum + value) / f64::from(count + 1)));
        self.open = (0, 0.0, 0.0);
        if self.points.len() == MOST {
            let pairs = self.points.as_chunks().0.iter();
            self.points = pairs
                .map(|[(_, a), (x, b)]| (*x, f64::midpoint(*a, *b)))
                .collect();
            self.stride *= 2;
        }
    }

    /// Points `(steps, value)`, the last of which may be of fewer updates.
    pub fn points(&self) -> Vec<(f64, f64)> {
        let (count, steps, sum) = self.open;
        let open = (count > 0).then(|| (steps, sum / f64::from(count)));
        self.points.iter().copied().chain(open).collect()
    }

    /// Returns `true` with too few points for a line.
    pub fn is_short(&self) -> bool {
        self.points.len() + usize::from(self.open.0 > 0) < 2
    }

    /// The curve as blocks in one line of so many columns.
    pub fn blocks(&self, columns: usize) -> String {
        let points = self.points();
        let (low, high) = bounds(points.iter().map(|(_, y)| *y));
        let column = |index: usize| {
            // The mean of the points of a column; fewer points than columns have one each.
            let columns = columns.min(points.len());
            let [from, to] = [index, index + 1].map(|i| i * points.len() / columns);
            let sum: f64 = points[from..to].iter().map(|(_, y)| y).sum();
            let share = (sum / (to - from) as f64 - low) / (high - low);
            BLOCKS[((share * 8.0) as usize).min(7)]
        };
        (0..columns.min(points.len())).map(column).collect()
    }

    /// The curve with its axes as lines of text, in braille characters, without blanks at their ends.
    pub fn text(&self, columns: u16, rows: u16) -> Vec<String> {
        let area = Rect::new(0, 0, columns, rows);
        let mut buffer = Buffer::empty(area);
        self.draw(area, &mut buffer, [Style::default(); 2]);
        let line = |y| {
            let cells = (0..columns).filter_map(|x| buffer.cell((x, y)));
            let line: String = cells.map(|cell| cell.symbol()).collect();
            line.trim_end().to_owned()
        };
        (0..rows).map(line).collect()
    }

    /// Draws the curve with its axes, in styles of the curve and of the axes.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer, [curve, axes]: [Style; 2]) {
        let points = self.points();
        let (low, high) = bounds(points.iter().map(|(_, y)| *y));
        let last = points.last().map_or(1.0, |(x, _)| *x);
        let set = Dataset::default()
            .marker(Marker::Braille)
            .graph_type(GraphType::Line)
            .style(curve)
            .data(&points);
        let steps = [
            "0".to_owned(),
            short(last / 2.0),
            format!("{} steps", short(last)),
        ];
        let values = [low, f64::midpoint(low, high), high].map(|y| format!("{y:.1}"));
        Chart::new(vec![set])
            .x_axis(
                Axis::default()
                    .bounds([0.0, last])
                    .labels(steps)
                    .style(axes),
            )
            .y_axis(
                Axis::default()
                    .bounds([low, high])
                    .labels(values)
                    .style(axes),
            )
            .render(area, buffer);
    }
}

/// The least and the largest, apart from each other.
fn bounds(values: impl Iterator<Item = f64>) -> (f64, f64) {
    let (low, high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| {
        (low.min(y), high.max(y))
    });
    match low < high {
        true => (low, high),
        false if low.is_finite() => (low - 1.0, low + 1.0),
        false => (0.0, 1.0),
    }
}

/// A number of steps in a few characters.
pub fn short(number: f64) -> String {
    match number {
        x if x >= 1e6 => format!("{:.2}M", x / 1e6),
        x if x >= 1e4 => format!("{:.0}k", x / 1e3),
        x => format!("{x:.0}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_keeps_its_course_in_512_points_however_long_it_is() {
        let mut curve = Curve::default();
        for step in 0..100_000 {
            curve.push(f64::from(step), f64::from(step) / 1e5);
        }
        let points = curve.points();
        assert!(
            (MOST / 2..=MOST).contains(&points.len()),
            "{}",
            points.len()
        );
        assert_eq!(points.last().map(|(x, _)| *x), Some(99_999.0));
        for (x, y) in points {
            assert!((x / 1e5 - y).abs() < 0.01, "{x} {y}");
        }
    }

    #[test]
    fn a_curve_as_text_rises_from_the_lower_left_to_the_upper_right() {
        let mut curve = Curve::default();
        curve.push(0.0, f64::NAN);
        assert!(curve.is_short());
        for step in 0..=40 {
            curve.push(f64::from(step) * 500.0, f64::from(step) * 10.0);
        }
        let lines = curve.text(60, 10);
        assert_eq!(lines.len(), 10);
        assert!(lines.iter().all(|line| line.chars().count() <= 60));
        let columns = |line: &str| {
            let is_drawn = |c: &char| ('\u{2801}'..='\u{28ff}').contains(c);
            line.chars().position(|c| is_drawn(&c))
        };
        assert!(columns(&lines[0]) > columns(&lines[7]), "{lines:#?}");
        assert!(
            lines[0].contains("400.0") && lines[7].contains("0.0"),
            "{lines:#?}"
        );
        assert!(
            lines[9].contains("10k") && lines[9].ends_with("20k steps"),
            "{lines:#?}"
        );
    }

    #[test]
    fn blocks_are_a_column_for_each_point_or_mean_of_points() {
        let mut curve = Curve::default();
        assert_eq!(curve.blocks(8), "");
        for step in 0..16 {
            curve.push(f64::from(step), f64::from(step));
        }
        assert_eq!(curve.blocks(8), "▁▂▃▄▅▆▇█");
        assert_eq!(curve.blocks(99).chars().count(), 16);
        let mut flat = Curve::default();
        flat.push(1.0, 5.0);
        assert_eq!(flat.blocks(8), "▅");
    }
}
