//! Configuration of LunarLander.

/// Wind, which blows while no leg touches the ground.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Wind {
    /// Greatest force of the wind on the lander, in N: 0 to 20; 15 by default.
    pub power: f64,
    /// Greatest torque of the wind on the lander, in N·m: 0 to 2; 1.5 by default.
    pub turbulence: f64,
}

impl Default for Wind {
    fn default() -> Self {
        Self {
            power: 15.0,
            turbulence: 1.5,
        }
    }
}

/// Configuration of [`LunarLander`](crate::LunarLander) and
/// [`LunarLanderContinuous`](crate::LunarLanderContinuous).
///
/// ```
/// use rl_envs::lunar_lander::{LunarLanderConfig, Wind};
/// let config = LunarLanderConfig {
///     wind: Some(Wind::default()),
///     ..LunarLanderConfig::default()
/// };
/// let windy = config.init()?;
/// # Ok::<(), rl_envs::lunar_lander::LunarLanderConfigError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LunarLanderConfig {
    /// Vertical acceleration, in m/s²: between -12 and 0, both excluded; -10 by default.
    pub gravity: f64,
    /// The wind; none by default.
    pub wind: Option<Wind>,
}

impl Default for LunarLanderConfig {
    fn default() -> Self {
        Self {
            gravity: -10.0,
            wind: None,
        }
    }
}

/// Error for a value that [`LunarLanderConfig`] does not allow.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{name} is {value}; it must be in {allowed}")]
pub struct LunarLanderConfigError {
    name: &'static str,
    value: f64,
    allowed: &'static str,
}

impl LunarLanderConfig {
    /// Checks every value. Gymnasium only warns of a wind out of range; here it is an error.
    ///
    /// # Errors
    /// [`LunarLanderConfigError`] for the first value out of its range.
    pub fn validate(&self) -> Result<(), LunarLanderConfigError> {
        let require = |holds: bool, name, value, allowed| {
            holds.then_some(()).ok_or(LunarLanderConfigError {
                name,
                value,
                allowed,
            })
        };
        let gravity = self.gravity;
        require(
            -12.0 < gravity && gravity < 0.0,
            "gravity",
            gravity,
            "(-12, 0)",
        )?;
        if let Some(Wind { power, turbulence }) = self.wind {
            require(
                (0.0..=20.0).contains(&power),
                "wind power",
                power,
                "[0, 20]",
            )?;
            require(
                (0.0..=2.0).contains(&turbulence),
                "wind turbulence",
                turbulence,
                "[0, 2]",
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windy(power: f64, turbulence: f64) -> LunarLanderConfig {
        LunarLanderConfig {
            wind: Some(Wind { power, turbulence }),
            ..LunarLanderConfig::default()
        }
    }

    fn falling(gravity: f64) -> LunarLanderConfig {
        LunarLanderConfig {
            gravity,
            ..LunarLanderConfig::default()
        }
    }

    #[test]
    fn defaults_and_the_closed_bounds_of_the_wind_are_allowed() {
        let wind = Some(Wind::default());
        for config in [
            LunarLanderConfig::default(),
            LunarLanderConfig {
                wind,
                ..LunarLanderConfig::default()
            },
            windy(0.0, 0.0),
            windy(20.0, 2.0),
            falling(-11.99),
        ] {
            assert_eq!(config.validate(), Ok(()));
        }
    }

    #[test]
    fn a_value_out_of_range_is_named_with_its_range() {
        for (config, message) in [
            (falling(0.0), "gravity is 0; it must be in (-12, 0)"),
            (falling(-12.0), "gravity is -12; it must be in (-12, 0)"),
            (falling(f64::NAN), "gravity is NaN; it must be in (-12, 0)"),
            (
                windy(20.5, 1.0),
                "wind power is 20.5; it must be in [0, 20]",
            ),
            (
                windy(1.0, -0.1),
                "wind turbulence is -0.1; it must be in [0, 2]",
            ),
        ] {
            assert_eq!(config.validate().unwrap_err().to_string(), message);
        }
    }
}
