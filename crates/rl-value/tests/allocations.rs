//! Memory that draws from a buffer ask for.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::Status;
use rl_value::replay::{Draw, Prioritization, Replay, Sample, Transition};

/// A full buffer whose newest transition is in its middle.
fn full(prioritized: bool) -> Replay {
    let mut replay = Replay::new(1000, 1, 4, 0).unwrap();
    if prioritized {
        let config = Prioritization {
            exponent: 0.6,
            epsilon: 1e-6,
        };
        replay = replay.prioritized(config).unwrap();
    }
    for t in 0..1500 {
        replay.push(Transition {
            observation: &[t as f32; 4],
            action: 0.0,
            reward: 1.0,
            status: if t % 50 == 49 {
                Status::Truncated
            } else {
                Status::Running
            },
            next_observation: &[t as f32 + 1.0; 4],
        });
    }
    replay
}

#[test]
fn a_draw_and_its_priorities_allocate_nothing_after_the_first() {
    for (prioritized, n_step) in [(false, 1), (false, 3), (true, 1), (true, 3)] {
        let (mut replay, mut sample) = (full(prioritized), Sample::default());
        let draw = Draw {
            size: 128,
            n_step,
            gamma: 0.99,
            beta: 0.4,
        };
        let errors: Vec<f32> = (0..128).map(|i| i as f32 / 64.0 - 1.0).collect();
        replay.sample(draw, &mut sample);
        let counts = allocation_counter::measure(|| {
            for size in [128, 100, 128] {
                replay.sample(Draw { size, ..draw }, &mut sample);
                let set = replay.set_priorities(&sample, &errors[..size]);
                assert_eq!(set, Ok(()));
            }
        });
        assert_eq!(counts.count_total, 0, "{prioritized} {n_step}");
    }
}
