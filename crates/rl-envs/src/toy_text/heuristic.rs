//! Optimal rules for the toy-text environments.

use rl_core::{Policy, Stream};

use super::cliff_walking::{COLUMNS, START};
use super::taxi::{ABOARD, PADS, TaxiState};

/// Choices on the lake of 4 × 4 fields by field: left, down, right or up.
const LAKE: &[u8] = b"LUUULLLLUDLLLRDL";
/// Choices on the lake of 8 × 8 fields.
const LAKE_8X8: &[u8] = b"URRRRRRRUUUUUUURLULLRURRLLLDLLRRLULLRDURLLLDULLRLLDLLLLRLDLLDRDL";

/// Optimal rule for a toy-text environment, which chooses the action by the state alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ToyTextHeuristic {
    /// Slippery FrozenLake: away from the holes, greedy for exact values with γ = 0.999.
    FrozenLake,
    /// The same on 8 × 8 fields.
    FrozenLake8x8,
    /// CliffWalking: up, along the edge, down.
    CliffWalking,
    /// Taxi: by the shortest way to the passenger, then to the destination.
    Taxi,
}

impl ToyTextHeuristic {
    /// The action for a state; 0 where there is no such state.
    pub fn action(self, state: usize) -> usize {
        let by_letter = |letters: &[u8]| match letters.get(state) {
            Some(b'L') | None => 0,
            Some(b'D') => 1,
            Some(b'R') => 2,
            Some(_) => 3,
        };
        match self {
            Self::FrozenLake => by_letter(LAKE),
            Self::FrozenLake8x8 => by_letter(LAKE_8X8),
            Self::CliffWalking if state == START => 0,
            Self::CliffWalking if state % COLUMNS == COLUMNS - 1 => 2,
            Self::CliffWalking => 1,
            Self::Taxi if state < 500 => taxi(TaxiState::from_index(state)),
            Self::Taxi => 0,
        }
    }
}

impl Policy for ToyTextHeuristic {
    fn act(&mut self, observations: &[f32], _rngs: &mut [Stream], actions: &mut [f32]) {
        for (&state, action) in observations.iter().zip(actions) {
            *action = self.action(state as usize) as f32;
        }
    }
}

/// The action of a taxi on the shortest way to its next stop.
fn taxi(state: TaxiState) -> usize {
    let aboard = state.passenger == ABOARD;
    let stop = if aboard {
        state.destination
    } else {
        state.passenger
    };
    if state.pad() == Some(stop) {
        return if aboard { 5 } else { 4 };
    }
    // Breadth first, from the taxi on; with each place, the action that the way to it begins with.
    let mut ways = vec![(state, None)];
    let mut next = 0;
    while let Some(&(at, first)) = ways.get(next) {
        if (at.row, at.column) == PADS[stop] {
            return first.unwrap_or(0);
        }
        for action in 0..4 {
            let moved = at.moved(action);
            if let Some(moved) = moved.filter(|moved| ways.iter().all(|(seen, _)| seen != moved)) {
                ways.push((moved, first.or(Some(action))));
            }
        }
        next += 1;
    }
    0
}

#[cfg(test)]
mod tests {
    use rl_core::finite_mdp::{SolverConfig, TabularPolicy};

    use super::*;
    use crate::EnvironmentId;

    #[test]
    fn the_rules_are_greedy_for_exact_values() {
        for (id, rule) in [
            (EnvironmentId::FrozenLake, ToyTextHeuristic::FrozenLake),
            (
                EnvironmentId::FrozenLake8x8,
                ToyTextHeuristic::FrozenLake8x8,
            ),
            (EnvironmentId::CliffWalking, ToyTextHeuristic::CliffWalking),
            (EnvironmentId::Taxi, ToyTextHeuristic::Taxi),
        ] {
            let mdp = id.transition_table().unwrap().to_mdp(0.999).unwrap();
            let optimum = mdp.value_iteration(&SolverConfig::default()).unwrap();
            let best: f64 = mdp
                .initial()
                .iter()
                .zip(&optimum.values)
                .map(|(p, v)| p * v)
                .sum();
            let choices: Vec<usize> = (0..mdp.states()).map(|state| rule.action(state)).collect();
            let policy = TabularPolicy::deterministic(mdp.actions(), &choices).unwrap();
            let value = mdp.expected_return(&policy).unwrap();
            assert!((value - best).abs() < 1e-6, "{id}: {value} {best}");
        }
    }
}
