//! Screen of a replay of recorded traces: a table per environment, then what is beyond tolerance.

use std::fmt::Write as _;

use rl_envs::parity::{Quantity, Report};

/// A table per environment, and the first deviations if there are any.
pub fn report(report: &Report) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    for environment in &report.environments {
        let verdict = if environment.passed {
            "passed"
        } else {
            "FAILED"
        };
        let _ = writeln!(text, "{}: {verdict}", environment.environment);
        let _ = writeln!(
            text,
            "  {:<20} {:>12}  {:<17} {:>13} {:>9} {:>9}  tolerance",
            "file", "rows", "", "differing", "absolute", "relative"
        );
        for file in &environment.files {
            let mut file_and_rows = (
                file.file.as_str(),
                format!("{} of {}", file.compared, file.rows),
            );
            for quantity in &file.quantities {
                let (name, rows) = std::mem::take(&mut file_and_rows);
                let _ = writeln!(text, "  {name:<20} {rows:>12}  {}", line(quantity));
            }
        }
        text.push('\n');
    }
    for environment in &report.environments {
        for file in &environment.files {
            let path = environment.directory.join(&file.file);
            for deviation in file.quantities.iter().flat_map(|q| &q.deviations) {
                let _ = writeln!(
                    text,
                    "{}, line {}, {}: {} = {}, recorded {}",
                    path.display(),
                    deviation.line,
                    deviation.row,
                    deviation.column,
                    deviation.ours,
                    deviation.theirs
                );
            }
        }
    }
    text
}

fn line(quantity: &Quantity) -> String {
    let differing = format!("{} of {}", quantity.differing, quantity.compared);
    let verdict = match quantity.beyond {
        0 => String::new(),
        beyond => format!(": {beyond} BEYOND"),
    };
    // Flags are equal or not.
    let errors = [quantity.largest_absolute, quantity.largest_relative].map(|error| {
        if quantity.name.starts_with("flags") {
            String::new()
        } else if error == 0.0 {
            "0".into()
        } else {
            format!("{error:.1e}")
        }
    });
    let Quantity {
        name, tolerance, ..
    } = quantity;
    format!(
        "{name:<17} {differing:>13} {:>9} {:>9}  {tolerance}{verdict}",
        errors[0], errors[1]
    )
}
