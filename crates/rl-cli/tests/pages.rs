//! Pages of runs: the report at the end of a training, `rl report`, and `rl dash`.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use serde_json::Value;

use common::{Place, assert_failure, assert_success};

/// The numbers of a page's scripts.
fn data(page: &str) -> Value {
    let begin = "<script type=\"application/json\" id=\"data\">";
    let rest = page.split(begin).nth(1).unwrap();
    serde_json::from_str(rest.split("</script>").next().unwrap()).unwrap()
}

#[test]
fn a_training_leaves_a_report_with_the_rows_of_its_metrics_unless_told_otherwise() {
    let place = Place::new();
    let screen = assert_success(&place.rl("train --updates 3 --out run --set gamma=0.5"));
    assert!(screen.contains("run (open report.html"), "{screen}");
    let page = fs::read_to_string(place.path("run/report.html")).unwrap();
    assert!(page.contains(">finished</span>"), "the run had ended");
    assert!(page.contains("<th scope=\"row\">gamma</th><td>0.5</td>"));
    let csv = fs::read_to_string(place.path("run/metrics.csv")).unwrap();
    let column = csv.lines().next().unwrap().split(',');
    let column = column
        .clone()
        .position(|name| name == "return_mean")
        .unwrap();
    let returns: Vec<f64> = csv
        .lines()
        .skip(1)
        .map(|row| row.split(',').nth(column).unwrap().parse().unwrap())
        .collect();
    let shown = data(&page);
    let shown = shown["series"]["mean"]["return_mean"].as_array().unwrap();
    assert_eq!((shown.len(), returns.len()), (3, 3));
    for (shown, written) in shown.iter().zip(returns) {
        let shown = shown.as_f64().unwrap();
        assert!(
            (shown - written).abs() < 1e-5 * written.abs(),
            "{shown} {written}"
        );
    }

    let screen = assert_success(&place.rl("train --updates 3 --out bare --no-report"));
    assert!(!screen.contains("report.html"), "{screen}");
    assert!(!place.path("bare/report.html").exists());
}

#[test]
fn a_report_goes_where_it_is_asked_to_and_says_why_it_cannot() {
    let place = Place::new();
    place.trained("run", "--no-report");
    let path = assert_success(&place.rl("report run -o page.html"));
    assert_eq!(path, "page.html\n");
    assert!(
        fs::read_to_string(place.path("page.html"))
            .unwrap()
            .contains("</html>")
    );
    assert!(!place.path("run/report.html").exists());
    assert_eq!(assert_success(&place.rl("report run")), "run/report.html\n");

    let words = ["is not the directory of a run"];
    assert_failure(&place.rl("report nowhere"), 2, &words);
    let words = ["cannot write nowhere/page.html"];
    assert_failure(&place.rl("report run -o nowhere/page.html"), 1, &words);
    place.write("run/metrics.csv", "update\nx\n");
    let words = ["metrics.csv is damaged", "update is 'x'"];
    assert_failure(&place.rl("report run"), 1, &words);
}

#[test]
fn a_report_that_cannot_be_written_ends_no_training() {
    let place = Place::new();
    // A directory is in the place of the page.
    place.trained("run", "--checkpoint-every 1");
    fs::remove_file(place.path("run/report.html")).unwrap();
    fs::create_dir_all(place.path("run/report.html/full")).unwrap();
    let output = place.rl("train --resume run --updates 4");
    assert_success(&output);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(
        errors.contains("note: no report: cannot write run/report.html"),
        "{errors}"
    );
}

#[test]
#[cfg(unix)]
fn a_dashboard_says_where_it_is_ends_by_a_signal_and_refuses_what_it_cannot_serve() {
    let place = Place::new();
    place.trained("runs/mine", "--no-report");
    let mut command = place.command("dash runs --port 0");
    let mut dash = command.stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    let mut out = BufReader::new(dash.stdout.take().unwrap());
    out.read_line(&mut line).unwrap();
    let port = line.trim_end_matches("/\n").rsplit(':').next().unwrap();
    assert!(line.starts_with("http://127.0.0.1:"), "{line}");
    let words = [&*format!("port {port} is in use"), "--port"];
    assert_failure(&place.rl(&format!("dash runs --port {port}")), 1, &words);
    assert_failure(
        &place.rl("dash nowhere"),
        2,
        &["nowhere is not a directory"],
    );
    assert_failure(&place.rl("dash runs --port 70000"), 2, &["from 0 to 65535"]);
    let interrupt = format!("-INT {}", dash.id());
    let kill = Command::new("kill").args(interrupt.split(' ')).status();
    assert!(kill.unwrap().success());
    assert_eq!(dash.wait().unwrap().code(), Some(0));
}
