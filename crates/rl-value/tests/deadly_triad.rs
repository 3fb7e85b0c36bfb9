//! The deadly triad (Sutton & Barto 2018, section 11.3): function approximation, bootstrapping and off-policy updates together
//! diverge on two small problems, and no two of them do. Every growth is held to its closed form; `deadly_triad_dqn.rs` holds DQN to
//! what the expected updates say.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use rl_core::finite_mdp::{
    Bootstrap, LinearProblem, LinearUpdate, Lookahead, TabularPolicy, baird_star, w_to_2w,
};

const GAMMA: f64 = 0.99;
const ENDING: f64 = 0.1;
const INFINITE: f64 = f64::INFINITY;

/// Updates of a problem, and how they are made.
struct Course {
    update: LinearUpdate,
    weights: Vec<f64>,
    parameters: Vec<f64>,
    alpha: f64,
    target_every: usize,
    target_rate: f64,
    clip: f64,
}

impl Course {
    /// Updates with the weights of uniform states.
    fn of(problem: &LinearProblem, lookahead: Lookahead, alpha: f64) -> Self {
        let weights = problem.uniform.clone();
        Self::weighted(problem, problem.features.clone(), weights, lookahead, alpha)
    }

    fn weighted(
        problem: &LinearProblem,
        features: Vec<f64>,
        weights: Vec<f64>,
        lookahead: Lookahead,
        alpha: f64,
    ) -> Self {
        let LinearProblem { mdp, behaviour, .. } = problem;
        let update =
            LinearUpdate::new(mdp, behaviour, features, weights.clone(), lookahead).unwrap();
        let dim = update.dim();
        Self {
            // A table begins at 1.
            parameters: match dim == problem.parameters.len() {
                true => problem.parameters.clone(),
                false => vec![1.0; dim],
            },
            update,
            weights,
            alpha,
            target_every: 1,
            target_rate: 1.0,
            clip: INFINITE,
        }
    }

    /// The largest action value that updates change, after so many of them.
    fn after(&self, updates: usize) -> f64 {
        let values = self.update.action_values(&self.run(updates));
        let values = values
            .into_iter()
            .zip(&self.weights)
            .filter(|(_, weight)| **weight > 0.0);
        values.map(|(value, _)| value.abs()).fold(0.0, f64::max)
    }

    fn run(&self, updates: usize) -> Vec<f64> {
        let mut parameters = self.parameters.clone();
        let mut target = parameters.clone();
        for update in 1..=updates {
            let direction = self.update.direction(&parameters, &target, self.clip);
            let moved = parameters.iter_mut().zip(direction);
            moved.for_each(|(w, d)| *w += self.alpha * d);
            if update % self.target_every == 0 {
                let followed = target.iter_mut().zip(&parameters);
                followed.for_each(|(t, w)| *t += self.target_rate * (w - *t));
            }
        }
        parameters
    }

    /// Factor of the largest value from an update to the next, between two numbers of updates.
    fn factor(&self, from: usize, to: usize) -> f64 {
        (self.after(to) / self.after(from)).powf(1.0 / (to - from) as f64)
    }
}

fn star() -> LinearProblem {
    baird_star(GAMMA).unwrap()
}

fn two() -> LinearProblem {
    w_to_2w(GAMMA, ENDING).unwrap()
}

fn q_learning() -> Lookahead {
    Lookahead::Steps(1, Bootstrap::Max)
}

fn assert_near(found: f64, expected: f64, tolerance: f64) {
    assert!(
        (found - expected).abs() < tolerance,
        "{found}, not {expected}"
    );
}

/// Largest real part of the eigenvalues of a 2 × 2 matrix, and their largest size.
fn eigenvalues([[a, b], [c, d]]: [[f64; 2]; 2]) -> (f64, f64) {
    let (half_trace, determinant) = ((a + d) / 2.0, a * d - b * c);
    match half_trace * half_trace - determinant {
        square if square < 0.0 => (half_trace, determinant.sqrt()),
        square => {
            let root = square.sqrt();
            let both = [half_trace + root, half_trace - root];
            (both[0], both.map(f64::abs).into_iter().fold(0.0, f64::max))
        }
    }
}

/// Rows of the errors that move the values of the upper states and of the seventh, per weight of a state and of α: for errors
/// `δ` of the six and of the one, `d (2 w + w₈) = (4 + 6) δ₆ + 2 δ₁` and `d (w₇ + 2 w₈) = 12 δ₆ + 5 δ₁`.
const SPREAD: [[f64; 2]; 2] = [[10.0, 2.0], [12.0, 5.0]];

/// Weight of a state with the second action.
const STAR_WEIGHT: f64 = 1.0 / 49.0;

fn times(a: [[f64; 2]; 2], b: [[f64; 2]; 2]) -> [[f64; 2]; 2] {
    let entry = |i: usize, j: usize| a[i][0] * b[0][j] + a[i][1] * b[1][j];
    [0, 1].map(|i| [0, 1].map(|j| entry(i, j)))
}

/// Change per α of the star's values `(x, y)` of the second action: errors `γ y - x` above, `(γ - 1) y` for the seventh.
fn star_matrix(gamma: f64) -> [[f64; 2]; 2] {
    let errors = [[-1.0, gamma], [0.0, gamma - 1.0]];
    times(SPREAD, errors).map(|row| row.map(|x| STAR_WEIGHT * x))
}

#[test]
fn the_triad_diverges_at_the_rates_of_the_closed_forms() {
    // w ← w + α/2 [(γ 2w - w) + 2 (γ (1 - ε) 2w - 2w)]
    let expected = 1.0 + 0.05 * (GAMMA * (6.0 - 4.0 * ENDING) - 5.0);
    assert!(expected > 1.0);
    assert_near(
        Course::of(&two(), q_learning(), 0.1).factor(100, 1000),
        expected,
        1e-9,
    );

    let (growth, _) = eigenvalues(star_matrix(GAMMA));
    assert!(growth > 0.0);
    let found = Course::of(&star(), q_learning(), 0.5).factor(2000, 4000);
    assert_near(found, 1.0 + 0.5 * growth, 1e-9);
}

/// The policy that always takes the star's second action, and its expected update.
fn second() -> Lookahead {
    let policy = TabularPolicy::deterministic(2, &[1; 7]).unwrap();
    Lookahead::Steps(1, Bootstrap::Expected(policy))
}

#[test]
fn each_problem_diverges_for_discounts_above_a_limit() {
    let limit = 15.0 / 17.0;
    assert!(eigenvalues(star_matrix(limit - 1e-6)).0 < 0.0);
    assert!(eigenvalues(star_matrix(limit + 1e-6)).0 > 0.0);
    // Q-learning takes the second action for ever where no eigenvalue is complex.
    let of_q_learning = (203.0 + (203.0_f64.powi(2) - 289.0 * 121.0).sqrt()) / 289.0;
    for (lookahead, limit) in [(second(), limit), (q_learning(), of_q_learning)] {
        for (gamma, diverges) in [(limit - 0.01, false), (limit + 0.01, true)] {
            let course = Course::of(&baird_star(gamma).unwrap(), lookahead.clone(), 0.5);
            assert_eq!(course.after(40_000) > course.after(0), diverges, "{gamma}");
        }
    }
    let limit = 5.0 / (6.0 - 4.0 * ENDING);
    for (gamma, diverges) in [(limit - 1e-3, false), (limit + 1e-3, true)] {
        let course = Course::of(&w_to_2w(gamma, ENDING).unwrap(), q_learning(), 0.1);
        assert_eq!(course.after(1000) > course.after(0), diverges, "{gamma}");
    }
}

#[test]
fn without_approximation_a_table_converges() {
    let table = |problem: &LinearProblem, alpha| {
        let entries = problem.uniform.len();
        let (features, weights) = (LinearUpdate::table(entries), problem.uniform.clone());
        Course::weighted(problem, features, weights, q_learning(), alpha)
    };
    // The slowest entry is that of a state that leads to itself.
    let two = table(&two(), 0.1).factor(1000, 2000);
    assert_near(two, 1.0 - 0.05 * (1.0 - GAMMA * (1.0 - ENDING)), 1e-9);
    let star = table(&star(), 0.5).factor(20_000, 40_000);
    assert_near(star, 1.0 - 0.5 * STAR_WEIGHT * (1.0 - GAMMA), 1e-9);
}

#[test]
fn without_bootstrapping_whole_returns_converge() {
    let two = Course::of(&two(), Lookahead::Return, 0.1).factor(10, 100);
    assert_near(two, 1.0 - 0.05 * 5.0, 1e-9);
    // The slower of the eigenvalues 13 and 2 of the spread.
    let star = Course::of(&star(), Lookahead::Return, 0.5).factor(500, 1000);
    assert_near(star, 1.0 - 0.5 * STAR_WEIGHT * 2.0, 1e-9);
}

#[test]
fn on_policy_updates_converge() {
    let on_policy = |problem: &LinearProblem, alpha| {
        let lookahead = Lookahead::Steps(1, Bootstrap::Expected(problem.behaviour.clone()));
        let (features, weights) = (problem.features.clone(), problem.on_policy.clone());
        Course::weighted(problem, features, weights, lookahead, alpha)
    };
    // One visit of the first state, 1/ε of the second.
    let visits = 1.0 / ENDING;
    let errors = (2.0 * GAMMA - 1.0) + visits * (4.0 * GAMMA * (1.0 - ENDING) - 4.0);
    let two = on_policy(&two(), 0.1).factor(100, 500);
    assert_near(two, 1.0 + 0.1 * errors / (1.0 + visits), 1e-9);
    let star = on_policy(&star(), 0.5);
    assert!(
        star.after(6000) < 1e-9 * star.after(0),
        "{}",
        star.after(6000)
    );
}

#[test]
fn a_target_network_slows_the_two_states_and_holds_none_of_its_intervals() {
    // K updates for frozen targets come near to the best fit, by the factor γ (6 - 4 ε) / 5.
    let fit = GAMMA * (6.0 - 4.0 * ENDING) / 5.0;
    let mut before = f64::INFINITY;
    for every in [1, 2, 10, 100, 1000] {
        let left = (1.0 - 0.25_f64).powi(every as i32);
        let expected = (left + (1.0 - left) * fit).powf(1.0 / every as f64);
        assert!(1.0 < expected && expected < before, "{every}");
        before = expected;
        let mut course = Course::of(&two(), q_learning(), 0.1);
        course.target_every = every;
        assert_near(course.factor(2 * every, 6 * every), expected, 1e-9);
    }
    let mut course = Course::of(&two(), q_learning(), 0.1);
    for rate in [0.1, 0.01, 0.001] {
        course.target_rate = rate;
        assert!(course.factor(4000, 8000) > 1.0, "{rate}");
    }
}

#[test]
fn a_target_network_holds_the_star_whose_functions_are_all_there_if_it_is_renewed_rarely() {
    // In the limit of rare renewals, values are fitted to γ max Q, which shrinks.
    let factor = |every: usize| {
        let step = SPREAD.map(|row| row.map(|x| 0.5 * STAR_WEIGHT * x));
        let left = (0..every).fold([[1.0, 0.0], [0.0, 1.0]], |left, _| {
            let after = times(step, left);
            [0, 1].map(|i| [0, 1].map(|j| left[i][j] - after[i][j]))
        });
        // Values v are t + left (v - t) after K updates for the targets t = γ (y, y).
        let rest = [[1.0, -GAMMA], [0.0, 1.0 - GAMMA]];
        let moved = times(left, rest);
        let renewed = [0, 1].map(|i| [moved[i][0], moved[i][1] + GAMMA]);
        eigenvalues(renewed).1.powf(1.0 / every as f64)
    };
    let course = |lookahead, every| {
        let mut course = Course::of(&star(), lookahead, 0.5);
        course.target_every = every;
        course
    };
    for every in [1, 2, 100, 1000] {
        let found = course(second(), every).factor(4000, 8000);
        assert_near(found, factor(every), 1e-9);
        assert_eq!(
            factor(every) > 1.0,
            every < 10,
            "{every}: {}",
            factor(every)
        );
    }
    for every in [1, 2, 10, 100, 1000] {
        let course = course(q_learning(), every);
        assert_eq!(course.after(8000) > course.after(0), every < 10, "{every}");
    }
}

#[test]
fn double_q_learning_changes_nothing_where_both_networks_find_the_same_action_best() {
    let course = |problem: &LinearProblem, bootstrap, alpha| {
        let mut course = Course::of(problem, Lookahead::Steps(1, bootstrap), alpha);
        course.target_every = 2;
        course
    };
    // There is one action.
    let run = |bootstrap| course(&two(), bootstrap, 0.1).run(1000);
    assert_eq!(run(Bootstrap::Max), run(Bootstrap::Double));
    let factor = |bootstrap| course(&star(), bootstrap, 0.5).factor(2000, 4000);
    assert!(factor(Bootstrap::Double) > 1.0);
    assert_near(factor(Bootstrap::Double), factor(Bootstrap::Max), 1e-9);
}

#[test]
fn rewards_over_more_steps_hold_both() {
    // γⁿ (1 - ε)ⁿ⁻¹ in place of γ, from n = 2 on.
    for steps in [2, 3, 10] {
        let lookahead = || Lookahead::Steps(steps, Bootstrap::Max);
        let next = GAMMA.powi(steps as i32) * (1.0 - ENDING).powi(steps as i32 - 1);
        let expected = 1.0 + 0.05 * (next * (6.0 - 4.0 * ENDING) - 5.0);
        assert!(expected < 1.0);
        let found = Course::of(&two(), lookahead(), 0.1).factor(20, 200);
        assert_near(found, expected, 1e-9);
        let star = Course::of(&star(), lookahead(), 0.5);
        assert!(star.after(20_000) < 1e-6 * star.after(0), "{steps}");
    }
}

#[test]
fn clipped_errors_end_the_growth_of_the_two_states_at_values_that_are_wrong() {
    let mut course = Course::of(&two(), q_learning(), 0.1);
    course.clip = 1.0;
    // The first state's error is clipped to 1; of the second's, that of an end is clipped to -1:
    // 1 + 2 [(1 - ε) (γ - 1) 2w - ε] = 0
    let rest = (1.0 - 2.0 * ENDING) / (4.0 * (1.0 - ENDING) * (1.0 - GAMMA));
    assert_near(course.run(50_000)[0], rest, 1e-6);
}
