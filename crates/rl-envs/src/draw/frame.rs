//! One picture.

use std::fmt::{self, Debug, Formatter};
use std::path::Path;

use super::DrawError;
use super::file::write_whole;

/// A picture of an environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    width: u16,
    height: u16,
    rgb: Vec<u8>,
}

impl Frame {
    /// The picture of `rgb`, `[height, width, 3]`.
    pub(super) fn new(width: u16, height: u16, rgb: Vec<u8>) -> Self {
        debug_assert_eq!(rgb.len(), usize::from(width) * usize::from(height) * 3);
        Self { width, height, rgb }
    }

    /// Its width in pixels.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Its height in pixels.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// Red, green and blue of each pixel, `[height, width, 3]`, the top row first.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Writes the picture as a PNG file, whole or not at all; a file of that name is replaced.
    ///
    /// # Errors
    /// [`DrawError::Write`].
    pub fn write_png(&self, path: &Path) -> Result<(), DrawError> {
        let mut file = Vec::new();
        let mut encoder = png::Encoder::new(&mut file, self.width.into(), self.height.into());
        encoder.set_color(png::ColorType::Rgb);
        encoder
            .write_header()
            .and_then(|mut writer| {
                writer.write_image_data(&self.rgb)?;
                writer.finish()
            })
            .map_err(|error| DrawError::write(path, error.into()))?;
        write_whole(path, &file)
    }

    /// Width and height.
    pub(super) fn size(&self) -> [u16; 2] {
        [self.width, self.height]
    }

    /// The pixels of row `y`, the top row first.
    pub(super) fn row(&self, y: usize) -> &[[u8; 3]] {
        let (pixels, _) = self.rgb.as_chunks();
        &pixels[y * usize::from(self.width)..][..usize::from(self.width)]
    }
}

impl Debug for Frame {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "Frame({} × {})", self.width, self.height)
    }
}
