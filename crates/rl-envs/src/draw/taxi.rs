//! Pictures of Taxi: the town with its walls and pads, the passenger, the destination, the taxi.

use super::fields::{Fields, GROUND};
use super::scene::{BLACK, Colour, WHITE};
use super::{Draw, Scene};
use crate::toy_text::Taxi;
use crate::toy_text::taxi::{ABOARD, ACTIONS, PADS, SIDE, WALLS};

/// Colours of the pads R, G, Y and B.
const COLOURS: [Colour; 4] = [
    [226, 106, 98],
    [112, 188, 112],
    [232, 206, 92],
    [104, 150, 220],
];
const TAXI: Colour = [250, 200, 20];
const PASSENGER: Colour = [60, 40, 110];

impl Draw for Taxi {
    fn steps_per_second(&self) -> f64 {
        4.0
    }

    fn picture(&self) -> Scene {
        let mut fields = town();
        let Some(state) = self.state() else {
            return fields.scene;
        };
        // The destination has a frame.
        let pad = PADS[state.destination];
        fields.fill(pad, 0.86, BLACK);
        fields.fill(pad, 0.74, COLOURS[state.destination]);
        if let Some(&pad) = PADS.get(state.passenger) {
            fields.disc(pad, 0.16, PASSENGER);
        }
        let taxi = (state.row, state.column);
        fields.disc(taxi, 0.34, BLACK);
        fields.disc(taxi, 0.3, TAXI);
        if state.passenger == ABOARD {
            fields.disc(taxi, 0.16, PASSENGER);
        }
        let heading = self
            .last_action()
            .and_then(|action| ACTIONS[action].heading());
        if let Some(heading) = heading {
            let colour = if state.passenger == ABOARD {
                WHITE
            } else {
                BLACK
            };
            fields.arrow(taxi, heading, 0.4, colour);
        }
        fields.scene
    }
}

/// The town without taxi and passenger.
fn town() -> Fields {
    let mut fields = Fields::within([550, 350], [112.5, 337.5], 65.0);
    for row in 0..SIDE {
        for column in 0..SIDE {
            fields.fill((row, column), 1.0, GROUND);
        }
    }
    for (pad, colour) in PADS.into_iter().zip(COLOURS) {
        fields.fill(pad, 0.8, colour);
    }
    fields.grid(SIDE, SIDE);
    for (row, walls) in WALLS.iter().enumerate() {
        for &column in *walls {
            fields.wall((row, column));
        }
    }
    fields
}

#[cfg(test)]
mod tests {
    use rl_core::{Environment, Stream};

    use super::*;
    use crate::toy_text::{TaxiConfig, TaxiState};

    #[test]
    fn the_passenger_waits_on_a_pad_until_the_taxi_takes_them() {
        let mut taxi = Taxi::new(TaxiConfig::default());
        let state = TaxiState {
            row: 0,
            column: 0,
            passenger: 0,
            destination: 3,
        };
        taxi.restore_state(&[1.0, state.index() as f64, 0.0, 0.0, 0.0])
            .unwrap();
        // Below the taxi that stands there.
        assert!(taxi.draw().find(PASSENGER).is_empty());
        taxi.step(&4, &mut Stream::from_seed(0)).unwrap();
        let aboard = taxi.draw().find(PASSENGER);
        assert!(!aboard.is_empty());
        taxi.step(&0, &mut Stream::from_seed(0)).unwrap();
        let lower = taxi.draw().find(PASSENGER);
        assert!(lower[0][1] < aboard[0][1]);
    }
}
