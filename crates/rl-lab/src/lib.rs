//! Many runs: benchmarks beside other programs, evidence over seeds, and the bias and variance of
//! estimators.

mod bench;
mod evidence;
mod svg;
mod table;
mod variance;

pub use bench::{
    BATCH_SIZES, BenchConfig, Form, Machine, Peer, PeerSpeed, PeersError, Quoted, ScalingAxis,
    ScalingConfig, ScalingPoint, Speed, TrainBench, TrainBenchConfig, TrainBenchError,
    TrainBenchRun, TrainSpeed, WORKLOADS, Workload, bench_environment, bench_scaling, bench_train,
    measure_peers, scaling_table, write_scaling, write_train_bench,
};
pub use evidence::{
    CLAIMS, Claim, Evidence, EvidenceConfig, EvidenceError, EvidenceProgress, EvidenceRow, Run,
    RunEvaluation, RunResult, evidence,
};
pub use variance::{
    Theory, VarianceConfig, VarianceError, VarianceRow, VarianceSetting, measure_variances,
    variance_table, write_variances,
};
