//! Acting does not allocate: a counting allocator sees no more for many steps than for few.

use allocation_counter::measure;
use rl_core::{
    CollectConfig, Environment, EnvironmentSource, Episodes, FlatEnvironment, Policy, Purpose,
    Stream,
};
use rl_envs::{CartPole, EnvironmentId};
use rl_nets::{Actor, PolicyConfig};

fn actor() -> Actor {
    let space = CartPole::v1().action_space();
    let weights = PolicyConfig::new(4, &space);
    Actor::new(&weights.draw(&mut Stream::derive(0, Purpose::Initialization, 0)))
}

#[test]
fn an_environment_step_with_its_action_does_not_allocate() {
    let (mut actor, mut rng) = (actor(), Stream::from_seed(0));
    let mut environment = EnvironmentId::CartPole.make().unwrap();
    let (mut observation, mut action) = ([0.0; 4], [0.0]);
    let mut episodes = 0;
    // Its memory takes its size at the first batch.
    actor.act(&observation, std::slice::from_mut(&mut rng), &mut action);
    let counted = measure(|| {
        environment.reset_into(&mut rng, &mut observation).unwrap();
        for _ in 0..10_000 {
            actor.act(&observation, std::slice::from_mut(&mut rng), &mut action);
            let (_, status) = environment
                .step_into(&action, &mut rng, &mut observation)
                .unwrap();
            if status.end().is_some() {
                environment.reset_into(&mut rng, &mut observation).unwrap();
                episodes += 1;
            }
        }
    });
    assert!(episodes > 100, "resets are part of it");
    assert_eq!(counted.count_total, 0);
}

#[test]
fn a_collection_in_used_memory_allocates_per_batch_and_not_per_step() {
    for environments in [1, 8] {
        let actor = actor();
        let config = CollectConfig::new(CartPole::v1).environments(environments);
        let mut collector = Episodes::new(config, 1000).unwrap();
        let mut allocations = |steps| {
            // The second time, the memory of the first is used again, unless episodes are longer.
            collector.collect(&actor, steps + 2000).unwrap();
            let counted = measure(|| {
                collector.collect(&actor, steps).unwrap();
            });
            counted.count_total
        };
        let few = allocations(1_000);
        assert_eq!(allocations(50_000), few, "{environments} environments");
        assert!(few < 10, "{few} allocations per batch");
    }
}
