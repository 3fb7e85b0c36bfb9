use burn::tensor::Device;
use rl_core::*;
use rl_envs::CartPole;
use rl_nets::*;
use rl_pg::*;
use std::time::Instant;
fn main() {
    for (name, device) in [("flex", Device::flex()), ("ndarray", #[allow(deprecated)] Device::ndarray())] {
        let mut c = Collector::new(vec![CartPole::v1()], 0, 1).unwrap();
        let sp = FlatEnvironment::action_space(&CartPole::v1());
        let w = PolicyConfig::new(4, &sp).with_initialization(Initialization::Pytorch).draw(&mut Stream::derive(0, Purpose::Initialization, 0));
        let mut agent = VpgConfig::default().init(w, &device).unwrap();
        let (mut ta, mut tl, mut steps) = (0.0, 0.0, 0);
        for u in 0..100 {
            let t = Instant::now();
            let b = c.collect(&agent.policy(), 1000).unwrap();
            ta += t.elapsed().as_secs_f64();
            let t = Instant::now();
            let r = agent.update(&b.trajectories).unwrap();
            tl += t.elapsed().as_secs_f64();
            steps += b.trajectories.steps();
            if u % 20 == 19 { println!("{u} {:?} {:?}", b.trajectories.steps() / b.episodes.len(), r); }
        }
        println!("{name} steps {steps} act {ta:.3} learn {tl:.3}");
    }
}
