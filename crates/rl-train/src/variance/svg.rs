//! The variances as a picture: a bar per estimator on a logarithmic axis.

use std::fmt::Write as _;

use super::{Theory, VarianceRow, VarianceSetting};

const WIDTH: f64 = 860.0;
/// Where the bars begin; the names end a little before.
const LEFT: f64 = 300.0;
/// Room to the right of the longest bar, for what is written there.
const RIGHT: f64 = 90.0;
/// Where the first bar's row begins.
const TOP: f64 = 64.0;
/// Height of a row, and of the bar in it.
const ROW: f64 = 24.0;
const BAR: f64 = 14.0;

/// The chart of the rows of one setting, as the text of an SVG file.
pub fn chart(setting: VarianceSetting, rows: &[&VarianceRow]) -> String {
    let axis = Axis::of(rows);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = String::new();
    // Writing to a string cannot fail.
    let _ = writeln!(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{WIDTH}\" height=\"{height}\" \
         viewBox=\"0 0 {WIDTH} {height}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"{WIDTH}\" height=\"{height}\" fill=\"#ffffff\"/>",
        height = bottom + 48.0
    );
    let title = "Variance of a policy gradient estimate, in squared norms of the gradient";
    text(&mut svg, 16.0, 22.0, "start", "#222222", title);
    let subtitle = format!("{}. Whiskers: 99.9 % confidence.", setting.description());
    text(&mut svg, 16.0, 42.0, "start", "#555555", &subtitle);
    for power in axis.low..=axis.high {
        let x = axis.x(10_f64.powi(power));
        line(&mut svg, [x, TOP, x, bottom], "#dddddd", 1.0);
        let label = format!("{}", 10_f64.powi(power));
        text(&mut svg, x, bottom + 16.0, "middle", "#555555", &label);
    }
    for (i, row) in rows.iter().enumerate() {
        bar(&mut svg, &axis, TOP + ROW * i as f64, row);
    }
    let legend = bottom + 36.0;
    for (x, theory) in [(LEFT, Theory::Unbiased), (LEFT + 190.0, Theory::Biased)] {
        rectangle(&mut svg, [x, legend - 10.0, 12.0, 12.0], color(theory));
        let label = format!("{} by theory", theory.name());
        text(&mut svg, x + 18.0, legend, "start", "#222222", &label);
    }
    svg + "</svg>\n"
}

fn bar(svg: &mut String, axis: &Axis, top: f64, row: &VarianceRow) {
    let middle = top + ROW / 2.0;
    let (x, baseline) = (axis.x(row.variance), middle + 4.0);
    let name = match row.baseline {
        "none" => row.estimator.to_owned(),
        baseline => format!("{} · {baseline}", row.estimator),
    };
    text(svg, LEFT - 8.0, baseline, "end", "#222222", &name);
    let bar = [LEFT, middle - BAR / 2.0, x - LEFT, BAR];
    rectangle(svg, bar, color(row.theory));
    let low = axis.x(row.variance - row.variance_half_width);
    let high = axis.x(row.variance + row.variance_half_width);
    line(svg, [low, middle, high, middle], "#222222", 1.5);
    for x in [low, high] {
        line(svg, [x, middle - 4.0, x, middle + 4.0], "#222222", 1.5);
    }
    let label = if row.is_biased() {
        format!("bias {:.0} %", 100.0 * row.bias)
    } else {
        String::new()
    };
    text(svg, high + 6.0, baseline, "start", "#b34700", &label);
}

fn color(theory: Theory) -> &'static str {
    match theory {
        Theory::Unbiased => "#4c78a8",
        Theory::Biased => "#f2a35e",
    }
}

/// A logarithmic axis from `10^low` to `10^high`.
struct Axis {
    low: i32,
    high: i32,
}

impl Axis {
    /// Of whole powers of ten, with every variance between the ends.
    fn of(rows: &[&VarianceRow]) -> Self {
        let logs = rows
            .iter()
            .map(|row| row.variance.log10())
            .filter(|log| log.is_finite());
        let (low, high) = logs.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), log| {
            (low.min(log), high.max(log))
        });
        if low > high {
            return Self { low: 0, high: 1 };
        }
        let low = low.floor() as i32;
        Self {
            low,
            high: (high.ceil() as i32).max(low + 1),
        }
    }

    /// Where a number lies; the ends of the axis for those beyond it.
    fn x(&self, number: f64) -> f64 {
        let (low, high) = (f64::from(self.low), f64::from(self.high));
        // The largest of NaN, for numbers below zero, and the end is the end.
        let share = (number.log10().max(low).min(high) - low) / (high - low);
        LEFT + share * (WIDTH - LEFT - RIGHT)
    }
}

fn text(svg: &mut String, x: f64, y: f64, anchor: &str, fill: &str, text: &str) {
    if text.is_empty() {
        return;
    }
    let text = text.replace('&', "&amp;").replace('<', "&lt;");
    let _ = writeln!(
        svg,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" text-anchor=\"{anchor}\" fill=\"{fill}\">{text}</text>"
    );
}

fn rectangle(svg: &mut String, [x, y, width, height]: [f64; 4], fill: &str) {
    let _ = writeln!(
        svg,
        "<rect x=\"{x:.1}\" y=\"{y:.1}\" width=\"{width:.1}\" height=\"{height:.1}\" \
         fill=\"{fill}\"/>"
    );
}

fn line(svg: &mut String, [x1, y1, x2, y2]: [f64; 4], stroke: &str, width: f64) {
    let _ = writeln!(
        svg,
        "<line x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\" stroke=\"{stroke}\" \
         stroke-width=\"{width}\"/>"
    );
}

#[cfg(test)]
mod tests {
    use super::super::report::testing::row;
    use super::*;

    #[test]
    fn tenfold_variances_lie_a_step_of_the_axis_apart() {
        let rows = [0.1, 1.0, 10.0].map(|variance| row(Theory::Unbiased, 0.0, variance));
        let axis = Axis::of(&rows.each_ref());
        assert_eq!((axis.low, axis.high), (-1, 1));
        assert_eq!(axis.x(0.1), LEFT);
        assert_eq!(axis.x(10.0), WIDTH - RIGHT);
        assert!((axis.x(1.0) - (LEFT + WIDTH - RIGHT) / 2.0).abs() < 1e-9);
        // A whisker may reach below zero, which no logarithm does.
        assert_eq!(axis.x(-1.0), LEFT);
    }

    #[test]
    fn bars_are_coloured_by_theory_and_a_measured_bias_is_written_beside_them() {
        let rows = [
            row(Theory::Unbiased, 0.01, 20.0),
            row(Theory::Biased, 0.2, 5.5),
        ];
        let svg = chart(VarianceSetting::FiniteMdp, &rows.each_ref());
        for theory in [Theory::Unbiased, Theory::Biased] {
            // Once in the chart, once in the legend.
            assert_eq!(svg.matches(color(theory)).count(), 2, "{svg}");
        }
        assert_eq!(svg.matches("bias 20 %").count(), 1);
        assert!(!svg.contains("bias 1 %"));
        assert_eq!(svg.matches("GAE(λ &lt; 1)").count(), 2);
        assert_eq!(svg.matches("<text").count(), svg.matches("</text>").count());
    }

    #[test]
    fn variances_of_zero_leave_a_chart() {
        let svg = chart(
            VarianceSetting::CartPole,
            &[&row(Theory::Unbiased, 0.0, 0.0)],
        );
        assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
    }
}
