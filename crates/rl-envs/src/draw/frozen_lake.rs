//! Pictures of FrozenLake: ice, holes, the goal, and who crosses.

use super::fields::{Fields, START};
use super::scene::Colour;
use super::{Draw, Scene};
use crate::toy_text::frozen_lake::ACTIONS;
use crate::toy_text::{FrozenLake, LakeMap, Tile};

const ICE: Colour = [212, 232, 244];
const HOLE: Colour = [52, 92, 128];
const DEEP: Colour = [24, 52, 84];

impl Draw for FrozenLake {
    fn steps_per_second(&self) -> f64 {
        4.0
    }

    fn picture(&self) -> Scene {
        let side = self.map().side();
        let mut fields = lake(self.map());
        if let Some(state) = self.state() {
            let heading = self
                .last_action()
                .and_then(|action| ACTIONS[action].heading());
            fields.agent((state / side, state % side), heading);
        }
        fields.scene
    }
}

/// The lake without anybody on it.
pub(super) fn lake(map: LakeMap) -> Fields {
    let side = map.side();
    let mut fields = Fields::filling(side as u16, side as u16, 64);
    for (state, tile) in map.tiles().enumerate() {
        let field = (state / side, state % side);
        let colour = if tile == Tile::Start { START } else { ICE };
        fields.fill(field, 1.0, colour);
        match tile {
            Tile::Hole => {
                fields.disc(field, 0.42, HOLE);
                fields.disc(field, 0.3, DEEP);
            }
            Tile::Goal => fields.flag(field),
            Tile::Start | Tile::Frozen => {}
        }
    }
    fields.grid(side, side);
    fields
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Stream};

    use super::super::fields::AGENT;
    use super::*;

    #[test]
    fn the_agent_is_where_it_is() {
        let mut lake = FrozenLake::new(LakeMap::Small, false);
        let mut rng = Stream::from_seed(0);
        lake.reset(&mut rng).unwrap();
        lake.step(&1, &mut rng).unwrap();
        lake.step(&2, &mut rng).unwrap();
        // Row 1, column 1 is a hole; 64 pixels a field, from the bottom.
        let agent = lake.draw().find(AGENT);
        let mean =
            |axis: usize| agent.iter().map(|point| point[axis]).sum::<f64>() / agent.len() as f64;
        assert!((mean(0) - 96.0).abs() < 2.0 && (mean(1) - 160.0).abs() < 2.0);
    }

    #[test]
    fn every_hole_is_drawn() {
        let deep = FrozenLake::new(LakeMap::Large, true)
            .draw()
            .find(DEEP)
            .len() as f64;
        let one = FrozenLake::new(LakeMap::Small, true)
            .draw()
            .find(DEEP)
            .len() as f64
            / 4.0;
        assert!((deep / one - 10.0).abs() < 0.1, "{deep} {one}");
    }
}
