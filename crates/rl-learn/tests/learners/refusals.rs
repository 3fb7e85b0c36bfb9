//! Numbers that leave their range are errors that name them.

use super::*;

/// Both learners of a policy with a `ln σ`, on a batch of their own.
fn gaussian_learners() -> [(LearnerKind, Box<dyn NaturalGradient>, Experience); 2] {
    let kind = DistributionKind::DiagGaussian;
    let networks = networks(kind, Activation::Tanh, false);
    [LearnerKind::Burn, LearnerKind::Fused].map(|of| {
        let experience = Experience::new(&networks, &space(kind));
        (of, learner(&networks, of, Optimizer::Sgd), experience)
    })
}

#[test]
fn a_standard_deviation_that_leaves_its_range_is_named_and_the_last_networks_stay() {
    for (of, mut learner, experience) in gaussian_learners() {
        let before = learner.networks().flat();
        let bonus = EntropyBonus(1.0);
        let batch = Batch {
            samples: experience.samples(),
            terms: &[&bonus],
            ..Batch::default()
        };
        // The gradient by ln σ, -1 in two dimensions, is clipped to a norm of 0.5.
        let stepped = learner.session(&batch, &mut |session| {
            session.gradient(0..1, false)?;
            session.step(100.0)
        });
        let error = stepped.unwrap_err();
        assert!(
            matches!(error, UpdateError::LogStd { dimension: 0, .. }),
            "{of:?} {error}"
        );
        assert!(
            error.to_string().contains("ln σ of action dimension 0"),
            "{error}"
        );
        assert_eq!(learner.networks().flat(), before, "{of:?}");
    }
}

#[test]
fn an_evaluation_that_is_not_finite_is_named_with_its_row() {
    for (of, mut learner, experience) in gaussian_learners() {
        let Samples {
            observations,
            actions,
            ..
        } = experience.samples();
        let (mut observations, n) = (observations.to_vec(), experience.samples().advantages.len());
        let dim = observations.len() / n;
        observations[3 * dim..4 * dim].fill(f32::INFINITY);
        observations[3 * dim] = f32::NEG_INFINITY;
        observations[3 * dim + 1] = f32::NAN;
        let mut evaluate = |log_probs: usize, values: usize| {
            let (mut log_probs, mut values) = (vec![0.0; log_probs], vec![0.0; values]);
            learner.evaluate(&observations, actions, &mut log_probs, &mut values)
        };
        for (error, name) in [
            (evaluate(n, 0), "log-probability"),
            (evaluate(0, n), "value"),
        ] {
            let message = error.unwrap_err().to_string();
            assert!(
                message.contains(name) && message.contains("row 3"),
                "{of:?} {message}"
            );
        }
    }
}

#[test]
fn a_fit_of_no_epoch_or_of_no_row_is_refused() {
    for (of, mut learner, experience) in gaussian_learners() {
        let bonus: [&dyn Term; 1] = [&EntropyBonus(1.0)];
        for (epochs, minibatch_size) in [(0, 8), (1, 0)] {
            let plan = Plan {
                epochs,
                minibatch_size,
                ..Plan::whole(1e-3)
            };
            let samples = experience.samples();
            let learner = learner.as_mut();
            let refused = fit(learner, &samples, &bonus, &plan, None, &SingleProcess);
            assert!(matches!(refused, Err(UpdateError::NoExperience)), "{of:?}");
        }
    }
}
