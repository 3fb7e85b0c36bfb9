//! Calls that take too long, given up.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use rl_core::{EnvironmentError, EnvironmentSource, FlatEnvironment, Spaces, Status, Stream};

use super::WrapperError;

/// An environment whose calls are given up after a time limit: a simulator that hangs ends a step
/// with an error, not the program with silence.
///
/// The environment lives on a thread of its own, and a call waits for the answer. No thread can be
/// ended from outside: one that is late is left alone, with its environment, and the next reset makes
/// another. A call costs two hand-overs between threads, some 10 µs.
///
/// ```
/// use std::time::Duration;
///
/// use rl_core::{FlatEnvironment, Stream};
/// use rl_envs::{CartPole, wrappers::Deadline};
///
/// let mut environment = Deadline::new(CartPole::v1, Duration::from_secs(5))?;
/// let mut observation = [0.0; 4];
/// environment.reset_into(&mut Stream::from_seed(0), &mut observation)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Deadline {
    source: Arc<dyn EnvironmentSource>,
    limit: Duration,
    spaces: Spaces,
    /// `None` once a call was late.
    worker: Option<Worker>,
}

/// A call of the environment, run on its thread.
type Call = Box<dyn FnOnce(&mut dyn FlatEnvironment) + Send>;

/// The thread of an environment.
struct Worker(Sender<Call>);

impl Worker {
    /// A thread on which an environment is made; it tells the spaces, or why there is none.
    fn start(source: Arc<dyn EnvironmentSource>) -> (Self, Receiver<Answer<Spaces>>) {
        let (calls, inbox) = channel::<Call>();
        let (told, spaces) = channel();
        thread::spawn(move || {
            let made = caught(|| source.make());
            let mut environment = match made {
                Ok(environment) => environment,
                Err(error) => return drop(told.send(Err(error))),
            };
            if told.send(Ok(environment.spaces())).is_err() {
                return;
            }
            for call in inbox {
                call(&mut environment);
            }
        });
        (Self(calls), spaces)
    }
}

type Answer<T> = Result<T, EnvironmentError>;

/// The result of a piece of the environment's code, a panic being an error.
fn caught<T>(code: impl FnOnce() -> Answer<T>) -> Answer<T> {
    catch_unwind(AssertUnwindSafe(code))
        .unwrap_or_else(|panic| Err(EnvironmentError::panicked(&*panic)))
}

impl Deadline {
    /// An environment of `source`, each of whose calls, its making included, takes `limit` at most.
    ///
    /// # Errors
    /// [`WrapperError::NoTime`] for a limit of 0, as [`EnvironmentError::Own`]; the source's own; and that it
    /// took longer.
    pub fn new(
        source: impl EnvironmentSource + 'static,
        limit: Duration,
    ) -> Result<Self, EnvironmentError> {
        if limit.is_zero() {
            return Err(EnvironmentError::own(WrapperError::NoTime));
        }
        let source: Arc<dyn EnvironmentSource> = Arc::new(source);
        let (worker, spaces) = Worker::start(source.clone());
        Ok(Self {
            spaces: answer(&spaces, limit, "making the environment")?,
            source,
            limit,
            worker: Some(worker),
        })
    }

    /// The answer of the environment to a call.
    fn answer_to<T: Send + 'static>(
        &self,
        what: &str,
        call: impl FnOnce(&mut dyn FlatEnvironment) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let worker = self.worker.as_ref().ok_or(EnvironmentError::Failed)?;
        let (answers, inbox) = channel();
        let call: Call = Box::new(move |environment| {
            // Nobody listens any more to an answer that is late.
            drop(answers.send(caught(|| call(environment))));
        });
        worker.0.send(call).map_err(|_| EnvironmentError::Failed)?;
        answer(&inbox, self.limit, what)
    }

    /// The same, after which a worker that is late or has panicked is given up.
    fn ask<T: Send + 'static>(
        &mut self,
        what: &str,
        call: impl FnOnce(&mut dyn FlatEnvironment) -> Answer<T> + Send + 'static,
    ) -> Answer<T> {
        let answer = self.answer_to(what, call);
        if matches!(
            answer,
            Err(EnvironmentError::Late { .. } | EnvironmentError::Panicked { .. })
        ) {
            self.worker = None;
        }
        answer
    }

    /// The answer to a call that draws from a stream and shows an observation.
    fn play<T: Send + 'static>(
        &mut self,
        what: &str,
        (rng, observation): (&mut Stream, &mut [f32]),
        call: impl FnOnce(&mut dyn FlatEnvironment, &mut Stream, &mut [f32]) -> Answer<T>
        + Send
        + 'static,
    ) -> Answer<T> {
        let (mut stream, mut row) = (rng.clone(), observation.to_vec());
        let (result, stream, row) = self.ask(what, move |environment| {
            let result = call(environment, &mut stream, &mut row);
            Ok((result, stream, row))
        })?;
        *rng = stream;
        observation.copy_from_slice(&row);
        result
    }
}

fn answer<T>(inbox: &Receiver<Answer<T>>, limit: Duration, what: &str) -> Answer<T> {
    inbox.recv_timeout(limit).unwrap_or_else(|error| {
        Err(match error {
            RecvTimeoutError::Timeout => EnvironmentError::Late {
                call: what.to_owned(),
                limit,
            },
            RecvTimeoutError::Disconnected => EnvironmentError::Failed,
        })
    })
}

impl FlatEnvironment for Deadline {
    fn spaces(&self) -> Spaces {
        self.spaces.clone()
    }

    fn reset_into(
        &mut self,
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(), EnvironmentError> {
        if self.worker.is_none() {
            let (worker, spaces) = Worker::start(self.source.clone());
            let found = answer(&spaces, self.limit, "making the environment")?;
            if found != self.spaces {
                return Err(EnvironmentError::Spaces {
                    found: found.into(),
                    expected: self.spaces.clone().into(),
                });
            }
            self.worker = Some(worker);
        }
        self.play("the reset", (rng, observation), |environment, rng, row| {
            environment.reset_into(rng, row)
        })
    }

    fn step_into(
        &mut self,
        action: &[f32],
        rng: &mut Stream,
        observation: &mut [f32],
    ) -> Result<(f64, Status), EnvironmentError> {
        let action = action.to_vec();
        self.play(
            "the step",
            (rng, observation),
            move |environment, rng, row| environment.step_into(&action, rng, row),
        )
    }

    /// As the environment's; `None` after a call that was late.
    fn save_flat(&self) -> Option<Vec<f64>> {
        self.answer_to(
            "saving the state",
            |environment| Ok(environment.save_flat()),
        )
        .ok()?
    }

    fn restore_flat(&mut self, state: &[f64]) -> Result<(), EnvironmentError> {
        let state = state.to_vec();
        self.ask("restoring the state", move |environment| {
            environment.restore_flat(&state)
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use rl_core::{Environment, Space, Step};

    use super::*;
    use crate::CartPole;

    /// The third step of the first of its kind never ends, or panics.
    struct Hangs {
        first: bool,
        panics: bool,
        steps: usize,
    }

    impl Environment for Hangs {
        type Observation = usize;
        type Action = usize;

        fn observation_space(&self) -> Space {
            Space::discrete(10)
        }

        fn action_space(&self) -> Space {
            Space::discrete(2)
        }

        fn reset(&mut self, _rng: &mut Stream) -> Result<usize, EnvironmentError> {
            self.steps = 0;
            Ok(0)
        }

        fn step(&mut self, _: &usize, _: &mut Stream) -> Result<Step<usize>, EnvironmentError> {
            self.steps += 1;
            if self.first && self.steps == 3 {
                assert!(!self.panics, "the simulator fell over");
                loop {
                    thread::park();
                }
            }
            Ok(Step {
                observation: self.steps,
                reward: 1.0,
                status: Status::Running,
            })
        }
    }

    fn hanging(panics: bool) -> impl EnvironmentSource {
        let made = AtomicUsize::new(0);
        move || Hangs {
            first: made.fetch_add(1, Ordering::Relaxed) == 0,
            panics,
            steps: 0,
        }
    }

    #[test]
    fn an_environment_within_time_is_itself_and_can_be_saved() {
        let mut plain = CartPole::v1();
        let mut limited = Deadline::new(CartPole::v1, Duration::from_secs(60)).unwrap();
        assert_eq!(limited.spaces(), plain.spaces());
        let mut streams = [Stream::from_seed(1), Stream::from_seed(1)];
        let mut rows = [[0.0; 4]; 2];
        plain.reset_into(&mut streams[0], &mut rows[0]).unwrap();
        limited.reset_into(&mut streams[1], &mut rows[1]).unwrap();
        for step in 0..5 {
            assert_eq!(rows[0], rows[1]);
            assert_eq!(streams[0], streams[1]);
            let action = [f32::from(u8::from(step % 2 == 0))];
            let expected = plain.step_into(&action, &mut streams[0], &mut rows[0]);
            assert_eq!(
                limited.step_into(&action, &mut streams[1], &mut rows[1]),
                expected
            );
        }
        let state = limited.save_flat().unwrap();
        assert_eq!(Some(&state), plain.save_flat().as_ref());
        let mut again = Deadline::new(CartPole::v1, Duration::from_secs(60)).unwrap();
        again.restore_flat(&state).unwrap();
        assert_eq!(again.save_flat(), Some(state));
        let refused = limited.step_into(&[7.0], &mut streams[1], &mut rows[1]);
        assert_eq!(
            refused,
            plain.step_into(&[7.0], &mut streams[0], &mut rows[0])
        );
    }

    #[test]
    fn a_step_that_hangs_or_panics_is_an_error_and_a_reset_begins_anew() {
        // A panic writes its backtrace first, which takes a while on a busy machine.
        for (panics, seconds, message) in [
            (false, 1, "the step took longer than 1s"),
            (
                true,
                60,
                "the environment panicked: the simulator fell over",
            ),
        ] {
            let limit = Duration::from_secs(seconds);
            let mut environment = Deadline::new(hanging(panics), limit).unwrap();
            let (mut rng, mut row) = (Stream::from_seed(0), [0.0; 10]);
            let row = &mut row[..environment.spaces().observation.flat_dim()];
            environment.reset_into(&mut rng, row).unwrap();
            for _ in 0..2 {
                environment.step_into(&[0.0], &mut rng, row).unwrap();
            }
            let error = environment.step_into(&[0.0], &mut rng, row).unwrap_err();
            assert_eq!(error.to_string(), message);
            assert_eq!(environment.save_flat(), None);
            let error = environment.step_into(&[0.0], &mut rng, row).unwrap_err();
            assert_eq!(error, EnvironmentError::Failed);
            environment.reset_into(&mut rng, row).unwrap();
            for _ in 0..3 {
                environment.step_into(&[0.0], &mut rng, row).unwrap();
            }
        }
    }

    #[test]
    fn making_one_has_the_limit_too() {
        let never = || -> CartPole {
            loop {
                thread::park();
            }
        };
        let error = Deadline::new(never, Duration::from_millis(50))
            .err()
            .unwrap();
        assert_eq!(
            error.to_string(),
            "making the environment took longer than 50ms"
        );
        let error = Deadline::new(CartPole::v1, Duration::ZERO).err().unwrap();
        assert_eq!(error.to_string(), "a call needs a time limit above 0 s");
    }
}
