//! The map of a policy as text.

use rl_envs::toy_text::{Cell, MapView};

use super::PolicyMap;

/// Sign of a cell where several actions are equally good.
const TIE: char = '+';
/// Columns between two views.
const GAP: usize = 3;

impl PolicyMap {
    /// The greedy actions as lines of signs: an arrow or the first letter of an action, `+` where several are equally good, and
    /// `H`, `#` and `G` for holes, the cliff and the goal.
    pub fn text(&self) -> String {
        let mut lines = vec![format!("greedy actions{}", self.explained())];
        for views in self.map.views.chunks(self.map.views_per_row.max(1)) {
            let blocks: Vec<Vec<String>> = views.iter().map(|view| self.block(view)).collect();
            let letters = |line: &String| line.chars().count();
            let width = blocks.iter().flatten().map(letters).max().unwrap_or(0);
            for y in 0..blocks.first().map_or(0, Vec::len) {
                let row = blocks.iter().filter_map(|block| block.get(y));
                let row: Vec<String> = row.map(|line| format!("{line:<width$}")).collect();
                let gap = " ".repeat(GAP);
                lines.push(format!("  {}", row.join(&gap).trim_end()));
            }
        }
        lines.join("\n") + "\n"
    }

    /// Meaning of the signs that are there and no arrows.
    fn explained(&self) -> String {
        let views = || self.map.views.iter().flat_map(|view| self.signs(view));
        let is_there = |sign| views().any(|shown| shown == sign);
        let mut words: Vec<String> = self.named().collect();
        if is_there(TIE) {
            words.push(format!("{TIE} several"));
        }
        match words.is_empty() {
            true => ":".to_owned(),
            false => format!(" ({}):", words.join(", ")),
        }
    }

    /// Letters of actions that are no moves, with their words.
    pub(super) fn named(&self) -> impl Iterator<Item = String> {
        let moveless = self
            .map
            .actions
            .iter()
            .filter(|mark| mark.heading().is_none());
        moveless.map(|mark| match mark {
            rl_envs::toy_text::ActionMark::Named(words) => format!("{} {words}", mark.sign()),
            mark => mark.sign().to_string(),
        })
    }

    /// The lines of a view, its title first.
    fn block(&self, view: &MapView) -> Vec<String> {
        let signs: Vec<char> = self.signs(view).collect();
        let rows = signs.chunks(self.map.columns.max(1)).map(|row| {
            let row: Vec<String> = row.iter().map(char::to_string).collect();
            row.join(" ")
        });
        let title = Some(view.title.clone()).filter(|title| !title.is_empty());
        title.into_iter().chain(rows).collect()
    }

    /// The sign of each cell.
    fn signs(&self, view: &MapView) -> impl Iterator<Item = char> {
        let cells = self.map.cells.iter().zip(&view.states);
        cells.map(|(cell, state)| match (state, cell) {
            (Some(state), _) => match self.greedy(*state) {
                Some((_, best)) if best.len() == 1 => self.map.actions[best[0]].sign(),
                Some(_) => TIE,
                None => '?',
            },
            (None, Cell::Hole) => 'H',
            (None, Cell::Cliff) => '#',
            (None, Cell::Goal) => 'G',
            (None, Cell::Ground | Cell::Start | Cell::Pad(_)) => '.',
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::map;

    #[test]
    fn a_lake_is_a_block_of_arrows_with_its_holes_and_its_goal() {
        let map = map("frozen-lake", [16, 4], |state, action| match state {
            0 => f32::from(u8::from(action < 2)),
            state => f32::from(u8::from(action == state % 4)),
        });
        let expected = "greedy actions (+ several):\n  + ↓ → ↑\n  ← H → H\n  ← ↓ → H\n  H ↓ → G\n";
        assert_eq!(map.text(), expected);
    }

    #[test]
    fn a_town_has_four_views_to_a_row_within_80_columns() {
        let text = map("taxi", [500, 6], |_, action| action as f32).text();
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "greedy actions (p pick up, d drop off):");
        assert_eq!(lines.len(), 1 + 4 * (1 + 5));
        let titles: Vec<&str> = lines[1].split_whitespace().collect();
        assert_eq!(titles.join(" "), "G to R Y to R B to R aboard to R");
        assert_eq!(lines[2].matches('d').count(), 4 * 5);
        assert!(
            lines.iter().all(|line| line.chars().count() <= 80),
            "{text}"
        );
    }
}
