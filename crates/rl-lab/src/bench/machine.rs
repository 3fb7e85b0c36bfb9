//! The machine that speeds are of.

use std::fs;

use serde::Serialize;

use super::process::{Pin, field};

/// Machine that speeds depend on.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Machine {
    /// The processor's name, or its architecture.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// The operating system.
    pub os: String,
    /// Version of its kernel; empty where unknown.
    pub kernel: String,
    /// Processes that wanted to run in the minute before, where the system counts them: about 0
    /// for an idle machine.
    pub load: Option<f64>,
    /// Flag: processes are pinned to cores.
    pub pinned: bool,
    /// The version of this project.
    pub rl: &'static str,
}

impl Machine {
    /// The machine that this process runs on.
    pub fn here() -> Self {
        let read = |path| fs::read_to_string(path).unwrap_or_default();
        let or = |text: Option<&str>, otherwise: &str| text.unwrap_or(otherwise).to_owned();
        let os = read("/etc/os-release");
        let load = read("/proc/loadavg");
        let quoted = field(&os, "PRETTY_NAME=").map(|name| name.trim_matches('"'));
        Self {
            cpu: rl_train::cpu(),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            os: or(quoted, std::env::consts::OS),
            kernel: read("/proc/sys/kernel/osrelease").trim().to_owned(),
            load: load.split(' ').next().and_then(|load| load.parse().ok()),
            pinned: Pin::to(1).is_pinned(),
            rl: env!("CARGO_PKG_VERSION"),
        }
    }

    /// The machine in a sentence or two.
    pub fn description(&self) -> String {
        let load = self.load.map_or(String::new(), |load| {
            // A run pinned to a core shares it with whatever else wants it.
            let busy = if 2.0 * load > self.cores as f64 {
                " **The machine was busy: speeds differ between runs for no reason of their own.**"
            } else {
                ""
            };
            format!("\nLoad average before the first run: {load}.{busy}")
        });
        let pinned = if self.pinned { "" } else { "not " };
        format!(
            "{}, {} cores, {}, {}; processes are {pinned}pinned.{load}",
            self.cpu,
            self.cores,
            self.os,
            std::env::consts::ARCH
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_busy_machine_is_described_as_one() {
        let described = |load| {
            let machine = Machine {
                cores: 2,
                load,
                ..Machine::here()
            };
            machine.description()
        };
        assert!(described(Some(1.5)).contains("busy"));
        for load in [Some(0.25), None] {
            assert!(!described(load).contains("busy"));
        }
    }
}
