#!/usr/bin/env bash
# Makes every figure of docs/questions.md again, half an hour on two cores. Called again, it goes on where it stopped.
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
pole() { sweep "$1" --preset cartpole "${@:2}"; }
# The continuous task, by half of its preset's steps.
swing() { sweep "$1-pendulum" --preset pendulum-ppo --set steps=100000 --threshold -170 "${@:2}"; }

pole 09-initialization --set initialization=orthogonal,pytorch
sweep 24-methods --preset cartpole-reinforce,cartpole-vpg,cartpole-gae,cartpole-a2c,cartpole-trpo,cartpole-ppo
pole 25-learning-rate --set learning_rate=4e-4,1e-3,4e-3,1e-2,3e-2
pole 26-discount --set gamma=0.5,0.9,0.95,0.99,0.999,1
pole 27-network --set n_layers=1,2,3 --set size=4,16,64
sweep 28-batch --preset cartpole-vpg --set steps_per_update=500,2000,4000,8000,16000
pole 29-normalization --set normalize_advantages=false,true --set baseline=none,time
pole 30-entropy --set entropy_coefficient=0,0.01,0.1,1

swing 09-initialization --set initialization=orthogonal,pytorch
swing 12-distributions --set distribution=diag-gaussian,state-gaussian,squashed-gaussian,beta
sweep 24-methods-pendulum --env pendulum --set steps=200000 --threshold -170 --set algo=vpg,a2c,trpo,ppo
swing 25-learning-rate --set learning_rate=1e-4,3e-4,1e-3,3e-3,1e-2
swing 26-discount --set gamma=0.5,0.9,0.95,0.99,1
swing 27-network --set n_layers=1,2,3 --set size=4,16,64
swing 28-batch --set steps_per_environment=128,256,512,1024,2048
swing 29-normalization --set normalize_advantages=false,true --set normalize_rewards=false,true
swing 30-entropy --set entropy_coefficient=0,0.01,0.1,1

# plot FIGURE OPTIONS… DIR…: learning curves, a line per setting.
plot() { "$rl" plot "${@:2}" -o "$out/$1.svg" >/dev/null; }
plot 09-curves "$out/09-initialization/runs"
plot 12-curves-pendulum "$out/12-distributions-pendulum/runs"
plot 24-curves "$out/24-methods/runs"
plot 24-curves-pendulum "$out/24-methods-pendulum/runs"
plot 25-curves "$out/25-learning-rate/runs"
plot 25-curves-pendulum "$out/25-learning-rate-pendulum/runs"
plot 26-curves "$out/26-discount/runs"
plot 30-curves --metric return_mean --metric entropy "$out/30-entropy/runs"
"$rl" compare "$out/24-methods/runs" >"$out/24-compare.txt"
