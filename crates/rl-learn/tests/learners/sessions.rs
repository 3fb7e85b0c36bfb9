//! Sessions: threads, terms of one's own, several processes, restoring and refusals.

use super::*;

#[test]
fn the_number_of_threads_changes_no_bit() {
    let kind = DistributionKind::DiagGaussian;
    let space = space(kind);
    for shared in [false, true] {
        let networks = networks(kind, Activation::Tanh, shared);
        let Experience {
            observations,
            actions,
            advantages,
            log_probs,
            targets,
            values,
        } = Experience::new(&networks, &space);
        // Minibatches of one shard, of three, and of more than there are lanes.
        let many = |column: &[f32]| column.repeat(9000 / STEPS);
        let columns = [
            observations,
            actions,
            advantages,
            log_probs,
            targets,
            values,
        ];
        let [
            observations,
            actions,
            advantages,
            log_probs,
            targets,
            values,
        ] = columns.each_ref().map(|column| many(column));
        let samples = Samples {
            observations: &observations,
            actions: &actions,
            advantages: &advantages,
            log_probs: &log_probs,
            targets: &targets,
            values: &values,
            weights: &[],
        };
        for minibatch_size in [48, 600, 9000] {
            let learned = [1, 2, 3, 4, 8].map(|threads| {
                let mut learner = learner(&networks, LearnerKind::Fused, Optimizer::Adam);
                learner.set_threads(&Threads::new(threads).unwrap());
                let plan = Plan {
                    epochs: 1,
                    minibatch_size,
                    learning_rate: 1e-3,
                    normalize_advantages: true,
                    max_kl: None,
                };
                let [_, _, clipped, _] = losses();
                let reports =
                    [(); 2].map(|()| fit_in_order(learner.as_mut(), &samples, &plan, &clipped));
                let (mut log_probs, mut values) = (log_probs.clone(), values.clone());
                learner
                    .evaluate(&observations, &actions, &mut log_probs, &mut values)
                    .unwrap();
                (reports, learner.networks().flat(), log_probs, values)
            });
            assert_ne!(learned[0].1, networks.flat());
            for others in &learned[1..] {
                assert!(*others == learned[0], "minibatches of {minibatch_size}");
            }
        }
    }
}

/// A term of a user's own, for the tape alone.
struct SquaredLogProb;

impl Term for SquaredLogProb {
    fn name(&self) -> &'static str {
        "squared_log_prob"
    }

    fn coefficient(&self) -> f32 {
        0.1
    }

    fn inputs(&self) -> &'static [rl_learn::Input] {
        &[rl_learn::Input::LogProb]
    }

    fn tape(
        &self,
        minibatch: &rl_learn::Minibatch,
    ) -> Result<burn::tensor::Tensor<1>, UpdateError> {
        Ok(minibatch.log_prob()?.square().mean())
    }
}

#[test]
fn a_term_of_ones_own_is_learned_on_the_tape_and_refused_by_name_without_one() {
    let kind = DistributionKind::Categorical;
    let networks = networks(kind, Activation::Tanh, false);
    let experience = Experience::new(&networks, &space(kind));
    let terms: [&dyn Term; 2] = [&Surrogate::LogProb, &SquaredLogProb];
    let plan = Plan::whole(1e-3);
    let samples = experience.samples();
    let mut burn = learner(&networks, LearnerKind::Burn, Optimizer::Adam);
    assert_eq!(burn.supports(&terms), Ok(()));
    let report = fit(burn.as_mut(), &samples, &terms, &plan, None, &SingleProcess).unwrap();
    let (mut log_probs, mut fused) = (
        vec![0.0; STEPS],
        learner(&networks, LearnerKind::Fused, Optimizer::Adam),
    );
    fused
        .evaluate(
            samples.observations,
            samples.actions,
            &mut log_probs,
            &mut [],
        )
        .unwrap();
    let mean = log_probs.iter().map(|x| f64::from(x * x)).sum::<f64>() / STEPS as f64;
    assert!((report.term("squared_log_prob").unwrap() - mean).abs() < 1e-5 * mean);
    let refused = fused.supports(&terms).unwrap_err();
    assert!(
        refused.to_string().contains("'squared_log_prob'"),
        "{refused}"
    );
    let fit = fit(
        fused.as_mut(),
        &samples,
        &terms,
        &plan,
        None,
        &SingleProcess,
    );
    assert_eq!(fit, Err(refused));
    assert_eq!(fused.networks(), &networks, "nothing has moved");
}

/// Two processes whose other one has the same numbers doubled.
struct Doubled;

impl Reduce for Doubled {
    fn ranks(&self) -> usize {
        2
    }

    fn rank(&self) -> usize {
        0
    }

    fn mean_f32(&self, values: &mut [f32]) -> Result<(), rl_core::BoxError> {
        values.iter_mut().for_each(|x| *x *= 1.5);
        Ok(())
    }

    fn sum_f64(&self, values: &mut [f64]) -> Result<(), rl_core::BoxError> {
        values.iter_mut().for_each(|x| *x *= 3.0);
        Ok(())
    }
}

#[test]
fn gradients_are_averaged_over_processes_before_they_are_clipped() {
    let kind = DistributionKind::DiagGaussian;
    for shared in [false, true] {
        let networks = networks(kind, Activation::Tanh, shared);
        let experience = Experience::new(&networks, &space(kind));
        let [loss, ..] = losses();
        let terms = borrowed(&loss);
        let (plan, samples) = (Plan::whole(1e-3), experience.samples());
        for (of, threads) in [
            (LearnerKind::Burn, 1),
            (LearnerKind::Fused, 1),
            (LearnerKind::Fused, 3),
        ] {
            let plan = Plan {
                epochs: 11,
                minibatch_size: 48,
                ..plan
            };
            let mut alone = learner(&networks, of, Optimizer::Adam);
            let mut gradient = vec![0.0; networks.len()];
            let measured = alone.gradient(&samples, &terms, &mut gradient).unwrap();
            let mut learner = learner(&networks, of, Optimizer::Adam);
            learner.set_threads(&Threads::new(threads).unwrap());
            let one = Plan { epochs: 1, ..plan };
            let report = fit(learner.as_mut(), &samples, &terms, &one, None, &Doubled).unwrap();
            let expected = 1.5 * measured.grad_norm;
            assert!(
                (report.grad_norm - expected).abs() < 1e-5 * expected,
                "{of:?}"
            );
            gradient.iter_mut().for_each(|g| *g *= 1.5);
            apply(alone.as_mut(), &gradient, 1e-3);
            let what = format!("{of:?} on {threads} threads, shared {shared}");
            assert_eq!(learner.networks(), alone.networks(), "{what}");
            // Enough rows for threads.
            let again = |of| {
                let mut learner = self::learner(&networks, of, Optimizer::Adam);
                learner.set_threads(&Threads::new(threads).unwrap());
                fit(learner.as_mut(), &samples, &terms, &plan, None, &Doubled).unwrap();
                learner.networks().flat()
            };
            assert!(
                difference(&again(of), &again(LearnerKind::Burn)) <= 1e-5,
                "{what}"
            );
        }
    }
}

#[test]
fn the_divergence_that_ends_a_fit_is_the_mean_over_processes() {
    let kind = DistributionKind::Categorical;
    let networks = networks(kind, Activation::Tanh, false);
    let experience = Experience::new(&networks, &space(kind));
    let [_, ratio, ..] = losses();
    let (samples, terms) = (experience.samples(), borrowed(&ratio));
    for of in [LearnerKind::Burn, LearnerKind::Fused] {
        let fit = |plan: &Plan, reduce: &dyn Reduce| {
            let mut learner = learner(&networks, of, Optimizer::Adam);
            fit(learner.as_mut(), &samples, &terms, plan, None, reduce).unwrap()
        };
        let first = fit(&Plan::whole(1e-3), &SingleProcess);
        let plan = Plan {
            epochs: 2,
            max_kl: Some(1.2 * first.approx_kl),
            ..Plan::whole(1e-3)
        };
        assert_eq!(fit(&plan, &SingleProcess).epochs, 2, "{of:?}");
        // One and a half times as much.
        assert_eq!(fit(&plan, &Doubled).epochs, 1, "{of:?}");
    }
}

#[test]
fn a_restored_learner_goes_on_to_the_bit() {
    let kind = DistributionKind::DiagGaussian;
    let networks = networks(kind, Activation::Tanh, false);
    let experience = Experience::new(&networks, &space(kind));
    let [_, _, clipped, _] = losses();
    let plan = Plan {
        epochs: 3,
        minibatch_size: 16,
        learning_rate: 1e-3,
        normalize_advantages: true,
        max_kl: None,
    };
    for optimizer in OPTIMIZERS {
        for of in [LearnerKind::Burn, LearnerKind::Fused] {
            let learner = || learner(&networks, of, optimizer);
            let (mut first, mut restored) = (learner(), learner());
            fit_in_order(first.as_mut(), &experience.samples(), &plan, &clipped);
            let snapshot = rl_core::Snapshot::of(first.as_ref());
            restored.load(&snapshot).unwrap();
            assert_eq!(restored.networks(), first.networks());
            let reports = [&mut first, &mut restored].map(|learner| {
                fit_in_order(learner.as_mut(), &experience.samples(), &plan, &clipped)
            });
            assert_eq!(reports[0], reports[1], "{optimizer:?} {of:?}");
            assert_eq!(restored.networks(), first.networks());
            assert_ne!(first.networks(), &networks);
        }
    }
}

#[test]
fn a_session_refuses_rows_and_steps_that_are_not_there() {
    let kind = DistributionKind::Categorical;
    let networks = networks(kind, Activation::Tanh, false);
    let experience = Experience::new(&networks, &space(kind));
    let terms: [&dyn Term; 1] = [&Surrogate::LogProb];
    let batch = Batch {
        samples: experience.samples(),
        terms: &terms,
        minibatch_size: 16,
        ..Batch::default()
    };
    for of in [LearnerKind::Burn, LearnerKind::Fused] {
        let mut learner = learner(&networks, of, Optimizer::Adam);
        for rows in [40..49, 0..17, 3..3] {
            let what = format!("{of:?} {rows:?}");
            let refused =
                learner.session(&batch, &mut |session| session.gradient(rows.clone(), false));
            assert!(refused.is_err(), "{what}");
        }
        let step = learner.session(&batch, &mut |session| {
            session.gradient(0..16, false)?;
            session.step(1e-3)?;
            session.step(1e-3)
        });
        assert_eq!(step, Err(UpdateError::NoGradient), "{of:?}");
    }
}
