//! The pages of the documentation against the program and the evidence that they speak of.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod common;

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use common::{Place, assert_success};

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn read(page: &str) -> String {
    fs::read_to_string(root().join(page)).unwrap()
}

#[test]
fn the_readme_shows_the_summary_of_the_default_training() {
    let readme = read("README.md");
    let shown = readme.split("```text\n").nth(1).unwrap();
    let shown = shown.split("```").next().unwrap();
    let printed = assert_success(&Place::new().rl("train"));
    // Two lines have times in them.
    let untimed = |text: &str| -> Vec<String> {
        let lines = text.lines().filter(|line| !line.starts_with("time"));
        let untimed = lines.map(|line| line.split(" episodes, ").next().unwrap_or(line));
        untimed.map(str::to_owned).collect()
    };
    assert_eq!(untimed(shown), untimed(&printed));
}

#[test]
fn the_readme_says_the_speeds_that_were_measured() {
    let page = read("docs/evidence/training-speed/README.md");
    let speed = |side: &str| -> String {
        let cells = |line: &str| -> Vec<String> {
            line.split('|').map(|cell| cell.trim().to_owned()).collect()
        };
        let rows = page.lines().map(cells);
        let mut rows = rows.filter(|row| row.len() > 3 && row[1] == "ppo-cleanrl");
        let row = rows.find(|row| row[2] == side).unwrap();
        let rate: f64 = row[3].replace(',', "").parse().unwrap();
        // To three digits, or to hundreds.
        let unit = if rate < 1e5 { 100.0 } else { 1000.0 };
        let rounded = (rate / unit).round() * unit;
        format!("{},{:03}", (rounded / 1e3).floor(), rounded % 1e3)
    };
    let readme = read("README.md").replace('\n', " ");
    let (own, torch, jax) = (speed("rl"), speed("torch"), speed("jax"));
    for words in [
        format!("[{own} steps per second](docs/evidence/training-speed/README.md)"),
        format!("beside {torch} of PyTorch and {jax} of a program compiled by JAX"),
    ] {
        assert!(readme.contains(&words), "the README does not say: {words}");
    }
}

#[test]
fn every_number_of_a_paragraph_about_evidence_is_on_the_pages_that_it_links() {
    let readme = read("README.md");
    for paragraph in readme.split("\n\n") {
        let paragraph = paragraph.replace('−', "-");
        let pages: Vec<_> = links(&paragraph)
            .filter(|link| link.starts_with("docs/evidence/") && link.ends_with(".md"))
            .collect();
        // A first column of a table names the pages, or code the options.
        if pages.is_empty() || paragraph.starts_with(['|', '`']) {
            continue;
        }
        let text: String = pages.iter().map(|page| read(page)).collect();
        let known: Vec<f64> = numbers(&text.replace('−', "-"))
            .into_iter()
            .map(|(number, _)| number)
            .collect();
        let prose: String = paragraph.split('(').map(after_link).collect();
        for (number, half) in numbers(&prose) {
            assert!(
                known.iter().any(|known| (known - number).abs() <= half),
                "{number} is on none of {pages:?}:\n{paragraph}"
            );
        }
    }
}

/// Text after a link's target.
fn after_link(text: &str) -> &str {
    match text.split_once(')') {
        Some((target, rest)) if target.contains(".md") => rest,
        _ => text,
    }
}

/// Numbers of a text that are words of their own, each with half a unit of its last digit that is
/// not a rounded thousand.
fn numbers(text: &str) -> Vec<(f64, f64)> {
    let words = text.split(|c: char| !c.is_alphanumeric() && !".,-".contains(c));
    let number = |word: &str| {
        let plain = word.trim_end_matches(['.', ',']).replace(',', "");
        let value: f64 = plain.parse().ok()?;
        let decimals = plain.split_once('.').map_or(0, |(_, digits)| digits.len());
        let digits = plain.trim_end_matches('0').len();
        let zeros = if decimals == 0 && value.abs() >= 1e3 {
            plain.len() - digits
        } else {
            0
        };
        Some((value, 0.501 * 10_f64.powi(zeros as i32 - decimals as i32)))
    };
    words.filter_map(number).collect()
}

#[test]
fn every_link_and_every_file_that_the_documentation_names_exists() {
    let mut pages = Vec::new();
    for folder in [
        "",
        "docs",
        "docs/decisions",
        "docs/evidence",
        "crates/rl-envs/tests/golden",
    ] {
        let files = fs::read_dir(root().join(folder)).unwrap();
        pages.extend(files.map(|file| file.unwrap().path()));
    }
    pages.extend(
        [
            "claims/evidence.md",
            "scaling/README.md",
            "training-speed/README.md",
            "value-speed/README.md",
        ]
        .map(|page| root().join("docs/evidence").join(page)),
    );
    let mut count = 0;
    for page in pages
        .iter()
        .filter(|page| page.extension().is_some_and(|end| end == "md"))
    {
        let text = fs::read_to_string(page).unwrap();
        for link in links(&text).filter(|link| !link.contains("://")) {
            count += 1;
            let (file, heading) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => page.clone(),
                file => page.parent().unwrap().join(file),
            };
            let place = format!("{link} of {}", page.display());
            assert!(target.exists(), "{place} is missing");
            if !heading.is_empty() {
                let anchors = anchors(&fs::read_to_string(target).unwrap());
                assert!(anchors.contains(heading), "{place} is no heading of it");
            }
        }
        // Files of the code may be named from the crates on.
        let quoted = text.split('`').skip(1).step_by(2);
        for file in quoted.filter(|file| file.contains('/') && file.ends_with(".rs")) {
            let folder = page.parent().unwrap().to_owned();
            let mut folders = [root(), root().join("crates"), folder].into_iter();
            let exists = folders.any(|folder| folder.join(file).exists());
            assert!(exists, "{file} of {} is missing", page.display());
        }
    }
    assert!(count > 100, "{count} links");
}

/// Targets of Markdown's links and pictures, outside of code.
fn links(text: &str) -> impl Iterator<Item = &str> {
    let prose = text.split("```").step_by(2);
    let targets = prose.flat_map(|prose| {
        prose
            .split("](")
            .skip(1)
            .chain(prose.split("src=\"").skip(1))
    });
    targets.filter_map(|target| target.split([')', '"']).next())
}

/// Anchors of the headings of a page, as GitHub makes them.
fn anchors(text: &str) -> HashSet<String> {
    let headings = text.lines().filter(|line| line.starts_with('#'));
    let anchor = |line: &str| -> String {
        let line = line
            .trim_start_matches('#')
            .trim()
            .to_lowercase()
            .replace(' ', "-");
        line.chars()
            .filter(|c| c.is_alphanumeric() || "-_".contains(*c))
            .collect()
    };
    headings.map(anchor).collect()
}

#[test]
fn the_table_of_metrics_has_each_column_that_any_algorithm_writes_and_no_other() {
    let page = read("docs/metrics.md");
    let rows = page.lines().filter(|line| line.starts_with("| `"));
    let names = rows.flat_map(|row| {
        let cell = row.split('|').nth(1).unwrap();
        cell.split('`').skip(1).step_by(2).map(str::to_owned)
    });
    let explained: Vec<String> = names.collect();
    let place = Place::new();
    let mut written = HashSet::new();
    for algorithm in rl_train::Registry::default().algorithms() {
        let name = algorithm.name();
        let env = match algorithm.has_networks() {
            true => "cartpole",
            false => "frozen-lake",
        };
        let words = format!("--env {env} --algo {name} --eval-every 1 --eval-episodes 1");
        place.trained(name, &words);
        let rows = fs::read_to_string(place.path(name).join("metrics.csv")).unwrap();
        let header = rows.lines().next().unwrap();
        written.extend(header.split(',').map(str::to_owned));
    }
    let known: HashSet<String> = explained.iter().cloned().collect();
    assert_eq!(known.len(), explained.len(), "each is explained once");
    assert_eq!(known, written);
}

#[test]
fn the_table_of_the_deadly_triad_is_what_its_command_prints() {
    let printed = assert_success(&Place::new().rl("triad"));
    let (table, files) = printed.split_once("\n\n").unwrap();
    assert_eq!(files, "runs/triad/triad.csv\nruns/triad/triad.svg\n");
    // Words may be links or code there, and columns of another width.
    let plain = |text: &str| text.replace(['`', ' '], "");
    let page = plain(&read("docs/value-based.md"));
    for line in table.lines().skip(2) {
        assert!(page.contains(&plain(line)), "{line}");
    }
}

#[test]
fn help_fits_80_columns() {
    let place = Place::new();
    let commands = "train eval render list parity bench evidence variance triad curves sweep tune runs \
                    plot compare completions inspect";
    let benches = ["bench envs", "bench train", "bench scaling", ""];
    for command in commands.split(' ').chain(benches) {
        let help = assert_success(&place.rl(&format!("{command} --help")));
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{command}: {line}");
        }
    }
}
