//! `cargo xtask regress`: a check that no kernel has become slower.
//!
//! Times depend on the machine, so that none is stored. The file `tests/benches/ratios.toml` has
//! each kernel's time divided by that of a reference kernel in the same run. Each time is the
//! fastest of several rounds, which other programs disturb least.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt::Write as _;
use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result, bail, ensure};

use crate::usage::UsageError;
use crate::{cargo, mujoco};

/// Name of the reference kernel.
const REFERENCE: &str = "reference";
/// Number of measurements of each kernel.
const ROUNDS: usize = 3;
/// Greatest ratio that does not count as a regression, as a multiple of the stored one.
const LIMIT: f64 = 1.2;

/// One number per kernel, by its name.
type Kernels = BTreeMap<String, f64>;

/// Measures the kernels and compares their ratios with the stored ones, or stores them with
/// `--update`.
///
/// # Errors
/// If a kernel is more than a fifth slower than stored, or is not stored, or cannot be measured.
pub fn run(arguments: &[OsString]) -> Result<()> {
    let update = match arguments {
        [] => false,
        [word] if word == "--update" => true,
        [word, ..] => {
            let word = word.to_string_lossy();
            let message = format!("unexpected argument `{word}`: `regress` takes only --update");
            return Err(UsageError(message).into());
        }
    };
    // Compiled first, because the output of the measurement is captured.
    cargo::run(bench().arg("--no-run"))?;
    let mut fastest = Kernels::new();
    for _ in 0..ROUNDS {
        for (name, seconds) in measure()? {
            let best = fastest.entry(name).or_insert(seconds);
            *best = best.min(seconds);
        }
    }
    let measured = ratios(&fastest)?;
    let path = cargo::root().join("tests/benches/ratios.toml");
    if update {
        let text = stored_text(&measured);
        fs::write(&path, &text).with_context(|| format!("cannot write `{}`", path.display()))?;
        print!("{text}");
        return Ok(());
    }
    let text =
        fs::read_to_string(&path).with_context(|| format!("cannot read `{}`", path.display()))?;
    let stored: Kernels =
        toml::from_str(&text).with_context(|| format!("`{}` is no list", path.display()))?;
    let (table, slower) = compare(&stored, &measured)?;
    print!("{table}");
    ensure!(
        slower.is_empty(),
        "more than {:.0} % slower than stored: {}",
        (LIMIT - 1.0) * 100.0,
        slower.join(", ")
    );
    Ok(())
}

/// The command of the benchmarks, with the features of the tests, so that Burn is not built again.
fn bench() -> Command {
    let mut bench = cargo::cargo();
    bench.args(["bench", "--workspace", "--exclude", cargo::OF_PYTHON]);
    bench.arg("--quiet");
    bench.args(["--features", &mujoco::ci_features()]);
    bench.args(["--bench", "kernels"]);
    mujoco::on_path(&mut bench);
    bench.current_dir(cargo::root());
    bench
}

/// The fastest time of each kernel in one round, in seconds.
fn measure() -> Result<Kernels> {
    let mut bench = bench();
    let output = (bench.env("DIVAN_COLOR", "never").output())
        .with_context(|| format!("cannot start `{}`", cargo::shown(&bench)))?;
    ensure!(
        output.status.success(),
        "`{}` failed ({})\n{}",
        cargo::shown(&bench),
        output.status,
        String::from_utf8_lossy(&output.stderr)
    );
    parse(&String::from_utf8_lossy(&output.stdout))
}

/// The numbers of the column `fastest` of divan's table, in seconds; its lines are like
/// `├─ name   1.2 µs   │ …`.
fn parse(table: &str) -> Result<Kernels> {
    let lines = table.lines();
    let rows = lines.filter_map(|line| line.strip_prefix("├─ ").or(line.strip_prefix("╰─ ")));
    let kernels = rows
        .map(|row| {
            let words: Vec<&str> = row.split_whitespace().take(3).collect();
            let [name, number, unit] = words[..] else {
                bail!("divan's row `{row}` has no time");
            };
            let unit = match unit {
                "ps" => 1e-12,
                "ns" => 1e-9,
                "µs" => 1e-6,
                "ms" => 1e-3,
                "s" => 1.0,
                _ => bail!("divan's row `{row}` has no unit of time"),
            };
            let number: f64 = number
                .parse()
                .with_context(|| format!("divan's row `{row}` has no time"))?;
            Ok((name.to_owned(), number * unit))
        })
        .collect::<Result<Kernels>>()?;
    ensure!(!kernels.is_empty(), "divan measured nothing:\n{table}");
    Ok(kernels)
}

/// Times as multiples of that of the reference kernel.
fn ratios(times: &Kernels) -> Result<Kernels> {
    let reference = times
        .get(REFERENCE)
        .with_context(|| format!("there is no kernel `{REFERENCE}`"))?;
    let others = times.iter().filter(|(name, _)| *name != REFERENCE);
    Ok(others
        .map(|(name, time)| (name.clone(), time / reference))
        .collect())
}

/// Text of the file of ratios.
fn stored_text(ratios: &Kernels) -> String {
    let mut text = String::from(
        "# The time of each kernel as a multiple of the reference's. Made by\n\
         # `cargo xtask regress --update`; `cargo xtask regress` compares with it.\n",
    );
    for (name, ratio) in ratios {
        // Writing to a string cannot fail.
        let _ = writeln!(text, "{name} = {ratio:.5}");
    }
    text
}

/// A table of stored and measured ratios, and the names of the kernels that have become slower.
fn compare<'a>(stored: &'a Kernels, measured: &Kernels) -> Result<(String, Vec<&'a str>)> {
    let unknown: Vec<&str> = (stored.keys())
        .filter(|name| !measured.contains_key(*name))
        .chain(measured.keys().filter(|name| !stored.contains_key(*name)))
        .map(String::as_str)
        .collect();
    ensure!(
        unknown.is_empty(),
        "kernels that are not both stored and measured: {}; `cargo xtask regress --update` stores \
         what is measured",
        unknown.join(", ")
    );
    let mut table = format!(
        "{:<30}{:>10}{:>10}{:>9}\n",
        "× reference", "stored", "now", "change"
    );
    let mut slower = Vec::new();
    for ((name, stored), now) in stored.iter().zip(measured.values()) {
        let change = now / stored;
        let percent = (change - 1.0) * 100.0;
        let mark = if change > LIMIT { "  slower" } else { "" };
        let _ = writeln!(
            table,
            "{name:<30}{stored:>10.5}{now:>10.5}{percent:>+8.0}%{mark}"
        );
        if change > LIMIT {
            slower.push(name.as_str());
        }
    }
    Ok((table, slower))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &str = "\
Timer precision: 20 ns
kernels          fastest       │ slowest       │ median        │ mean          │ samples │ iters
├─ actor_1_row   281.2 ns      │ 3.5 µs        │ 290.1 ns      │ 300.2 ns      │ 100     │ 3200
├─ gae           0.05 ms       │ 1 s           │ 60 µs         │ 70 µs         │ 100     │ 100
╰─ reference     12.5 µs       │ 20 µs         │ 13 µs         │ 14 µs         │ 100     │ 100
";

    fn kernels(list: &[(&str, f64)]) -> Kernels {
        let owned = list.iter().map(|(name, x)| ((*name).to_owned(), *x));
        owned.collect()
    }

    #[test]
    fn the_fastest_times_are_read_and_divided_by_the_reference() {
        let ratios = ratios(&parse(TABLE).unwrap()).unwrap();
        assert_eq!(ratios.keys().collect::<Vec<_>>(), ["actor_1_row", "gae"]);
        for (name, expected) in [("actor_1_row", 0.281_2 / 12.5), ("gae", 4.0)] {
            assert!((ratios[name] - expected).abs() < 1e-9, "{name}");
        }
    }

    #[test]
    fn what_is_no_table_of_times_is_an_error() {
        for text in ["", "├─ gae", "├─ gae 1.0 GB", "├─ gae fast ns"] {
            assert!(parse(text).is_err(), "{text}");
        }
        assert!(ratios(&kernels(&[("gae", 1.0)])).is_err(), "no reference");
    }

    #[test]
    fn a_kernel_more_than_a_fifth_slower_is_named_and_no_other() {
        let stored = kernels(&[("actor", 2.0), ("gae", 1.0), ("step", 5.0)]);
        let measured = kernels(&[("actor", 2.39), ("gae", 1.21), ("step", 2.0)]);
        let (table, slower) = compare(&stored, &measured).unwrap();
        assert_eq!(slower, ["gae"], "{table}");
        assert_eq!(table.matches("slower").count(), 1, "{table}");
    }

    #[test]
    fn kernels_that_came_or_went_are_named() {
        let [stored, measured] = ["old", "new"].map(|name| kernels(&[(name, 1.0)]));
        let error = compare(&stored, &measured).unwrap_err().to_string();
        assert!(error.contains("old, new;"), "{error}");
    }

    #[test]
    fn what_is_stored_is_read_back() {
        let ratios = kernels(&[("actor", 0.25), ("gae", 3.5)]);
        let read: Kernels = toml::from_str(&stored_text(&ratios)).unwrap();
        assert_eq!(read, ratios);
    }
}
