//! A comparison as text of at most 80 columns.

use super::comparison::{Comparison, GroupResult, Improvement};
use crate::table::{aligned, thousands};

impl Comparison {
    /// The groups by letters, their scores, the time until they reach the threshold, and a row per pair of groups.
    pub fn table(&self) -> String {
        let mut text = format!("{}: {}\n\n", self.env, self.score.description());
        for (i, group) in self.groups.iter().enumerate() {
            for line in lines(&group.label(), 76) {
                text += &format!("{:<3} {line}\n", letter(i));
            }
        }
        let groups = || self.groups.iter().enumerate();
        let rows: Vec<_> = groups().map(|(i, group)| scores(i, group)).collect();
        let header = ["scores", "runs", "IQM", "95 % interval", "worst (seed)"];
        text += "\n";
        text += &aligned(header, 1, &rows);
        if self.groups.iter().any(|group| group.interval.is_none()) {
            text += "\nA single run has no interval: more seeds have one.\n";
        }
        if let Some(threshold) = self.threshold {
            let rows: Vec<_> = groups().map(|(i, group)| time(i, group)).collect();
            let at = format!("score ≥ {threshold}");
            text += "\n";
            text += &aligned(["threshold", &at, "steps to it", "seconds to it"], 1, &rows);
        }
        if !self.improvements.is_empty() {
            let rows: Vec<_> = self.improvements.iter().map(improvement).collect();
            let header = ["improvement", "probability", "95 % interval"];
            text += "\n";
            text += &aligned(header, 1, &rows);
        }
        text
    }
}

fn scores(i: usize, group: &GroupResult) -> [String; 5] {
    let places = match group.iqm.abs() {
        size if size < 10.0 => 2,
        size if size < 1e5 => 1,
        _ => 0,
    };
    [
        letter(i),
        group.seeds.len().to_string(),
        format!("{:.places$}", group.iqm),
        group.interval.map_or("-".to_owned(), |[low, high]| {
            format!("{low:.places$} to {high:.places$}")
        }),
        format!("{:.places$} ({})", group.worst, group.worst_seed),
    ]
}

fn time(i: usize, group: &GroupResult) -> [String; 4] {
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "-".to_owned());
    [
        letter(i),
        or_none(
            group
                .share_reached
                .map(|share| format!("{:.0} %", 100.0 * share)),
        ),
        or_none(group.steps_to_threshold.map(thousands)),
        or_none(group.seconds_to_threshold.map(|s| format!("{s:.1}"))),
    ]
}

fn improvement(improvement: &Improvement) -> [String; 3] {
    let [group, over] = [improvement.group, improvement.over].map(letter);
    [
        format!("{group} over {over}"),
        format!("{:.2}", improvement.probability),
        improvement.interval.map_or("-".to_owned(), |[low, high]| {
            format!("{low:.2} to {high:.2}")
        }),
    ]
}

/// Letters of a group: A to Z, then AA and so on.
pub fn letter(i: usize) -> String {
    let last = char::from(b'A' + (i % 26) as u8);
    match i / 26 {
        0 => last.to_string(),
        before => format!("{}{last}", letter(before - 1)),
    }
}

/// The text in lines of at most so many letters.
fn lines(text: &str, width: usize) -> Vec<String> {
    let letters: Vec<char> = text.chars().collect();
    letters
        .chunks(width)
        .map(|line| line.iter().collect())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::comparison::tests::groups;
    use super::*;

    #[test]
    fn the_table_fits_eighty_columns() {
        let place = tempfile::tempdir().unwrap();
        let mut comparison = Comparison::of(&groups(place.path(), true), Some(20.0)).unwrap();
        for group in &mut comparison.groups {
            group.name = "learning_rate=0.001 ".repeat(6);
            (group.iqm, group.worst, group.interval) = (-1234.5, -1234.5, Some([-1234.5, -1000.5]));
            (group.steps_to_threshold, group.seconds_to_threshold) = (Some(1e7), Some(1e4));
            group.worst_seed = 199;
        }
        let table = comparison.table();
        for line in table.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
        for text in [
            "A   learning_rate",
            "67 %",
            "10,000,000",
            "B over A",
            "0.67",
        ] {
            assert!(table.contains(text), "'{text}' is not in\n{table}");
        }
    }

    #[test]
    fn groups_have_letters_after_z() {
        assert_eq!([0, 25, 26, 53].map(letter), ["A", "Z", "AA", "BB"]);
    }
}
