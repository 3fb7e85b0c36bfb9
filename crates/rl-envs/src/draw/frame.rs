//! Single pictures.

use std::fmt::{self, Debug, Formatter};
#[cfg(feature = "film")]
use std::path::Path;

use super::DrawError;
#[cfg(feature = "film")]
use super::file::write_whole;

/// Picture of an environment.
#[derive(Clone, PartialEq, Eq)]
pub struct Frame {
    width: u16,
    height: u16,
    rgb: Vec<u8>,
}

impl Frame {
    /// The picture with the pixels `rgb`, `[height, width, 3]`.
    pub(super) fn new(width: u16, height: u16, rgb: Vec<u8>) -> Self {
        debug_assert_eq!(rgb.len(), usize::from(width) * usize::from(height) * 3);
        Self { width, height, rgb }
    }

    /// The picture with the pixels `rgb`, `[height, width, 3]`, the top row first.
    ///
    /// # Errors
    /// [`DrawError::NotAFrame`] if a side is 0, or `rgb` has another length.
    pub fn from_rgb(width: u16, height: u16, rgb: Vec<u8>) -> Result<Self, DrawError> {
        let bytes = rgb.len();
        if bytes == 0 || bytes != usize::from(width) * usize::from(height) * 3 {
            return Err(DrawError::NotAFrame {
                width,
                height,
                bytes,
            });
        }
        Ok(Self::new(width, height, rgb))
    }

    /// Width in pixels.
    pub fn width(&self) -> u16 {
        self.width
    }

    /// Height in pixels.
    pub fn height(&self) -> u16 {
        self.height
    }

    /// Red, green and blue of each pixel, `[height, width, 3]`, the top row first.
    pub fn rgb(&self) -> &[u8] {
        &self.rgb
    }

    /// Writes the picture as a PNG file (feature `film`); a file of that name is replaced once the new one is
    /// complete.
    ///
    /// # Errors
    /// [`DrawError::Write`].
    #[cfg(feature = "film")]
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

    /// Width and height, in pixels.
    #[cfg(feature = "film")]
    pub(super) fn size(&self) -> [u16; 2] {
        [self.width, self.height]
    }

    /// The pixels of row `y`, the top row first.
    #[cfg(any(feature = "film", test))]
    pub(super) fn row(&self, y: usize) -> &[[u8; 3]] {
        let (pixels, _) = self.rgb.as_chunks();
        &pixels[y * usize::from(self.width)..][..usize::from(self.width)]
    }
}

#[cfg(test)]
impl Frame {
    /// The pixel at a point of the canvas, from the lower left corner.
    pub(super) fn at(&self, [x, y]: [f64; 2]) -> [u8; 3] {
        self.row(usize::from(self.height) - 1 - y as usize)[x as usize]
    }

    /// The middles of the pixels of a colour, as points from the lower left corner.
    pub(super) fn find(&self, colour: [u8; 3]) -> Vec<[f64; 2]> {
        let pixels = (0..self.height).flat_map(|y| (0..self.width).map(move |x| (x, y)));
        pixels
            .map(|(x, y)| [f64::from(x) + 0.5, f64::from(y) + 0.5])
            .filter(|&point| self.at(point) == colour)
            .collect()
    }
}

impl Debug for Frame {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> fmt::Result {
        write!(formatter, "Frame({} × {})", self.width, self.height)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_picture_are_an_error() {
        assert!(Frame::from_rgb(2, 1, vec![0; 6]).is_ok());
        for (width, height, bytes) in [(2, 1, 5), (2, 2, 6), (0, 3, 0)] {
            assert!(Frame::from_rgb(width, height, vec![0; bytes]).is_err());
        }
    }

    #[test]
    #[cfg(feature = "film")]
    fn a_png_file_holds_the_frame() {
        let rgb: Vec<u8> = (0..3 * 5 * 7).collect();
        let frame = Frame::new(7, 5, rgb);
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("frame.png");
        frame.write_png(&path).unwrap();

        let file = std::io::BufReader::new(std::fs::File::open(path).unwrap());
        let mut reader = png::Decoder::new(file).read_info().unwrap();
        let mut rgb = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut rgb).unwrap();
        assert_eq!((info.width, info.height), (7, 5));
        assert_eq!(info.color_type, png::ColorType::Rgb);
        assert_eq!(rgb, frame.rgb());
    }
}
