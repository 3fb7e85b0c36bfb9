#!/usr/bin/env bash
# Makes every figure of docs/questions.md again: about 20 minutes on two cores. Called again, it goes on where it stopped.
#
#   bash docs/questions/figures.sh [FIRST..END]        # seeds of the runs, 300..320 without it
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
seeds=${1:-300..320}
out=docs/evidence/questions
rl=${RL:-target/release/rl}
[[ -x $rl ]] || cargo build --release -p rl-cli --features flex
jobs=$(nproc)

# sweep NAME OPTIONS…: trains every setting with every seed, and writes out/NAME/{sweep.md,sweep.csv,KEY.svg}.
sweep() {
    local name=$1
    shift
    echo "== $name"
    "$rl" sweep "$@" --seeds "$seeds" --jobs "$jobs" --out "$out/$name" >/dev/null
}
pole() { sweep "$1-cartpole" --preset cartpole "${@:2}"; }
# Half of the preset's budget, at which settings differ more.
swing() { sweep "$1-pendulum" --preset pendulum-ppo --set steps=100000 "${@:2}"; }

pole 09-initialization --set initialization=orthogonal,pytorch
swing 09-initialization --set initialization=orthogonal,pytorch
swing 12-distribution --set distribution=diag-gaussian,squashed-gaussian,beta
sweep 24-methods-cartpole \
    --set preset=cartpole-reinforce,cartpole-vpg,cartpole-gae,cartpole-a2c,cartpole-trpo,cartpole-ppo
sweep 24-methods-pendulum --env pendulum --set algo=vpg,a2c,trpo,ppo --set steps=200000
pole 25-learning-rate --set learning_rate=4e-4,1e-3,2e-3,4e-3,1e-2,3e-2
swing 25-learning-rate --set learning_rate=1e-4,3e-4,1e-3,3e-3,1e-2
pole 26-discount --set gamma=0.5,0.8,0.9,0.95,0.99,0.999,1
swing 26-discount --set gamma=0.5,0.8,0.9,0.95,0.99,1
pole 27-network --set n_layers=1,2,3 --set size=4,16,64,128
swing 27-network --set n_layers=1,2 --set size=8,32,64
pole 28-batch --set steps_per_update=500,1000,2000,4000,8000,16000
swing 28-batch --set minibatch_size=32,128,512,2048
pole 29-normalization --set normalize_advantages=false,true --set baseline=none,batch,time,value
swing 29-normalization --set normalize_rewards=false,true --set normalize_observations=false,true
pole 30-entropy --set entropy_coefficient=0,0.01,0.1,0.3,1
swing 30-entropy --set entropy_coefficient=0,0.001,0.01,0.1

# plot FIGURE OPTIONS… DIR…: learning curves, a line per setting.
plot() { "$rl" plot "${@:2}" -o "$out/$1.svg" >/dev/null; }
plot 23-one --metric return_mean "$out/24-methods-cartpole/runs/preset-cartpole-ppo-seed${seeds%%.*}"
plot 23-group "$out/24-methods-cartpole/runs"
plot 25-curves "$out/25-learning-rate-cartpole/runs"
plot 30-entropy --metric return_mean --metric entropy "$out/30-entropy-pendulum/runs"
"$rl" compare "$out/24-methods-cartpole/runs" >"$out/24-compare-cartpole.txt"
"$rl" compare "$out/24-methods-pendulum/runs" >"$out/24-compare-pendulum.txt"
