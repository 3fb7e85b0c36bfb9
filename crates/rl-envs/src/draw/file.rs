//! Complete files, and errors of pictures.

#[cfg(feature = "film")]
use std::ffi::OsString;
#[cfg(feature = "film")]
use std::fs;
use std::io;
#[cfg(feature = "film")]
use std::path::Path;
use std::path::PathBuf;

/// Error for a picture that cannot be made or written.
#[derive(Debug, thiserror::Error)]
pub enum DrawError {
    /// An error of the file system.
    #[error("cannot write {}: {source}", path.display())]
    Write {
        /// Path of the file or directory.
        path: PathBuf,
        /// Error of the file system.
        source: io::Error,
    },
    /// A directory for a sequence of pictures that is not empty.
    #[error("directory {} is not empty; nothing was changed. Choose a new or empty one", .0.display())]
    NotEmpty(PathBuf),
    /// A scene with a side that no picture has.
    #[error("a scene cannot have {width} × {height} pixels: allowed is a side of 1 to 8192")]
    SceneSize {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
    },
    /// Bytes that are not the pixels of a picture.
    #[error("{bytes} bytes are not a picture of {width} × {height} pixels of 3 bytes")]
    NotAFrame {
        /// Width in pixels.
        width: u16,
        /// Height in pixels.
        height: u16,
        /// Number of bytes.
        bytes: usize,
    },
    /// A frame of another size than those before it in an animation.
    #[error(
        "a frame of {} × {} pixels cannot follow one of {} × {}",
        found[0], found[1], expected[0], expected[1]
    )]
    FrameSize {
        /// Width and height of the frame.
        found: [u16; 2],
        /// Width and height of the frames before it.
        expected: [u16; 2],
    },
    /// An animation without a frame.
    #[error("an animation needs at least one frame")]
    NoFrames,
}

#[cfg(feature = "film")]
impl DrawError {
    pub(super) fn write(path: &Path, source: io::Error) -> Self {
        let path = path.to_owned();
        Self::Write { path, source }
    }
}

/// Writes a file beside `path` and renames it, so that `path` is always the complete old file or
/// the complete new one.
#[cfg(feature = "film")]
pub(super) fn write_whole(path: &Path, contents: &[u8]) -> Result<(), DrawError> {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(format!(".{}.part", std::process::id()));
    let part = path.with_file_name(name);
    let written = fs::write(&part, contents).and_then(|()| fs::rename(&part, path));
    written.map_err(|error| {
        // The rest of a failed attempt is useless; it may not exist.
        let _ = fs::remove_file(&part);
        DrawError::write(path, error)
    })
}

#[cfg(all(test, feature = "film"))]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_cannot_be_written_is_an_error_that_names_it_and_leaves_nothing() {
        let place = tempfile::tempdir().unwrap();
        // A directory cannot be replaced by a file.
        let path = place.path().join("taken");
        fs::create_dir(&path).unwrap();
        fs::write(path.join("something"), "").unwrap();
        for path in [path, place.path().join("nowhere/picture.png")] {
            let error = write_whole(&path, b"picture").unwrap_err().to_string();
            assert!(error.contains(path.to_str().unwrap()), "{error}");
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_file_of_the_same_name_is_replaced() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("picture.png");
        for contents in ["the first one", "another"] {
            write_whole(&path, contents.as_bytes()).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), contents);
        }
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
