//! Pictures as the text of SVG files.

use std::fmt::Write as _;

/// The beginning of a picture on white; `</svg>` and a newline end it.
pub fn document(width: f64, height: f64) -> String {
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width}\" height=\"{height}\" \
         viewBox=\"0 0 {width} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{width}\" height=\"{height}\" fill=\"#ffffff\"/>\n"
    )
}

/// A logarithmic axis between whole powers of ten.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LogAxis {
    low: i32,
    high: i32,
    /// Where its ends are in the picture.
    ends: [f64; 2],
}

impl LogAxis {
    /// The shortest with every positive number between the ends, which are at these places.
    pub fn of(numbers: impl Iterator<Item = f64>, ends: [f64; 2]) -> Self {
        let logs = numbers.map(f64::log10).filter(|log| log.is_finite());
        let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
            (low.min(log), high.max(log))
        });
        if low > high {
            return Self {
                low: 0,
                high: 1,
                ends,
            };
        }
        let low = low.floor() as i32;
        Self {
            low,
            high: (high.ceil() as i32).max(low + 1),
            ends,
        }
    }

    /// The powers of ten on it.
    pub fn powers(&self) -> impl Iterator<Item = f64> {
        (self.low..=self.high).map(|power| 10_f64.powi(power))
    }

    /// Where a number lies; the ends of the axis for those beyond it.
    pub fn at(&self, number: f64) -> f64 {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        // The largest of NaN, for numbers below zero, and the end is the end.
        let share = (number.log10().max(low).min(high) - low) / (high - low);
        self.ends[0] + share * (self.ends[1] - self.ends[0])
    }
}

/// Words at a place; `anchor` says what of them is there: `start`, `middle` or `end`.
pub fn text(svg: &mut String, x: f64, y: f64, anchor: &str, fill: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{text}</text>"
    );
}

/// A filled rectangle: x, y, width, height.
pub fn rectangle(svg: &mut String, [x, y, width, height]: [f64; 4], fill: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         fill=\"{fill}\"/>"
    );
}

/// A line from one place to another: x, y, x, y.
pub fn line(svg: &mut String, [x1, y1, x2, y2]: [f64; 4], stroke: &str, width: f64) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\" \
         stroke-width=\"{width}\"/>"
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tenfold_numbers_lie_a_step_of_the_axis_apart() {
        let axis = LogAxis::of([0.1, 1.0, 10.0].into_iter(), [300.0, 770.0]);
        assert_eq!((axis.low, axis.high), (-1, 1));
        assert_eq!(axis.at(0.1), 300.0);
        assert_eq!(axis.at(10.0), 770.0);
        assert!((axis.at(1.0) - 535.0).abs() < 1e-9);
        // A whisker may reach below zero, which no logarithm does.
        assert_eq!(axis.at(-1.0), 300.0);
    }

    #[test]
    fn an_axis_of_nothing_is_one_all_the_same() {
        let axis = LogAxis::of(std::iter::empty(), [0.0, 1.0]);
        assert_eq!(axis.powers().collect::<Vec<_>>(), [1.0, 10.0]);
    }
}
