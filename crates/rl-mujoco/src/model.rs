//! Models, and what MuJoCo simulates of them.

use std::sync::{Arc, Mutex, PoisonError};

use mujoco_rs::prelude::{MjData, MjModel};

use crate::error::{MujocoError, VERSION};

/// Simulation of a model, with its state: a wrapper of MuJoCo's `mjData`.
pub type Simulation = MjData<Arc<MjModel>>;

/// Models that were loaded, by the names of their tasks.
static LOADED: Mutex<Vec<(&str, Arc<MjModel>)>> = Mutex::new(Vec::new());

/// A simulation of the model in a text of MJCF; a model is loaded once and shared.
pub(crate) fn simulation(
    task: &'static str,
    xml: impl FnOnce() -> String,
    finish: impl FnOnce(MjModel) -> Result<MjModel, String>,
) -> Result<Simulation, MujocoError> {
    let mut loaded = LOADED.lock().unwrap_or_else(PoisonError::into_inner);
    let wrong = |reason: String| MujocoError::Model { task, reason };
    let known = loaded.iter().find(|(name, _)| *name == task);
    let model = match known {
        Some((_, model)) => Arc::clone(model),
        None => {
            check_version(mujoco_rs::mujoco_version())?;
            let model =
                MjModel::from_xml_string(&xml()).map_err(|error| wrong(error.to_string()))?;
            let model = Arc::new(finish(model).map_err(wrong)?);
            loaded.push((task, Arc::clone(&model)));
            model
        }
    };
    MjData::try_new(model).map_err(|error| wrong(error.to_string()))
}

/// Refuses a library whose structs are laid out in another way.
fn check_version(found: &str) -> Result<(), MujocoError> {
    match found == VERSION {
        true => Ok(()),
        false => Err(MujocoError::Version {
            found: found.to_owned(),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_of_another_version_is_refused_with_what_to_run() {
        assert_eq!(check_version(VERSION), Ok(()));
        let message = check_version("3.2.7").unwrap_err().to_string();
        for word in ["3.2.7", "3.17.0 is needed", "cargo xtask mujoco"] {
            assert!(message.contains(word), "{message}");
        }
    }

    #[test]
    fn a_text_that_is_no_model_is_an_error_with_mujocos_reason() {
        let made = simulation("nothing", || "<mujoco></mujocoo>".into(), Ok);
        let message = made.err().unwrap().to_string();
        assert!(message.contains("the model of nothing: "), "{message}");
    }

    #[test]
    fn a_model_is_loaded_once() {
        let xml = "<mujoco><worldbody><body><joint/><geom size=\"1\"/></body></worldbody></mujoco>";
        let first = simulation("ball", || xml.into(), Ok).unwrap();
        let again = simulation("ball", String::new, Ok).unwrap();
        assert!(std::ptr::eq(first.model(), again.model()));
    }
}
