//! States that episodes can be in.

use super::FiniteMdp;

impl FiniteMdp {
    /// States that an episode can be in before its end, `true` for each that some actions lead to from an initial
    /// state, `[states]`.
    pub fn reachable(&self) -> Vec<bool> {
        let mut reachable = vec![false; self.states()];
        let starts = self.initial().iter().map(|&p| p > 0.0);
        let mut next: Vec<usize> = starts.enumerate().filter(|s| s.1).map(|s| s.0).collect();
        while let Some(state) = next.pop() {
            if self.is_terminal(state) || std::mem::replace(&mut reachable[state], true) {
                continue;
            }
            for action in 0..self.actions() {
                let after = self.transition(state, action).iter().enumerate();
                next.extend(after.filter(|(_, p)| **p > 0.0).map(|(state, _)| state));
            }
        }
        reachable
    }
}

#[cfg(test)]
mod tests {
    use super::super::cliff;

    #[test]
    fn no_episode_is_within_the_cliff_or_beyond_the_goal() {
        let reachable = cliff(0.9).unwrap().reachable();
        let expected: Vec<bool> = (0..48).map(|state| !(37..48).contains(&state)).collect();
        assert_eq!(reachable, expected);
    }
}
