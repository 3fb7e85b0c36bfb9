//! Sequences of PNG files, one picture per step.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{DrawError, Frame};

/// Numbered PNG files in a directory: `frame-00000.png`, `frame-00001.png`, ….
#[derive(Debug)]
pub struct PngSequence {
    directory: PathBuf,
    frames: usize,
}

impl PngSequence {
    /// Creates the directory, or uses an empty one.
    ///
    /// # Errors
    /// [`DrawError::NotEmpty`], [`DrawError::Write`].
    pub fn create(directory: &Path) -> Result<Self, DrawError> {
        let write_error = |error| DrawError::write(directory, error);
        match fs::read_dir(directory).map(|mut entries| entries.next()) {
            Ok(Some(_)) => return Err(DrawError::NotEmpty(directory.to_owned())),
            Ok(None) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                fs::create_dir_all(directory).map_err(write_error)?;
            }
            Err(error) => return Err(write_error(error)),
        }
        Ok(Self {
            directory: directory.to_owned(),
            frames: 0,
        })
    }

    /// Writes the next file.
    ///
    /// # Errors
    /// [`DrawError::Write`].
    pub fn push(&mut self, frame: &Frame) -> Result<(), DrawError> {
        let name = format!("frame-{:05}.png", self.frames);
        self.frames += 1;
        frame.write_png(&self.directory.join(name))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_are_numbered_and_a_directory_with_something_in_it_is_left_alone() {
        let place = tempfile::tempdir().unwrap();
        let directory = place.path().join("two/frames");
        let mut sequence = PngSequence::create(&directory).unwrap();
        for shade in [1, 2] {
            sequence.push(&Frame::new(1, 1, vec![shade; 3])).unwrap();
        }
        for name in ["frame-00000.png", "frame-00001.png"] {
            assert!(directory.join(name).exists(), "{name}");
        }
        let error = PngSequence::create(&directory).unwrap_err().to_string();
        assert!(error.contains(directory.to_str().unwrap()), "{error}");
        assert_eq!(fs::read_dir(&directory).unwrap().count(), 2);
    }
}
