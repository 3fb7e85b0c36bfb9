//! The growth of speed and memory as tables, pictures and a page.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::scaling::{ScalingAxis, ScalingConfig, ScalingPoint};
use super::{Machine, TrainBenchError};
use crate::svg::{LogAxis, document, line, rectangle, text};
use crate::table::{aligned, thousands};

/// Share of the best rate from which on a point is on the plateau.
const PLATEAU: f64 = 0.8;

/// The points of one size as a Markdown table.
pub fn scaling_table(points: &[&ScalingPoint]) -> String {
    let name = points.first().map_or("", |point| point.axis.name());
    let rows: Vec<_> = points
        .iter()
        .map(|point| {
            let peak = point
                .peak_bytes
                .map(|bytes| format!("{:.0}", bytes as f64 / 1e6));
            [
                thousands(point.value as f64),
                thousands(point.steps_per_s),
                format!(
                    "{} to {}",
                    thousands(point.steps_per_s_min),
                    thousands(point.steps_per_s_max)
                ),
                thousands(point.acting_ns),
                thousands(point.learning_ns),
                peak.unwrap_or("–".to_owned()),
            ]
        })
        .collect();
    let header = [
        name,
        "steps/s",
        "least to most",
        "acting, ns",
        "learning, ns",
        "memory, MB",
    ];
    aligned(header, 0, &rows)
}

/// The values between which the rate is that near to the best: its ends are the knees.
fn plateau(points: &[&ScalingPoint]) -> Option<(usize, usize)> {
    let rate = |point: &&&ScalingPoint| point.steps_per_s;
    let best = points.iter().max_by(|a, b| rate(a).total_cmp(&rate(b)))?;
    let near = |point: &&&ScalingPoint| point.steps_per_s >= PLATEAU * best.steps_per_s;
    let at = points.iter().position(|point| point.value == best.value)?;
    let (before, after) = points.split_at(at);
    let first = before.iter().rev().take_while(near).last().unwrap_or(best);
    let last = after.iter().take_while(near).last().unwrap_or(best);
    Some((first.value, last.value))
}

/// The value from which on the rate falls faster than the size grows.
fn bend(points: &[&ScalingPoint]) -> Option<usize> {
    let cost = |point: &ScalingPoint| 1.0 / (point.steps_per_s * point.value as f64);
    let rises = |pair: &&[&ScalingPoint]| matches!(pair, [one, next] if cost(next) > cost(one));
    points
        .windows(2)
        .find(rises)?
        .first()
        .map(|point| point.value)
}

/// The ends of the plateau inside the curve; where it falls from the start, its bend.
fn knees(points: &[&ScalingPoint]) -> Vec<usize> {
    let [least, most] = [points.first(), points.last()].map(|end| end.map_or(0, |end| end.value));
    match plateau(points) {
        Some((_, last)) if last == least && last != most => bend(points).into_iter().collect(),
        Some((first, last)) if first != last => {
            let inside = |value: &usize| *value != least && *value != most;
            [first, last].into_iter().filter(inside).collect()
        }
        Some((only, _)) if least != most => vec![only],
        _ => Vec::new(),
    }
}

/// Where the knees are and what makes them.
fn knee(axis: ScalingAxis, points: &[&ScalingPoint]) -> String {
    let (Some(least), Some(most)) = (points.first(), points.last()) else {
        return String::new();
    };
    let number = |value: usize| thousands(value as f64);
    let single = least.value == most.value;
    let falls = !single && plateau(points).is_some_and(|(_, last)| last == least.value);
    let ends = match knees(points).as_slice() {
        [] if falls => "The rate falls from the start, without a knee.".to_owned(),
        [] => format!(
            "No knee: the rate is at least {} % of the best everywhere.",
            100.0 * PLATEAU
        ),
        [one] if falls => format!(
            "The knee is at {}: from there on the rate falls faster than the size grows.",
            number(*one)
        ),
        [one] => format!("The knee is at {}.", number(*one)),
        several => {
            let several: Vec<_> = several.iter().map(|value| number(*value)).collect();
            format!("The knees are at {}.", several.join(" and "))
        }
    };
    let acting =
        |point: &ScalingPoint| 100.0 * point.acting_ns / (point.acting_ns + point.learning_ns);
    format!(
        "{ends}\nActing is {:.0} % of a step's time at {}, {:.0} % at {}.\n{}\n",
        acting(least),
        number(least.value),
        acting(most),
        number(most.value),
        reason(axis)
    )
}

/// What makes the curve of a size bend.
fn reason(axis: ScalingAxis) -> &'static str {
    match axis {
        ScalingAxis::Environments => {
            "Acting is all that the number of environments changes, since the batch that is learned \
             from stays the same:\nthe smaller its share, the flatter the curve. Few environments \
             pay the costs of each time step alone; the state of\nthousands leaves the nearer \
             caches between two of them."
        }
        ScalingAxis::Width => {
            "The work of the hidden layers grows with the square of their width, that of everything \
             else (environments,\nactivations, sampling, the outer layers) at most in proportion \
             to it. The curve bends where the square takes over,\nand again where weights and \
             their gradients leave the nearer caches."
        }
        ScalingAxis::Batch => {
            "An update has costs of its own: 16 optimizer steps over all parameters, the metrics, a \
             new actor. A small batch pays\nthem for few steps. A large one leaves the caches, and \
             each epoch reads it again in another order; memory grows in\nproportion."
        }
        ScalingAxis::Threads => {
            "What threads do not share takes as long as on one (Amdahl's law), and more threads \
             than cores wait for each other."
        }
    }
}

/// Rates on the left, memory on the right, both over the size on logarithmic axes.
fn chart(axis: ScalingAxis, points: &[&ScalingPoint]) -> String {
    const WIDTH: f64 = 860.0;
    const HEIGHT: f64 = 340.0;
    let mut svg = document(WIDTH, HEIGHT);
    let memory = |point: &ScalingPoint| point.peak_bytes.unwrap_or(0) as f64 / 1e6;
    let rate = |point: &ScalingPoint| point.steps_per_s;
    panel(
        &mut svg,
        [70.0, 420.0],
        "steps per second",
        axis,
        points,
        &rate,
    );
    panel(
        &mut svg,
        [500.0, 850.0],
        "peak memory, MB",
        axis,
        points,
        &memory,
    );
    if let Some(across) = Scale::of(points, [70.0, 420.0]) {
        for knee in knees(points) {
            let x = across.at(knee);
            line(&mut svg, [x, 40.0, x, 280.0], "#f2a35e", 1.5);
        }
    }
    svg + "</svg>\n"
}

/// A logarithmic axis from the least value to the most.
struct Scale {
    logs: [f64; 2],
    ends: [f64; 2],
}

impl Scale {
    fn of(points: &[&ScalingPoint], ends: [f64; 2]) -> Option<Self> {
        let log = |point: &&ScalingPoint| (point.value as f64).ln();
        let logs = [log(points.first()?), log(points.last()?)];
        Some(Self { logs, ends })
    }

    fn at(&self, value: usize) -> f64 {
        let ([low, high], [from, to]) = (self.logs, self.ends);
        let share = ((value as f64).ln() - low) / (high - low).max(f64::MIN_POSITIVE);
        // Room for half a label on both sides.
        from + 20.0 + share * (to - from - 40.0)
    }
}

fn panel(
    svg: &mut String,
    ends: [f64; 2],
    title: &str,
    axis: ScalingAxis,
    points: &[&ScalingPoint],
    height: &dyn Fn(&ScalingPoint) -> f64,
) {
    const TOP: f64 = 40.0;
    const BOTTOM: f64 = 280.0;
    let Some(across) = Scale::of(points, ends) else {
        return;
    };
    let [left, right] = ends;
    let up = LogAxis::of(points.iter().map(|point| height(point)), [BOTTOM, TOP]);
    text(svg, left, 24.0, "start", "#222222", title);
    for power in up.powers() {
        let y = up.at(power);
        line(svg, [left, y, right, y], "#dddddd", 1.0);
        text(
            svg,
            left - 6.0,
            y + 4.0,
            "end",
            "#555555",
            &thousands(power),
        );
    }
    for point in points {
        let label = match point.value {
            value if value >= 10_000 => format!("{} k", value / 1000),
            value => value.to_string(),
        };
        text(
            svg,
            across.at(point.value),
            BOTTOM + 18.0,
            "middle",
            "#555555",
            &label,
        );
    }
    let middle = (left + right) / 2.0;
    text(svg, middle, BOTTOM + 40.0, "middle", "#222222", axis.name());
    let place = |point: &ScalingPoint| [across.at(point.value), up.at(height(point))];
    for pair in points.windows(2) {
        if let [one, next] = pair {
            let ([x1, y1], [x2, y2]) = (place(one), place(next));
            line(svg, [x1, y1, x2, y2], "#4c78a8", 2.0);
        }
    }
    for point in points {
        let [x, y] = place(point);
        rectangle(svg, [x - 3.0, y - 3.0, 6.0, 6.0], "#4c78a8");
    }
}

fn page(
    points: &[ScalingPoint],
    config: &ScalingConfig,
    machine: &Machine,
    directory: &Path,
) -> String {
    let mut page = format!(
        "# Scaling\n\n\
         PPO on CartPole-v1, of which one size changes at a time. The others are: 64 environments, \
         16,384 steps per\nupdate in 4 epochs of 4 minibatches, policy and value function of two \
         hidden layers of 64, one thread. Each point\nis {} run{} of about {} s or one update, each \
         a process of its own; medians. Nanoseconds are per environment step;\nmemory is the \
         largest resident one of a run, in MB of 10⁶ bytes. Upright lines mark the \
         knees: the ends of\nthe plateau, where the rate is at least {} % of the best, or where \
         a rate that falls from the start falls faster\nthan the size grows.\n\n{}\n",
        config.runs,
        if config.runs == 1 { "" } else { "s" },
        config.seconds,
        100.0 * PLATEAU,
        machine.description(),
    );
    for &axis in &config.axes {
        let points: Vec<_> = points.iter().filter(|point| point.axis == axis).collect();
        let name = axis.name();
        page += &format!(
            "\n## {}{}\n\n![steps per second and memory over {name}]({name}.svg)\n\n{}\n{}",
            name[..1].to_uppercase(),
            &name[1..],
            knee(axis, &points),
            scaling_table(&points)
        );
    }
    let axes: String = if config.axes.len() < ScalingAxis::ALL.len() {
        let axes = config.axes.iter();
        axes.map(|axis| format!(" --axis {}", axis.name()))
            .collect()
    } else {
        String::new()
    };
    let most = config
        .most
        .map_or(String::new(), |most| format!(" --most {most}"));
    page + &format!(
        "\n## Again\n\n[The numbers](scaling.csv).\n\n```sh\ncargo xtask bench scaling{axes}{most} \
         --runs {} --seconds {} --out {}\n```\n",
        config.runs,
        config.seconds,
        directory.display()
    )
}

/// Writes `scaling.csv`, a picture per size, such as `width.svg`, and `README.md`, the page about
/// them, into a directory, which is made if need be; files of these names are overwritten. Returns
/// their paths.
///
/// # Errors
/// [`TrainBenchError::Io`].
pub fn write_scaling(
    points: &[ScalingPoint],
    config: &ScalingConfig,
    machine: &Machine,
    directory: &Path,
) -> Result<Vec<PathBuf>, TrainBenchError> {
    fs::create_dir_all(directory).map_err(TrainBenchError::io("write", directory))?;
    let csv = csv_of(points).map_err(TrainBenchError::io("write", directory))?;
    let mut files = vec![
        (
            "README.md".to_owned(),
            page(points, config, machine, directory).into_bytes(),
        ),
        ("scaling.csv".to_owned(), csv),
    ];
    for &axis in &config.axes {
        let points: Vec<_> = points.iter().filter(|point| point.axis == axis).collect();
        let name = format!("{}.svg", axis.name());
        files.push((name, chart(axis, &points).into_bytes()));
    }
    files
        .into_iter()
        .map(|(name, bytes)| {
            let path = directory.join(name);
            fs::write(&path, bytes).map_err(TrainBenchError::io("write", &path))?;
            Ok(path)
        })
        .collect()
}

fn csv_of(points: &[ScalingPoint]) -> io::Result<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    for point in points {
        writer.serialize(point)?;
    }
    writer.into_inner().map_err(|error| error.into_error())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(rates: &[f64]) -> Vec<ScalingPoint> {
        let point = |(i, &steps_per_s): (usize, &f64)| ScalingPoint {
            axis: ScalingAxis::Width,
            value: 16 << i,
            steps_per_s,
            steps_per_s_min: steps_per_s,
            steps_per_s_max: steps_per_s,
            acting_ns: 1.0,
            learning_ns: 2.0,
            peak_bytes: Some(50_000_000 << i),
            steps: 1000,
            runs: 1,
        };
        rates.iter().enumerate().map(point).collect()
    }

    #[test]
    fn the_plateau_is_around_the_best_and_its_ends_inside_are_knees() {
        let plateau_of = |rates: &[f64]| {
            let points = points(rates);
            let points: Vec<_> = points.iter().collect();
            (plateau(&points).unwrap(), knee(ScalingAxis::Width, &points))
        };
        let (ends, text) = plateau_of(&[1e3, 9e4, 1e5, 8e4, 7e4, 9e4]);
        assert_eq!(ends, (32, 128));
        assert!(text.starts_with("The knees are at 32 and 128."), "{text}");
        let (ends, text) = plateau_of(&[1e5, 9e4, 1e4]);
        assert_eq!(ends, (16, 32));
        assert!(text.starts_with("The knee is at 32."), "{text}");
        assert!(
            text.contains("Acting is 33 % of a step's time at 16"),
            "{text}"
        );
        assert!(plateau_of(&[9e4, 1e5]).1.contains("everywhere"));
        // Doubled, the width first costs less than double, then more.
        let (ends, text) = plateau_of(&[1e5, 7e4, 2e4]);
        assert_eq!(ends, (16, 16));
        assert!(
            text.starts_with("The knee is at 32: from there on"),
            "{text}"
        );
        assert!(plateau_of(&[1e5, 7e4]).1.contains("without a knee"));
    }

    #[test]
    fn files_are_written_for_a_size_of_even_a_single_point() {
        for rates in [&[1e5][..], &[1e5, 5e4, 1e4]] {
            let place = tempfile::tempdir().unwrap();
            let config = ScalingConfig {
                axes: vec![ScalingAxis::Width],
                most: None,
                runs: 1,
                seconds: 0.5,
                program: PathBuf::new(),
            };
            let paths =
                write_scaling(&points(rates), &config, &Machine::here(), place.path()).unwrap();
            let read = |i: usize| fs::read_to_string(&paths[i]).unwrap();
            assert!(read(0).contains("bench scaling --axis width --runs 1 --seconds 0.5 --out"));
            assert_eq!(read(1).lines().count(), 1 + rates.len());
            assert!(read(1).contains("\nwidth,16,100000"), "{}", read(1));
            let svg = read(2);
            assert!(svg.starts_with("<svg ") && svg.ends_with("</svg>\n"));
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{svg}");
        }
    }
}
