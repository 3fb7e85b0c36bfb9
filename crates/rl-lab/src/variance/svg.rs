//! The variances as a picture: a bar per estimator on a logarithmic axis.

use super::{Theory, VarianceRow, VarianceSetting};
use crate::svg::{LogAxis, document, line, rectangle, text};

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
    let axis = axis(rows);
    let bottom = TOP + ROW * rows.len() as f64;
    let mut svg = document(WIDTH, bottom + 48.0);
    let title = "Variance of a policy gradient estimate, in squared norms of the gradient";
    text(&mut svg, 16.0, 22.0, "start", "#222222", title);
    let subtitle = format!("{}. Whiskers: 99.9 % confidence.", setting.description());
    text(&mut svg, 16.0, 42.0, "start", "#555555", &subtitle);
    for power in axis.powers() {
        let x = axis.at(power);
        line(&mut svg, [x, TOP, x, bottom], "#dddddd", 1.0);
        text(
            &mut svg,
            x,
            bottom + 16.0,
            "middle",
            "#555555",
            &power.to_string(),
        );
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

/// Of whole powers of ten, with every variance between the ends.
fn axis(rows: &[&VarianceRow]) -> LogAxis {
    let variances = rows.iter().map(|row| row.variance);
    LogAxis::of(variances, [LEFT, WIDTH - RIGHT])
}

fn bar(svg: &mut String, axis: &LogAxis, top: f64, row: &VarianceRow) {
    let middle = top + ROW / 2.0;
    let (x, baseline) = (axis.at(row.variance), middle + 4.0);
    let name = match row.baseline {
        "none" => row.estimator.to_owned(),
        baseline => format!("{} · {baseline}", row.estimator),
    };
    text(svg, LEFT - 8.0, baseline, "end", "#222222", &name);
    let bar = [LEFT, middle - BAR / 2.0, x - LEFT, BAR];
    rectangle(svg, bar, color(row.theory));
    let low = axis.at(row.variance - row.variance_half_width);
    let high = axis.at(row.variance + row.variance_half_width);
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

#[cfg(test)]
mod tests {
    use super::super::report::testing::row;
    use super::*;

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
