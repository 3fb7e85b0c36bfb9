//! The live view as an observer of a run.

use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rl_core::{BoxError, Metrics};
use rl_train::{Observer, Outcome, RunView};
use toml::Value;

use super::curve::Curve;
use super::painter::{Form, Painter};
use crate::output::err;

/// Columns and rows of the curve that is left at the end.
const CURVE: (u16, u16) = (80, 8);

/// Live view of a run on standard error. The training leaves it numbers and never waits for it.
pub struct Progress {
    form: Option<Form>,
    is_coloured: bool,
    painter: Option<Painter>,
    begin: Instant,
    /// Environment steps, and share of the budget, when it began.
    before: (u64, f64),
    stop: Arc<AtomicBool>,
    is_stopping: bool,
    best: f64,
    returns: Curve,
    /// Line that is shown at the start; empty for none.
    plan: String,
}

impl Progress {
    /// The view in a form, or none; `stop` is set once the run is asked to end.
    pub fn new(form: Option<Form>, stop: Arc<AtomicBool>) -> Self {
        let no_colour = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
        Self {
            form,
            is_coloured: !no_colour,
            painter: None,
            begin: Instant::now(),
            before: (0, 0.0),
            stop,
            is_stopping: false,
            best: f64::NEG_INFINITY,
            returns: Curve::default(),
            plan: String::new(),
        }
    }

    /// The view with a line that it shows at the start, unless it is empty.
    #[must_use]
    pub fn announcing(mut self, plan: String) -> Self {
        self.plan = plan;
        self
    }

    /// The curve of the mean return as text of at most 80 columns, with a line that says so; empty
    /// where there is none.
    pub fn curve(&self) -> String {
        if self.returns.is_short() {
            return String::new();
        }
        let (columns, rows) = CURVE;
        let lines = self.returns.text(columns, rows).join("\n");
        format!("mean return while training\n{lines}\n\n")
    }

    /// Lines of the log about an update.
    fn news(&mut self, run: &dyn RunView, metrics: &Metrics) -> Vec<String> {
        let update = run.clock().updates;
        let mut lines = Vec::new();
        let judged = |name| metrics.get(name).filter(|mean: &f64| !mean.is_nan());
        if let (Some(likeliest), Some(drawn)) =
            (judged("eval_return_mean"), judged("eval_drawn_return_mean"))
        {
            let best = match likeliest > self.best {
                true => ", the best so far",
                false => "",
            };
            self.best = self.best.max(likeliest);
            lines.push(format!(
                "update {update}: evaluated at {likeliest:.1} by the likeliest actions{best}; \
                 {drawn:.1} by drawn ones"
            ));
        }
        if !self.is_stopping && self.stop.load(Ordering::Relaxed) {
            self.is_stopping = true;
            lines.push(format!("update {update}: asked to stop"));
        }
        lines
    }
}

impl Observer for Progress {
    fn start(&mut self, run: &dyn RunView) -> Result<(), BoxError> {
        let clock = run.clock();
        self.begin = Instant::now();
        self.before = (clock.env_steps, clock.share_of(run.budget()));
        let Some(form) = self.form else {
            return Ok(());
        };
        if !self.plan.is_empty() {
            err!("{}", self.plan);
        }
        let painter = Painter::start(form, self.is_coloured);
        let config = run.config();
        let preset = config.get("preset").and_then(Value::as_str);
        let preset = preset.map_or(String::new(), |preset| format!(", preset {preset}"));
        let (env, algo, seed) = (run.source().name(), run.algorithm(), run.seed());
        let mut status = painter.status();
        status.seconds = [0.0, f64::INFINITY];
        status.mean_return = run.recent_returns().mean();
        (status.updates, status.env_steps) = (clock.updates, clock.env_steps);
        status.episodes = clock.episodes;
        status.done = self.before.1;
        status.title = format!("{env} by {algo}{preset}, seed {seed}");
        status.log(match clock.updates {
            0 => format!("started: {}", run.budget()),
            n => format!("goes on after update {n}: {}", run.budget()),
        });
        if !self.plan.is_empty() {
            status.log(self.plan.clone());
        }
        drop(status);
        self.painter = Some(painter);
        Ok(())
    }

    fn update(
        &mut self,
        run: &dyn RunView,
        metrics: &mut Metrics,
    ) -> Result<ControlFlow<()>, BoxError> {
        let clock = run.clock();
        let mean = run.recent_returns().mean();
        self.returns.push(clock.env_steps as f64, mean);
        let news = self.news(run, metrics);
        if let Some(painter) = &self.painter {
            let (steps_before, done_before) = self.before;
            let done = clock.share_of(run.budget());
            let seconds = self.begin.elapsed().as_secs_f64();
            let mut status = painter.status();
            status.updates = clock.updates;
            status.env_steps = clock.env_steps;
            status.episodes = clock.episodes;
            status.mean_return = mean;
            status.done = done;
            status.rate = (clock.env_steps - steps_before) as f64 / seconds;
            status.seconds = [seconds, seconds * (1.0 - done) / (done - done_before)];
            status.returns.push(clock.env_steps as f64, mean);
            status.take(metrics);
            for line in news {
                status.log(line);
            }
        }
        Ok(ControlFlow::Continue(()))
    }

    fn end(&mut self, _run: &dyn RunView, _outcome: Outcome) -> Result<(), BoxError> {
        self.painter = None;
        Ok(())
    }
}
