//! Speeds as tables.

use std::fmt::Write as _;
use std::path::PathBuf;

use rl_lab::bench::{
    BATCH_SIZES, BatchForm, EnvironmentSpeed, PythonSpeed, ScalingPoint, TimedRun,
};

/// A rate with three significant digits: `24.5 M`.
fn rate(steps_per_s: f64) -> String {
    let (number, unit) = match steps_per_s {
        x if x >= 1e6 => (x / 1e6, "M"),
        x => (x / 1e3, "k"),
    };
    let decimals = if number < 10.0 {
        2
    } else {
        usize::from(number < 100.0)
    };
    format!("{number:.decimals$} {unit}")
}

/// The speeds of one environment: a row per form, a column per number of environments.
pub fn environment(speeds: &[EnvironmentSpeed]) -> String {
    let mut text = String::new();
    for (form, name) in [
        (BatchForm::Scalar, "scalar"),
        (BatchForm::Batch, "batch"),
        (BatchForm::Simd, "SIMD batch"),
    ] {
        let mut rows = speeds.iter().filter(|speed| speed.form == form).peekable();
        let Some(first) = rows.peek() else { continue };
        // Writing to a string cannot fail.
        let _ = write!(text, "{:<24} {name:<11}", first.env);
        for speed in rows {
            let _ = write!(text, "{:>10}", rate(speed.steps_per_s));
        }
        text.push('\n');
    }
    text
}

/// The line above the speeds.
pub fn header() -> String {
    let mut text = format!("{:<24} {:<11}", "environment steps/s", "n =");
    for n in BATCH_SIZES {
        let _ = write!(text, "{n:>10}");
    }
    text + "\n"
}

/// Peers beside the fastest of our forms with the same number of environments.
pub fn peers(peers: &[PythonSpeed], ours: &[EnvironmentSpeed]) -> String {
    let mut text = format!(
        "{:<18} {:<24} {:>6} {:>10} {:>10} {:>8}\n",
        "peer", "environment", "n", "peer/s", "ours/s", "ratio"
    );
    for peer in peers {
        let same = ours
            .iter()
            .filter(|speed| speed.env == peer.env && speed.n == peer.n);
        let Some(best) = same.map(|speed| speed.steps_per_s).reduce(f64::max) else {
            continue;
        };
        let _ = writeln!(
            text,
            "{:<18} {:<24} {:>6} {:>10} {:>10} {:>6.0} ×",
            peer.package,
            peer.env,
            peer.n,
            rate(peer.steps_per_s),
            rate(best),
            best / peer.steps_per_s
        );
    }
    text
}

/// A training that has ended.
pub fn run(run: &TimedRun) -> String {
    format!(
        "{:<15} {:<12} seed {}: {:>8} steps in {:>6.2} s, {:>6}/s",
        run.workload,
        run.side,
        run.seed,
        run.steps,
        run.wall_s,
        rate(run.steps_per_s)
    )
}

/// A point that has been measured.
pub fn point(point: &ScalingPoint) -> String {
    let peak = point.peak_bytes.map_or(String::new(), |bytes| {
        format!(", {:.0} MB", bytes as f64 / 1e6)
    });
    format!(
        "{:<12} {:>8}: {:>6} steps/s{peak}",
        point.axis.name(),
        point.value,
        rate(point.steps_per_s)
    )
}

/// Paths of the files, a line each.
pub fn paths(paths: &[PathBuf]) -> String {
    let line = |path: &PathBuf| format!("{}\n", path.display());
    paths.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_have_three_significant_digits() {
        for (rate_, text) in [
            (24_512_000.0, "24.5 M"),
            (112e6, "112 M"),
            (9_210.0, "9.21 k"),
        ] {
            assert_eq!(rate(rate_), text);
        }
    }

    #[test]
    fn a_peer_stands_beside_the_fastest_form_of_the_same_size() {
        let speed = |form, n, steps_per_s| EnvironmentSpeed {
            env: "cartpole",
            form,
            n,
            steps_per_s,
        };
        let ours = [
            speed(BatchForm::Scalar, 1, 20e6),
            speed(BatchForm::Batch, 64, 30e6),
            speed(BatchForm::Simd, 64, 90e6),
        ];
        let peer = |env: &str, n| PythonSpeed {
            package: "slow".into(),
            env: env.into(),
            n,
            steps_per_s: 1e6,
        };
        let text = peers(
            &[peer("cartpole", 64), peer("cartpole", 7), peer("chess", 64)],
            &ours,
        );
        assert_eq!(text.lines().count(), 2);
        assert!(text.contains("90 ×"), "{text}");
        assert_eq!(environment(&ours).lines().count(), 3);
    }
}
