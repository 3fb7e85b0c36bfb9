//! Files of pictures.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::chart::Format;
use crate::files::FileError;
use crate::line_chart::LineChart;
use crate::row_chart::RowChart;

/// Path whose ending names no format of pictures.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: allowed is FILE.svg or FILE.png", .0.display())]
pub struct UnknownFormat(PathBuf);

/// File that a picture is drawn into.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Figure {
    path: PathBuf,
    format: Format,
}

/// Chart that can be drawn.
pub(crate) trait Chart {
    /// The content of a file.
    fn content(&self, format: Format) -> io::Result<Vec<u8>>;
}

impl Chart for LineChart {
    fn content(&self, format: Format) -> io::Result<Vec<u8>> {
        self.draw(format)
    }
}

impl Chart for RowChart {
    fn content(&self, format: Format) -> io::Result<Vec<u8>> {
        self.draw(format)
    }
}

impl Figure {
    /// The file at a path that ends in `.svg` or `.png`.
    ///
    /// # Errors
    /// [`UnknownFormat`] for any other ending.
    pub fn at(path: impl Into<PathBuf>) -> Result<Self, UnknownFormat> {
        let path = path.into();
        let is = |wanted| {
            path.extension()
                .is_some_and(|x| x.eq_ignore_ascii_case(wanted))
        };
        let format = match (is("svg"), is("png")) {
            (true, _) => Format::Svg,
            (_, true) => Format::Png,
            _ => return Err(UnknownFormat(path)),
        };
        Ok(Self { path, format })
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Draws a chart into the file, whose directory is made if need be. One that is there is replaced when the
    /// new one is whole.
    pub(crate) fn write(&self, chart: &impl Chart) -> Result<(), FileError> {
        let failed = |verb| FileError::new(verb, &self.path);
        let content = chart.content(self.format).map_err(failed("draw"))?;
        if let Some(directory) = self.path.parent().filter(|path| *path != Path::new("")) {
            fs::create_dir_all(directory).map_err(FileError::new("write", directory))?;
        }
        let mut name = self.path.file_name().unwrap_or_default().to_owned();
        name.push(".partial");
        let partial = self.path.with_file_name(name);
        let written = fs::write(&partial, content).and_then(|()| fs::rename(&partial, &self.path));
        written.map_err(|error| {
            // The error is that of the file; what is left of it, if anything, is of no use.
            _ = fs::remove_file(&partial);
            failed("write")(error)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Text(io::Result<&'static str>);

    impl Chart for Text {
        fn content(&self, _format: Format) -> io::Result<Vec<u8>> {
            match &self.0 {
                Ok(text) => Ok(text.as_bytes().to_vec()),
                Err(error) => Err(io::Error::other(error.to_string())),
            }
        }
    }

    #[test]
    fn the_ending_of_a_path_is_the_format() {
        assert_eq!(Figure::at("a/b.SVG").unwrap().format, Format::Svg);
        assert_eq!(Figure::at("b.png").unwrap().format, Format::Png);
        for path in ["a.pdf", "png", "a.svg/b"] {
            let message = Figure::at(path).unwrap_err().to_string();
            assert!(
                message.contains(path) && message.contains(".svg or FILE.png"),
                "{message}"
            );
        }
    }

    #[test]
    fn a_picture_that_failed_leaves_the_old_one() {
        let place = tempfile::tempdir().unwrap();
        let figure = Figure::at(place.path().join("new/a.svg")).unwrap();
        figure.write(&Text(Ok("first"))).unwrap();
        figure
            .write(&Text(Err(io::Error::other("no"))))
            .unwrap_err();
        assert_eq!(fs::read_to_string(figure.path()).unwrap(), "first");
        figure.write(&Text(Ok("second"))).unwrap();
        assert_eq!(fs::read_to_string(figure.path()).unwrap(), "second");
        // A directory in its place, or a file in place of its directory.
        let directory = place.path().join("b.svg");
        fs::create_dir(&directory).unwrap();
        let below = figure.path().join("c.svg");
        for path in [directory, below] {
            let error = Figure::at(&path)
                .unwrap()
                .write(&Text(Ok("text")))
                .unwrap_err();
            assert!(error.to_string().starts_with("cannot write "), "{error}");
        }
        assert_eq!(
            fs::read_dir(place.path()).unwrap().count(),
            2,
            "nothing is left behind"
        );
    }
}
